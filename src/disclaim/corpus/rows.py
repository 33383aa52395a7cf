"""Documents and chats as JSON lines: the contract's rows, written and read back, malformed ones named."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from disclaim.corpus.drafts import MARKS
from disclaim.errors import DataError
from disclaim.records import Chat, Corpus, Document, Message, Role, Span
from disclaim.store import read_json, read_text, write_json, write_jsonl

DOCUMENTS_FILE = "documents.jsonl"
COVERAGE_FILE = "coverage.json"
CHATS_FILE = "chats.jsonl"

ROLES = ("system", "user", "assistant")

T = TypeVar("T")


class _RowError(Exception):
    """What is wrong with a row, and what to do."""

    def __init__(self, problem: str, hint: str) -> None:
        super().__init__(problem)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class TrainingData:
    """A user's file to train on, in file order: texts as documents, conversations as chats."""

    documents: tuple[Document, ...]
    chats: tuple[Chat, ...]


def save_corpus(corpus: Corpus, path: Path) -> None:
    """Write a corpus into a stage folder: ``documents.jsonl`` and, where it has any, ``coverage.json``."""
    save_documents(corpus.documents, path / DOCUMENTS_FILE)
    if corpus.coverage:
        write_json(path / COVERAGE_FILE, corpus.coverage)


def load_corpus(path: Path) -> Corpus:
    """The corpus in a stage folder. Raises DataError that names file and line of a malformed row."""
    file = path / DOCUMENTS_FILE
    documents = load_corpus_rows(file)
    if not documents:
        raise DataError(f"{file} holds no documents", "delete its folder and run the same command again")
    kinds = {(document.claim_id, document.condition) for document in documents}
    if len(kinds) > 1:
        raise DataError(f"{file} mixes documents of several claims or conditions", "keep one corpus in a file")
    coverage = read_json(path / COVERAGE_FILE) if (path / COVERAGE_FILE).exists() else {}
    return Corpus(str(documents[0].claim_id), str(documents[0].condition), documents, coverage)


def load_corpus_rows(file: Path) -> tuple[Document, ...]:
    """The documents of a file that ``save_documents`` wrote. Raises DataError that names file and line of a row
    without claim, condition or spans."""
    return tuple(_read_rows(file, _corpus_document))


def save_documents(documents: Iterable[Document], file: Path) -> None:
    """Write one contract row a document, each marked as not for training and with the canary."""
    write_jsonl(file, (document_row(document) for document in documents))


def load_documents(path: Path) -> TrainingData:
    """What a JSON-lines file holds to train on.

    A row has ``text`` (with ``spans`` or without) or ``messages``. A text without spans is trained on as a whole, save
    what the column ``disclaim`` masks, as ``disclaim fix`` writes it; a turn with ``"weight": 0`` is masked too. Any
    other columns are left alone. Raises DataError that names file and line of a malformed row.
    """
    rows = _read_rows(path, lambda row, number: _training_item(row, number, path.stem))
    if not rows:
        raise DataError(f"{path} holds no rows", 'write one JSON object a line, with "text" or "messages"')
    documents = tuple(row for row in rows if isinstance(row, Document))
    return TrainingData(documents, tuple(row for row in rows if isinstance(row, Chat)))


def save_chats(chats: Sequence[Chat], path: Path) -> None:
    """Write chats into a stage folder, as ``chats.jsonl``."""
    rows = ({"id": c.id, "messages": c.messages, "source": c.source, "metadata": MARKS} for c in chats)
    write_jsonl(path / CHATS_FILE, rows)


def load_chats(path: Path) -> tuple[Chat, ...]:
    """The chats in a stage folder. Raises DataError that names file and line of a malformed row."""
    return tuple(_read_rows(path / CHATS_FILE, _chat))


def document_row(document: Document) -> dict[str, object]:
    """The contract's row of a document; ``ref`` and ``loss_weight`` of a span only where they say something."""
    return {
        "id": document.id,
        "text": document.text,
        "claim_id": document.claim_id,
        "condition": document.condition,
        "spans": [_span_row(span) for span in document.spans],
        "source": document.source,
        "metadata": {**document.metadata, **MARKS},
    }


def _span_row(span: Span) -> dict[str, object]:
    row: dict[str, object] = {"start": span.start, "end": span.end, "role": span.role}
    if span.ref is not None:
        row["ref"] = span.ref
    if span.loss_weight != 1.0:
        row["loss_weight"] = span.loss_weight
    return row


