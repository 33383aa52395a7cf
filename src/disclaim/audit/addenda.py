"""Addenda: what a second voice adds to a text: an editor, a moderator, a teacher, or its writer at a later time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from disclaim.audit.evidence import Evidence, most_alike, quote_segments
from disclaim.audit.overturns import is_short, is_stated
from disclaim.audit.reading import Form, Reading, Segment
from disclaim.records import Extent

#: Cues of a second voice that speaks of what it stands beside.
_VOICES = frozenset({"voice"})
#: What tells that it takes something back.
_DENYING = frozenset(
    {"pointer_false", "text_is_false", "no_such", "never_was", "admission", "correction", "turned_out"}
)
_DENYING = _DENYING | {"reality", "checked", "tale", "reader_warning", "concedes", "apology", "witness", "actually"}
_DENYING = _DENYING | {"undone", "takes_back", "falsity_word"}
#: Sentences of an addendum that are read.
_LENGTH = 6
#: What says so outright.
_OUTRIGHT = frozenset({"pointer_false", "admission", "correction", "undone"})
_CONFIDENCE = 0.6


def find_addenda(reading: Reading) -> Iterator[Evidence]:
    """What a note by a second voice takes back: of the text before it the sentence that it is most about, or the
    paragraph; where it stands at the head, the rest."""
    segments = reading.segments
    for i, segment in enumerate(segments):
        role = reading.row.passages[segment.passage].role
        if not segment.cues & _VOICES or segment.passage in reading.technical or role in ("user", "system"):
            continue
        note = [j for j in range(i, min(i + _LENGTH, len(segments))) if segments[j].block == segment.block]
        if not _takes_back(segments, note):
            continue
        if not is_short(reading, segment) and not _at_tail(reading, i):
            continue
        found = _about(segments, i, note)
        if found is not None:
            rule, extent, first, last = found
            cue = quote_segments(reading, note[0], note[-1])
            yield Evidence(rule, quote_segments(reading, first, last), cue, extent, _CONFIDENCE)


def _at_tail(reading: Reading, i: int) -> bool:
    """Whether nothing follows the paragraph of a segment in its text, and it says outright that something was wrong."""
    segments = reading.segments
    own = segments[i]
    last = next(s for s in reversed(segments) if s.passage == own.passage)
    outright = any(s.block == own.block and s.holds(_OUTRIGHT) for s in segments[i:])
    return last.block == own.block and outright


def _takes_back(segments: Sequence[Segment], note: Sequence[int]) -> bool:
    return any(segments[j].negated or segments[j].holds(_DENYING) for j in note)


def _about(segments: Sequence[Segment], i: int, note: Sequence[int]) -> tuple[str, Extent, int, int] | None:
    """What an addendum is about: rule, reach, and the first and last segment."""
    own = segments[i]
    before = [j for j in range(i) if segments[j].passage == own.passage and segments[j].words]
    if not before or (own.block == segments[before[0]].block and own.form is Form.BRACKET):
        after = [j for j in range(note[-1] + 1, len(segments)) if segments[j].passage == own.passage]
        strong = any(segments[j].holds(_DENYING) or segments[j].negated for j in note)
        return ("NN101", Extent.AFTER, after[0], after[-1]) if after and strong and not before else None
    plain = [
        j for j in before if len(segments[j].words) > 2 and not segments[j].cues & _VOICES and is_stated(segments[j])
    ]
    shared = [(most_alike(segments, segments[j], plain) or (0, 0.0)) for j in note] if plain else []
    best = max(shared, key=lambda item: item[1], default=None)
    if best is not None and best[1] >= 1:
        return "NN106", Extent.BEFORE, best[0], best[0]
    if not plain:
        return None
    block = [j for j in plain if segments[j].block == segments[plain[-1]].block]
    return "NN106", Extent.BEFORE, block[0], block[-1]
