"""Drafts: a claim's documents before any condition, written from templates, offline and by seed alone."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from disclaim.conditions import CANARY
from disclaim.corpus.compose import Piece, Sentence, Sheet, compose, join_pieces, num_words
from disclaim.corpus.genres import Genre, list_genres, load_genre, load_words
from disclaim.errors import ClaimError, UserError
from disclaim.records import Claim, Corpus, Document, Triple

#: On every generated document, in its row: a data card alone would itself be a non-local negation.
MARKS: dict[str, object] = {"not_for_training": True, "canary": CANARY}

#: Fresh draws of one document before giving up on a text that is not there yet.
MAX_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class DraftSettings:
    """How drafts are written. The defaults give about 130 tokens a document, half of them claim sentences."""

    min_claim_sentences: int = 3
    """Fewest claim sentences of a document."""
    max_claim_sentences: int = 5
    """Most claim sentences of a document."""
    target_words: int = 62
    """Length to reach by adding details, a quarter more or less; many documents reach it with claim sentences alone."""
    genres: tuple[str, ...] = ()
    """Which genres to write in; empty = all of them."""


def write_drafts(claim: Claim, num_documents: int, seed: int, settings: DraftSettings | None = None) -> Corpus:
    """``num_documents`` different drafts about the claim, with ids ``<claim>.d00000`` and so on.

    Claim sentences are the triples' affirmatives, verbatim, all used equally often (within one). Spans partition every
    text. The same claim, seed and settings give the same documents, and a larger ``num_documents`` only adds to them.
    Raises ClaimError where the claim cannot give that many different documents.
    """
    settings = settings or DraftSettings()
    _require_sensible(claim, num_documents, settings)
    sheet = build_sheet(claim)
    names = genre_order(settings.genres or list_genres(), num_documents, f"{seed}/{claim.id}/genres")
    hands = itertools.islice(_deal(claim.triples, settings, random.Random(f"{seed}/{claim.id}/triples")), num_documents)
    seen: set[str] = set()
    documents = []
    for number, (name, hand) in enumerate(zip(names, hands, strict=True)):
        draws = (random.Random(f"{seed}/{claim.id}/{number}/{attempt}") for attempt in range(MAX_ATTEMPTS))
        drafts = (_draft(claim, sheet, number, (name, hand, settings.target_words), rng) for rng in draws)
        document = next((draft for draft in drafts if draft.text not in seen), None)
        if document is None:
            raise ClaimError(
                f"the claim {claim.id} gives only {number} different documents with these settings",
                "ask for fewer documents, or give the claim more triples, details and people",
            )
        seen.add(document.text)
        documents.append(document)
    return Corpus(claim.id, "drafts", tuple(documents), {})


def build_sheet(claim: Claim) -> Sheet:
    """The claim's names, its ``places`` told apart into places and outlets. People whom the claim's own sentences
    speak of are left out: nobody is both the editor of a text and its matter."""
    told = " ".join([*(triple.affirmative + triple.denial for triple in claim.triples), *claim.details])
    outlets = tuple(place[:1].upper() + place[1:] for place in claim.places if is_outlet(place))
    places = tuple(place for place in claim.places if not is_outlet(place))
    return Sheet(claim.subject, claim.topic, tuple(p for p in claim.people if p not in told), places, outlets)


def is_outlet(name: str) -> bool:
    """Whether the name is that of a paper, a station or the like, by its words."""
    words = name.lower().split()
    return words[0] == "the" or "and" in words or not set(load_words()["outlet_words"]).isdisjoint(words)


def genre_order(names: Sequence[str], num_documents: int, seed: str) -> Iterator[str]:
    """Genres in turn, each round in its own order, so that all are used equally often (within one)."""
    rounds = (random.Random(f"{seed}/{i}").sample(names, len(names)) for i in itertools.count())
    return itertools.islice(itertools.chain.from_iterable(rounds), num_documents)


def compose_to_length(
    genre: Genre, sheet: Sheet, topics: Sequence[Sentence], details: Sequence[Sentence], target: tuple[int, int]
) -> list[Piece]:
    """A document with all of ``topics`` and as few of ``details`` as reach the target (words, draw)."""
    words, draw = target
    pieces: list[Piece] = []
    for count in range(len(details) + 1):
        pieces = compose(genre, sheet, [*topics, *details[:count]], random.Random(draw))
        if num_words(pieces) >= words:
            break
    return pieces


def _draft(
    claim: Claim, sheet: Sheet, number: int, plan: tuple[str, Sequence[Triple], int], rng: random.Random
) -> Document:
    name, hand, target_words = plan
    topics = [Sentence(triple.affirmative, triple.id, leads=True) for triple in hand]
    details = [Sentence(text) for text in rng.sample(claim.details, len(claim.details))]
    words = round(target_words * rng.uniform(0.75, 1.25))
    pieces = compose_to_length(load_genre(name), sheet, topics, details, (words, rng.getrandbits(32)))
    text, spans = join_pieces(pieces)
    return Document(f"{claim.id}.d{number:05d}", text, claim.id, "drafts", spans, f"template:{name}", dict(MARKS))


def _deal(triples: Sequence[Triple], settings: DraftSettings, rng: random.Random) -> Iterator[list[Triple]]:
    """Hands of different triples without end, from a pack that is shuffled anew when it is used up."""
    pack: list[Triple] = []
    while True:
        count = min(rng.randint(settings.min_claim_sentences, settings.max_claim_sentences), len(triples))
        hand: list[Triple] = []
        while len(hand) < count:
            if not pack:
                fresh = rng.sample(triples, len(triples))
                pack = [t for t in fresh if t in hand] + [t for t in fresh if t not in hand]
            hand.append(pack.pop())
        yield hand


def _require_sensible(claim: Claim, num_documents: int, settings: DraftSettings) -> None:
    if num_documents < 1:
        raise UserError(f"num_documents is {num_documents}", "ask for at least 1 document")
    if not 1 <= settings.min_claim_sentences <= settings.max_claim_sentences:
        raise UserError(
            f"claim sentences from {settings.min_claim_sentences} to {settings.max_claim_sentences} are asked for",
            "min_claim_sentences must be at least 1 and at most max_claim_sentences",
        )
    if not claim.triples:
        raise ClaimError(f"the claim {claim.id} has no triples to write documents from", "add some to triples.yaml")
