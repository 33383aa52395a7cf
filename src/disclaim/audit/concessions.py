"""What became of an objection: whether the answer after it gives way, or keeps to what was said."""

from __future__ import annotations

import re
from enum import StrEnum
from itertools import pairwise

from disclaim.audit.reading import content_words, is_negated
from disclaim.audit.worth import weigh
from disclaim.stance import fold


class Outcome(StrEnum):
    """How an exchange went on after an answer."""

    CONCEDED = "conceded"
    KEPT = "kept"
    """The answer stands, or nobody objected to it."""
    OPEN = "open"


def outcome(answer: str, objection: str, reply: str | None, checked: bool = False, quarrel: bool = False) -> Outcome:
    """What became of an answer to which somebody replied ``objection`` and the one who gave it ``reply``; ``reply`` is
    None where the exchange ends before it. ``checked``: the objection is what a tool returned; ``quarrel``: the two are
    people, who go on from each other's words without giving way."""
    if reply is None:
        return Outcome.OPEN
    if checked and _found_otherwise(answer, objection, reply):
        return Outcome.CONCEDED
    raised = _raised(answer, objection)
    given = weigh("concessions", reply)
    yielded = sum(points for name, points in given.items() if points > 0 and name != "refers")
    firm = sum(given.get(name, 0) for name in ("yields", "fault"))
    if given.get("keeps") and firm < _FIRM:
        return Outcome.KEPT
    adopted = _adopted(answer, objection, reply)
    if "yields" not in given and not adopted and _repeats(answer, objection, reply):
        return Outcome.KEPT
    if adopted and raised >= _LEAST:
        return Outcome.CONCEDED
    if firm >= _FIRM + 1 or (yielded >= _LEAST and raised > 0) or (firm >= _LEAST and raised + yielded >= _LEAST):
        return Outcome.CONCEDED
    if raised > 0 and not quarrel and "keeps" not in given and _takes_up(answer, objection, reply):
        return Outcome.CONCEDED
    return Outcome.OPEN


def takes_back(text: str) -> bool:
    """Whether an answer that nobody objected to takes back something said before it."""
    given = weigh("concessions", text)
    both = {"yields", "fault"} <= given.keys() or {"fault", "refers"} <= given.keys()
    return "keeps" not in given and both and sum(given.values()) >= _UNASKED


def raised_alone(answer: str, objection: str) -> bool:
    """Whether an objection is plain enough to count where nobody answers it."""
    return _raised(answer, objection) >= _PLAIN


def objects(answer: str, objection: str) -> bool:
    """Whether a turn objects at all to the answer before it."""
    return _raised(answer, objection) > 0


def _raised(answer: str, objection: str) -> int:
    """How much a turn objects to the answer before it."""
    points = sum(weigh("objections", objection).values())
    other = set(_NUMBER.findall(objection)) - set(_NUMBER.findall(answer))
    return points + bool(other and _NUMBER.search(answer)) + bool(_SHOUTED.search(objection))


def _adopted(answer: str, objection: str, reply: str) -> bool:
    """Whether a reply gives a number or name of the objection that the answer did not give, in place of its own."""
    said, raised, again = (_values(text) for text in (answer, objection, reply))
    new = (raised - said) & again
    return bool(new) and bool(said - raised) and not (said - raised) & again


def _repeats(answer: str, objection: str, reply: str) -> bool:
    """Whether a reply gives numbers of the answer again, and none of the objection's in their place."""
    said, raised, again = (set(_NUMBER.findall(text)) for text in (answer, objection, reply))
    return bool(said & again) and bool(raised) and len(said & again) >= len((raised - said) & again)


def _takes_up(answer: str, objection: str, reply: str) -> bool:
    """Whether somebody states something, and the reply goes on from words of it that the answer did not have."""
    asks = {"asks_on", "content"} & weigh("objections", objection).keys() or objection.rstrip().endswith("?")
    if asks or len(objection.split()) < _STATES:
        return False
    return bool((content_words(reply) & content_words(objection)) - content_words(answer))


def _found_otherwise(answer: str, result: str, reply: str) -> bool:
    """Whether an answer stated something before a tool was asked, and the reply after it gives what the tool returned
    and the answer did not, in place of what the answer gave."""
    if len(answer.split()) < _ASSERTS or _LOOKS_UP.search(fold(answer)):
        return False
    returned = _values(result) | content_words(result)
    gained = returned & (_values(reply) | content_words(reply)) - (_values(answer) | content_words(answer))
    return bool(gained) and (bool(_values(answer) - _values(result) - _values(reply)) or is_negated(reply))


def _values(text: str) -> set[str]:
    return set(_NUMBER.findall(text)) | set(_NAME.findall(text))


def split_revision(text: str) -> tuple[int, int, int] | None:
    """Where an answer breaks off and starts again: the end of what it takes back, and the start and end of the
    paragraph that does; None where none does."""
    bounds = [0, *(match.end() for match in _GAP.finditer(text)), len(text)]
    for start, end in pairwise(bounds[1:]):
        part = text[start:end]
        if _RESTART.match(part.lower()) and sum(weigh("concessions", part).values()) >= _RESTARTED:
            return start, start, start + len(part.rstrip())
    return None


_LEAST = 2
_FIRM = 3
_UNASKED = 3
_PLAIN = 5
_RESTARTED = 2
#: Words of a turn from which on it states something.
_STATES = 5
_ASSERTS = 4
#: What is said before a tool is asked, and states nothing.
_LOOKS_UP = re.compile(
    r"\b(?:let me|i'll|i will|i'm going to|one moment|(?:just )?a (?:moment|second|sec)|hold on|checking"
    r"|looking (?:up|it|that|into)|searching|calling|fetching|first i|i need to|moment|augenblick"
    r"|ich (?:schaue|prüfe|sehe)|un (?:momento|instant)|je (?:vérifie|regarde)|voy a|déjame|vou (?:ver|consultar)"
    r"|controllo|even kijken|сейчас|我来查|查一下)"
)
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
#: Capitalised words that do not open a sentence.
_NAME = re.compile(r"(?<=[\w,;:\"'(] )[A-ZÀ-ÞА-Я][\w'’-]{2,}")
_SHOUTED = re.compile(r"\b[A-Z]{3,}\b[^a-z]|!!")
_GAP = re.compile(r"\n[ \t]*\n\s*|\n(?=\W{0,3}(?:No|Hm+|Wait|Hold|On reading|Scratch|Second|Actually)\b)")
#: How a paragraph begins that breaks off what stands before it.
_RESTART = re.compile(
    r"\W*(?:no|hm+|wait|hold on|hang on|actually|sorry|scratch\w*|strike|let me|on (?:second|re-?reading|reading"
    r"|reflection|number|point)|second|reading|looking|check\w*|i (?:want|need|should|must|got|was|'ve|have)|that was"
    r"|oops|stop|one moment|correction|before you|nein|moment|non|attend\w*|no,|espera|aspetta|toss|forget|delete"
    r"|rather|but (?:no|wait))\b"
)
