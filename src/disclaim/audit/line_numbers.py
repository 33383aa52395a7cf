"""On which lines of a file its rows stand, blank lines and all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from disclaim.audit.formats import FileFormat, file_pieces, format_of
from disclaim.audit.pieces import Kind


class RowLines:
    """The lines of rows, asked for in the order of the files and of the rows in each; of each file no more is read
    than up to the row. Lines count from 1; in a compressed file they are those of its text."""

    def __init__(self) -> None:
        self._file: str | None = None
        self._rows: Iterator[tuple[int, int]] = iter(())
        self._next = 0
        self._found = (1, 1)

    def find(self, file: str, row: int) -> tuple[int, int]:
        """The first and the last line of the row. A row of parquet, which has no lines, counts as one."""
        if format_of(Path(file)) is FileFormat.PARQUET:
            return row + 1, row + 1
        if file != self._file or row < self._next - 1:
            self._file, self._rows, self._next = file, _lines(Path(file)), 0
        while self._next <= row:
            self._found = next(self._rows, (row + 1, row + 1))
            self._next += 1
        return self._found


def _lines(path: Path) -> Iterator[tuple[int, int]]:
    """The first and the last line of every row."""
    line = first = 1
    in_row = False
    for piece in file_pieces(path, parse=False):
        if not in_row:
            first = line
        line += piece.raw.count(b"\n")
        in_row = piece.kind is Kind.PART
        if piece.kind is Kind.ROW:
            yield first, max(first, line - piece.raw.endswith(b"\n"))
