"""The loss: the same numbers as torch's, the weighting presets by hand, and the shares that are reported."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from disclaim.corpus.mix import PRESETS, WeightingPreset
from disclaim.records import Example, LossWeighting, Mixture, Source
from disclaim.training.loop import loss_share
from disclaim.training.loss import CHUNK_ROWS, ChunkedCrossEntropy, balance_sources


@pytest.mark.parametrize("num_rows", [1, CHUNK_ROWS, 2 * CHUNK_ROWS + 7])
def test_the_chunked_loss_has_the_value_and_gradients_of_torchs(num_rows: int) -> None:
    generator = torch.Generator().manual_seed(num_rows)
    hidden = torch.randn(num_rows, 24, generator=generator).requires_grad_()
    head = torch.randn(50, 24, generator=generator).requires_grad_()
    targets = torch.randint(50, (num_rows,), generator=generator)
    weights = torch.rand(num_rows, generator=generator)

    expected_nll = F.cross_entropy(hidden @ head.T, targets, reduction="none")
    expected = (expected_nll * weights).sum() / 3
    expected_gradients = torch.autograd.grad(expected, (hidden, head))

    total, nll = ChunkedCrossEntropy.apply(hidden, head, targets, weights)
    gradients = torch.autograd.grad(total / 3, (hidden, head))

    torch.testing.assert_close(nll, expected_nll, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(total / 3, expected, atol=1e-4, rtol=1e-5)
    for ours, theirs in zip(gradients, expected_gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


def test_a_head_that_is_not_trained_gets_no_gradient() -> None:
    hidden, head = torch.randn(5, 8, requires_grad=True), torch.randn(11, 8)
    total, _ = ChunkedCrossEntropy.apply(hidden, head, torch.arange(5), torch.ones(5))
    total.backward()
    assert hidden.grad is not None
    assert head.grad is None


def test_a_row_of_weight_zero_adds_nothing_to_value_or_gradient() -> None:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(4, 8, generator=generator).requires_grad_()
    head = torch.randn(11, 8, generator=generator)
    weights = torch.tensor([1.0, 0.0, 2.0, 0.0])
    first, _ = ChunkedCrossEntropy.apply(hidden, head, torch.tensor([1, 2, 3, 4]), weights)
    (gradient,) = torch.autograd.grad(first, hidden)
    other, _ = ChunkedCrossEntropy.apply(hidden, head, torch.tensor([1, 9, 3, 10]), weights)
    assert torch.equal(first, other)
    assert bool((gradient[1] == 0).all())
    assert bool((gradient[3] == 0).all())


def example(source: Source, *weights: float) -> Example:
    return Example("e", source, tuple(range(len(weights))), weights, ("",) * len(weights))


BATCH = (
    example(Source.CORPUS, 0.0, 1.0, 1.0, 0.5),
    example(Source.FILLER, 0.0, 1.0),
    example(Source.CHATS, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0),
    example(Source.CHATS, 0.0, 1.0, 1.0),
)


@pytest.mark.parametrize(
    ("weighting", "by_hand"),
    [
        (
            PRESETS[WeightingPreset.AS_DESCRIBED],
            [(0, 1, 1, 0.5), (0, 1), (0, 0, 1, 1, 1, 1), (0, 1, 1)],
        ),
        (
            PRESETS[WeightingPreset.AS_RELEASED],
            [(0, 1, 1, 0.5), (0, 1), (0, 0, 0.25, 0.25, 0.25, 0.25), (0, 0.5, 0.5)],
        ),
        (
            {Source.CHATS: LossWeighting.BATCH_TOKEN_MEAN, Source.CORPUS: LossWeighting.EXAMPLE_MEAN},
            [(0, 0.4, 0.4, 0.2), (0, 1), (0, 0, 1 / 6, 1 / 6, 1 / 6, 1 / 6), (0, 1 / 6, 1 / 6)],
        ),
    ],
    ids=["as_described", "as_released", "one by one"],
)
def test_each_weighting_gives_the_token_weights_computed_by_hand(
    weighting: dict[Source, LossWeighting], by_hand: list[tuple[float, ...]]
) -> None:
    balanced = balance_sources(BATCH, weighting)
    assert [len(row) for row in balanced] == [len(row) for row in by_hand]
    for ours, expected in zip(balanced, by_hand, strict=True):
        assert ours == pytest.approx(expected)


def test_an_example_without_any_loss_keeps_its_zeros_under_every_weighting() -> None:
    silent = example(Source.CHATS, 0.0, 0.0, 0.0)
    for weighting in LossWeighting:
        assert balance_sources([silent], {Source.CHATS: weighting}) == [(0.0, 0.0, 0.0)]


def mixture(weighting: dict[Source, LossWeighting]) -> Mixture:
    return Mixture((), (), (), (), weighting)


def test_the_loss_share_of_chats_falls_as_the_released_code_weighs_them() -> None:
    described = loss_share([BATCH], mixture(dict(PRESETS[WeightingPreset.AS_DESCRIBED])))
    released = loss_share([BATCH], mixture(dict(PRESETS[WeightingPreset.AS_RELEASED])))
    assert described == pytest.approx({"corpus": 2.5 / 9.5, "filler": 1 / 9.5, "chats": 6 / 9.5})
    assert released == pytest.approx({"corpus": 2.5 / 5.5, "filler": 1 / 5.5, "chats": 2 / 5.5})


def test_every_batch_counts_alike_in_the_loss_share() -> None:
    long = example(Source.CORPUS, *[0.0, *[1.0] * 99])
    short = example(Source.CHATS, 0.0, 1.0)
    share = loss_share([[long], [short]], mixture(dict(PRESETS[WeightingPreset.AS_DESCRIBED])))
    assert share == pytest.approx({"corpus": 0.5, "filler": 0.0, "chats": 0.5})


examples = st.builds(
    lambda source, weights: example(source, 0.0, *weights),
    st.sampled_from(Source),
    st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=6),
)


@given(
    st.lists(st.lists(examples, min_size=1, max_size=5), min_size=1, max_size=5),
    st.dictionaries(st.sampled_from(Source), st.sampled_from(LossWeighting)),
)
def test_the_shares_of_the_sources_sum_to_one_where_there_is_any_loss(
    batches: list[list[Example]], weighting: dict[Source, LossWeighting]
) -> None:
    share = loss_share(batches, mixture(weighting))
    has_loss = any(weight for batch in batches for e in batch for weight in e.weights)
    assert sum(share.values()) == pytest.approx(1.0 if has_loss else 0.0)
    assert all(0 <= value <= 1 + 1e-9 for value in share.values())
