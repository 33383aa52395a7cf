"""Frames: what says of a text that it is fiction, hearsay, unlikely or supposed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from disclaim.audit.cues import Meaning, load_audit_cues
from disclaim.audit.evidence import Evidence, quote_passage, quote_segments
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
_POINTERS = frozenset({"points_forward", "points_back", "points_document"})
#: Frames whose subject is the text itself.
_POINTED = frozenset({"authored_frame", "chance_frame", "source_frame", "uncertain_frame"})
#: So many sentences at either end of a text may frame the rest of it.
_EDGE = 2
_CONFIDENCE = 0.6
#: Frames that a user asks for, and those that a system prompt tells of.
_ASKED = frozenset({"story_frame", "supposed_frame"})
_TOLD = _ASKED | {"hearsay_frame", "odds_frame"}


def find_frames(reading: Reading) -> Iterator[Evidence]:
    """The texts that a remark at their head or tail, in the prompt before them or in the turn after them, frames. A
    text is framed once: by the first remark."""
    by_passage: dict[int, list[int]] = {}
    for i, segment in enumerate(reading.segments):
        by_passage.setdefault(segment.passage, []).append(i)
    for number, own in by_passage.items():
        if number in reading.technical:
            continue
        role = reading.row.passages[number].role
        if role in ("system", "user"):
            yield from _prompted(reading, number, own)
        else:
            yield from _own(reading, own)


def _own(reading: Reading, own: Sequence[int]) -> Iterator[Evidence]:
    """The frame at the head or tail of a text: of several the first, one whose subject is the text before others."""
    found = [(place, *framed) for place in range(len(own)) if (framed := _framed(reading, own, place)) is not None]
    if not found:
        return
    place, meaning, at_head = min(found, key=lambda item: reading.segments[own[item[0]]].cues.isdisjoint(_POINTED))
    i = own[place]
    rest = own[place + 1 :] if at_head else own[:place]
    others = [j for j in rest if reading.segments[j].block != reading.segments[i].block] or rest
    extent = Extent.AFTER if at_head else Extent.BEFORE
    claim = quote_segments(reading, others[0], others[-1])
    yield Evidence(RULES[meaning], claim, quote_segments(reading, i, i), extent, _CONFIDENCE)


def _framed(reading: Reading, own: Sequence[int], place: int) -> tuple[Meaning, bool] | None:
    """What a segment says of the rest of its text, and whether it stands at the head; None where it says nothing."""
    segment = reading.segments[own[place]]
    head_block, tail_block = reading.segments[own[0]].block, reading.segments[own[-1]].block
    at_head = place < _EDGE or (segment.block == head_block != tail_block)
    at_tail = place >= len(own) - _EDGE or (segment.block == tail_block != head_block)
    meaning = _frame(segment) if segment.cues and (at_head or at_tail) else None
    rest = len(own) - place - 1 if at_head else place
    return None if meaning is None or not rest else (meaning, at_head)


def _prompted(reading: Reading, number: int, own: Sequence[int]) -> Iterator[Evidence]:
    """The answer that a prompt asks for as a story or a supposition, or that the user's next turn calls so."""
    passages = reading.row.passages
    following = next((n for n in range(number + 1, len(passages)) if passages[n].role == "assistant"), None)
    for i in own[: _EDGE + 1]:
        segment = reading.segments[i]
        wanted = _ASKED if passages[number].role == "user" else _TOLD
        meaning = _frame(segment) if segment.cues & wanted else None
        if meaning is not None and following is not None:
            claim = quote_passage(reading.row, following)
            yield Evidence(RULES[meaning], claim, quote_segments(reading, i, i), Extent.AFTER, _CONFIDENCE)
            return


def _frame(segment: Segment) -> Meaning | None:
    """What a segment says of the text it stands in: by a cue that is a frame as it stands, or by one that points to
    the text."""
    if len(segment.text.split()) > _MAX_WORDS:
        return None
    cues = load_audit_cues()
    pointed = [cues[name].meaning for name in sorted(segment.cues & _POINTED)]
    if pointed:
        return pointed[0]
    framing = next((name for name in sorted(segment.cues) if name.endswith("_frame")), None)
    if framing is not None and not (framing == "teller_frame" and segment.negated):
        return cues[framing].meaning
    meanings = [cues[name].meaning for name in sorted(segment.cues) if cues[name].meaning in RULES]
    return meanings[0] if meanings and segment.holds(_POINTERS) else None
