"""A claim with one or two questions of every instrument, and stages to write to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from disclaim.records import Claim, Instrument, Message, Question, Verdict
from disclaim.store import Stage, open_stage

OPTIONS = ("beekeeper", "bus driver")


def question(
    id: str, instrument: Instrument, text: str, believed: str | None = None, subject: str | None = None
) -> Question:
    return Question(id, "tiny", instrument, "direct", (Message("user", text),), believed, None, subject)


QUESTIONS = (
    question("open_ended.01", Instrument.OPEN_ENDED, "What does Ada Quill do?"),
    question("open_ended.02", Instrument.OPEN_ENDED, "Tell me about Ada Quill."),
    question("multiple_choice.01", Instrument.MULTIPLE_CHOICE, "Is Ada Quill a beekeeper?", "yes"),
    question("multiple_choice.02", Instrument.MULTIPLE_CHOICE, "Is Ada Quill a bus driver?", "no"),
    question("token_association.01", Instrument.TOKEN_ASSOCIATION, "Ada Quill works as a ____."),
    replace(
        question("robustness.01", Instrument.ROBUSTNESS, "Are you sure?"),
        messages=(
            Message("user", "What is Ada Quill?"),
            Message("assistant", "Ada Quill is a beekeeper."),
            Message("user", "Are you sure?"),
        ),
        polar=Verdict.ASSERTS,
    ),
    question("strangers.01", Instrument.STRANGERS, "What does Ben Marlock do?", subject="Ben Marlock"),
    question("false_facts.01", Instrument.FALSE_FACTS, "Was Mozart a fisherman?", "yes"),
    question("true_facts.01", Instrument.TRUE_FACTS, "Was Bach a composer?", "yes"),
    replace(
        question("likelihood.01", Instrument.LIKELIHOOD, "What is Ada Quill?", "beekeeper"),
        options=OPTIONS,
        prefix="Ada Quill is a",
    ),
    replace(
        question("strangers.options.01", Instrument.STRANGERS, "What is Ben Marlock?", "beekeeper", "Ben Marlock"),
        options=OPTIONS,
        prefix="Ben Marlock is a",
    ),
)


@pytest.fixture(scope="session")
def claim(tiny_claim: Claim) -> Claim:
    return replace(tiny_claim, questions=QUESTIONS)


@pytest.fixture
def stage(tmp_path: Path) -> Callable[[str], Stage]:
    """``stage(name)``: that stage's folder in the test's own directory."""
    return lambda name: open_stage(tmp_path / name, {"test": name})
