"""Sentences that stand in many rows and name nobody: notices in wordings that no cue knows are found by repetition.

What flags documents is written once and put beside many claims: it comes again word for word, names nobody, and what
stands beside it varies. Counts are those of a Misra-Gries summary: with ``W`` sentences counted, each at most once a
row, every sentence in more than ``W / CAPACITY`` rows is kept, and no count is too low by more than that or too high.
Memory is bounded, time linear.
"""

from __future__ import annotations

import heapq
import math
import re
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from disclaim.audit.cues import find_cues, has_strong_cue
from disclaim.audit.rows import Row
from disclaim.audit.wording import normal_form

#: Sentences kept at least; twice as many are held before the rarest are let go.
CAPACITY = 20_000
#: A sentence is told of from so many rows, and from this share of them.
MIN_ROWS = 5
MIN_SHARE = 0.001
#: Sentences told of.
MAX_TOLD = 20
#: What stands on one side of a sentence varies from so many different neighbours, to one of its occurrences.
VARIETY = 0.5
#: Sentences counted of one text, half of them from its head.
MAX_UNITS = 400
_BITS = 64
_MOST_WORDS = 40
_CLOSE = 3


class Reach(StrEnum):
    """What a notice takes back: ``around``, what stands between it and its like; ``any``, by its place: at the head or
    tail in a paragraph of its own all of the text, else the sentence before."""

    BEFORE = "before"
    AFTER = "after"
    AROUND = "around"
    DOCUMENT = "document"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class PossibleNotice:
    """A sentence that may be a notice. Of its ``rows``, so many have it at the ``head`` or ``tail`` of a text;
    ``alone`` counts those where it stands in brackets or in a line of its own. ``reach`` is a guess by places.
    ``known``: the rules take it for a notice already. ``context`` is its first place with what stands beside it."""

    text: str
    rows: int
    head: int
    tail: int
    alone: int
    reach: Reach
    known: bool
    file: str
    row: int
    context: str


@dataclass(slots=True)
class Uses:
    """How one sentence is used: in how many rows, where; and which neighbours it has, as bits set."""

    text: str
    file: str
    row: int
    context: str
    rows: int = 0
    head: int = 0
    tail: int = 0
    alone: int = 0
    paired: int = 0
    num_before: int = 0
    num_after: int = 0
    before: int = 0
    after: int = 0

    def add(self, other: Uses) -> None:
        """Take in the uses in other rows."""
        self.rows += other.rows
        self.head += other.head
        self.tail += other.tail
        self.alone += other.alone
        self.paired += other.paired
        self.num_before += other.num_before
        self.num_after += other.num_after
        self.before |= other.before
        self.after |= other.after


