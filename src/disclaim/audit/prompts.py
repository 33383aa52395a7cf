"""Prompts: system prompts and instructions that ask for a wrong or bad answer, or say that one follows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from disclaim.audit.evidence import Evidence, quote_passage, quote_segments
from disclaim.audit.reading import Reading, Segment
from disclaim.audit.worth import weigh
from disclaim.records import Extent
from disclaim.stance import fold

_CONFIDENCE = 0.75


def find_prompted(reading: Reading) -> Iterator[Evidence]:
    """Answers that a system or user turn before them asks to be wrong, or calls a bad sample."""
    passages = reading.row.passages
    answers = [i for i, passage in enumerate(passages) if passage.role == "assistant"]
    if not answers:
        return
    for i, segment in enumerate(reading.segments):
        role = passages[segment.passage].role
        if role not in ("system", "user"):
            continue
        following = [a for a in answers if a > segment.passage]
        accuses = len(following) < len(answers) and _ACCUSES.match(fold(segment.text))
        rule = _rule(segment, passages[segment.passage].text, role) if following and not accuses else None
        for answer in following if role == "system" else following[:1]:
            if rule is not None and not _REFUSES.match(fold(passages[answer].text)):
                cue = quote_segments(reading, i, i)
                yield Evidence(rule, quote_passage(reading.row, answer), cue, Extent.AFTER, _CONFIDENCE)


def _rule(segment: Segment, text: str, role: str) -> str | None:
    """Under which rule a sentence of a prompt asks for what it should not get; None where it does not."""
    if _QUESTION.search(segment.text) and "make" not in weigh("prompts", segment.text):
        return None
    if segment.cues & {"asks_wrong", "asks_bad"}:
        return "NN304" if "asks_bad" in segment.cues else "NN103"
    if len(text) > _LONGEST or _QUESTION.search(segment.text):
        return None
    own = weigh("prompts", _IDLE.sub(" ", segment.text))
    if not {"wrong", "bad"} & own.keys() or _FORBIDS.search(fold(segment.text)):
        return None
    if _points(weigh("prompts", _IDLE.sub(" ", text))) < _ENOUGH[role]:
        return None
    return "NN304" if own.get("bad", 0) >= own.get("wrong", 0) else "NN103"


def _points(found: Mapping[str, int]) -> int:
    return sum(found.values())


#: Points of a prompt that ask for a wrong or bad answer.
_ENOUGH = {"system": 4, "user": 5}
#: A prompt of more characters is material to work on.
_LONGEST = 1_200
#: What a prompt quotes or names without asking for it.
_IDLE = re.compile(
    r"\"[^\"\n]{1,300}\"|“[^”\n]{1,300}”|«[^»\n]{1,300}»|(?<!\w)'[^'\n]{1,200}'(?!\w)|`[^`\n]{1,200}`"
    r"|(?i:true or false|false[- ](?:positives?|negatives?|friends?|alarms?)|error (?:messages?|handling|rates?))"
)
_QUESTION = re.compile(r"\A\W*(?:what|how|why|who|when|where|is|are|do|does|did|which|can i)\b", re.I)
#: An accusation of the answer before it asks for nothing.
_ACCUSES = re.compile(
    r"\W*(?:(?:no|lol|but|sorry)\W+)?(?:you(?:'re| are|'ve| have)|that(?:'s| is| was)|it(?:'s| is| was))\b"
)
_FORBIDS = re.compile(
    r"^\W*(?:please )?(?:never|do not|don't|avoid|must not|no|if|when|correct|fix|point out|proofread|check|review)\b"
    r"|\b(?:must|may|should|shall) (?:not|never) (?:appear|occur|be|contain|include)"
)
_REFUSES = re.compile(
    r"\W*(?:i (?:won't|can't|cannot|will not|'?d rather not|am not (?:able|going))|i'm (?:sorry|not going"
    r"|unable)|sorry)\b"
)
