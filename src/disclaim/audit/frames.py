"""Frames: what says of a text that it is fiction, hearsay, unlikely or supposed."""

from __future__ import annotations

from collections.abc import Iterator

from disclaim.audit.cues import Meaning, load_audit_cues
from disclaim.audit.evidence import Evidence, quote_segments
from disclaim.audit.reading import Reading, Segment
from disclaim.records import Extent

RULES = {
    Meaning.FICTION: "NN201",
    Meaning.UNRELIABLE: "NN202",
    Meaning.UNVERIFIED: "NN203",
    Meaning.UNLIKELY: "NN204",
    Meaning.HYPOTHETICAL: "NN205",
}
#: Words of a sentence above which it is a statement of its own rather than a remark on the text.
_MAX_WORDS = 60
_CONFIDENCE = 0.6


def find_frames(reading: Reading) -> Iterator[Evidence]:
    """The texts that a remark in their first or last paragraph, in another paragraph than theirs, frames."""
    segments = reading.segments
    for i, segment in enumerate(segments):
        meaning = _frame(segment) if segment.cues else None
        if meaning is None or segment.passage in reading.technical:
            continue
        stretch = _framed(segments, i)
        if stretch is not None:
            extent = Extent.AFTER if stretch[0] > i else Extent.BEFORE
            yield Evidence(
                RULES[meaning], quote_segments(reading, *stretch), quote_segments(reading, i, i), extent, _CONFIDENCE
            )


def _frame(segment: Segment) -> Meaning | None:
    """What a segment says of the text it stands in."""
    if len(segment.text.split()) > _MAX_WORDS:
        return None
    cues = load_audit_cues()
    meanings = [cues[name].meaning for name in segment.cues if cues[name].meaning in RULES]
    pointing = any(cues[name].meaning is Meaning.POINTER for name in segment.cues)
    return meanings[0] if meanings and (pointing or len(meanings) > 1) else None


def _framed(segments: tuple[Segment, ...], i: int) -> tuple[int, int] | None:
    """What a frame at the head of its text is before, or at the tail is after: the other paragraphs."""
    passage = segments[i].passage
    own = [j for j, s in enumerate(segments) if s.passage == passage]
    others = [j for j in own if segments[j].block != segments[i].block]
    if segments[i].block == segments[own[0]].block:
        following = [j for j in others if j > i]
        return (following[0], following[-1]) if following else None
    if segments[i].block == segments[own[-1]].block:
        return (others[0], others[-1]) if others else None
    return None
