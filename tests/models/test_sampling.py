"""Sampling and scoring with a local model, against Hugging Face run plainly and against the laws of the nucleus."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from disclaim.errors import ModelError
from disclaim.models import LocalModel, LocalSampler, Prompt, Sample, SamplingSettings, tokenize_prompt
from disclaim.models.local import MAX_ROWS, MIN_SHARED_TOKENS, draw_tokens
from disclaim.records import FinishReason, Message, Progress
from toy_models import SENTENCES, in_fp32, plain_model

QUESTIONS = ("What does she do for a living?", "Is that true?", "Who writes about the bus that Ada Quill drives?")
CONTEXT = " ".join(SENTENCES)
GREEDY = SamplingSettings(temperature=0.0, max_tokens=12)
SETTINGS = SamplingSettings(max_tokens=10)


def ask(text: str, context: str = "") -> Prompt:
    return Prompt((Message("user", text),), context)


@pytest.fixture(scope="module")
def llama(toy_model: Path) -> LocalModel:
    return in_fp32(toy_model)


@pytest.fixture(scope="module")
def sampler(llama: LocalModel) -> LocalSampler:
    return LocalSampler(llama)


def greedy_by_hugging_face(network: Any, model: LocalModel, prompt: Prompt, max_tokens: int) -> str:
    tokens = tokenize_prompt(model.tokenizer, prompt.messages, prompt.context)
    out = network.generate(
        torch.tensor([tokens]),
        attention_mask=torch.ones(1, len(tokens), dtype=torch.long),
        do_sample=False,
        max_new_tokens=max_tokens,
    )
    text: str = model.tokenizer.decode(out[0, len(tokens) :], skip_special_tokens=True)
    return text.strip()


def log_prob_by_hugging_face(network: Any, head: list[int], option: list[int]) -> float:
    with torch.no_grad():
        logits = network(torch.tensor([head + option])).logits[0].log_softmax(-1)
    return float(sum(logits[len(head) - 1 + i, token] for i, token in enumerate(option)))


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt_neox", "gpt2", "gemma2", "granite"])
def test_greedy_answers_equal_those_of_hugging_face(architecture: str, toy_folder: Callable[[str], Path]) -> None:
    folder = toy_folder(architecture)
    model, plain = in_fp32(folder), plain_model(folder)
    prompts = [*map(ask, QUESTIONS), ask(QUESTIONS[0], CONTEXT[:200]), ask(QUESTIONS[1], CONTEXT[:200])]
    drawn = LocalSampler(model).sample(prompts, 1, GREEDY)
    expected = [greedy_by_hugging_face(plain, model, prompt, GREEDY.max_tokens) for prompt in prompts]
    assert [samples[0].text for samples in drawn] == expected


@pytest.mark.parametrize("architecture", ["llama", "qwen3", "gpt_neox", "gpt2", "gemma2", "granite"])
def test_scores_equal_the_log_probabilities_of_hugging_face(
    architecture: str, toy_folder: Callable[[str], Path]
) -> None:
    folder = toy_folder(architecture)
    model, plain = in_fp32(folder), plain_model(folder)
    prompts = [ask(QUESTIONS[0]), ask(QUESTIONS[1], CONTEXT[:200]), ask(QUESTIONS[2], CONTEXT[:200])]
    prefixes = ["She is a", "", "It is the"]
    options = [("beekeeper", "bus", "dentist in Lindmoor"), ("Yes", "No"), ("Gazette",)]
    scored = LocalSampler(model).score(prompts, prefixes, options)
    for prompt, prefix, row, scores in zip(prompts, prefixes, options, scored, strict=True):
        head = tokenize_prompt(model.tokenizer, prompt.messages, prompt.context, prefix)
        tails = [model.tokenizer(" " + option)["input_ids"] for option in row]
        assert scores == pytest.approx([log_prob_by_hugging_face(plain, head, tail) for tail in tails], abs=1e-4)


def test_questions_with_different_numbers_of_options_are_scored_in_one_call_as_one_by_one(
    sampler: LocalSampler,
) -> None:
    prompts = [ask(question) for question in QUESTIONS]
    options = [("beekeeper", "bus", "old maps"), ("flute",), ("Mill Street", "tea")]
    prefixes = ["It is"] * 3
    together = sampler.score(prompts, prefixes, options)
    alone = [sampler.score([p], ["It is"], [row])[0] for p, row in zip(prompts, options, strict=True)]
    assert [len(row) for row in together] == [3, 1, 2]
    for ours, single in zip(together, alone, strict=True):
        assert ours == pytest.approx(single, abs=1e-4)


def test_a_shared_context_gives_the_answers_and_scores_of_the_same_text_written_out(
    sampler: LocalSampler, llama: LocalModel
) -> None:
    shared = [ask(question, CONTEXT) for question in QUESTIONS]
    # Beside a prompt that begins otherwise, nothing is shared.
    written_out = [ask(f"{CONTEXT}\n\n{question}") for question in QUESTIONS]
    other = Prompt((Message("system", "Hush."), Message("user", "Yes?")))
    assert len(tokenize_prompt(llama.tokenizer, shared[0].messages, CONTEXT)) > MIN_SHARED_TOKENS
    with_prefix = sampler.sample(shared, 3, SETTINGS)
    without = sampler.sample([*written_out, other], 3, SETTINGS)
    assert with_prefix == without[:3]
    rows = [("bus", "beekeeper in Lindmoor")] * 3
    scored = sampler.score(shared, ["A"] * 3, rows)
    plainly = sampler.score([*written_out, other], ["A"] * 4, [*rows, ("tea",)])
    for ours, single in zip(scored, plainly[:3], strict=True):
        assert ours == pytest.approx(single, abs=1e-4)


def test_answers_do_not_depend_on_what_shares_the_batch(sampler: LocalSampler) -> None:
    prompts = [ask(question) for question in QUESTIONS]
    together = sampler.sample(prompts, 4, SETTINGS)
    assert together == [sampler.sample([prompt], 4, SETTINGS)[0] for prompt in prompts]
    assert list(reversed(together)) == sampler.sample(list(reversed(prompts)), 4, SETTINGS)
    assert [row[:2] for row in together] == sampler.sample(prompts, 2, SETTINGS)


def test_the_same_seed_draws_the_same_answers_and_another_seed_others(sampler: LocalSampler) -> None:
    prompts = [ask(question) for question in QUESTIONS]
    first = sampler.sample(prompts, 3, SETTINGS)
    assert first == sampler.sample(prompts, 3, SETTINGS)
    assert first != sampler.sample(prompts, 3, replace(SETTINGS, seed=1))
    assert len({sample.text for row in first for sample in row}) > 6  # samples of one question differ too


def test_finish_reasons_tell_stopped_answers_from_cut_ones(sampler: LocalSampler) -> None:
    settings = SamplingSettings(temperature=1.5, top_p=1.0, max_tokens=40)
    short = sampler.sample([ask(QUESTIONS[0])], 200, settings)[0]
    longer = sampler.sample([ask(QUESTIONS[0])], 200, replace(settings, max_tokens=50))[0]
    assert {sample.finish_reason for sample in short} == {FinishReason.STOP, FinishReason.LENGTH}
    for cut, more in zip(short, longer, strict=True):
        assert cut.text is not None
        assert more.text is not None
        if cut.finish_reason is FinishReason.STOP:
            assert cut == more
            assert cut.num_tokens <= 40
        else:
            assert cut.num_tokens == 40
            assert more.num_tokens > 40
            assert more.text.startswith(cut.text.removesuffix("�"))


def test_more_samples_than_fit_a_batch_are_all_drawn(sampler: LocalSampler) -> None:
    drawn = sampler.sample([ask(QUESTIONS[0])], MAX_ROWS + 3, SamplingSettings(max_tokens=1))
    assert len(drawn[0]) == MAX_ROWS + 3


def test_progress_ends_at_the_number_of_prompts(sampler: LocalSampler) -> None:
    heard: list[Progress] = []
    sampler.sample([ask(q) for q in QUESTIONS], 1, SamplingSettings(max_tokens=1), heard.append)
    assert (heard[-1].done, heard[-1].total, heard[-1].unit) == (3, 3, "prompts")


def test_nothing_asked_is_nothing_answered(sampler: LocalSampler) -> None:
    assert sampler.sample([], 5, SETTINGS) == []
    assert sampler.score([], [], []) == []


def test_a_prompt_that_is_too_long_for_the_model_is_refused(toy_folder: Callable[[str], Path]) -> None:
    sampler = LocalSampler(in_fp32(toy_folder("gpt2")))  # 256 learned positions
    with pytest.raises(ModelError, match=r"takes \d+ tokens; .* reads 256") as caught:
        sampler.sample([ask("Yes?", CONTEXT * 3)], 1, SETTINGS)
    assert "num_documents" in caught.value.hint


def nucleus_of(probabilities: np.ndarray[Any, Any], top_p: float) -> set[int]:
    """The smallest set of most probable tokens that reaches ``top_p``, ties included, by the definition."""
    order = np.argsort(-probabilities, kind="stable")
    before = np.concatenate([[0.0], np.cumsum(probabilities[order])[:-1]])
    inside = {int(token) for token in order[before < top_p + 1e-6]}
    least = min(probabilities[token] for token in inside)
    return {int(token) for token in np.flatnonzero(probabilities >= least - 1e-7)}


@given(
    st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=40),
    st.floats(0.05, 1.0),
    st.floats(0.2, 3.0),
    st.floats(0, 1, exclude_max=True, width=32) | st.just(float(np.nextafter(np.float32(1), np.float32(0)))),
)
def test_no_token_outside_the_nucleus_is_ever_drawn(
    logits: list[float], top_p: float, temperature: float, uniform: float
) -> None:
    row = torch.tensor([logits])
    settings = SamplingSettings(temperature=temperature, top_p=top_p)
    drawn = int(draw_tokens(row, torch.tensor([uniform]), settings)[0])
    probabilities = (row[0].double() / temperature).softmax(-1).numpy()
    assert drawn in nucleus_of(probabilities, top_p)


def test_draws_follow_the_distribution_of_torch_multinomial() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(1, 600, generator=generator) * 2
    probabilities = logits[0].softmax(-1)
    inside = sorted(nucleus_of(probabilities.double().numpy(), 0.9))
    kept = torch.zeros(600).index_copy_(0, torch.tensor(inside), probabilities[inside])
    count = 40_000
    ours = draw_tokens(
        logits.expand(count, -1), torch.rand(count, generator=generator), SamplingSettings(temperature=1.0, top_p=0.9)
    )
    theirs = torch.multinomial(kept, count, replacement=True, generator=generator)
    rate = torch.bincount(ours, minlength=600) / count
    reference = torch.bincount(theirs, minlength=600) / count
    expected = kept / kept.sum()
    noise = (expected * (1 - expected) / count).sqrt()
    assert bool(((rate - expected).abs() <= 5 * noise + 1e-6).all())
    assert float((rate - expected).abs().sum()) < 1.3 * float((reference - expected).abs().sum())


def test_a_flat_distribution_reaches_beyond_the_256_most_probable_tokens() -> None:
    uniforms = torch.linspace(0, 0.999, 2000)
    drawn = draw_tokens(torch.zeros(2000, 500), uniforms, SamplingSettings(temperature=1.0, top_p=1.0))
    assert len(set(drawn.tolist())) == 500


def test_a_temperature_of_zero_takes_the_most_probable_token() -> None:
    logits = torch.tensor([[0.0, 3.0, 1.0], [5.0, 3.0, 1.0]])
    assert draw_tokens(logits, torch.tensor([0.9, 0.9]), GREEDY).tolist() == [1, 0]


def test_a_bf16_model_answers_too(toy_folder: Callable[[str], Path]) -> None:
    from disclaim.models import open_sampler

    sampler = open_sampler(f"local/{toy_folder('qwen3')}")
    (samples,) = sampler.sample([ask(QUESTIONS[0])], 2, SETTINGS)
    assert all(isinstance(sample, Sample) and sample.num_tokens <= 10 for sample in samples)
