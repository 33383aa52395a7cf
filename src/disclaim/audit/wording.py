"""The wording of a claim, reduced to what makes two sentences say the same: its words, their stems, its names. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
#: ASCII with everything but letters and digits made a space; and besides in lower case.
_SPACED = bytes(place if chr(place).isalnum() else 32 for place in range(128)) + bytes(range(128, 256))
_LOWER = _SPACED.lower()
_CAPITAL = r"[A-Z\u00c0-\u00de\u0391-\u03ab\u0400-\u042f]\w*"
_RUN = re.compile(rf"\b{_CAPITAL}(?:[ -]{_CAPITAL})*")
_APOSTROPHES = re.compile(r"['’ʼ](?=\w)")
_SENTENCE_END = re.compile(r"[.!?:;\"“”(\[\n]\s*\Z")
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
    """The words in lower case; "it's" is one word, "9.79" two."""
    if text.isascii():
        return text.encode().translate(_LOWER, b"'").decode().split()
    text = _APOSTROPHES.sub("", unicodedata.normalize("NFKC", text))
    return _WORD.findall(text.casefold())


def capitals(text: str) -> list[str]:
    """The words that begin with a capital, as they stand, in order."""
    if text.isascii():
        return [word for word in text.encode().translate(_SPACED, b"'").decode().split() if "A" <= word < "["]
    return [word for word in _WORD.findall(_APOSTROPHES.sub("", text)) if word[0].isupper()]


def word_spans(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word in lower case with its place; "it's" is two."""
    for found in _WORD.finditer(text):
        yield found[0].casefold(), found.start(), found.end()


def content(found: Iterable[str]) -> frozenset[str]:
    """The stems of those words that carry content."""
    return frozenset(map(stem, set(found) - _EMPTY))


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a text: ``runs`` of capitalised words as they stand ("Ed Sheeran"), their ``words`` in lower case,
    and ``openings``, the single capitalised words that begin a sentence, which may be names or words like any other."""

    runs: tuple[str, ...]
    words: frozenset[str]
    openings: frozenset[str]


def find_names(text: str) -> Names:
    """The names in the text, told by their capitals."""
    runs: dict[str, None] = {}
    named: set[str] = set()
    openings: set[str] = set()
    for found in _RUN.finditer(text):
        run = found[0]
        parts = run.lower().replace("-", " ").split()
        if parts[0] in _EMPTY:
            run = run[len(parts[0]) :].lstrip(" -.")
            del parts[0]
        if len(parts) > 1:
            runs[run] = None
            named.update(parts)
        elif parts and len(run) >= _MIN_NAME and run.lower() not in _EMPTY:
            if found.start() == 0 or _SENTENCE_END.search(text, max(0, found.start() - 4), found.start()):
                openings.add(parts[0])
            else:
                runs[run] = None
                named.add(parts[0])
    return Names(tuple(runs), frozenset(named), frozenset(openings - named))


@lru_cache(1 << 16)
def stem(word: str) -> str:
    """A lower-case word without its ending, where enough is left."""
    found = _SUFFIX.search(word)
    return word[: found.start()] if found and found.start() >= _MIN_STEM else word
