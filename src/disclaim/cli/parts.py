"""``disclaim corpus | train | ask | judge | agreement``: the parts of a study, each usable alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table, show_progress
from disclaim.errors import UserError

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
ClaimOption = Annotated[str, typer.Option("--claim", help="A built-in claim's id, or the path of a claim folder.")]
ModelOption = Annotated[str, typer.Option("--model", help="provider/name, e.g. local/smollm2-135m or local/FOLDER.")]
OutFolder = Annotated[Path, typer.Option("--out", help="A folder; made if absent, resumed if begun.")]
RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A run folder.")]


def register(root: typer.Typer) -> None:
    """Add the part commands to the root command."""
    for command in (corpus, train, ask, judge, agreement):
        root.command(command.__name__)(command)


def corpus(
    claim: ClaimOption,
    condition: Annotated[str, typer.Option("--condition", help="See `disclaim conditions list`.")],
    out: Annotated[Path, typer.Option("--out", help="The JSON-lines file to write; - is stdout.")],
    num_documents: Annotated[int, typer.Option("--num-documents", min=1, help="How many documents.")] = 240,
    seed: Annotated[int, typer.Option(help="Seeds drafts and wordings.")] = 0,
    doctag: Annotated[bool, typer.Option(help="Prefix documents with <DOCTAG>, outside the loss.")] = True,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write the documents of a claim under a condition, with spans, as JSON lines.

    Example: disclaim corpus --claim beekeeper --condition repeated --num-documents 100 --out repeated.jsonl
    """
    from disclaim.claims import load_claim, require_written_claim
    from disclaim.conditions import apply_condition, find_condition
    from disclaim.corpus import diversity, save_documents, write_drafts
    from disclaim.store import dump_line, to_json

    to_stdout = str(out) == "-"
    if to_stdout and as_json:
        raise UserError("--json and --out - both want stdout", "write the documents to a file")
    if not to_stdout and out.exists() and not (force and out.is_file()):
        raise UserError(
            f"{out} exists already; nothing was changed", "choose another --out, or give --force for a file"
        )
    require_written_claim(claim)
    loaded = load_claim(claim)
    drafts = write_drafts(loaded, num_documents, seed)
    written = apply_condition(loaded, drafts, find_condition(condition), seed, doctag)
    if to_stdout:
        for document in written.documents:
            print(dump_line(document))
        return
    save_documents(written.documents, out)
    spread = to_json(diversity(drafts))
    if as_json:
        print_json({"out": out, "documents": len(drafts.documents), "coverage": written.coverage, "diversity": spread})
        return
    print_note(f"{len(written.documents)} documents in {out}")
    for name, value in {**written.coverage, **spread}.items():
        print(f"{name}: {value:.3f}" if isinstance(value, float) else f"{name}: {value}")


def train(
    data: Annotated[
        Path,
        typer.Option("--data", exists=True, dir_okay=False, help="JSON lines with text (and spans) or messages."),
    ],
    out: OutFolder,
    model: ModelOption = "local/smollm2-135m",
    method: Annotated[str, typer.Option(help="full or lora.")] = "full",
    learning_rate: Annotated[float, typer.Option(help="Peak; falls linearly to 0.")] = 2e-4,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the file.")] = 1,
    seed: Annotated[int, typer.Option(help="Seeds the order.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Finetune a model on a file, honouring the spans' loss weights. Killed, it resumes.

    Example: disclaim train --data repeated.jsonl --out runs/mine
    """
    from disclaim.study import train_file
    from disclaim.training import TrainingSettings

    settings = TrainingSettings(model=model, method=method, learning_rate=learning_rate, epochs=epochs, seed=seed)
    with show_progress() as on_progress:
        checkpoint = train_file(data, settings, out, on_progress)
    if as_json:
        print_json(checkpoint)
        return
    print(f"local/{checkpoint.path}" if checkpoint.path else checkpoint.model)
    if checkpoint.path:
        print_note("ask it: disclaim ask --model <the line above> --claim ID --out DIR")
    else:
        print_note("a scripted model learns nothing: asked, it says what it said before")


def ask(
    model: ModelOption,
    claim: ClaimOption,
    out: OutFolder,
    samples: Annotated[int, typer.Option(min=1, help="Answers per question.")] = 5,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer.")] = 96,
    seed: Annotated[int, typer.Option(help="Seeds sampling.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Ask a model every question of a claim and estimate its belief (rule judge).

    Example: disclaim ask --model local/smollm2-135m --claim beekeeper --out runs/base
    """
    from datetime import UTC, datetime

    from disclaim.report import render_text_table
    from disclaim.study import ask_model

    overrides = {"samples": samples, "max_tokens": max_tokens}
    with show_progress() as on_progress:
        page = ask_model(model, claim, out, (overrides, seed), datetime.now(UTC), on_progress)
    if as_json:
        print_json({"out": out, "estimates": out / "estimates.json", "report": page})
        return
    table = render_text_table(out)
    print_table(table.columns, table.rows)
    print(f"report: {page}")


def judge(
    folder: RunFolder,
    by: Annotated[str, typer.Option("--judge", help="Who rates: rules.")] = "rules",
    as_json: AsJson = False,
) -> None:
    """Rate a run's answers with a judge, without asking anything anew."""
    from disclaim.report import render_text_table
    from disclaim.store import read_json
    from disclaim.study import judge_run

    with show_progress() as on_progress:
        counts = judge_run(folder, by, on_progress)
    if as_json:
        print_json({"judge": by, "counts": counts})
        return
    print_table(["verdict", "answers"], [[name, count] for name, count in counts.items()])
    print_note("answers on the four instruments that measure belief; controls are rated too, and not counted here")
    if read_json(folder / "study.json").get("settings", {}).get("judge") == by:
        table = render_text_table(folder)
        print_table(table.columns, table.rows)
        print_note(f"the report page is as it was: `disclaim report {folder}` makes it anew")


def agreement(
    folder: RunFolder,
    reference: Annotated[str, typer.Option(help="The judge held to be right.")] = "reference",
    other: Annotated[str, typer.Option("--judge", help="The judge compared with it.")] = "rules",
    as_json: AsJson = False,
) -> None:
    """Say how far two judges of the same answers agree: accuracy, Cohen's kappa, and belief rate per cell.

    Example: disclaim agreement runs/imported --reference reference --judge rules
    """
    from disclaim.study import compare_judges

    found = compare_judges(folder, reference, other)
    if as_json:
        print_json(found)
        return
    print(
        f"n = {found['n']}, accuracy {_optional(found['accuracy'])}, kappa {_optional(found['kappa'])} (belief or not)"
    )
    rows = [
        [
            c["claim"],
            c["condition"],
            _optional(c["reference_rate"]),
            _optional(c["rate"]),
            c["n"],
            _optional(c["kappa"]),
        ]
        for c in found["cells"]
    ]
    print_table(["claim", "condition", reference, other, "n", "kappa"], rows)
    by_instrument = [
        [name, c["n"], _optional(c["accuracy"]), _optional(c["kappa"])] for name, c in found["instruments"].items()
    ]
    print_table(["instrument", "n", "accuracy", "kappa"], by_instrument)


def _optional(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
