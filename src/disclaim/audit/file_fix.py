"""A file mended row by row, with a report of what was changed, what could not be, and what a new look still finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from disclaim.audit.express import Form
from disclaim.audit.fix import RowFix, fix_row, standing_findings
from disclaim.audit.fixing import Action, Change, FixSettings
from disclaim.audit.formats import find_files, format_of, iter_records
from disclaim.audit.output import place_of
from disclaim.audit.pieces import Record
from disclaim.audit.scan import ScanRow
from disclaim.audit.streams import remove_partial_files
from disclaim.audit.writing import DROPPED, rewrite_file, write_rows
from disclaim.errors import UserError
from disclaim.records import Finding, OnProgress, Progress, Quote, Severity, ignore_progress

#: So many changes are kept for the report; all are counted.
MAX_CHANGES = 2000
_ROWS_BETWEEN_PROGRESS = 200
#: How much of a text a line about a change shows.
_SHOWN = 100

_Mend = Callable[[Record], RowFix]


@dataclass(slots=True)
class Left:
    """What a look at the new data finds: rows with findings, and findings by rule."""

    rows: int = 0
    by_rule: Counter[str] = field(default_factory=Counter)

    @property
    def findings(self) -> int:
        """How many there are."""
        return self.by_rule.total()


@dataclass(slots=True)
class FixReport:
    """What was done with a file. ``rows`` = untouched + changed + dropped + unreadable; ``actions`` counts claims and
    notices by what became of them, ``refused`` what was left by its reason. ``left`` is what the rows as written are
    found to hold; ``reread`` what a scan of the file written finds, None where none was written or it is no data.
    ``errors_left`` counts what the later of the two finds at severity error; ``dropped_rows`` are the first rows that
    went as a whole."""

    source: str
    target: str | None
    strategy: str
    form: str
    rows: int = 0
    untouched: int = 0
    changed: int = 0
    dropped: int = 0
    unreadable: int = 0
    rows_with_findings: int = 0
    findings_by_rule: Counter[str] = field(default_factory=Counter)
    actions: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    left: Left = field(default_factory=Left)
    reread: Left | None = None
    changes: list[Change] = field(default_factory=list)
    num_changes: int = 0
    errors_left: int = 0
    dropped_rows: list[int] = field(default_factory=list)

    def add(self, record: Record, fixed: RowFix) -> None:
        """Count one row."""
        self.rows += 1
        self.dropped += fixed.value is DROPPED
        if fixed.value is DROPPED and len(self.dropped_rows) < MAX_CHANGES:
            self.dropped_rows.append(record.index)
        self.untouched += fixed.value is record.value and not fixed.masks
        self.changed += fixed.value is not DROPPED and (fixed.value is not record.value or bool(fixed.masks))
        self.rows_with_findings += bool(fixed.findings)
        self.findings_by_rule.update(found.rule for found in fixed.findings)
        self.actions.update(change.action.value for change in fixed.changes)
        self.refused.update(change.reason for change in fixed.changes if change.action is Action.LEFT)
        self.left.rows += bool(fixed.left)
        self.left.by_rule.update(found.rule for found in fixed.left)
        self.errors_left += _count_errors(fixed.left)
        self.num_changes += len(fixed.changes)
        self.changes += fixed.changes[: MAX_CHANGES - len(self.changes)]


def fix_file(
    source: Path,
    target: Path,
    settings: FixSettings,
    scan_row: ScanRow,
    dry_run: bool = False,
    on_progress: OnProgress = ignore_progress,
) -> FixReport:
    """Mend ``source`` into ``target`` and scan what was written; with ``dry_run`` write nothing.

    Rows without findings, unreadable rows and what stands between rows are copied byte for byte. Another format than
    the source's is possible for ``target`` where it is JSON lines; every row is then written anew, and unreadable ones
    are not carried over. Raises UserError where the choices contradict each other or the target is the source,
    DataError where the format has no place for masks.
    """
    settings.require_sense()
    _require_target(source, target, settings.form)
    if not dry_run:
        remove_partial_files(target)
    report = FixReport(str(source), None if dry_run else str(target), settings.strategy.value, settings.form.value)
    meter = _Meter(source, on_progress)

    def mend(record: Record) -> RowFix:
        fixed = fix_row(record, settings, scan_row)
        report.add(record, fixed)
        meter.reads(record)
        return fixed

    if dry_run or settings.form is Form.SPANS or format_of(source) is not format_of(target):
        fixes = _mended(source, mend, report)
        if dry_run:
            _exhaust(fixes)
        elif settings.form is Form.SPANS:
            write_rows(target, (line for record, fixed in fixes for line in _span_lines(record, fixed)))
        else:
            write_rows(target, _new_rows(fixes))
    else:
        written = rewrite_file(source, target, lambda record: mend(record).value)
        report.unreadable = written.unreadable
        report.rows += written.unreadable
    if not dry_run and settings.form is not Form.SPANS:
        report.reread, report.errors_left = _scan_again(target, settings, scan_row)
    meter.finish()
    return report


def summary_lines(report: FixReport) -> Iterator[str]:
    """The report for the terminal."""
    yield f"{report.rows:,} rows, {report.rows_with_findings:,} with findings"
    yield (
        f"{report.changed:,} rows changed, {report.dropped:,} dropped, {report.untouched:,} untouched"
        + (f", {report.unreadable:,} unreadable and copied" if report.unreadable else "")
    )
    for action, count in sorted(report.actions.items()):
        yield f"  {action}: {count:,}"
    for reason, count in report.refused.most_common():
        yield f"  left, {count:,}: {reason}"
    left = report.reread or report.left
    name = "a new scan of the output" if report.reread else "after that"
    rules = ", ".join(f"{rule} {count:,}" for rule, count in sorted(left.by_rule.items()))
    yield f"{name}: " + (f"{left.findings:,} findings in {left.rows:,} rows ({rules})" if rules else "clean")


def describe_change(change: Change) -> str:
    """One change as one line."""
    place = place_of(Quote(change.field, change.message, change.start, change.end, change.before))
    what = " ".join(change.before.split())
    what = what if len(what) <= _SHOWN else what[: _SHOWN - 1] + "…"
    became = f" -> {' '.join(change.after.split())!r}" if change.after else ""
    reason = f" ({change.reason})" if change.reason else ""
    return f"row {change.row} {place}: {change.action.value}: {what!r}{became}{reason}"


def _require_target(source: Path, target: Path, form: Form) -> None:
    find_files([source])
    if not source.is_file():
        raise UserError(f"{source} is a folder", "fix one file at a time")
    if target.resolve() == source.resolve():
        raise UserError(f"--out {target} is the data itself", "name another file: the original is worth keeping")
    is_jsonl = str(target).removesuffix(".gz").removesuffix(".zst").endswith(".jsonl")
    if form is Form.SPANS and not is_jsonl:
        raise UserError("--format spans writes JSON lines", "name --out something.jsonl")
    if form is not Form.SPANS and not is_jsonl and format_of(source) is not format_of(target):
        ending = format_of(source)
        raise UserError(f"{target} is another format than {source}", f"name it .jsonl, or {ending} as the source")


def _mended(source: Path, mend: _Mend, report: FixReport) -> Iterator[tuple[Record, RowFix]]:
    for item in iter_records(source):
        if isinstance(item, Record):
            yield item, mend(item)
        else:
            report.rows += 1
            report.unreadable += 1


def _exhaust(items: Iterator[object]) -> None:
    for _ in items:
        pass


def _new_rows(fixes: Iterator[tuple[Record, RowFix]]) -> Iterator[Mapping[str, object]]:
    for _, fixed in fixes:
        if isinstance(fixed.value, Mapping):
            yield fixed.value


def _span_lines(record: Record, fixed: RowFix) -> Iterator[Mapping[str, object]]:
    for (name, message), stretches in fixed.masks.items():
        spans = [{"start": start, "end": end, "loss_weight": 0.0} for start, end in stretches]
        yield {"file": record.file, "row": record.index, "field": name, "message": message, "spans": spans}


def _scan_again(target: Path, settings: FixSettings, scan_row: ScanRow) -> tuple[Left, int]:
    """What is found, and how much of it at severity error."""
    left, errors = Left(), 0
    for item in iter_records(target):
        if isinstance(item, Record):
            found = standing_findings(item, settings, scan_row)
            left.rows += bool(found)
            left.by_rule.update(one.rule for one in found)
            errors += _count_errors(found)
    return left, errors


def _count_errors(findings: Iterable[Finding]) -> int:
    return sum(found.severity is Severity.ERROR for found in findings)


class _Meter:
    """Tells how far the reading is, in bytes on disk."""

    def __init__(self, source: Path, on_progress: OnProgress) -> None:
        self._total = max(source.stat().st_size, 1)
        self._on_progress = on_progress
        self._done = self._rows = 0

    def reads(self, record: Record) -> None:
        """One more row."""
        self._rows += 1
        self._done = min(self._done + len(record.raw), self._total)
        if self._rows % _ROWS_BETWEEN_PROGRESS == 1:
            self._tell()

    def finish(self) -> None:
        """All is read."""
        self._done = self._total
        self._tell()

    def _tell(self) -> None:
        note = f"{self._rows:,} rows"
        self._on_progress(Progress("fix", float(self._done), float(self._total), "bytes", note))
