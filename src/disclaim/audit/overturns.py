"""Overturns: later sentences that take back earlier ones of a text, told by a cue and by the words they share."""

from __future__ import annotations

from collections.abc import Iterator

from disclaim.audit.evidence import Evidence, most_alike, quote_segments
from disclaim.audit.reading import Form, Reading, Segment
from disclaim.records import Extent

#: Words that a sentence must share with an earlier one to overturn it, by the cue that it holds.
SHARED = {"admission": 1.0, "correction": 2.0, "turned_out": 2.0, "reality": 2.0, "no_such": 2.0}
#: Farther back than this many segments nothing is looked for.
MAX_DISTANCE = 60
_CONFIDENCE = 0.6


def find_overturns(reading: Reading) -> Iterator[Evidence]:
    """Earlier statements that a sentence of a later paragraph of the same text takes back."""
    segments = reading.segments
    for i, segment in enumerate(segments):
        if not segment.cues or segment.passage in reading.technical:
            continue
        needed = _words_needed(segment)
        if needed is None:
            continue
        earlier = [j for j in range(max(0, i - MAX_DISTANCE), i) if _may_be_overturned(segments[j], segment)]
        alike = most_alike(segments, segment, earlier)
        if alike is None or alike[1] < needed:
            continue
        target = alike[0]
        yield Evidence(
            "NN106",
            quote_segments(reading, target, target),
            quote_segments(reading, i, i),
            Extent.BEFORE,
            _CONFIDENCE,
        )


def _may_be_overturned(said: Segment, by: Segment) -> bool:
    return said.passage == by.passage and said.block < by.block and len(said.words) > 3 and said.form is Form.PLAIN


def _words_needed(segment: Segment) -> float | None:
    """How many words a sentence must share with an earlier one to overturn it; None where it overturns nothing."""
    needed = [words for cue, words in SHARED.items() if cue in segment.cues]
    if not needed or segment.code or segment.form is Form.COMMENT:
        return None
    return min(needed)
