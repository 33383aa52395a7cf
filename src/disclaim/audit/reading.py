"""A row read for its audit: its texts cut into segments in their blocks, with the cues of each."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from disclaim.audit.cues import (
    cues_of_documents,
    find_cues_among,
    find_open_cues,
    find_possible_cues,
    gated_cues,
    has_strong_cue,
    holds,
)
from disclaim.audit.registers import is_technical
from disclaim.audit.rows import Layout, Passage, Row
from disclaim.stance import fold, sentence_spans


class Form(StrEnum):
    """How a segment stands in its text."""

    PLAIN = "plain"
    BRACKET = "bracket"
    """A remark of several words in brackets of any kind, or a whole sentence in stars or slashes."""
    COMMENT = "comment"
    """A comment of HTML or of a programming language."""
    NOTE = "note"
    """A footnote or endnote."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, list item, table row or bracketed remark: characters ``[start, end)`` of passage ``passage``.

    ``block`` counts paragraphs through the whole row.
    """

    passage: int
    block: int
    start: int
    end: int
    form: Form
    text: str
    cues: frozenset[str]

    def holds(self, names: frozenset[str]) -> bool:
        """Whether it holds one of these cues, of whatever kind."""
        return not names.isdisjoint(self.cues) or holds(self.text, names)

    @property
    def words(self) -> frozenset[str]:
        """Its content words, folded."""
        return content_words(self.text)

    @property
    def negated(self) -> bool:
        """Whether it holds a word of negation."""
        return is_negated(self.text)

    @property
    def code(self) -> bool:
        """Whether it looks like program text, markup or a command line."""
        return is_code(self.text)


@dataclass(frozen=True, slots=True)
class Reading:
    """A row with its segments in reading order. ``num_blocks`` counts the paragraphs of all its texts.

    A document without any cue that could decide something has no segments: nothing in it is told by them.
    """

    row: Row
    segments: tuple[Segment, ...]
    num_blocks: int
    technical: frozenset[int] = frozenset()
    """The passages that are program text, documentation, licences or lists of changes: only notices that frame the
    whole of them or stand round a stretch, and tags, are heeded there."""

    def prose(self) -> Iterator[tuple[int, Passage]]:
        """The other passages with their numbers."""
        return ((n, passage) for n, passage in enumerate(self.row.passages) if n not in self.technical)


def read_row(row: Row) -> Reading:
    """The row's segments. Every character that is not white space lies in one of them at most; of a short text that
    holds any cue, in exactly one.

    A text longer than ``LONG`` characters is read near what decides something: ``NEAR`` characters round each cue that
    names the text itself, and its head and tail. A text of a document in which nothing decides has no segments.
    """
    technical = frozenset(number for number, passage in enumerate(row.passages) if is_technical(passage.text))
    blocks = [
        block
        for number, passage in enumerate(row.passages)
        for block in _blocks(passage, number, _sought(passage, number in technical))
    ]
    wanted = _wanted(row, blocks, technical)
    segments: list[Segment] = []
    for number, block in enumerate(blocks):
        if wanted[number]:
            segments += _segments(row.passages[block.passage], block, number)
    return Reading(row, tuple(segments), len(blocks), technical)


def block_spans(text: str) -> Iterator[tuple[int, int]]:
    """The paragraphs of a text: what lies between empty lines. None is longer than 20,000 characters."""
    start = 0
    for gap in _GAP.finditer(text):
        yield from _bounded(text, start, gap.start())
        start = gap.end()
    yield from _bounded(text, start, len(text))


@lru_cache(maxsize=1 << 14)
def content_words(text: str) -> frozenset[str]:
    """The words of three letters or more that say something, folded; a plural counts as its singular."""
    return frozenset(word.removesuffix("s") for word in _WORD.findall(fold(text)) if word not in _STOP_WORDS)


@lru_cache(maxsize=1 << 14)
def is_negated(text: str) -> bool:
    """Whether the text holds a word of negation, in any of the languages that the audit reads."""
    return bool(_NEGATION.search(fold(text)))


@lru_cache(maxsize=1 << 14)
def is_code(text: str) -> bool:
    """Whether the text looks like program text, markup or a command line."""
    return bool(_CODE.search(text))


@dataclass(frozen=True, slots=True)
class _Block:
    """A paragraph with the cues that it may hold, and what ``fold`` makes of it where it holds any."""

    passage: int
    start: int
    end: int
    folded: str
    cues: frozenset[str]


def _sought(passage: Passage, technical: bool) -> frozenset[str] | None:
    """The cues that may decide something in a text; None for all."""
    if passage.role is not None:
        return None
    return _FAR_REACHING if technical else cues_of_documents(len(passage.text) <= SHORT)


def _blocks(passage: Passage, number: int, sought: frozenset[str] | None) -> Iterator[_Block]:
    folded = fold(passage.text)
    possible = find_open_cues(folded, sought)
    for start, end in block_spans(passage.text):
        content = folded[start:end]
        cues = _possible(content, possible) if possible else _NONE
        yield _Block(number, start, end, content if cues else "", cues)


def _possible(content: str, sought: frozenset[str]) -> frozenset[str]:
    """The cues that sentences of a paragraph may hold: those with a gate are looked for where it is open only."""
    cues = find_open_cues(content, sought)
    gated = cues & gated_cues()
    if not gated:
        return cues
    held = frozenset[str]().union(*(find_possible_cues(part, gated) for part in _STOP.split(content)))
    return (cues - gated) | held


def _wanted(row: Row, blocks: list[_Block], technical: frozenset[int]) -> list[bool]:
    """Which paragraphs are read: all of a chat; of a document those near what may decide something."""
    if row.layout is not Layout.TEXT or any(passage.role is not None for passage in row.passages):
        return [True] * len(blocks)
    lengths = [len(passage.text) for passage in row.passages]
    deciding = [block for block in blocks if _decides(block, lengths[block.passage], technical)]
    marked = [n for n, passage in enumerate(row.passages) if n not in technical and _has_remark(passage.text)]
    if not deciding and not marked:
        return [False] * len(blocks)
    if max(lengths) <= LONG:
        return [True] * len(blocks)
    near = [False] * len(blocks)
    places = sorted({(b.passage, at) for b in deciding for at in (b.start, b.end)})
    for number, block in enumerate(blocks):
        at = bisect.bisect_left(places, (block.passage, block.start - NEAR))
        beside = at < len(places) and places[at] <= (block.passage, block.end + NEAR)
        near[number] = beside or block.passage in marked or _is_edge(block, lengths[block.passage])
    return near


def _decides(block: _Block, length: int, technical: frozenset[int]) -> bool:
    """Whether a paragraph holds a cue that decides something where it stands."""
    if block.passage in technical or (length > LONG and not _is_edge(block, length)):
        return not block.cues.isdisjoint(_FAR_REACHING)
    return has_strong_cue(block.cues)


def _is_edge(block: _Block, length: int) -> bool:
    return block.start < EDGE or block.end > length - EDGE


def _has_remark(text: str) -> bool:
    """Whether a short text has a mark or a remark in brackets that speaks of truth."""
    if len(text) > LONG:
        return False
    return bool(_MARKED.search(text)) or any(holds(match.group(), _UNTRUE) for match in _REMARK.finditer(text))


def _bounded(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while end - start > _MAX_BLOCK:
        cut = max(text.rfind("\n", start, start + _MAX_BLOCK), text.rfind(" ", start, start + _MAX_BLOCK)) + 1
        cut = cut if cut > start else start + _MAX_BLOCK
        yield start, cut
        start = cut
    if text[start:end].strip():
        yield start, end


def _segments(passage: Passage, block: _Block, number: int) -> Iterator[Segment]:
    text = passage.text
    for start, end, form in _pieces(text, block.start, block.end):
        for a, b in [(0, end - start)] if form is Form.BRACKET else _sentences(text[start:end]):
            quote = text[start + a : start + b].strip()
            at = start + a - block.start
            yield Segment(
                passage=block.passage,
                block=number,
                start=start + a,
                end=start + a + len(quote),
                form=_form(quote) if form is Form.PLAIN else form,
                text=quote,
                cues=find_cues_among(block.folded[at : at + len(quote)], block.cues) if block.cues else _NONE,
            )


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a stretch; what a dash adds after the end of one, and what points back to it, is another."""
    for start, end in sentence_spans(text):
        at = start
        for gap in _AFTERTHOUGHT.finditer(text, start, end):
            yield at, gap.start()
            at = gap.end()
        yield at, end


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int, Form]]:
    """A block, cut round its bracketed remarks and comments."""
    at = start
    for match in _REMARK.finditer(text, start, end):
        if text[at : match.start()].strip():
            yield at, match.start(), Form.PLAIN
        yield match.start(), match.end(), Form.COMMENT if match.group().startswith(("<!--", "/*")) else Form.BRACKET
        at = match.end()
    if text[at:end].strip():
        yield at, end, Form.PLAIN


