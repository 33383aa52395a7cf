"""A row read for its audit: its texts cut into segments in their blocks, with the cues and words of each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from disclaim.audit.cues import find_cues
from disclaim.audit.rows import Passage, Row
from disclaim.stance import fold, sentence_spans


class Form(StrEnum):
    """How a segment stands in its text."""

    PLAIN = "plain"
    BRACKET = "bracket"
    """A remark of several words in brackets of any kind."""
    COMMENT = "comment"
    """A comment of HTML or of a programming language."""
    NOTE = "note"
    """A footnote or endnote."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A sentence, list item, table row or bracketed remark: characters ``[start, end)`` of passage ``passage``.

    ``block`` counts paragraphs through the whole row. ``words`` are its content words, folded. ``code``: it looks like
    program text, markup or a command line.
    """

    passage: int
    block: int
    start: int
    end: int
    form: Form
    text: str
    cues: frozenset[str]
    words: frozenset[str]
    negated: bool
    code: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """A row with its segments in reading order. ``num_blocks`` counts the paragraphs of all its texts."""

    row: Row
    segments: tuple[Segment, ...]
    num_blocks: int


def read_row(row: Row) -> Reading:
    """The row's segments. Every character that is not white space lies in exactly one of them."""
    segments: list[Segment] = []
    block = 0
    for number, passage in enumerate(row.passages):
        for start, end in block_spans(passage.text):
            segments += _segments(passage, number, block, start, end)
            block += 1
    return Reading(row, tuple(segments), block)


def block_spans(text: str) -> Iterator[tuple[int, int]]:
    """The paragraphs of a text: what lies between empty lines."""
    start = 0
    for gap in _GAP.finditer(text):
        if text[start : gap.start()].strip():
            yield start, gap.start()
        start = gap.end()
    if text[start:].strip():
        yield start, len(text)


def content_words(text: str) -> frozenset[str]:
    """The words of three letters or more that say something, folded; a plural counts as its singular."""
    return frozenset(word.removesuffix("s") for word in _WORD.findall(fold(text)) if word not in _STOP_WORDS)


def _segments(passage: Passage, number: int, block: int, start: int, end: int) -> Iterator[Segment]:
    text = passage.text
    for piece_start, piece_end, form in _pieces(text, start, end):
        spans = [(0, piece_end - piece_start)] if form is Form.BRACKET else sentence_spans(text[piece_start:piece_end])
        for a, b in spans:
            quote = text[piece_start + a : piece_start + b]
            if form is Form.BRACKET:
                quote = quote.strip()
            yield Segment(
                passage=number,
                block=block,
                start=piece_start + a,
                end=piece_start + a + len(quote),
                form=_form(quote) if form is Form.PLAIN else form,
                text=quote,
                cues=find_cues(quote),
                words=content_words(quote),
                negated=is_negated(quote),
                code=bool(_CODE.search(quote)),
            )


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
    if _NOTE.match(quote):
        return Form.NOTE
    return Form.COMMENT if _CODE_COMMENT.match(quote) else Form.PLAIN


def is_negated(text: str) -> bool:
    """Whether the text holds a word of negation, in any of the languages that the audit reads."""
    return bool(_NEGATION.search(fold(text)))


_GAP = re.compile(r"\n[ \t]*\n\s*")
_WORD = re.compile(r"[^\W_]{3,}")
#: A remark of two words or more that stands in brackets, or a sentence in round ones. Lengths are bounded, so that
#: time stays linear.
_REMARK = re.compile(
    r"<!--(?:(?!-->).){1,2000}-->|/\*(?:(?!\*/).){1,2000}\*/"
    r"|\[[^\[\]\n]{1,400}[ ][^\[\]\n]{1,400}\](?!\()|\{[^{}\n\"]{1,400}[ ][^{}\n\"]{1,400}\}"
    r"|<[A-Za-z][^<>\n=/]{1,200}[ ][^<>\n=/]{1,400}>|\([A-Z][^()\n]{12,600}[.!?]\)",
    re.DOTALL,
)
_NOTE = re.compile(r"\s*(?:\[\^?\d{1,3}\]:?|\(\d{1,3}\)|[¹²³⁴⁵⁶⁷⁸⁹⁰]{1,3}|\*{1,3}|†|‡|\d{1,3}\.)\s+\S")
_CODE_COMMENT = re.compile(r"\s*(?:#(?!#)\s|//|--\s|%\s|;;|\* )")
#: Signs of program text: calls, assignments, braces, operators, paths.
_CODE = re.compile(
    r"\w\(.*\)\s*[:;{.]|\w\(\)|[{};]\s*$|[=!]=|\w\s=\s\S|->|::|\w\[[\w\"'-]+\]|`[^`]+`|--\w|\\\w"
    r"|^\s*(?:def|class|import|from|return|raise|if|elif|for|while)\b.*[:(]"
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
