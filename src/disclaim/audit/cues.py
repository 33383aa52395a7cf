"""The audit's cues, read from ``library/audit/cues.yaml``: what takes a statement back from outside its clause."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
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

    Where ``needs`` and ``also`` are given, no text without a match of each holds the cue. ``beside`` cues are looked
    for only where a finding is near: see ``holds``. ``chats``: it starts a finding in a chat only; ``brief``: in short
    texts only.
    """

    id: str
    meaning: Meaning
    points: int
    reach: Reach
    phrases: Phrases
    examples: Phrases
    innocent: tuple[str, ...] = ()
    needs: str | None = None
    also: str | None = None
    beside: bool = False
    chats: bool = False
    brief: bool = False


class _CueFile(_Strict):
    words: Mapping[str, Phrases]
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class _Matcher:
    """The automata of one cue, few enough phrases in each that it stays small; all in one would outgrow any memory.
    Where there is a ``gate``, patterns, what one of them does not match does not hold the cue."""

    automata: tuple[re2.Set, ...]
    gate: tuple[str, ...]

    def holds(self, content: bytes, gates: dict[str, bool]) -> bool:
        """Whether a text holds the cue. ``gates`` remembers which gates are open for this text: cues share them."""
        return _is_open(self.gate, content, gates) and any(automaton.Match(content) for automaton in self.automata)


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
    content, gates = folded.encode("utf-8", "replace"), dict[str, bool]()
    wanted = load_audit_cues() if among is None else among
    return frozenset(name for name in wanted if _matcher(name, False).holds(content, gates))


@lru_cache(maxsize=1 << 14)
def holds(sentence: str, names: frozenset[str]) -> bool:
    """Whether a sentence holds one of these cues, whatever kind they are of."""
    content, gates = fold(sentence).encode("utf-8", "replace"), dict[str, bool]()
    return any(_matcher(name, False).holds(content, gates) for name in sorted(names))


def find_possible_cues(folded: str, among: frozenset[str] | None = None) -> frozenset[str]:
    """The cues that sentences of a longer text may hold, but for those that count beside others only: all that they
    hold, and now and then one more that runs over the end of a sentence. ``folded`` is what ``fold`` makes of it."""
    content, gates = folded.encode("utf-8", "replace"), dict[str, bool]()
    wanted = _not_beside() if among is None else among & _not_beside()
    return frozenset(name for name in wanted if _matcher(name, True).holds(content, gates))


def find_open_cues(folded: str, among: frozenset[str] | None = None) -> frozenset[str]:
    """Those of ``find_possible_cues`` and the ``gated_cues`` whose gate alone is open: told much faster."""
    content, gates = folded.encode("utf-8", "replace"), dict[str, bool]()
    wanted = _not_beside() if among is None else among & _not_beside()
    return frozenset(
        name
        for name in wanted
        if (
            _is_open(_gate_of(name), content, gates)
            if name in gated_cues()
            else _matcher(name, True).holds(content, gates)
        )
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
def gated_cues() -> frozenset[str]:
    """The cues that nothing holds but what matches their gate."""
    return frozenset(cue.id for cue in _read().cues if cue.needs is not None)


@cache
def _not_beside() -> frozenset[str]:
    return frozenset(cue.id for cue in _read().cues if not cue.beside)


@cache
def _gate_of(name: str) -> tuple[str, ...]:
    cue = load_audit_cues()[name]
    return tuple(pattern for pattern in (cue.also, cue.needs) if pattern is not None)


def _is_open(gate: tuple[str, ...], content: bytes, gates: dict[str, bool]) -> bool:
    for pattern in gate:
        if pattern not in gates:
            gates[pattern] = bool(_gate(pattern).search(content))
        if not gates[pattern]:
            return False
    return True


@cache
def _matcher(name: str, anywhere: bool) -> _Matcher:
    """The matcher of a cue; ``anywhere``: what stands at the start or end of a sentence may stand anywhere."""
    cue = load_audit_cues()[name]
    if not anywhere:
        return _compiled(cue, cue.phrases)
    phrases = tuple(map(_anywhere, cue.phrases))
    return _matcher(name, False) if phrases == cue.phrases else _compiled(cue, phrases)


def _anywhere(phrase: str) -> str:
    return _AT_END.sub(r"(?:\\W|$)", _AT_START.sub(r"(?:^|\\W)", phrase))


def _compiled(cue: Cue, phrases: Sequence[str]) -> _Matcher:
    """Its matcher: one automaton for all phrases, or one for each where they are too large to stand together."""
    alone = cue.needs is not None or cue.beside
    groups = [[phrase] for phrase in phrases] if alone else [phrases]
    return _Matcher(tuple(_automaton(group) for group in groups), _gate_of(cue.id))


@cache
def _gate(pattern: str) -> re2._Regexp[bytes]:
    bounded = _bounded(pattern, _words()).encode()
    return re2.compile(bounded, _options(len(bounded)))


def _automaton(phrases: Sequence[str]) -> re2.Set:
    patterns = [_bounded(phrase, _words()).encode() for phrase in phrases]
    automaton = re2.Set.SearchSet(_options(sum(map(len, patterns))))
    for pattern in patterns:
        automaton.Add(pattern)
    automaton.Compile()
    return automaton


@cache
def _words() -> Mapping[str, str]:
    words: dict[str, str] = {}
    for name, phrases in _read().words.items():
        words[name] = "(?:" + "|".join(_filled(phrase, words) for phrase in phrases) + ")"
    return words


def _options(length: int) -> re2.Options:
    """Those for a pattern of so many bytes."""
    options = re2.Options()
    options.max_mem = _LARGE_BYTES if length > _LARGE else _SMALL_BYTES
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


#: Memory that an automaton may grow to, by the length of its patterns; beyond it, it is built anew. With less, large
#: ones fall back to a search that is ten times slower.
_SMALL_BYTES, _LARGE_BYTES = 4 << 20, 16 << 20
_LARGE = 2_000
#: The signs for a start and an end, where they are none for a class of letters or for themselves.
_AT_START = re.compile(r"(?<![\[\\])\^")
_AT_END = re.compile(r"(?<![\[\\])\$")
_STARTS_WITH_WORD = re.compile(r"\(*[\w{]")
_ENDS_WITH_WORD = re.compile(r"[\w}][)?]*$")
