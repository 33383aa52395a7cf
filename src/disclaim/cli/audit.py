"""``disclaim audit``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from disclaim import __version__
from disclaim.cli.audit_beyond import (
    ListRepeated,
    MaxTokens,
    NoticeFile,
    NoticeTexts,
    SourceShare,
    TokenizerName,
    extended,
)
from disclaim.cli.audit_model import (
    CacheFolder,
    DryRun,
    EveryRow,
    MaxMissing,
    MaxUsd,
    ModelName,
    ModelOptions,
    PricePair,
    ask_model,
    describe_run,
)
from disclaim.cli.audit_outcome import FINDINGS, Allowed, FailOn, MaxUnreadable
from disclaim.cli.console import print_note, show_progress
from disclaim.errors import UserError
from disclaim.records import Tier

if TYPE_CHECKING:
    from disclaim.audit import (
        AttributeFiles,
        Baseline,
        BaselineWriter,
        ClaimAtRisk,
        Keep,
        ModelRun,
        Report,
        ScannedRow,
        ScanRow,
        ScanSettings,
        ScanSummary,
        Suppressions,
    )


class Format(StrEnum):
    """What the audit writes."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    HTML = "html"
    DOLMA = "dolma"


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


_EXAMPLES = """\b
disclaim audit data.jsonl                                        read it at the terminal
disclaim audit data/ --workers 4 --format html --out audit.html  browse it
disclaim audit data/ --json --out findings.jsonl                 go on with it in a script
disclaim audit data/ --write-baseline known.json                 accept what is there ...
disclaim audit data/ --baseline known.json                       ... and fail on what is new
disclaim audit data/ --ignore NN2 --fail-on warning              choose the rules and how strict to be
disclaim audit data/ --max-tokens 2048                           find notices that training cuts off
disclaim audit data/ --repeated                                  look for notices that no rule knows ...
disclaim audit data/ --notice "around=Discard what stands here." ... and audit with one of them
disclaim audit data/ --tier model --model NAME --dry-run         say what asking a model about it costs
"""


def register(root: typer.Typer) -> None:
    """Add the command to the root command."""
    root.command("audit", epilog=_EXAMPLES)(audit)


Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH...", help="Files (.jsonl .json .parquet .txt, also .gz .zst) and folders of them."),
]
DepthTier = Annotated[
    Tier,
    typer.Option(help="How deep to look: rules need no model; learned reads offline, slower; model asks --model NAME."),
]
Out = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Write to this file; for json the findings, as JSON lines; for dolma a folder."),
]
Workers = Annotated[int, typer.Option(help="Processes to scan with; the outcome is the same for any number.")]
Ignore = Annotated[
    list[str] | None,
    typer.Option(metavar="RULE", help="Do not report this rule; NN2 stands for all NN2xx."),
]
IgnoreClaim = Annotated[
    list[str] | None, typer.Option(metavar="TEXT", help="Do not report claims that hold this text.")
]
KnownFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Report only what is not in this baseline file.")]
CountDenials = Annotated[
    bool, typer.Option("--denials", help="Read the data once more, to count sentences that deny each claim.")
]
NewFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Write what is found to this baseline file, and exit with 0 if all could be read."
    ),
]


