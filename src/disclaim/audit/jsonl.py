"""JSON lines and plain text, as pieces. Memory is bounded by the longest row that is read, never by the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import IO

from disclaim.audit.pieces import MAX_ROW_BYTES, MAX_VALUES, Kind, Piece, Record, Unparsed, Unreadable
from disclaim.audit.streams import BUFFER_BYTES

BOM = b"\xef\xbb\xbf"
_decode = json.JSONDecoder().decode


def line_pieces(stream: IO[bytes], file: str, parse: bool = True) -> Iterator[Piece]:
    """Every line as a piece: a row, or a gap where it is blank. Only "\\n" ends a line; "\\r" before it belongs to
    the line end. A byte order mark at the head is a gap."""
    index = 0
    line = stream.readline(MAX_ROW_BYTES + 1)
    if line.startswith(BOM):
        yield Piece(BOM, Kind.GAP)
        line = line[len(BOM) :] + (b"" if line.endswith(b"\n") else stream.readline(len(BOM)))
    while line:
        if len(line) > MAX_ROW_BYTES:
            yield from _long_line(stream, line, file, index)
            index += 1
        elif line.isspace():
            yield Piece(line, Kind.GAP)
        else:
            yield Piece(line, Kind.ROW, read_row(file, index, line) if parse else unparsed(file, index, line))
            index += 1
        line = stream.readline(MAX_ROW_BYTES + 1)


def text_pieces(stream: IO[bytes], file: str) -> Iterator[Piece]:
    """A plain text as one row with the column ``text``; line ends stay as they are. A blank file has no row."""
    blob = stream.read(MAX_ROW_BYTES + 1)
    if blob.startswith(BOM):
        yield Piece(BOM, Kind.GAP)
        blob = blob[len(BOM) :] + stream.read(len(BOM))
    if len(blob) > MAX_ROW_BYTES:
        yield from _rest(stream, blob, file, 0)
    elif not blob or blob.isspace():
        yield Piece(blob, Kind.GAP)
    else:
        try:
            item: Record | Unreadable = Record(file, 0, blob, {"text": str(blob, "utf-8")})
        except UnicodeDecodeError as error:
            item = Unreadable(file, 0, f"not UTF-8: {error.reason} at byte {error.start}")
        yield Piece(blob, Kind.ROW, item)


def read_row(file: str, index: int, raw: bytes) -> Record | Unreadable:
    """The row, or why it cannot be read. NaN and infinities are read; of a key given twice the last value holds."""
    if len(raw) > MAX_VALUES and sum(raw.count(mark) for mark in (b",", b"[", b"{")) > MAX_VALUES:
        return Unreadable(file, index, f"more than {MAX_VALUES:,} values")
    try:
        return Record(file, index, raw, _decode(str(raw, "utf-8")))
    except UnicodeDecodeError as error:
        return Unreadable(file, index, f"not UTF-8: {error.reason} at byte {error.start}")
    except json.JSONDecodeError as error:
        return Unreadable(file, index, f"not JSON: {error.msg} at character {error.pos}")
    except RecursionError:
        return Unreadable(file, index, "nested too deep")
    except ValueError as error:  # a number of too many digits
        return Unreadable(file, index, f"not JSON: {error}")


def unparsed(file: str, index: int, raw: bytes) -> Record:
    """The row's bytes alone; ``parsed`` does the rest."""
    return Record(file, index, raw, Unparsed.VALUE)


def parsed(item: Record | Unreadable) -> Record | Unreadable:
    """The row, parsed where that was left undone."""
    if isinstance(item, Record) and item.value is Unparsed.VALUE:
        return read_row(item.file, item.index, item.raw)
    return item


def too_long(file: str, index: int) -> Unreadable:
    """What stands for a row of more than ``MAX_ROW_BYTES``."""
    return Unreadable(file, index, f"longer than {MAX_ROW_BYTES // 1_000_000} MB")


def _long_line(stream: IO[bytes], head: bytes, file: str, index: int) -> Iterator[Piece]:
    while not head.endswith(b"\n"):
        yield Piece(head, Kind.PART)
        head = stream.readline(BUFFER_BYTES)
        if not head:
            break
    yield Piece(head, Kind.ROW, too_long(file, index))


def _rest(stream: IO[bytes], head: bytes, file: str, index: int) -> Iterator[Piece]:
    while head:
        yield Piece(head, Kind.PART)
        head = stream.read(BUFFER_BYTES)
    yield Piece(b"", Kind.ROW, too_long(file, index))
