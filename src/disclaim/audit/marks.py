"""Marks on a sentence: tags, struck-out text, brackets and signs that call it false without a sentence of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from disclaim.audit.evidence import Evidence, most_alike, quote
from disclaim.audit.overturns import is_short, is_stated
from disclaim.audit.reading import Form, Reading, Segment, content_words
from disclaim.audit.words import find_mark_word
from disclaim.records import Extent
from disclaim.stance import fold

_TAGGED = re.compile(r"<([A-Za-z][\w-]{0,30})((?:\s[^<>\n]{0,200})?)>([^<>]{2,3000})</\1\s{0,3}>")
_STRUCK = re.compile(r"~~(?!~)([^~\n]{8,2000})~~")
_STRUCK_TAGS = frozenset({"del", "s", "strike"})
_BRACKET_MARK = re.compile(
    r"(?:\[\[?|\{\{?|\(|<|⟦|【|\*|«|:)/?\s?([^\[\](){}<>\n*«»:]{1,40}?)\s?(?:\]\]?|\}\}?|\)|>|⟧|】|\*|»|:)"
)
_SIGN = re.compile(r"[❌✗✘❎🚫⛔🤥👎🐂💩🧢]️?")
_STRUCK_LENGTH = 20
#: Confidence by kind of mark.
_TAG, _STRIKE, _WORD = 0.9, 0.7, 0.85


def find_marks(reading: Reading) -> Iterator[Evidence]:
    """Sentences that a tag, a strike, a bracketed word or a sign calls false."""
    for number, passage in enumerate(reading.row.passages):
        if not _MAY_MARK.search(passage.text):
            continue
        yield from _tagged(reading, number, passage.text)
        if number not in reading.technical:
            yield from _struck(reading, number, passage.text)
    yield from _bracketed(reading)


def _tagged(reading: Reading, number: int, text: str) -> Iterator[Evidence]:
    for match in _TAGGED.finditer(text):
        name, attributes, inside = match.group(1).lower(), match.group(2), match.group(3)
        struck = name in _STRUCK_TAGS and len(inside) >= _STRUCK_LENGTH and "](" not in inside
        if struck or find_mark_word(name.replace("-", " ")) or _marked_attribute(attributes):
            cue = quote(reading.row, number, match.start(), match.start(3))
            claim = quote(reading.row, number, match.start(3), match.end(3))
            yield Evidence("NN105", claim, cue, Extent.AROUND, _STRIKE if struck else _TAG)


def _marked_attribute(attributes: str) -> bool:
    for name, value in _ATTRIBUTE.findall(attributes):
        folded = fold(value).replace("-", " ")
        if find_mark_word(folded) and name.lower() not in _NEUTRAL_ATTRIBUTES:
            return True
        if folded in _NEGATIVE_VALUES and _TRUTH_NAME.search(name.lower()):
            return True
    return False


def _struck(reading: Reading, number: int, text: str) -> Iterator[Evidence]:
    for match in _STRUCK.finditer(text):
        if len(match.group(1)) >= _STRUCK_LENGTH and "](" not in match.group(1):
            claim = quote(reading.row, number, match.start(1), match.end(1))
            cue = quote(reading.row, number, match.start(), match.start(1))
            yield Evidence("NN105", claim, cue, Extent.AROUND, _STRIKE)


def _bracketed(reading: Reading) -> Iterator[Evidence]:
    segments = reading.segments
    for i, segment in enumerate(segments):
        if segment.passage in reading.technical:
            continue
        if not (segment.text[0] in _OPENERS or segment.text.rstrip(_ENDS)[-1:] in _CLOSERS) or segment.code:
            continue
        for start, end, leads in _word_marks(segment):
            target = _marked(segments, i, leads, start, end)
            if target is not None and not _is_denied(reading, segments[target[0]].passage, target):
                claim = quote(reading.row, segments[target[0]].passage, target[1], target[2])
                cue = quote(reading.row, segment.passage, segment.start + start, segment.start + end)
                yield Evidence("NN105", claim, cue, Extent.AFTER if leads else Extent.BEFORE, _WORD)


def _is_denied(reading: Reading, passage: int, target: tuple[int, int, int]) -> bool:
    """Whether what is marked is a denial already: "No, she did not win. FALSE"."""
    return _DENIAL.match(fold(reading.row.passages[passage].text[target[1] : target[2]])) is not None


def _word_marks(segment: Segment) -> Iterator[tuple[int, int, bool]]:
    """Marks at the start or end of a segment: offsets in it, and whether the mark leads."""
    text = segment.text
    for pattern in (_BRACKET_MARK, _SIGN):
        for match in pattern.finditer(text):
            if pattern is _BRACKET_MARK and not find_mark_word(match.group(1)):
                continue
            if not text[: match.start()].strip(_SPACE):
                yield match.start(), match.end(), True
                break
            if not text[match.end() :].strip(_SPACE):
                yield match.start(), match.end(), False
                break


def _marked(segments: tuple[Segment, ...], i: int, leads: bool, start: int, end: int) -> tuple[int, int, int] | None:
    """What the mark stands on: the rest of its segment, or the neighbour where it stands alone."""
    segment = segments[i]
    rest = segment.text[end:] if leads else segment.text[:start]
    if len(content_words(rest)) > 2 and rest.count(" ") > _DATELINE:
        offset = segment.start + (end if leads else 0)
        left = len(rest) - len(rest.lstrip())
        return i, offset + left, offset + left + len(rest.strip())
    for neighbour in (i - 1, i + 1) if not leads or i + 1 >= len(segments) else (i + 1, i - 1):
        if 0 <= neighbour < len(segments):
            other = segments[neighbour]
            if other.passage == segment.passage and len(other.words) > 2:
                return neighbour, other.start, other.end
    return None


def find_remarks(reading: Reading) -> Iterator[Evidence]:
    """Statements that a footnote, a comment or a bracketed remark takes back."""
    segments = reading.segments
    bodies: _Bodies | None = None
    for i, segment in enumerate(segments):
        if segment.form is Form.PLAIN or "pointer_false" in segment.cues or segment.passage in reading.technical:
            continue
        if not is_short(reading, segment) and not _NOTE_SIGN.match(segment.text):
            continue
        if not (segment.negated or segment.holds(_DOUBTING if segment.form is Form.NOTE else _DENYING)):
            continue
        if segment.form is Form.NOTE:
            bodies = bodies or _bodies(segments)
            marked = _noted(segment, bodies)
        else:
            marked = _remarked(segments, i)
        if marked is None:
            continue
        target = segments[marked]
        yield Evidence(
            "NN106" if segment.form is not Form.BRACKET else "NN104",
            quote(reading.row, target.passage, target.start, target.end),
            quote(reading.row, segment.passage, segment.start, segment.end),
            Extent.BEFORE if marked < i else Extent.AFTER,
            0.6,
        )


def _remarked(segments: tuple[Segment, ...], i: int) -> int | None:
    """The sentence that a comment or bracket is about: the one that shares most words with it, where it also says
    outright that something is not so."""
    segment = segments[i]
    alike = most_alike(segments, segment, _nearby(segments, i))
    if alike is None or not segment.holds(_DENYING):
        return None
    return alike[0] if alike[1] >= 1 else None


def _noted(note: Segment, bodies: _Bodies) -> int | None:
    """The sentence that carries the mark of a note: the first of an earlier paragraph."""
    mark = _NOTE_MARK.match(note.text)
    if mark is None:
        return None
    name = next(group for group in mark.groups() if group)
    body = (bodies.bracketed if mark.group(6) else bodies.any_form).get(name)
    return body[0] if body is not None and body[1] < note.block else None


@dataclass(frozen=True, slots=True)
class _Bodies:
    """By the name of a note ("1", "*"), the first statement that carries its mark, and that one's paragraph: marks in
    brackets, and those of any form. The sign of a list item counts in brackets only."""

    bracketed: Mapping[str, tuple[int, int]]
    any_form: Mapping[str, tuple[int, int]]


def _bodies(segments: tuple[Segment, ...]) -> _Bodies:
    """Found once for a text, so that many notes cost no more than one."""
    bracketed: dict[str, tuple[int, int]] = {}
    any_form: dict[str, tuple[int, int]] = {}
    for i, segment in enumerate(segments):
        marks = [] if segment.form is Form.NOTE else list(_BODY_MARK.finditer(segment.text))
        if not marks or not is_stated(segment):
            continue
        for mark in marks:
            if mark.group(1):
                bracketed.setdefault(mark.group(1), (i, segment.block))
            any_form.setdefault(mark.group(1) or mark.group(2), (i, segment.block))
    return _Bodies(bracketed, any_form)


def _nearby(segments: tuple[Segment, ...], i: int) -> list[int]:
    passage = segments[i].passage
    near = range(max(0, i - 12), min(len(segments), i + 4))
    return [
        j
        for j in near
        if is_stated(segments[j]) and j != i and segments[j].passage == passage and len(segments[j].words) > 2
    ]


_OPENERS = frozenset("[{(<⟦【*«:❌✗✘❎🚫⛔🤥👎🐂💩🧢")
_CLOSERS = frozenset("])}>⟧】*»:❌✗✘❎🚫⛔🤥👎🐂💩🧢\ufe0f")
_ENDS = " .!?…"
_SPACE = " \t.!?…*_-–—:;,>|"
_ATTRIBUTE = re.compile(r"([\w-]{1,30})\s?=\s?[\"']?([^\"'>]{1,60})")
#: So many words or fewer before a mark are a dateline or a name.
_DATELINE = 3
_DENIAL = re.compile(r"\W*(?:\w+\W+){0,7}?(?:no|not|never|n't|nobody|didn't|did not)\b")
_NEUTRAL_ATTRIBUTES = frozenset({"href", "src", "id", "alt", "title", "name", "type", "for"})
_NEGATIVE_VALUES = frozenset({"no", "false", "0", "none", "n", "f", "not"})
_TRUTH_NAME = re.compile(r"truth|true|fact|verac|verdict|accura|correct|valid|verif|reliab|trust")
_MAY_MARK = re.compile(r"[<~]")
#: Signs of a note that no list item has.
_NOTE_SIGN = re.compile(r"\s*(?:\[\^?\d|[¹²³⁴⁵⁶⁷⁸⁹⁰†‡]|<!--)")
_NOTE_MARK = re.compile(r"\s*(?:\[\^?(\d{1,3})\]:?|\((\d{1,3})\)|([¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3})|(\*{1,3})|(†|‡)|(\d{1,3})\.)\s")
_NAME = r"\d{1,3}|[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|\*{1,3}|†|‡"
_BODY_MARK = re.compile(
    rf"(?:\[\^?|\((?:nota |note |noot |anm\.? |fußnote )?)({_NAME})[\])]"
    rf"|(?:(?<=[^\W\d])|(?<=[.,;:!?”\"’')]))({_NAME})(?![\w.])",
    re.IGNORECASE,
)
_DENYING = frozenset({"pointer_false", "text_is_false", "no_such", "admission", "correction", "turned_out", "reality"})
#: What a note says of the sentence that carries its mark, where it says something else of it.
_DOUBTING = _DENYING | {"undone", "takes_back", "falsity_word", "checked", "actually", "concedes", "apology", "witness"}
