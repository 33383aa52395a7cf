"""The audit as a step of datatrove. Imports datatrove; everyone else goes through ``engines.datatrove_step``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

from datatrove.data import Document
from datatrove.pipeline.base import PipelineStep

from disclaim.audit.dolma import AttributeFiles, open_attribute_files
from disclaim.audit.formats import Record, Unreadable, find_files, iter_records
from disclaim.audit.output import finding_json, json_text
from disclaim.audit.rows import PART_JOINT, parse_row
from disclaim.audit.scan import Examined, Keep, ScanSettings, examine
from disclaim.audit.streams import remove_partial_files, write_stream
from disclaim.audit.suppress import Suppressions
from disclaim.audit.tiers import load_scanner
from disclaim.records import Tier

#: Where a document's metadata holds its findings, and where datatrove's readers say which file it is from.
FINDINGS, FILE_PATH = "findings", "file_path"


class AuditStep(PipelineStep):  # type: ignore[misc]
    """See ``engines.datatrove_step``. Of n tasks, task r reads the files r, r + n, r + 2n and so on, as
    datatrove's own readers do."""

    type = "🔎 - AUDIT"
    name = "disclaim"

    def __init__(
        self, read: tuple[Path, ...], out: Path | None, tier: Tier, suppressions: Suppressions, attributes: bool
    ) -> None:
        super().__init__()
        self.read = read
        self.out = out
        self.tier = tier
        self.settings = ScanSettings(keep=Keep.EVERY, suppressions=suppressions)
        self.attributes = attributes

    def run(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Document]:
        """Audit this task's share; each document that could be audited, with its findings."""
        scan_row = load_scanner(self.tier)
        with ExitStack() as stack:
            files = _TaskFiles(self.out, rank, self.read if self.attributes else None, stack) if self.out else None
            for item, document in self._items(data, rank, world_size):
                with self.track_time():
                    examined = examine([item], scan_row, self.settings)
                    self._count(examined)
                    if files:
                        files.write(examined)
                if examined.rows:
                    document = document or _document_of(item)
                    document.metadata[FINDINGS] = [finding_json(finding) for finding in examined.rows[0].findings]
                    yield document

    def _items(self, data: Any, rank: int, world_size: int) -> Iterator[tuple[Record | Unreadable, Document | None]]:
        """Rows of other steps' documents, then those of the files that this task reads."""
        places: Counter[str] = Counter()
        for document in data or ():
            yield _record_of(document, places), document
        for path in find_files(self.read)[rank::world_size] if self.read else ():
            self.stat_update("input_files")
            yield from ((item, None) for item in iter_records(path))

    def _count(self, examined: Examined) -> None:
        self.stat_update("rows")
        if examined.unreadable:
            self.stat_update("unreadable_rows")
        for row in examined.rows:
            if row.findings:
                self.stat_update("rows_with_findings")
            for finding in row.findings:
                self.stat_update(finding.rule)


class _TaskFiles:
    """What one task writes; files take their names when the stack closes without an error."""

    def __init__(self, out: Path, rank: int, roots: tuple[Path, ...] | None, stack: ExitStack) -> None:
        self._findings = _open(out / "findings" / f"{rank:05d}.jsonl", stack)
        self._unreadable = _open(out / "unreadable" / f"{rank:05d}.jsonl", stack)
        self._attributes: AttributeFiles | None = None
        if roots is not None:
            self._attributes = stack.enter_context(open_attribute_files(out / "attributes" / "disclaim", roots))

    def write(self, examined: Examined) -> None:
        """Write what came of a row."""
        for item in examined.unreadable:
            line = json_text({"file": item.file, "row": item.index, "reason": item.reason})
            self._unreadable.write(f"{line}\n".encode())
        for row in examined.rows:
            for finding in row.findings:
                self._findings.write(f"{json_text(finding_json(finding))}\n".encode())
            if self._attributes:
                self._attributes.row(row)


def _open(path: Path, stack: ExitStack) -> IO[bytes]:
    """The file; what an earlier run of this task left of it when it was killed is removed."""
    remove_partial_files(path)
    return stack.enter_context(write_stream(path))


def _record_of(document: Document, places: Counter[str]) -> Record:
    """The row that a document stands for: its metadata are columns. Its number is told by the id that datatrove's
    readers give, "<file>/<number>"; where the row had an id of its own, documents of the file are counted."""
    value = {name: cell for name, cell in document.metadata.items() if name not in (FILE_PATH, FINDINGS)}
    file = str(document.metadata.get(FILE_PATH, ""))
    place = places[file]
    places[file] += 1
    holder, _, number = str(document.id).rpartition("/")
    if holder and file.endswith(holder) and number.isdecimal():
        place = int(number)
    else:
        value["id"] = document.id
    return Record(file, place, b"", {**value, "text": document.text})


def _document_of(item: Record | Unreadable) -> Document:
    """A row as datatrove's readers would give it; texts of other columns than ``text`` are joined."""
    assert isinstance(item, Record)
    assert isinstance(item.value, dict)
    value = dict(item.value)
    text = value.pop("text", None)
    if not isinstance(text, str):
        row = parse_row(item.file, item.index, item.value)
        text = PART_JOINT.join(passage.text for passage in row.passages) if row else ""
    name = str(value.pop("id", f"{item.file}/{item.index}"))
    metadata = value.pop("metadata", {})
    columns = metadata if isinstance(metadata, dict) else {"metadata": metadata}
    return Document(text, name, metadata={**columns, **value, FILE_PATH: item.file})
