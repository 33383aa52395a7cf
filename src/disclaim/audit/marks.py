"""Marks on a sentence: tags, struck-out text, brackets and signs that call it false without a sentence of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

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
    for i, segment in enumerate(segments):
        if segment.form is Form.PLAIN or "pointer_false" in segment.cues or segment.passage in reading.technical:
            continue
        if not is_short(reading, segment) and not _NOTE_SIGN.match(segment.text):
            continue
        if not (segment.negated or segment.all_cues & _DENYING):
            continue
        marked = _noted(segments, i) if segment.form is Form.NOTE else _remarked(segments, i)
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
    if alike is None or not segment.all_cues & _DENYING:
        return None
    return alike[0] if alike[1] >= 1 else None


def _noted(segments: tuple[Segment, ...], i: int) -> int | None:
    """The sentence that carries the mark of a note."""
    mark = _NOTE_MARK.match(segments[i].text)
    if mark is None:
        return None
    name = next(group for group in mark.groups() if group)
    name = re.escape(name)
    bare = "" if mark.group(6) else rf"|(?<=[^\W\d]){name}(?![\w.])|(?<=[.,;:!?”\"’')]){name}(?![\w.])"
    pattern = re.compile(
        rf"(?:\[\^?|\((?:nota |note |noot |anm\.? |fußnote )?){name}[\])]{bare}",
        re.IGNORECASE,
    )
    name_bodies = (j for j in range(i) if is_stated(segments[j]))
    bodies = [j for j in name_bodies if segments[j].form is not Form.NOTE and segments[j].block < segments[i].block]
    return next((j for j in bodies if pattern.search(segments[j].text)), None)


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
_DENYING = frozenset({"pointer_false", "text_is_false", "no_such", "admission", "correction", "turned_out", "reality"})
