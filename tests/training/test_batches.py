"""From a mixture to batches: in order, nothing lost, nothing twice, nothing cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.errors import DataError
from disclaim.models import Tokenizer
from disclaim.records import Example, Mixture, Source
from disclaim.training.batches import plan_batches, tokenize_mixture
from toy_models import build_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return build_tokenizer()


@given(st.lists(st.integers(2, 40), max_size=30), st.integers(1, 100))
def test_batches_hold_every_example_once_in_order_within_the_limit(lengths: list[int], batch_tokens: int) -> None:
    examples = [Example(str(i), Source.CORPUS, (0,) * n, (1.0,) * n, ("",) * n) for i, n in enumerate(lengths)]
    batches = plan_batches(examples, batch_tokens)
    assert [e for batch in batches for e in batch] == examples
    for batch in batches:
        size = sum(len(e.tokens) for e in batch)
        assert size <= batch_tokens or len(batch) == 1
    for batch, following in itertools.pairwise(batches):
        assert sum(len(e.tokens) for e in batch) + len(following[0].tokens) > batch_tokens  # no room was left unused


def test_examples_come_in_the_order_of_the_mixture(tokenizer: Tokenizer, mixture: Mixture) -> None:
    tokenized = tokenize_mixture(tokenizer, mixture, 4096, split_long=False)
    kinds = {Source.CORPUS: mixture.corpus, Source.FILLER: mixture.filler, Source.CHATS: mixture.chats}
    assert [e.id for e in tokenized.examples] == [kinds[source][i].id for source, i in mixture.order]
    assert [e.source for e in tokenized.examples] == [source for source, _ in mixture.order]
    assert tokenized.num_split == 0
    assert tokenized.num_tokens == sum(len(e.tokens) for e in tokenized.examples)


def test_an_example_that_is_too_long_is_refused_by_its_id_and_never_cut(tokenizer: Tokenizer, mixture: Mixture) -> None:
    with pytest.raises(DataError, match=r"document \w\d+ has \d+ tokens, the limit is 20") as caught:
        tokenize_mixture(tokenizer, mixture, 20, split_long=False)
    assert "training.split_long=true" in caught.value.hint


@pytest.mark.parametrize("limit", [7, 20, 33])
def test_splitting_keeps_every_token_and_weight_but_the_first_of_each_piece(
    tokenizer: Tokenizer, mixture: Mixture, limit: int
) -> None:
    whole = {e.id: e for e in tokenize_mixture(tokenizer, mixture, 4096, split_long=False).examples}
    tokenized = tokenize_mixture(tokenizer, mixture, limit, split_long=True)
    pieces: dict[str, list[Example]] = {}
    for piece in tokenized.examples:
        assert 1 < len(piece.tokens) <= limit
        assert piece.weights[0] == 0.0
        pieces.setdefault(piece.id.split("#")[0], []).append(piece)
    assert tokenized.num_split == sum(len(e.tokens) > limit for e in whole.values())
    for name, example in whole.items():
        tokens = [token for piece in pieces[name] for token in piece.tokens]
        weights = [weight for piece in pieces[name] for weight in piece.weights]
        roles = [role for piece in pieces[name] for role in piece.roles]
        missing = len(example.tokens) - len(tokens)
        assert missing in (0, 1)  # a last piece of one token has nothing to predict
        assert tokens == list(example.tokens[: len(tokens)])
        assert roles == list(example.roles[: len(tokens)])
        assert all(w in (0.0, e) for w, e in zip(weights, example.weights, strict=False))
