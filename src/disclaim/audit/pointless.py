"""Notices that point at nothing once their claims are gone, and how much of the text goes with them."""

from __future__ import annotations

import re

from disclaim.audit.drop import sentences_round
from disclaim.audit.stretches import Stretch
from disclaim.stance import bracketed_notices, notice_spans

#: Rules whose cue says nothing but that the claim is not so. Other cues tell what is true instead, or are answers.
NOTICE_RULES = frozenset(
    {"NN101", "NN102", "NN103", "NN104", "NN105", "NN108", "NN201", "NN202", "NN203", "NN204", "NN205", "NN301"}
)
#: A notice goes where its cue is at least this share of the sentence or bracket it stands in.
_MIN_SHARE = 0.5

_PAIRS = {"[": "]", "(": ")", "{": "}", "<": ">"}
_WORD = re.compile(r"\w+")
_NAME = re.compile(r"(?<=[\w,;] )[A-Z][a-z]+|\d")


def notice_round(text: str, cue: Stretch) -> Stretch | None:
    """What goes with a cue: the cue itself where it is bracketed or a label, else the bracket or the sentences round
    it. None where those say more than the cue does."""
    start, end = cue
    words = text[start:end].strip()
    if words and _PAIRS.get(words[0]) == words[-1]:
        return cue
    sentence = sentences_round(text, cue)
    for place in (_bracket_round(text, cue, sentence), sentence):
        if place is not None and _share(text, cue, place) >= _MIN_SHARE:
            return place
    is_label = words.endswith(":") or text[end : end + 1] == ":"
    if is_label and not _WORD.search(text, sentence[0], start):
        return start, end + (not words.endswith(":"))
    return None


def says_more(text: str, stretch: Stretch) -> bool:
    """Whether more than a notice may stand in the stretch: it holds a name or a number outside a bracketed notice."""
    notices = bracketed_notices(text[stretch[0] : stretch[1]])
    start, end = stretch
    named = [match.start() - start for match in _NAME.finditer(text, start, end)]
    return any(not any(a <= place < b for a, b in notices) for place in named)


def neighbours(text: str, stretch: Stretch) -> tuple[Stretch, ...]:
    """The notices with no other word between them and the stretch, on either side."""
    start, end = stretch
    notices = notice_spans(text)
    found = []
    for a, b in reversed(notices):
        if b <= start and not _WORD.search(text, b, start):
            found.append((a, b))
            start = a
    for a, b in notices:
        if end <= a and not _WORD.search(text, end, a):
            found.append((a, b))
            end = b
    return tuple(sorted(found))


def _bracket_round(text: str, cue: Stretch, sentence: Stretch) -> Stretch | None:
    """The innermost bracket pair of the sentence that holds the cue."""
    start, end = cue
    for left, right in _PAIRS.items():
        opened = text.rfind(left, sentence[0], start + 1)
        closed = text.find(right, max(end - 1, start), sentence[1])
        if opened >= 0 and closed >= 0 and right not in text[opened:start]:
            return opened, closed + 1
    return None


def _share(text: str, part: Stretch, whole: Stretch) -> float:
    return _letters(text, part) / max(_letters(text, whole), 1)


def _letters(text: str, stretch: Stretch) -> int:
    return sum(len(match.group()) for match in _WORD.finditer(text, *stretch))
