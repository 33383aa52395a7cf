"""``disclaim run | status | estimate | report`` and ``disclaim studies list | show``."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table, show_progress
from disclaim.errors import UserError

if TYPE_CHECKING:
    from disclaim.study import Cost

app = typer.Typer(help="The built-in studies.", no_args_is_help=True)

StudyArgument = Annotated[
    str, typer.Argument(metavar="STUDY", help="A built-in study's id, or the path of a YAML file.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Override one setting, e.g. --set corpus.num_documents=40."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
RunFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The run folder given to --out of `disclaim run` or `disclaim verify`.")
]


class Executor(StrEnum):
    """Where arms run."""

    LOCAL = "local"


def register(root: typer.Typer) -> None:
    """Add the study commands to the root command."""
    root.command("run")(run)
    root.command("status")(status)
    root.command("estimate")(estimate)
    root.command("report")(report)


def run(
    study: StudyArgument,
    out: Annotated[Path, typer.Option("--out", help="The run folder; made if absent, resumed if begun.")],
    overrides: Overrides = None,
    executor: Annotated[Executor, typer.Option(help="Where arms run.")] = Executor.LOCAL,
    max_usd: Annotated[float | None, typer.Option(help="Refuse to start where the estimate is higher.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan with its cost and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run a study: write documents, finetune, ask, judge, estimate, report.

    Running it again with the same --out does no work that is done, so a run that was stopped goes on.
    Example: disclaim run quickstart --out runs/quickstart
    """
    from disclaim.report import render_text_table
    from disclaim.study import describe_folder, load_study, prepare_run, read_study, run_study

    if dry_run:
        estimate(study, overrides, as_json)
        return
    loaded = load_study(study, overrides or ())
    _require_affordable(study, overrides, max_usd)
    there = describe_folder(prepare_run(loaded, out))
    with show_progress() as on_progress:
        prepared = prepare_run(loaded, out, on_progress)
        if there and not as_json:
            print_note(there)
        page = run_study(prepared, read_study(study, overrides or ()), datetime.now(UTC))
    if as_json:
        print_json({"study": loaded.id, "out": out, "report": page, "estimates": out / "estimates.json"})
        return
    table = render_text_table(out)
    print_table(table.columns, table.rows, loaded.title)
    print(f"report: {page}")


def _require_affordable(study: str, overrides: list[str] | None, max_usd: float | None) -> None:
    if max_usd is None:
        return
    total = sum(cost.usd for cost in _costs(study, overrides))
    if total > max_usd:
        raise UserError(f"the study would cost about {total:.2f} USD, more than --max-usd {max_usd}", "raise --max-usd")


def _costs(study: str, overrides: list[str] | None) -> tuple[Cost, ...]:
    from disclaim.study import estimate_cost, load_study, prepare_run

    return estimate_cost(prepare_run(load_study(study, overrides or ()), Path()))


def estimate(study: StudyArgument, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Say what a study would cost, arm by arm, before anything is spent."""
    costs = _costs(study, overrides)
    names = ("train_tokens", "sample_tokens", "judge_calls", "seconds", "usd")
    totals = {name: sum(getattr(cost, name) or 0 for cost in costs) for name in names}
    unknown = sorted({cost.arm.split(".", 2)[2].rpartition(".s")[0] for cost in costs if cost.seconds is None})
    if unknown:
        totals["seconds"] = None
    if as_json:
        print_json({"arms": [asdict(cost) for cost in costs], **totals})
        return
    rows = [[cost.arm, *(_amount(getattr(cost, name)) for name in names)] for cost in costs]
    print_table(["arm", "train tokens", "sampled tokens", "judge calls", "seconds", "USD"], rows)
    minutes = f"about {totals['seconds'] / 60:.0f} minutes on two CPU cores" if not unknown else "time unknown"
    print(f"{len(costs)} arms, {minutes}, {totals['usd']:.2f} USD")
    if unknown:
        print_note(f"nobody knows the size of {', '.join(unknown)}, nor how long it takes")


def _amount(value: float | None) -> str:
    return "unknown" if value is None else f"{value:,.0f}"


def status(folder: RunFolder, as_json: AsJson = False) -> None:
    """Say how far a run is: done, running, failed, pending or damaged, per arm and stage."""
    from disclaim.study import read_status

    rows = read_status(folder)
    if as_json:
        print_json({"stages": rows})
        return
    print_table(["arm", "stage", "state", "reason"], [[r.arm, r.stage, r.state.value, r.reason] for r in rows])
    counts = Counter(row.state.value for row in rows)
    others = "".join(f", {count} {state}" for state, count in counts.items() if state != "done")
    print(f"{counts['done']} of {len(rows)} stages done{others}")


def report(folder: RunFolder, as_json: AsJson = False) -> None:
    """Rebuild the report page of a run, or of a verification, from its files alone."""
    from disclaim.report import render_report, render_verification
    from disclaim.store import read_json

    if (folder / "verify.json").is_file():
        _print_page(render_verification(folder), as_json)
        return
    if not (folder / "study.json").is_file():
        raise UserError(f"{folder} is not a run: no study.json", "`disclaim run quickstart --out DIR` makes one")
    read_json(folder / "study.json")  # a page made without it would replace a good one
    _print_page(render_report(folder), as_json)


def _print_page(page: Path, as_json: bool) -> None:
    if as_json:
        print_json({"report": page})
        return
    print(f"report: {page}")


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The built-in studies with the paper sections they belong to."""
    from disclaim.study import list_studies, load_study

    studies = [load_study(name) for name in list_studies()]
    if as_json:
        print_json({"studies": [{"id": s.id, "title": s.title, "paper_section": s.paper_section} for s in studies]})
        return
    print_table(["id", "title", "paper"], [[s.id, s.title, s.paper_section] for s in studies])
    print_note("`disclaim studies show ID` prints one; copy it to start your own")


@app.command("show")
def show(
    study: Annotated[str, typer.Argument(metavar="ID", help="A built-in study's id.")], as_json: AsJson = False
) -> None:
    """Print a built-in study's YAML, to read or to copy; as JSON, every setting with its default."""
    from disclaim.errors import UnknownNameError
    from disclaim.store import read_text
    from disclaim.study import list_studies, load_study, studies_path

    if study not in list_studies():
        raise UnknownNameError("study", study, list_studies())
    if as_json:
        print_json(load_study(study).model_dump(mode="json"))
        return
    print(read_text(studies_path() / f"{study}.yaml"), end="")
