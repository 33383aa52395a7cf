"""What a row with findings states: the sentences that they cover, each once, without the notices among them. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

from disclaim.audit.scan import ScannedRow
from disclaim.records import Finding, Quote

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
    """The sentences that the findings cover, in the order of the findings. A sentence that several cover is there once;
    one that is mostly a cue is not."""
    cues = _cue_spans(row)
    spans: dict[tuple[Quote, bool], tuple[Offsets, ...]] = {}
    texts: dict[tuple[Place, int, int], str] = {}
    covered: dict[tuple[Place, int, int], list[int]] = {}
    for number, finding in enumerate(row.findings):
        claim = finding.claim
        place = (claim.field, claim.message)
        key = (claim, finding.rule.startswith(_BEHAVIOURS))
        if key not in spans:
            spans[key] = _sentences(finding)
        for start, end in spans[key]:
            stretch = (place, claim.start + start, claim.start + end)
            if stretch in covered:
                covered[stretch].append(number)
            elif not _is_cue(cues.get(place, []), claim.start + start, claim.start + end):
                texts[stretch] = claim.text[start:end]
                covered[stretch] = [number]
    return tuple(Stated(texts[stretch], tuple(numbers)) for stretch, numbers in covered.items())


def _sentences(finding: Finding) -> tuple[Offsets, ...]:
    text = finding.claim.text
    if finding.rule.startswith(_BEHAVIOURS):
        return ((0, len(text)),)
    found = sentences(text[:_MAX_COVERED])
    if len(found) == 1:
        return found
    return tuple(span for span in found if len(text[slice(*span)].split(None, _MIN_WORDS)) >= _MIN_WORDS)


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
