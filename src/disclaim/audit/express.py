"""Masks in the forms that trainers read, as far as each can say them: what it cannot say is refused, with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from disclaim.audit.editing import Address, replace_texts
from disclaim.audit.masks import COLUMN, TAG_CLOSE, TAG_OPEN, Masks, add_masks, read_masks, write_masks
from disclaim.audit.rows import Layout, Row
from disclaim.audit.stretches import Edit, Stretch, edited


class Form(StrEnum):
    """How masks are written down."""

    SAME = "same"
    """The row with a column ``disclaim`` that holds character spans of weight 0; ``disclaim train`` reads it."""
    SPANS = "spans"
    """A file beside the data: {"file", "row", "field", "message", "spans"} for each masked text."""
    LOSSMASK = "lossmask"
    """<lossmask> tags round the masked characters."""
    TRL = "trl"
    """TRL: a text or answer becomes prompt (no loss) and completion, where all that is masked stands at its head."""
    OPENAI = "openai"
    """OpenAI: ``"weight": 0`` on whole assistant turns."""
    AXOLOTL = "axolotl"
    """axolotl: ``"train": false`` on whole turns, ``train_detail`` on parts of them."""


#: Why a mask could not be written in a form.
HAS_TAGS = f"the row holds {TAG_OPEN} tags already"
HOLDS_OTHER = f"its column {COLUMN} holds something else"
NOT_A_TURN = "this form masks turns of a chat only"
PARTIAL_TURN = "only a part of the turn is masked; this form masks whole turns"
NOT_A_HEAD = "what is masked does not stand at the head, so no split into prompt and completion masks it alone"
SPLIT_ALREADY = "the row is split into prompt and completion already, with what is masked in its prompt"
NO_COLUMN = "this form has no place for the masked text"
NO_LOSS = "the turn carries no loss in this form and needs no mask"


@dataclass(frozen=True, slots=True)
class Expressed:
    """The row as the form has it, and the passages whose masks it could not say, each with the reason: those of them
    are trained on as before."""

    value: object
    refused: Mapping[Address, str]


def express(value: Mapping[str, object], row: Row, masks: Masks, form: Form) -> Expressed:
    """The row with its masks in the form. ``value`` says no masks yet; it is returned itself where nothing is said."""
    if not masks or form is Form.SPANS:
        return Expressed(value, {})
    if form is Form.SAME:
        new = write_masks(value, add_masks(read_masks(value), masks))
        return Expressed(value, dict.fromkeys(masks, HOLDS_OTHER)) if new is None else Expressed(new, {})
    if form is Form.LOSSMASK:
        return _with_tags(value, row, masks)
    if form is Form.TRL:
        return _as_completion(value, row, masks)
    return _with_switches(value, row, masks, form)


def is_covered(text: str, stretches: Sequence[Stretch]) -> bool:
    """Whether nothing but white space lies outside the stretches, which are in order and apart."""
    at = 0
    for start, end in stretches:
        if text[at:start].strip():
            return False
        at = max(at, end)
    return not text[at:].strip()


def _with_tags(value: Mapping[str, object], row: Row, masks: Masks) -> Expressed:
    if any(tag in passage.text for passage in row.passages for tag in (TAG_OPEN, TAG_CLOSE)):
        return Expressed(value, dict.fromkeys(masks, HAS_TAGS))
    texts = {(p.field, p.message): p.text for p in row.passages}
    tagged = {
        address: edited(
            texts[address], [edit for a, b in stretches for edit in (Edit(a, a, TAG_OPEN), Edit(b, b, TAG_CLOSE))]
        )
        for address, stretches in masks.items()
    }
    return Expressed(replace_texts(value, tagged), {})


def _with_switches(value: Mapping[str, object], row: Row, masks: Masks, form: Form) -> Expressed:
    """Keys on the turns. Turns of others than the assistant carry no loss in these trainers."""
    refused: dict[Address, str] = {}
    passages = {(p.field, p.message): p for p in row.passages}
    for address, stretches in masks.items():
        field, message = address
        turns = value.get(field)
        turn = turns[message] if isinstance(turns, (list, tuple)) and message is not None else None
        is_chat = row.layout is Layout.CHAT
        if not (is_chat and isinstance(turns, (list, tuple)) and message is not None and isinstance(turn, Mapping)):
            refused[address] = NOT_A_TURN
        elif passages[address].role != "assistant":
            refused[address] = NO_LOSS
        elif (keys := _switch(passages[address].text, stretches, form)) is None:
            refused[address] = PARTIAL_TURN
        else:
            value = {**value, field: [*turns[:message], {**turn, **keys}, *turns[message + 1 :]]}
    return Expressed(value, refused)


def _switch(text: str, stretches: Sequence[Stretch], form: Form) -> dict[str, object] | None:
    if is_covered(text, stretches):
        return {"weight": 0} if form is Form.OPENAI else {"train": False}
    return None if form is Form.OPENAI else {"train_detail": _details(text, stretches)}


def _details(text: str, stretches: Sequence[Stretch]) -> list[dict[str, object]]:
    """axolotl's account of a turn: parts that join to the whole, both offsets of a part inside it."""
    details: list[dict[str, object]] = []
    at = 0
    for start, end in (*stretches, (len(text), len(text))):
        if at < start:
            details.append({"begin_offset": at, "end_offset": start - 1, "train": True})
        if start < end:
            details.append({"begin_offset": start, "end_offset": end - 1, "train": False})
        at = end
    return details


