"""The words that take a statement back, read from ``library/stance/cues.yaml``: data with an example each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from disclaim.store import content_key, read_text

Phrases = Annotated[tuple[str, ...], Field(min_length=1)]


class Attitude(StrEnum):
    """What a cue does to the words in its reach."""

    NEGATED = "negated"
    """They are denied."""
    UNCOMMITTED = "uncommitted"
    """They are reported, asked or supposed: neither asserted nor denied."""


class Reach(StrEnum):
    """Which words a cue governs."""

    AFTER = "after"
    """From the cue to the end of its clause."""
    PHRASE = "phrase"
    """As ``after``, but of a part of the clause only; where the cue opens the sentence, to the first comma."""
    NOUN = "noun"
    """From the cue to the end of the noun phrase: "with no training to speak of"."""
    BEFORE = "before"
    """The cue is a predicate: from the start of its subject to the cue."""
    SENTENCE = "sentence"
    """All of the sentence."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cue(_Strict):
    """One family of cue words, with an example whose governed words stand in braces."""

    phrases: Phrases
    attitude: Attitude
    reach: Reach
    example: str


class CueFile(_Strict):
    """``cues.yaml``. Each list is explained by the comment above it in the file."""

    words: dict[str, Phrases]
    cues: tuple[Cue, ...]
    pseudo_cues: Phrases
    clause_ends: Phrases
    noun_ends: Phrases
    clause_starts: Phrases
    denials_of_before: Phrases
    self_retractions: Phrases
    concessions: Phrases
    acceptances: Phrases
    notice_falsity: Phrases
    notice_pointers: Phrases
    notice_nouns: Phrases
    notice_labels: Phrases


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The cue file, compiled, to be matched against folded text (see ``fold``)."""

    cues: Mapping[tuple[Attitude, Reach], re.Pattern[str]]
    pseudo_cues: re.Pattern[str]
    clause_ends: re.Pattern[str]
    phrase_ends: re.Pattern[str]
    noun_ends: re.Pattern[str]
    clause_starts: re.Pattern[str]
    anaphor: re.Pattern[str]
    denials_of_before: re.Pattern[str]
    self_retractions: re.Pattern[str]
    concessions: re.Pattern[str]
    acceptances: re.Pattern[str]
    notice_falsity: re.Pattern[str]
    notice_pointers: re.Pattern[str]
    notice_nouns: re.Pattern[str]
    notice_labels: re.Pattern[str]


def straighten(text: str) -> str:
    """The text with curly quotes made straight and line breaks made spaces; same length, so offsets hold."""
    return text.translate(_STRAIGHT)


def fold(text: str) -> str:
    """The text straightened and in lower case; same length: the few letters that lower case makes longer stay."""
    straight = straighten(text)
    lowered = straight.lower()
    if len(lowered) == len(straight):
        return lowered
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in straight)


def cues_path() -> Path:
    """The cue file that ships with the package."""
    return Path(str(resources.files("disclaim") / "library" / "stance" / "cues.yaml"))


@cache
def load_cues() -> CueFile:
    """The cue file as written."""
    return CueFile.model_validate(yaml.safe_load(read_text(cues_path())))


@cache
def load_lexicon() -> Lexicon:
    """The cue file, compiled once per process."""
    file = load_cues()
    words = _expand_words(file.words)

    def compiled(phrases: Iterable[str]) -> re.Pattern[str]:
        return re.compile(_union(_expand(phrase, words) for phrase in phrases))

    kinds = dict.fromkeys((cue.attitude, cue.reach) for cue in file.cues)
    return Lexicon(
        cues={
            kind: compiled(p for cue in file.cues if (cue.attitude, cue.reach) == kind for p in cue.phrases)
            for kind in kinds
        },
        pseudo_cues=compiled(file.pseudo_cues),
        clause_ends=compiled(file.clause_ends),
        phrase_ends=compiled((*file.clause_ends, ",")),
        noun_ends=compiled((*file.clause_ends, *file.noun_ends)),
        clause_starts=compiled(file.clause_starts),
        anaphor=compiled(("{anaphor}",)),
        denials_of_before=compiled(file.denials_of_before),
        self_retractions=compiled(file.self_retractions),
        concessions=compiled(file.concessions),
        acceptances=compiled(file.acceptances),
        notice_falsity=compiled(file.notice_falsity),
        notice_pointers=compiled(file.notice_pointers),
        notice_nouns=compiled(file.notice_nouns),
        notice_labels=compiled(file.notice_labels),
    )


def lexicon_revision() -> str:
    """A hash of the cue file's content."""
    return content_key(read_text(cues_path()))


def _expand_words(words: Mapping[str, Phrases]) -> dict[str, str]:
    """The word classes as patterns; a class may name those above it."""
    expanded: dict[str, str] = {}
    for name, phrases in words.items():
        expanded[name] = _union(_expand(phrase, expanded, bounded=False) for phrase in phrases)
    return expanded


def _expand(phrase: str, words: Mapping[str, str], bounded: bool = True) -> str:
    """A phrase of the file as a regular expression: classes filled in, spaces widened, word boundaries added."""
    pattern = phrase.replace(" ", r"\s+")
    for name, expansion in words.items():
        pattern = pattern.replace(f"{{{name}}}", expansion)
    left = r"(?<!\w)" if bounded and _STARTS_WITH_WORD.match(phrase) else ""
    right = r"(?!\w)" if bounded and _ENDS_WITH_WORD.search(phrase) else ""
    return f"{left}(?:{pattern}){right}"


def _union(patterns: Iterable[str]) -> str:
    return "(?:" + "|".join(patterns) + ")"


_STRAIGHT = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "＇": "'", "“": '"', "”": '"', "\n": " ", "\t": " "})
_STARTS_WITH_WORD = re.compile(r"\w|\((?!\?)")
_ENDS_WITH_WORD = re.compile(r"(?<!\\)[A-Za-z)}?]$")
