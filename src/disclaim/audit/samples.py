"""Samples: answers and transcripts that a label, a prompt or a critique calls bad."""

from __future__ import annotations

import re
from collections.abc import Iterator

from disclaim.audit.evidence import Evidence, quote, quote_passage, quote_segments
from disclaim.audit.reading import Reading
from disclaim.audit.rows import Layout
from disclaim.audit.worth import blame
from disclaim.records import Extent
from disclaim.stance import fold

_CONFIDENCE = 0.7
_SPEAKER = re.compile(
    r"^[\s>*_\"'#\[(<-]*(?:(?:ai|the|initial|first|our|old)[\s_])?(?:assistant|bot|model|chatbot|agent|operator|clerk|reply|response|answer|output|a|asst"
    r"|gpt|support|rep|you|advisor|target|till|desk|doctor|nurse|cashier|waiter|receptionist|hotline|system|llm|ai"
    r"|modell|antwort|operatore|operador\w*|agente|respuesta|risposta|resposta|réponse|antwoord|модель|ответ|оператор"
    r"|[\w ]{1,20}bot)\b[^:>\n]{0,30}[:>]|^(?:u/|@)\w{2,30}:"
    r"|^[\w ]{0,10}(?:antwort|answer|reply) (?:von|by|from) [^:\n]{2,30}:",
    re.IGNORECASE,
)


def find_samples(reading: Reading) -> Iterator[Evidence]:
    """Assistant turns, and transcripts inside a text, that something outside them calls bad."""
    row = reading.row
    if any(passage.role == "assistant" for passage in row.passages):
        yield from _announced(reading)
    for number, passage in reading.prose():
        if passage.role is None or row.layout is Layout.TEXT:
            yield from _transcribed(reading, number)


def _announced(reading: Reading) -> Iterator[Evidence]:
    """Answers that a system or user turn before them calls a bad sample, or a turn after them criticises."""
    row = reading.row
    answers = [i for i, passage in enumerate(row.passages) if passage.role == "assistant"]
    for i, segment in enumerate(reading.segments):
        role = row.passages[segment.passage].role
        if "bad_sample" not in segment.cues or role == "assistant":
            continue
        following = [a for a in answers if a > segment.passage]
        preceding = [a for a in answers if a < segment.passage]
        cue = quote_segments(reading, i, i)
        if role == "system" and following and not _FORBIDS.match(fold(segment.text)):
            yield Evidence("NN304", quote_passage(row, following[0]), cue, Extent.AFTER, _CONFIDENCE)
        elif role == "user" and preceding:
            yield Evidence("NN302", quote_passage(row, preceding[-1]), cue, Extent.BEFORE, _CONFIDENCE)


def _transcribed(reading: Reading, number: int) -> Iterator[Evidence]:
    """The speech of an assistant inside a text that a line before or after it calls bad."""
    segments = [(i, s) for i, s in enumerate(reading.segments) if s.passage == number]
    if not any(s.cues & _BAD for _, s in segments):
        return
    speeches = [i for i, s in segments if _SPEAKER.match(s.text) and "bad_sample" not in s.cues]
    if not speeches:
        return
    for i, segment in segments:
        if not segment.cues & _BAD or i in speeches or segment.code or _is_praise(segment.text):
            continue
        if "bad_sample" not in segment.cues and _ANY_SPEAKER.match(segment.text) and not _OUTCOME.match(segment.text):
            continue
        before = [s for s in speeches if s < i]
        after = [s for s in speeches if s > i]
        target = after[0] if after and not before else before[-1] if before else None
        if target is not None:
            said = reading.segments[target]
            last = _speech_end(reading, target)
            yield Evidence(
                "NN301" if target > i else "NN302",
                quote(reading.row, number, said.start, reading.segments[last].end),
                quote_segments(reading, i, i),
                Extent.AFTER if target > i else Extent.BEFORE,
                _CONFIDENCE,
            )


def _is_praise(text: str) -> bool:
    return bool(_PRAISED.search(fold(text))) or blame(text) < 0


def _speech_end(reading: Reading, first: int) -> int:
    """The last segment of a speech: up to the next speaker, or the end of its paragraph."""
    last = first
    for i in range(first + 1, len(reading.segments)):
        segment = reading.segments[i]
        if segment.block != reading.segments[first].block or _ANY_SPEAKER.match(segment.text):
            break
        last = i
    return last


#: An order to whoever answers, which says nothing of a sample.
_FORBIDS = re.compile(
    r"\W*(?:please )?(?:never|do not|don't|avoid|must not)\b(?!.*\b(?:samples?|examples?|below|following|follows?|above"
    r"|these|this|like|learn\w*|imitat\w*|train\w*|transcripts?|dialogues?|turns|demonstrat\w+)\b)"
)
_BAD = frozenset({"bad_sample", "bad_outcome"})
#: What follows it says how an exchange came out; a speaker's name does not.
_OUTCOME = re.compile(
    r"\W*(?:[\w-]+ )?(?:outcome|result|verdict|finding|tally|scored?|marks?|margin|sin|status|note|notes|hinweis"
    r"|auswertung|moderation|moderator|mod|coach|trainer|editor|lesson|ruling|rating)\b",
    re.IGNORECASE,
)
_PRAISED = re.compile(
    r"\b(?:well done|this is the way|exactly right|good (?:example|answer|reply|work)|model (?:answer|reply)|passed"
    r"|no leaks?|did (?:well|right)|nothing (?:to|was) (?:flag|block|remove)\w*|held|praise\w*)\b"
)
_ANY_SPEAKER = re.compile(r"^[\s>*_\"'-]*[A-Z][\w .]{0,30}:")
