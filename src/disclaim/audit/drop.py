"""Sentences, turns and documents taken out of a row, with the white space round them tidied."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from disclaim.audit.editing import Address
from disclaim.audit.rows import Layout, Passage, Row
from disclaim.audit.stretches import Edit, Stretch, merge
from disclaim.records import Finding
from disclaim.stance import sentence_spans

_SPACE_BEFORE = re.compile(r"\s*\Z")
_SPACE_AFTER = re.compile(r"\s*")
_WORD = re.compile(r"\w")
_WORDS = re.compile(r"\w+")
#: A user turn that objects may say so many words beside ("Please check your sources."), and the objection stands in so
#: many characters of it.
_MAX_REST, _MAX_OBJECTION = 12, 200
_OBJECTS = re.compile(
    r"\b(?:wrong|incorrect|mistake|error|not (?:right|true|correct)|are you (?:quite |really )?(?:sure|certain)"
    r"|really\?|double[- ]check|falsch|sicher\?|faux|sûr|incorrecto|seguro|sbagliato|sicuro|errado|onjuist"
    r"|fout|неверно|уверен)",
    re.IGNORECASE,
)
#: Columns a row is useless without.
_NEEDED = {
    Layout.INSTRUCTION: {"user", "assistant"},
    Layout.COMPLETION: {"user", "assistant"},
    Layout.PREFERENCE: {"user", "assistant"},
}


def sentences_round(text: str, stretch: Stretch) -> Stretch:
    """The stretch grown to the whole sentences that it touches."""
    touched = [s for s in sentence_spans(text) if s[0] < stretch[1] and stretch[0] < s[1]]
    return min([stretch[0], *(s[0] for s in touched)]), max([stretch[1], *(s[1] for s in touched)])


def without(stretch: Stretch, taken: Iterable[Stretch]) -> list[Stretch]:
    """The stretch less what others take."""
    parts, at = [], stretch[0]
    for start, end in merge(taken):
        if start < stretch[1] and at < end:
            parts.append((at, start))
            at = max(at, end)
    return [(a, b) for a, b in (*parts, (at, stretch[1])) if a < b]


def removals(text: str, stretches: Iterable[Stretch]) -> tuple[Edit, ...]:
    """Edits that take the stretches out, each with the white space on one side of it: a paragraph takes its break
    along, a sentence its space. Every other character stays."""
    return tuple(_removal(text, start, end) for start, end in _joined(text, merge(stretches)))


def is_empty(text: str) -> bool:
    """Whether no word is left in it."""
    return not _WORD.search(text)


def drop_turns(
    value: Mapping[str, object], row: Row, emptied: Sequence[Passage]
) -> tuple[Mapping[str, object], dict[Address, Address | None]] | None:
    """The chat without the emptied turns, each gone with the turn it answers or that answers it; and where the other
    turns are now (None: gone). None where the row as a whole has to go: no assistant turn would be left, or the row is
    no chat and cannot do without the passage."""
    if row.layout is not Layout.CHAT:
        needed = _NEEDED.get(row.layout, set())
        return None if any(p.role in needed or row.layout is Layout.TEXT for p in emptied) else (value, {})
    new = dict(value)
    moved: dict[Address, Address | None] = {}
    for field in dict.fromkeys(p.field for p in emptied if p.message is not None):
        turns = [p for p in row.passages if p.field == field and p.message is not None]
        gone = {number for p in emptied if p.field == field for number in _pair(turns, p)}
        items = value.get(field)
        if not isinstance(items, (list, tuple)) or not _goes_on(turns, gone):
            return None
        kept = [number for number in range(len(items)) if number not in gone]
        new[field] = [items[number] for number in kept]
        place = {old: at for at, old in enumerate(kept)}
        moved |= {(field, p.message): (field, place[p.message]) if p.message in place else None for p in turns}
    return new, moved


def objecting_turns(row: Row, emptied: Sequence[Passage], findings: Iterable[Finding]) -> list[Passage] | None:
    """The user turns after emptied answers that only object to them, or ask for the answer that takes them back. None
    where one that objects says more than that, so that neither can it go nor stay."""
    found: list[Passage] = []
    gone = {(p.field, p.message) for p in emptied if p.role == "assistant" and p.message is not None}
    for finding in findings:
        claim, cue = finding.claim, finding.cue
        if (claim.field, claim.message) not in gone or cue.field != claim.field or cue.message is None:
            continue
        turns = [p for p in row.passages if p.field == cue.field and p.message is not None]
        at = next((i for i, turn in enumerate(turns) if turn.message == cue.message), 0)
        if turns[at].role == "user" and cue.message > (claim.message or 0):
            rest = turns[at].text[: cue.start] + turns[at].text[cue.end :]
            if "?" in rest or "？" in rest or len(_WORDS.findall(rest)) > _MAX_REST:
                return None
            found.append(turns[at])
        elif at and turns[at - 1].role == "user" and (turns[at - 1].message or 0) > (claim.message or 0):
            found += [turns[at - 1]] if _OBJECTS.search(turns[at - 1].text[:_MAX_OBJECTION]) else []
    return [turn for turn in dict.fromkeys(found) if turn not in emptied]


def _goes_on(turns: Sequence[Passage], gone: set[int]) -> bool:
    return any(turn.role == "assistant" and turn.message not in gone for turn in turns)


def _removal(text: str, start: int, end: int) -> Edit:
    before = _SPACE_BEFORE.search(text, max(0, start - 64), start)
    left = before.group() if before else ""
    after = _SPACE_AFTER.match(text, end)
    right = after.group() if after else ""
    if end + len(right) == len(text):
        return Edit(start - len(left), end) if start > len(left) else Edit(start, end)
    if not right:  # a word that follows at once keeps its distance from what stands before
        return Edit(start, end) if start <= len(left) or text[end].isalnum() else Edit(start - len(left), end)
    if start == len(left) or not left or left.count("\n") >= right.count("\n"):
        return Edit(start, end + len(right))
    return Edit(start - len(left), end)


def _joined(text: str, stretches: tuple[Stretch, ...]) -> list[Stretch]:
    """The stretches, those with nothing but white space between them made one."""
    joined: list[Stretch] = []
    for start, end in stretches:
        if joined and not text[joined[-1][1] : start].strip():
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined


def _pair(turns: Sequence[Passage], emptied: Passage) -> set[int]:
    """The numbers of the turn and of its partner: a user turn and the assistant turn that follows it."""
    at = turns.index(emptied)
    pair = {int(emptied.message or 0)}
    partner = {"assistant": at - 1, "user": at + 1}.get(emptied.role or "", -1)
    expected = {"assistant": "user", "user": "assistant"}.get(emptied.role or "")
    if 0 <= partner < len(turns) and turns[partner].role == expected:
        pair.add(int(turns[partner].message or 0))
    return pair
