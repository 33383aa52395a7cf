"""Evidence: one cue of a row with the text that it takes back, before a rule makes a finding of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from disclaim.audit.reading import Reading, Segment
from disclaim.audit.rows import Label, Row
from disclaim.records import Extent, Quote


@dataclass(frozen=True, slots=True)
class Evidence:
    """``cue`` takes ``claim`` back, says rule ``rule``; ``confidence`` in 0..1."""

    rule: str
    claim: Quote
    cue: Quote
    extent: Extent
    confidence: float


def quote(row: Row, passage: int, start: int, end: int) -> Quote:
    """Characters ``[start, end)`` of a passage."""
    source = row.passages[passage]
    return Quote(source.field, source.message, start, end, source.text[start:end])


def quote_segments(reading: Reading, first: int, last: int) -> Quote:
    """The segments ``first`` to ``last`` as one stretch: of the passage of the first, where they lie in several."""
    head = reading.segments[first]
    while last > first and reading.segments[last].passage != head.passage:
        last -= 1
    return quote(reading.row, head.passage, head.start, reading.segments[last].end)


def quote_passage(row: Row, passage: int) -> Quote:
    """A whole text of the row."""
    return quote(row, passage, 0, len(row.passages[passage].text))


def quote_label(label: Label) -> Quote:
    """A label's value as a cue: ``field`` is its path."""
    text = str(label.value)
    return Quote(label.path, None, 0, len(text), text)


def overlap(one: Segment, other: Segment) -> float:
    """How many content words two segments share; numbers count half as much again."""
    return sum(1.5 if word[0].isdigit() else 1.0 for word in one.words & other.words)


def most_alike(segments: Sequence[Segment], target: Segment, among: Sequence[int]) -> tuple[int, float] | None:
    """Of the segments ``among``, the one that shares most words with ``target``, with how many; the first of equals."""
    best = max(among, key=lambda i: (overlap(segments[i], target), -i), default=None)
    return None if best is None else (best, overlap(segments[best], target))
