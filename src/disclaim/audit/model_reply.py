"""What the model tier makes of one reply. Strict: a reply that is not exactly as asked, or that quotes what is not
there, is missing with its reason; nothing is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from itertools import islice
from pathlib import Path

import yaml

from disclaim.audit.catalogue import load_rules
from disclaim.audit.evidence import quote, quote_label
from disclaim.audit.learned import nearest_rule
from disclaim.audit.rows import Row
from disclaim.audit.screen import Screen
from disclaim.audit.windows import Window, windows_of
from disclaim.models import Prompt, Sample
from disclaim.records import Extent, Finding, FinishReason, Message, Quote, Tier
from disclaim.store import read_text

#: A row is asked about whole up to this many characters (half or a third of it in other scripts), else in sections.
SECTION_COST = 6000
SECTION_OVERLAP = 600
#: A model's own certainty is not measured, so its findings all say this.
CONFIDENCE = 0.5
#: Of words that stand in a section more often than this, the first places count.
_MAX_PLACES = 50


class Stand(StrEnum):
    """How a row stands to what it states: the closed set that a reply chooses from."""

    NEGATED_ELSEWHERE = "negated_elsewhere"
    EPISTEMIC_FRAME = "epistemic_frame"
    BAD_BEHAVIOUR_FLAGGED = "bad_behaviour_flagged"
    DENIED_IN_CLAUSE = "denied_in_clause"
    ASSERTED = "asserted"
    INNOCENT = "innocent"


#: The stands that are findings, with the kind of rule they fall under.
KINDS = {
    Stand.NEGATED_ELSEWHERE: "claim",
    Stand.EPISTEMIC_FRAME: "epistemic",
    Stand.BAD_BEHAVIOUR_FLAGGED: "behaviour",
}


class Missing(StrEnum):
    """Why a section has no answer that counts."""

    NOT_ASKED = "not_asked"
    """The money was spent before its turn came."""
    FAILED = "failed"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    EMPTY = "empty"
    MALFORMED = "malformed"
    """No JSON object with exactly the three keys."""
    UNKNOWN_VERDICT = "unknown_verdict"
    NOT_IN_ROW = "quote_not_in_row"
    """The claim or the cue does not stand in the section to the letter, or is no quote at all."""
    CUE_IN_CLAIM = "cue_in_claim"
    """The claim quoted holds the cue, so nothing says what is taken back."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One reply, read: its stand with a finding where there is one, or why it is missing; ``detail`` is what a service
    said of a call that failed."""

    stand: Stand | None = None
    finding: Finding | None = None
    missing: Missing | None = None
    detail: str = ""


def sections_of(row: Row, screen: Screen | None) -> list[Window]:
    """What of a row is asked about: the row, or long sections of it that overlap; with a screen those in which it lets
    a window pass."""
    sections = list(windows_of(row, SECTION_COST, SECTION_OVERLAP, joined=True))
    if screen is None:
        return sections
    suspicious = [part for window in windows_of(row) if screen.passes(window.text) for part in window.stretches]
    return [
        section
        for section in sections
        if any(
            one.passage == other.passage
            and one.start < other.start + other.length
            and other.start < one.start + one.length
            for one in section.stretches
            for other in suspicious
        )
    ]


def prompt_of(section: Window) -> Prompt:
    """The question about a section."""
    texts = prompt_texts()
    asked = texts["user"].replace("{row}", section.text).rstrip("\n")
    return Prompt((Message("system", texts["system"].rstrip("\n")), Message("user", asked)))


@cache
def prompt_texts() -> dict[str, str]:
    """The words of the question, from ``library/audit/model.yaml``."""
    path = resources.files("disclaim") / "library" / "audit" / "model.yaml"
    texts: dict[str, str] = yaml.safe_load(read_text(Path(str(path))))
    return texts


def judge(row: Row, section: Window, sample: Sample) -> Judged:
    """What a reply says of a section of the row."""
    if sample.text is None:
        if sample.reason == "refused":
            return Judged(missing=Missing.REFUSED)
        return Judged(missing=Missing.FAILED, detail=sample.reason)
    if sample.finish_reason is not FinishReason.STOP:
        return Judged(missing=Missing.TRUNCATED)
    if not sample.text.strip():
        return Judged(missing=Missing.EMPTY)
    reply = _parse(sample.text)
    if reply is None:
        return Judged(missing=Missing.MALFORMED)
    verdict, claim, cue = reply
    if verdict not in {stand.value for stand in Stand}:
        return Judged(missing=Missing.UNKNOWN_VERDICT)
    stand = Stand(verdict)
    claims = list(islice(_claims(row, section, claim), _MAX_PLACES))
    cues = list(islice(_cues(row, section, cue), _MAX_PLACES))
    if (claim is not None and not claims) or (cue is not None and not cues):
        return Judged(missing=Missing.NOT_IN_ROW)
    if stand not in KINDS:
        return Judged(stand)
    if not claims or not cues:
        return Judged(missing=Missing.NOT_IN_ROW)
    return _found(row, stand, claims, cues)


def _parse(text: str) -> tuple[str, str | None, str | None] | None:
    """The three values; None for anything but one object with exactly these keys, once each. An object that stands
    alone in a code fence is taken out of it."""
    fenced = _FENCE.fullmatch(text.strip())
    try:
        value = json.loads(fenced[1] if fenced else text, object_pairs_hook=lambda pairs: pairs)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, list) or not all(isinstance(pair, tuple) for pair in value):
        return None
    if sorted(key for key, _ in value) != ["claim", "cue", "verdict"]:
        return None
    named = dict(value)
    verdict, claim, cue = named["verdict"], named["claim"], named["cue"]
    if not isinstance(verdict, str) or not all(isinstance(part, str | None) for part in (claim, cue)):
        return None
    return verdict, claim or None, cue or None


def _claims(row: Row, section: Window, text: str | None) -> Iterator[tuple[int, Quote]]:
    """Where the quoted claim stands in the section's texts, with the number of the text. A single word is no claim."""
    if text is not None and len(text.split()) > 1:
        yield from _places(row, section, text)