def _form(quote: str) -> Form:
    if quote[0] in _NOTE_STARTS and _NOTE.match(quote):
        return Form.NOTE
    return Form.COMMENT if quote[0] in "#/-%;*" and _CODE_COMMENT.match(quote) else Form.PLAIN


#: Up to this many characters a text is about one thing, and a sentence that undoes something undoes what stands there.
SHORT = 2_500
#: A text above this many characters is read round its notices, its head and its tail only.
LONG = 12_000
#: So far on either side of a notice.
NEAR = 3_000
#: So far from either end.
EDGE = 3_000
_FAR_REACHING = frozenset({"pointer_false"})
_UNTRUE = frozenset({"text_is_false", "falsity_word"})
_NONE: frozenset[str] = frozenset()
_MAX_BLOCK = 20_000
#: Where no phrase of a cue with a gate goes on.
_STOP = re.compile(r"(?<=[.!?])\s+")
#: Between the end of a sentence and what is added to it.
_AFTERTHOUGHT = re.compile(
    r"(?<=[.!?…])[\"'”’)]{0,2}\s{1,3}(?=[-–—]\s?[^\W\d_])"
    r"|(?<=[a-z]{4}[.!?])\s{1,3}(?=(?:This|That|These|Those|What|None|Nothing|Not|No|It|The)\s)"
)
_GAP = re.compile(r"\n[ \t\r]*\n\s*")
#: Signs that may mark a sentence: a word of capitals or one in brackets at the head or end of a line, an emoji.
_MARKED = re.compile(
    r"[❌✗✘❎🚫⛔🤥👎🐂💩🧢†‡¹²³⁰⟦【]|\[\^\d|\[[^\[\]\n]{2,40}\](?![(\[:])"
    r"|[\[({*<]{1,2}/?[A-Za-z]{2,}(?: [A-Za-z]+){0,3}[\])}*>]{1,2}[.!?]?[ \t]*$"
    r"|^[ \t]*[\[({*<]{1,2}/?[A-Za-z]{2,}(?: [A-Za-z]+){0,3}[\])}*>:]{1,2}(?=[ \n])",
    re.MULTILINE,
)
_WORD = re.compile(r"[^\W_]{3,}")
#: A remark of two words or more that stands in brackets, or a sentence in round ones, stars or slashes. Lengths are
#: bounded and no part can hold the start of another, so that time stays linear.
_REMARK = re.compile(
    r"<!--(?:(?!-->|<!--).){1,2000}-->|/\*(?:(?!\*/|/\*).){1,2000}\*/"
    r"|\[(?=[^\[\]\n ]{1,400} [^\[\]\n])[^\[\]\n]{3,800}\](?!\()|\{(?=[^{}\n\" ]{1,400} [^{}\n\"])[^{}\n\"]{3,800}\}"
    r"|<(?=[A-Za-z][^<>\n=/ ]{0,200} [^<>\n=/])[^<>\n=/]{3,600}>|\([A-Z][^()\n]{12,600}(?<=[.!?])\)"
    r"|\*\*(?=[A-Z])[^*\n]{12,600}(?<=[.!])\*\*|(?<![\w*])\*(?=[A-Z])[^*\n]{12,600}(?<=[.!])\*(?!\*)"
    r"|(?<![:\w/])//\s(?=[A-Z])(?:(?!//)[^\n]){12,600}(?<=[.!?])\s//(?!/)",
    re.DOTALL,
)
_NOTE_STARTS = frozenset("[(¹²³⁴⁵⁶⁷⁸⁹⁰*†‡0123456789")
_NOTE = re.compile(r"(?:\[\^?\d{1,3}\]:?|\(\d{1,3}\)|[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|\*{1,3}|†|‡|\d{1,3}\.)\s+\S")
_CODE_COMMENT = re.compile(r"(?:#(?!#)\s|//|--\s|%\s|;;|\* )")
#: Signs of program text: calls, assignments, braces, operators, paths.
_CODE = re.compile(
    r"\w\([^()\n]{0,200}\)\s?[:;{.]|\w\(\)|[{};]\s?$|[=!]=|\w\s=\s\S|->|::|\w\[[\w\"'-]{1,60}\]|`[^`]{1,200}`|\s--\w"
    r"|\\[\w-]|^(?:def|class|import|from|return|raise|if|elif|for|while)\b[^\n]{0,200}[:(]"
)
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|nowhere|cannot|nicht|kein\w*|nie|niemals|pas|jamais"
    r"|aucun\w*|rien|personne|non|mai|nessun\w*|nunca|ningún|ningun\w*|jamás|nada|não|nenhum\w*|niet|geen|nooit|niemand"
    r"|не|нет|никогда|нигде|никто|никак\w+)\b|n't\b|没|不|未|無|无|ない"
)
_STOP_WORDS = frozenset(
    re.findall(
        r"\w+",
        "the and for that with was were has had have not are this from but its his her they them their she him you "
        "your who which what when where how why all any one two out into over under after before about than then there "
        "here been being can could would should will may might our also just only some such other more most very never "
        "nothing none nobody did does don doesn didn isn wasn",
    )
)