def audit(
    paths: Paths,
    tier: DepthTier = Tier.RULES,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.TEXT,
    out: Out = None,
    fail_on: Annotated[FailOn, typer.Option(help="Exit with 1 on findings at least this grave.")] = FailOn.ERROR,
    workers: Workers = 1,
    ignore: Ignore = None,
    ignore_claim: IgnoreClaim = None,
    baseline: KnownFile = None,
    write_baseline: NewFile = None,
    show: Annotated[int, typer.Option(metavar="N", help="Rows with findings to print at the terminal.")] = 20,
    denials: CountDenials = False,
    max_tokens: MaxTokens = None,
    tokenizer: TokenizerName = None,
    repeated: ListRepeated = False,
    notice: NoticeTexts = None,
    notices: NoticeFile = None,
    max_source_share: SourceShare = 0.09,
    model: ModelName = None,
    max_usd: MaxUsd = None,
    price: PricePair = None,
    every_row: EveryRow = False,
    cache: CacheFolder = None,
    max_missing: MaxMissing = 0,
    dry_run: DryRun = False,
    max_unreadable: MaxUnreadable = 0,
    as_json: AsJson = False,
) -> None:
    """Find what a training set states as fact and takes back only from outside the sentence: a model would learn it.

    A row is left alone where its column `disclaim` says "ignore" or "ignore[NN102]", or its text holds
    `disclaim: ignore[NN102]`. Exit code: 0 clean, 1 findings at or above --fail-on, 2 wrong use. Not clean
    either, and 1: rows that cannot be read, unless --max-unreadable allows them, and rows about which the model tier
    has no usable answer, unless --max-missing does. --fail-on never allows all.

    Example: disclaim audit data.jsonl --format html --out audit.html
    """
    from disclaim.audit import BaselineWriter, ScanSettings, load_baseline, load_scanner

    chosen = Format.JSON if as_json else format_
    targets = [_local(path) for path in paths]
    _require_sound(chosen, targets, out, baseline, write_baseline)
    suppressions = _suppressions(ignore, ignore_claim)
    settings = ScanSettings(workers, _keep(chosen), suppressions, max_source_share, repeated)
    known = load_baseline(baseline) if baseline else None
    scanner = extended(load_scanner(Tier.RULES if tier is Tier.MODEL else tier), notice, notices, max_tokens, tokenizer)
    options = ModelOptions(model, max_usd, price, every_row, cache, max_missing, dry_run, as_json)
    run = ask_model(targets, scanner, tier, options)
    allowed = Allowed(fail_on, max_unreadable, max_missing)
    with _listening(chosen, out, targets, show, max_unreadable) as listener, _until_the_reader_leaves():
        listener.baseline, listener.run = BaselineWriter() if write_baseline else None, run
        summary = _scan(listener, targets, run.scanner if run else scanner, settings, known, denials)
    if not summary.interrupted and allowed.allows_unreadable(summary):
        _write_baseline(summary, listener.baseline, write_baseline, known)
    allowed.end(summary, write_baseline is not None, run.ledger.n_missing if run else 0)


def _scan(
    listener: _Listener,
    targets: Sequence[Path],
    scanner: ScanRow,
    settings: ScanSettings,
    known: Baseline | None,
    denials: bool,
) -> ScanSummary:
    """Scan the files, and let the listener report."""
    from disclaim.audit import count_denials, scan

    with show_progress() as on_progress:
        summary = scan(targets, scanner, settings, listener.hear, on_progress, known)
        claims = listener.claims()
        if denials and claims and not summary.interrupted:
            with suppress(KeyboardInterrupt):
                claims = count_denials(targets, claims, settings.workers, on_progress)
    listener.end(summary, claims)
    return summary


def _write_baseline(
    summary: ScanSummary, new: BaselineWriter | None, path: Path | None, known: Baseline | None
) -> None:
    """Write the new baseline, and say what of the known one is gone."""
    if new and path:
        new.write(path)
        print_note(f"baseline: {path}, {summary.findings:,} findings")
    if known and known.num_gone:
        print_note(f"{known.num_gone:,} findings of the baseline are gone; --write-baseline brings it up to date")


def _local(path: str) -> Path:
    if path.startswith("hf://"):
        raise UserError(
            f"{path} is on the Hugging Face hub, which this version does not read",
            "download it first (`hf download --repo-type dataset NAME --local-dir DIR`) and audit the folder",
        )
    return Path(path)


def _require_sound(
    chosen: Format, targets: Sequence[Path], out: Path | None, known: Path | None, new: Path | None
) -> None:
    """Raise UserError for options that do not go together or would cost the user a file, MissingDependencyError for
    data that needs a package: all before anything is read."""
    from disclaim.audit import find_files, require_baseline_place, require_readers

    if chosen in (Format.HTML, Format.DOLMA) and out is None:
        example = "audit.html" if chosen is Format.HTML else "attributes/disclaim"
        raise UserError(f"--format {chosen.value} needs a place to write to", f"add --out {example}")
    if known and new:
        raise UserError(
            "--baseline and --write-baseline do not go together", "write the new baseline without --baseline"
        )
    files = find_files(targets)
    for option, place in (("--out", out), ("--write-baseline", new)):
        if place and place.exists() and any(place.samefile(one) for one in (*targets, *files)):
            raise UserError(f"{option} {place} is the data itself", f"choose another {option}")
    require_readers(files)
    if new:
        require_baseline_place(new)


def _suppressions(rules: Sequence[str] | None, claims: Sequence[str] | None) -> Suppressions:
    from disclaim.audit import load_rules, require_suppressions

    return require_suppressions(rules or (), claims or (), load_rules())


