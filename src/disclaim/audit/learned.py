"""The tier ``learned``: what the rules find, and what a small encoder finds beyond them, offline.

A cheap linear screen over words decides which windows of a row the encoder reads. The encoder says what kind of
outside negation a window shows, and which of its tokens state what is taken back; whole sentences are reported.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

from disclaim.audit.catalogue import load_rules
from disclaim.audit.evidence import quote, quote_label
from disclaim.audit.rows import Row
from disclaim.audit.screen import Screen, Verdict, learned_path, load_screen, load_verdict
from disclaim.audit.windows import Window, windows_of
from disclaim.models import Encoded, read_texts
from disclaim.records import Extent, Finding, Quote, Tier
from disclaim.stance import sentence_spans

#: The classes of a window, in the order of the encoder's scores.
CLASSES = ("none", "claim", "epistemic", "behaviour")
#: Neighbouring sentences belong to one claim while they score this share of the best one.
RUN_SHARE = 0.8

#: The same for a bad answer, most of which is bad.
BEHAVIOUR_SHARE = 0.3

#: A sentence that scores less is no cue where a label may be one.
LEAST_CUE = 0.2

ReadTexts = Callable[[Sequence[str]], Sequence[Encoded]]


@dataclass(frozen=True, slots=True)
class LearnedScanner:
    """A row scanner: ``rules`` first, then the encoder behind ``read`` on windows that pass ``screen``. What it says of
    a window is found where ``verdict`` says so."""

    rules: Callable[[Row], tuple[Finding, ...]]
    read: ReadTexts
    screen: Screen
    verdict: Verdict

    def __call__(self, row: Row) -> tuple[Finding, ...]:
        """The rules' findings and the encoder's, in the order of the claims' places; where both found one stretch of
        text, the rules' alone."""
        found = list(self.rules(row))
        windows = [w for w in windows_of(row) if self.screen.passes(w.text)]
        for window, encoded in zip(windows, self.read([w.text for w in windows]) if windows else (), strict=True):
            finding = self._finding(row, window, encoded)
            if finding is not None and not any(_overlaps(finding.claim, other.claim) for other in found):
                found.append(finding)
        order = {(p.field, p.message): i for i, p in enumerate(row.passages)}
        return tuple(sorted(found, key=lambda f: (order[f.claim.field, f.claim.message], f.claim.start, f.claim.end)))

    def _finding(self, row: Row, window: Window, encoded: Encoded) -> Finding | None:
        chance = self.verdict.chance(window.text, 1.0 - encoded.text[0])
        if chance < self.verdict.threshold:
            return None
        kind = _kind(encoded)
        units = _units(row, window, encoded)
        if not units:
            return None
        first, last = _best_run(units, kind)
        claim = quote(row, units[first].passage, units[first].start, units[last].end)
        cue, extent = _cue(row, units, first, last)
        rule = nearest_rule(kind, claim, cue, extent)
        return Finding(
            file=row.file,
            row=row.index,
            rule=rule,
            severity=load_rules()[rule].severity,
            claim=claim,
            cue=cue,
            scope=extent,
            confidence=round(chance, 3),
            tier=Tier.LEARNED,
        )


def scan_row(row: Row) -> tuple[Finding, ...]:
    """What the learned tier finds in a row. Raises ModelError where the encoder cannot be had, and
    MissingDependencyError without torch."""
    return _scanner()(row)


@cache
def _scanner() -> LearnedScanner:
    from disclaim.audit.rules import scan_row as rules

    heads = tuple(sorted(learned_path().glob("head-*.safetensors")))
    return LearnedScanner(rules, partial(read_texts, heads), load_screen(), load_verdict())


def claim_of(row: Row, window: Window, encoded: Encoded) -> tuple[int, int, int] | None:
    """Passage, start and end of what most looks like the claim of a window; None where no sentence was read."""
    units = _units(row, window, encoded)
    if not units:
        return None
    first, last = _best_run(units, _kind(encoded))
    return units[first].passage, units[first].start, units[last].end


def _kind(encoded: Encoded) -> str:
    return CLASSES[max(range(1, len(CLASSES)), key=lambda i: encoded.text[i])]


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence of a passage with the means of its tokens' scores as claim and as cue."""

    passage: int
    start: int
    end: int
    claim: float
    cue: float


def _units(row: Row, window: Window, encoded: Encoded) -> list[_Unit]:
    """The sentences that the window shows, in reading order."""
    units = []
    for stretch in window.stretches:
        text = row.passages[stretch.passage].text[stretch.start : stretch.start + stretch.length]
        for start, end in sentence_spans(text):
            low, high = stretch.at + start, stretch.at + end
            inside = [
                scores
                for scores, (a, b) in zip(encoded.tokens, encoded.offsets, strict=True)
                if low < b <= high and a < b
            ]
            if inside:
                means = [sum(column) / len(inside) for column in zip(*inside, strict=True)]
                units.append(_Unit(stretch.passage, stretch.start + start, stretch.start + end, means[0], means[1]))
    return units


def _best_run(units: Sequence[_Unit], kind: str) -> tuple[int, int]:
    """First and last of the neighbouring sentences of one passage that most look like the claim."""
    best = max(range(len(units)), key=lambda i: units[i].claim)
    least = units[best].claim * (BEHAVIOUR_SHARE if kind == "behaviour" else RUN_SHARE)
    first = last = best
    while first > 0 and units[first - 1].passage == units[best].passage and units[first - 1].claim >= least:
        first -= 1
    while last + 1 < len(units) and units[last + 1].passage == units[best].passage and units[last + 1].claim >= least:
        last += 1
    return first, last


def _cue(row: Row, units: Sequence[_Unit], first: int, last: int) -> tuple[Quote, Extent]:
    """What most looks like the cue outside the claim, with its reach: a sentence, or a label where no sentence does.
    Where there is neither, the claim itself."""
    others = [i for i in range(len(units)) if not first <= i <= last]
    best = max(others, key=lambda i: units[i].cue, default=None)
    if best is not None and (units[best].cue >= LEAST_CUE or not row.labels):
        unit = units[best]
        return quote(row, unit.passage, unit.start, unit.end), Extent.AFTER if best < first else Extent.BEFORE
    if row.labels:
        return quote_label(row.labels[0]), Extent.DOCUMENT
    return quote(row, units[first].passage, units[first].start, units[last].end), Extent.DOCUMENT


def nearest_rule(kind: str, claim: Quote, cue: Quote, extent: Extent) -> str:
    """The rule whose kind and place come nearest: an encoder and a model tell kinds apart, not rules."""
    rejected = claim.field == "rejected"
    before = extent is Extent.AFTER
    if kind == "epistemic":
        return "NN201" if before else "NN203"
    if kind == "behaviour":
        return "NN303" if rejected else "NN301" if before or extent is Extent.DOCUMENT else "NN302"
    if rejected:
        return "NN110"
    if extent is Extent.DOCUMENT:
        return "NN105"
    if (claim.field, claim.message) != (cue.field, cue.message):
        return "NN109"
    return "NN103" if before else "NN106"


def _overlaps(one: Quote, other: Quote) -> bool:
    """Whether half of the shorter of two quotes lies in the other."""
    if (one.field, one.message) != (other.field, other.message):
        return False
    shared = min(one.end, other.end) - max(one.start, other.start)
    return 2 * shared > min(one.end - one.start, other.end - other.start)
