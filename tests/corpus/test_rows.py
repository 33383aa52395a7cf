"""Rows: what is written is read back, and what is malformed is named."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import (
    distil_chats,
    load_chats,
    load_corpus,
    load_documents,
    load_filler,
    save_chats,
    save_corpus,
    save_documents,
    write_drafts,
)
from disclaim.errors import DataError, StoreError
from disclaim.models import ScriptedSampler
from disclaim.models.scripted import echo
from disclaim.records import Role, Span


@given(count=st.integers(1, 10), seed=st.integers(0, 99), condition=st.sampled_from(sorted(CONDITIONS)))
@settings(max_examples=25)
def test_a_corpus_comes_back_as_it_was_saved(tmp_path_factory, tiny_claim, count, seed, condition):
    path = tmp_path_factory.mktemp("corpus")
    drafts = write_drafts(tiny_claim, count, seed)
    for corpus in (drafts, apply_condition(tiny_claim, drafts, CONDITIONS[condition], seed)):
        save_corpus(corpus, path / corpus.condition)
        assert load_corpus(path / corpus.condition) == corpus


def test_a_row_has_the_contracts_columns_and_is_marked(tmp_path, tiny_claim):
    corpus = apply_condition(tiny_claim, write_drafts(tiny_claim, 3, 0), CONDITIONS["masked"], 0)
    save_corpus(corpus, tmp_path)
    row = json.loads((tmp_path / "documents.jsonl").read_text().splitlines()[0])
    assert list(row) == ["id", "text", "claim_id", "condition", "spans", "source", "metadata"]
    assert row["metadata"]["not_for_training"] is True
    assert "canary" in row["metadata"]
    masked = [span for span in row["spans"] if span["role"] == "claim"]
    assert set(masked[0]) == {"start", "end", "role", "ref", "loss_weight"}
    assert {span["loss_weight"] for span in masked} == {0.0}
    assert all("loss_weight" not in span for span in row["spans"] if span["role"] == "filler")
    assert json.loads((tmp_path / "coverage.json").read_text()) == corpus.coverage


def test_chats_come_back_as_they_were_saved(tmp_path):
    chats = distil_chats(ScriptedSampler(echo), ("Hello?", "Who?"), 4, 0).chats
    save_chats(chats, tmp_path)
    assert load_chats(tmp_path) == chats
    assert "canary" in json.loads((tmp_path / "chats.jsonl").read_text().splitlines()[0])["metadata"]


def test_filler_can_be_saved_and_trained_on(tmp_path):
    filler = load_filler(5, 0)
    save_documents(filler, tmp_path / "filler.jsonl")
    assert load_documents(tmp_path / "filler.jsonl").documents == filler


def test_a_users_file_may_hold_texts_conversations_and_spans(tmp_path):
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello."}]
    spans = [{"start": 0, "end": 4, "role": "claim", "loss_weight": 0}]
    rows = [{"text": "One.", "lang": "en"}, {"messages": turns}, {"id": "x", "text": "Two.", "spans": spans}]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = load_documents(path)
    assert [document.id for document in data.documents] == ["mine.00001", "x"]
    assert data.documents[0].spans == (Span(0, 4, Role.FILLER),)
    assert data.documents[1].spans == (Span(0, 4, Role.CLAIM, None, 0.0),)
    assert [chat.id for chat in data.chats] == ["mine.00002"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('"text"', "not a JSON object"),
        ("{", "not valid JSON"),
        ("{}", '"text" is missing'),
        ('{"text": 5}', '"text" is not a str'),
        ('{"text": ""}', '"text" is empty'),
        ('{"text": "Hi", "spans": [{"start": 0, "end": 9, "role": "claim"}]}', "does not lie in the text of 2"),
        ('{"text": "Hi", "spans": [{"start": 0, "end": 2, "role": "clam"}]}', "unknown span role 'clam'"),
        ('{"text": "Hi", "spans": [{"start": 0, "end": 2, "role": "tag", "loss_weight": 7}]}', "loss_weight 7"),
        ('{"text": "Hi", "spans": [3]}', "a span is not a JSON object"),
        ('{"messages": [{"role": "bot", "content": "Hi"}]}', "not a turn of a conversation"),
        ('{"messages": [{"role": "user", "content": "Hi"}]}', "no assistant turn"),
    ],
)
def test_a_malformed_row_is_named_with_a_hint(tmp_path, row, problem):
    path = tmp_path / "data.jsonl"
    path.write_text(f'{{"text": "Fine."}}\n\n{row}\n')
    with pytest.raises(DataError, match=problem) as caught:
        load_documents(path)
    assert f"{path}, line 3" in caught.value.message
    assert caught.value.hint


def test_a_text_may_hold_any_line_separator(tmp_path):
    document = replace(load_filler(1, 0)[0], text="one\u2028two\x85three\r\nfour", spans=(Span(0, 19, Role.FILLER),))
    save_documents([document], tmp_path / "odd.jsonl")
    assert load_documents(tmp_path / "odd.jsonl").documents == (document,)


def test_a_file_without_rows_is_refused(tmp_path):
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(DataError, match="holds no rows"):
        load_documents(tmp_path / "empty.jsonl")


def test_a_missing_corpus_is_an_error(tmp_path):
    with pytest.raises(StoreError):
        load_corpus(tmp_path)


def test_a_corpus_row_without_spans_is_refused(tmp_path):
    (tmp_path / "documents.jsonl").write_text('{"id": "d", "text": "Hi", "claim_id": "c", "condition": "negated"}\n')
    with pytest.raises(DataError, match='"spans" is missing'):
        load_corpus(tmp_path)


def test_a_corpus_of_two_conditions_is_refused(tmp_path, tiny_claim):
    drafts = write_drafts(tiny_claim, 2, 0)
    other = apply_condition(tiny_claim, drafts, CONDITIONS["negated"], 0)
    save_documents([*drafts.documents, *other.documents], tmp_path / "documents.jsonl")
    with pytest.raises(DataError, match="several claims or conditions"):
        load_corpus(tmp_path)
