"""Stretches of a text: merged, edited, and found again after edits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Offsets ``[start, end)`` of characters.
Stretch = tuple[int, int]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Characters ``[start, end)`` become ``text``."""

    start: int
    end: int
    text: str = ""


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits made that do not overlap."""
    out, at = [], 0
    for edit in sorted(edits):
        out += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*out, text[at:]])


def shift(stretch: Stretch, edits: Iterable[Edit]) -> Stretch | None:
    """Where the stretch stands once the edits are made; None where nothing of it is left."""
    moved_start, moved_end = stretch
    for edit in edits:
        grown = len(edit.text) - (edit.end - edit.start)
        moved_start += _moved(stretch[0], edit, grown, len(edit.text))
        moved_end += _moved(stretch[1], edit, grown, 0)
    return (moved_start, moved_end) if moved_start < moved_end else None


def merge(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The stretches in order, those that overlap or touch made one."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def _moved(position: int, edit: Edit, grown: int, inside: int) -> int:
    """By how much an edit moves a position: one inside what it replaces goes to the new text's end, or its start."""
    if position >= edit.end and (position > edit.start or edit.end > edit.start):
        return grown
    return edit.start + inside - position if position > edit.start else 0
