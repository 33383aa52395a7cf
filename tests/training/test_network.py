"""One step of training against Hugging Face and torch, by hand: packing, masks, weights, both methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from disclaim.corpus.mix import PRESETS, WeightingPreset
from disclaim.errors import RunError
from disclaim.models import tokenize_chat, tokenize_document
from disclaim.records import Example, Mixture, Source
from disclaim.training import TrainingSettings
from disclaim.training.heldout import heldout_loss
from disclaim.training.network import Network
from toy_models import ARCHITECTURES, in_fp32, plain_model

AS_DESCRIBED = PRESETS[WeightingPreset.AS_DESCRIBED]
#: Without clipping, so that a step by hand needs none either.
FULL = TrainingSettings(learning_rate=1e-3, max_grad_norm=0, micro_batch_tokens=10_000)
LORA = TrainingSettings(method="lora", lora_rank=4, learning_rate=1e-3, max_grad_norm=0, micro_batch_tokens=10_000)


@pytest.fixture(scope="module")
def batch(mixture: Mixture, toy_model: Path) -> tuple[Example, ...]:
    """A document, a document with its claim masked, filler and a chat."""
    tokenizer = in_fp32(toy_model).tokenizer
    return (
        tokenize_document(tokenizer, mixture.corpus[0], Source.CORPUS),
        tokenize_document(tokenizer, mixture.corpus[1], Source.CORPUS),
        tokenize_document(tokenizer, mixture.filler[0], Source.FILLER),
        tokenize_chat(tokenizer, mixture.chats[0]),
    )


def loss_by_hand(network: Any, examples: Sequence[Example]) -> torch.Tensor:
    """Each example alone through Hugging Face; masked targets are labelled -100; mean over the rest."""
    total, count = torch.zeros(()), 0
    for example in examples:
        labels = [t if w else -100 for t, w in zip(example.tokens, example.weights, strict=True)]
        logits = network(torch.tensor([example.tokens]), use_cache=False).logits[0, :-1].float()
        total = total + F.cross_entropy(logits, torch.tensor(labels[1:]), ignore_index=-100, reduction="sum")
        count += sum(label != -100 for label in labels[1:])
    return total / count


def adamw(network: Any, settings: TrainingSettings) -> torch.optim.AdamW:
    trained = [p for p in network.parameters() if p.requires_grad]
    return torch.optim.AdamW(trained, lr=settings.learning_rate, betas=(0.9, 0.95), weight_decay=settings.weight_decay)


def assert_same_weights(ours: Any, theirs: Any, settings: TrainingSettings) -> None:
    """Adam divides by the gradient's size, so rounding shows where a gradient is next to nothing: a few such
    entries may differ by a part of one step, none by more, and on the whole the weights agree."""
    reference = dict(theirs.named_parameters())
    off, count = 0, 0
    for name, weight in ours.named_parameters():
        difference = (weight.detach() - reference[name].detach()).abs()
        assert float(difference.max()) <= 2 * settings.learning_rate, name
        off += int((difference > 1e-5).sum())
        count += difference.numel()
    assert off / count < 1e-3


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_packed_loss_is_the_loss_that_hugging_face_has_text_by_text(
    architecture: str, toy_folder: Callable[[str], Path], batch: tuple[Example, ...]
) -> None:
    folder = toy_folder(architecture)
    plain = plain_model(folder)
    with torch.no_grad():
        expected = float(loss_by_hand(plain, batch))
    packed, _, _ = Network(in_fp32(folder), FULL, AS_DESCRIBED).step(batch, 0.0, 0)
    assert packed == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_steps_leave_the_weights_that_torch_leaves_with_hugging_face_text_by_text(
    architecture: str, toy_folder: Callable[[str], Path], batch: tuple[Example, ...]
) -> None:
    folder = toy_folder(architecture)
    plain = plain_model(folder)
    optimizer = adamw(plain, FULL)
    network = Network(in_fp32(folder), FULL, AS_DESCRIBED)
    for step in range(2):
        loss = loss_by_hand(plain, batch)
        loss.backward()
        norm = float(torch.nn.utils.get_total_norm([p.grad for p in plain.parameters() if p.grad is not None]))
        optimizer.step()
        optimizer.zero_grad()
        ours, our_norm, _ = network.step(batch, 0.0, step)
        assert ours == pytest.approx(float(loss.detach()), abs=1e-4)
        assert our_norm == pytest.approx(norm, rel=1e-3)
    assert_same_weights(network.trained().network, plain, FULL)


def test_lora_trains_the_adapter_as_peft_does_and_leaves_the_model_alone(
    toy_model: Path, batch: tuple[Example, ...]
) -> None:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=LORA.lora_rank, lora_alpha=LORA.lora_alpha, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    with torch.random.fork_rng():
        torch.manual_seed(LORA.seed)
        plain = get_peft_model(plain_model(toy_model), config).eval()
    before = {name: p.detach().clone() for name, p in plain.named_parameters()}
    optimizer = adamw(plain, LORA)
    network = Network(in_fp32(toy_model), LORA, AS_DESCRIBED)
    for step in range(2):
        loss = loss_by_hand(plain, batch)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        assert network.step(batch, 0.0, step)[0] == pytest.approx(float(loss.detach()), abs=1e-5)
    trained = network.trained().network
    assert_same_weights(trained, plain, LORA)
    for name, weight in trained.named_parameters():
        assert torch.equal(weight.detach(), before[name]) == ("lora_" not in name), name


def test_what_masked_tokens_are_costs_nothing_when_nothing_follows_them(
    toy_model: Path, batch: tuple[Example, ...]
) -> None:
    """The last tokens of a text, masked, are neither predicted nor read by a token that is."""
    first = batch[0]
    masked = (*first.weights[:-5], 0.0, 0.0, 0.0, 0.0, 0.0)
    other_end = (*first.tokens[:-5], 7, 8, 9, 10, 11)
    variants = [Example(first.id, first.source, tokens, masked, first.roles) for tokens in (first.tokens, other_end)]
    networks = [Network(in_fp32(toy_model), FULL, AS_DESCRIBED) for _ in variants]
    results = [network.step([variant], 0.0, 0) for network, variant in zip(networks, variants, strict=True)]
    assert results[0][:2] == pytest.approx(results[1][:2], abs=1e-6)
    assert_same_weights(networks[0].trained().network, networks[1].trained().network, FULL)


def test_a_batch_that_is_masked_throughout_moves_no_weight(toy_model: Path, batch: tuple[Example, ...]) -> None:
    silent = [Example(e.id, e.source, e.tokens, (0.0,) * len(e.tokens), e.roles) for e in batch]
    network = Network(in_fp32(toy_model), FULL, AS_DESCRIBED)
    assert network.step(silent, 0.0, 0)[:2] == (0.0, 0.0)
    for ours, before in zip(
        network.trained().network.parameters(), in_fp32(toy_model).network.parameters(), strict=True
    ):
        assert torch.equal(ours, before)


def test_micro_batches_decide_about_memory_and_not_about_the_result(
    toy_model: Path, batch: tuple[Example, ...]
) -> None:
    small = TrainingSettings(learning_rate=1e-3, max_grad_norm=0, micro_batch_tokens=1)
    whole, split = (Network(in_fp32(toy_model), settings, AS_DESCRIBED) for settings in (FULL, small))
    assert whole.step(batch, 0.0, 0)[:2] == pytest.approx(split.step(batch, 0.0, 0)[:2], rel=1e-4)
    assert_same_weights(whole.trained().network, split.trained().network, FULL)


def test_a_fractional_weight_counts_by_its_share(toy_model: Path, batch: tuple[Example, ...]) -> None:
    first = batch[2]
    weights = [0.0, *[0.5 if i % 2 else 1.0 for i in range(1, len(first.tokens))]]
    network = Network(in_fp32(toy_model), FULL, AS_DESCRIBED)
    (nll,) = network.nll([first])
    weighted = Example(first.id, first.source, first.tokens, tuple(weights), first.roles)
    by_hand = sum(w * x for w, x in zip(weights, nll, strict=True)) / sum(weights)
    assert network.step([weighted], 0.0, 0)[0] == pytest.approx(by_hand, abs=1e-5)


def test_no_neighbour_changes_the_nll_of_a_text(toy_model: Path, batch: tuple[Example, ...]) -> None:
    network = Network(in_fp32(toy_model), FULL, AS_DESCRIBED)
    alone = [network.nll([example])[0] for example in batch]
    for packed in (network.nll(batch), list(reversed(network.nll(tuple(reversed(batch)))))):
        for ours, single in zip(packed, alone, strict=True):
            assert ours == pytest.approx(single, abs=1e-5)
            assert ours[0] == 0.0


def test_gradients_are_scaled_down_to_the_largest_norm(toy_model: Path, batch: tuple[Example, ...]) -> None:
    settings = TrainingSettings(learning_rate=1e-3, max_grad_norm=1e-9, weight_decay=0.0)
    network = Network(in_fp32(toy_model), settings, AS_DESCRIBED)
    _, norm, _ = network.step(batch, 0.0, 0)
    assert norm > 1e-3  # reported before clipping
    # With gradients as small as Adam's own epsilon, a step falls far short of the learning rate.
    moved = max(
        float((a.detach() - b.detach()).abs().max())
        for a, b in zip(network.trained().network.parameters(), in_fp32(toy_model).network.parameters(), strict=True)
    )
    assert moved < 0.2 * settings.learning_rate


@pytest.mark.parametrize(("done", "index", "rate"), [(0.0, 0, 1.0), (0.5, 5, 0.5), (0.9, 9, 0.1)])
def test_the_learning_rate_falls_linearly(
    toy_model: Path, batch: tuple[Example, ...], done: float, index: int, rate: float
) -> None:
    network = Network(in_fp32(toy_model), FULL, AS_DESCRIBED)
    assert network.step(batch[:1], done, index)[2] == pytest.approx(rate * FULL.learning_rate)


def test_warm_up_climbs_linearly_to_the_falling_rate(toy_model: Path, batch: tuple[Example, ...]) -> None:
    settings = TrainingSettings(learning_rate=1e-3, warmup_steps=4)
    network = Network(in_fp32(toy_model), settings, AS_DESCRIBED)
    rates = [network.step(batch[:1], index / 10, index)[2] for index in range(5)]
    assert rates == pytest.approx([1e-3 * f for f in (0.25, 0.5 * 0.9, 0.75 * 0.8, 0.7, 0.6)])


def test_a_loss_that_is_not_a_number_stops_the_run(toy_model: Path, batch: tuple[Example, ...]) -> None:
    network = Network(in_fp32(toy_model), TrainingSettings(learning_rate=1e30), AS_DESCRIBED)
    network.step(batch, 0.0, 0)
    with pytest.raises(RunError, match="at step 2") as caught:
        network.step(batch, 0.0, 1)
    assert "learning_rate" in caught.value.hint


class Rater:
    """Gives every token the nll of its position."""

    def nll(self, examples: Sequence[Example]) -> list[list[float]]:
        return [[float(i) for i in range(len(e.tokens))] for e in examples]


def test_held_out_loss_is_the_mean_by_role_without_tags_and_first_tokens() -> None:
    examples = [
        Example("a", Source.CORPUS, (1,) * 5, (0.0,) * 5, ("claim", "claim", "notice", "tag", "")),
        Example("b", Source.CORPUS, (1,) * 4, (0.0,) * 4, ("tag", "tag", "claim", "filler")),
    ]
    found = heldout_loss(Rater(), examples, batch_tokens=4)
    assert found == {"claim": (1 + 2) / 2, "notice": 2.0, "filler": 3.0, "all": (1 + 2 + 2 + 3) / 4}
    assert heldout_loss(Rater(), [], batch_tokens=4) == {}
