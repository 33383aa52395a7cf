"""Data files of users: which there are, and their rows one at a time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path

from disclaim.audit.arrays import json_pieces
from disclaim.audit.jsonl import line_pieces, text_pieces
from disclaim.audit.parquet import import_parquet, parquet_rows
from disclaim.audit.pieces import Kind, Piece, Record, Unreadable
from disclaim.audit.streams import compression_of, import_zstandard, open_stream
from disclaim.errors import DataError, UserError

__all__ = [
    "FileFormat",
    "Record",
    "Unreadable",
    "file_pieces",
    "find_files",
    "format_of",
    "iter_records",
    "require_readers",
]


#: An address, as a path has it: of several slashes one is left.
_REMOTE = re.compile(r"([a-z][a-z0-9+.-]+):/+")


class FileFormat(StrEnum):
    """The kinds of data files, by their endings; each also compressed, as .gz or .zst."""

    JSONL = ".jsonl"
    JSON = ".json"
    PARQUET = ".parquet"
    TXT = ".txt"


def format_of(path: Path) -> FileFormat | None:
    """The format that the name tells of, whether or not compressed; None for other names."""
    name = path.with_suffix("") if compression_of(path) else path
    ending = name.suffix.lower()
    return FileFormat(ending) if ending in set(FileFormat) else None


def require_format(path: Path) -> FileFormat:
    """The format that the name tells of. Raises UserError for other names."""
    found = format_of(path)
    if found is None:
        raise UserError(f"{path} is not a data file by its name", f"known endings: {_endings()}, each also .gz or .zst")
    return found


def find_files(paths: Sequence[Path]) -> tuple[Path, ...]:
    """The data files among ``paths`` and in the folders among them, each once.

    Folders are walked in sorted order, their own files first; other files in them, and names that begin with a dot,
    are passed over. Raises UserError for a path that does not exist, a file of unknown ending, or no file at all.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            found |= dict.fromkeys(_walk(path))
        elif path.is_file():
            require_format(path)
            found[path] = None
        elif path.exists():
            raise UserError(f"{path} is not a file or folder", "save the data to a file first")
        elif scheme := _REMOTE.match(str(path)):
            address = f"{scheme[1]}://{str(path)[scheme.end() :]}"
            raise UserError(f"{address} is not on this machine, and data is read from files", _download(scheme[1]))
        else:
            raise UserError(f"no such file or folder: {path}", "check the path")
    if not found:
        named = ", ".join(map(str, paths)) or "no path"
        raise UserError(f"no data file in {named}", f"known endings: {_endings()}, each also .gz or .zst")
    return tuple(found)


def require_readers(files: Iterable[Path]) -> None:
    """Raise MissingDependencyError where a package to read one of the files is absent."""
    for file in files:
        if compression_of(file) == ".zst":
            import_zstandard()
        if format_of(file) is FileFormat.PARQUET:
            import_parquet()


def iter_records(path: Path, parse: bool = True) -> Iterator[Record | Unreadable]:
    """Every row of the file, in order, counted from 0; blank lines are no rows.

    A row that cannot be read is given as ``Unreadable`` with the reason; where nothing after it can be read either, as
    in a file that is cut off, ``ends_file`` is set and it is the last. Memory is bounded by the longest row read (50
    MB), not by the file. Raises UserError for an unknown ending, StoreError where the system refuses to read,
    MissingDependencyError where a package for this format is absent. Without ``parse`` rows of JSON lines come as bytes
    alone, for ``jsonl.parsed``.
    """
    if require_format(path) is FileFormat.PARQUET:
        yield from parquet_rows(path, str(path))
        return
    for piece in file_pieces(path, parse):
        if piece.item is not None:
            yield piece.item


def file_pieces(path: Path, parse: bool = True) -> Iterator[Piece]:
    """All of a file that is not parquet, decompressed, as pieces that join to its bytes. Damage in the compressed data
    ends it with an ``Unreadable``."""
    file = str(path)
    count = 0
    try:
        for piece in _undamaged_pieces(path, file, parse):
            count += piece.item is not None
            yield piece
    except DataError as error:
        yield Piece(b"", Kind.ROW, Unreadable(file, count, error.message, ends_file=True))


def _undamaged_pieces(path: Path, file: str, parse: bool) -> Iterator[Piece]:
    if format_of(path) is FileFormat.JSON:
        yield from json_pieces(path, file)
        return
    with open_stream(path) as stream:
        yield from text_pieces(stream, file) if format_of(path) is FileFormat.TXT else line_pieces(stream, file, parse)


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if not name.startswith(".") and format_of(path) is not None and path.is_file():
                yield path


def _download(scheme: str) -> str:
    if scheme == "hf":
        return "download it first (`hf download --repo-type dataset NAME --local-dir DIR`) and name the folder"
    return "download it first and name the file or folder"


def _endings() -> str:
    return ", ".join(FileFormat)
