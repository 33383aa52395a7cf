"""Notices: sentences that call other sentences of the same text false, and what they point to."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from disclaim.audit.overturns import is_report, is_stated
from disclaim.audit.reading import Form, Reading, Segment
from disclaim.records import Extent
from disclaim.stance import fold

#: Segments between a notice that points forward and one that points back, at most, for one stretch to lie between.
MAX_BETWEEN = 6
#: Segments that a notice takes back where nothing closes the stretch.
REACH = 1
#: A document's head is its first blocks up to this share of the segments, its tail the last.
EDGE_SHARE = 0.2
#: A text of fewer segments is about one thing: only a paragraph of its own that speaks of the whole frames it.
_LONGER = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Neighbouring notices that speak together: segments ``[first, last]`` of the reading, and where they point."""

    first: int
    last: int
    forward: bool
    back: bool
    document: bool


@dataclass(frozen=True, slots=True)
class Pointing:
    """A group of notices with the segments ``[first, last]`` that it takes back."""

    group: Group
    first: int
    last: int
    extent: Extent


def find_groups(reading: Reading) -> tuple[Group, ...]:
    """The notices of a row, neighbours joined."""
    segments = reading.segments
    certain = [_is_notice(segment) or (not i and _opens_in_denial(reading)) for i, segment in enumerate(segments)]
    _add_verdicts(segments, certain)
    if not any(certain):
        return ()
    notices = _spread(segments, certain)
    groups: list[Group] = []
    for is_notice, run in itertools.groupby(range(len(segments)), key=notices.__getitem__):
        if is_notice:
            groups += _split(segments, list(run))
    return tuple(groups)


def resolve_groups(reading: Reading, groups: Sequence[Group]) -> Iterator[Pointing]:
    """What each group takes back. A group at the edge of a document that speaks of all of it takes back the rest,
    whatever direction it names; others the stretch up to the notice that closes it, or their neighbour."""
    segments = reading.segments
    for number, group in enumerate(groups):
        following = groups[number + 1] if number + 1 < len(groups) else None
        preceding = groups[number - 1] if number else None
        if is_edge(reading, group):
            yield from _whole(reading, group)
            continue
        after = _after(segments, group, following)
        before = _before(segments, group, preceding)
        opens = group.first == 0 and reading.row.passages[segments[0].passage].role is None
        if after and (group.forward or not group.back or opens):
            closes = following is not None and following.first == after[1] + 1 and following.back
            yield Pointing(group, *after, Extent.AROUND if closes else Extent.AFTER)
        if before and (group.back or not (group.forward or after)):
            opened = (
                preceding is not None
                and preceding.forward
                and before[1] - preceding.last <= MAX_BETWEEN
                and not is_edge(reading, preceding)
            )
            if not opened:
                yield Pointing(group, *before, Extent.BEFORE)


def is_edge(reading: Reading, group: Group) -> bool:
    """Whether the group is a paragraph of its own, or opens one and speaks of the whole text, or is several sentences,
    at the head or tail of a longer text."""
    segments = reading.segments
    head, tail = group.first, len(segments) - 1 - group.last
    if len(segments) < _LONGER:
        return group.document and min(head, tail) == 0 and head != tail and _is_block(segments, group)
    if min(head, tail) > max(2, EDGE_SHARE * len(segments)):
        return False
    size = group.last - group.first + 1
    if _is_block(segments, group):
        return group.document or size > 1
    return (size > 2 and min(head, tail) <= 1) or (
        group.document and (min(head, tail) == 0 or _opens_edge(segments, group))
    )


def _opens_in_denial(reading: Reading) -> bool:
    """Whether a text begins with a paragraph that takes back what follows: "None of this is true."."""
    first, *others = reading.segments
    alone = bool(others) and others[0].block != first.block and others[0].passage == first.passage
    return alone and reading.row.passages[first.passage].role is None and _takes_back_all(first)


