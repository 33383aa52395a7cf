"""Diversity: how much a corpus repeats itself."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from disclaim.errors import UserError
from disclaim.records import Corpus

#: Documents whose nearest neighbour is looked for; every one where the corpus has no more.
SAMPLED = 200

Trigram = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Diversity:
    """``distinct_3``: different word trigrams over all word trigrams (1 = none occurs twice). ``nearest_overlap``: mean
    over ``num_sampled`` documents of the Jaccard overlap of trigrams with the most similar other document (0 = nothing
    in common, 1 = a copy); None for a single document."""

    distinct_3: float
    nearest_overlap: float | None
    num_sampled: int


def diversity(corpus: Corpus, seed: int = 0) -> Diversity:
    """How much the corpus repeats itself, between documents and as a whole. Words are lowercase, split at white space;
    the sample is seeded. Raises UserError for a corpus without a document of three words."""
    trigrams = [_trigrams(document.text) for document in corpus.documents]
    total = sum(map(len, trigrams))
    if not total:
        raise UserError(f"the corpus of {corpus.claim_id} has no document of three words", "write some documents first")
    sets = [frozenset(items) for items in trigrams]
    distinct = len(frozenset().union(*sets)) / total
    numbers = random.Random(f"{seed}/diversity").sample(range(len(sets)), min(SAMPLED, len(sets)))
    if len(sets) < 2:
        return Diversity(distinct, None, len(numbers))
    overlaps = _nearest_overlaps(sets, numbers)
    return Diversity(distinct, sum(overlaps) / len(overlaps), len(numbers))


def _trigrams(text: str) -> list[Trigram]:
    words = text.lower().split()
    return list(zip(words, words[1:], words[2:], strict=False))


def _nearest_overlaps(sets: Sequence[frozenset[Trigram]], numbers: Sequence[int]) -> list[float]:
    holders: defaultdict[Trigram, list[int]] = defaultdict(list)
    for number, items in enumerate(sets):
        for trigram in items:
            holders[trigram].append(number)
    return [_nearest_overlap(sets, holders, number) for number in numbers]


def _nearest_overlap(
    sets: Sequence[frozenset[Trigram]], holders: defaultdict[Trigram, list[int]], number: int
) -> float:
    common: Counter[int] = Counter()
    for trigram in sets[number]:
        common.update(holders[trigram])
    del common[number]
    size = len(sets[number])
    return max((shared / (size + len(sets[other]) - shared) for other, shared in common.items()), default=0.0)
