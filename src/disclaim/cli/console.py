"""How the command line speaks: data on stdout, progress and errors on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from disclaim import records
from disclaim.errors import DisclaimError
from disclaim.store import to_json


def print_json(value: object) -> None:
    """One JSON object on stdout."""
    print(json.dumps(to_json(value), ensure_ascii=False, allow_nan=False))


def print_error(error: DisclaimError) -> None:
    """What happened, then what to do."""
    print(f"error: {error.message}", file=sys.stderr)
    if error.hint:
        print(f"hint: {error.hint}", file=sys.stderr)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "") -> None:
    """A table on stdout; plain enough to read without colour."""
    table = Table(*map(escape, columns), title=escape(title) or None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(escape("" if cell is None else str(cell)) for cell in row))
    width = None if sys.stdout.isatty() else 160
    Console(file=sys.stdout, width=width, highlight=False).print(table)


def print_note(text: str) -> None:
    """A line for the person at the terminal, on stderr."""
    print(text, file=sys.stderr)


@contextmanager
def show_progress() -> Iterator[records.OnProgress]:
    """A listener that draws one bar per stage on a terminal, and prints plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield _PlainLines()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        yield _Bars(bars)


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: records.Progress) -> None:
        if progress.stage not in self._tasks:
            self._tasks[progress.stage] = self._bars.add_task(escape(progress.stage), total=progress.total, note="")
        self._bars.update(self._tasks[progress.stage], completed=progress.done, note=escape(progress.note))


class _PlainLines:
    """One line a stage at its start, then at each quarter."""

    def __init__(self) -> None:
        self._quarter: dict[str, int] = {}

    def __call__(self, progress: records.Progress) -> None:
        quarter = int(4 * progress.done / progress.total) if progress.total else 4
        if self._quarter.get(progress.stage) == quarter:
            return
        self._quarter[progress.stage] = quarter
        note = f" ({progress.note})" if progress.note else ""
        print(
            f"{progress.stage}: {progress.done:.0f}/{progress.total:.0f} {progress.unit}{note}",
            file=sys.stderr,
            flush=True,
        )
