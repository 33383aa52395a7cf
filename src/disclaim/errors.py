"""Everything disclaim raises on purpose, and the exit code each has on the command line.

DisclaimError                 the root; catch this one
├── UserError          (2)    the user asked for something wrong
│   ├── UnknownNameError      no claim, condition, study, model ... of that name
│   ├── ClaimError            a claim folder that cannot be used
│   ├── StudyError            a study file that cannot be used
│   ├── DataError             a data file that cannot be read as what it should be
│   └── StageMismatchError    a run folder holds other settings than those asked for
└── RunError           (1)    the run failed for a reason that is not a bug
    ├── ModelError            a model could not be found, loaded or used
    ├── StoreError            a run file could not be written or read (full disk, corrupt)
    │   └── PathError  (2)    a path cannot be used as it was given: not there, no permission, a file for a folder
    └── MissingDependencyError (2)  an optional package is not installed

Each message says what happened and where; ``hint`` says what to do. To add one: give it a branch above, a
line in this tree, and a test that shows its message.
"""

from __future__ import annotations

import difflib
import errno
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


class DisclaimError(Exception):
    """The root. ``hint`` is one line on what to do, or empty."""

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\nhint: {self.hint}" if self.hint else self.message


class UserError(DisclaimError):
    """The user asked for something wrong."""

    exit_code = 2


class UnknownNameError(UserError):
    """No such thing: says the nearest known names."""

    def __init__(self, what: str, name: str, known: Iterable[str], hint: str = "") -> None:
        super().__init__(f"unknown {what}: {name}", hint or nearest_hint(name, known))


class ClaimError(UserError):
    """A claim folder that cannot be used."""


class StudyError(UserError):
    """A study file that cannot be used."""


class DataError(UserError):
    """A data file that cannot be read as what it should be."""


class StageMismatchError(UserError):
    """A run folder holds other settings than those asked for."""


class RunError(DisclaimError):
    """The run failed for a reason that is not a bug."""


class ModelError(RunError):
    """A model could not be found, loaded or used."""


class StoreError(RunError):
    """A run file could not be written or read."""


class PathError(StoreError):
    """A path cannot be used as it was given."""

    exit_code = 2


class MissingDependencyError(RunError):
    """An optional package is not installed."""

    exit_code = 2

    def __init__(self, package: str, extra: str, what_for: str) -> None:
        super().__init__(f"{what_for} needs {package}", f"pip install 'disclaim[{extra}]'")


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """A hint naming the closest known names, or all of them where none is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known: {', '.join(names)}" if names else ""


@contextmanager
def translate_os_errors(path: Path, action: str) -> Iterator[None]:
    """Turn an operating-system error, also one that a library reports in its own words, into a StoreError that says
    what to do."""
    try:
        yield
    except Exception as error:
        code = _system_code(error)
        if code is None:
            raise
        reason = os.strerror(code) if code else str(error)
        hint = _PATH_HINTS.get(code) or (_FULL if code in (errno.ENOSPC, errno.EDQUOT) else "")
        raise (PathError if code in _PATH_HINTS else StoreError)(f"cannot {action} {path}: {reason}", hint) from error


_FULL = "free some disk space and run the same command again; finished work is kept"
_PATH_HINTS = {
    errno.EROFS: "the file system is read-only; choose a place on another",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "no permission; choose another place or change its permissions"),
    errno.ENOENT: "check the path",
    **dict.fromkeys((errno.EEXIST, errno.ENOTDIR), "a part of the path is a file; choose another place"),
    errno.EFBIG: "the file would be larger than is allowed here; choose another place",
    errno.EISDIR: "the path is a folder where a file was expected",
}


def _system_code(error: Exception) -> int | None:
    """The number of the system's error, 0 where it has none; None for errors of another kind. Libraries written in
    Rust, such as safetensors, name the number at the end of their message."""
    if isinstance(error, OSError):
        return error.errno or 0
    told = re.search(r"\(os error (\d+)\)$", str(error))
    return int(told[1]) if told else None