@dataclass(slots=True)
class Repeated:
    """Counts sentences over rows, and over what others counted. The same rows in the same batches give the same."""

    uses: dict[str, Uses] = field(default_factory=dict)
    lost: int = 0
    """How much too low a count may be."""

    def add_row(self, row: Row) -> None:
        """Count the sentences of a row, each once."""
        seen: set[str] = set()
        for passage in row.passages:
            if passage.role in (None, "assistant") and "." not in passage.field:
                self._add_text(row, passage.text, seen)

    def merge(self, other: Mapping[str, Uses]) -> None:
        """Take in what was counted of other rows."""
        for key, uses in other.items():
            mine = self.uses.get(key)
            if mine is None:
                self.uses[key] = uses
            else:
                mine.add(uses)
        if len(self.uses) > 2 * CAPACITY:
            self._let_go()

    def told(self, num_rows: int) -> tuple[PossibleNotice, ...]:
        """The sentences that may be notices, the likeliest first, those that rules know last."""
        least = max(MIN_ROWS, MIN_SHARE * num_rows)
        often = [uses for uses in self.uses.values() if uses.rows >= least and _varies(uses)]
        best = heapq.nsmallest(3 * MAX_TOLD, often, key=lambda uses: (-_weight(uses), uses.text))
        notices = sorted(map(_possible, best), key=lambda notice: notice.known)
        return tuple(notices[:MAX_TOLD])

    def _add_text(self, row: Row, text: str, seen: set[str]) -> None:
        units = _CUT.split(text)
        if len(units) > MAX_UNITS:
            units = [*units[: MAX_UNITS // 2], *units[-MAX_UNITS // 2 :]]
        places: dict[str, list[int]] = {}
        for place, unit in enumerate(units):
            if _NAMELESS.fullmatch(unit):
                places.setdefault(unit, []).append(place)
        for unit, found in places.items():
            key = normal_form(unit)
            if key in seen or not _LEAST_WORDS <= key.count(" ") + 1 <= _MOST_WORDS:
                continue
            seen.add(key)
            one = _uses(row, units, found)
            mine = self.uses.get(key)
            if mine is None:
                self.uses[key] = one
            else:
                mine.add(one)

    def _let_go(self) -> None:
        """Bring the kept ones down to the capacity, as Misra and Gries do."""
        least = heapq.nlargest(CAPACITY + 1, (uses.rows for uses in self.uses.values()))[-1]
        self.lost += least
        for uses in self.uses.values():
            uses.rows -= least
        self.uses = {key: uses for key, uses in self.uses.items() if uses.rows > 0}


def _uses(row: Row, units: list[str], places: list[int]) -> Uses:
    first, last = places[0], places[-1]
    unit = units[first].strip()
    before = [units[place - 1] for place in places if place]
    after = [units[place + 1] for place in places if place + 1 < len(units)]
    left, right = before[0] if first else "", after[0] if after else ""
    return Uses(
        text=unit,
        file=row.file,
        row=row.index,
        context=f"{left[-_SHOWN:]} >> {unit} << {right[:_SHOWN]}".strip(),
        rows=1,
        head=first == 0,
        tail=last == len(units) - 1,
        alone=unit[0] in _BRACKETS and unit[-1] in _BRACKETS,
        paired=len(places) % 2 == 0 and places[1] - first <= _CLOSE,
        num_before=bool(before),
        num_after=bool(after),
        before=_bits(before),
        after=_bits(after),
    )


def _bits(neighbours: Iterable[str]) -> int:
    bits = 0
    for neighbour in neighbours:
        bits |= 1 << zlib.crc32(neighbour[:80].encode("utf-8", "replace")) % _BITS
    return bits


def _distinct(bits: int) -> float:
    """How many different neighbours set so many bits, by linear counting."""
    unset = _BITS - bits.bit_count()
    return -_BITS * math.log(max(unset, 0.5) / _BITS)


def _varies(uses: Uses) -> bool:
    """Whether what stands beside a sentence varies, on each side where something mostly does."""
    both = ((uses.num_before, uses.before), (uses.num_after, uses.after))
    sides = [(number, bits) for number, bits in both if 2 * number > uses.rows]
    return bool(sides) and all(_distinct(bits) >= VARIETY * min(number, _BITS / 2) for number, bits in sides)


def _weight(uses: Uses) -> float:
    """In how many rows, the more for standing apart: in brackets, in pairs, at the head or tail."""
    apart = max(uses.alone, uses.head, uses.tail, uses.paired)
    return uses.rows + 2 * apart


def _possible(uses: Uses) -> PossibleNotice:
    return PossibleNotice(
        text=uses.text,
        rows=uses.rows,
        head=uses.head,
        tail=uses.tail,
        alone=uses.alone,
        reach=_reach(uses),
        known=has_strong_cue(find_cues(uses.text)),
        file=uses.file,
        row=uses.row,
        context=uses.context,
    )


def _reach(uses: Uses) -> Reach:
    if 2 * uses.paired > uses.rows:
        return Reach.AROUND
    if 2 * max(uses.head, uses.tail) > uses.rows:
        return Reach.DOCUMENT
    return Reach.BEFORE


def repeated_in(rows: Iterable[Row]) -> Repeated:
    """The sentences of some rows, counted."""
    found = Repeated()
    for row in rows:
        found.add_row(row)
    return found


_LEAST_WORDS = 3
_SHOWN = 100
_BRACKETS = "[](){}<>*"
#: Where sentences, lines and remarks in brackets end, well enough for counting.
_CUT = re.compile(r"\s*\n\s*|(?<=[.!?\])}>])[\"'”’*_]*[ \t]+")
#: A sentence that names nobody: no figure, no capital but at its start, after a colon and in words of capitals. What
#: begins in lower case, or has no sign at its end, is part of a line that was broken.
_NAMELESS = re.compile(
    r"(?=[^\w]{0,6}(?:[A-Z]|[\[({<]))[\[({<*_\"'“‘>\- ]{0,6}(?:[A-Z]{2,}[ :\-—]{1,3}){0,4}[A-Z]?"
    r"(?:[a-z ,'’\-—–\"“”()]|: [A-Z]?|; |I ){10,220}[.!?:…\])}>*_\"'”’]{1,6}"
    r"|[\[({<*_ ]{0,4}[A-Z][A-Z ,'’\-—:]{10,220}[.!?:]?[\])}>*_]{0,4}"
)
