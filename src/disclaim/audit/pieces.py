"""The pieces that a data file falls into: all of its bytes in order, each row's with what it says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

#: A row of more bytes is not read.
MAX_ROW_BYTES = 50_000_000
#: A row of more JSON values is not read: parsed, they would take many times the memory of its bytes.
MAX_VALUES = 5_000_000


class Unparsed(Enum):
    """The value of a row of JSON lines of which only the bytes were taken, for another process to parse."""

    VALUE = "unparsed"


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it stands in its file: ``index`` counts from 0, unreadable rows included. ``raw`` is the row's exact
    bytes, in JSON lines with the line end; b"" in parquet."""

    file: str
    index: int
    raw: bytes
    value: object


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not be read, and why. ``ends_file``: neither could anything after it."""

    file: str
    index: int
    reason: str
    ends_file: bool = False


class Kind(Enum):
    """What a piece is. A row too long to hold comes as parts, the last with its ``Unreadable``. A separator stands
    between two rows; a gap is anything else, such as a blank line."""

    ROW = "row"
    PART = "part"
    SEPARATOR = "separator"
    GAP = "gap"


@dataclass(slots=True)
class Piece:
    """Some bytes of a file; ``item`` for the piece that ends a row. The pieces of a file, joined, are the file."""

    raw: bytes
    kind: Kind
    item: Record | Unreadable | None = None
