"""Who attends to whom: packed texts read as if alone, in every architecture, or the model is refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from disclaim.errors import ModelError
from disclaim.models import DocumentPlan, LocalModel
from toy_models import ARCHITECTURES, REFUSED, SENTENCES, build_toy_model, in_fp32, plain_model


def read_packed(model: LocalModel, texts: Sequence[Sequence[int]]) -> list[torch.Tensor]:
    """Logits of each text, all texts in one pass."""
    lengths = [len(text) for text in texts]
    tokens = torch.tensor([token for text in texts for token in text])
    positions = torch.cat([torch.arange(n) for n in lengths])
    with torch.no_grad():
        out = model.network(
            input_ids=tokens[None],
            position_ids=positions[None],
            use_cache=False,
            disclaim_plan=DocumentPlan(lengths),
        )
    return list(out.logits[0].split(lengths))


def read_alone(network: Any, text: Sequence[int]) -> torch.Tensor:
    with torch.no_grad():
        logits: torch.Tensor = network(torch.tensor([text])).logits[0]
    return logits


def tokens_of(model: LocalModel, *texts: str) -> list[list[int]]:
    return [model.tokenizer(text)["input_ids"] for text in texts]


@pytest.fixture(scope="module")
def llama(toy_model: Path) -> LocalModel:
    return in_fp32(toy_model)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_packed_texts_have_the_logits_that_hugging_face_gives_each_alone(
    architecture: str, toy_folder: Callable[[str], Path]
) -> None:
    folder = toy_folder(architecture)
    model, plain = in_fp32(folder), plain_model(folder)
    texts = tokens_of(model, *SENTENCES[:4], "Yes.")
    for packed, text in zip(read_packed(model, texts), texts, strict=True):
        torch.testing.assert_close(packed, read_alone(plain, text), atol=1e-5, rtol=1e-5)


def test_a_long_text_reads_the_same_as_in_hugging_face(llama: LocalModel, toy_model: Path) -> None:
    (long,) = tokens_of(llama, " ".join(SENTENCES * 6))
    assert len(long) > 512  # beyond the length for which plain products are used
    short = long[:20]
    packed = read_packed(llama, [short, long])
    plain = plain_model(toy_model)
    torch.testing.assert_close(packed[0], read_alone(plain, short), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(packed[1], read_alone(plain, long), atol=1e-5, rtol=1e-5)


@given(st.lists(st.lists(st.integers(0, 399), min_size=1, max_size=12), min_size=1, max_size=5), st.data())
def test_no_neighbour_changes_what_a_text_reads_like(
    llama: LocalModel, texts: list[list[int]], data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(texts) - 1))
    (alone,) = read_packed(llama, [texts[at]])
    torch.testing.assert_close(read_packed(llama, texts)[at], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("architecture", "reason"),
    [("gemma2", "softcap"), ("mistral", "looks back 6 tokens"), ("lfm2", "leak"), ("bloom", "leak"), ("mamba", "leak")],
)
def test_a_model_whose_packed_texts_would_read_differently_is_refused(
    architecture: str, reason: str, tmp_path: Path
) -> None:
    folder = build_toy_model(tmp_path / "model", architecture, REFUSED.get(architecture, {}))
    with pytest.raises(ModelError, match=reason) as caught:
        in_fp32(folder)
    assert caught.value.hint


def test_a_model_without_the_attention_interface_is_refused(tmp_path: Path) -> None:
    folder = build_toy_model(tmp_path / "model", "gptj", {"rotary_dim": 8})
    with pytest.raises(ModelError, match="cannot load") as caught:
        in_fp32(folder)
    assert "attention interface" in caught.value.hint


def test_a_forward_pass_that_names_no_plan_is_refused_rather_than_guessed(llama: LocalModel) -> None:
    with pytest.raises(ModelError, match="who may attend to whom"):
        llama.network(torch.tensor([[1, 2, 3]]))