def _takes_back_all(segment: Segment) -> bool:
    """Whether it takes something back and does not say that it is the next sentence."""
    return segment.holds(_TAKES_BACK) and not segment.holds(_FORWARD)


def _opens_edge(segments: Sequence[Segment], group: Group) -> bool:
    """Whether the group opens the first or last paragraph of several."""
    block = segments[group.first].block
    opens = not group.first or segments[group.first - 1].block != block
    return opens and segments[0].block != segments[-1].block and block in (segments[0].block, segments[-1].block)


def _is_block(segments: Sequence[Segment], group: Group) -> bool:
    """Whether nothing but the group stands in its blocks."""
    before = segments[group.first - 1].block if group.first else -1
    after = segments[group.last + 1].block if group.last + 1 < len(segments) else -1
    return before != segments[group.first].block and after != segments[group.last].block


def _whole(reading: Reading, group: Group) -> Iterator[Pointing]:
    segments = reading.segments
    at_head = group.first <= len(segments) - 1 - group.last
    if at_head and group.last + 1 < len(segments):
        yield Pointing(group, group.last + 1, len(segments) - 1, Extent.AFTER)
    elif not at_head and group.first:
        yield Pointing(group, 0, group.first - 1, Extent.BEFORE)


def _is_notice(segment: Segment) -> bool:
    if segment.code and segment.form is Form.COMMENT:
        return False
    if "pointer_false" in segment.cues:
        return True
    return segment.form in (Form.BRACKET, Form.COMMENT) and segment.holds(_TEXT_IS_FALSE)


def _add_verdicts(segments: Sequence[Segment], certain: list[bool]) -> None:
    """Mark the sentences that do nothing but take back what stands before them, where that is stated as fact."""
    for i, segment in enumerate(segments):
        if certain[i] or segment.cues.isdisjoint(_VERDICT) or segment.code or _points_only_forward(segment):
            continue
        j = i - 1
        while j >= 0 and certain[j] and segments[j].passage == segment.passage:
            j -= 1
        if j < 0 or segments[j].passage != segment.passage:
            continue
        opened = j > 0 and certain[j - 1] and _points_forward(segments[j - 1])
        around = [k for k in range(max(0, j - _CONTEXT), j) if not certain[k]]
        if opened or (_is_said(segments[j], segment) and not any(is_report(segments[k]) for k in around)):
            certain[i] = True


def _is_said(said: Segment, verdict: Segment) -> bool:
    """Whether a sentence is stated by the text itself. What somebody else says, asks or supposes is taken back as a
    debunk does it."""
    if not is_stated(said) or len(said.words) < _FEWEST_WORDS:
        return False
    return verdict.form is Form.BRACKET or _OTHER_VOICE.search(fold(said.text)) is None


def _spread(segments: Sequence[Segment], certain: Sequence[bool]) -> list[bool]:
    """The notices with the neighbours that go on about the same: "The described event did not occur." points nowhere,
    and is a notice beside one."""
    notices = _majorities(segments, certain)
    for order in (range(1, len(segments)), range(len(segments) - 2, -1, -1)):
        step = -1 if order.step == 1 else 1
        for i in order:
            beside = notices[i + step] and segments[i + step].block == segments[i].block
            if not notices[i] and beside and _goes_on(segments[i]):
                notices[i] = True
    return notices


def _majorities(segments: Sequence[Segment], certain: Sequence[bool]) -> list[bool]:
    """The notices, with the rest of a first or last paragraph that is given over to denying; of a text that is one
    paragraph only what denies there."""
    notices = list(certain)
    edges = {segments[0].block, segments[-1].block}
    for number, run in itertools.groupby(range(len(segments)), key=lambda i: segments[i].block):
        block = list(run)
        if number not in edges or not any(certain[i] for i in block):
            continue
        denying = [i for i in block if certain[i] or segments[i].negated or segments[i].holds(_DENYING)]
        if len(edges) > 1 and len(denying) >= max(_MIN_DENYING, len(block) * _DENYING_SHARE):
            denying = block
        elif not 4 * len(denying) >= 3 * len(block) > 6:
            continue
        for i in denying:
            notices[i] = True
    return notices


