"""Overturns: later sentences that take back earlier ones of the same text, told by several signs together."""

from __future__ import annotations

from collections.abc import Iterator

from disclaim.audit.cues import Meaning, load_audit_cues
from disclaim.audit.evidence import Evidence, most_alike, overlap, quote_segments
from disclaim.audit.reading import Form, Reading, Segment
from disclaim.records import Extent

#: Points from which a sentence overturns an earlier one. A cue gives its own points; denying words that an earlier
#: paragraph stated gives one, two shared words two; standing in the last paragraph gives one.
THRESHOLD = 5
_CONFIDENCE = 0.6


def find_overturns(reading: Reading) -> Iterator[Evidence]:
    """Earlier statements that a sentence of a later paragraph of the same text takes back."""
    segments = reading.segments
    for i, segment in enumerate(segments):
        earlier = [j for j in range(i) if _may_be_overturned(segments[j], segment)]
        if not earlier:
            continue
        alike = most_alike(segments, segment, earlier)
        shared = alike[1] if alike else 0.0
        if _points(reading, i, shared) < THRESHOLD:
            continue
        target = alike[0] if alike is not None and shared >= 1 else _likeliest(segments, i, earlier)
        yield Evidence(
            "NN106",
            quote_segments(reading, target, target),
            quote_segments(reading, i, i),
            Extent.BEFORE,
            _CONFIDENCE,
        )


def _may_be_overturned(said: Segment, by: Segment) -> bool:
    return said.passage == by.passage and said.block < by.block and len(said.words) > 3 and said.form is Form.PLAIN


def _points(reading: Reading, i: int, shared: float) -> float:
    segment = reading.segments[i]
    cues = load_audit_cues()
    near = set(segment.cues)
    for j in (i - 1, i + 1):
        if 0 <= j < len(reading.segments) and reading.segments[j].block == segment.block:
            near |= reading.segments[j].cues
    points = float(sum(cues[name].points for name in near if cues[name].meaning is Meaning.FALSE))
    if not points:
        return 0.0
    if segment.negated:
        points += min(shared, 2.0)
    elif shared >= 2:
        points += 1.0
    return points + (segment.block == reading.segments[-1].block)


def _likeliest(segments: tuple[Segment, ...], i: int, earlier: list[int]) -> int:
    """The earlier sentence that the paragraph of segment ``i`` shares most with; else the first."""
    paragraph = [s for s in segments if s.block == segments[i].block]
    return max(earlier, key=lambda j: (sum(overlap(segments[j], s) for s in paragraph), -j))
