"""The audit's cues, read from ``library/audit/cues.yaml``: what takes a statement back from outside its clause."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Annotated

import re2
from pydantic import BaseModel, ConfigDict, Field

from disclaim.audit.library import library_text, read_library
from disclaim.stance import fold
from disclaim.store import content_key

Phrases = Annotated[tuple[str, ...], Field(min_length=1)]


class Meaning(StrEnum):
    """What a cue says of the text it points to."""

    FALSE = "false"
    FICTION = "fiction"
    HYPOTHETICAL = "hypothetical"
    UNVERIFIED = "unverified"
    UNRELIABLE = "unreliable"
    UNLIKELY = "unlikely"
    BAD = "bad"
    POINTER = "pointer"
    """It says nothing of it: it only points."""


class Reach(StrEnum):
    """Where a cue points from where it stands."""

    BEFORE = "before"
    AFTER = "after"
    DOCUMENT = "document"
    ANY = "any"
    """Its place decides: at the head of a document forward, elsewhere back."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cue(_Strict):
    """One family of phrases with one meaning. ``points`` is how much it counts towards a finding (3 suffices).

    Where ``needs`` is given, no text without a match of it holds the cue. ``beside`` cues are looked for only where a
    finding is near: see ``holds``. ``chats``: it starts a finding in a chat only; ``brief``: in short texts only.
    """

    id: str
    meaning: Meaning
    points: int
    reach: Reach
    phrases: Phrases
    examples: Phrases
    innocent: tuple[str, ...] = ()
    needs: str | None = None
    beside: bool = False
    chats: bool = False
    brief: bool = False


class _CueFile(_Strict):
    words: Mapping[str, Phrases]
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class _Matcher:
    """One automaton for cues that are looked for together; all of them in one would outgrow any memory. Where there is
    a ``gate``, what it does not match holds none of them."""

    automaton: re2.Set
    cue_of: tuple[str, ...]
    gate: re2.Set | None

    def find(self, content: bytes) -> Sequence[str]:
        """The ids of its cues that a text holds, some of them more than once."""
        if self.gate is not None and not self.gate.Match(content):
            return ()
        return [self.cue_of[i] for i in self.automaton.Match(content) or ()]


@cache
def load_audit_cues() -> Mapping[str, Cue]:
    """The cues of the file by their ids, in its order."""
    return {cue.id: cue for cue in _read().cues}


def audit_cues_revision() -> str:
    """A hash of the cue file's content."""
    return content_key(_text())


def find_cues(text: str) -> frozenset[str]:
    """The ids of the cues that a sentence holds. Time is linear in the length of the sentence: the matchers never
    backtrack."""
    return find_cues_among(fold(text), None)


def find_cues_among(folded: str, among: frozenset[str] | None) -> frozenset[str]:
    """The ids of the cues that a sentence holds, of those ``among`` where given. ``folded`` is what ``fold`` makes of
    it."""
    content = folded.encode("utf-8", "replace")
    matchers = _sentence_matchers()
    wanted = matchers if among is None else among
    return frozenset(name for name in wanted if any(matcher.find(content) for matcher in matchers[name]))


@lru_cache(maxsize=1 << 14)
def holds(sentence: str, names: frozenset[str]) -> bool:
    """Whether a sentence holds one of these cues, whatever kind they are of."""
    content = fold(sentence).encode("utf-8", "replace")
    matchers = _sentence_matchers()
    return any(matcher.find(content) for name in sorted(names) for matcher in matchers[name])


def find_possible_cues(folded: str, among: frozenset[str] | None = None) -> frozenset[str]:
    """The cues that sentences of a longer text may hold, but for those that count beside others only: all that they
    hold, and now and then one more that runs over the end of a sentence. ``folded`` is what ``fold`` makes of it."""
    content = folded.encode("utf-8", "replace")
    matchers = _text_matchers()
    wanted = matchers if among is None else among
    return frozenset(
        name for name in wanted if name in matchers and any(matcher.find(content) for matcher in matchers[name])
    )


