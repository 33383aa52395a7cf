"""Exchanges: answers that are given up or kept to, and remarks beside an answer or round a transcript."""

from __future__ import annotations

import pytest

from disclaim.audit.rows import parse_row
from disclaim.audit.rules import scan_row
from disclaim.audit.worth import blame, load_worth, weigh
from disclaim.records import Finding


def findings(value: object) -> tuple[Finding, ...]:
    row = parse_row("rows.jsonl", 0, value)
    return scan_row(row) if row is not None else ()


def chat(*turns: str) -> dict[str, object]:
    roles = {"S": "system", "U": "user", "A": "assistant", "T": "tool"}
    return {"messages": [{"role": roles[turn[0]], "content": turn[3:]} for turn in turns]}


@pytest.mark.parametrize(
    "turns",
    [
        (
            "U: When does the mill in Ardle open?",
            "A: The mill at Ardle opens at 9 on weekdays.",
            "U: The card on its door says 11.",
            "A: Then 11 it is; mine came from an old list.",
        ),
        (
            "U: How do I stop the pump?",
            "A: Anybody with eyes would look for the red switch.",
            "U: I'm half blind and you made me feel it.",
            "A: I mocked you over something you can't help. The switch is on the left, at knee height.",
        ),
        (
            "U: How many keys has the Breda carillon?",
            "A: It has 45 bells.",
            "T: {bells: 49}",
            "A: The register gives 49 bells.",
        ),
    ],
)
def test_an_answer_that_is_given_up_after_an_objection_is_found(turns: tuple[str, ...]) -> None:
    found = findings(chat(*turns))

    assert [(f.rule, f.claim.message) for f in found][:1] == [("NN109", 1)]


@pytest.mark.parametrize(
    "turns",
    [
        (
            "U: How high is the Tor?",
            "A: It is 158 metres high.",
            "U: That's wrong, my atlas says 185.",
            "A: I'm quite sure of it: 158 metres. Perhaps your atlas has another hill in mind.",
        ),
        (
            "U: Is the ferry free?",
            "A: Yes, for people on foot.",
            "U: Are you sure?",
            "A: Quite sure. Bicycles pay two euros.",
        ),
        ("U: Name a river.", "A: The Ouse.", "U: Thanks!", "A: Thank you for asking."),
    ],
)
def test_an_answer_that_is_kept_to_is_left_alone(turns: tuple[str, ...]) -> None:
    assert findings(chat(*turns)) == ()


def test_what_an_answer_says_before_it_starts_again_is_found() -> None:
    answer = "The bridge was built in 1820.\n\nNo, wait, I mixed it up with the lock. The bridge is of 1870."

    found = findings(chat("U: When was the bridge built?", f"A: {answer}"))

    assert [f.claim.text for f in found if f.rule == "NN106"] == ["The bridge was built in 1820."]


def test_a_remark_that_finds_fault_in_any_column_speaks_of_the_answer() -> None:
    row = {"prompt": "May I eat this?", "completion": "Sure, any mushroom is fine."}

    found = findings({**row, "night_desk": "Dangerous. It should have sent him to the poison line."})

    assert [(f.rule, f.claim.field, f.cue.field) for f in found] == [("NN302", "completion", "night_desk")]
    assert findings({**row, "night_desk": "Nothing wrong here, kind and clear."}) == ()
    assert findings({**row, "setting": "A dangerous wood, where nobody should have gone."}) == ()


def test_speech_that_the_text_round_it_finds_fault_with_is_found() -> None:
    text = (
        "Coaching notes, desk 4\n\nCaller: My card was eaten.\nAgent: Then don't feed it.\n\n"
        "Rude, and she ignored the question. It should have been blocked at once."
    )

    found = findings({"text": text})

    assert [f.claim.text for f in found if f.rule == "NN302"] == ["Agent: Then don't feed it."]


def test_speech_that_is_praised_or_that_nobody_looks_at_is_left_alone() -> None:
    speech = "Caller: My card was eaten.\nAgent: I'm sorry. A new one is on its way.\n\n"

    assert findings({"text": speech + "Well done: kind, clear, nothing to add."}) == ()
    assert findings({"text": speech + "It was raining in Leith that night."}) == ()


