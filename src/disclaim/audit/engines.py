"""The audit inside other engines: Arrow batches in, a table of findings out; Ray Data; datatrove.

An engine brings the batches, the processes, the machines and the resuming; what is found is what ``scan`` finds. No
engine is imported before it is asked for. In a table of findings a row that could not be audited has a line of its own,
with the reason in ``unreadable`` and no rule, so that no count is lost on the way through an engine.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disclaim.audit.formats import Record, Unreadable, find_files, iter_records
from disclaim.audit.parquet import batch_rows
from disclaim.audit.scan import BATCH_BYTES, BATCH_ROWS, Examined, ScanRow, ScanSettings, examine
from disclaim.audit.suppress import NO_SUPPRESSIONS, Suppressions
from disclaim.audit.tiers import load_scanner
from disclaim.errors import DataError, MissingDependencyError, UserError, nearest_hint
from disclaim.records import Extent, Finding, Quote, Severity, Tier

if TYPE_CHECKING:
    from disclaim.audit.engines_datatrove import AuditStep

#: What a table of findings has for columns, with Arrow's names for their types.
COLUMNS = {
    "file": "string",
    "row": "int64",
    "id": "string",
    "rule": "string",
    "severity": "string",
    "field": "string",
    "message": "int64",
    "start": "int64",
    "end": "int64",
    "claim": "string",
    "cue_field": "string",
    "cue_message": "int64",
    "cue_start": "int64",
    "cue_end": "int64",
    "cue": "string",
    "scope": "string",
    "confidence": "float64",
    "tier": "string",
    "unreadable": "string",
}
#: So much of a batch is turned into Python values at a time.
_PART_BYTES = 8_000_000
#: The one column of the data set that ``ray_findings`` begins with.
_PATH = "path"
_SURROGATE = re.compile("[\ud800-\udfff]")

Cells = dict[str, object]


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Where the rows of a batch come from, and what is not to be reported.

    ``file_column`` and ``row_column`` name columns that say it for each row; they are not audited. Without them every
    row is of ``file``, and rows count from ``first_row``.
    """

    file: str = ""
    first_row: int = 0
    file_column: str | None = None
    row_column: str | None = None
    suppressions: Suppressions = NO_SUPPRESSIONS


