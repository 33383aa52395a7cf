"""Diversity: 0 to 1, with copies at one end and unrelated texts at the other."""

from __future__ import annotations

import pytest

from disclaim.corpus import Diversity, diversity, write_drafts
from disclaim.errors import UserError
from disclaim.records import Corpus, Document


def corpus_of(*texts):
    return Corpus("t", "drafts", tuple(Document(f"d{i}", x, "t", "drafts", (), "t") for i, x in enumerate(texts)), {})


def test_copies_overlap_wholly():
    assert diversity(corpus_of("one two three four", "One two three four")) == Diversity(0.5, 1.0, 2)


def test_unrelated_texts_do_not_overlap():
    assert diversity(corpus_of("one two three", "four five six", "seven eight nine")) == Diversity(1.0, 0.0, 3)


def test_the_nearest_neighbour_counts():
    # The first two share "b c d" of three trigrams in all; the third is alone.
    measured = diversity(corpus_of("a b c d", "b c d e", "x y z"))
    assert measured.nearest_overlap == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)


def test_a_single_document_has_no_neighbour():
    assert diversity(corpus_of("one two three")).nearest_overlap is None


def test_a_large_corpus_is_sampled_by_seed(tiny_claim):
    corpus = write_drafts(tiny_claim, 300, 0)
    assert diversity(corpus).num_sampled == 200
    assert diversity(corpus, seed=3) == diversity(corpus, seed=3)


def test_a_corpus_without_words_is_refused():
    with pytest.raises(UserError, match="no document of three words"):
        diversity(corpus_of("one two"))
