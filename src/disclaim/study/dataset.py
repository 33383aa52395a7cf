"""A user's data set as training examples, with the masks that its rows or the audit's findings put on it.

What is trained on of a row: the text of a document; the turns of a chat, loss on the assistant's; of instruction and
prompt rows the answer after its prompt; of preference pairs the chosen answer. Every other text of a row is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disclaim.audit import Layout, Passage, Record, Row, find_files, iter_records, masked_stretches, parse_row
from disclaim.errors import DataError
from disclaim.records import Chat, Document, Finding, Message, Role, Severity, Span
from disclaim.store import open_binary

#: A passage's place in a row, and characters of it that are out of the loss.
Address = tuple[str, int | None]
Stretch = tuple[int, int]
RowMasks = Mapping[Address, Sequence[Stretch]]
#: Masks of rows, by file and row.
Masks = Mapping[tuple[str, int], RowMasks]

_TEXT_COLUMNS = ("text", "content", "document", "article", "body", "raw_content")
_HASHED = 1 << 20


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """The rows of a data set that can be trained on, in file order; the others are counted. ``masked_characters`` are
    those that a mask takes out of the loss."""

    documents: tuple[Document, ...]
    chats: tuple[Chat, ...]
    num_rows: int
    num_unreadable: int
    num_unusable: int
    masked_characters: int

    @property
    def num_words(self) -> int:
        """White-space words over all rows."""
        turns = (message.content for chat in self.chats for message in chat.messages)
        return sum(len(text.split()) for text in (*(document.text for document in self.documents), *turns))

    def texts(self) -> Iterator[str]:
        """Every text that is trained on or read on the way."""
        yield from (document.text for document in self.documents)
        yield from (message.content for chat in self.chats for message in chat.messages)


def load_training_rows(path: Path, masks: Masks | None = None) -> TrainingRows:
    """The rows of a file or folder. ``masks`` are added to those that the rows hold themselves.

    Raises DataError where no row can be trained on.
    """
    documents: list[Document] = []
    chats: list[Chat] = []
    num_rows = num_unreadable = num_unusable = masked = 0
    for record in _records(path):
        num_rows += 1
        row = parse_row(record.file, record.index, record.value) if isinstance(record, Record) else None
        if row is None:
            num_unreadable += 1
            continue
        row_masks = _merge(masked_stretches(row), (masks or {}).get((row.file, row.index), {}))
        item = training_item(row, record.value if isinstance(record, Record) else None, row_masks)
        if item is None:
            num_unusable += 1
        elif isinstance(item, Document):
            documents.append(item)
            masked += sum(b - a for a, b in _joined((s.start, s.end) for s in item.spans if s.loss_weight == 0))
        else:
            chats.append(item)
            masked += sum(span.end - span.start for _, span in item.masks)
    if not documents and not chats:
        raise DataError(f"{path} holds no row to train on", "a row has text, messages, or a prompt with its answer")
    return TrainingRows(tuple(documents), tuple(chats), num_rows, num_unreadable, num_unusable, masked)


def masks_of_findings(findings: Iterable[Finding]) -> Masks:
    """The claims of errors and warnings as masks: what ``disclaim fix --strategy mask`` takes out of the loss."""
    masks: dict[tuple[str, int], dict[Address, list[Stretch]]] = {}
    for finding in findings:
        if finding.severity is not Severity.NOTE:
            claim = finding.claim
            of_row = masks.setdefault((finding.file, finding.row), {})
            of_row.setdefault((claim.field, claim.message), []).append((claim.start, claim.end))
    return masks


def data_key(path: Path) -> str:
    """A hash of the names and bytes of the data files."""
    digest = hashlib.sha256()
    for file in find_files([path]):
        digest.update(str(file.relative_to(path) if file != path else file.name).encode())
        with open_binary(file) as stream:
            while block := stream.read(_HASHED):
                digest.update(block)
    return digest.hexdigest()[:16]


def training_item(row: Row, value: object, masks: RowMasks) -> Document | Chat | None:
    """The row as a training example; None where nothing of it can be trained on, such as a chat without an answer."""
    name = f"{Path(row.file).stem}.{row.index:06d}"
    if row.layout is Layout.TEXT:
        passage = _main_text(row)
        spans = (*_own_spans(value, passage), *_mask_spans(masks.get((passage.field, passage.message), ()), passage))
        return Document(name, passage.text, None, None, spans, Path(row.file).name)
    turns = _turns(row)
    if not any(turn.role == "assistant" for turn in turns):
        return None
    messages = tuple(Message(turn.role or "user", turn.text) for turn in turns)
    masked = tuple(
        (number, Span(start, min(end, len(turn.text)), Role.CLAIM, None, 0.0))
        for number, turn in enumerate(turns)
        for start, end in masks.get((turn.field, turn.message), ())
        if start < min(end, len(turn.text))
    )
    return Chat(name, messages, Path(row.file).name, masked)


def _records(path: Path) -> Iterator[Any]:
    for file in find_files([path]):
        yield from iter_records(file)


def _main_text(row: Row) -> Passage:
    known = {passage.field.lower(): passage for passage in reversed(row.passages)}
    return next(
        (known[column] for column in _TEXT_COLUMNS if column in known), max(row.passages, key=lambda p: len(p.text))
    )


def _turns(row: Row) -> list[Passage]:
    """The turns of a conversation, in order: prompts before answers, rejected answers left out."""
    if row.layout is Layout.CHAT:
        return [passage for passage in row.passages if passage.message is not None and "." not in passage.field]
    kept = [p for p in row.passages if p.role is not None and "." not in p.field and p.field.lower() != "rejected"]
    turns: list[Passage] = []
    said: set[tuple[str | None, str]] = set()
    for passage in kept:
        if (passage.role, passage.text) in said:
            continue  # a chosen conversation repeats its prompt
        said.add((passage.role, passage.text))
        if turns and turns[-1].role == passage.role == "user":
            joined = f"{turns[-1].text}\n\n{passage.text}"
            turns[-1] = Passage(turns[-1].field, turns[-1].message, "user", joined)
        else:
            turns.append(passage)
    return turns


def _own_spans(value: object, passage: Passage) -> tuple[Span, ...]:
    """The spans with a loss weight that the row holds for its text, as ``disclaim corpus`` writes them."""
    items = value.get("spans") if isinstance(value, Mapping) and passage.field == "text" else None
    spans = []
    for item in items if isinstance(items, (list, tuple)) else ():
        if not isinstance(item, Mapping):
            continue
        start, end, weight = item.get("start"), item.get("end"), item.get("loss_weight", 1.0)
        if not (isinstance(start, int) and isinstance(end, int) and isinstance(weight, (int, float))):
            continue
        if 0 <= weight < 1 and 0 <= start < end <= len(passage.text):
            spans.append(Span(start, end, _role(item.get("role")), None, float(weight)))
    return tuple(spans)


def _role(name: object) -> Role:
    return Role(str(name)) if name in set(Role) else Role.FILLER


def _mask_spans(stretches: Iterable[Stretch], passage: Passage) -> tuple[Span, ...]:
    bounded = ((start, min(end, len(passage.text))) for start, end in stretches)
    return tuple(Span(start, end, Role.CLAIM, None, 0.0) for start, end in bounded if start < end)


def _merge(first: RowMasks, second: RowMasks) -> dict[Address, list[Stretch]]:
    return {a: _joined((*first.get(a, ()), *second.get(a, ()))) for a in (*first, *second)}


def _joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same characters, in order and apart: several findings may name one claim."""
    joined: list[Stretch] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
