"""Texts of a row replaced where they stand, in whatever layout. Pure; the row given is never edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from disclaim.audit.rows import turn_text_key

#: Where a text stands: a passage's ``field`` and ``message``.
Address = tuple[str, int | None]


def replace_texts(row: Mapping[str, object], texts: Mapping[Address, str]) -> dict[str, object]:
    """A copy of the row in which the passages at these addresses read as given; everything else is shared with it.

    Of a turn whose content has several text parts, the first takes the new text and the other text parts go. Raises
    KeyError for an address at which the row has no text.
    """
    new = dict(row)
    for (field, message), text in texts.items():
        if field in new:
            new[field] = _column(new[field], message, text)
        else:
            key, keys = _split(new, field)
            new[key] = _nested(new[key], keys, text)
    return new


def _column(column: object, message: int | None, text: str) -> object:
    if message is None:
        return _content(column, text)
    if not isinstance(column, (list, tuple)) or message >= len(column):
        raise KeyError(message)
    item = column[message]
    if isinstance(item, Mapping):
        key = turn_text_key(item)
        if key is None:
            raise KeyError(message)
        item = {**item, key: _content(item[key], text)}
    else:
        item = _content(item, text)
    return [*column[:message], item, *column[message + 1 :]]


def _content(content: object, text: str) -> object:
    """A text, or a list of parts, that reads as given."""
    if isinstance(content, str):
        return text
    if not isinstance(content, (list, tuple)):
        raise KeyError(text)
    parts: list[object] = []
    is_placed = False
    for part in content:
        if not isinstance(part, Mapping) or not isinstance(part.get("text"), str):
            parts.append(part)
        elif not is_placed:
            parts.append({**part, "text": text})
            is_placed = True
    if not is_placed:
        raise KeyError(text)
    return parts


def _split(row: Mapping[str, object], path: str) -> tuple[str, list[str]]:
    """The column that a dotted path begins with, whose name may hold dots, and the keys behind it."""
    keys = path.split(".")
    for size in range(len(keys), 0, -1):
        if ".".join(keys[:size]) in row:
            return ".".join(keys[:size]), keys[size:]
    raise KeyError(path)


def _nested(value: object, keys: Sequence[str], text: str) -> object:
    if not keys:
        return _content(value, text)
    if isinstance(value, Mapping):
        key, left = _split(value, ".".join(keys))
        return {**value, key: _nested(value[key], left, text)}
    if isinstance(value, (list, tuple)) and keys[0].isdecimal() and int(keys[0]) < len(value):
        place = int(keys[0])
        return [*value[:place], _nested(value[place], keys[1:], text), *value[place + 1 :]]
    raise KeyError(".".join(keys))
