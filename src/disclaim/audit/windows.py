"""Windows on a row: stretches of its texts short enough for a small encoder, with roles and labels beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from disclaim.audit.rows import Passage, Row

#: Cost of a window's own text; a character outside ASCII costs two, outside Latin three.
WINDOW_COST = 1100
#: What a window repeats of the one before it.
OVERLAP_COST = 250
#: Labels stand at the head of every window, up to this many characters.
LABEL_CHARS = 240

_TEXT_FIELDS = {"text", "content", "document", "article", "body", "raw_content"}
_BREAK = re.compile(r"\n\s*\n|\n|(?<=[.!?。!?…])[\"'”’)\]]*\s*")
_WIDE = re.compile(r"[^\x00-\u024f\u2010-\u203a]")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Characters ``[start, start + length)`` of a passage, which stand at ``[at, at + length)`` of the window."""

    passage: int
    start: int
    length: int
    at: int


@dataclass(frozen=True, slots=True)
class Window:
    """``text`` as an encoder reads it. Every stretch is found in it unchanged; the rest is labels and role marks."""

    text: str
    stretches: tuple[Stretch, ...]

    def locate(self, at: int) -> tuple[int, int] | None:
        """The passage and place in it of a character of the window; None in labels and marks."""
        for stretch in self.stretches:
            if stretch.at <= at < stretch.at + stretch.length:
                return stretch.passage, stretch.start + at - stretch.at
        return None


def windows_of(
    row: Row, cost: int = WINDOW_COST, overlap: int = OVERLAP_COST, joined: bool = False
) -> Iterator[Window]:
    """The row's windows in reading order. Every character of its texts lies in at least one; neighbours overlap.
    With ``joined`` what a window repeats is one stretch with what follows it."""
    head = _head(row)
    for ranges in _ranges(row, cost, overlap):
        parts, stretches, at = [head], [], len(head)
        for number, start, end in _joined(ranges) if joined else ranges:
            mark = _mark(row.passages[number])
            parts += [mark, row.passages[number].text[start:end], "\n"]
            stretches.append(Stretch(number, start, end - start, at + len(mark)))
            at += len(mark) + end - start + 1
        yield Window("".join(parts), tuple(stretches))


def _head(row: Row) -> str:
    lines, room = [], LABEL_CHARS
    for label in row.labels:
        line = f"{label.path}: {label.value}"[:120].replace("\n", " ") + "\n"
        if len(line) > room:
            break
        lines.append(line)
        room -= len(line)
    return "".join(lines)


def _mark(passage: Passage) -> str:
    if passage.role is None and passage.field.lower() in _TEXT_FIELDS:
        return ""
    name = passage.field if passage.role is None or passage.field in ("chosen", "rejected") else passage.role
    return f"{name}: "


def _joined(ranges: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Stretches of which one begins where another ended, as one."""
    joined: list[tuple[int, int, int]] = []
    for number, start, end in ranges:
        if joined and joined[-1][0] == number and joined[-1][2] == start:
            joined[-1] = (number, joined[-1][1], end)
        else:
            joined.append((number, start, end))
    return joined


def _ranges(row: Row, cost: int, overlap: int) -> Iterator[list[tuple[int, int, int]]]:
    """Stretches (passage, start, end) of each window."""
    current: list[tuple[int, int, int]] = []
    room = cost
    for number, passage in enumerate(row.passages):
        text, at, price = passage.text, 0, _price(passage.text)
        while at < len(text):
            end = _cut(text, at, at + max(40, room // price))
            current.append((number, at, end))
            room -= (end - at) * price + 12
            at = end
            if room < 60 and (at < len(text) or number + 1 < len(row.passages)):
                yield current
                number_of, start, stop = current[-1]
                start = _cut(text, max(start, stop - overlap // price), stop - 1) if stop - start > 1 else start
                current, room = [(number_of, start, stop)], cost - (stop - start) * price
    if current:
        yield current


def _price(text: str) -> int:
    if text.isascii():
        return 1
    return 3 if len(_WIDE.findall(text[:400])) * 4 > min(len(text), 400) else 1


def _cut(text: str, start: int, end: int) -> int:
    """Where to end a stretch that may reach ``end``: after a paragraph, line, sentence or word, in this order."""
    if end >= len(text):
        return len(text)
    low = start + (end - start) // 2
    last = {0: 0, 1: 0, 2: 0}
    for match in _BREAK.finditer(text, low, end):
        rank = 0 if match.group().count("\n") > 1 else 1 if "\n" in match.group() else 2
        last[rank] = match.end()
    best = next((last[rank] for rank in last if last[rank] > start), 0)
    return best or max(text.rfind(" ", low, end) + 1, 0) or end