def has_strong_cue(names: frozenset[str]) -> bool:
    """Whether one of the cues decides something: what has one point or none only adds to others."""
    return not names.isdisjoint(_strong())


@cache
def cues_of_documents(brief: bool) -> frozenset[str]:
    """The cues that start a finding in a text that is not part of a chat: a short one, or a longer one."""
    return frozenset(cue.id for cue in _read().cues if not (cue.chats or cue.beside or (cue.brief and not brief)))


@cache
def _strong() -> frozenset[str]:
    return frozenset(cue.id for cue in _read().cues if cue.points > 1)


@cache
def _text() -> str:
    return library_text("cues.yaml")


@cache
def _read() -> _CueFile:
    return _CueFile.model_validate(read_library("cues.yaml"))


@cache
def _sentence_matchers() -> Mapping[str, tuple[_Matcher, ...]]:
    """Those of each cue."""
    return {cue.id: tuple(_compiled([cue], lambda phrase: phrase)) for cue in _read().cues}


@cache
def _text_matchers() -> Mapping[str, tuple[_Matcher, ...]]:
    """Those of each cue but the ones beside others; what stands at the start or end of a sentence may stand
    anywhere."""
    return {cue.id: tuple(_compiled([cue], _anywhere)) for cue in _read().cues if not cue.beside}


def _anywhere(phrase: str) -> str:
    return _AT_END.sub(r"(?:$|\\W)", _AT_START.sub(r"(?:^|\\W)", phrase))


def _compiled(cues: Sequence[Cue], adapt: Callable[[str], str]) -> Iterator[_Matcher]:
    """One matcher for the cues; one for each phrase of those whose phrases are too large to stand together."""
    phrases = [(cue.id, adapt(phrase)) for cue in cues for phrase in cue.phrases]
    alone = cues[0].needs is not None or cues[0].beside
    gate = None if cues[0].needs is None else _automaton([cues[0].needs])
    for group in [[item] for item in phrases] if alone else [phrases]:
        yield _Matcher(_automaton([phrase for _, phrase in group]), tuple(cue for cue, _ in group), gate)


def _automaton(phrases: Sequence[str]) -> re2.Set:
    automaton = re2.Set.SearchSet(_options())
    for phrase in phrases:
        automaton.Add(_bounded(phrase, _words()).encode())
    automaton.Compile()
    return automaton


@cache
def _words() -> Mapping[str, str]:
    words: dict[str, str] = {}
    for name, phrases in _read().words.items():
        words[name] = "(?:" + "|".join(_filled(phrase, words) for phrase in phrases) + ")"
    return words


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MATCHER_BYTES
    options.never_capture = True
    return options


def _filled(phrase: str, words: Mapping[str, str]) -> str:
    for name, pattern in words.items():
        phrase = phrase.replace(f"{{{name}}}", pattern)
    return phrase.replace(" ?", r"\s*").replace(" ", r"\s+")


def _bounded(phrase: str, words: Mapping[str, str]) -> str:
    """The phrase as a pattern that starts and ends at word boundaries where it starts and ends with words."""
    left = r"\b" if _STARTS_WITH_WORD.match(phrase) else ""
    right = r"\b" if _ENDS_WITH_WORD.search(phrase) else ""
    return f"{left}(?:{_filled(phrase, words)}){right}"


#: Memory that an automaton may grow to; beyond it, it is built anew and slows down.
_MATCHER_BYTES = 64 << 20
#: The signs for a start and an end, where they are none for a class of letters or for themselves.
_AT_START = re.compile(r"(?<![\[\\])\^")
_AT_END = re.compile(r"(?<![\[\\])\$")
_STARTS_WITH_WORD = re.compile(r"\(*[\w{]")
_ENDS_WITH_WORD = re.compile(r"[\w}][)?]*$")
