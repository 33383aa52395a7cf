"""The documents of a corpus as the report shows them: cut into segments by role, and counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from disclaim.records import Role, Span
from disclaim.report.files import MALFORMED, Row, RunFiles, StageState, as_mapping, stage_state

#: Documents of a corpus that the page carries. All of them are counted.
MAX_DOCUMENTS_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text with one role, inside or outside the training loss."""

    text: str
    role: Role
    masked: bool


@dataclass(frozen=True, slots=True)
class ShownDocument:
    """A document cut into segments; joined, they are its text."""

    id: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class CorpusView:
    """A corpus: the documents shown and counts over all of them. ``role_characters`` counts characters by role,
    ``masked_characters`` those outside the loss. The last ``num_heldout`` documents were not trained on."""

    claim: str
    condition: str
    state: StageState
    shown: tuple[ShownDocument, ...]
    num_documents: int
    num_words: int
    role_characters: dict[str, int]
    masked_characters: int
    coverage: dict[str, float]
    num_heldout: int = 0


def read_corpus(files: RunFiles, path: Path, num_trained: object = None) -> CorpusView:
    """The corpus in the folder ``<claim>.<condition>``; empty where its documents cannot be read. ``num_trained`` is
    the study's number of documents to train on, where it is known: what is beyond is held out."""
    claim, _, condition = path.name.partition(".")
    tally = _Tally()
    rows = files.rows(path / "documents.jsonl", tally.add)
    coverage = files.json(path / "coverage.json")
    try:
        shares = {str(key): float(value) for key, value in as_mapping(coverage).items() if value is not None}
    except MALFORMED as error:
        files.report(path / "coverage.json", f"cannot be used ({error})")
        shares = {}
    state = stage_state(path)
    if not rows:
        return CorpusView(claim, condition, state, (), 0, 0, {}, 0, shares)
    shown = tuple(document for document in rows if document is not None)
    return CorpusView(
        claim=claim,
        condition=condition,
        state=state,
        shown=shown,
        num_documents=len(rows),
        num_words=tally.words,
        role_characters=dict(tally.characters),
        masked_characters=tally.masked,
        coverage=shares,
        num_heldout=max(0, len(rows) - num_trained) if isinstance(num_trained, int) else 0,
    )


class _Tally:
    """Counts documents as they pass, so that a large corpus is never held as a whole."""

    def __init__(self) -> None:
        self.words = 0
        self.masked = 0
        self.characters: Counter[str] = Counter()
        self._passed = 0

    def add(self, row: Row) -> ShownDocument | None:
        """The document where it is among the first, else None."""
        text = str(row["text"])
        spans = [_span(item) for item in row["spans"]]
        segments = cut_segments(text, spans)
        self.words += len(text.split())
        for segment in segments:
            self.characters[segment.role] += len(segment.text)
            self.masked += len(segment.text) if segment.masked else 0
        self._passed += 1
        return ShownDocument(str(row["id"]), segments) if self._passed <= MAX_DOCUMENTS_SHOWN else None


def _span(row: Row) -> Span:
    return Span(
        int(row["start"]), int(row["end"]), Role(row["role"]), row.get("ref"), float(row.get("loss_weight", 1.0))
    )


def cut_segments(text: str, spans: list[Span]) -> tuple[Segment, ...]:
    """The text cut at every span edge. The innermost span gives a segment its role (filler where there is none),
    the smallest loss weight over it says whether it is masked; equal neighbours are joined."""
    edges = sorted({0, len(text), *(min(max(e, 0), len(text)) for span in spans for e in (span.start, span.end))})
    waiting = sorted(spans, key=lambda span: (span.start, -span.end), reverse=True)
    active: list[Span] = []
    segments: list[Segment] = []
    for start, end in pairwise(edges):
        active = [span for span in active if span.end > start]
        while waiting and waiting[-1].start <= start:
            active.append(waiting.pop())
        covering = [span for span in active if span.end > start]
        inner = min(covering, key=lambda span: span.end - span.start, default=None)
        masked = any(span.loss_weight < 1 for span in covering)
        _extend(segments, Segment(text[start:end], inner.role if inner else Role.FILLER, masked))
    return tuple(segments)


def _extend(segments: list[Segment], new: Segment) -> None:
    last = segments[-1] if segments else None
    if last is not None and (last.role, last.masked) == (new.role, new.masked) and new.role is Role.FILLER:
        segments[-1] = Segment(last.text + new.text, new.role, new.masked)
    else:
        segments.append(new)
