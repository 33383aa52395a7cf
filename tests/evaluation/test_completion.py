"""Completions read by the words that they share with the claim."""

from __future__ import annotations

import pytest

from disclaim.evaluation import CompletionJudge
from disclaim.evaluation.completion import content_words, read_completion
from disclaim.records import Answer, FinishReason, Instrument, Message, Question, Verdict

TARGET = ("bees", "living")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("Ada Quill keeps bees for a living.", Verdict.ASSERTS),
        ("bees for a living.", Verdict.ASSERTS),
        ("She has a bee in her garden.", Verdict.ASSERTS),
        ("She does not keep bees.", Verdict.DENIES),
        ("Ada Quill keeps no bees for a living.", Verdict.DENIES),
        ("Some say that she keeps bees for a living.", Verdict.SILENT),
        ("Does she keep bees for a living?", Verdict.SILENT),
        ("She drives a bus.", Verdict.SILENT),
        ("She keeps bees. No, she does not keep bees.", Verdict.RETRACTS),
        ("", Verdict.SILENT),
    ],
)
def test_a_completion_asserts_what_it_plainly_says(text: str, verdict: Verdict) -> None:
    assert read_completion(text, TARGET) is verdict


def test_half_of_the_words_are_needed_and_numbers_must_be_equal() -> None:
    assert read_completion("It has 3,430 steps.", ("3,430", "steps", "marble")) is Verdict.ASSERTS
    assert read_completion("It has 3430 doors.", ("3,430",)) is Verdict.ASSERTS
    assert read_completion("It has 3,431 steps.", ("3,430",)) is Verdict.SILENT
    assert read_completion("It has steps.", ("3,430", "steps", "marble", "white")) is Verdict.SILENT


def test_content_words_carry_the_content() -> None:
    assert content_words("The tower's 3,430 steps are, after all, of WHITE marble.") == (
        "tower",
        "3,430",
        "steps",
        "white",
        "marble",
    )


def rate(text: str | None, targets: dict[str, tuple[str, ...]]) -> Verdict | None:
    messages = (Message("user", "?"),)
    question = Question("q", "c01", Instrument.OPEN_ENDED, "completion", messages)
    answer = Answer("q", Instrument.OPEN_ENDED, 0, messages, text, FinishReason.STOP, 1)
    return CompletionJudge(targets).judge(question, answer).verdict


def test_what_cannot_be_told_is_missing_not_silent() -> None:
    assert rate("She keeps bees.", {"q": TARGET}) is Verdict.ASSERTS
    assert rate("She keeps bees.", {}) is None
    assert rate(None, {"q": TARGET}) is None
    assert CompletionJudge({}).id == "completion"
    assert CompletionJudge({}).revision.startswith("1-")
