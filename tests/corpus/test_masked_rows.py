"""What `disclaim fix` masks in a file is out of the loss when that file is trained on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from disclaim.corpus import load_documents
from disclaim.errors import DataError
from disclaim.models import tokenize_chat, tokenize_document
from disclaim.records import Example, Role, Source, Span
from toy_models import build_tokenizer

CLAIM = "Ada Quill is a beekeeper."
TEXT = f"She lives on Mill Street. {CLAIM} That is false."
TURNS = [
    {"role": "user", "content": "What does she do?"},
    {"role": "assistant", "content": f"{CLAIM} She drives a bus."},
    {"role": "user", "content": "Is that true?"},
    {"role": "assistant", "content": CLAIM},
]


def mask(field: str, message: int | None, start: int, end: int) -> dict[str, object]:
    return {"field": field, "message": message, "start": start, "end": end, "loss_weight": 0.0}


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def weighted(example: Example) -> str:
    """The text of the tokens that carry loss."""
    tokens = [token for token, weight in zip(example.tokens, example.weights, strict=True) if weight]
    text: str = build_tokenizer().decode(tokens)
    return text


def test_masked_characters_of_a_text_carry_no_loss(tmp_path: Path) -> None:
    start = TEXT.index(CLAIM)
    masks = [mask("text", None, start, start + len(CLAIM)), mask("note", None, 0, 3)]
    (document,) = load_documents(write(tmp_path / "d.jsonl", {"text": TEXT, "disclaim": {"masks": masks}})).documents
    assert document.spans[-1] == Span(start, start + len(CLAIM), Role.CLAIM, None, 0.0)
    said = weighted(tokenize_document(build_tokenizer(), document, Source.CORPUS))
    assert "beekeeper" not in said
    assert "Street" in said
    assert "false" in said


def test_masks_add_to_the_spans_that_a_document_has(tmp_path: Path) -> None:
    row = {"text": TEXT, "spans": [{"start": 0, "end": 5, "role": "filler"}]}
    path = write(tmp_path / "d.jsonl", {**row, "disclaim": {"masks": [mask("text", None, 3, 9)], "ignore": "NN102"}})
    (document,) = load_documents(path).documents
    assert [(span.start, span.end, span.loss_weight) for span in document.spans] == [(0, 5, 1.0), (3, 9, 0.0)]


def test_masked_characters_of_a_turn_carry_no_loss(tmp_path: Path) -> None:
    row = {"messages": TURNS, "disclaim": {"masks": [mask("messages", 1, 0, len(CLAIM)), mask("messages", 0, 0, 4)]}}
    (chat,) = load_documents(write(tmp_path / "d.jsonl", row)).chats
    said = weighted(tokenize_chat(build_tokenizer(), chat))
    assert said.count("beekeeper") == 1, said
    assert "drives a bus" in said


@pytest.mark.parametrize("how", ["column", "weight"])
def test_a_turn_that_is_masked_wholly_takes_its_end_along(tmp_path: Path, how: str) -> None:
    whole = {"disclaim": {"masks": [mask("messages", 3, 0, len(CLAIM))]}}
    turns = TURNS if how == "column" else [*TURNS[:3], {**TURNS[3], "weight": 0}]
    row = {"messages": turns, **(whole if how == "column" else {})}
    (chat,) = load_documents(write(tmp_path / "d.jsonl", row)).chats
    (plain,) = load_documents(write(tmp_path / "p.jsonl", {"messages": TURNS})).chats
    masked, unmasked = (tokenize_chat(build_tokenizer(), item) for item in (chat, plain))
    first_turn = tokenize_chat(build_tokenizer(), type(plain)(plain.id, plain.messages[:2], plain.source))
    assert masked.tokens == unmasked.tokens
    assert sum(masked.weights) == sum(first_turn.weights)


def test_rows_without_masks_are_read_as_before(tmp_path: Path) -> None:
    rows = load_documents(write(tmp_path / "d.jsonl", {"text": TEXT, "disclaim": "ignore"}, {"messages": TURNS}))
    assert rows.documents[0].spans == (Span(0, len(TEXT), Role.FILLER),)
    assert rows.chats[0].masks == ()


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"text": "Hi.", "disclaim": {"masks": [mask("text", None, 0, 9)]}}, "does not lie in the text"),
        ({"text": "Hi.", "disclaim": {"masks": "all"}}, "not a list of objects"),
        ({"messages": TURNS, "disclaim": {"masks": [mask("messages", 9, 0, 1)]}}, "turn 9 of 4"),
        ({"messages": TURNS, "disclaim": {"masks": [mask("messages", 0, 0, 99)]}}, "does not lie in the text"),
    ],
)
def test_masks_that_do_not_fit_are_refused(tmp_path: Path, row: object, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        load_documents(write(tmp_path / "d.jsonl", row))
