"""What a remark or an answer says of something said before: the classes of ``library/audit/worth.yaml`` that it
holds, each with its points."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Annotated

import re2
from pydantic import BaseModel, ConfigDict, Field

from disclaim.audit.library import read_library
from disclaim.stance import fold


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Class(_Strict):
    """Phrases with one meaning. A match counts ``points``, two at most; ``head``: in the first sentences only."""

    id: str
    points: int
    phrases: Annotated[tuple[str, ...], Field(min_length=1)]
    head: bool = False


@cache
def load_worth() -> Mapping[str, tuple[Class, ...]]:
    """The classes of the file by what they are read in: ``remarks``, ``settings``, ``concessions``, ``objections``,
    ``prompts``."""
    read = read_library("worth.yaml")
    return {kind: tuple(Class.model_validate(item) for item in items) for kind, items in read.items()}


@lru_cache(maxsize=1 << 12)
def weigh(kind: str, text: str) -> Mapping[str, int]:
    """The points of each class of a kind that a text holds; the other classes are left out. Time is linear in its
    length, of which no more than ``LONGEST`` characters are read."""
    folded = fold(text[:LONGEST])
    points = {}
    for item, matcher in _matchers(kind):
        found = set()
        for match in matcher.finditer(folded[:HEAD] if item.head else folded):
            if kind not in _DENIABLE or not _DENIED.search(folded, max(0, match.start() - _NEAR), match.start()):
                found.add(match.group().strip())
            if len(found) >= _MOST:
                break
        if found:
            points[item.id] = item.points * len(found)
    return MappingProxyType(points)


def blame(text: str) -> int:
    """How much a remark finds fault: the points of its classes less its praise."""
    return sum(weigh("remarks", text).values())


@cache
def _matchers(kind: str) -> tuple[tuple[Class, re2._Regexp[str]], ...]:
    options = re2.Options()
    options.max_mem = 32 << 20
    return tuple(
        (item, re2.compile("|".join(_bounded(phrase) for phrase in item.phrases), options=options))
        for item in load_worth()[kind]
    )


def _bounded(phrase: str) -> str:
    """The phrase with word boundaries round each of its alternatives that is written in the English alphabet, for which
    alone the matcher knows words."""
    alternatives = _alternatives(phrase.replace(" ?", r"\s*").replace(" ", r"\s+"))
    return "|".join(
        f"{_left(item)}(?:{item}){_right(item)}" if item.isascii() else f"(?:{item})" for item in alternatives
    )


def _left(phrase: str) -> str:
    return r"\b" if _FIRST.match(phrase) else ""


def _right(phrase: str) -> str:
    return r"\b" if _LAST.search(phrase) else ""


def _alternatives(phrase: str) -> list[str]:
    """The phrase, cut at the bars that stand outside its brackets."""
    found, depth, start = [], 0, 0
    for at, sign in enumerate(phrase):
        depth += (sign in "([") - (sign in ")]")
        if sign == "|" and depth == 0:
            found.append(phrase[start:at])
            start = at + 1
    return [*found, phrase[start:]]


#: So many characters of a remark are read.
LONGEST = 4_000
#: The first sentences of a turn end about here.
HEAD = 240
#: Different matches of one class that count.
_MOST = 2
#: In these, words that are denied count for nothing.
_DENIABLE = frozenset({"remarks", "prompts"})
#: What denies the words behind it, so far before them.
_NEAR = 24
_DENIED = re.compile(r"\b(?:no|not|never|nothing|none|without|nor|neither|free of|\w+n't)\W+(?:[\w']+\W+)?\Z")
_FIRST = re.compile(r"[(a-z0-9]")
_LAST = re.compile(r"[a-z0-9)*?+]$")
