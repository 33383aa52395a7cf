"""The files of one run folder, read forgivingly: what cannot be read is kept as a problem and counts as absent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from disclaim.errors import StoreError
from disclaim.store import MANIFEST, read_json, read_text

Row = dict[str, Any]
T = TypeVar("T")

#: What a parser of a line or list item may raise where the item is not what it should be.
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


class StageState(StrEnum):
    """How far a stage got."""

    DONE = "done"
    UNFINISHED = "unfinished"
    ABSENT = "not there"
    NOT_NEEDED = "not needed"


def stage_state(path: Path) -> StageState:
    """Done where the manifest is there, unfinished where anything else is."""
    if (path / MANIFEST).is_file():
        return StageState.DONE
    return StageState.UNFINISHED if path.is_dir() else StageState.ABSENT


def as_mapping(value: object) -> Row:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


class RunFiles:
    """The files below ``root``. ``problems`` holds one sentence for each that could not be read."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[str] = []

    def json(self, path: Path) -> Row:
        """The object in the file; empty where there is none."""
        if not path.is_file():
            return {}
        try:
            found = read_json(path)
        except StoreError as error:
            self.report(path, error.message)
            return {}
        if not isinstance(found, dict):
            self.report(path, "not a JSON object")
        return as_mapping(found)

    def rows(self, path: Path, parse: Callable[[Row], T]) -> tuple[T, ...]:
        """The parsed lines of the file. A torn last line (a stage at work) is left out; of a file with any other
        malformed line nothing is used."""
        if not path.is_file():
            return ()
        try:
            return tuple(parse(row) for row in _lines(read_text(path)))
        except StoreError as error:
            self.report(path, error.message)
        except MALFORMED as error:
            self.report(path, f"holds a line that cannot be used ({type(error).__name__}: {error})")
        return ()

    def items(self, path: Path, what: str, items: object, parse: Callable[[Any], T]) -> tuple[T, ...]:
        """The parsed items of a list that stands in the JSON file at ``path``; none of them where one is malformed."""
        if not isinstance(items, list):
            return ()
        try:
            return tuple(parse(item) for item in items)
        except MALFORMED as error:
            self.report(path, f"{what} cannot be used ({type(error).__name__}: {error})")
            return ()

    def report(self, path: Path, message: str) -> None:
        """Keep a problem with a file, named relative to the run folder."""
        self.problems.append(f"{path.relative_to(self.root)}: {message.replace(f'{self.root}/', '')}")


def _lines(text: str) -> Iterator[Row]:
    # Only "\n" ends a line: answers may hold other line separators, which JSON leaves as they are.
    for line in text[: text.rfind("\n") + 1].split("\n"):
        if line.strip():
            yield json.loads(line)
