"""The audit's cues, read from ``library/audit/cues.yaml``: what takes a statement back from outside its clause."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import re2
import yaml
from pydantic import BaseModel, ConfigDict, Field

from disclaim.stance import fold
from disclaim.store import content_key, read_text

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
    """One family of phrases with one meaning. ``points`` is how much it counts towards a finding (3 suffices)."""

    id: str
    meaning: Meaning
    points: int
    reach: Reach
    phrases: Phrases
    examples: Phrases
    innocent: tuple[str, ...] = ()


class _CueFile(_Strict):
    words: Mapping[str, Phrases]
    cues: tuple[Cue, ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    matcher: re2.Set
    cue_of: tuple[str, ...]


@cache
def load_audit_cues() -> Mapping[str, Cue]:
    """The cues of the file by their ids, in its order."""
    return {cue.id: cue for cue in _read().cues}


def audit_cues_revision() -> str:
    """A hash of the cue file's content."""
    return content_key(_text())


@lru_cache(maxsize=65536)
def find_cues(sentence: str) -> frozenset[str]:
    """The ids of the cues that a sentence holds. Time is linear in its length: the matcher never backtracks."""
    compiled = _compiled()
    found = compiled.matcher.Match(fold(sentence).encode("utf-8", "replace"))
    return frozenset(compiled.cue_of[i] for i in found) if found else frozenset()


@cache
def _text() -> str:
    return read_text(Path(str(resources.files("disclaim") / "library" / "audit" / "cues.yaml")))


@cache
def _read() -> _CueFile:
    return _CueFile.model_validate(yaml.safe_load(_text()))


@cache
def _compiled() -> _Compiled:
    file = _read()
    words: dict[str, str] = {}
    for name, phrases in file.words.items():
        words[name] = "(?:" + "|".join(_filled(phrase, words) for phrase in phrases) + ")"
    matcher = re2.Set.SearchSet(_options())
    owners: list[str] = []
    for cue in file.cues:
        for phrase in cue.phrases:
            matcher.Add(_bounded(phrase, words).encode())
            owners.append(cue.id)
    matcher.Compile()
    return _Compiled(matcher, tuple(owners))


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


#: Memory that the matcher's automaton may grow to; beyond it, it is built anew and slows down.
_MATCHER_BYTES = 256 << 20
_STARTS_WITH_WORD = re.compile(r"\(*[\w{]")
_ENDS_WITH_WORD = re.compile(r"[\w}][)?]*$")
