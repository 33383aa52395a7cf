"""Data files written anew with some rows changed: what is not changed stays as it was, to the byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from disclaim.audit.formats import FileFormat, file_pieces, require_format
from disclaim.audit.parquet import batch_rows, batches, import_parquet, open_parquet, parquet_writer
from disclaim.audit.pieces import Kind, Piece, Record, Unreadable
from disclaim.audit.restyle import dump, restyle
from disclaim.audit.streams import write_stream
from disclaim.errors import DataError, UserError


class _Dropped:
    """The type of ``DROPPED``."""

    def __repr__(self) -> str:
        return "DROPPED"


#: What a change gives for a row that is to go.
DROPPED: Final = _Dropped()

_ELSEWHERE = "name --out FILE.jsonl, which takes new columns, or write masks into the text with --format lossmask"

#: The new value of a row: the record's own ``value`` for a row that stays, DROPPED for one that goes. A value is
#: never edited in place.
Change = Callable[[Record], object]


@dataclass(frozen=True, slots=True)
class Written:
    """How many rows a rewritten file was made from, by what became of them: ``unreadable`` rows were copied."""

    rows: int
    changed: int
    dropped: int
    unreadable: int


def rewrite_file(source: Path, target: Path, change: Change) -> Written:
    """Write ``source`` to ``target`` with every readable row as ``change`` wants it.

    Rows that stay, unreadable rows, blank lines and everything between rows are copied byte for byte; so a change that
    changes nothing gives the same decompressed bytes. A changed row keeps the style of its text. Parquet keeps its
    schema, compression and row groups, minus dropped rows; cells that did not change are not converted. The format
    must be the same, the compression is told by the target's name. The target appears whole or not at all, and may
    be the source. Raises DataError where the source cannot be read to its end, or a new value has no place in it.
    """
    if require_format(source) is not require_format(target):
        raise UserError(
            f"{target} is another format than {source}", f"name it {require_format(source).value}, also .gz or .zst"
        )
    if require_format(source) is FileFormat.PARQUET:
        return _rewrite_parquet(source, target, change)
    tally = _Tally()
    with write_stream(target) as stream:
        separator = b""
        num_kept = 0
        for piece in file_pieces(source):
            if piece.kind is Kind.SEPARATOR:
                separator = piece.raw
                continue
            raw = _new_bytes(piece, change, tally, require_format(source))
            if raw is None:
                continue
            if piece.kind is not Kind.GAP:
                raw = (separator if num_kept else b"") + raw
                separator = b""
                num_kept += 1
            stream.write(raw)
    return tally.written()


def write_rows(path: Path, rows: Iterable[Mapping[str, object]]) -> int:
    """Write rows as JSON lines, compressed as the name says; how many there were. The file appears whole or not at
    all. Raises UserError where the name is not that of JSON lines."""
    if require_format(path) is not FileFormat.JSONL:
        raise UserError(f"{path} is not named as JSON lines", "name it .jsonl, also .gz or .zst")
    count = 0
    with write_stream(path) as stream:
        for row in rows:
            stream.write(dump(row).encode() + b"\n")
            count += 1
    return count


class _Tally:
    """Counts of what became of rows."""

    def __init__(self) -> None:
        self.rows = self.changed = self.dropped = self.unreadable = 0

    def written(self) -> Written:
        return Written(self.rows, self.changed, self.dropped, self.unreadable)

    def outcome(self, item: Record | Unreadable, change: Change) -> object:
        """The new value of the row, counted; its own value where it stays."""
        self.rows += 1
        if isinstance(item, Unreadable):
            if item.ends_file:
                raise DataError(
                    f"{item.file}, row {item.index}: {item.reason}", "the file cannot be read to its end; mend it first"
                )
            self.unreadable += 1
            return None
        new = change(item)
        self.dropped += new is DROPPED
        self.changed += new is not DROPPED and new is not item.value
        return new


def _new_bytes(piece: Piece, change: Change, tally: _Tally, written_as: FileFormat) -> bytes | None:
    """The piece's bytes as they are to be written; None for a row that goes."""
    if piece.item is None:
        return piece.raw
    new = tally.outcome(piece.item, change)
    if new is DROPPED:
        return None
    if isinstance(piece.item, Unreadable) or new is piece.item.value:
        return piece.raw
    if written_as is FileFormat.TXT:
        if not (isinstance(new, Mapping) and set(new) == {"text"} and isinstance(new["text"], str)):
            raise DataError(f"{piece.item.file}: a text file has no place for masks", _ELSEWHERE)
        return str(new["text"]).encode()
    return restyle(piece.raw, new)


def _rewrite_parquet(source: Path, target: Path, change: Change) -> Written:
    pyarrow, _ = import_parquet()
    tally = _Tally()
    with open_parquet(source) as opened, write_stream(target) as stream:
        schema = opened.schema_arrow
        with parquet_writer(stream, schema, opened.metadata) as writer:
            for group in range(opened.num_row_groups):
                tables = [_new_table(batch, change, tally, source) for batch in batches(opened, source, group)]
                table = pyarrow.concat_tables(tables) if tables else schema.empty_table()
                if table.num_rows:
                    writer.write_table(table, row_group_size=table.num_rows)
    return tally.written()


def _new_table(batch: Any, change: Change, tally: _Tally, source: Path) -> Any:
    """The batch as a table, with changed cells replaced and dropped rows left out."""
    pyarrow, _ = import_parquet()
    kept: list[int] = []
    cells: dict[str, dict[int, object]] = {}
    for place, item in enumerate(batch_rows(batch, str(source), tally.rows)):
        new = tally.outcome(item, change)
        if new is DROPPED:
            continue
        kept.append(place)
        if isinstance(item, Record) and new is not item.value:
            for name, value in _changed_cells(item, new, batch.schema.names).items():
                cells.setdefault(name, {})[place] = value
    table = pyarrow.Table.from_batches([batch])
    for name, values in cells.items():
        number = batch.schema.get_field_index(name)
        table = table.set_column(number, batch.schema.field(number), _new_column(table.column(number), values, source))
    return table if len(kept) == batch.num_rows else table.take(pyarrow.array(kept, pyarrow.int64()))


def _changed_cells(item: Record, new: object, names: list[str]) -> dict[str, object]:
    if not isinstance(new, Mapping) or not isinstance(item.value, dict):
        raise DataError(f"{item.file}, row {item.index}: a row of parquet is an object", _ELSEWHERE)
    for name in new:
        if name not in names:
            raise DataError(f"{item.file} has no column {name}", _ELSEWHERE)
    return {name: new.get(name) for name in item.value if new.get(name) is not item.value[name]}


def _new_column(column: Any, values: Mapping[int, object], source: Path) -> Any:
    """The column with some cells replaced; the others keep their Arrow values."""
    pyarrow, _ = import_parquet()
    chunks, at = [], 0
    for place, value in sorted(values.items()):
        try:
            cell = pyarrow.array([value], column.type)
        except (pyarrow.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise DataError(f"{source}: a new value does not fit its column of {column.type}: {error}") from error
        chunks += [*column.slice(at, place - at).chunks, cell]
        at = place + 1
    return pyarrow.chunked_array([*chunks, *column.slice(at).chunks], column.type)
