"""Rows: the texts and labels of one row of training data, whatever its layout. Pure; opens no file.

Column names are matched without regard to case. A value of a type that its column cannot hold is passed over, so a
row is read as far as it can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Strings of unknown columns above this many characters are texts, the others labels.
MAX_LABEL_LENGTH = 400
#: In a row with a prompt and no known column for its answer, strings from this length on are texts.
MIN_ANSWER_LENGTH = 80
#: What is nested deeper below the row is passed over.
MAX_DEPTH = 64
#: Lists of more numbers than this are data (token ids, embeddings), not labels.
MAX_NUMBERS = 32
#: Between the text parts of one turn's content.
PART_JOINT = "\n"


class Layout(StrEnum):
    """How a row holds its texts. ``instruction`` is Alpaca, ``completion`` a prompt with its answer."""

    TEXT = "text"
    CHAT = "chat"
    INSTRUCTION = "instruction"
    COMPLETION = "completion"
    PREFERENCE = "preference"


@dataclass(frozen=True, slots=True)
class Passage:
    """One text of a row.

    ``field`` is the top-level column, or the dotted path of a text nested elsewhere ("metadata.note",
    "messages.3.thinking"). ``message`` is the index in a list of turns or of texts. ``role`` is system, user,
    assistant or tool; None for plain documents and for roles of other names. (``field``, ``message``) is unique in a
    row. Text parts of one turn are joined by a line break.
    """

    field: str
    message: int | None
    role: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A scalar of a row that is not one of its texts: ``path`` is dotted ("metadata.source", "messages.3.rating")."""

    path: str
    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Row:
    """One row, read. ``index`` counts from 0 within ``file``; ``passages`` are in reading order and never none."""

    file: str
    index: int
    layout: Layout
    passages: tuple[Passage, ...]
    labels: tuple[Label, ...]


_ROLES = {
    "system": ("system", "developer", "system_prompt"),
    "user": ("user", "human", "prompter", "customer", "instruction", "question", "prompt"),
    "assistant": ("assistant", "gpt", "model", "bot", "ai", "chatgpt", "chatbot", "agent", "function_call", "answer"),
    "tool": ("tool", "function", "observation", "ipython", "tool_response", "function_response"),
}
_ROLE_OF = {name: role for role, names in _ROLES.items() for name in names}
_ROLE_KEYS = ("role", "from", "speaker")
_TEXT_KEYS = ("content", "value", "text")

#: Known columns in reading order, with the role of a text in them and the layout that they tell of.
_COLUMNS: dict[str, tuple[str | None, Layout | None]] = {
    **dict.fromkeys(("system", "system_prompt", "system_message"), ("system", None)),
    **dict.fromkeys(
        ("text", "content", "document", "article", "body", "raw_content", "sentence", "statement", "claim", "review"),
        (None, Layout.TEXT),
    ),
    **dict.fromkeys(("instruction",), ("user", Layout.INSTRUCTION)),
    **dict.fromkeys(("input", "context"), ("user", None)),
    **dict.fromkeys(("prompt", "question", "query"), ("user", Layout.COMPLETION)),
    **dict.fromkeys(("output",), ("assistant", None)),
    **dict.fromkeys(
        ("completion", "response", "answer", "solution", "initial_response", "revision"),
        ("assistant", Layout.COMPLETION),
    ),
    **dict.fromkeys((f"response_{name}" for name in "ab01jk"), ("assistant", Layout.COMPLETION)),
    **dict.fromkeys(("chosen", "rejected"), ("assistant", Layout.PREFERENCE)),
    **dict.fromkeys(("messages", "conversations", "conversation", "dialogue", "dialog", "turns"), (None, Layout.CHAT)),
}
_RANK = {name: rank for rank, name in enumerate(_COLUMNS)}
#: The first of these that a row's columns tell of is its layout.
_PRECEDENCE = (Layout.PREFERENCE, Layout.CHAT, Layout.INSTRUCTION, Layout.COMPLETION, Layout.TEXT)


def parse_row(file: str, index: int, value: object) -> Row | None:
    """The row with its texts and labels; None where there is nothing to read in it.

    A row without any known column or long text is read by its strings of several words, one with a prompt but no
    answer by its longer strings too. Every text is kept exactly as
    it stands, lone surrogates included. Raises nothing, whatever ``value`` is.
    """
    if not isinstance(value, Mapping):
        return None
    reading = _Reading()
    layouts = set()
    for name, column in _in_reading_order(value):
        known = _COLUMNS.get(_key(name))
        if known is None:
            reading.other(name, column)
        elif reading.known(name, column, known[0]):
            layouts.add(Layout.TEXT if known[1] is Layout.CHAT and isinstance(column, str) else known[1])
    reading.promote_labels(Layout.CHAT in layouts)
    if not reading.passages:
        return None
    layout = next((layout for layout in _PRECEDENCE if layout in layouts), Layout.TEXT)
    return Row(file, index, layout, tuple(reading.passages), tuple(reading.labels))


def turn_text_key(turn: Mapping[str, object]) -> str | None:
    """The key under which one turn of a chat holds its text or parts; None where it holds none."""
    return next((key for key in _TEXT_KEYS if turn.get(key) is not None), None)


def _key(name: object) -> str:
    return name.lower() if isinstance(name, str) else ""


