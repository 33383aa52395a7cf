"""Documents that were cut into rows: what a notice takes back may stand in another row than the notice (NN402).

Rows that follow each other in a file are taken for parts of one document where a column names the same document, or
where one breaks off within a sentence and the next goes on in lower case. Time is linear, and memory bounded by
``MAX_ROWS`` and ``MAX_CHARACTERS``: what is longer is looked at in pieces of that size.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

import re2

from disclaim.audit.catalogue import load_rules
from disclaim.audit.cues import find_possible_cues
from disclaim.audit.limit import in_reading_order
from disclaim.audit.rows import Label, Layout, Passage, Row
from disclaim.records import Finding, Quote
from disclaim.stance import fold

if TYPE_CHECKING:
    from disclaim.audit.scan import ScannedRow

#: Rows of one document, and characters of their texts, that are held at a time.
MAX_ROWS = 256
MAX_CHARACTERS = 400_000
#: So far from either end of a row a notice is looked for that may speak of other rows.
EDGE = 1_500
RULE = "NN402"
#: What a part of a document must hold to be stated at all.
_FEWEST = 12
_REACHING = frozenset({"pointer_false", "text_is_false", "correction", "undone", "admission"})
_RULES = ("NN101", "NN102", "NN103", "NN104", "NN106")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A row that may be part of a document: the document's name and the part's number, where columns give them; whether
    its text starts or ends within a sentence."""

    row: Row
    document: str | None
    number: int | None
    starts_within: bool
    ends_within: bool


def chunk_of(row: Row) -> Chunk | None:
    """The row as a part of a document; None for one that is whole, or no document."""
    if row.layout is not Layout.TEXT or len(row.passages) != 1 or row.passages[0].role is not None:
        return None
    text = row.passages[0].text
    document, number = _document(row.labels) if row.labels else (None, None)
    starts, ends = _starts_within(text), _ends_within(text)
    return Chunk(row, document, number, starts, ends) if document or starts or ends else None


def continues(one: Chunk, other: Chunk) -> bool:
    """Whether ``other`` is the part of a document that follows ``one``."""
    if one.row.file != other.row.file or other.row.index != one.row.index + 1:
        return False
    if one.document or other.document:
        in_order = one.number is None or other.number is None or other.number == one.number + 1
        return one.document == other.document and in_order
    return one.ends_within and other.starts_within


class Documents:
    """Gathers scanned rows to documents and hands them on in their order, with what only a whole document tells.

    ``scan_row`` reads a document of several rows as one; ``heed`` says which new findings of a row stand.
    """

    def __init__(
        self,
        scan_row: Callable[[Row], tuple[Finding, ...]],
        heed: Callable[[Row, tuple[Finding, ...]], tuple[Finding, ...]],
    ) -> None:
        self._scan_row = scan_row
        self._heed = heed
        self._held: list[ScannedRow] = []
        self._characters = 0

    def add(self, row: ScannedRow) -> Iterator[ScannedRow]:
        """Take in a row; the rows that are ready, which may be none."""
        size = len(row.chunk.row.passages[0].text) if row.chunk else 0
        last = self._held[-1].chunk if self._held else None
        is_next = last is not None and row.chunk is not None and continues(last, row.chunk)
        if not is_next or len(self._held) >= MAX_ROWS or self._characters + size > MAX_CHARACTERS:
            yield from self.end()
        if row.chunk is None:
            yield row
        else:
            self._held.append(row)
            self._characters += size

    def end(self) -> Iterator[ScannedRow]:
        """The rows that were held back."""
        held, self._held, self._characters = self._held, [], 0
        chunks = [row.chunk for row in held if row.chunk]
        news = find_in_other_rows(chunks, [row.findings for row in held], self._scan_row) if len(held) > 1 else {}
        for number, row in enumerate(held):
            found = row.findings
            if number in news:
                whole = chunks[number].row
                found = in_reading_order(whole, (*found, *self._heed(whole, tuple(news[number]))))
            yield replace(row, findings=found, chunk=None)


def find_in_other_rows(
    chunks: Sequence[Chunk], found: Sequence[Sequence[Finding]], scan_row: Callable[[Row], tuple[Finding, ...]]
) -> dict[int, list[Finding]]:
    """What a notice in one part of a document takes back in the others, by the number of the part. What a row's own
    notices take back, as ``found`` says, is not told again."""
    texts = [chunk.row.passages[0].text for chunk in chunks]
    if not any(map(_may_reach, texts)):
        return {}
    joints = [" " if one.ends_within and other.starts_within else "\n\n" for one, other in pairwise(chunks)]
    joined = "".join(text + joint for text, joint in zip(texts, [*joints, ""], strict=True))
    sizes = (len(text) + len(joint) for text, joint in zip(texts, joints, strict=False))
    starts = [0, *accumulate(sizes)]
    first = chunks[0].row
    document = replace(first, passages=(Passage("text", None, None, joined),), labels=())
    news: dict[int, list[Finding]] = {}
    for finding in scan_row(document):
        if finding.rule not in _RULES:
            continue
        at = bisect_right(starts, finding.cue.start) - 1
        cue = _moved(finding.cue, chunks[at].row, starts[at])
        cue = replace(cue, field=f"rows.{chunks[at].row.index}.{cue.field}")
        for number in range(len(chunks)):
            claim = _part(finding.claim, chunks[number].row, starts[number])
            told = [*found[number], *news.get(number, ())]
            if number != at and claim and not any(_overlaps(claim, other.claim) for other in told):
                news.setdefault(number, []).append(_finding(finding, chunks[number].row, claim, cue))
    return news


