"""The scan: every row of the files past a row scanner, in file order, whatever the number of processes.

Memory is bounded by the longest row and the batches in flight, never by a file. An unreadable row is counted and
located; an interrupt ends the scan early and leaves what was found.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from disclaim.audit.chunks import Chunk, Documents, chunk_of
from disclaim.audit.formats import Record, Unreadable, find_files, iter_records
from disclaim.audit.interrupts import interrupts_held
from disclaim.audit.jsonl import parsed
from disclaim.audit.languages import ENGLISH, guess_language
from disclaim.audit.pool import in_processes
from disclaim.audit.repeated import PossibleNotice, Repeated, Uses
from disclaim.audit.rows import Row, parse_row
from disclaim.audit.sources import MAX_SHARE, Note, Source, SourceTally, find_share, source_of, trained_characters
from disclaim.audit.streams import compression_of
from disclaim.audit.suppress import NO_SUPPRESSIONS, Baseline, Means, Suppressions, suppress
from disclaim.errors import UserError
from disclaim.records import Finding, OnProgress, Progress, Severity, ignore_progress

#: A batch is full at this many bytes of rows, or this many rows.
BATCH_BYTES = 250_000
BATCH_ROWS = 500
#: So many unreadable rows are listed with file, row and reason; all are counted.
MAX_LISTED = 100
#: What compressed text roughly expands to; only for showing progress.
_EXPANSION = 4.0
_SECONDS_BETWEEN_PROGRESS = 0.2

ScanRow = Callable[[Row], tuple[Finding, ...]]


class Keep(Enum):
    """What a scan hands on beside findings."""

    FINDINGS = "findings"
    """Rows with findings, without their texts."""
    TEXTS = "texts"
    """Rows with findings, with their texts."""
    EVERY = "every"
    """All readable rows, without their texts."""


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How to scan. ``workers`` changes the speed, never the outcome. ``max_share``: sources with errors that make up
    more of the text are told of. ``repeated``: count sentences that may be notices.

    ``chunks`` is for ``scan`` to set: rows that may be parts of a document are handed on, for it to look at together.
    """

    workers: int = 1
    keep: Keep = Keep.FINDINGS
    suppressions: Suppressions = NO_SUPPRESSIONS
    max_share: float = MAX_SHARE
    repeated: bool = False
    chunks: bool = False


@dataclass(frozen=True, slots=True)
class ScannedRow:
    """A row as the scan leaves it: ``findings`` are those that stand. ``id`` is the row's own column of that name, if
    it has one. ``row`` is there where the settings keep texts. ``source`` is where it comes from, ``trained`` how many
    of its characters are trained on. ``chunk`` is there while its neighbours are waited for."""

    file: str
    index: int
    id: str | None
    findings: tuple[Finding, ...]
    row: Row | None = None
    source: str = ""
    trained: int = 0
    chunk: Chunk | None = None


@dataclass(frozen=True, slots=True)
class ScanSummary:
    """What a scan saw. ``rows`` counts unreadable ones too; ``bytes`` is what rows take decompressed, in parquet their
    texts. ``unreadable`` lists the first ``MAX_LISTED`` of ``unreadable_rows``. ``suppressed`` counts findings by what
    suppressed them. ``rows_by_other_language`` counts rows that seem not to be in English, of which rules find less,
    by the code of their language. ``interrupted``: the scan was stopped, and the counts are of what was read until
    then. ``sources`` come with most text first. ``notes`` are what rules say of the data as a whole.
    ``possible_notices`` is None where nobody asked for them."""

    files: int
    rows: int
    bytes: int
    seconds: float
    rows_with_findings: int
    findings_by_rule: dict[str, int]
    findings_by_severity: dict[str, int]
    unreadable_rows: int
    unreadable: tuple[Unreadable, ...]
    suppressed: dict[str, int]
    rows_by_other_language: dict[str, int]
    interrupted: bool = False
    sources: tuple[Source, ...] = ()
    notes: tuple[Note, ...] = ()
    possible_notices: tuple[PossibleNotice, ...] | None = None

    @property
    def findings(self) -> int:
        """How many findings stand."""
        return sum(self.findings_by_rule.values())


OnRow = Callable[[ScannedRow], None]
DEFAULTS = ScanSettings()


def ignore_row(row: ScannedRow) -> None:
    """The default listener: says nothing."""


