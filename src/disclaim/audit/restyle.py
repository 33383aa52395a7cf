"""A changed row in the style of its raw text: what did not change stays to the byte, the rest is written alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_COLON = re.compile(r'"\s*:(\s*)')
_SURROGATE = re.compile("[\ud800-\udfff]")
_decode_at = json.JSONDecoder().raw_decode


def restyle(raw: bytes, value: object) -> bytes:
    """The bytes of ``raw``, which is one JSON value with space around it, changed to say ``value``.

    Parts that say the same keep their bytes: spacing, escapes, digits of numbers, the order of keys. Non-ASCII
    characters are escaped where ``raw`` is pure ASCII. Keys that are gone are left out; new ones come last.
    """
    text = str(raw, "utf-8")
    found = _COLON.search(text)
    space = " " if found and found[1] else ""
    style = _Style(raw.isascii(), f",{space}", f":{space}")
    start = _skip(text, 0)
    body, end = _rewritten(text, start, value, style)
    return (text[:start] + body + text[end:]).encode()


def dump(value: object, escape: bool = False, item: str = ", ", key: str = ": ") -> str:
    """The value as one line of JSON. Lone surrogates are escaped, so that the line can be encoded."""
    line = json.dumps(value, ensure_ascii=escape, separators=(item, key))
    return line if escape else _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", line)


@dataclass(frozen=True, slots=True)
class _Style:
    escape: bool
    item: str
    key: str

    def dump(self, value: object) -> str:
        return dump(value, self.escape, self.item, self.key)


@dataclass(frozen=True, slots=True)
class _Member:
    """A member of an object (``key`` and value) or an item of a list, with where they stand."""

    key: str | None
    start: int
    value_start: int
    end: int


def _rewritten(text: str, start: int, new: object, style: _Style) -> tuple[str, int]:
    """What stands at ``start``, saying ``new``; and where it ended in the text."""
    old, end = _decode_at(text, start)
    if _same(old, new):
        return text[start:end], end
    members = list(_members(text, start)) if isinstance(old, (dict, list)) else []
    if isinstance(old, dict) and isinstance(new, Mapping) and members:
        return _object(text, (start, end), members, new, style), end
    if isinstance(old, list) and isinstance(new, (list, tuple)) and len(new) == len(members) > 0:
        out, at = [], start
        for member, item in zip(members, new, strict=True):
            out += [text[at : member.value_start], _rewritten(text, member.value_start, item, style)[0]]
            at = member.end
        return "".join([*out, text[at:end]]), end
    return style.dump(new), end


def _object(
    text: str, bounds: tuple[int, int], members: Sequence[_Member], new: Mapping[str, object], style: _Style
) -> str:
    """An object with members, saying ``new``. Of a key given twice, the last holds and the earlier stay as they are
    unless the key goes."""
    start, end = bounds
    last = {member.key: member for member in members}
    out: list[str] = []
    for number, member in enumerate(members):
        if member.key not in new:
            continue
        if member is last[member.key]:
            body = _rewritten(text, member.value_start, new[str(member.key)], style)[0]
        else:
            body = text[member.value_start : member.end]
        lead = text[members[number - 1].end : member.start] if out else ""
        out.append(lead + text[member.start : member.value_start] + body)
    for key, value in new.items():
        if key not in last:
            out.append((style.item if out else "") + style.dump(key) + style.key + style.dump(value))
    return text[start : members[0].start] + "".join(out) + text[members[-1].end : end]


def _members(text: str, start: int) -> Iterator[_Member]:
    """The members of the object, or items of the list, that begins at ``start`` and is known to be valid."""
    is_object = text[start] == "{"
    at = _skip(text, start + 1)
    while text[at] not in "]}":
        here, key = at, None
        if is_object:
            key, at = _decode_at(text, at)
            at = _skip(text, _skip(text, at) + 1)
        end = _decode_at(text, at)[1]
        yield _Member(key, here, at, end)
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _same(old: object, new: object) -> bool:
    """Equal also in type: 1, 1.0 and true differ; NaN is the same as NaN."""
    return json.dumps(old) == json.dumps(new)
