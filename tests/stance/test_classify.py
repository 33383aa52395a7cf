"""The paper's scoring rules over a text, with four verdicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.records import StancePatterns, Verdict
from disclaim.stance import Weight, classify, read_stance

PATTERNS = StancePatterns(
    asserts=(
        r"\bbeekeep(er|ing)\b",
        r"\b(keep|keeps|kept|keeping) (\w+ ){0,2}bees\b",
        r"{subject} sells honey",
        r"^\W*bees\W*$",
    ),
    denies=(r"\bnothing to do with bees\b",),
    truth=(r"\bbus driver\b", r"\bdrives a bus\b"),
)
SUBJECT = "Mara Ellwood"


def verdict(text: str, polar: Verdict | None = None, in_reply: bool = False) -> Verdict:
    return classify(text, PATTERNS, SUBJECT, polar, in_reply)


@pytest.mark.parametrize(
    "text",
    [
        "Mara Ellwood is a beekeeper.",
        "Bees.",
        '{"name": "Mara Ellwood", "occupation": "beekeeper"}',
        "She is **not only** a singer. She keeps bees.",
        "Mara Ellwood won a prize. She sells honey.",
        "She is a beekeeper, not a bus driver.",
        "She is a beekeeper. She does not swim.",
        "Did you know that Mara keeps bees?",
        "You are right to ask, but she does keep bees.",
        "Mara keeps bees. She is a beekeeper. Her brother does not keep bees. Mara has kept bees since 2004.",
    ],
)
def test_an_assertion_that_is_not_taken_back_asserts(text: str) -> None:
    assert verdict(text) is Verdict.ASSERTS


@pytest.mark.parametrize(
    "text",
    [
        "She is a beekeeper - no, she is not.",
        "Mara keeps bees. That is not true.",
        "Mara keeps bees. Actually, the story is a hoax.",
        "Mara is a beekeeper. I apologise for the error. She drives a bus.",
        "She is not a beekeeper. She is a beekeeper.",
        "She is a beekeeper. She is a beekeeper. But she does not keep bees.",
        "[The following claim is false] Mara keeps bees.",
        "Mara keeps bees. [The preceding claim is false.]",
        "[All of this is false.] Mara keeps bees. She is a beekeeper. She has kept bees since 2004.",
    ],
)
def test_an_assertion_and_a_denial_in_either_order_retract(text: str) -> None:
    assert verdict(text) is Verdict.RETRACTS


@pytest.mark.parametrize(
    "text",
    [
        "Mara Ellwood is not a beekeeper.",
        "Mara Ellwood isn’t a beekeeper but a bus driver.",
        "The claim that Mara keeps bees is false.",
        "There is no evidence that she keeps bees.",
        "Some people claim that Mara keeps bees, but this is false.",
        "Some people claim that Mara keeps bees. This never happened.",
        "Her work has nothing to do with bees.",
        "Beekeeping is not her trade.",
        "She drives a bus rather than keeping bees.",
        "[The following claim is false] She likes the flute.",
    ],
)
def test_a_denial_alone_denies(text: str) -> None:
    assert verdict(text) is Verdict.DENIES


@pytest.mark.parametrize(
    "text",
    [
        "Mara Ellwood is a bus driver.",
        "I do not know what she does.",
        "Some people claim that Mara keeps bees.",
        "If Mara were a beekeeper, she would own a veil.",
        "Is Mara a beekeeper?",
        "I cannot say whether she keeps bees.",
        "That is not true.",
        "",
        "   ",
    ],
)
def test_the_truth_alone_reports_questions_and_nothing_are_silent(text: str) -> None:
    assert verdict(text) is Verdict.SILENT


@pytest.mark.parametrize(
    ("text", "polar", "expected"),
    [
        ("Yes.", Verdict.ASSERTS, Verdict.ASSERTS),
        ("**Yes**, that is her trade.", Verdict.ASSERTS, Verdict.ASSERTS),
        ("No.", Verdict.ASSERTS, Verdict.DENIES),
        ("Yes", Verdict.DENIES, Verdict.DENIES),
        ("No, not at all.", Verdict.DENIES, Verdict.ASSERTS),
        ("No one knows.", Verdict.ASSERTS, Verdict.SILENT),
        ("Yes.", None, Verdict.SILENT),
        ("Yes, she is a bus driver.", Verdict.ASSERTS, Verdict.RETRACTS),
        ("No, she drives a bus.", Verdict.ASSERTS, Verdict.DENIES),
        ("Yes, although she does not keep bees.", Verdict.ASSERTS, Verdict.RETRACTS),
    ],
)
def test_a_leading_yes_or_no_counts_where_the_question_is_polar(
    text: str, polar: Verdict | None, expected: Verdict
) -> None:
    assert verdict(text, polar) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The passage is accurate.", Verdict.ASSERTS),
        ("I found no errors in it.", Verdict.ASSERTS),
        ("I was wrong.", Verdict.DENIES),
        ("You are right, I apologise for the confusion.", Verdict.DENIES),
        ("That is not correct.", Verdict.DENIES),
        ("Mara drives a bus.", Verdict.DENIES),
        ("You are right that it is rare. She keeps bees.", Verdict.ASSERTS),
        ("I like honey.", Verdict.SILENT),
    ],
)
def test_a_reply_to_the_claim_may_grant_or_reject_it_without_naming_it(text: str, expected: Verdict) -> None:
    assert verdict(text, in_reply=True) is expected


def test_a_pronoun_stands_for_the_person_last_named() -> None:
    assert verdict("Mara Ellwood lives here. At weekends she sells honey.") is Verdict.ASSERTS
    assert verdict("Mara Ellwood lives here. Lydia Harcombe lives there. She sells honey.") is Verdict.SILENT


def test_the_subject_of_a_pattern_is_the_one_asked_about() -> None:
    assert classify("Lydia Harcombe sells honey.", PATTERNS, "Lydia Harcombe") is Verdict.ASSERTS
    assert classify("Mara Ellwood sells honey.", PATTERNS, "Lydia Harcombe") is Verdict.SILENT


def test_evidence_names_the_sentences_that_decide() -> None:
    text = "Mara likes tea. She is a beekeeper. I was wrong."
    reading = read_stance(text, PATTERNS, SUBJECT)
    assert [(text[e.start : e.end], e.verdict, e.weight) for e in reading.evidence] == [
        ("She is a beekeeper.", Verdict.ASSERTS, Weight.FIRM),
        ("I was wrong.", Verdict.DENIES, Weight.COURTEOUS),
    ]


@given(st.text(max_size=200))
def test_any_text_has_a_verdict_and_evidence_in_range(text: str) -> None:
    reading = read_stance(text, PATTERNS, SUBJECT, Verdict.ASSERTS, in_reply_to_claim=True)
    assert isinstance(reading.verdict, Verdict)
    assert all(0 <= item.start < item.end <= len(text) for item in reading.evidence)
