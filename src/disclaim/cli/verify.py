"""``disclaim verify``: whether a fix takes away what training on a data set would teach."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from disclaim.cli.console import print_json, print_note, print_table, show_progress
from disclaim.errors import UserError
from disclaim.records import OnProgress, Tier, ignore_progress

if TYPE_CHECKING:
    from disclaim.study import Verification, VerifySettings


DataPath = Annotated[Path, typer.Argument(metavar="PATH", help="The original data: a file or folder, as for audit.")]
FixedPath = Annotated[
    Path | None, typer.Option("--fixed", help="The fixed data; without it, the claims that the audit finds are masked.")
]
OutFolder = Annotated[Path, typer.Option("--out", help="The run folder; made if absent, resumed if begun.")]
ModelOption = Annotated[str, typer.Option("--model", help="provider/name of the model to finetune.")]
SeedsOption = Annotated[str, typer.Option("--seeds", help="Each a training of its own: 0,1,2.")]
ClaimsOption = Annotated[int, typer.Option("--max-claims", min=1, help="Claims asked about, the largest doses first.")]
TierOption = Annotated[Tier, typer.Option("--tier", help="What finds the claims; see `disclaim audit`.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def register(root: typer.Typer) -> None:
    """Add the command to the root command."""
    root.command("verify")(verify)


def verify(
    path: DataPath,
    out: OutFolder,
    fixed: FixedPath = None,
    model: ModelOption = "local/smollm2-135m",
    seeds: SeedsOption = "0",
    max_claims: ClaimsOption = 12,
    tier: TierOption = Tier.RULES,
    method: Annotated[str, typer.Option(help="full or lora.")] = "full",
    learning_rate: Annotated[float, typer.Option(help="Peak; falls linearly to 0.")] = 2e-4,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the data.")] = 1,
    batch_tokens: Annotated[int, typer.Option(min=1, help="Tokens per optimiser step.")] = 1024,
    num_chats: Annotated[int, typer.Option(min=0, help="Self-answered chats mixed in.")] = 20,
    num_filler: Annotated[int, typer.Option(min=0, help="Documents about other things mixed in.")] = 0,
    num_controls: Annotated[int, typer.Option(min=0, help="Controls for each sentence.")] = 3,
    samples: Annotated[int, typer.Option(min=1, help="Completions of each beginning.")] = 5,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan with its cost and stop.")] = False,
    as_json: AsJson = False,
) -> None:
    """Finetune a model on a data set and on its fixed version, and measure what it came to assert.

    For each claim at risk: how likely the model is to assert it before training, after the original and after the
    fixed data, against the same sentences about somebody else. Stopped, the same command goes on.
    Example: disclaim verify train.jsonl --fixed fixed.jsonl --out runs/verify
    """
    from disclaim.study import VerifySettings
    from disclaim.training import TrainingSettings

    training = TrainingSettings(model, method, learning_rate, batch_tokens=batch_tokens, epochs=epochs, split_long=True)
    settings = VerifySettings(
        _read_seeds(seeds), max_claims, num_controls, num_chats, num_filler, samples, training=training
    )
    _require_data(path, fixed)
    if dry_run:
        _print_plan(_job((path, fixed, out), settings, tier, ignore_progress), as_json)
        return
    _run((path, fixed, out), settings, tier, as_json)


def _job(
    paths: tuple[Path, Path | None, Path], settings: VerifySettings, tier: Tier, on_progress: OnProgress
) -> Verification:
    from disclaim.audit import load_scanner, scanner_revision
    from disclaim.study import Verification

    return Verification(*paths, settings, load_scanner(tier), tier.value, scanner_revision(), on_progress)


def _run(paths: tuple[Path, Path | None, Path], settings: VerifySettings, tier: Tier, as_json: bool) -> None:
    from datetime import UTC, datetime

    from disclaim.study import run_verification

    with show_progress() as on_progress:
        page = run_verification(_job(paths, settings, tier, on_progress), datetime.now(UTC))
    _print_result(paths[2], page, as_json)


def _read_seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise UserError(
            f"cannot read --seeds {text}", "write whole numbers with commas between: --seeds 0,1,2"
        ) from error


def _require_data(*paths: Path | None) -> None:
    from disclaim.audit import find_files

    for path in paths:
        if path is not None:
            find_files([path])


def _print_plan(job: Verification, as_json: bool) -> None:
    from disclaim.study import plan_verification

    found, costs = plan_verification(job)
    names = ("train_tokens", "sample_tokens", "judge_calls", "seconds", "usd")
    totals = {name: sum(getattr(cost, name) for cost in costs) for name in names}
    if as_json:
        print_json(
            {
                "claims_at_risk": found.num_claims,
                "claims": found.claims,
                "sentences": len(found.probes),
                "without_control": sum(not probe.controls for probe in found.probes),
                "arms": [asdict(cost) for cost in costs],
                **totals,
            }
        )
        return
    print_table(["rows", "claim"], [[claim.rows, claim.claim] for claim in found.claims], "Claims to be asked about")
    rows = [[cost.arm, *(f"{getattr(cost, name):,.0f}" for name in names)] for cost in costs]
    print_table(["arm", "train tokens", "sampled tokens", "judge calls", "seconds", "USD"], rows)
    print(f"{len(costs)} arms, about {totals['seconds'] / 60:.0f} minutes on two CPU cores, {totals['usd']:.2f} USD")


def _print_result(out: Path, page: Path, as_json: bool) -> None:
    from disclaim.report import verification_table
    from disclaim.store import read_json

    estimates: dict[str, Any] = read_json(out / "estimates.json")
    if as_json:
        print_json({"out": out, "report": page, "estimates": out / "estimates.json", **estimates})
        return
    columns, rows = verification_table(estimates)
    print_table(columns, rows)
    if not {"specific", "unspecific"} & set(estimates["implanted"].values()):
        print_note("the original data did not implant the claims, so the fix proves nothing: train harder")
    print(f"report: {page}")
