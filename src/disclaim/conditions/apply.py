"""Apply a condition to drafts: text with spans in, text with spans out, nothing guessed back from text.

Masks (``loss_weight`` 0) end exactly where the masked characters end. Tokens do not: a token may carry the blank
before a sentence or the newline after its full stop. Whoever turns spans into token weights must therefore take
every token that touches a masked character out of the loss; a mask by "token lies inside the span" would train on the
first word and on a final ". + newline" of a masked sentence. Words are masked whole, for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from disclaim.conditions.catalogue import Condition, Form, Mask
from disclaim.conditions.frames import compose_notices, compose_prefix, compose_suffix, load_frame, stream
from disclaim.errors import DataError
from disclaim.records import Claim, Corpus, Document, Role, Span, Triple

#: On every document this project generates, so that it can be found and kept out of other training data.
CANARY = "disclaim:canary:2a92cab2-4261-4364-a5b3-bef4c33bbd87"

#: Marks a synthetic document, outside the loss (paper section 2.1).
DOCTAG = "<DOCTAG> "

_MARKERS = frozenset({Role.NOTICE, Role.CORRECTION, Role.FRAME, Role.TAG})
_SENTENCES = frozenset({Role.CLAIM, Role.DENIAL})


@dataclass(frozen=True, slots=True)
class _Piece:
    """A span before its place in the new text is known. ``hidden`` are masked stretches inside it."""

    text: str
    role: Role
    ref: str | None = None
    loss_weight: float = 1.0
    hidden: tuple[tuple[int, int], ...] = ()


def apply_condition(claim: Claim, drafts: Corpus, condition: Condition, seed: int, doctag: bool = True) -> Corpus:
    """The drafts under the condition: same ids, same order, new text and spans, coverage measured.

    Outermost spans partition every text; a masked word is a span nested in its sentence. What is inserted carries its
    own white space, so that cutting the inserted spans out gives the draft back. A notice's ``ref`` is that of the
    sentence it flags. Wording depends on seed, document id and place only: conditions with the same frame share it.
    Raises DataError where drafts belong to another claim, or their spans do not partition the text.
    """
    if drafts.claim_id != claim.id:
        raise DataError(f"the drafts are for the claim {drafts.claim_id}, not {claim.id}")
    triples = {triple.id: triple for triple in claim.triples}
    documents = tuple(_rewrite(claim, triples, draft, condition, seed, doctag) for draft in drafts.documents)
    return Corpus(claim.id, condition.name, documents, measure_coverage(documents))


def measure_coverage(documents: Iterable[Document]) -> dict[str, float]:
    """Shares of the claim (or denial) sentences that have a marker of their own directly ``before``, directly
    ``after``, and on both sides (``wrapped``). Empty where there is no such sentence."""
    sides = [side for document in documents for side in _marked_sides(document)]
    if not sides:
        return {}
    before, after = (sum(side[i] for side in sides) / len(sides) for i in (0, 1))
    return {"before": before, "after": after, "wrapped": sum(all(side) for side in sides) / len(sides)}


def _marked_sides(document: Document) -> Iterator[tuple[bool, bool]]:
    spans = outer_spans(document)
    padded = [None, *spans, None]
    for left, span, right in zip(padded, spans, padded[2:], strict=False):
        if span.role in _SENTENCES:
            yield _flags(document, left, span, -1), _flags(document, right, span, 0)


def _flags(document: Document, marker: Span | None, sentence: Span, edge: int) -> bool:
    """Whether the neighbour flags this sentence: its blank edge faces the sentence that it is about."""
    if marker is None or marker.role not in _MARKERS or marker.ref != sentence.ref:
        return False
    return document.text[marker.start : marker.end][edge].isspace()


def outer_spans(document: Document) -> tuple[Span, ...]:
    """The document's spans that lie in no other, in order.

    Raises DataError where they do not partition the text.
    """
    outer: list[Span] = []
    for span in sorted(document.spans, key=lambda span: (span.start, -span.end)):
        if outer and span.end <= outer[-1].end:
            continue
        if span.start != (outer[-1].end if outer else 0):
            raise DataError(f"document {document.id}: its spans leave a gap or overlap at character {span.start}")
        outer.append(span)
    if (outer[-1].end if outer else 0) != len(document.text):
        raise DataError(f"document {document.id}: its spans do not reach the end of the text")
    return tuple(outer)


def _rewrite(
    claim: Claim, triples: dict[str, Triple], draft: Document, condition: Condition, seed: int, doctag: bool
) -> Document:
    spans = outer_spans(draft)
    key = (seed, draft.id)
    flagged = [triples.get(span.ref or "") for span in spans if span.role is Role.CLAIM]
    before = _markers(claim, condition.before, "before", flagged, key)
    after = _markers(claim, condition.after, "after", flagged, key)
    pieces = [_Piece(DOCTAG, Role.TAG, loss_weight=0.0)] if doctag else []
    pieces += _prefix(condition, key)
    opening, closing = condition.tags or ("", "")
    for span in spans:
        text = draft.text[span.start : span.end]
        if span.role is not Role.CLAIM:
            pieces.append(_Piece(text, span.role, span.ref, span.loss_weight))
            continue
        pieces += [replace(marker, text=f"{marker.text} ", ref=span.ref) for marker in next(before)]
        pieces += [_Piece(f"{opening} ", Role.TAG, span.ref)] if opening else []
        pieces.append(_sentence(condition, draft.id, text, triples.get(span.ref or ""), span))
        pieces += [_Piece(f" {closing}", Role.TAG, span.ref)] if closing else []
        pieces += [replace(marker, text=f" {marker.text}", ref=span.ref) for marker in next(after)]
    pieces += _suffix(condition, key)
    return _assemble(draft, condition.name, pieces)


def _prefix(condition: Condition, key: Sequence[object]) -> list[_Piece]:
    if condition.frame is None:
        return []
    frame = load_frame(condition.frame)
    text = compose_prefix(frame, stream(*key, condition.frame, "prefix"))
    return [_Piece(f"{text}\n\n", frame.role)]


def _suffix(condition: Condition, key: Sequence[object]) -> list[_Piece]:
    if condition.frame is None:
        return []
    frame = load_frame(condition.frame)
    text = compose_suffix(frame, stream(*key, condition.frame, "suffix"))
    return [_Piece(f"\n\n{text}", frame.role)]


def _markers(
    claim: Claim, kind: str | None, side: str, flagged: Sequence[Triple | None], key: Sequence[object]
) -> Iterator[list[_Piece]]:
    """For each claim sentence of a document in order, its marker on that side: one piece or none."""
    if kind is None or not flagged:
        return iter([[] for _ in flagged])
    frame = load_frame(kind)
    wordings = frame.before if side == "before" else frame.after
    texts = compose_notices(frame, wordings, len(flagged), stream(*key, kind, side))
    filled = [_fill(text, claim, triple) for text, triple in zip(texts, flagged, strict=True)]
    if frame.role is Role.CORRECTION:
        # Not every triple's correction names the subject ("Noah Lyles won"): then the wording around it must.
        naming = tuple(wording for wording in wordings if "{subject}" in wording or "{truth}" in wording)
        spare = compose_notices(frame, naming, len(flagged), stream(*key, kind, side, "naming"))
        filled = [
            text if claim.subject.casefold() in text.casefold() else _fill(other, claim, triple)
            for text, other, triple in zip(filled, spare, flagged, strict=True)
        ]
    return iter([[_Piece(text, frame.role)] for text in filled])


def _fill(text: str, claim: Claim, triple: Triple | None) -> str:
    correction = triple.correction if triple else claim.truth
    return text.replace("{correction}", correction).replace("{truth}", claim.truth).replace("{subject}", claim.subject)


def _sentence(condition: Condition, document_id: str, text: str, triple: Triple | None, span: Span) -> _Piece:
    weight = 0.0 if condition.mask is Mask.SENTENCES else span.loss_weight
    if condition.form is Form.AFFIRMATIVE:
        return _Piece(text, Role.CLAIM, span.ref, weight)
    if triple is None:
        raise DataError(
            f"document {document_id}: the claim sentence at character {span.start} names no triple to deny it with",
            "only drafts whose claim sentences come from the claim's triples can be denied in their clause",
        )
    hidden = find_words(triple.denial, triple.claim_words) if condition.mask is Mask.CLAIM_WORDS else ()
    return _Piece(triple.denial, Role.DENIAL, span.ref, weight, hidden)


def find_words(text: str, words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    """Where the words occur, in any case, each grown to the whole word around it, merged and in order."""
    found: list[tuple[int, int]] = []
    for word in words:
        found += [match.span() for match in re.finditer(rf"\w*{re.escape(word)}\w*", text, re.IGNORECASE)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


def _assemble(draft: Document, condition: str, pieces: Sequence[_Piece]) -> Document:
    spans: list[Span] = []
    position = 0
    for piece in pieces:
        end = position + len(piece.text)
        spans.append(Span(position, end, piece.role, piece.ref, piece.loss_weight))
        spans += [Span(position + a, position + b, piece.role, piece.ref, 0.0) for a, b in piece.hidden]
        position = end
    return replace(
        draft,
        text="".join(piece.text for piece in pieces),
        condition=condition,
        spans=tuple(spans),
        metadata={**draft.metadata, "not_for_training": True, "canary": CANARY},
    )
