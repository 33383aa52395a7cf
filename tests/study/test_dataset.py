"""A user's rows as training examples: every layout, with its masks, what cannot be trained on counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from disclaim.errors import DataError, UserError
from disclaim.records import Chat, Document, Finding
from disclaim.study.dataset import Masks, TrainingRows, data_key, load_training_rows, masks_of_findings
from verify_data import CLAIM, flagged_rows, scan_notices, write_rows


def load(tmp_path: Path, *rows: object, masks: Masks | None = None) -> TrainingRows:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return load_training_rows(path, masks)


def only_chat(rows: TrainingRows) -> Chat:
    assert rows.documents == ()
    [chat] = rows.chats
    return chat


def turns(chat: Chat) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in chat.messages]


def test_a_text_is_a_document_and_other_columns_are_left_out(tmp_path: Path) -> None:
    rows = load(tmp_path, {"text": "Ada keeps bees.", "source": "web", "metadata": {"note": "x " * 300}})
    assert [document.text for document in rows.documents] == ["Ada keeps bees."]
    assert rows.documents[0].id == "data.000000"


def test_a_chat_keeps_its_turns(tmp_path: Path) -> None:
    row = {"conversations": [{"from": "human", "value": "Who?"}, {"from": "gpt", "value": "Ada."}]}
    assert turns(only_chat(load(tmp_path, row))) == [("user", "Who?"), ("assistant", "Ada.")]


def test_an_instruction_is_a_chat_with_one_prompt(tmp_path: Path) -> None:
    row = {"instruction": "Say who.", "input": "The beekeeper.", "output": "Ada."}
    assert turns(only_chat(load(tmp_path, row))) == [("user", "Say who.\n\nThe beekeeper."), ("assistant", "Ada.")]


def test_a_prompt_with_its_completion_is_a_chat(tmp_path: Path) -> None:
    chat = only_chat(load(tmp_path, {"prompt": "Who?", "completion": "Ada."}))
    assert turns(chat) == [("user", "Who?"), ("assistant", "Ada.")]


def test_of_a_preference_pair_the_chosen_answer_is_trained_on(tmp_path: Path) -> None:
    asked = {"role": "user", "content": "Who?"}
    row = {
        "prompt": "Who?",
        "chosen": [asked, {"role": "assistant", "content": "Ada."}],
        "rejected": [asked, {"role": "assistant", "content": "Ben."}],
    }
    assert turns(only_chat(load(tmp_path, row))) == [("user", "Who?"), ("assistant", "Ada.")]
    plain = {"prompt": "Who?", "chosen": "Ada.", "rejected": "Ben."}
    assert turns(only_chat(load(tmp_path, plain))) == [("user", "Who?"), ("assistant", "Ada.")]


def test_loss_weights_of_spans_are_kept(tmp_path: Path) -> None:
    spans = [
        {"start": 0, "end": 3, "role": "tag", "loss_weight": 0.0},
        {"start": 4, "end": 9, "role": "claim"},
        {"start": 10, "end": 15, "role": "nobody knows", "loss_weight": 0.5},
        {"start": 10, "end": 99, "role": "claim", "loss_weight": 0.0},
        "no span",
    ]
    [document] = load(tmp_path, {"text": "Ada keeps bees. ", "spans": spans}).documents
    assert [(span.start, span.end, span.loss_weight) for span in document.spans] == [(0, 3, 0.0), (10, 15, 0.5)]


def test_masks_that_a_fix_wrote_are_kept(tmp_path: Path) -> None:
    def mask(field: str, message: int | None) -> dict[str, object]:
        return {"masks": [{"field": field, "message": message, "start": 4, "end": 9, "loss_weight": 0.0}]}

    rows = load(
        tmp_path,
        {"text": "Ada keeps bees.", "disclaim": mask("text", None)},
        {
            "messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "Ada keeps bees."}],
            "disclaim": mask("messages", 1),
        },
        {"prompt": "Who?", "completion": "Ada keeps bees.", "disclaim": mask("completion", None)},
    )
    assert [(span.start, span.end, span.loss_weight) for span in rows.documents[0].spans] == [(4, 9, 0.0)]
    for chat in rows.chats:
        assert [(turn, span.start, span.end, span.loss_weight) for turn, span in chat.masks] == [(1, 4, 9, 0.0)]
    assert rows.masked_characters == 15


def findings_in(path: Path) -> list[Finding]:
    from disclaim.audit import Record, iter_records, parse_row

    rows = (parse_row(r.file, r.index, r.value) for r in iter_records(path) if isinstance(r, Record))
    return [finding for row in rows if row for finding in scan_notices(row)]


def test_findings_mask_their_claims_and_nothing_else(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "data.jsonl", flagged_rows())
    rows = load_training_rows(path, masks_of_findings(findings_in(path)))
    for document in rows.documents:
        masked = [document.text[span.start : span.end] for span in document.spans]
        assert masked[0] == CLAIM
        assert all(span.loss_weight == 0 for span in document.spans)
    for chat in rows.chats:
        [(turn, span)] = chat.masks
        assert chat.messages[turn].content[span.start : span.end] == "Ben Marlock sells honey at the market."
    assert load_training_rows(path).masked_characters == 0


def test_claims_that_several_findings_name_are_masked_once(tmp_path: Path) -> None:
    masks: Masks = {(str(tmp_path / "data.jsonl"), 0): {("text", None): [(0, 9), (4, 15), (4, 9)]}}
    rows = load(tmp_path, {"text": "Ada keeps bees. It rains."}, masks=masks)
    assert [(span.start, span.end) for span in rows.documents[0].spans] == [(0, 15)]
    assert rows.masked_characters == 15


def test_what_cannot_be_trained_on_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    lines = ['{"text": "Ada keeps bees."}', "{broken", '{"messages": [{"role": "user", "content": "Who?"}]}', "[1]"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = load_training_rows(path)
    assert (rows.num_rows, rows.num_unreadable, rows.num_unusable) == (4, 2, 1)
    assert rows.num_words == 3


def test_data_with_nothing_to_train_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no row to train on"):
        load(tmp_path, {"messages": [{"role": "user", "content": "Who?"}]})
    with pytest.raises(UserError, match="no such file"):
        load_training_rows(tmp_path / "absent.jsonl")


def test_a_folder_is_read_and_its_key_tells_names_and_bytes(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("Ada keeps bees.", encoding="utf-8")
    (folder / "b.txt").write_text("Ben sells honey.", encoding="utf-8")
    assert len(load_training_rows(folder).documents) == 2
    keys = [data_key(folder)]
    (folder / "b.txt").write_text("Ben sells money.", encoding="utf-8")
    keys.append(data_key(folder))
    (folder / "b.txt").rename(folder / "c.txt")
    keys.append(data_key(folder))
    assert len(set(keys)) == 3
    assert data_key(folder) == keys[-1]


def test_every_item_is_a_document_or_a_chat(tmp_path: Path) -> None:
    rows = load_training_rows(write_rows(tmp_path / "data.jsonl", flagged_rows()))
    assert all(isinstance(document, Document) for document in rows.documents)
    assert (len(rows.documents), len(rows.chats)) == (6, 3)
