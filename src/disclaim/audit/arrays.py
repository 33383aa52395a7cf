"""One JSON value in a file, as pieces: an array of rows, an object that holds one, or a single row.

Rows are found by their brackets and parsed one at a time, so memory is bounded by the longest row and one bad row
leaves the others readable. Files that hold JSON lines under the name .json are read as such.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from disclaim.audit.jsonl import BOM, line_pieces, read_row, too_long
from disclaim.audit.pieces import MAX_ROW_BYTES, Kind, Piece, Record, Unreadable
from disclaim.audit.streams import BUFFER_BYTES, open_stream

#: An object with a list of objects under one of these is a list of rows.
ROW_KEYS = ("data", "rows", "examples", "instances")

_SPACE = re.compile(rb"[ \t\r\n]*+")
_OUTSIDE = re.compile(rb'[^"\[\]{},]*+')
_ROW_LIST = re.compile(rb'"(?:' + b"|".join(key.encode() for key in ROW_KEYS) + rb')"\s*:\s*$')


def json_pieces(path: Path, file: str) -> Iterator[Piece]:
    """The file as pieces, whichever way it holds its rows."""
    with open_stream(path) as stream:
        lines = _holds_lines(stream)
    with open_stream(path) as stream:
        yield from (line_pieces if lines else value_pieces)(stream, file)


def value_pieces(stream: IO[bytes], file: str) -> Iterator[Piece]:
    """One JSON value as pieces; the stream may give its bytes in portions of any size."""
    return _Scanner(stream, file).pieces()


def _holds_lines(stream: IO[bytes]) -> bool:
    """Whether the first line that is not blank is a row of its own."""
    line = stream.readline(MAX_ROW_BYTES)
    while line.isspace():
        line = stream.readline(MAX_ROW_BYTES)
    line = line.removeprefix(BOM).strip()
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    row = read_row("", 0, line)
    value = row.value if isinstance(row, Record) else {}
    lists = [value.get(key) for key in ROW_KEYS] if isinstance(value, dict) else []
    return not any(isinstance(rows, list) and rows and isinstance(rows[0], dict) for rows in lists)


class _Scanner:
    """Walks the tokens of a file that matter for finding rows. ``_buffer[_start:_at]`` is walked and not yet given
    out; ``_depth`` counts the brackets open in it."""

    def __init__(self, stream: IO[bytes], file: str) -> None:
        self._stream = stream
        self._file = file
        self._buffer = b""
        self._start = 0
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._index = 0
        self._is_list = False
        self._is_long = False

    def pieces(self) -> Iterator[Piece]:
        """The file as pieces."""
        if self._peek(len(BOM)) == BOM:
            self._at += len(BOM)
        self._skip_space()
        self._is_list = self._peek() == b"["
        if self._is_list or (self._peek() == b"{" and self._seek_row_list()):
            self._at += 1
            self._depth = 0
            self._skip_space()
            yield Piece(self._take(), Kind.GAP)
            yield from self._rows()
            return
        # The walk after a row list has ended at the end of the one row, or before anything that is no object.
        yield from self._single()

    def _rows(self) -> Iterator[Piece]:
        """The rows from the first one on, and what is left after the list."""
        while True:
            for part in self._walk_row():
                yield Piece(part, Kind.PART)
            yield from self._row_piece()
            if self._peek() == b",":
                self._at += 1
                self._skip_space()
                yield Piece(self._take(), Kind.SEPARATOR)
            else:
                break
        if not self._peek():
            yield self._end("the file ends before its list of rows does")
        elif self._peek() != b"]":
            yield self._end("the list of rows ends with a bracket of another kind")
        yield from self._tail(must_end=self._is_list and self._peek() == b"]")

    def _walk_row(self) -> Iterator[bytes]:
        """Walk to the end of a row; of one that is too long, give out the parts instead of holding them."""
        long = False
        while not self._walk():
            if self._at - self._start > MAX_ROW_BYTES or long:
                long = True
                yield self._take()
            if not self._fill():
                break
        if long:
            yield self._take()
            self._is_long = True

    def _row_piece(self) -> Iterator[Piece]:
        if self._is_long:
            self._is_long = False
            yield Piece(b"", Kind.ROW, too_long(self._file, self._index))
            self._index += 1
            return
        blob = self._take()
        raw = blob.rstrip(b" \t\r\n")
        if raw:
            yield Piece(raw, Kind.ROW, read_row(self._file, self._index, raw))
            self._index += 1
        # Space before a comma is kept, and given out with it.
        self._start -= len(blob) - len(raw)

    def _tail(self, must_end: bool) -> Iterator[Piece]:
        """What stands behind the last row. ``must_end``: no more than a bracket and space may."""
        self._at += len(self._peek())
        yield Piece(self._take(), Kind.GAP)
        self._skip_space()
        if must_end and self._peek():
            yield self._end("there is more behind the end of the list of rows")
        while True:
            self._at = len(self._buffer)
            yield Piece(self._take(), Kind.GAP)
            if not self._fill():
                return

    def _single(self) -> Iterator[Piece]:
        """A file without a list: everything in it is one row."""
        while self._at - self._start <= MAX_ROW_BYTES:
            self._at = len(self._buffer)
            if not self._fill():
                break
        else:
            while True:
                yield Piece(self._take(), Kind.PART)
                if not self._fill():
                    break
                self._at = len(self._buffer)
            yield Piece(b"", Kind.ROW, too_long(self._file, 0))
            return
        blob = self._take()
        raw = blob.removeprefix(BOM).strip(b" \t\r\n")
        before, _, after = blob.partition(raw) if raw else (blob, b"", b"")
        yield Piece(before, Kind.GAP)
        if raw:
            yield Piece(raw, Kind.ROW, read_row(self._file, 0, raw))
        yield Piece(after, Kind.GAP)

    def _seek_row_list(self) -> bool:
        """Walk an object to the bracket that opens its list of rows; whether there is one."""
        self._at += 1
        while self._at - self._start <= MAX_ROW_BYTES:
            if not self._walk(stops=b"["):
                if not self._fill():
                    return False
            elif self._peek() != b"[":
                if self._peek() != b",":
                    return False
                self._at += 1
            elif _ROW_LIST.search(self._buffer[max(self._at - 100, 0) : self._at]) and self._opens_objects():
                return True
            else:
                self._at += 1
                self._depth += 1
        return False

    def _opens_objects(self) -> bool:
        """Whether an object follows the bracket here."""
        here = self._at
        self._at += 1
        self._skip_space()
        found = self._peek() == b"{"
        self._at = here
        return found

    def _walk(self, stops: bytes = b"") -> bool:
        """Walk until a comma or closing bracket that is not inside any bracket, or one of ``stops`` there; False where
        more bytes are needed."""
        buffer = self._buffer
        while self._at < len(buffer):
            if self._in_string:
                if not self._leave_string():
                    return False
                continue
            found = _OUTSIDE.match(buffer, self._at)
            self._at = found.end() if found else self._at
            token = buffer[self._at : self._at + 1]
            if not token or (self._depth == 0 and token in b",]}" + stops):
                return bool(token)
            self._at += 1
            if token == b'"':
                self._in_string = True
            elif token in b"[{":
                self._depth += 1
            elif token in b"]}":
                self._depth -= 1
        return False

    def _leave_string(self) -> bool:
        """Go behind the quote that ends the string here; False where that is not in the buffer."""
        while True:
            quote = self._buffer.find(b'"', self._at)
            end = len(self._buffer) if quote < 0 else quote
            # An odd number of backslashes escapes what follows. No pair of them is torn: _at never stands within one.
            before = self._buffer[self._at : end]
            odd = (len(before) - len(before.rstrip(b"\\"))) % 2
            if quote < 0:
                self._at = end - odd
                return False
            self._at = quote + 1
            if not odd:
                self._in_string = False
                return True

    def _skip_space(self) -> None:
        while True:
            found = _SPACE.match(self._buffer, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._buffer) or not self._fill():
                return

    def _peek(self, size: int = 1) -> bytes:
        while len(self._buffer) - self._at < size and self._fill():
            pass
        return self._buffer[self._at : self._at + size]

    def _take(self) -> bytes:
        blob = self._buffer[self._start : self._at]
        self._start = self._at
        return blob

    def _fill(self) -> bool:
        """Read on; whether there was more."""
        chunk = self._stream.read(BUFFER_BYTES)
        self._buffer = self._buffer[self._start :] + chunk
        self._at -= self._start
        self._start = 0
        return bool(chunk)

    def _end(self, reason: str) -> Piece:
        return Piece(b"", Kind.ROW, Unreadable(self._file, self._index, reason, ends_file=True))
