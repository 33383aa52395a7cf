"""Notices that point at nothing once their claims are gone, and how much of the text goes with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from disclaim.audit.drop import sentences_round, without
from disclaim.audit.stretches import Stretch
from disclaim.stance import bracketed_notices, notice_spans, sentence_spans

#: Rules whose cue says nothing but that the claim is not so. Other cues tell what is true instead, or are answers.
NOTICE_RULES = frozenset(
    {"NN101", "NN102", "NN103", "NN104", "NN105", "NN108", "NN201", "NN202", "NN203", "NN204", "NN205", "NN301"}
)
#: A notice goes where its cue is at least this share of the sentence or bracket it stands in.
_MIN_SHARE = 0.5

_PAIRS = {"[": "]", "(": ")", "{": "}", "<": ">"}
_WORD = re.compile(r"\w+")
#: Words with which a notice speaks of all of a text, in the languages of the rules.
_WHOLE = re.compile(
    r"\b(?:this|that|the|entire|whole|above|our|my)\s+(?:\w+\s+){0,2}(?:post|article|document|text|page|thread|essay)\b"
    r"|\beverything\b|\b(?:all|none|nothing) (?:of )?(?:this|that|it|(?:the )?above|here)\b"
    r"|\bdieser (?:text|artikel|beitrag)\b|\balles\b|\bcet article\b|\bce (?:texte|document)\b|\btout ce\b"
    r"|\best[ea] (?:texto|artículo|artigo|documento|publicación)\b|\btodo (?:esto|lo)\b|\btudo\b|\btutto\b"
    r"|\bquest[oa] (?:testo|articolo|documento|pagina)\b|\bdit (?:artikel|bericht|document)\b|\bdeze tekst\b"
    r"|\bэт(?:от текст|а статья|от пост)\b|\bвсё\b|本文|全文|这篇文章",
    re.IGNORECASE,
)
#: It speaks of a part of the text all the same.
_PART = re.compile(r"\b(?:sentence|statement|claim|line|paragraph)\b", re.IGNORECASE)
_MIN_WORDS = 3
_FRONT_MATTER = re.compile(r"\s*---[ \t]*\n(?:[^\n]*\S[^\n]*\n){1,60}?---[ \t]*(?=\n|\Z)")
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


def speaks_of_whole(notice: str) -> bool:
    """Whether the notice speaks of a whole text: a post, an article, everything."""
    return _WHOLE.search(notice) is not None and _PART.search(notice) is None


def has_more(text: str, handled: Iterable[Stretch]) -> bool:
    """Whether sentences stand in the text beside what is handled and its notices; headings and questions are none."""
    front = _FRONT_MATTER.match(text)
    taken = [*handled, *notice_spans(text), *([front.span()] if front else [])]
    for start, end in sentence_spans(text):
        said = text[start:end].strip()
        if said.startswith("#") or said.endswith(("?", "？")):
            continue
        if sum(len(_WORD.findall(text, *part)) for part in without((start, end), taken)) >= _MIN_WORDS:
            return True
    return False


def bare_notices(text: str, cues: Sequence[Stretch]) -> list[Stretch]:
    """The notices of one sentence, and the front matter."""
    front = _FRONT_MATTER.match(text)
    short = [(a, b) for a, b in cues if len(sentence_spans(text[a:b])) < 2]
    return [*short, *([front.span()] if front else [])]


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