def _cues(row: Row, section: Window, text: str | None) -> Iterator[tuple[int, Quote]]:
    """Where the quoted cue stands in the section's texts, then in the row's labels."""
    if text is None or not text.strip():
        return
    yield from _places(row, section, text)
    for label in row.labels:
        value = str(label.value)
        if text in value:
            start = value.index(text)
            yield -1, Quote(label.path, None, start, start + len(text), text)
        elif text == f"{label.path}: {value}":
            yield -1, quote_label(label)


def _places(row: Row, section: Window, text: str) -> Iterator[tuple[int, Quote]]:
    for part in section.stretches:
        whole, end = row.passages[part.passage].text, part.start + part.length
        at = whole.find(text, part.start, end)
        while at >= 0:
            yield part.passage, quote(row, part.passage, at, at + len(text))
            at = whole.find(text, at + 1, end)


def _found(row: Row, stand: Stand, claims: Sequence[tuple[int, Quote]], cues: Sequence[tuple[int, Quote]]) -> Judged:
    """The finding by the claim and the cue that stand nearest to each other without sharing a character."""
    pairs = [(claim, cue) for claim in claims for cue in cues if not _share(claim, cue)]
    if not pairs:
        return Judged(missing=Missing.CUE_IN_CLAIM)
    (passage, claim), (other, cue) = min(pairs, key=lambda pair: _distance(*pair))
    before = (other, cue.start) < (passage, claim.start)
    extent = Extent.DOCUMENT if other < 0 else Extent.AFTER if before else Extent.BEFORE
    rule = nearest_rule(KINDS[stand], claim, cue, extent)
    severity = load_rules()[rule].severity
    found = Finding(row.file, row.index, rule, severity, claim, cue, extent, CONFIDENCE, Tier.MODEL)
    return Judged(stand, found)


def _share(one: tuple[int, Quote], other: tuple[int, Quote]) -> bool:
    return one[0] == other[0] and one[1].start < other[1].end and other[1].start < one[1].end


def _distance(claim: tuple[int, Quote], cue: tuple[int, Quote]) -> tuple[float, int]:
    """By texts, then by characters; labels come last."""
    texts = abs(claim[0] - cue[0]) if cue[0] >= 0 else float("inf")
    return texts, abs(claim[1].start - cue[1].start)


_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.S)
