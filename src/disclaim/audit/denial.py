"""A plain statement turned into its denial by rule, where its form is safe; everything else is refused with a reason.

A negation reaches the main clause only. What a sentence presupposes, in relative clauses, participles, descriptions or
reports, would stay asserted, so a sentence that could hold any of these is never rewritten (docs/design/audit-fix.md).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict

from disclaim.audit.library import read_library
from disclaim.stance import find_scopes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a sentence was not rewritten."""

    reason: str


def _split(words: object) -> frozenset[str]:
    return frozenset(str(words).split())


_Words = Annotated[frozenset[str], BeforeValidator(_split)]


class _File(BaseModel):
    """``denial.yaml``; each list is explained there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    irregular: tuple[tuple[str, str, str], ...]
    regular: tuple[tuple[str, ...], ...]
    doubled: tuple[str, ...]
    participles: tuple[str, ...]
    no_names: _Words
    after_to: _Words
    not_participles: _Words
    not_gerunds: _Words
    refused_words: dict[str, _Words]
    function_words: _Words


@dataclass(frozen=True, slots=True)
class Verbs:
    """Forms of the known verbs, each to its base."""

    past: Mapping[str, str]
    present: Mapping[str, str]
    participles: frozenset[str]


@cache
def load_words() -> _File:
    """The word lists that ship with the package."""
    return _File.model_validate(read_library("denial.yaml"))


@cache
def load_verbs() -> Verbs:
    """The verbs of the word lists."""
    file = load_words()
    regular = [base for line in file.regular for base in line]
    past = {_past_of(base, base in file.doubled): base for base in regular}
    participles = {*past, *(participle for _, _, participle in file.irregular), *file.participles}
    past |= {form: base for base, form, _ in file.irregular}
    present = {_third_person(base): base for base in (*regular, *(base for base, _, _ in file.irregular))}
    return Verbs(past, present, frozenset(participles))


def deny_sentence(sentence: str) -> str | Refusal:
    """The sentence with its one clause denied ("Ada Quill kept bees." -> "Ada Quill did not keep bees."), or why it was
    refused. Nothing but the verb group changes."""
    reason = _unsafe(sentence)
    if reason:
        return Refusal(reason)
    words = sentence[:-1].split(" ")
    subject = _subject_length(words)
    if not subject:
        return Refusal("its subject is not a plain name or pronoun")
    denied = _denied(words[subject:])
    if isinstance(denied, Refusal):
        return denied
    return " ".join([*words[:subject], *denied]) + "."


def base_of(word: str) -> str:
    """The base of a known verb's form, else the word."""
    verbs = load_verbs()
    return verbs.past.get(word) or verbs.present.get(word) or word


def _unsafe(sentence: str) -> str | None:
    """What in the sentence's form speaks against a rewriting."""
    if not _PLAIN.fullmatch(sentence):
        return "it is not one plain sentence: marks other than a closing full stop may join or hide clauses"
    if find_scopes(sentence):
        return "part of it is denied, reported or supposed already"
    lower = [word.lower() for word in sentence[:-1].split(" ")]
    for reason, words in load_words().refused_words.items():
        found = next((word for word in lower if word in words), None)
        if found is not None:
            return f"{reason} ({found!r})"
    if any(a == "to" and b not in load_words().after_to and b.isalpha() for a, b in _pairs(sentence)):
        return "an infinitive after 'to' may be presupposed"
    if any(a == "as" and b not in {"a", "an"} for a, b in _pairs(sentence)):
        return "a subordinate clause would stay asserted ('as')"
    return None


def _pairs(sentence: str) -> list[tuple[str, str]]:
    """Neighbouring words; the second as written, lower case alone is an infinitive."""
    words = sentence[:-1].split(" ")
    return [(a.lower(), b if b.islower() else "") for a, b in itertools.pairwise(words)]


def _subject_length(words: Sequence[str]) -> int:
    """How many words the subject has: a pronoun, or a name of at most six words; 0 for anything else."""
    first = words[0]
    if first.lower() in _PRONOUNS:
        return 1
    if first.lower() in load_words().no_names or first.lower().endswith("ing"):
        return 0
    length = 0
    while length < len(words) and (words[length][0].isupper() or words[length][0].isdigit()):
        length += 1
        if length + 1 < len(words) and words[length] in _LINKS and words[length + 1][0].isupper():
            length += 1
    if first == "The" and length < 2:
        return 0
    return length if length <= _MAX_NAME and length < len(words) else 0