def _goes_on(segment: Segment) -> bool:
    if segment.form is Form.BRACKET:
        return segment.holds(_CONTINUING) or segment.negated
    return segment.holds(_CONTINUING)


def _split(segments: Sequence[Segment], run: Sequence[int]) -> Iterator[Group]:
    """A run of notices, cut where what points back meets what points forward: two claims lie to its sides."""
    start = run[0]
    for i, j in itertools.pairwise(run):
        turns = _points_back(segments[i]) and not _points_forward(segments[i]) and _points_forward(segments[j])
        parted = segments[i].form is Form.BRACKET and segments[j].form is Form.BRACKET
        if turns or parted or segments[i].block != segments[j].block:
            yield _group(segments, start, i)
            start = j
    yield _group(segments, start, run[-1])


def _group(segments: Sequence[Segment], first: int, last: int) -> Group:
    members = segments[first : last + 1]
    return Group(
        first,
        last,
        any(map(_points_forward, members)),
        any(map(_points_back, members)),
        any(segment.holds(_DOCUMENT) for segment in members) or (not first and _takes_back_all(members[0])),
    )


def _points_forward(segment: Segment) -> bool:
    return segment.holds(_FORWARD)


def _points_back(segment: Segment) -> bool:
    return segment.holds(_BACK) or (not segment.cues.isdisjoint(_VERDICT) and not _points_forward(segment))


def _points_only_forward(segment: Segment) -> bool:
    return _points_forward(segment) and not segment.holds(_BACK)


def _after(segments: Sequence[Segment], group: Group, following: Group | None) -> tuple[int, int] | None:
    """The segments that a group takes back ahead of it."""
    first = group.last + 1
    limit = following.first if following else len(segments)
    if first >= limit:
        return None
    if following and following.back and limit - first <= MAX_BETWEEN:
        return first, limit - 1
    return first, min(first + REACH, limit) - 1


def _before(segments: Sequence[Segment], group: Group, preceding: Group | None) -> tuple[int, int] | None:
    """The segments that a group takes back behind it."""
    last = group.first - 1
    limit = preceding.last if preceding else -1
    if last <= limit:
        return None
    return max(last - REACH + 1, limit + 1), last


_VERDICT = frozenset({"takes_back"})
#: So many sentences, and so many of a paragraph, deny where all of it is one notice.
_MIN_DENYING, _DENYING_SHARE = 2, 0.6
_FEWEST_WORDS = 3
#: So many sentences before the one taken back must speak of no claims or falsehoods either.
_CONTEXT = 2
#: Signs that a sentence asks, supposes or tells what somebody said or thought.
_OTHER_VOICE = re.compile(
    r"[?\"«»„]|\b(?:sa(?:id|ys?|ying)|told|tells?|th(?:ought|inks?|inking)|believ\w+|wrote|writes|insist\w*|argu\w+|suggest\w*"
    r"|according to|assum\w+|suppos\w+|imagin\w+|heard|reckon\w*|expect\w*|fear(?:s|ed)?|hop(?:e|es|ed|ing)|promis\w+"
    r"|maintain\w*|swore|testif\w+|seem\w*|perhaps|maybe|if|whether|would|could|might|should|pretend\w*)\b"
)
_TAKES_BACK = frozenset({"takes_back"})
_TEXT_IS_FALSE = frozenset({"text_is_false"})
_DOCUMENT, _FORWARD, _BACK = (frozenset({f"points_{name}"}) for name in ("document", "forward", "back"))
_DENYING = frozenset({"falsity_word", "text_is_false", "no_such", "never_was", "reader_warning"})
_CONTINUING = frozenset({"text_is_false", "pointer_false", "falsity_word"})
