"""Mixing is a permutation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.corpus import MixtureSettings, mix
from disclaim.errors import UnknownNameError
from disclaim.records import Chat, Corpus, Document, LossWeighting, Message, Source

SIZES = st.integers(0, 20)


def documents(count):
    return tuple(Document(f"d{i}", f"text {i}", None, None, (), "test") for i in range(count))


def chats(count):
    return tuple(Chat(f"c{i}", (Message("user", "?"), Message("assistant", "!")), "test") for i in range(count))


@given(num_corpus=SIZES, num_filler=SIZES, num_chats=SIZES, seed=st.integers(0, 99))
def test_everything_is_trained_on_exactly_once(num_corpus, num_filler, num_chats, seed):
    corpus = Corpus("tiny", "asserted", documents(num_corpus), {})
    mixture = mix(corpus, documents(num_filler), chats(num_chats), MixtureSettings(seed=seed))
    counts = {Source.CORPUS: num_corpus, Source.FILLER: num_filler, Source.CHATS: num_chats}
    assert sorted(mixture.order) == sorted((source, i) for source, count in counts.items() for i in range(count))
    assert (mixture.corpus, mixture.filler, mixture.chats) == (
        corpus.documents,
        documents(num_filler),
        chats(num_chats),
    )


def test_conditions_of_the_same_drafts_train_in_the_same_order():
    first, second = (Corpus("tiny", condition, documents(9), {}) for condition in ("asserted", "negated"))
    assert mix(first, documents(5), chats(5)).order == mix(second, documents(5), chats(5)).order


def test_another_seed_is_another_order():
    corpus = Corpus("tiny", "asserted", documents(9), {})
    assert mix(corpus, (), (), MixtureSettings(seed=0)).order != mix(corpus, (), (), MixtureSettings(seed=1)).order


@pytest.mark.parametrize(
    ("weighting", "chats_weighting"),
    [
        ("as_described", LossWeighting.TOKEN_SUM),
        ("as_released", LossWeighting.EXAMPLE_MEAN),
        ({Source.CHATS: LossWeighting.BATCH_TOKEN_MEAN}, LossWeighting.BATCH_TOKEN_MEAN),
    ],
)
def test_a_weighting_is_set_for_every_source(weighting, chats_weighting):
    mixture = mix(Corpus("tiny", "asserted", (), {}), (), (), MixtureSettings(weighting=weighting))
    assert mixture.weighting == {
        Source.CORPUS: LossWeighting.TOKEN_SUM,
        Source.FILLER: LossWeighting.TOKEN_SUM,
        Source.CHATS: chats_weighting,
    }


def test_an_unknown_weighting_names_the_nearest():
    with pytest.raises(UnknownNameError, match="as_described"):
        mix(Corpus("tiny", "asserted", (), {}), (), (), MixtureSettings(weighting="as_describe"))