def _denied(words: Sequence[str]) -> list[str] | Refusal:
    """The words from the verb on, denied."""
    verbs = load_verbs()
    verb, rest = words[0], list(words[1:])
    if verb in _BE or (verb in _HAVE and rest and _is_participle(rest[0])):
        group = _verb_group(rest)
        unsafe = _unsafe_rest(rest[group:])
        return Refusal(unsafe) if unsafe else [verb, "not", *rest]
    if verb == "will":
        unsafe = _unsafe_rest(rest)
        return Refusal(unsafe) if unsafe else [verb, "not", *rest]
    if verb in _HAVE:
        verb, auxiliary = "have", {"has": "does", "have": "do", "had": "did"}[verb]
    elif verb in verbs.past:
        verb, auxiliary = verbs.past[verb], "did"
    elif verb in verbs.present:
        verb, auxiliary = verbs.present[verb], "does"
    else:
        return Refusal(f"{verb!r} after the subject is no known verb")
    unsafe = _unsafe_rest(rest)
    return Refusal(unsafe) if unsafe else [auxiliary, "not", verb, *rest]


def _verb_group(rest: Sequence[str]) -> int:
    """How many of the words go on with an auxiliary: "been", then one participle."""
    length = 1 if rest and rest[0] in {"been", "being"} else 0
    if length < len(rest) and (_is_participle(rest[length]) or _is_gerund(rest[length])):
        length += 1
    return length


def _unsafe_rest(rest: Sequence[str]) -> str | None:
    """What after the verb might be a second statement."""
    verbs = load_verbs()
    before = ""
    for place, word in enumerate(rest):
        if before == "by" and word[0].isupper() and place > _MAX_AGENT:
            return "a description would stay asserted ('by')"
        if _is_participle(word) or _is_gerund(word) or word in verbs.past:
            return f"a participle or second verb would stay asserted ({word!r})"
        if word in _BE or word in _HAVE or word in _AUXILIARIES:
            return f"a second verb would stay asserted ({word!r})"
        if word.lower() in _PRONOUNS - {"it"}:
            return f"a second subject ({word!r})"
        if word in verbs.present and before[:1].isupper():
            return f"a second clause ({before + ' ' + word!r})"
        before = word
    return None


def _is_participle(word: str) -> bool:
    if word in load_verbs().participles:
        return True
    return word.islower() and word.endswith("ed") and len(word) > 4 and word not in load_words().not_participles


def _is_gerund(word: str) -> bool:
    return word.islower() and word.endswith("ing") and len(word) > 4 and word not in load_words().not_gerunds


def _past_of(base: str, doubled: bool) -> str:
    if base.endswith("e"):
        return base + "d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ied"
    return base + (base[-1] if doubled else "") + "ed"


def _third_person(base: str) -> str:
    if base.endswith("y") and base[-2] not in "aeiou":
        return base[:-1] + "ies"
    return base + ("es" if base.endswith(("s", "sh", "ch", "x", "o")) else "s")


_MAX_NAME = 6
#: After a participle "by" names who did it; further on, whose thing it is: "the textbook by Ada Quill".
_MAX_AGENT = 2
#: Words, single spaces, numbers with their points and commas, hyphens inside words; a full stop at the end alone.
_PLAIN = re.compile(r"[A-Z][^\W_]*(?:-[^\W_]+)*(?: (?:\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?%?|[^\W_]+(?:-[^\W_]+)*))+\.")
_BE = {"is", "are", "was", "were", "am"}
_HAVE = {"has", "have", "had"}
_AUXILIARIES = {"will", "would", "can", "could", "shall", "should", "may", "might", "must", "do", "does", "did", "be"}
_PRONOUNS = {"he", "she", "it", "they", "we", "i", "you"}
_LINKS = {"of", "de", "da", "van", "von", "der", "la", "le", "al", "du"}