def scan_batch(batch: Any, scan_row: ScanRow, settings: BatchSettings | None = None) -> Any:
    """The findings of a pyarrow RecordBatch or Table, as a Table with the columns ``COLUMNS``, in row order.

    A pure function. Columns are read as ``parse_row`` reads those of a file. Lone surrogates, which Arrow cannot hold,
    become U+FFFD. Raises UserError for a ``file_column`` or ``row_column`` that is not there, MissingDependencyError
    without pyarrow.
    """
    chosen = settings or BatchSettings()
    rules = ScanSettings(suppressions=chosen.suppressions)
    size = min(max(_PART_BYTES * batch.num_rows // max(batch.nbytes, 1), 1), BATCH_ROWS)
    parts = (
        examine(_records(batch.slice(start, size), chosen, chosen.first_row + start), scan_row, rules)
        for start in range(0, batch.num_rows, size)
    )
    return _table(cells for part in parts for cells in _cells(part))


def table_findings(table: Any) -> Iterator[Finding]:
    """The findings that a table of ``scan_batch`` holds, in its order; unreadable rows are passed over."""
    for line in table.to_pylist():
        if line["unreadable"] is None:
            yield Finding(
                file=line["file"],
                row=line["row"],
                rule=line["rule"],
                severity=Severity(line["severity"]),
                claim=Quote(line["field"], line["message"], line["start"], line["end"], line["claim"]),
                cue=Quote(line["cue_field"], line["cue_message"], line["cue_start"], line["cue_end"], line["cue"]),
                scope=Extent(line["scope"]),
                confidence=line["confidence"],
                tier=Tier(line["tier"]),
            )


class BatchScanner:
    """``scan_batch`` for ``map_batches(..., batch_format="pyarrow")`` of Ray Data: rows in, findings out.

    It can be sent to other processes; the tier is loaded where it is called.
    """

    def __init__(self, tier: Tier = Tier.RULES, settings: BatchSettings | None = None) -> None:
        self._tier = tier
        self._settings = settings

    def __call__(self, batch: Any) -> Any:
        """The findings of one batch."""
        return scan_batch(batch, _scanner(self._tier), self._settings)


class FileScanner:
    """For ``map_batches`` over names of files, in the column ``path``: their findings, as tables of bounded size."""

    def __init__(self, tier: Tier = Tier.RULES, suppressions: Suppressions = NO_SUPPRESSIONS) -> None:
        self._tier = tier
        self._rules = ScanSettings(suppressions=suppressions)

    def __call__(self, batch: Any) -> Iterator[Any]:
        """The findings of each file, batch by batch, in the order of its rows."""
        yield _table([])  # so that a data set without findings has columns, too
        for path in batch.column(_PATH).to_pylist():
            for records in _batches(iter_records(Path(path))):
                examined = examine(records, _scanner(self._tier), self._rules)
                if examined.rows or examined.unreadable:
                    yield _table(_cells(examined))


def ray_findings(
    paths: Sequence[Path | str], tier: Tier = Tier.RULES, suppressions: Suppressions = NO_SUPPRESSIONS
) -> Any:
    """A Ray data set of the findings in the data files at ``paths``, folders walked, one task for each file; lazy, as
    all of Ray's are. Every worker must see the files under the same names.

    Finds what ``scan`` finds and counts what it counts as unreadable. Raises what ``find_files`` raises, and
    MissingDependencyError without Ray.
    """
    try:
        import ray.data
    except ModuleNotFoundError as error:
        raise MissingDependencyError("ray[data]", "scale", "the audit on Ray") from error
    items = [{_PATH: str(path)} for path in find_files([Path(path) for path in paths])]
    files = ray.data.from_items(items, override_num_blocks=len(items))
    return files.map_batches(FileScanner(tier, suppressions), batch_size=1, batch_format="pyarrow")


def datatrove_step(
    read: Sequence[Path | str] = (),
    out: Path | str | None = None,
    tier: Tier = Tier.RULES,
    suppressions: Suppressions = NO_SUPPRESSIONS,
    attributes: bool = False,
) -> AuditStep:
    """The audit as a step of a datatrove pipeline, for any of its executors.

    As the first step it reads the data files at ``read``, folders walked, each file by one task; behind a reader of
    datatrove it audits what that reads. It passes every document on with its findings in ``metadata["findings"]``,
    as ``finding_json`` has them. Into the folder ``out`` each task writes ``findings/<task>.jsonl``,
    ``unreadable/<task>.jsonl`` with the rows that could not be audited, and where ``attributes`` is set Dolma
    attributes below ``attributes/disclaim``. A file appears when its task is done with it, whole; a task that ran
    twice leaves the same files as one that ran once. Raises MissingDependencyError without datatrove, UserError where
    attributes have no ``out``.
    """
    try:
        from disclaim.audit.engines_datatrove import AuditStep
    except ModuleNotFoundError as error:
        raise MissingDependencyError("datatrove", "scale", "the audit as a step of datatrove") from error
    if attributes and out is None:
        raise UserError("attributes need a folder to be written to", "give out=")
    places = tuple(Path(path) for path in read)
    return AuditStep(places, Path(out) if out is not None else None, tier, suppressions, attributes)


_scanner = functools.cache(load_scanner)


def _arrow() -> Any:
    try:
        import pyarrow
    except ModuleNotFoundError as error:
        raise MissingDependencyError("pyarrow", "scale", "a table of findings") from error
    return pyarrow


def _batches(records: Iterable[Record | Unreadable]) -> Iterator[list[Record | Unreadable]]:
    batch: list[Record | Unreadable] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.raw) if isinstance(record, Record) else 0
        if size >= BATCH_BYTES or len(batch) >= BATCH_ROWS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _records(part: Any, settings: BatchSettings, first: int) -> list[Record | Unreadable]:
    """The rows of a part of a batch, each with the file and the number that its columns tell of."""
    files = _column(part, settings.file_column) or [settings.file] * part.num_rows
    rows = _column(part, settings.row_column) or list(range(first, first + part.num_rows))
    places = [name for name in (settings.file_column, settings.row_column) if name is not None]
    read = batch_rows(part.drop_columns(places) if places else part, settings.file, first)
    return [_placed(item, str(file), int(row)) for item, file, row in zip(read, files, rows, strict=True)]


def _placed(item: Record | Unreadable, file: str, row: int) -> Record | Unreadable:
    if isinstance(item, Record):
        return Record(file, row, item.raw, item.value)
    return Unreadable(file, row, item.reason, item.ends_file)


def _column(part: Any, name: str | None) -> list[Any] | None:
    if name is None:
        return None
    if name not in part.schema.names:
        raise UserError(f"the batch has no column {name}", nearest_hint(name, part.schema.names))
    cells: list[Any] = part.column(name).to_pylist()
    if any(cell is None for cell in cells):
        raise DataError(f"column {name} is empty in some rows, which then have no place", "name another column")
    return cells


def _cells(examined: Examined) -> Iterator[Cells]:
    """The lines of a table, findings and unreadable rows in the order of the rows."""
    lines = [(row.index, _finding_cells(row.id, finding)) for row in examined.rows for finding in row.findings]
    for item in examined.unreadable:
        lines.append((item.index, {"file": item.file, "row": item.index, "unreadable": _storable(item.reason)}))
    yield from (cells for _, cells in sorted(lines, key=lambda line: line[0]))


def _finding_cells(row_id: str | None, finding: Finding) -> Cells:
    claim, cue = finding.claim, finding.cue
    return {
        "file": finding.file,
        "row": finding.row,
        "id": None if row_id is None else _storable(row_id),
        "rule": finding.rule,
        "severity": finding.severity.value,
        "field": _storable(claim.field),
        "message": claim.message,
        "start": claim.start,
        "end": claim.end,
        "claim": _storable(claim.text),
        "cue_field": _storable(cue.field),
        "cue_message": cue.message,
        "cue_start": cue.start,
        "cue_end": cue.end,
        "cue": _storable(cue.text),
        "scope": finding.scope.value,
        "confidence": finding.confidence,
        "tier": finding.tier.value,
    }


def _table(lines: Iterable[Cells]) -> Any:
    arrow = _arrow()
    schema = arrow.schema([(name, arrow.type_for_alias(kind)) for name, kind in COLUMNS.items()])
    return arrow.Table.from_pylist(list(lines), schema)


def _storable(text: str) -> str:
    """The text as Arrow can hold it, of the same length."""
    return _SURROGATE.sub("\ufffd", text)
