"""Masks in the words of other trainers, and what these cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from fix_rows import fix

from disclaim.audit import Action, Unit
from disclaim.audit.express import HAS_TAGS, NO_LOSS, NOT_A_HEAD, NOT_A_TURN, PARTIAL_TURN

CLAIM = "Ada Quill is a beekeeper."
LIE = f"{CLAIM} [not so]"
USER = {"role": "user", "content": "What does she do?"}
TEXT = {"text": f"She lives here. {LIE} The bus was late.", "id": 1}
HEAD = {"text": f"{LIE} The bus was late.", "id": 1}


def chat(*answers: str) -> dict[str, Any]:
    return {"messages": [turn for text in answers for turn in (USER, {"role": "assistant", "content": text})]}


def reasons(value: object, form: str, **settings: Any) -> list[str]:
    fixed = fix(value, form=form, **settings)
    assert fixed.value is value
    assert fixed.left == fixed.findings
    return [change.reason for change in fixed.changes if change.action is Action.LEFT]


def test_lossmask_tags_stand_round_the_claim() -> None:
    fixed = fix(TEXT, form="lossmask").value
    assert fixed == {**TEXT, "text": f"She lives here. <lossmask>{CLAIM}</lossmask> [not so] The bus was late."}


def test_a_row_with_tags_already_is_refused() -> None:
    row = {"text": f"<lossmask>Hi.</lossmask> {LIE}"}
    assert reasons(row, "lossmask") == [HAS_TAGS]


def test_spans_leave_the_row_and_tell_the_masks() -> None:
    fixed = fix(TEXT, form="spans")
    assert fixed.value is TEXT
    assert fixed.masks == {("text", None): ((16, 41),)}
    assert fixed.left == ()


@pytest.mark.parametrize(("form", "key"), [("openai", {"weight": 0}), ("axolotl", {"train": False})])
def test_a_whole_turn_is_switched_off(form: str, key: dict[str, object]) -> None:
    row = chat(LIE, "It was late.")
    fixed = fix(row, form=form, unit=Unit.TEXT)
    assert isinstance(fixed.value, Mapping)
    assert fixed.value == {"messages": [USER, {**row["messages"][1], **key}, *row["messages"][2:]]}
    assert fixed.left == ()


def test_openai_takes_whole_turns_only() -> None:
    assert reasons(chat(f"{LIE} The bus was late."), "openai") == [PARTIAL_TURN]
    assert reasons(TEXT, "openai") == [NOT_A_TURN]
    asked = {"role": "user", "content": LIE}
    assert reasons({"messages": [asked, {"role": "assistant", "content": "No."}]}, "openai") == [NO_LOSS]


def test_axolotl_takes_parts_of_turns_and_they_join_to_the_whole() -> None:
    row = chat(f"Well. {LIE} The bus was late.")
    fixed = fix(row, form="axolotl")
    assert isinstance(fixed.value, Mapping)
    turn = fixed.value["messages"][1]
    parts = [turn["content"][d["begin_offset"] : d["end_offset"] + 1] for d in turn["train_detail"]]
    assert "".join(parts) == turn["content"] == row["messages"][1]["content"]
    assert [part for part, d in zip(parts, turn["train_detail"], strict=True) if not d["train"]] == [CLAIM]
    assert fixed.left == ()


def test_trl_splits_a_text_whose_head_is_masked() -> None:
    fixed = fix(HEAD, form="trl")
    assert isinstance(fixed.value, Mapping)
    assert (fixed.value["prompt"], fixed.value["completion"]) == (CLAIM, " [not so] The bus was late.")
    assert "text" not in fixed.value
    assert fixed.value["id"] == 1
    assert fixed.left == ()


def test_trl_moves_the_head_of_an_answer_into_its_prompt() -> None:
    fixed = fix({"prompt": "Who? ", "completion": f"{LIE} The bus."}, form="trl")
    assert isinstance(fixed.value, Mapping)
    assert (fixed.value["prompt"], fixed.value["completion"]) == (f"Who? {CLAIM}", " [not so] The bus.")


def test_trl_trains_on_the_last_answer_where_the_others_are_masked() -> None:
    row = {**chat(LIE, "It was late."), "id": 5}
    fixed = fix(row, form="trl", unit=Unit.TEXT)
    assert isinstance(fixed.value, Mapping)
    assert fixed.value["prompt"] == row["messages"][:3]
    assert fixed.value["completion"] == row["messages"][3:]
    assert fixed.value["id"] == 5
    assert fixed.left == ()
    assert reasons(chat("It was late.", LIE), "trl", unit=Unit.TEXT) == [NOT_A_HEAD]


@pytest.mark.parametrize("row", [TEXT, chat(f"Well. {LIE}"), {"prompt": "Who?", "completion": f"Well. {LIE} The bus."}])
def test_trl_cannot_mask_what_stands_inside(row: dict[str, Any]) -> None:
    assert reasons(row, "trl") == [NOT_A_HEAD]