def _in_reading_order(row: Mapping[str, object]) -> list[tuple[str, object]]:
    """The columns: known ones as people read them, in the place of the first of them; the others as they stand."""
    items = list(row.items())
    ranks = [_RANK.get(_key(name), -1) for name, _ in items]
    known = [item for rank, item in sorted(zip(ranks, items, strict=True), key=lambda pair: pair[0]) if rank >= 0]
    if len(known) < 2:
        return items
    first = next(place for place, rank in enumerate(ranks) if rank >= 0)
    others = [item for rank, item in zip(ranks[first:], items[first:], strict=True) if rank < 0]
    return [*items[:first], *known, *others]


class _Reading:
    """The passages and labels of a row, gathered column by column."""

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.labels: list[Label] = []

    def known(self, field: str, column: object, role: str | None) -> bool:
        """Read a known column: a text, or a list of turns or texts. Whether it held any text."""
        before = len(self.passages)
        if isinstance(column, str):
            self._add(field, None, role, column)
        elif isinstance(column, (list, tuple)):
            parts = _joined_parts(column)
            if parts is not None:
                self._add(field, None, role, parts)
            else:
                self._list(field, column, role)
        else:
            self.other(field, column)
        return len(self.passages) > before

    def other(self, field: str, column: object) -> None:
        """Read an unknown column: long strings are texts, other scalars labels, at any depth."""
        if isinstance(column, (list, tuple)) and any(_is_turn(item) for item in column):
            self._list(field, column, None)
        elif isinstance(column, (list, tuple)) and column and all(isinstance(item, str) for item in column):
            for number, item in enumerate(column):
                self._scalar(f"{field}.{number}", item, field, number)
        else:
            self._nested(field, column)

    def promote_labels(self, is_chat: bool) -> None:
        """Take top-level strings for texts: those of several words where no text was found, and the longer ones where
        a prompt was found and no answer."""
        if self.passages and (is_chat or any(p.role not in ("user", "system") for p in self.passages)):
            return
        shortest = MIN_ANSWER_LENGTH if self.passages else 0
        kept = []
        for label in self.labels:
            value = label.value if "." not in label.path else ""
            if isinstance(value, str) and len(value) >= shortest and len(value.split(None, 2)) > 2:
                self._add(label.path, None, None, value)
            else:
                kept.append(label)
        self.labels = kept

    def _add(self, field: str, message: int | None, role: str | None, text: str) -> None:
        if text and not text.isspace():
            self.passages.append(Passage(field, message, role, text))

    def _list(self, field: str, items: Sequence[object], role: str | None) -> None:
        for number, item in enumerate(items):
            if isinstance(item, str):
                self._add(field, number, role, item)
            elif isinstance(item, Mapping) and _is_turn(item):
                self._turn(field, number, item, role)
            else:
                self._nested(f"{field}.{number}", item)

    def _turn(self, field: str, number: int, turn: Mapping[str, object], role: str | None) -> None:
        role_key = next((key for key in _ROLE_KEYS if isinstance(turn.get(key), str)), None)
        text_key = turn_text_key(turn)
        if role_key is not None:
            role = _ROLE_OF.get(str(turn[role_key]).strip().lower())
        if text_key is not None:
            content = turn[text_key]
            text = content if isinstance(content, str) else _joined_parts(content)
            if text is None:
                text_key = None
            else:
                self._add(field, number, role, text)
        if len(turn) > 2 or role_key is None or text_key is None:
            for key, item in turn.items():
                if key not in (role_key, text_key):
                    self._nested(f"{field}.{number}.{key}", item, number, role)

    def _nested(self, path: str, value: object, message: int | None = None, role: str | None = None) -> None:
        """Labels and long texts of a value at any depth, in order. Does not recurse: data decides the depth."""
        left: list[tuple[str, object, int]] = [(path, value, 0)]
        while left:
            place, item, depth = left.pop()
            children: Iterable[tuple[object, object]] = ()
            if isinstance(item, Mapping):
                children = item.items()
            elif isinstance(item, (list, tuple)) and not _is_data(item):
                children = enumerate(item)
            else:
                self._scalar(place, item, place, message, role)
            if depth < MAX_DEPTH:
                left += reversed([(f"{place}.{key}", child, depth + 1) for key, child in children])

    def _scalar(self, path: str, item: object, field: str, message: int | None, role: str | None = None) -> None:
        if isinstance(item, str):
            if len(item) > MAX_LABEL_LENGTH:
                self._add(field, message, role, item)
            else:
                self.labels.append(Label(path, item))
        elif isinstance(item, (bool, int, float)):
            self.labels.append(Label(path, item))


def _is_turn(item: object) -> bool:
    """Whether this is one turn of a chat: it has a role, or a speaker under another name and a text."""
    if not isinstance(item, Mapping):
        return False
    if isinstance(item.get("role"), str):
        return True
    return any(isinstance(item.get(key), str) for key in _ROLE_KEYS) and any(key in item for key in _TEXT_KEYS)


def _joined_parts(content: object) -> str | None:
    """The text of a content given in parts ({"type": "text", "text": ...}, beside images and the like); None where it
    is not such a list."""
    if not isinstance(content, (list, tuple)) or not content:
        return None
    texts = []
    for part in content:
        if isinstance(part, Mapping) and isinstance(part.get("type"), str) and not _is_turn(part):
            if isinstance(part.get("text"), str):
                texts.append(str(part["text"]))
        else:
            return None
    return PART_JOINT.join(texts)


def _is_data(items: Sequence[object]) -> bool:
    return len(items) > MAX_NUMBERS and all(isinstance(item, (int, float)) for item in items)
