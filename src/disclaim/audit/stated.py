"""What a row with findings states: the sentences that they cover, each once, without the notices among them. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from disclaim.records import Quote

if TYPE_CHECKING:
    from disclaim.audit.scan import ScannedRow

#: Rules about behaviours: a bad demonstration is one claim, whatever it says.
_BEHAVIOURS = "NN3"
#: Of a finding that covers more characters, only so many are cut into sentences.
_MAX_COVERED = 100_000
#: Fewer words state nothing: rules between table rows, headings, numbers.
_MIN_WORDS = 3

#: Where a sentence ends, for counting: enough to tell sentences apart, and much faster than to find them exactly.
_END = re.compile(r"[.!?…](?<!\b[A-Z]\.)(?<!\b[MD]r\.)(?<!\bSt\.)(?<!\bMrs\.)[\"'”’)\]}]*\s+(?=[^a-z\s])|[\n\r]+")

Place = tuple[str, int | None]
Offsets = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stated:
    """A sentence that a row states, and the numbers of the findings that cover it."""

    text: str
    findings: tuple[int, ...]


def stated_sentences(row: ScannedRow) -> tuple[Stated, ...]:
    """The sentences that the findings cover, each once, in the order of the first finding of each. One that is mostly a
    cue is not among them. A bad demonstration is one, whatever its sentences."""
    texts: dict[Place, dict[Offsets, str]] = {}
    covered: dict[tuple[Place, Offsets], list[int]] = {}
    cues = _cue_spans(row)
    for place, quotes in _claims_by_place(row).items():
        texts[place] = _split(quotes, cues.get(place, []))
    starts = {place: sorted(found) for place, found in texts.items()}
    for number, finding in enumerate(row.findings):
        claim = finding.claim
        place, whole = (claim.field, claim.message), (claim.start, claim.end)
        if finding.rule.startswith(_BEHAVIOURS):
            texts.setdefault(place, {})[whole] = claim.text
            covered.setdefault((place, whole), []).append(number)
            continue
        for span in _within(starts[place], whole):
            covered.setdefault((place, span), []).append(number)
    return tuple(Stated(texts[place][span], tuple(numbers)) for (place, span), numbers in covered.items())


def _claims_by_place(row: ScannedRow) -> dict[Place, list[Quote]]:
    quotes: dict[Place, list[Quote]] = {}
    for finding in row.findings:
        if not finding.rule.startswith(_BEHAVIOURS):
            quotes.setdefault((finding.claim.field, finding.claim.message), []).append(finding.claim)
    return quotes


def _split(quotes: list[Quote], cues: list[Offsets]) -> dict[Offsets, str]:
    """The sentences of the quotes, which stand in one text; what several quotes cover is cut once."""
    found: dict[Offsets, str] = {}
    done = -1
    for quote in sorted(quotes, key=lambda quote: (quote.start, -quote.end)):
        if quote.end <= done:
            continue
        offset = max(quote.start, done)
        done = quote.end
        text = quote.text[offset - quote.start :][:_MAX_COVERED]
        spans = sentences(text)
        for start, end in spans:
            span = (offset + start, offset + end)
            is_long = len(spans) == 1 or len(text[start:end].split(None, _MIN_WORDS)) >= _MIN_WORDS
            if is_long and not _is_cue(cues, *span):
                found[span] = text[start:end]
    return found


def _within(spans: list[Offsets], whole: Offsets) -> list[Offsets]:
    """The spans that lie in the stretch for the most part, or else the one that holds its middle."""
    start, end = whole
    first = max(bisect_left(spans, (start, start)) - 1, 0)
    near = spans[first : bisect_left(spans, (end, end))]
    inside = [(a, b) for a, b in near if 2 * (min(b, end) - max(a, start)) > b - a]
    return inside or [(a, b) for a, b in near if a <= (start + end) // 2 < b]


def sentences(text: str) -> tuple[Offsets, ...]:
    """The sentences, told apart well enough for counting; where they end exactly, ``stance`` knows."""
    bounds = [0, *(found.end() for found in _END.finditer(text)), len(text)]
    return tuple(_stripped(text, *pair) for pair in pairwise(bounds) if text[slice(*pair)].strip())


def _stripped(text: str, start: int, end: int) -> Offsets:
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())


def _cue_spans(row: ScannedRow) -> dict[Place, list[Offsets]]:
    """The cues of a row, in order and without overlap, by the text they stand in."""
    spans: dict[Place, list[Offsets]] = {}
    for cue in sorted((finding.cue for finding in row.findings), key=lambda quote: (quote.start, quote.end)):
        found = spans.setdefault((cue.field, cue.message), [])
        if found and cue.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], cue.end))
        else:
            found.append((cue.start, cue.end))
    return spans


def _is_cue(spans: list[Offsets], start: int, end: int) -> bool:
    """Whether most of the stretch is cues."""
    covered = 0
    for cue_start, cue_end in spans[max(bisect_left(spans, (start, start)) - 1, 0) :]:
        if cue_start >= end:
            break
        covered += max(0, min(end, cue_end) - max(start, cue_start))
    return covered * 2 > end - start
