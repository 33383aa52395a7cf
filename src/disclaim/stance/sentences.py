"""Sentences with exact offsets: lines first, then nupunkt inside what the lines leave together."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import nupunkt

Offsets = tuple[int, int]

#: A line that starts a unit of its own: list item, heading, quote, table row, fence, rule, tag, "key: value".
_STRUCTURED = re.compile(
    r"\s*(?:[-*+•–—>|]\s|[-*+•]\S|\d{1,3}[.)]\s|#{1,6}\s|[|>]|```|~~~|[=_~-]{3,}|</?[A-Za-z!]|[{}\[\]]"
    r"|[\w ]{1,30}:(?:\s|$))"
)
#: A line after which a new unit starts, whatever comes: it is finished, a heading or a table row.
_CLOSED = re.compile(r"[.!?…:;|>}\]][\"'”’)*_]*\s*$")
_HEADING = re.compile(r"\s*#{1,6}\s")
#: From this length on, an unfinished line counts as wrapped, so the next one continues it.
_WRAPPED_LENGTH = 60

#: Where a sentence may end inside a block; a block without one is a sentence.
_POSSIBLE_END = re.compile(r"[.!?…。！？][\"'”’)\]}*_]*\s")
#: A bracketed remark at the start of a sentence, with more text after it: "[The next claim is false] She won."
_LEADING_BRACKET = re.compile(
    r"\s*(?:\[[^\[\]\n]+ [^\[\]\n]+\]|\{[^{}\n]+ [^{}\n]+\}|\([^()\n]+ [^()\n]+\))\s+(?=[\"'“‘*_]*[A-Z])"
)
#: The longest sentence, in characters; it keeps the cost of matching in proportion to the text.
MAX_LENGTH = 2000
_LETTER = re.compile(r"[^\W\d_]")


def sentence_spans(text: str) -> tuple[Offsets, ...]:
    """The sentences of a text as ``(start, end)`` offsets into it, in order and without overlap.

    Guarantees: every character that is not white space lies in exactly one span, and no span starts or ends with
    white space. List items, headings, table rows and "key: value" lines are sentences; hard-wrapped prose is not cut
    at its line ends; a bracketed remark before a sentence is a sentence. No sentence is longer than 2,000 characters:
    what runs on without an end is cut at white space.
    """
    spans: list[Offsets] = []
    for start, end in _blocks(text):
        cuts = _cuts(text[start:end])
        bounds = _bounded(text, [start, *(start + cut for cut in cuts), end])
        spans += [_stripped(text, a, b) for a, b in itertools.pairwise(bounds) if text[a:b].strip()]
    return tuple(spans)


def _blocks(text: str) -> Iterator[Offsets]:
    """Runs of lines that belong together."""
    start = end = 0
    previous = ""
    for line in text.splitlines(keepends=True):
        if previous and not _continues(previous, line):
            yield start, end
            start = end
        end += len(line)
        previous = line
    if end > start:
        yield start, end


def _continues(previous: str, line: str) -> bool:
    """Whether ``line`` goes on with the sentence of ``previous``."""
    content = line.strip()
    if not content or not previous.strip() or _STRUCTURED.match(line):
        return False
    if _CLOSED.search(previous) or _HEADING.match(previous):
        return False
    return content[0].islower() or len(previous.strip()) >= _WRAPPED_LENGTH


def _cuts(block: str) -> list[int]:
    """Offsets inside a block at which a new sentence starts."""
    starts = [start for start, _ in nupunkt.sent_spans(block)][1:] if _POSSIBLE_END.search(block) else []
    bounds = [0, *starts]
    brackets = [match.end() for start in bounds if (match := _LEADING_BRACKET.match(block, start))]
    return _without_wordless(block, sorted({*starts, *brackets}))


def _bounded(text: str, bounds: list[int]) -> list[int]:
    """The bounds, with more of them wherever two lie too far apart."""
    closer = []
    for start, end in itertools.pairwise(bounds):
        while end - start > MAX_LENGTH:
            space = max(text.rfind(" ", start, start + MAX_LENGTH), text.rfind("\n", start, start + MAX_LENGTH))
            closer.append(start)
            start = space if space > start else start + MAX_LENGTH
        closer.append(start)
    return [*closer, bounds[-1]]


def _without_wordless(block: str, cuts: list[int]) -> list[int]:
    """The cuts, less those that would leave a piece without a letter on its own: "2." goes with what follows it."""
    kept: list[int] = []
    for cut in cuts:
        if _LETTER.search(block, kept[-1] if kept else 0, cut):
            kept.append(cut)
    if kept and not _LETTER.search(block, kept[-1]):
        kept.pop()
    return kept


def _stripped(text: str, start: int, end: int) -> Offsets:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    return start + left, start + left + len(piece.strip())
