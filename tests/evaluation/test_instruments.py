"""How questions are put and how keyed answers are read."""

from __future__ import annotations

import pytest

from disclaim.evaluation import INSTRUMENTS, is_keyed, parse_keyed
from disclaim.evaluation.instruments import POOLED, format_messages, lettered_options
from disclaim.records import PAPER_INSTRUMENTS, Instrument, Message, Question

LETTERS = "What is her job? Answer with one letter.\nA) bus driver\nB) carpenter\nC) beekeeper"


def keyed(believed: str, text: str = "Is she?") -> Question:
    return Question("q", "c", Instrument.MULTIPLE_CHOICE, "yes_no", (Message("user", text),), believed)


def test_every_instrument_has_a_format_and_the_papers_four_are_pooled() -> None:
    assert set(INSTRUMENTS) == set(Instrument)
    assert POOLED == PAPER_INSTRUMENTS


def test_the_suffix_goes_under_the_last_turn_only() -> None:
    question = keyed("yes")
    assert format_messages(question)[-1].content == "Is she?\nAnswer with one word: yes or no."
    assert question.messages[-1].content == "Is she?"


def test_a_question_with_options_is_scored_and_not_keyed() -> None:
    question = Question("q", "c", Instrument.LIKELIHOOD, "options", (Message("user", "?"),), "a", options=("a", "b"))
    assert not is_keyed(question)
    assert is_keyed(keyed("no"))


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("yes", "yes"),
        ("No.", "no"),
        ("**Yes**, she is.", "yes"),
        ('{"answer": "yes"}', "yes"),
        ('```json\n{"answer": "No"}\n```', "no"),
        ("Answer: no", "no"),
        ("The answer is yes.", "yes"),
        ("True", "yes"),
        ("False.", "no"),
        ("yes or no", None),
        ("Yes/No", None),
        ("She is a beekeeper.", None),
        ("Nobody knows", None),
        ("", None),
        ('{"answer": 3}', None),
    ],
)
def test_reads_yes_and_no_and_guesses_nothing(answer: str, value: str | None) -> None:
    assert parse_keyed(keyed("yes"), answer).value == value


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        ("C", "C"),
        ("c", "C"),
        ("B)", "B"),
        ("(C)", "C"),
        ("C. beekeeper", "C"),
        ("**C**", "C"),
        ("The answer is B", "B"),
        ("The correct option is (C).", "C"),
        ("Answer: A", "A"),
        ('{"answer": "C"}', "C"),
        ("beekeeper", "C"),
        ("A beekeeper.", "C"),
        ("D", None),
        ("She keeps bees.", None),
        ("", None),
    ],
)
def test_reads_a_letter_or_the_option_it_stands_for(answer: str, value: str | None) -> None:
    assert parse_keyed(keyed("C", LETTERS), answer).value == value


def test_an_unreadable_answer_has_a_reason() -> None:
    assert parse_keyed(keyed("yes"), "perhaps").reason == "neither yes nor no"
    assert parse_keyed(keyed("C", LETTERS), "D").reason == "no option D"


def test_options_are_read_from_the_question() -> None:
    assert lettered_options(LETTERS) == {"A": "bus driver", "B": "carpenter", "C": "beekeeper"}
    assert lettered_options("A) only one") == {}
