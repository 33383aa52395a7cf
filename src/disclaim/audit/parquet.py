"""Parquet files, a batch of rows at a time. A batch's rows are plain Python values; its columns stay Arrow."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from disclaim.audit.pieces import Record, Unreadable
from disclaim.audit.streams import is_bomb, open_seekable
from disclaim.errors import DataError, MissingDependencyError

#: How much of a row group is taken at a time, by its own account of its size.
_BATCH_BYTES = 8_000_000
_MAX_BATCH_ROWS = 1024


def import_parquet() -> tuple[ModuleType, ModuleType]:
    """pyarrow and pyarrow.parquet. Raises MissingDependencyError where they are absent."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise MissingDependencyError("pyarrow", "data", "a .parquet file") from error
    return pyarrow, parquet


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """The file as pyarrow's ParquetFile. Raises DataError where it is none, or expands beyond reason."""
    _, parquet = import_parquet()
    with open_seekable(path) as file:
        with translate_arrow_errors(path):
            opened = parquet.ParquetFile(file)
            _require_sound(opened.metadata, path)
        yield opened


@contextmanager
def translate_arrow_errors(path: Path) -> Iterator[None]:
    """Turn what pyarrow says of a damaged file into DataError."""
    pyarrow, _ = import_parquet()
    try:
        yield
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path} cannot be read as parquet: {error}", "write it anew from its source") from error


def batches(opened: Any, path: Path, group: int) -> Iterator[Any]:
    """The record batches of one row group, in order. Raises DataError where the data is damaged."""
    info = opened.metadata.row_group(group)
    row_bytes = max(info.total_byte_size // max(info.num_rows, 1), 1)
    size = min(max(_BATCH_BYTES // row_bytes, 1), _MAX_BATCH_ROWS)
    with translate_arrow_errors(path):
        yield from opened.iter_batches(batch_size=size, row_groups=[group], use_threads=False)


def batch_rows(batch: Any, file: str, first: int) -> list[Record | Unreadable]:
    """The rows of a batch, the first of them with index ``first``; a row with a value that Python cannot hold, such as
    text that is not UTF-8, is unreadable."""
    try:
        return [Record(file, first + place, b"", value) for place, value in enumerate(batch.to_pylist())]
    except (ValueError, OverflowError):
        return [_single_row(batch.slice(place, 1), file, first + place) for place in range(batch.num_rows)]


def parquet_rows(path: Path, file: str) -> Iterator[Record | Unreadable]:
    """Every row of the file. Where the file is damaged, one unreadable row stands for the rest."""
    index = 0
    try:
        with open_parquet(path) as opened:
            for group in range(opened.num_row_groups):
                for batch in batches(opened, path, group):
                    yield from batch_rows(batch, file, index)
                    index += batch.num_rows
    except DataError as error:
        yield Unreadable(file, index, error.message, ends_file=True)


def _single_row(batch: Any, file: str, index: int) -> Record | Unreadable:
    try:
        return Record(file, index, b"", batch.to_pylist()[0])
    except (ValueError, OverflowError) as error:
        return Unreadable(file, index, f"a value cannot be read: {error}")


def _require_sound(metadata: Any, path: Path) -> None:
    for group in range(metadata.num_row_groups):
        info = metadata.row_group(group)
        columns = [info.column(number) for number in range(info.num_columns)]
        if is_bomb(sum(c.total_compressed_size for c in columns), sum(c.total_uncompressed_size for c in columns)):
            raise DataError(f"{path}: row group {group} expands beyond reason", "write it anew from its source")


def parquet_writer(file: IO[bytes], schema: Any, metadata: Any) -> Any:
    """A writer with ``schema`` and, column by column, the compression that ``metadata`` tells of."""
    _, parquet = import_parquet()
    codecs: str | dict[str, str] = "snappy"
    if metadata.num_row_groups:
        info = metadata.row_group(0)
        columns = [info.column(number) for number in range(info.num_columns)]
        codecs = {c.path_in_schema: c.compression.replace("UNCOMPRESSED", "NONE") for c in columns} or "snappy"
    return parquet.ParquetWriter(file, schema, compression=codecs)