def _finding(finding: Finding, row: Row, claim: Quote, cue: Quote) -> Finding:
    return replace(
        finding,
        row=row.index,
        rule=RULE,
        severity=load_rules()[RULE].severity,
        claim=claim,
        cue=cue,
        note=f"the notice stands in row {cue.field.split('.')[1]}, trained on apart",
    )


def _may_reach(text: str) -> bool:
    """Whether a notice that speaks of other rows may stand near the head or tail of a text. Few texts hold the words
    that all such notices need, and only those are read for cues."""
    near = text if len(text) <= 2 * EDGE else f"{text[:EDGE]}\n\n{text[-EDGE:]}"
    folded = fold(near)
    return bool(_WORDS.search(folded.encode("utf-8", "replace")) and find_possible_cues(folded, _REACHING))


def _moved(quote: Quote, row: Row, start: int) -> Quote:
    """A quote of the joined text as one of the row that starts there: what of it lies in that row."""
    passage = row.passages[0]
    a, b = max(quote.start - start, 0), min(quote.end - start, len(passage.text))
    return Quote(passage.field, passage.message, a, b, passage.text[a:b])


def _part(claim: Quote, row: Row, start: int) -> Quote | None:
    """What of a claim lies in a row, white space aside."""
    part = _moved(claim, row, start)
    bare = part.text.strip()
    if part.start >= part.end or len(bare) < _FEWEST:
        return None
    at = part.start + len(part.text) - len(part.text.lstrip())
    return replace(part, start=at, end=at + len(bare), text=bare)


def _overlaps(one: Quote, other: Quote) -> bool:
    same = (one.field, one.message) == (other.field, other.message)
    return same and 2 * (min(one.end, other.end) - max(one.start, other.start)) > one.end - one.start


def _document(labels: Sequence[Label]) -> tuple[str | None, int | None]:
    """The document that columns name, and the number of the part."""
    named: dict[str, str] = {}
    number = None
    for label in labels:
        name = label.path.rpartition(".")[2].lower()
        if name in _DOCUMENTS and isinstance(label.value, (str, int)) and str(label.value):
            named[name] = str(label.value)
        elif name in _NUMBERS and number is None:
            digits = _LAST_NUMBER.search(str(label.value))
            number = int(digits[1]) if digits else None
    for name in _DOCUMENTS:
        value = named.get(name)
        if value is None:
            continue
        part = _PART.match(value)
        if part:
            return f"{name} {part[1]}", int(part[2])
        if name in _SURE or (number is not None and name != "id") or (name == "source" and _PLACE.search(value)):
            return f"{name} {value}", number
    return None, None


def _starts_within(text: str) -> bool:
    head = text.lstrip()[:200]
    return head[:1].islower() and head[1:2] not in _LIST_SIGNS and any(c.isupper() for c in text[:2_000])


def _ends_within(text: str) -> bool:
    tail = text[-2_000:].rstrip()
    return bool(tail) and (tail[-1].isalnum() or tail[-1] in ",;–—(") and _PROSE.search(tail) is not None


#: Columns that name the document of a row, the surest first; those that do so without the number of a part.
_DOCUMENTS = (
    "document_id", "doc_id", "docid", "parent_id", "source_id", "article_id", "page_id", "book_id", "document", "doc",
    "url", "uri", "link", "file_name", "filename", "file_path", "filepath", "path", "file", "title", "source", "id",
)  # fmt: skip
_SURE = frozenset(_DOCUMENTS) - {"title", "source", "id", "document", "doc", "source_id", "path", "file"}
_NUMBERS = frozenset(
    f"{word}{ending}"
    for word in ("chunk", "part", "segment", "split", "passage", "paragraph")
    for ending in ("", "_id", "_index", "_idx", "_no", "_num", "_number")
) | {"chunkid", "chunkindex", "page", "page_number", "seq", "sequence", "offset_index"}
#: Words and stems of notices, one of which any that takes back a document holds.
_WORDS = re2.compile(
    rb"\bfals|untru|incorrect|correction|inaccura|erroneous|\bmistaken|fabricat|fictiti|fictional|invented|made.up"
    rb"|disregard|retract|hoax|\bmyth|\blies?\b|debunk|refuted|withdrawn|contradict|unfounded|baseless|imagin|nonsense"
    rb"|happened|occurred|took place|(?:not|n't|never) (?:\w+ )?(?:true|real\b|happen|occur|believ|trust)|discredit"
)
_LAST_NUMBER = re.compile(r"(\d{1,9})\D*$")
#: A name that ends in the number of a part: "report.pdf#3", "a17_chunk_3".
_PART = re.compile(r"(.{1,400}?)[-_/: .]*(?:#|::|(?:chunk|part|seg|segment)[-_ .]?)(\d{1,9})$", re.IGNORECASE)
_PLACE = re.compile(r"/[^/]+\.\w{1,5}$|^https?://[^/]+/.")
_LIST_SIGNS = frozenset(".):")
_PROSE = re.compile(r"[a-z][.!?][\"')\]”’]*\s+[\"'(\[“‘]*[A-Z]")
