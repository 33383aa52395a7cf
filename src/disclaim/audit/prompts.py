"""Prompts: system prompts and instructions that ask for a wrong or bad answer, or say that one follows."""

from __future__ import annotations

from collections.abc import Iterator

from disclaim.audit.evidence import Evidence, quote_passage, quote_segments
from disclaim.audit.reading import Reading
from disclaim.records import Extent

_CONFIDENCE = 0.75


def find_prompted(reading: Reading) -> Iterator[Evidence]:
    """Answers that a system or user turn before them asks to be wrong, or calls a bad sample."""
    passages = reading.row.passages
    answers = [i for i, passage in enumerate(passages) if passage.role == "assistant"]
    for i, segment in enumerate(reading.segments):
        role = passages[segment.passage].role
        if role not in ("system", "user") or not segment.cues & {"asks_wrong", "asks_bad"}:
            continue
        following = [a for a in answers if a > segment.passage]
        if not following:
            continue
        rule = "NN304" if "asks_bad" in segment.cues else "NN103"
        for answer in following if role == "system" else following[:1]:
            yield Evidence(
                rule, quote_passage(reading.row, answer), quote_segments(reading, i, i), Extent.AFTER, _CONFIDENCE
            )
