"""Byte streams of data files: compression told by the name, and guards against streams that never end."""

from __future__ import annotations

import glob
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import IO, Any

from disclaim.errors import DataError, MissingDependencyError
from disclaim.store import is_held, open_binary, scratch_file, write_atomically, written_path

#: A stream that expands further than this, beyond the first ``SAFE_BYTES``, is not read on. Text expands 3 to 20-fold.
MAX_EXPANSION = 300
SAFE_BYTES = 256_000_000
BUFFER_BYTES = 1 << 20
#: Compressed zstandard bytes taken at a time: at worst they expand to about 130 MB.
_ZSTD_BYTES = 4096


def compression_of(path: Path) -> str:
    """ ".gz", ".zst" or "", by the name."""
    ending = path.suffix.lower()
    return ending if ending in {".gz", ".zst"} else ""


def is_bomb(compressed: int, expanded: int) -> bool:
    """Whether so many bytes from so few can be no text."""
    return expanded > SAFE_BYTES and expanded > MAX_EXPANSION * max(compressed, 1)


@contextmanager
def open_stream(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, decompressed as they are read. Reading raises DataError where the compressed data is cut off,
    damaged, or expands beyond reason."""
    with open_binary(path) as file:
        compression = compression_of(path)
        if not compression:
            yield file
            return
        inner: Any = gzip.GzipFile(fileobj=file) if compression == ".gz" else _ZstdReader(file)
        with io.BufferedReader(_Guarded(inner, file), BUFFER_BYTES) as stream:
            yield stream


@contextmanager
def open_seekable(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, to be read out of order: a compressed file is expanded into a scratch file first."""
    if not compression_of(path):
        with open_binary(path) as file:
            yield file
        return
    with scratch_file() as scratch:
        with open_stream(path) as stream:
            while chunk := stream.read(BUFFER_BYTES):
                scratch.write(chunk)
        scratch.seek(0)
        yield scratch


@contextmanager
def write_stream(path: Path) -> Iterator[IO[bytes]]:
    """A stream into ``path``, compressed as its name says. The file appears when the block ends, whole or not at all;
    the same bytes give the same file."""
    with write_atomically(path) as file:
        compression = compression_of(path)
        if compression == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as zipped:
                yield zipped  # type: ignore[misc]
        elif compression == ".zst":
            with import_zstandard().ZstdCompressor(write_checksum=True).stream_writer(file, closefd=False) as zipped:
                yield zipped
        else:
            yield file


def remove_partial_files(path: Path) -> None:
    """Delete what processes that were killed while they wrote ``path`` left beside it, under the names that
    ``write_atomically`` gives; what a process is at work on stays."""
    path = written_path(path)
    left_behind = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}")
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*"):
        if left_behind.fullmatch(partial.name) and not is_held(partial):
            partial.unlink(missing_ok=True)


def import_zstandard() -> ModuleType:
    """zstandard. Raises MissingDependencyError where it is absent."""
    try:
        import zstandard
    except ModuleNotFoundError as error:
        raise MissingDependencyError("zstandard", "data", "a .zst file") from error
    return zstandard


class _ZstdReader:
    """Reads zstandard frames one after another. The library's own reader takes a cut-off frame for its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._zstandard = import_zstandard()
        self._frame: Any = None
        self._left = memoryview(b"")

    def read(self, size: int) -> bytes:
        """Up to ``size`` bytes; b"" at the end."""
        while not self._left:
            chunk = self._file.read(_ZSTD_BYTES)
            if not chunk:
                if self._frame is not None:
                    raise EOFError
                return b""
            self._left = memoryview(self._expand(chunk))
        out, self._left = self._left[:size], self._left[size:]
        return bytes(out)

    def _expand(self, chunk: bytes) -> bytes:
        out = []
        while chunk:
            if self._frame is None:
                self._frame = self._zstandard.ZstdDecompressor().decompressobj()
            try:
                out.append(self._frame.decompress(chunk))
            except self._zstandard.ZstdError as error:
                raise DataError(f"damaged zstandard data: {error}") from error
            chunk = b""
            if self._frame.eof:
                chunk, self._frame = self._frame.unused_data, None
        return b"".join(out)


class _Guarded(io.RawIOBase):
    """A decompressor that stops where it has expanded ``file`` beyond reason."""

    def __init__(self, inner: Any, file: IO[bytes]) -> None:
        self._inner = inner
        self._file = file
        self._expanded = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            chunk = self._inner.read(len(buffer))
        except EOFError as error:
            raise DataError("the compressed data is cut off") from error
        except (zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"damaged gzip data: {error}") from error
        self._expanded += len(chunk)
        if is_bomb(self._file.tell(), self._expanded):
            raise DataError(f"expands more than {MAX_EXPANSION}-fold")
        buffer[: len(chunk)] = chunk
        return len(chunk)