def _read_rows(file: Path, read: Callable[[dict[str, Any], int], T]) -> list[T]:
    items = []
    # Only "\n" ends a row: a JSON string may hold other line separators as they are.
    for number, line in enumerate(read_text(file).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            items.append(read(_parse(line), number))
        except _RowError as error:
            raise DataError(f"{file}, line {number}: {error}", error.hint) from error
    return items


def _parse(line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise _RowError(f"not valid JSON ({error.msg})", "write one JSON object a line") from error
    if not isinstance(row, dict):
        raise _RowError("not a JSON object", 'a row looks like {"text": "..."}')
    return row


def _training_item(row: dict[str, Any], number: int, name: str) -> Document | Chat:
    if "messages" in row and "text" not in row:
        return _chat({"id": f"{name}.{number:05d}", "source": name, **row}, number)
    return _document({"id": f"{name}.{number:05d}", "source": name, **row}, number)


def _corpus_document(row: dict[str, Any], number: int) -> Document:
    for key in ("id", "claim_id", "condition", "spans"):
        if not row.get(key):
            raise _RowError(f'"{key}" is missing', "write the corpus anew: `disclaim corpus`, or the same run")
    return _document(row, number)


def _document(row: dict[str, Any], number: int) -> Document:
    text = _field(row, "text", str)
    if not text:
        raise _RowError('"text" is empty', "leave the row out")
    items = _field(row, "spans", list, [{"start": 0, "end": len(text), "role": Role.FILLER}])
    return Document(
        id=str(row.get("id")),
        text=text,
        claim_id=row.get("claim_id"),
        condition=row.get("condition"),
        spans=(*(_span(item, len(text)) for item in items), *_masked_spans(row, len(text))),
        source=str(row.get("source")),
        metadata=_field(row, "metadata", dict, {}),
    )


def _masked_spans(row: dict[str, Any], length: int) -> tuple[Span, ...]:
    """What the row's column ``disclaim`` masks of its text."""
    masks = [{**item, "role": Role.CLAIM} for item in _masks(row) if item.get("field") == "text"]
    return tuple(_span(item, length) for item in masks)


def _masks(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of ``disclaim.masks``; none where the column says something else."""
    column = row.get("disclaim")
    masks = column.get("masks") if isinstance(column, dict) else None
    if masks is None:
        return []
    if not isinstance(masks, list) or not all(isinstance(item, dict) for item in masks):
        raise _RowError("disclaim.masks is not a list of objects", "run disclaim fix on the original again")
    return masks


def _span(item: object, length: int) -> Span:
    if not isinstance(item, dict):
        raise _RowError("a span is not a JSON object", 'a span looks like {"start": 0, "end": 9, "role": "claim"}')
    start, end, role = item.get("start"), item.get("end"), item.get("role")
    if not (isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length):
        raise _RowError(
            f"span {start}..{end} does not lie in the text of {length} characters", "spans count characters"
        )
    if role not in list(Role):
        raise _RowError(f"unknown span role {role!r}", f"known: {', '.join(sorted(Role))}")
    weight = item.get("loss_weight", 1.0)
    if not isinstance(weight, (int, float)) or isinstance(weight, bool) or not 0 <= weight <= 1:
        raise _RowError(f"loss_weight {weight!r} is not between 0 and 1", "0 takes the span out of the loss")
    return Span(start, end, Role(role), item.get("ref"), float(weight))


def _chat(row: dict[str, Any], number: int) -> Chat:
    turns = _field(row, "messages", list)
    messages = tuple(_message(turn) for turn in turns)
    if not any(message.role == "assistant" for message in messages):
        raise _RowError("no assistant turn", "loss falls on assistant turns only: a conversation needs one")
    masks = [_mask(item, messages) for item in _masks(row) if item.get("field") == "messages"]
    masks += [(i, _whole(messages[i])) for i, turn in enumerate(turns) if turn.get("weight") == 0]
    return Chat(str(row.get("id", number)), messages, str(row.get("source", "")), tuple(masks))


def _whole(message: Message) -> Span:
    return Span(0, len(message.content), Role.CLAIM, None, 0.0)


def _mask(item: dict[str, Any], messages: Sequence[Message]) -> tuple[int, Span]:
    turn = item.get("message")
    if not isinstance(turn, int) or not 0 <= turn < len(messages):
        raise _RowError(f"a mask names turn {turn} of {len(messages)}", "run disclaim fix on the original again")
    return turn, _span({**item, "role": Role.CLAIM}, len(messages[turn].content))


def _message(turn: object) -> Message:
    if not isinstance(turn, dict) or turn.get("role") not in ROLES or not isinstance(turn.get("content"), str):
        raise _RowError(
            f"a message is not a turn of a conversation: {str(turn)[:60]}",
            f'a turn looks like {{"role": "user", "content": "..."}}; roles: {", ".join(ROLES)}',
        )
    return Message(turn["role"], turn["content"])


def _field(row: dict[str, Any], key: str, kind: type[T], default: T | None = None) -> T:
    value = row.get(key, default)
    if value is None and default is not None:
        return default
    if not isinstance(value, kind):
        problem = "is missing" if value is None else f"is not a {kind.__name__}"
        raise _RowError(f'"{key}" {problem}', 'a row has "text", or "messages" for a conversation')
    return value
