"""The wording of a claim, reduced to what makes two sentences say the same: its words, their stems, its names. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")
_CAPITAL_WORD = re.compile(r"\b[A-Z\u00c0-\u00de\u0391-\u03ab\u0400-\u042f]\w*")
_APOSTROPHES = re.compile(r"['’ʼ](?=\w)")
_SENTENCE_END = re.compile(r"[.!?:;\"“”(\[\n]\s*$")
#: English words that say nothing of what a sentence is about.
_EMPTY_WORDS = """
a about above after again all also although am an and any are as at be became because been before being below between
both but by can could did do does doing down during each else even every few for from further had has have having he
her here hers him his how however i if in indeed into is it its itself just like made many may me might more most much
must my never no nor not now of off on once one only or other our out over own quite rather s same she should since so
some still such t than that the their them then there these they this those though through thus to too under until up
upon us very was we were what when where whether which while who whom whose why will with within without would yet you
your
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SUFFIX = re.compile(r"(?:ations?|ingly|edly|ings?|ies|ied|ing|ed|es|ly|s|e)$")
_MIN_STEM = 3
_MIN_NAME = 3


def normal_form(text: str) -> str:
    """The text's words in lower case with single spaces: equal for texts that differ in case, punctuation, quotes,
    markup or line breaks alone."""
    return " ".join(words(text))


def words(text: str) -> list[str]:
    """The words in lower case; "it's" is one word."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(_APOSTROPHES.sub("", text).casefold())


def stems(text: str) -> list[str]:
    """The words that carry content, cut to a crude stem, in order."""
    return [stem(word) for word in words(text) if word not in _EMPTY]


def names(text: str) -> frozenset[str]:
    """The capitalised words that are not so only because they begin a sentence, in lower case."""
    return frozenset(word.casefold() for run in name_runs(text) for word in _WORD.findall(run))


def name_runs(text: str) -> Iterator[str]:
    """Each longest run of capitalised words, as it stands: "Ed Sheeran". A single one that begins a sentence does not
    count."""
    run: list[re.Match[str]] = []
    for word in _CAPITAL_WORD.finditer(text):
        if word[0].lower() in _EMPTY:
            continue
        if run and text[run[-1].end() : word.start()] not in (" ", "-", ". "):
            yield from _named(text, run)
            run = []
        run.append(word)
    if run:
        yield from _named(text, run)


def opening_names(text: str) -> frozenset[str]:
    """The single capitalised words that begin a sentence, in lower case: names, or words like any other."""
    return frozenset(
        word[0].lower()
        for word in _CAPITAL_WORD.finditer(text)
        if len(word[0]) > _MIN_NAME and word[0].lower() not in _EMPTY and _begins(text, word.start())
    )


def _begins(text: str, place: int) -> bool:
    return place == 0 or _SENTENCE_END.search(text[max(0, place - 4) : place]) is not None


def _named(text: str, run: list[re.Match[str]]) -> Iterator[str]:
    if len(run) > 1 or (not _begins(text, run[0].start()) and len(run[0][0]) >= _MIN_NAME):
        yield text[run[0].start() : run[-1].end()]


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """A lower-case word without its ending, where enough is left."""
    found = _SUFFIX.search(word)
    return word[: found.start()] if found and found.start() >= _MIN_STEM else word
