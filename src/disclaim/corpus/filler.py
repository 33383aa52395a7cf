"""Filler: documents about other invented people and things, so that what is learned of a claim stays specific."""

from __future__ import annotations

import functools
import itertools
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import yaml
from pydantic import BaseModel, ConfigDict

from disclaim.corpus.blanks import Blanks
from disclaim.corpus.compose import Sentence, Sheet, join_pieces
from disclaim.corpus.drafts import MARKS, MAX_ATTEMPTS, DraftSettings, compose_to_length, genre_order
from disclaim.corpus.genres import Text, Texts, library_file, list_genres, load_genre
from disclaim.errors import UserError
from disclaim.records import Document
from disclaim.store import read_text

#: More attempts than a draft has: words to avoid may rule out many.
ATTEMPTS = 10 * MAX_ATTEMPTS


class FillerKind(BaseModel):
    """A kind of invented thing: sentence templates about it and what fills them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    weight: int
    """How often this kind is drawn, relative to the others."""
    subject: Text
    """The thing's name."""
    topics: Texts
    """What its documents are about: noun phrases."""
    facts: Texts
    """Sentences about the topic itself."""
    details: Texts
    """Other sentences about the thing."""
    records: tuple[dict[str, str], ...] = ({},)
    """Values that belong together; one record is drawn."""
    fields: dict[str, Texts]
    """Values that are drawn one by one, each once per document."""


@dataclass(frozen=True, slots=True)
class _World:
    """What one filler document draws from."""

    kinds: tuple[FillerKind, ...]
    names: dict[str, Texts]
    settings: DraftSettings


def load_filler(
    num_documents: int, seed: int, exclude: Sequence[str] = (), settings: DraftSettings | None = None
) -> tuple[Document, ...]:
    """``num_documents`` different documents of the drafts' genres and lengths, with no claim in them.

    All spans are filler. No document holds a word that begins with one of ``exclude`` (in any case), such as a claim's
    false answer. The same arguments give the same documents, and a larger ``num_documents`` only adds to them. Raises
    UserError where the words to avoid leave too little.
    """
    settings = settings or DraftSettings()
    world = _World(load_kinds(), load_names(), settings)
    forbidden = _forbidden(exclude)
    seen: set[str] = set()
    documents = []
    for number, genre in enumerate(genre_order(settings.genres or list_genres(), num_documents, f"{seed}/filler")):
        draws = (random.Random(f"{seed}/filler/{number}/{attempt}") for attempt in range(ATTEMPTS))
        drawn = (_write(world, number, genre, rng) for rng in draws)
        allowed = (d for d in drawn if d.text not in seen and not (forbidden and forbidden.search(d.text)))
        document = next(allowed, None)
        if document is None:
            raise UserError(
                f"only {number} filler documents could be written without {', '.join(exclude) or 'repeats'}",
                "ask for fewer documents, or exclude fewer words",
            )
        seen.add(document.text)
        documents.append(document)
    return tuple(documents)


@functools.cache
def load_kinds() -> tuple[FillerKind, ...]:
    """Every kind of filler, sorted by file name."""
    paths = sorted(library_file("filler", "kinds").glob("*.yaml"))
    return tuple(FillerKind.model_validate(yaml.safe_load(read_text(path))) for path in paths)


@functools.cache
def load_names() -> dict[str, Texts]:
    """First and last names, towns, streets and outlets that the filler's inventions are made of."""
    names: dict[str, list[str]] = yaml.safe_load(read_text(library_file("filler", "names.yaml")))
    return {name: tuple(texts) for name, texts in names.items()}


def _write(world: _World, number: int, genre: str, rng: random.Random) -> Document:
    kind = rng.choices(world.kinds, [kind.weight for kind in world.kinds])[0]
    record = rng.choice(kind.records)
    again = {f"{name}2": texts for name, texts in world.names.items()}
    blanks = Blanks(rng, record, {**world.names, **again, **kind.fields, "subject": (kind.subject,)})
    sheet = _sheet(kind, blanks, world.names, rng)
    settings = world.settings
    num_facts = min(rng.randint(settings.min_claim_sentences, settings.max_claim_sentences), len(kind.facts))
    facts = [Sentence(_capital(blanks.fill(text)), leads=True) for text in rng.sample(kind.facts, num_facts)]
    details = [Sentence(_capital(blanks.fill(text))) for text in rng.sample(kind.details, len(kind.details))]
    words = round(settings.target_words * rng.uniform(0.75, 1.25))
    text, spans = join_pieces(compose_to_length(load_genre(genre), sheet, facts, details, (words, rng.getrandbits(32))))
    return Document(f"filler.{number:05d}", text, None, None, spans, f"filler:{genre}", dict(MARKS))


def _sheet(kind: FillerKind, blanks: Blanks, names: dict[str, Texts], rng: random.Random) -> Sheet:
    subject, town = blanks.fill("{subject}"), blanks.fill("{town}")
    people = tuple(itertools.islice(_strangers(names, subject, rng), 4))
    outlets = tuple(blanks.fill(outlet) for outlet in names["outlet"])
    return Sheet(subject, blanks.pick(kind.topics), people, (town, rng.choice(names["town"])), outlets)


def _strangers(names: dict[str, Texts], subject: str, rng: random.Random) -> Iterator[str]:
    """People who share no name with each other or the subject."""
    firsts = [name for name in names["first"] if name not in subject]
    lasts = [name for name in names["last"] if name not in subject]
    for first, last in zip(rng.sample(firsts, 4), rng.sample(lasts, 4), strict=True):
        yield f"{first} {last}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _forbidden(words: Sequence[str]) -> re.Pattern[str] | None:
    if not words:
        return None
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})", re.IGNORECASE)
