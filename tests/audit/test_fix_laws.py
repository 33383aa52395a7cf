"""Laws of mending a row, whatever it holds."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from fix_rows import NOTICE, fix, rows, texts
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_scanner import findings_of

from disclaim.audit import Action, Form, parse_row, unmasked
from disclaim.audit.masks import masked_stretches
from disclaim.audit.stretches import Edit, edited, merge, shift
from disclaim.audit.writing import DROPPED

stretches = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=6
)


@given(stretches)
def test_merged_stretches_cover_the_same_characters_in_order_and_apart(found: list[tuple[int, int]]) -> None:
    merged = merge(found)
    assert {i for a, b in merged for i in range(a, b)} == {i for a, b in found for i in range(a, b)}
    assert all(a < b for a, b in merged)
    assert all(one[1] < other[0] for one, other in pairwise(merged))


@given(st.text(min_size=60, max_size=60), stretches, st.text(max_size=4), st.integers(0, 59))
def test_a_character_that_no_edit_touches_is_found_again(
    text: str, found: list[tuple[int, int]], new: str, place: int
) -> None:
    edits = [Edit(start, end, new) for start, end in merge(found)]
    changed = edited(text, edits)
    if any(edit.start <= place < edit.end for edit in edits):
        return
    moved = shift((place, place + 1), edits)
    assert moved is not None
    assert changed[moved[0] : moved[1]] == text[place]


@given(rows)
def test_masks_change_no_text_and_cover_every_claim(value: dict[str, Any]) -> None:
    fixed = fix(value)
    if not fixed.findings:
        assert fixed.value is value
        return
    assert isinstance(fixed.value, Mapping)
    assert {key: item for key, item in fixed.value.items() if key != "disclaim"} == value
    row = parse_row("data.jsonl", 3, fixed.value)
    assert row is not None
    masks = masked_stretches(row)
    for found in findings_of(row):
        claim = found.claim
        assert any(a <= claim.start and claim.end <= b for a, b in masks[claim.field, claim.message])
    assert unmasked(row, findings_of(row)) == fixed.left == ()


@given(rows)
def test_masks_do_not_grow_beyond_the_claims(value: dict[str, Any]) -> None:
    row = parse_row("data.jsonl", 3, value)
    assert row is not None
    claimed = {(f.claim.field, f.claim.message, i) for f in findings_of(row) for i in range(f.claim.start, f.claim.end)}
    masked = {(*address, i) for address, parts in fix(value).masks.items() for a, b in parts for i in range(a, b)}
    assert masked == claimed


def letters(text: str) -> str:
    return "".join(text.split())


@given(texts)
def test_outside_what_is_dropped_only_white_space_changes(text: str) -> None:
    fixed = fix({"text": text}, "drop")
    gone = text
    for change in sorted(fixed.changes, key=lambda c: -c.start):
        assert text[change.start : change.end] == change.before
        gone = gone[: change.start] + gone[change.end :]
    if fixed.value is DROPPED:
        assert not any(letter.isalnum() for letter in gone)
        return
    assert isinstance(fixed.value, Mapping)
    assert letters(str(fixed.value["text"])) == letters(gone)
    assert NOTICE not in str(fixed.value["text"])


@pytest.mark.parametrize("strategy", ["mask", "localise", "drop"])
@pytest.mark.parametrize("form", list(Form))
@settings(max_examples=25)
@given(value=rows)
def test_fixing_again_changes_nothing(strategy: str, form: Form, value: dict[str, Any]) -> None:
    if strategy == "drop" and form is not Form.SAME:
        return
    fixed = fix(value, strategy, form=form)
    if fixed.value is DROPPED or form is Form.SPANS:
        return
    again = fix(fixed.value, strategy, form=form)
    assert again.value is fixed.value
    assert again.findings == fixed.left


@given(value=rows, strategy=st.sampled_from(["mask", "localise", "drop"]), form=st.sampled_from(list(Form)))
def test_what_is_left_is_explained(value: dict[str, Any], strategy: str, form: Form) -> None:
    fixed = fix(value, strategy, form=Form.SAME if strategy == "drop" else form)
    explained = {(c.field, c.message) for c in fixed.changes if c.action is Action.LEFT and c.reason}
    assert {(found.claim.field, found.claim.message) for found in fixed.left} <= explained


@given(rows)
def test_dropping_leaves_a_row_that_is_read_and_holds_no_claim(value: dict[str, Any]) -> None:
    fixed = fix(value, "drop")
    if fixed.value is DROPPED:
        return
    row = parse_row("data.jsonl", 3, fixed.value)
    assert row is not None
    assert findings_of(row) == fixed.left == ()
    if "messages" in value and fixed.findings:
        assert any(passage.role == "assistant" for passage in row.passages)
