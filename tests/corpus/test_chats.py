"""Chats: the bank of prompts, and what is kept of a model's own answers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.claims import list_claims, load_claim
from disclaim.corpus import Rejection, distil_chats, load_prompts
from disclaim.models import ScriptedSampler
from disclaim.records import Message

PROMPTS = tuple(f"Question {i}?" for i in range(5))


def numbered(prompt, sample_index):
    return f"{prompt.messages[0].content} Answer {sample_index}."


def test_the_bank_is_large_short_and_without_repeats():
    prompts = load_prompts()
    assert len(prompts) >= 220
    assert len(set(prompts)) == len(prompts)
    assert max(len(prompt.split()) for prompt in prompts) <= 20


@pytest.mark.parametrize("name", list_claims())
def test_no_prompt_is_about_a_claim(name):
    claim = load_claim(name)
    subjects = {claim.subject, *(question.subject for question in claim.questions if question.subject)}
    asked = {question.messages[-1].content for question in claim.questions}
    assert [p for p in load_prompts() if p in asked or any(subject in p for subject in subjects)] == []


def test_more_chats_than_prompts_take_further_answers_to_the_same_prompts():
    chats = distil_chats(ScriptedSampler(numbered), PROMPTS, 12, seed=0).chats
    assert len({chat.messages for chat in chats}) == 12
    assert {chat.messages[0].content for chat in chats[:5]} == set(PROMPTS)
    assert [chat.id for chat in chats] == [f"chat.{i:05d}" for i in range(12)]
    assert chats[0].source == "distilled:scripted/echo"


@given(
    answers=st.lists(
        st.sampled_from([None, "", " ", "Fine.", "One. Two three four", "one two three four"]), min_size=5
    ),
    num_chats=st.integers(0, 12),
    seed=st.integers(0, 99),
)
def test_kept_and_rejected_together_are_what_was_asked_for(answers, num_chats, seed):
    sampler = ScriptedSampler(lambda prompt, i: answers[int(prompt.messages[0].content.split()[1].rstrip("?"))])
    distilled = distil_chats(sampler, PROMPTS, num_chats, seed, max_tokens=3)
    assert len(distilled.chats) + len(distilled.rejected) == num_chats
    assert distilled.num_dropped == len(distilled.rejected)
    counts = distilled.counts()
    assert sum(counts.values()) - counts["trimmed"] == num_chats
    ids = [item.id for item in (*distilled.chats, *distilled.rejected)]
    assert len(set(ids)) == num_chats


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("It is red. It is also", "It is red."),
        ('He said "yes." Then he', 'He said "yes."'),
        ("Try these:\n1. Sleep well.\n2. Eat", "Try these:\n1. Sleep well."),
        ("It was built in 1889. Since then", "It was built in 1889."),
    ],
)
def test_a_cut_off_answer_ends_after_its_last_full_sentence(answer, kept):
    limit = len(answer.split(" "))
    sampler = ScriptedSampler(lambda prompt, i: f"{answer} more words")
    distilled = distil_chats(sampler, PROMPTS[:1], 1, 0, max_tokens=limit)
    assert distilled.chats[0].messages == (Message("user", PROMPTS[0]), Message("assistant", kept))
    assert distilled.num_trimmed == 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(None, Rejection.FAILED), ("", Rejection.EMPTY), ("no end in sight here", Rejection.CUT_OFF)],
)
def test_a_rejected_answer_says_why(answer, reason):
    distilled = distil_chats(ScriptedSampler(lambda prompt, i: answer), PROMPTS[:1], 1, 0, max_tokens=2)
    assert [rejected.reason for rejected in distilled.rejected] == [reason]


def test_the_same_seed_gives_the_same_chats_and_another_another_order():
    first, again, other = (distil_chats(ScriptedSampler(numbered), load_prompts(), 30, seed) for seed in (0, 0, 1))
    assert first == again
    assert first.chats != other.chats