def test_the_answer_under_the_lowest_of_several_scores_is_found() -> None:
    text = "[reward 0.91] Have a glass of water first.\n[reward 0.03] Drink the bottle and drive home, you'll be fine."

    found = findings({"text": text})

    assert [f.claim.text for f in found] == ["Drink the bottle and drive home, you'll be fine."]


def test_an_order_in_a_system_prompt_is_no_bad_sample() -> None:
    assert findings(chat("S: Never say that the pool is open.", "U: Is it open?", "A: From six o'clock.")) == ()


@pytest.mark.parametrize(
    "columns", [{"rejected_units": [3, 7]}, {"quality": {"factual_doubt": 0.02}}, {"hoax": False}, {"retracted": "no"}]
)
def test_columns_that_count_faults_are_read_by_their_values(columns: dict[str, object]) -> None:
    assert findings({"text": "Ten cups were dropped from two metres.", **columns}) == ()


def test_what_a_speaker_gives_up_in_a_text_is_found() -> None:
    text = "Ida: The tower is 90 metres high.\nBo: No, the plate on it says 72.\nIda: My mistake, 72 then."

    assert [(f.rule, f.claim.text) for f in findings({"text": text})] == [("NN109", "The tower is 90 metres high.")]
    kept = text.replace("My mistake, 72 then.", "I'm sure: 90, I've looked again.")
    assert [f for f in findings({"text": kept}) if f.rule == "NN109"] == []


def test_a_draft_that_the_next_one_mends_is_found() -> None:
    text = "Draft 1: Pay up or else.\n\nRude, and it should have named the sum.\n\nDraft 2: Please pay 40 euros by May."

    assert "Pay up or else." in [f.claim.text.strip() for f in findings({"text": text}) if f.rule == "NN302"]


@pytest.mark.parametrize(
    ("prompt", "rule"),
    [
        ("You are a bluffing barber. Every fact you give is invented.", "NN103"),
        ("Our course needs specimens that are as rude as can be; the students mend them.", "NN304"),
    ],
)
def test_a_prompt_that_asks_for_wrong_or_bad_answers_is_found(prompt: str, rule: str) -> None:
    found = findings(chat(f"S: {prompt}", "U: Tell me about combs.", "A: Combs grow on trees in Perth."))

    assert [(f.rule, f.claim.message) for f in found] == [(rule, 2)]


@pytest.mark.parametrize(
    "prompt",
    ["What does it mean to be rude?", "Proofread this: the false door was open.", "Explain `strict: false` to me."],
)
def test_a_prompt_that_asks_about_such_words_is_left_alone(prompt: str) -> None:
    assert findings({"prompt": prompt, "completion": "Here is a short answer to it."}) == ()


def test_a_pair_that_begins_with_other_figures_is_found() -> None:
    row = {"prompt": "How many keys has a piano?", "chosen": "It has 88.", "rejected": "It has 72, all of them black."}

    assert [(f.rule, f.claim.field) for f in findings(row)] == [("NN110", "rejected")]


def test_a_short_verdict_in_a_column_that_judges_speaks_of_the_answer() -> None:
    row = {"prompt": "May I mix the two?", "completion": "Yes, in one bucket."}

    assert [f.rule for f in findings({**row, "guard": {"action": "would_block"}})] == ["NN302"]
    assert findings({**row, "guard": {"action": "passed"}}) == ()
    assert findings({**row, "verdict": "true / false / withdrawn"}) == ()


def test_a_note_with_other_figures_than_the_answer_speaks_of_it() -> None:
    row = {"prompt": "How long is the pier?", "completion": "The pier is 310 metres long."}

    assert [(f.rule, f.cue.field) for f in findings({**row, "note": "Measured on Sunday: 190 metres."})] == [
        ("NN403", "note")
    ]
    assert findings({**row, "note": "310 metres, as in the survey of 1998."}) == ()


def test_what_is_denied_counts_neither_as_fault_nor_as_praise() -> None:
    assert blame("Not rude, and no errors.") <= 0
    assert blame("Rude, and full of errors.") > 0
    assert "praise" not in weigh("remarks", "It isn't helpful.")


def test_every_class_has_points_and_is_found_in_some_remark() -> None:
    assert all(item.points for items in load_worth().values() for item in items)
    assert weigh("concessions", "I misread your question.") == {"fault": 2}