def _as_completion(value: Mapping[str, object], row: Row, masks: Masks) -> Expressed:
    refusal = dict.fromkeys(masks, NOT_A_HEAD)
    if len(masks) > 1 and row.layout is not Layout.CHAT:
        return Expressed(value, refusal)
    if row.layout is Layout.CHAT:
        new = _chat_split(value, row, masks)
    elif row.layout is Layout.TEXT:
        new = _text_split(value, masks)
    elif row.layout is Layout.COMPLETION:
        if read_masks(value):
            return Expressed(value, dict.fromkeys(masks, SPLIT_ALREADY))
        new = _completion_split(value, row, masks)
    else:
        return Expressed(value, dict.fromkeys(masks, NO_COLUMN))
    return Expressed(value, refusal) if new is None else Expressed(new, {})


def _head_of(text: str, stretches: Sequence[Stretch]) -> int | None:
    """Where the unmasked rest begins, if all that is masked stands before it and something is left."""
    end = stretches[-1][1]
    return end if is_covered(text[:end], stretches) and text[end:].strip() else None


def _text_split(value: Mapping[str, object], masks: Masks) -> object | None:
    (field, message), stretches = next(iter(masks.items()))
    text = value.get(field)
    if message is not None or not isinstance(text, str) or {"prompt", "completion"} & set(value):
        return None
    cut = _head_of(text, stretches)
    if cut is None:
        return None
    rest = {key: item for key, item in value.items() if key != field}
    return _marked({"prompt": text[:cut], "completion": text[cut:], **rest}, ("prompt", None), cut)


def _completion_split(value: Mapping[str, object], row: Row, masks: Masks) -> object | None:
    (field, message), stretches = next(iter(masks.items()))
    user = [p for p in row.passages if p.role == "user"]
    role = next((p.role for p in row.passages if (p.field, p.message) == (field, message)), None)
    if role == "user":
        return write_masks(value, masks)  # a prompt carries no loss: as it is, with a note of it
    text = value.get(field)
    if role != "assistant" or len(user) != 1 or not isinstance(text, str) or user[0].message is not None:
        return None
    cut = _head_of(text, stretches)
    if cut is None:
        return None
    start = len(user[0].text)
    new = {**value, user[0].field: user[0].text + text[:cut], field: text[cut:]}
    return write_masks(new, {(user[0].field, None): tuple((start + a, start + b) for a, b in stretches)})


def _chat_split(value: Mapping[str, object], row: Row, masks: Masks) -> object | None:
    """The last turn as completion, where every assistant turn before it is masked wholly and it is not."""
    field = next(iter(masks))[0]
    turns = value.get(field)
    spoken = [p for p in row.passages if p.field == field and p.message is not None]
    if not isinstance(turns, (list, tuple)) or not spoken or {"prompt", "completion"} & set(value):
        return None
    answers = [p for p in spoken if p.role == "assistant"]
    masked = [p for p in answers if is_covered(p.text, masks.get((p.field, p.message), ()))]
    last = spoken[-1]
    if last.role != "assistant" or last.message != len(turns) - 1 or masked != answers[:-1]:
        return None
    if any(p.role == "assistant" and (p.field, p.message) in masks and p not in masked for p in spoken):
        return None
    if any(key[0] != field for key in masks):
        return None
    rest = {key: item for key, item in value.items() if key != field}
    new = {"prompt": list(turns[:-1]), "completion": [turns[-1]], **rest}
    return write_masks(new, {("prompt", message): stretches for (_, message), stretches in masks.items()})


def _marked(value: Mapping[str, object], address: Address, end: int) -> object | None:
    return write_masks(value, {address: ((0, end),)})
