"""Overturns: later sentences that take back earlier ones of a text, told by a cue and by the words they share."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from disclaim.audit.evidence import Evidence, most_alike, quote_segments
from disclaim.audit.reading import SHORT, Form, Reading, Segment
from disclaim.records import Extent
from disclaim.stance import fold

#: Words that a sentence must share with an earlier one to overturn it, by the cue that it holds.
SHARED = {"admission": 1.0, "correction": 2.0, "turned_out": 2.0, "reality": 2.0, "no_such": 2.0}
#: Farther back than this many segments nothing is looked for.
MAX_DISTANCE = 60
_FALSITY = frozenset({"falsity_word"})
_FEWEST_WORDS = 3
_MANY_REPORTS = 3
_SUPPOSES = re.compile(
    r"\?\W*$|^\W*(?:if|when|whether|unless|suppose|in case|should)\b|\b(?:might|may|could|would) turn out\b"
)
_DENIAL = re.compile(
    r"\W*(?:no|nobody|none|not|never|there (?:is|was|are|were) no)\b|.{0,80}\b(?:did|does|do|was|were|is) not\b"
)
_REPORTS = re.compile(
    r"\b(?:claim(?:s|ed|ing)?|alleg\w+|purport\w+|supposed\w*|hoax\w*|viral|rumou?r\w*|myths?"
    r"|misinformation|debunk\w*|fact-?check\w*"
    r"|fabricat\w+|fictional|fake)\b"
)
_CONFIDENCE = 0.6


def find_overturns(reading: Reading) -> Iterator[Evidence]:
    """Earlier statements that a sentence of a later paragraph of the same text takes back."""
    segments = reading.segments
    for i, segment in enumerate(segments):
        if not segment.cues or segment.passage in reading.technical or not is_short(reading, segment):
            continue
        if "undone" in segment.cues and not segment.code:
            yield from _undone(reading, i)
            continue
        needed = _words_needed(segment)
        if needed is None:
            continue
        earlier = [j for j in range(max(0, i - MAX_DISTANCE), i) if _may_be_overturned(segments[j], segment)]
        alike = most_alike(segments, segment, [j for j in earlier if is_stated(segments[j])])
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


def _undone(reading: Reading, i: int) -> Iterator[Evidence]:
    """What a sentence takes back in so many words: the sentence of its text that shares most with it, else the one
    before."""
    segments = reading.segments
    role = reading.row.passages[segments[i].passage].role
    before = [j for j in range(max(0, i - MAX_DISTANCE), i) if segments[j].passage == segments[i].passage]
    earlier = [j for j in before if len(segments[j].words) > _FEWEST_WORDS and is_stated(segments[j])]
    if not earlier or role in ("user", "system") or _is_attributed(segments[i]) or _debunks(reading, segments[i]):
        return
    alike = most_alike(segments, segments[i], earlier)
    if alike is None:
        return
    target = alike[0] if alike[1] >= 1 else earlier[-1]
    claim, cue = quote_segments(reading, target, target), quote_segments(reading, i, i)
    yield Evidence("NN106", claim, cue, Extent.BEFORE, _CONFIDENCE)


def _debunks(reading: Reading, segment: Segment) -> bool:
    """Whether the text up to a segment speaks of falsehoods and claims all along, so that it states none itself."""
    before = fold(reading.row.passages[segment.passage].text[: segment.end])
    return sum(1 for _ in itertools.islice(_REPORTS.finditer(before), _MANY_REPORTS)) >= _MANY_REPORTS


def is_short(reading: Reading, segment: Segment) -> bool:
    """Whether a segment stands in a text of ``SHORT`` characters at most. In longer ones, what denies something is as
    likely to deny what somebody else said."""
    return len(reading.row.passages[segment.passage].text) <= SHORT


def is_stated(segment: Segment) -> bool:
    """Whether a segment states something as fact: it is no comment, and does not itself speak of falsehood or of what
    others claim."""
    if segment.form is Form.COMMENT or segment.holds(_FALSITY) or _DENIAL.match(fold(segment.text)):
        return False
    return not is_report(segment)


def is_report(segment: Segment) -> bool:
    """Whether a segment speaks of falsehoods, or of what others claim."""
    return _REPORTS.search(fold(segment.text)) is not None


def _is_attributed(segment: Segment) -> bool:
    """Whether the sentence asks, supposes or reports, so that nothing is taken back."""
    return _SUPPOSES.search(fold(segment.text)) is not None


def _may_be_overturned(said: Segment, by: Segment) -> bool:
    return said.passage == by.passage and said.block < by.block and len(said.words) > 3


def _words_needed(segment: Segment) -> float | None:
    """How many words a sentence must share with an earlier one to overturn it; None where it overturns nothing."""
    needed = [words for cue, words in SHARED.items() if cue in segment.cues]
    if not needed or segment.code or segment.form is Form.COMMENT:
        return None
    return min(needed)
