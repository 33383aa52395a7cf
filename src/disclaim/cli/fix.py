"""``disclaim fix``."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disclaim import __version__
from disclaim.cli.audit_beyond import NoticeFile, NoticeTexts, extended
from disclaim.cli.console import print_json, print_note, show_progress
from disclaim.errors import UserError
from disclaim.records import Severity, Tier
from disclaim.store import to_json, write_json, write_text

if TYPE_CHECKING:
    from disclaim.audit import FixReport, FixSettings


class StrategyName(StrEnum):
    """What is done with a claim."""

    MASK = "mask"
    LOCALISE = "localise"
    DROP = "drop"


class FormName(StrEnum):
    """How masks are written."""

    SAME = "same"
    TRL = "trl"
    LOSSMASK = "lossmask"
    SPANS = "spans"
    OPENAI = "openai"
    AXOLOTL = "axolotl"


class UnitName(StrEnum):
    """How much goes with a claim."""

    CLAIM = "claim"
    SENTENCE = "sentence"
    TEXT = "text"


class OtherwiseName(StrEnum):
    """What is done with what cannot be rewritten."""

    MASK = "mask"
    LEAVE = "leave"
    DROP = "drop"


#: Changes printed at the terminal.
SHOWN = 20


def register(root: typer.Typer) -> None:
    """Add the command to the root command."""
    root.command("fix")(fix)


DataPath = Annotated[Path, typer.Argument(metavar="PATH", help="The data: one file, as `disclaim audit` reads it.")]
StrategyOption = Annotated[
    StrategyName,
    typer.Option("--strategy", help="mask: out of the loss. localise: denied in its sentence. drop: out of the text."),
]
OutFile = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write the fixed data here.")]
FormatOption = Annotated[
    FormName,
    typer.Option("--format", help="How masks are written; same is what `disclaim train` reads, spans a file beside."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, write no data.")]
UnitOption = Annotated[
    UnitName | None,
    typer.Option("--unit", help="How much goes: the claim (masks only), its sentence, the whole text or turn."),
]
OtherwiseOption = Annotated[
    OtherwiseName | None,
    typer.Option("--otherwise", help="What is done where that cannot be. Default: localise masks, drop leaves."),
]
RewriterOption = Annotated[
    str | None,
    typer.Option("--rewriter", "--model", metavar="MODEL", help="With localise: it writes where no rule is safe."),
]
NoticesOption = Annotated[
    bool | None,
    typer.Option(
        "--remove-notices/--keep-notices",
        help="Take out notices that point at nothing any more. Default: where sentences are dropped or rewritten.",
    ),
]
SeverityOption = Annotated[Severity, typer.Option("--severity", help="Leave findings below this severity alone.")]
IgnoreOption = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="RULE", help="Leave this rule's findings alone; NN2 stands for all NN2xx."),
]
TierOption = Annotated[Tier, typer.Option("--tier", help="How deep to look, as for `disclaim audit`.")]
PageFile = Annotated[
    Path | None,
    typer.Option("--page", metavar="FILE", help="The page of changes. Default: --out with .fix.html behind it."),
]
ReportFile = Annotated[
    Path | None, typer.Option("--report", metavar="FILE", help="Write the report as JSON to this file.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def fix(
    path: DataPath,
    strategy: StrategyOption,
    out: OutFile = None,
    form: FormatOption = FormName.SAME,
    dry_run: DryRun = False,
    unit: UnitOption = None,
    otherwise: OtherwiseOption = None,
    rewriter: RewriterOption = None,
    remove_notices: NoticesOption = None,
    severity: SeverityOption = Severity.WARNING,
    ignore: IgnoreOption = None,
    tier: TierOption = Tier.RULES,
    notice: NoticeTexts = None,
    notices: NoticeFile = None,
    page: PageFile = None,
    report: ReportFile = None,
    as_json: AsJson = False,
) -> None:
    """Take what `disclaim audit` finds out of the loss, out of the text, or into a denial of its own.

    Rows without findings stay as they are, to the byte. The output is scanned again; fixing it again changes nothing.
    Rewriting is refused far more often than done, and the report says why for each sentence.
    Exit code: 0 where the new scan finds nothing at severity error, 1 where it does, 2 wrong use.

    Example: disclaim fix data.jsonl --strategy mask --out fixed.jsonl
    """
    from disclaim.audit import fix_file, load_scanner

    if out is None and not dry_run:
        raise UserError("there is no place to write to", "add --out FILE, or --dry-run")
    settings = _settings((strategy, form, unit, otherwise), severity, remove_notices, rewriter, ignore or [])
    target = out or path.with_name(f"fixed.{path.name}")
    scanner = extended(load_scanner(tier), notice, notices, None, None)
    with show_progress() as on_progress:
        done = fix_file(path, target, settings, scanner, dry_run, on_progress)
    page = page or (None if dry_run else target.with_name(f"{target.name}.fix.html"))
    _write(done, page, report)
    if as_json:
        print_json({**to_json(done), "page": page})
    else:
        _print_report(done)
        if page:
            print(f"page: {page}")
        if not dry_run:
            print(f"data: {target}")
    if done.errors_left:
        raise typer.Exit(1)


def _settings(
    names: tuple[StrategyName, FormName, UnitName | None, OtherwiseName | None],
    severity: Severity,
    remove_notices: bool | None,
    rewriter: str | None,
    ignore: list[str],
) -> FixSettings:
    from disclaim.audit import FixSettings, Form, Otherwise, Strategy, Unit, load_rules, require_suppressions
    from disclaim.audit import sampler_rewriter as rewriter_of

    strategy, form, unit, otherwise = names
    if rewriter and strategy is not StrategyName.LOCALISE:
        raise UserError(f"--strategy {strategy} rewrites nothing", "leave --rewriter out, or use --strategy localise")
    sampler = None
    if rewriter:
        from disclaim.models import open_sampler

        sampler = open_sampler(rewriter)
    return FixSettings(
        strategy=Strategy(strategy),
        form=Form(form),
        unit=Unit(unit) if unit else None,
        otherwise=Otherwise(otherwise) if otherwise else None,
        remove_notices=remove_notices,
        severity=severity,
        suppressions=require_suppressions(ignore, (), load_rules()),
        rewriter=rewriter_of(sampler) if sampler else None,
    )


def _write(done: FixReport, page: Path | None, report: Path | None) -> None:
    from disclaim.report import render_fix_page

    if page:
        write_text(page, render_fix_page(to_json(done), __version__))
    if report:
        write_json(report, done)


def _print_report(done: FixReport) -> None:
    from disclaim.audit import describe_change, summary_lines

    for change in done.changes[:SHOWN]:
        print(describe_change(change))
    if done.num_changes > SHOWN:
        print_note(f"and {done.num_changes - SHOWN:,} more: see the page, or --report FILE")
    for line in summary_lines(done):
        print(line)
