"""The only module that opens run files: JSON lines, atomic manifests, content keys, stage folders.

A stage folder is *done* when its ``manifest.json`` exists, which is written last and atomically. Its
``inputs.json`` is written first and says what the stage was started with: the same inputs resume or skip,
different inputs are refused, never mixed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import IO, Any

from disclaim.errors import PathError, StageMismatchError, StoreError
from disclaim.errors import translate_os_errors as translate_os_errors

Json = dict[str, Any]

MANIFEST = "manifest.json"
INPUTS = "inputs.json"


def to_json(value: object) -> Any:
    """Plain JSON for records: dataclasses become dicts, defaults kept, enums values, paths strings, tuples lists."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: to_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(to_json(k)): to_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(v) for v in value]
    return value


def content_key(*parts: object) -> str:
    """A 16-hex-digit key of any JSON-like parts; equal parts give equal keys on every machine."""
    blob = json.dumps(to_json(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(blob.encode()).hexdigest()[:16]


def dump_line(value: object) -> str:
    """One JSON line, without its newline. NaN is refused: missing is null."""
    return json.dumps(to_json(value), ensure_ascii=False, allow_nan=False, separators=(", ", ": "))


def write_text(path: Path, text: str) -> None:
    """Write a file atomically: a reader sees the old content or the new, never a part."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, blob: bytes) -> None:
    """Write a file atomically: a reader sees the old content or the new, never a part."""
    with write_atomically(path) as file:
        file.write(blob)


@contextmanager
def write_atomically(path: Path) -> Iterator[IO[bytes]]:
    """A file to write piece by piece, which takes its name when the block ends; where the block raises, ``path`` stays
    as it was and nothing is left behind. A link stays one: the file it names is written. A device or a pipe is written
    to as it is. Raises PathError for a file that is read-only, which is another's or kept on purpose."""
    with translate_os_errors(path, "write"):
        if is_stream(path):
            with path.open("ab") as file:
                yield file
            return
        final = written_path(path)
        mode = _writable_mode(final)
        final.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=final.parent, prefix=f".{final.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                with contextlib.suppress(OSError):  # by its lock a file at work is told from a dead process's
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.chmod(temporary, mode)
            os.replace(temporary, final)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def is_stream(path: Path) -> bool:
    """Whether the path is a device, a pipe or one of the process's own open files: nothing can take its place."""
    if path.is_relative_to("/dev") or path.is_relative_to("/proc"):
        return path.exists() and not path.is_dir()
    return path.exists() and not path.is_file() and not path.is_dir()


def written_path(path: Path) -> Path:
    """Where a file of that name is written: what a link names, else the path itself."""
    return path.resolve() if path.is_symlink() else path


def _writable_mode(path: Path) -> int:
    if not path.is_file():
        return 0o644
    mode = path.stat().st_mode & 0o777
    if not mode & 0o222 or not os.access(path, os.W_OK):  # root may write anything, and should not
        raise PathError(f"cannot write {path}: it is read-only", f"choose another place, or `chmod u+w {path}` first")
    return mode


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """The file, open for reading its bytes; a read that the system refuses raises StoreError."""
    with translate_os_errors(path, "read"), path.open("rb") as file:
        yield file


@contextmanager
def scratch_file() -> Iterator[IO[bytes]]:
    """A file without a name, gone when the block ends: for what must lie on disk to be read out of order."""
    with tempfile.TemporaryFile() as file:
        yield file


def write_json(path: Path, value: object) -> None:
    """Write indented JSON atomically."""
    write_text(path, json.dumps(to_json(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_text(path: Path) -> str:
    """The file's text."""
    with translate_os_errors(path, "read"):
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise StoreError(f"{path} is not UTF-8 text: {error.reason}", "save it as UTF-8") from error


def read_bytes(path: Path) -> bytes:
    """The file's bytes."""
    with translate_os_errors(path, "read"):
        return path.read_bytes()


def read_json(path: Path) -> Any:
    """The parsed file; a StoreError that names the place where it is not JSON."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        # Only what a stage wrote may be deleted: any other file may be the user's own, and its only copy.
        made = path.name in (MANIFEST, INPUTS) or (path.parent / INPUTS).is_file()
        hint = f"delete {path} and run the same command again: that stage is made anew" if made else "check the file"
        raise StoreError(f"{path} is not valid JSON (line {error.lineno}: {error.msg})", hint) from error


def write_jsonl(path: Path, rows: Iterable[object]) -> None:
    """Write all rows atomically, one JSON object a line."""
    write_text(path, "".join(dump_line(row) + "\n" for row in rows))


def read_jsonl(path: Path) -> list[Json]:
    """All rows. A malformed line is an error that names it, never skipped."""
    rows: list[Json] = []
    # Only "\n" ends a line: texts may hold other line separators, which JSON leaves as they are.
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            raise StoreError(f"{path}, line {number}: not valid JSON ({error.msg})") from error
    return rows


class JsonlLog(contextlib.AbstractContextManager["JsonlLog", None]):
    """An append-only JSON-lines file that survives a kill: a torn last line is cut off on opening."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with translate_os_errors(path, "open"):
            path.parent.mkdir(parents=True, exist_ok=True)
            _cut_torn_line(path)
            # Unbuffered: rows that a full disk refused must not be tried again on closing.
            self._file: IO[bytes] = path.open("ab", buffering=0)

    def append(self, rows: Iterable[object]) -> None:
        """Write the rows and push them to disk before returning."""
        with translate_os_errors(self.path, "write"):
            left = "".join(dump_line(row) + "\n" for row in rows).encode()
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())

    def rows(self) -> list[Json]:
        """What is in the file now."""
        return read_jsonl(self.path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __exit__(self, *exc: object) -> None:
        self.close()


def _cut_torn_line(path: Path) -> None:
    blob = path.read_bytes() if path.exists() else b""
    if blob and not blob.endswith(b"\n"):
        with path.open("r+b") as file:
            file.truncate(blob.rfind(b"\n") + 1)


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage's folder, opened with the inputs it stands for.

    ``inputs`` is everything that decides the outcome (settings, seeds, keys of earlier stages, versions).
    """

    path: Path
    inputs: Json

    @property
    def key(self) -> str:
        """The content key of the inputs."""
        return content_key(self.inputs)

    def is_done(self) -> bool:
        """Whether the stage finished with exactly these inputs."""
        return (self.path / MANIFEST).exists()

    def manifest(self) -> Json:
        """What was recorded when the stage finished."""
        manifest: Json = read_json(self.path / MANIFEST)
        return manifest

    def finish(self, results: Mapping[str, object]) -> None:
        """Write the manifest, which makes the stage done. ``results`` are counts and figures to keep."""
        write_json(self.path / MANIFEST, {"key": self.key, "inputs": self.inputs, "results": dict(results)})


def name_stage(path: Path, inputs: Mapping[str, object]) -> Stage:
    """The stage at ``path`` for these inputs. Touches no file."""
    return Stage(path, to_json(dict(inputs)))


def require_same_inputs(stage: Stage) -> None:
    """Raise StageMismatchError where the folder was started with other inputs, naming those that differ."""
    for name in (MANIFEST, INPUTS):
        file = stage.path / name
        if not file.exists():
            continue
        found = read_json(file)
        recorded = found.get("inputs") if isinstance(found, dict) else None
        if not isinstance(recorded, dict):
            raise StoreError(f"{file} is not a stage record", f"delete {stage.path} and run again")
        if content_key(recorded) != stage.key:
            what = f"{stage.path} was made with other settings: {describe_difference(recorded, stage.inputs)}"
            raise StageMismatchError(what, "choose another --out")


def require_free_folder(folder: Path, *marks: str) -> None:
    """Raise StageMismatchError where the path is a file, or a folder that holds something and none of ``marks``."""
    if folder.exists() and not folder.is_dir():
        raise StageMismatchError(f"{folder} is a file", "choose a folder for --out")
    with translate_os_errors(folder, "read"):
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if not names.intersection(marks) and any(not name.startswith(".") for name in names):
        raise StageMismatchError(f"{folder} holds files that are no run", "choose another --out")


def open_stage(path: Path, inputs: Mapping[str, object]) -> Stage:
    """The stage folder at ``path`` for these inputs, created if absent.

    Raises StageMismatchError where the folder was started with other inputs, naming those that differ.
    """
    stage = name_stage(path, inputs)
    with translate_os_errors(path, "open"):
        require_same_inputs(stage)
        if not (path / MANIFEST).exists():
            write_json(path / INPUTS, {"key": stage.key, "inputs": stage.inputs})
    return stage


def reopen_stage(path: Path, inputs: Mapping[str, object]) -> Stage:
    """The stage folder for these inputs; what was made there with other inputs is deleted first.

    For stages that cost nothing to make again and that the user asked to be made again.
    """
    stage = name_stage(path, inputs)
    try:
        require_same_inputs(stage)
    except StageMismatchError:
        with translate_os_errors(path, "delete"):
            shutil.rmtree(path)
    return open_stage(path, inputs)


def describe_difference(recorded: Json, asked: Json) -> str:
    """The first three keys whose values differ, and how many more there are."""
    shown = list(_differences(recorded, asked, ""))
    return "; ".join(shown[:3]) + (f"; and {len(shown) - 3} more" if len(shown) > 3 else "")


def _differences(recorded: Json, asked: Json, group: str) -> Iterator[str]:
    """The keys whose values differ, by their dotted path."""
    for key in sorted({*recorded, *asked}):
        before, now = recorded.get(key), asked.get(key)
        if isinstance(before, dict) and isinstance(now, dict):
            yield from _differences(before, now, f"{group}{key}.")
        elif before != now:
            yield f"{group}{key} was {_short(before)}, now {_short(now)}"


def _short(value: object) -> str:
    return text if len(text := json.dumps(value, ensure_ascii=False)) <= 60 else text[:57] + "..."


@contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold a run folder for one process; a second one is refused. The lock dies with its process."""
    path = folder / ".lock"
    with translate_os_errors(path, "open"):
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise StoreError(
                f"another process is working in {folder}", "wait for it, or work in another folder"
            ) from error
        yield
    finally:
        file.close()


@contextmanager
def share(folder: Path) -> Iterator[None]:
    """Work in a folder beside other processes: until the block ends, ``remove_leftovers`` leaves all in it alone."""
    with _opened(folder) as handle:
        with contextlib.suppress(OSError):  # a file system without locks: then nothing is ever removed there
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield


def remove_leftovers(folder: Path, pattern: str) -> None:
    """Delete the subfolders that killed processes left behind; nothing where a process shares the folder now."""
    found = list(folder.glob(pattern))
    if not found:
        return
    with _opened(folder) as handle, contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for leftover in found:
            shutil.rmtree(leftover, ignore_errors=True)


@contextmanager
def _opened(folder: Path) -> Iterator[int]:
    with translate_os_errors(folder, "open"):
        handle = os.open(folder, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)


def is_locked(folder: Path) -> bool:
    """Whether a process is working in the run folder now."""
    return is_held(folder / ".lock")


def is_held(path: Path) -> bool:
    """Whether a process holds the file's lock; no file is held by none."""
    if not path.exists():
        return False
    with translate_os_errors(path, "open"), path.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        return False
