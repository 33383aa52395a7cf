"""Masks: which characters of a row are taken out of the loss, and the marks in a row that say so.

A row says it in its column ``disclaim``, as ``{"masks": [{"field", "message", "start", "end", "loss_weight"}]}``; in
``<lossmask>`` tags in its text; or, for a turn of a chat, in ``weight``, ``train`` and ``train_detail``. What a row
already masks is no finding any more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from disclaim.audit.editing import Address
from disclaim.audit.rows import Label, Row
from disclaim.audit.stretches import Edit, Stretch, merge, shift
from disclaim.records import Finding

#: The column in which a row says what of it is masked.
COLUMN = "disclaim"
TAG_OPEN, TAG_CLOSE = "<lossmask>", "</lossmask>"

#: The masked stretches of a row's passages, in order and apart.
Masks = Mapping[Address, tuple[Stretch, ...]]

_TAGGED = re.compile(re.escape(TAG_OPEN) + r"(.*?)" + re.escape(TAG_CLOSE), re.DOTALL)
_MASK = re.compile(re.escape(COLUMN) + r"\.masks\.(\d+)\.(field|message|start|end|loss_weight)")
_SWITCH = re.compile(r"(.+)\.(\d+)\.(weight|train|training)")
_DETAIL = re.compile(r"(.+)\.(\d+)\.train_detail\.(\d+)\.(begin_offset|end_offset|train)")


def read_masks(value: Mapping[str, object]) -> dict[Address, tuple[Stretch, ...]]:
    """What the row's column masks wholly (weight 0). Entries that are no masks are passed over."""
    column = value.get(COLUMN)
    items = column.get("masks") if isinstance(column, Mapping) else None
    found: dict[Address, list[Stretch]] = {}
    for item in items if isinstance(items, (list, tuple)) else ():
        if isinstance(item, Mapping):
            _add_mask(found, item)
    return _merged(found)


def write_masks(value: Mapping[str, object], masks: Masks) -> Mapping[str, object] | None:
    """The row with its column saying exactly these masks; without masks, without what said any. None where the column
    holds something else already."""
    column = value.get(COLUMN)
    if column is not None and not isinstance(column, Mapping):
        return None
    items = [
        {"field": field, "message": message, "start": start, "end": end, "loss_weight": 0.0}
        for (field, message), stretches in masks.items()
        for start, end in stretches
    ]
    kept = {key: item for key, item in (column or {}).items() if key != "masks"}
    if not items:
        return {**value, COLUMN: kept} if kept else {key: item for key, item in value.items() if key != COLUMN}
    return {**value, COLUMN: {**kept, "masks": items}}


def add_masks(masks: Masks, more: Mapping[Address, Iterable[Stretch]]) -> dict[Address, tuple[Stretch, ...]]:
    """Both, merged."""
    addresses = dict.fromkeys((*masks, *more))
    return {a: merge((*masks.get(a, ()), *more.get(a, ()))) for a in addresses}


def shift_masks(masks: Masks, edits: Mapping[Address, Iterable[Edit]]) -> dict[Address, tuple[Stretch, ...]]:
    """The masks of a row whose texts were edited."""
    moved = {
        address: merge(at for one in stretches if (at := shift(one, tuple(edits.get(address, ())))) is not None)
        for address, stretches in masks.items()
    }
    return {address: stretches for address, stretches in moved.items() if stretches}


def shift_spans(value: Mapping[str, object], edits: Mapping[Address, Iterable[Edit]]) -> Mapping[str, object]:
    """The row with the offsets in its ``spans`` (of ``text``, see the documents that ``corpus`` writes) moved along."""
    own = tuple(edits.get(("text", None), ()))
    spans = value.get("spans")
    if not own or not isinstance(spans, (list, tuple)) or not all(_is_span(span) for span in spans):
        return value
    moved = []
    for span in spans:
        at = shift((span["start"], span["end"]), own)
        if at is not None:
            moved.append({**span, "start": at[0], "end": at[1]})
    return {**value, "spans": moved}


