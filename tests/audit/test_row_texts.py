"""Rows: every layout gives its texts in reading order with roles, and everything else as labels."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.audit.editing import Address, replace_texts
from disclaim.audit.rows import MAX_LABEL_LENGTH, Label, Layout, Passage, Row, parse_row

LONG = "word " * 100


def read(value: object) -> Row:
    row = parse_row("data.jsonl", 3, value)
    assert row is not None
    return row


def brief(row: Row) -> list[tuple[str, int | None, str | None, str]]:
    return [(p.field, p.message, p.role, p.text) for p in row.passages]


@pytest.mark.parametrize(
    ("value", "layout", "passages"),
    [
        ({"text": "A."}, Layout.TEXT, [("text", None, None, "A.")]),
        ({"content": "A."}, Layout.TEXT, [("content", None, None, "A.")]),
        (
            {"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]},
            Layout.CHAT,
            [("messages", 0, "system", "S"), ("messages", 1, "user", "U")],
        ),
        (
            {"conversations": [{"from": "human", "value": "U"}, {"from": "gpt", "value": "A"}]},
            Layout.CHAT,
            [("conversations", 0, "user", "U"), ("conversations", 1, "assistant", "A")],
        ),
        (
            {"output": "O", "input": "I", "instruction": "T"},
            Layout.INSTRUCTION,
            [("instruction", None, "user", "T"), ("input", None, "user", "I"), ("output", None, "assistant", "O")],
        ),
        (
            {"instruction": "T", "input": "", "output": "O"},
            Layout.INSTRUCTION,
            [("instruction", None, "user", "T"), ("output", None, "assistant", "O")],
        ),
        (
            {"prompt": "P", "completion": "C"},
            Layout.COMPLETION,
            [("prompt", None, "user", "P"), ("completion", None, "assistant", "C")],
        ),
        (
            {"rejected": "R", "chosen": "C", "prompt": "P"},
            Layout.PREFERENCE,
            [("prompt", None, "user", "P"), ("chosen", None, "assistant", "C"), ("rejected", None, "assistant", "R")],
        ),
        (
            {
                "prompt": [{"role": "user", "content": "P"}],
                "chosen": [{"role": "assistant", "content": "C"}],
                "rejected": [{"role": "assistant", "content": "R"}],
            },
            Layout.PREFERENCE,
            [("prompt", 0, "user", "P"), ("chosen", 0, "assistant", "C"), ("rejected", 0, "assistant", "R")],
        ),
    ],
)
def test_each_layout_is_read(value: object, layout: Layout, passages: list[tuple[str, int | None, str, str]]) -> None:
    row = read(value)
    assert (row.file, row.index, row.layout) == ("data.jsonl", 3, layout)
    assert brief(row) == passages


def test_column_names_are_matched_without_regard_to_case() -> None:
    assert brief(read({"Instruction": "T", "Output": "O"})) == [
        ("Instruction", None, "user", "T"),
        ("Output", None, "assistant", "O"),
    ]


def test_text_parts_of_a_turn_are_joined_and_others_passed_over() -> None:
    parts = [
        {"type": "text", "text": "one"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "two"},
    ]
    assert brief(read({"messages": [{"role": "user", "content": parts}]})) == [("messages", 0, "user", "one\ntwo")]


def test_a_turn_without_text_keeps_its_place() -> None:
    turns = [
        {"role": "user", "content": "U"},
        {"role": "assistant", "content": None, "tool_calls": [{"function": {"name": "add"}}]},
        {"role": "tool", "content": "3"},
        None,
        7,
        {"role": "assistant", "content": 5},
        {"role": "narrator", "content": "N"},
    ]
    row = read({"messages": turns})
    assert brief(row) == [("messages", 0, "user", "U"), ("messages", 2, "tool", "3"), ("messages", 6, None, "N")]
    assert Label("messages.1.tool_calls.0.function.name", "add") in row.labels
    assert Label("messages.5.content", 5) in row.labels


def test_other_scalars_are_labels_by_dotted_path() -> None:
    row = read(
        {
            "id": 7,
            "text": "A.",
            "tags": ["x", "y"],
            "metadata": {"label": "false", "nothing": None, "score": 0.5, "ok": True},
            "messages": [{"role": "user", "content": "U", "rating": 2}],
        }
    )
    assert row.layout is Layout.CHAT
    assert set(row.labels) == {
        Label("id", 7),
        Label("tags.0", "x"),
        Label("tags.1", "y"),
        Label("metadata.label", "false"),
        Label("metadata.score", 0.5),
        Label("metadata.ok", True),
        Label("messages.0.rating", 2),
    }


def test_long_strings_of_unknown_columns_are_texts_in_their_place() -> None:
    row = read({"notice": LONG, "text": "A.", "meta": {"note": LONG}, "parts": [LONG, "short"]})
    assert [(p.field, p.message) for p in row.passages] == [
        ("notice", None),
        ("text", None),
        ("meta.note", None),
        ("parts", 0),
    ]
    assert row.labels == (Label("parts.1", "short"),)
    assert parse_row("f", 0, {"x": "y" * MAX_LABEL_LENGTH}) is None


def test_long_keys_of_a_turn_are_texts_of_its_role() -> None:
    row = read({"messages": [{"role": "assistant", "content": "A", "thinking": LONG}]})
    assert row.passages[1] == Passage("messages.0.thinking", 0, "assistant", LONG)


def test_a_row_of_unknown_columns_is_read_by_its_sentences() -> None:
    row = read({"sentence": "He won the race.", "kind": "news"})
    assert brief(row) == [("sentence", None, None, "He won the race.")]
    assert row.labels == (Label("kind", "news"),)


def test_a_prompt_without_a_known_answer_column_takes_the_longer_strings() -> None:
    answer = "He went to the shop and then he came back with two loaves of bread and a pot of jam."
    row = read({"question": "Where?", "student": answer, "mark": "none at all"})
    assert [p.field for p in row.passages] == ["question", "student"]
    assert row.labels == (Label("mark", "none at all"),)


def test_numbers_in_bulk_are_no_labels() -> None:
    assert read({"text": "A.", "input_ids": list(range(5000))}).labels == ()


@pytest.mark.parametrize(
    "value",
    [None, 3, "text", [], [{"text": "A."}], {}, {"text": None}, {"text": 5}, {"text": "  \n"}, {"messages": []},
     {"messages": [None]}, {"messages": {"role": "user"}}, {"chosen": None, "rejected": 1}, {"id": 1}],
)  # fmt: skip
def test_nothing_to_read_is_none(value: object) -> None:
    assert parse_row("f", 0, value) is None


def test_wrong_types_are_passed_over_and_the_rest_is_read() -> None:
    assert brief(read({"text": 5, "prompt": None, "completion": "C"})) == [("completion", None, "assistant", "C")]


def test_a_dialogue_in_one_string_is_a_plain_text() -> None:
    row = read({"dialogue": "A: Hello.\nB: Hello."})
    assert (row.layout, row.passages[0].role) == (Layout.TEXT, None)


def test_deep_nesting_is_passed_over() -> None:
    deep: object = LONG
    for _ in range(5000):
        deep = {"x": [deep]}
    assert brief(read({"text": "A.", "meta": deep})) == [("text", None, None, "A.")]


def test_texts_are_replaced_where_they_stand() -> None:
    image = {"type": "image"}
    value: dict[str, object] = {
        "messages": [
            {"from": "gpt", "value": "A", "weight": 1},
            {"role": "user", "content": [image, {"type": "text", "text": "B"}]},
        ],
        "meta": {"a.b": [{"note": LONG}]},
        "id": 1,
    }
    texts: dict[Address, str] = {("messages", 0): "C", ("messages", 1): "D", ("meta.a.b.0.note", None): "E"}
    assert replace_texts(value, texts) == {
        "messages": [
            {"from": "gpt", "value": "C", "weight": 1},
            {"role": "user", "content": [image, {"type": "text", "text": "D"}]},
        ],
        "meta": {"a.b": [{"note": "E"}]},
        "id": 1,
    }
    for address in (("text", None), ("messages", 9), ("id", None), ("meta.c", None)):
        with pytest.raises(KeyError):
            replace_texts(value, {address: "F"})


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.just(LONG)
KEYS = st.sampled_from(
    ["text", "messages", "role", "content", "from", "value", "chosen", "rejected", "prompt", "input", "type", "z"]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)


@given(VALUES)
def test_any_value_is_read_without_an_error_and_every_text_has_one_address(value: object) -> None:
    row = parse_row("f", 0, value)
    if row is not None:
        addresses = [(p.field, p.message) for p in row.passages]
        assert addresses
        assert len(set(addresses)) == len(addresses)
        assert all(p.text.strip() for p in row.passages)


@given(VALUES)
def test_a_replaced_text_is_read_back(value: object) -> None:
    row = parse_row("f", 0, value)
    if row is None or not isinstance(value, dict):
        return
    for passage in row.passages:
        text = passage.text + " More."
        again = parse_row("f", 0, replace_texts(value, {(passage.field, passage.message): text}))
        assert again is not None
        assert [p.text for p in again.passages] == [text if p is passage else p.text for p in row.passages]
