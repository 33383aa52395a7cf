"""Findings as Dolma attributes: beside each file of documents one of the same rows, which mixers join by ``id``.

An attribute's spans are ``[start, end, score]`` in characters of the document's ``text``: ``<tagger>__NN102`` for each
rule, ``<tagger>__claims`` for all claims, so that a mixer can drop or mask them without knowing the rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from disclaim.audit.output import json_text
from disclaim.audit.scan import ScannedRow
from disclaim.audit.streams import remove_partial_files, write_stream
from disclaim.errors import UserError
from disclaim.records import Finding
from disclaim.store import Json

TAGGER = "disclaim"
#: The field that Dolma's documents have.
FIELD = "text"


def attributes_json(row: ScannedRow) -> Json:
    """The attributes of one document. A row without an ``id`` has its number for one. Findings in other columns than
    ``text`` have no place in the format and are left out."""
    spans: dict[str, list[list[float]]] = {f"{TAGGER}__claims": []}
    claims: dict[tuple[int, int], float] = {}
    for finding in row.findings:
        if (finding.claim.field, finding.claim.message) == (FIELD, None):
            place = (finding.claim.start, finding.claim.end)
            claims[place] = max(claims.get(place, 0.0), finding.confidence)
            spans.setdefault(f"{TAGGER}__{finding.rule}", []).append(_span(finding))
    spans[f"{TAGGER}__claims"] = [[start, end, round(score, 4)] for (start, end), score in sorted(claims.items())]
    return {"id": str(row.index) if row.id is None else row.id, "attributes": dict(sorted(spans.items()))}


def _span(finding: Finding) -> list[float]:
    return [finding.claim.start, finding.claim.end, round(finding.confidence, 4)]


class AttributeFiles:
    """Writes the attributes of rows, which come in file order, each file's into one of its own. Rows that could not be
    read have no line."""

    def __init__(self, folder: Path, paths: Sequence[Path], stack: ExitStack) -> None:
        self._folder = folder
        self._roots = [path for path in paths if path.is_dir()]
        self._stack = stack
        self._taken: set[Path] = set()
        self._file: str | None = None
        self._stream: IO[bytes] | None = None

    def row(self, row: ScannedRow) -> None:
        """Write a row's attributes."""
        if row.file != self._file:
            self._stack.close()
            target = self._path_for(Path(row.file))
            remove_partial_files(target)
            self._stream = self._stack.enter_context(write_stream(target))
            self._file = row.file
        assert self._stream is not None
        self._stream.write(f"{json_text(attributes_json(row))}\n".encode())

    def _path_for(self, path: Path) -> Path:
        root = next((root for root in self._roots if path.is_relative_to(root)), path.parent)
        relative = path.relative_to(root)
        name = relative.name if ".jsonl" in relative.suffixes else f"{relative.name}.jsonl"
        target = self._folder / relative.with_name(name)
        if target in self._taken:
            raise UserError(f"two files of the name {relative} would share {target}", "audit them one at a time")
        self._taken.add(target)
        return target


@contextmanager
def open_attribute_files(folder: Path, paths: Sequence[Path]) -> Iterator[AttributeFiles]:
    """A writer into ``folder``, where the files keep their names and their places below a folder among ``paths``. Each
    file appears whole when the next one begins; what a killed process left of writing it is removed."""
    with ExitStack() as stack:
        yield AttributeFiles(folder, paths, stack)