def tag_spans(text: str) -> tuple[Stretch, ...]:
    """The tags that stand in pairs, in order."""
    if TAG_OPEN not in text:
        return ()
    inside = [match.span(1) for match in _TAGGED.finditer(text)]
    return tuple(span for a, b in inside for span in ((a - len(TAG_OPEN), a), (b, b + len(TAG_CLOSE))))


def masked_stretches(row: Row) -> dict[Address, tuple[Stretch, ...]]:
    """Everything of its texts that the row masks, in whatever way it says so."""
    found: dict[Address, list[Stretch]] = {}
    for passage in row.passages:
        if TAG_OPEN in passage.text:
            tagged = [match.span() for match in _TAGGED.finditer(passage.text)]
            found.setdefault((passage.field, passage.message), []).extend(tagged)
    entries: dict[str, dict[str, object]] = {}
    details: dict[tuple[str, str, str], dict[str, object]] = {}
    for label in row.labels:
        _read_label(label, found, entries, details)
    for entry in entries.values():
        _add_mask(found, entry)
    for (field, message, _), detail in details.items():
        start, end = detail.get("begin_offset"), detail.get("end_offset")
        if detail.get("train") is False and isinstance(start, int) and isinstance(end, int):
            found.setdefault((field, int(message)), []).append((start, end + 1))
    lengths = {(p.field, p.message): len(p.text) for p in row.passages}
    return {
        address: tuple((start, min(end, lengths[address])) for start, end in stretches)
        for address, stretches in _merged(found).items()
        if address in lengths
    }


def unmasked(row: Row, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings whose claim the row does not mask wholly, in their order: a scan's answer to a row that says what
    of it is out of the loss."""
    findings = tuple(findings)
    return outside(findings, masked_stretches(row)) if findings else ()


def outside(findings: tuple[Finding, ...], masks: Masks) -> tuple[Finding, ...]:
    """The findings whose claim the masks do not cover wholly, white space apart."""
    return tuple(finding for finding in findings if not _is_masked(finding, masks)) if masks else findings


def _is_masked(finding: Finding, masks: Masks) -> bool:
    claim = finding.claim
    inside = bytearray(len(claim.text))
    for start, end in masks.get((claim.field, claim.message), ()):
        for place in range(max(start, claim.start), min(end, claim.end)):
            inside[place - claim.start] = 1
    return all(kept or letter.isspace() for letter, kept in zip(claim.text, inside, strict=True))


def _read_label(
    label: Label,
    found: dict[Address, list[Stretch]],
    entries: dict[str, dict[str, object]],
    details: dict[tuple[str, str, str], dict[str, object]],
) -> None:
    if mask := _MASK.fullmatch(label.path):
        entries.setdefault(mask[1], {})[mask[2]] = label.value
    elif detail := _DETAIL.fullmatch(label.path):
        details.setdefault((detail[1], detail[2], detail[3]), {})[detail[4]] = label.value
    elif (switch := _SWITCH.fullmatch(label.path)) and not isinstance(label.value, str) and not label.value:
        found.setdefault((switch[1], int(switch[2])), []).append((0, _ALL))


#: An end beyond every text.
_ALL = 1 << 60


def _add_mask(found: dict[Address, list[Stretch]], item: Mapping[str, object]) -> None:
    field, message, start, end = item.get("field"), item.get("message"), item.get("start"), item.get("end")
    if item.get("loss_weight") != 0 or not isinstance(field, str) or not (message is None or isinstance(message, int)):
        return
    if isinstance(start, int) and isinstance(end, int) and 0 <= start < end:
        found.setdefault((field, message), []).append((start, end))


def _merged(found: Mapping[Address, Iterable[Stretch]]) -> dict[Address, tuple[Stretch, ...]]:
    return {address: merge(stretches) for address, stretches in found.items()}


def _is_span(span: object) -> bool:
    return isinstance(span, Mapping) and all(isinstance(span.get(key), int) for key in ("start", "end"))