def _keep(chosen: Format) -> Keep:
    from disclaim.audit import Keep

    if chosen is Format.DOLMA:
        return Keep.EVERY
    return Keep.TEXTS if chosen in (Format.HTML, Format.SARIF) else Keep.FINDINGS


class _Listener:
    """Hears of rows as they are scanned and writes what was asked for."""

    def __init__(self, chosen: Format, out: Path | None, show: int, max_unreadable: int) -> None:
        from disclaim.audit import ClaimLedger, PageData, load_rules

        self._chosen = chosen
        self._out = out
        self._rules = load_rules()
        # While a progress bar is drawn, what is printed goes where the bar is.
        self._stdout = sys.stdout
        self._held: list[str] = []
        self._ledger = ClaimLedger()
        self._page = PageData()
        self._report = self._new_report(show, max_unreadable)
        self.baseline: BaselineWriter | None = None
        self.run: ModelRun | None = None
        self.stream: IO[bytes] | None = None
        self.attributes: AttributeFiles | None = None

    def _new_report(self, show: int, max_unreadable: int) -> Report | None:
        from disclaim.audit import FindingLines, SarifReport, TextReport

        if self._chosen is Format.TEXT:
            at_terminal = self._out is None
            return TextReport(self._rules, at_terminal and _is_coloured(), max(show, 0) if at_terminal else None)
        if self._chosen is Format.SARIF:
            return SarifReport(self._rules, __version__, max_unreadable)
        return FindingLines() if self._chosen is Format.JSON and self._out else None

    def begin(self) -> None:
        """Before the first row."""
        if self._report:
            self._write(self._report.begin())

    def hear(self, row: ScannedRow) -> None:
        """Take in a row."""
        numbers = self._ledger.add(row)
        if self.baseline:
            for finding in row.findings:
                self.baseline.add(finding)
        if self._report:
            self._write(self._report.row(row))
        if self._chosen is Format.HTML:
            self._page.add(row, numbers)
        if self.attributes:
            self.attributes.row(row)

    def claims(self) -> tuple[ClaimAtRisk, ...]:
        """The claims of the rows until now."""
        return self._ledger.claims()

    def end(self, summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> None:
        """After the last row."""
        from disclaim.audit import TextReport, json_text, summary_json

        if self._report:
            self._write(self._report.end(summary, claims))
        about_model = "\n".join([*describe_run(self.run), ""]) if self.run else ""
        if self._chosen is Format.TEXT:
            self._write(about_model)
        self._stdout.write("".join(self._held))
        if self._chosen is Format.HTML:
            self._write(self._render_page(summary, claims))
        if self._chosen is Format.JSON:
            print(json_text({**summary_json(summary, claims), **(self.run.to_json() if self.run else {})}))
        elif self._out:
            print(TextReport(self._rules, _is_coloured(), 0).end(summary, claims), end="")
            print(f"{self._chosen.value}: {self._out}")
        if self._out or self._chosen in (Format.SARIF, Format.HTML, Format.DOLMA):
            print(about_model, end="", file=sys.stderr)

    def _render_page(self, summary: ScanSummary, claims: Sequence[ClaimAtRisk]) -> str:
        from disclaim.report import render_audit_page

        data = self._page.result(summary, claims, self._rules, __version__)
        data["summary"] |= self.run.to_json() if self.run else {}
        return render_audit_page(data)

    def _write(self, text: str) -> None:
        if self.stream:
            self.stream.write(text.encode())
        elif self._chosen is Format.TEXT:
            self._held.append(text)
        else:
            self._stdout.write(text)


@contextmanager
def _listening(
    chosen: Format, out: Path | None, targets: Sequence[Path], show: int, max_unreadable: int
) -> Iterator[_Listener]:
    """A listener with its file, which appears whole when the block ends."""
    from disclaim.audit import open_attribute_files
    from disclaim.store import write_atomically

    listener = _Listener(chosen, out, show, max_unreadable)
    with ExitStack() as stack:
        if chosen is Format.DOLMA and out:
            listener.attributes = stack.enter_context(open_attribute_files(out, targets))
        elif out:
            listener.stream = stack.enter_context(write_atomically(out))
        listener.begin()
        yield listener


@contextmanager
def _until_the_reader_leaves() -> Iterator[None]:
    """End quietly where stdout goes to a program that has ended, such as head."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        raise typer.Exit(FINDINGS) from None


def _is_coloured() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")
