"""Who a sentence is about: pronouns that stand for the subject, and plain words without markup."""

from __future__ import annotations

import re
from collections.abc import Sequence

from disclaim.stance.sentences import Offsets

#: How many sentences back a pronoun may point.
_REACH = 8


def strip_markup(text: str) -> str:
    """The words of a sentence without emphasis marks, with snake_case opened and runs of white space closed.

    Its offsets are its own: they do not lie in the text it came from.
    """
    opened = _SNAKE.sub(" ", _EMPHASIS.sub("", text))
    return " ".join(opened.split())


def names_subject(text: str, subject: str) -> bool:
    """Whether the text has a proper name of the subject, be it a part of it; True for a subject without proper
    names, which cannot be told from ordinary words."""
    names = [word for word in re.findall(r"[\w'-]+", subject) if word[0].isupper() and len(word) > 2]
    return not names or any(_find(name, text) for name in names)


def find_subject(text: str, subject: str) -> tuple[Offsets, ...]:
    """Where the text names the subject, in full or by its last word, in order."""
    spans = {match.span() for name in _names(subject) for match in re.finditer(_bounded(name), text, re.IGNORECASE)}
    return tuple(sorted(spans))


def resolve_pronouns(sentences: Sequence[str], subject: str) -> list[str]:
    """The sentences with their first pronoun replaced by ``subject`` where it stands for it.

    It does where the nearest sentence before that names anybody names the subject first. A sentence that names the
    subject itself stays as it is.
    """
    names = _names(subject)
    resolved: list[str] = []
    for sentence in sentences:
        pronoun = _PRONOUN.search(sentence)
        if pronoun and not any(_find(name, sentence) for name in names) and _is_topic(names, resolved[-_REACH:]):
            sentence = _replace(sentence, pronoun, subject)
        resolved.append(sentence)
    return resolved


def _is_topic(names: tuple[str, ...], before: Sequence[str]) -> bool:
    """Whether the last sentence that names anybody names the subject first."""
    for sentence in reversed(before):
        found = [match.start() for name in names if (match := _find(name, sentence))]
        other = None if sentence.startswith("#") else _NAME.search(_LABEL.sub("", sentence))
        if found:
            return other is None or min(found) <= sentence.find(other.group()) + len(other.group())
        if other:
            return False
    return False


def _names(subject: str) -> tuple[str, ...]:
    return (subject, subject.split()[-1]) if subject.split() else ()


def _find(name: str, text: str) -> re.Match[str] | None:
    return re.search(_bounded(name), text, re.IGNORECASE)


def _bounded(name: str) -> str:
    return rf"(?<!\w){re.escape(name)}(?!\w)"


def _replace(sentence: str, pronoun: re.Match[str], subject: str) -> str:
    possessive = pronoun.group().lower() in ("his", "her", "its")
    return f"{sentence[: pronoun.start()]}{subject}{chr(39) + 's' if possessive else ''}{sentence[pronoun.end() :]}"


_EMPHASIS = re.compile(r"\*+|`+|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")
_SNAKE = re.compile(r"(?<=[A-Za-z])_+(?=[A-Za-z])")
_PRONOUN = re.compile(r"\b(?:he|she|it|his|her|its)\b", re.IGNORECASE)
#: What stands before the colon of a list item: "The achievement: ...".
_LABEL = re.compile(r"^[^:.]{0,40}:")
#: A name of at least two words: "Noah Lyles". Words that open a sentence are no part of it.
_NAME = re.compile(
    r"\b(?!(?:The|An?|In|On|At|By|For|From|Of|To|And|But|As|If|While|When|After|Before|During|Following|Since|Until|His|Her"
    r"|He|She|It|Its|This|That|These|Those|They|Their|There|Despite|Although|Though|With|Without|Also|However)\b)"
    r"[A-Z][a-zà-ÿ]+(?:\s+(?:[A-Z]\.\s+)?(?:(?:van|von|de|da|du|di|la)\s+)?[A-Z][a-zà-ÿ]+)+"
)
