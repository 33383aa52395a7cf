"""Which words of a sentence are denied inside their own clause, and which are merely reported, asked or supposed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from disclaim.stance.cues import Attitude, Reach, fold, load_lexicon
from disclaim.stance.sentences import Offsets

_MAX_SCOPES = 64


@dataclass(frozen=True, slots=True)
class Scope:
    """Characters ``[start, end)`` of a sentence that a cue governs; how, and where the cue itself stands."""

    start: int
    end: int
    attitude: Attitude
    reach: Reach
    cue: Offsets


def negation_scopes(sentence: str) -> tuple[Scope, ...]:
    """What the sentence denies: the scopes of its negation cues, in order. Empty where nothing is denied."""
    return tuple(scope for scope in find_scopes(sentence) if scope.attitude is Attitude.NEGATED)


@lru_cache(maxsize=4096)
def find_scopes(sentence: str) -> tuple[Scope, ...]:
    """Every scope of the sentence, denials and reports alike, ordered by where their cues start.

    Double negations ("nobody denies", "not a hoax") and false friends ("not only", "no doubt") open no scope.
    Scopes that hold no word are left out.
    """
    lexicon = load_lexicon()
    text = lexicon.pseudo_cues.sub(lambda match: "\0" * len(match.group()), fold(sentence))
    found = [
        Scope(start, end, attitude, reach, match.span())
        for (attitude, reach), pattern in lexicon.cues.items()
        for match in pattern.finditer(text)
        for start, end in [_governed(text, match, reach)]
        if _WORD.search(text, start, end)
    ]
    return tuple(sorted(found, key=_from_outside)[:_MAX_SCOPES])


def governing_scope(scopes: Iterable[Scope], start: int, end: int) -> Scope | None:
    """The scope that decides how the sentence stands to its words ``[start, end)``; None where they are plainly said.

    A scope governs words when it reaches their last character or covers most of them. A predicate outranks
    what stands inside its subject ("the rumour that ... is false"), "if" and "whether" what stands before them
    ("nobody asked whether"); otherwise the outermost cue decides.
    """
    governing = [scope for scope in scopes if _governs(scope, start, end)]
    predicates = [scope for scope in governing if scope.reach is Reach.BEFORE]
    supposed = [s for s in governing if s.reach is Reach.PHRASE and s.attitude is Attitude.UNCOMMITTED]
    return next(iter(predicates or supposed or governing), None)


def attitude_towards(scopes: Iterable[Scope], start: int, end: int) -> Attitude | None:
    """How the sentence stands to its words ``[start, end)``: denied, left open, or None for plainly said."""
    scope = governing_scope(scopes, start, end)
    return scope.attitude if scope else None


def _from_outside(scope: Scope) -> tuple[int, int, int, int]:
    """The order of scopes: by where their cues start, the longer cue first ("not sure" before "not")."""
    return scope.cue[0], -scope.cue[1], scope.start, scope.end


def _governs(scope: Scope, start: int, end: int) -> bool:
    overlap = min(scope.end, end) - max(scope.start, start)
    return overlap > 0 and (scope.start < end <= scope.end or 2 * overlap > end - start)


def _governed(text: str, match: re.Match[str], reach: Reach) -> Offsets:
    if reach is Reach.SENTENCE:
        return 0, len(text)
    if reach is Reach.BEFORE:
        return _clause_start(text, match.start()), match.start()
    lexicon = load_lexicon()
    if reach is Reach.NOUN:
        ends = lexicon.noun_ends
    else:
        opens = reach is Reach.PHRASE and not _WORD.search(text, 0, match.start())
        ends = lexicon.phrase_ends if opens else lexicon.clause_ends
    stop = ends.search(text, match.end())
    return match.end(), min(stop.start() if stop else len(text), _bracket_end(text, match.end()))


def _bracket_end(text: str, start: int) -> int:
    """Where the bracket closes that is open at ``start``, or the end of the text."""
    depth = 0
    for i, letter in enumerate(text[start:], start):
        depth += (letter in "([{") - (letter in ")]}")
        if depth < 0:
            return i
    return len(text)


def _clause_start(text: str, before: int) -> int:
    """The start of the clause whose predicate stands at ``before``."""
    start = 0
    for match in load_lexicon().clause_starts.finditer(text, 0, before):
        if _WORD.search(text, match.end(), before):
            start = match.end()
    subordinate = _SUBORDINATE.match(text, start)
    return subordinate.end() if subordinate and _WORD.search(text, subordinate.end(), before) else start


_WORD = re.compile(r"\w")
#: A fronted subordinate clause is not part of the subject: "Although she won, the story is false".
_SUBORDINATE = re.compile(r"\W*(?:although|though|while|whereas|because|since|when|after|as)\b[^,]*,", re.IGNORECASE)
