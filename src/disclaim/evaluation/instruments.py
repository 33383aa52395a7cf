"""The instruments as data: what is added to a question before it is asked, and how a keyed answer is read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from disclaim.records import PAPER_INSTRUMENTS, Instrument, Message, Question

_YES_NO = "Answer with one word: yes or no."


@dataclass(frozen=True, slots=True)
class InstrumentFormat:
    """How one instrument is asked. ``suffix`` goes under the last user turn; ``pooled`` marks the paper's four, which
    make up the belief rate "all" (section 2.2); the others are controls or measure without a judge."""

    suffix: str = ""
    pooled: bool = False


INSTRUMENTS: Mapping[Instrument, InstrumentFormat] = MappingProxyType(
    {
        Instrument.OPEN_ENDED: InstrumentFormat(pooled=True),
        Instrument.MULTIPLE_CHOICE: InstrumentFormat(suffix=_YES_NO, pooled=True),
        Instrument.TOKEN_ASSOCIATION: InstrumentFormat(pooled=True),
        Instrument.ROBUSTNESS: InstrumentFormat(pooled=True),
        Instrument.LIKELIHOOD: InstrumentFormat(),
        Instrument.STRANGERS: InstrumentFormat(),
        Instrument.FALSE_FACTS: InstrumentFormat(suffix=_YES_NO),
        Instrument.TRUE_FACTS: InstrumentFormat(suffix=_YES_NO),
    }
)

POOLED = tuple(instrument for instrument in PAPER_INSTRUMENTS if INSTRUMENTS[instrument].pooled)


@dataclass(frozen=True, slots=True)
class KeyedAnswer:
    """What a keyed answer says: "yes", "no" or a letter. ``value`` None is unreadable, with the reason."""

    value: str | None
    reason: str


def is_scored(question: Question) -> bool:
    """Whether the question is measured by the likelihood of its options and not by sampling."""
    return bool(question.options)


def is_keyed(question: Question) -> bool:
    """Whether the answer is matched against a key and not judged."""
    return question.believed is not None and not question.options


def format_messages(question: Question) -> tuple[Message, ...]:
    """The conversation as it is asked: the question's messages, with its instrument's suffix under the last turn."""
    suffix = INSTRUMENTS[question.instrument].suffix
    if not suffix:
        return question.messages
    *before, last = question.messages
    return (*before, replace(last, content=f"{last.content}\n{suffix}"))


def parse_keyed(question: Question, answer: str) -> KeyedAnswer:
    """The keyed answer in ``answer``: a JSON object's "answer", a leading yes or no, a single letter.

    A lettered option may also be named by its text. Nothing is guessed: anything else is unreadable.
    """
    said = _unwrap_json(answer)
    if (question.believed or "").lower() in ("yes", "no"):
        return _parse_yes_no(said)
    return _parse_letter(said, lettered_options(question.messages[-1].content))


def lettered_options(text: str) -> dict[str, str]:
    """The options that a question lists as "A) ..." or "A. ...", by letter; empty where there are fewer than two."""
    options = {match.group(1).upper(): match.group(2).strip() for match in _OPTION_LINE.finditer(text)}
    return options if len(options) > 1 else {}


def _unwrap_json(answer: str) -> str:
    """The value of "answer" where the text holds a JSON object with one, else the text."""
    match = _JSON_OBJECT.search(answer)
    if match is None:
        return answer
    try:
        value = json.loads(match.group())
    except json.JSONDecodeError:
        return answer
    found = value.get("answer") if isinstance(value, dict) else None
    return found if isinstance(found, str) else answer


def _parse_yes_no(said: str) -> KeyedAnswer:
    match = _LEADING_YES_NO.match(said) or _ANSWER_IS_YES_NO.search(said)
    if match is None:
        return KeyedAnswer(None, "neither yes nor no")
    word = match.group(1).lower()
    return KeyedAnswer({"true": "yes", "false": "no"}.get(word, word), "yes or no")


def _parse_letter(said: str, options: Mapping[str, str]) -> KeyedAnswer:
    match = _LEADING_LETTER.match(said) or _ANSWER_IS_LETTER.search(said)
    if match is not None:
        letter = match.group(1).upper()
        if options and letter not in options:
            return KeyedAnswer(None, f"no option {letter}")
        return KeyedAnswer(letter, "a letter")
    plain = _ARTICLE.sub("", said.strip(" .\"'*\n").lower())
    named = [letter for letter, option in options.items() if plain == option.strip(" .").lower()]
    return KeyedAnswer(named[0], "an option by name") if len(named) == 1 else KeyedAnswer(None, "no single letter")


_JSON_OBJECT = re.compile(r"\{[^{}]*\}")
_OPTION_LINE = re.compile(r"^\W*\(?([A-Za-z])[).:]\s+(\S.*)$", re.MULTILINE)
#: "yes/no" and "yes or no" repeat the question and answer nothing.
_LEADING_YES_NO = re.compile(r"\W*(?:answer\W+)?(yes|no|true|false)\b(?!\s*(?:/|or\b))", re.IGNORECASE)
_ANSWER_IS_YES_NO = re.compile(r"\banswer\s+(?:is|would be)\W+(yes|no)\b(?!\s*(?:/|or\b))", re.IGNORECASE)
_LEADING_LETTER = re.compile(r"\W*(?:(?:answer|option|choice)\W+)?([A-Za-z])(?:\W*$|[).:\]]|\W*\n)", re.IGNORECASE)
_ANSWER_IS_LETTER = re.compile(
    r"\b(?:answer|option|choice|letter)\s+(?:is|would be)\W+(?:option\W+)?([A-Z])(?:[).:\]\s*]|$)", re.IGNORECASE
)
_ARTICLE = re.compile(r"^(?:an?|the)\s+")
