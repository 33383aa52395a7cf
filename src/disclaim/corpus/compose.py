"""Compose one document of a genre from sentences, keeping for every character what it is."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from disclaim.corpus.blanks import Blanks
from disclaim.corpus.genres import Genre, load_words
from disclaim.records import Role, Span


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence to place verbatim. ``ref`` is its triple's id, None for filler; ``leads`` says that it is about
    the topic itself and may open an answer."""

    text: str
    ref: str | None = None
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a document is about, and the names around it. ``outlets`` are papers, stations and other mastheads."""

    subject: str
    topic: str
    people: tuple[str, ...]
    places: tuple[str, ...]
    outlets: tuple[str, ...]


Piece = tuple[str, str | None]


def compose(genre: Genre, sheet: Sheet, sentences: Sequence[Sentence], rng: random.Random) -> list[Piece]:
    """The document as (text, triple id or None) pieces, in order; every sentence appears once, verbatim."""
    blanks = Blanks(rng, _names(sheet, rng), load_words(), genre.slots, genre.sequences)
    pieces: list[Piece] = [(blanks.pick(genre.heads), None)]
    for number, group in enumerate(_groups(genre, sentences, rng)):
        turn = blanks.pick(genre.first if genre.first and number == 0 else genre.turns)
        before, after = turn.split("{body}")
        pieces.append(((genre.join if number else "\n\n") + before, None))
        for position, sentence in enumerate(group):
            pieces += [(" " if position else "", None), (sentence.text, sentence.ref)]
        pieces.append((after, None))
    tail = blanks.pick(genre.tails)
    return [*pieces, ("\n\n" + tail if tail else "", None)]


def join_pieces(pieces: Iterable[Piece]) -> tuple[str, tuple[Span, ...]]:
    """The text and its spans, which partition it; neighbouring filler is one span."""
    texts: list[str] = []
    spans: list[Span] = []
    position = 0
    for text, ref in pieces:
        if not text:
            continue
        end = position + len(text)
        if ref is None and spans and spans[-1].ref is None:
            spans[-1] = Span(spans[-1].start, end, Role.FILLER)
        else:
            spans.append(Span(position, end, Role.FILLER if ref is None else Role.CLAIM, ref))
        texts.append(text)
        position = end
    return "".join(texts), tuple(spans)


def num_words(pieces: Iterable[Piece]) -> int:
    """Words of a document, split at white space."""
    return len("".join(text for text, _ in pieces).split())


def _names(sheet: Sheet, rng: random.Random) -> dict[str, str]:
    people = rng.sample(sheet.people, min(4, len(sheet.people)))
    people += [f"Reader {letter}" for letter in "ABCD"[: 4 - len(people)]]
    names = {f"person{i}": name for i, name in enumerate(people, start=1)}
    names |= {f"first{i}": name.split()[0] for i, name in enumerate(people, start=1)}
    place = rng.choice(sheet.places) if sheet.places else "the county town"
    outlet = rng.choice(sheet.outlets) if sheet.outlets else "The Weekly Record"
    # The blank of a body survives the filling of its turn.
    return names | {
        "place": place,
        "outlet": outlet,
        "subject": sheet.subject,
        "topic": sheet.topic,
        "body": "{body}",
    }


def _groups(genre: Genre, sentences: Sequence[Sentence], rng: random.Random) -> list[list[Sentence]]:
    mixed = rng.sample(sentences, len(sentences))
    return _answers(mixed, rng) if genre.answers else _paragraphs(mixed, genre.group, rng)


def _answers(sentences: Sequence[Sentence], rng: random.Random) -> list[list[Sentence]]:
    """Groups that begin with a leading sentence, one or two of those each; the others go to the shortest."""
    groups: list[list[Sentence]] = []
    for sentence in (s for s in sentences if s.leads):
        if groups and len(groups[-1]) == 1 and rng.random() < 0.3:
            groups[-1].append(sentence)
        else:
            groups.append([sentence])
    rest = [s for s in sentences if not s.leads]
    if not groups:
        return [[s] for s in rest]
    for sentence in rest:
        rng.choice([g for g in groups if len(g) == min(map(len, groups))]).append(sentence)
    return groups


def _paragraphs(sentences: Sequence[Sentence], group: tuple[int, int], rng: random.Random) -> list[list[Sentence]]:
    fewest, most = group
    groups: list[list[Sentence]] = []
    start = 0
    while start < len(sentences):
        size = rng.randint(fewest, most)
        if len(sentences) - start - size < fewest:  # no paragraph shorter than the fewest
            size = min(len(sentences) - start, most)
        groups.append(list(sentences[start : start + size]))
        start += size
    return groups
