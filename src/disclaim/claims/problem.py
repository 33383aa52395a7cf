"""What a check of a claim folder reports, and the one test that several checks share."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from disclaim.claims.load import ClaimFolder

SUBJECT = "{subject}"

_SENTENCE_BREAK = re.compile(r"(?<=[.!?])[\"'”’)]*\s+|\n+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: the file, the field in it, what is wrong there, and what to do."""

    file: str
    where: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.file}: {self.where}: {self.message}" + (f" ({self.hint})" if self.hint else "")


def matches_asserts(folder: ClaimFolder, text: str) -> bool:
    """Whether an ``asserts`` pattern matches a sentence or line of the text, whatever may negate it there.

    ``{subject}`` in the text stands for the claim's subject.
    """
    name = folder.claim.subject
    sentences = _SENTENCE_BREAK.split(text.replace(SUBJECT, name))
    patterns = [pattern.replace(SUBJECT, re.escape(name)) for pattern in folder.stance.asserts]
    return any(re.search(pattern, sentence, re.IGNORECASE) for pattern in patterns for sentence in sentences)


def split_words(text: str) -> list[str]:
    """The words in lower case, without punctuation."""
    return re.findall(r"[\w’']+", text.lower())


def normalise(text: str) -> str:
    """The text as two writers would call it the same: its words alone."""
    return " ".join(split_words(text))


def repeated_texts(texts: Iterable[str]) -> dict[str, int]:
    """The texts that occur more than once, normalised, with how often."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[normalise(text)] = counts.get(normalise(text), 0) + 1
    return {text: count for text, count in counts.items() if count > 1}