def scan(
    paths: Sequence[Path],
    scan_row: ScanRow,
    settings: ScanSettings = DEFAULTS,
    on_row: OnRow = ignore_row,
    on_progress: OnProgress = ignore_progress,
    baseline: Baseline | None = None,
) -> ScanSummary:
    """Scan the data files at ``paths``, folders walked. ``on_row`` hears of rows in file order, at once.

    With several workers ``scan_row`` must be a function of a module. KeyboardInterrupt ends the scan and is not
    raised: see ``interrupted``. Raises what ``find_files`` and ``iter_records`` raise, and RunError where a worker
    process dies.
    """
    if settings.workers < 1:
        raise UserError(f"{settings.workers} workers cannot scan", "--workers takes a number from 1")
    files = find_files(paths)
    tally = _Tally(on_row, scan_row, settings, Meter(files, on_progress), baseline)
    try:
        batches = record_batches(files, tally.meter, parse=settings.workers == 1)
        asked = (scan_row, replace(settings, chunks=True))
        for examined in in_processes(examine, batches, asked, settings.workers):
            with interrupts_held():
                tally.add(examined)
    except KeyboardInterrupt:
        return tally.summary(len(files), interrupted=True)
    tally.meter.finish()
    return tally.summary(len(files), interrupted=False)


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of some records: ``rows`` that are handed on, unreadable ones, counts. ``sources`` has rows and trained
    characters by source, ``repeated`` sentences by their normal form."""

    num_records: int
    num_bytes: int
    rows: tuple[ScannedRow, ...]
    unreadable: tuple[Unreadable, ...]
    suppressed: Counter[Means]
    languages: Counter[str]
    sources: dict[str, tuple[int, int]]
    repeated: dict[str, Uses]


def examine(records: Sequence[Record | Unreadable], scan_row: ScanRow, settings: ScanSettings) -> Examined:
    """Scan some records: a pure function, for any engine that brings its own batches."""
    num_bytes = 0
    rows: list[ScannedRow] = []
    unreadable: list[Unreadable] = []
    suppressed: Counter[Means] = Counter()
    languages: Counter[str] = Counter()
    sources: dict[str, tuple[int, int]] = {}
    repeated = Repeated()
    for record in map(parsed, records):
        if isinstance(record, Unreadable):
            unreadable.append(record)
            continue
        row = parse_row(record.file, record.index, record.value)
        num_bytes += len(record.raw) or _text_bytes(row)
        if row is None:
            unreadable.append(Unreadable(record.file, record.index, "no text in it"))
            continue
        found, counts = suppress(row, scan_row(row), settings.suppressions)
        if counts:
            suppressed.update(counts)
        language = guess_language(max(row.passages, key=lambda passage: len(passage.text)).text)
        if language not in (None, ENGLISH):
            languages[str(language)] += 1
        source, trained = source_of(row), trained_characters(row)
        before = sources.get(source, (0, 0))
        sources[source] = before[0] + 1, before[1] + trained
        if settings.repeated:
            repeated.add_row(row)
        chunk = chunk_of(row) if settings.chunks else None
        if found or chunk or settings.keep is Keep.EVERY:
            kept = row if settings.keep is Keep.TEXTS else None
            rows.append(ScannedRow(row.file, row.index, _id_of(row), found, kept, source, trained, chunk))
    return Examined(
        len(records), num_bytes, tuple(rows), tuple(unreadable), suppressed, languages, sources, repeated.uses
    )


def _id_of(row: Row) -> str | None:
    return next((str(label.value) for label in row.labels if label.path == "id"), None)


def _text_bytes(row: Row | None) -> int:
    return sum(len(p.text.encode("utf-8", "surrogatepass")) for p in row.passages) if row else 0


def record_batches(files: Sequence[Path], meter: Meter, parse: bool = True) -> Iterator[list[Record | Unreadable]]:
    """All records of the files, in batches that may span small files; the meter hears what was read. Without ``parse``
    JSON lines are left to be parsed where the batch goes, which takes most of the work off the process that reads."""
    batch: list[Record | Unreadable] = []
    size = 0
    for path in files:
        for record in iter_records(path, parse):
            taken = _size_of(record) if isinstance(record, Record) else 0
            meter.reads(taken)
            batch.append(record)
            size += taken
            if size >= BATCH_BYTES or len(batch) >= BATCH_ROWS:
                yield batch
                batch, size = [], 0
        meter.ends(path)
    if batch:
        yield batch


def _size_of(record: Record) -> int:
    """The row's bytes, or the characters of its strings where the file has no bytes of a row."""
    if record.raw:
        return len(record.raw)
    size = 0
    left = [record.value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
    return size


class Meter:
    """Tells how far the reading is, in bytes on disk; within a compressed file by a guess."""

    def __init__(self, files: Sequence[Path], on_progress: OnProgress, stage: str = "audit") -> None:
        self._stage = stage
        self._sizes = {path: path.stat().st_size for path in files}
        self._compressed = {path for path in files if compression_of(path)}
        self._files = iter(files)
        self._current = next(self._files)
        self._on_progress = on_progress
        self._total = sum(self._sizes.values())
        self._before = 0
        self._within = 0.0
        self._started = self._told = time.perf_counter()
        self.note = ""
        self._tell()

    def reads(self, num_bytes: int) -> None:
        """So many more bytes of the current file, decompressed."""
        self._within += num_bytes / (_EXPANSION if self._current in self._compressed else 1)

    def ends(self, path: Path) -> None:
        """The file is read."""
        self._before += self._sizes[path]
        self._within = 0.0
        self._current = next(self._files, path)

    def tell(self) -> None:
        """Tell, unless that was done just now."""
        if time.perf_counter() - self._told >= _SECONDS_BETWEEN_PROGRESS:
            self._tell()

    def finish(self) -> None:
        """All is read."""
        self._before, self._within = self._total, 0.0
        self._tell()

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.perf_counter() - self._started

    def _tell(self) -> None:
        done = self._before + min(self._within, self._sizes[self._current])
        self._told = time.perf_counter()
        self._on_progress(Progress(self._stage, float(min(done, self._total)), float(self._total), "bytes", self.note))


class _Tally:
    """Adds up what the batches brought, in order."""

    def __init__(
        self, on_row: OnRow, scan_row: ScanRow, settings: ScanSettings, meter: Meter, baseline: Baseline | None
    ) -> None:
        self.meter = meter
        self._on_row = on_row
        self._settings = settings
        self._baseline = baseline
        self._documents = Documents(scan_row, self._heed)
        self._sources = SourceTally()
        self._repeated = Repeated()
        self._rows = self._bytes = self._with_findings = self._unreadable_rows = 0
        self._by_rule: Counter[str] = Counter()
        self._by_severity: Counter[str] = Counter()
        self._suppressed: Counter[Means] = Counter()
        self._languages: Counter[str] = Counter()
        self._unreadable: list[Unreadable] = []

    def add(self, examined: Examined) -> None:
        """Count a batch and hand its rows on."""
        self._rows += examined.num_records
        self._bytes += examined.num_bytes
        self._suppressed += examined.suppressed
        self._languages += examined.languages
        self._unreadable_rows += len(examined.unreadable)
        self._unreadable += examined.unreadable[: MAX_LISTED - len(self._unreadable)]
        self._sources.add(examined.sources)
        self._repeated.merge(examined.repeated)
        for row in examined.rows:
            for ready in self._documents.add(row):
                self._add_row(ready)
        seconds = max(self.meter.seconds, 1e-9)
        self.meter.note = f"{self._bytes / 1e6 / seconds:.1f} MB/s, {self._by_rule.total():,} findings"
        self.meter.tell()

    def _add_row(self, scanned: ScannedRow) -> None:
        row = self._without_known(scanned)
        self._with_findings += bool(row.findings)
        for finding in row.findings:
            self._by_rule[finding.rule] += 1
            self._by_severity[finding.severity] += 1
        if any(finding.severity is Severity.ERROR for finding in row.findings):
            self._sources.add_error(row.source, row.trained)
        if row.findings or self._settings.keep is Keep.EVERY:
            self._on_row(row)

    def _heed(self, row: Row, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Of new findings in a row, those that nothing suppresses."""
        stands, counts = suppress(row, found, self._settings.suppressions)
        self._suppressed.update(counts)
        return stands

    def _without_known(self, row: ScannedRow) -> ScannedRow:
        if self._baseline is None:
            return row
        news = tuple(finding for finding in row.findings if not self._baseline.accepts(finding))
        self._suppressed[Means.BASELINE] += len(row.findings) - len(news)
        return replace(row, findings=news)

    def summary(self, num_files: int, interrupted: bool) -> ScanSummary:
        """What was seen until now, the rows that were held back among it."""
        for row in self._documents.end():
            self._add_row(row)
        sources = self._sources.sources()
        share = find_share(sources, self._settings.max_share)
        is_told = share is not None and not share.rule.startswith(self._settings.suppressions.rules)
        return ScanSummary(
            files=num_files,
            rows=self._rows,
            bytes=self._bytes,
            seconds=round(self.meter.seconds, 3),
            rows_with_findings=self._with_findings,
            findings_by_rule=dict(sorted(self._by_rule.items())),
            findings_by_severity={str(name): count for name, count in sorted(self._by_severity.items())},
            unreadable_rows=self._unreadable_rows,
            unreadable=tuple(self._unreadable),
            suppressed={name.value: count for name, count in sorted(self._suppressed.items()) if count},
            rows_by_other_language=dict(sorted(self._languages.items())),
            interrupted=interrupted,
            sources=sources,
            notes=(share,) if share is not None and is_told else (),
            possible_notices=self._repeated.told(self._rows) if self._settings.repeated else None,
        )
