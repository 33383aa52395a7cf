"""The rules tier: every finding of one row, from its text and labels alone. Pure; no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from disclaim.audit.addenda import find_addenda
from disclaim.audit.catalogue import load_rules
from disclaim.audit.evidence import Evidence, quote_segments
from disclaim.audit.frames import find_frames
from disclaim.audit.labels import find_labels
from disclaim.audit.layouts import find_layouts
from disclaim.audit.marks import find_marks, find_remarks
from disclaim.audit.notices import find_groups, is_edge, resolve_groups
from disclaim.audit.overturns import find_overturns
from disclaim.audit.pairs import find_rejected
from disclaim.audit.prompts import find_prompted
from disclaim.audit.quizzes import find_quizzes
from disclaim.audit.reading import Reading, read_row
from disclaim.audit.restated import find_restatements
from disclaim.audit.rows import Row
from disclaim.audit.samples import find_samples
from disclaim.audit.turns import find_objections
from disclaim.records import Extent, Finding, Tier


def scan_row(row: Row) -> tuple[Finding, ...]:
    """What the rules find in a row, in the order of the claims' places; each stretch of text once per rule.

    Deterministic; time grows linearly with the length of the row.
    """
    reading = read_row(row)
    found = [item for find in _FINDERS for item in find(reading)]
    return tuple(_finding(row, item) for item in _distinct(reading, found))


def _notices(reading: Reading) -> Iterator[Evidence]:
    """What notices in sentences of their own take back."""
    groups = find_groups(reading)
    for pointing in resolve_groups(reading, groups):
        group = pointing.group
        edge = is_edge(reading, group)
        if reading.segments[group.first].passage in reading.technical and not (
            edge or pointing.extent is Extent.AROUND
        ):
            continue
        forward = pointing.extent in (Extent.AFTER, Extent.AROUND)
        rule = ("NN101" if forward else "NN102") if edge else ("NN103" if forward else "NN104")
        yield Evidence(
            rule,
            quote_segments(reading, pointing.first, pointing.last),
            quote_segments(reading, group.first, group.last),
            Extent.DOCUMENT if edge else pointing.extent,
            0.95,
        )


_FINDERS: tuple[Callable[[Reading], Iterator[Evidence]], ...] = (
    _notices,
    find_marks,
    find_remarks,
    find_overturns,
    find_addenda,
    find_quizzes,
    find_layouts,
    find_objections,
    find_rejected,
    find_prompted,
    find_frames,
    find_samples,
    find_labels,
    find_restatements,
)


def _distinct(reading: Reading, found: list[Evidence]) -> list[Evidence]:
    """The evidence in reading order; of several for one claim by one rule the surest."""
    order = {(p.field, p.message): i for i, p in enumerate(reading.row.passages)}
    best: dict[tuple[str, str, int | None, int, int], Evidence] = {}
    for item in found:
        key = (item.rule, item.claim.field, item.claim.message, item.claim.start, item.claim.end)
        if key not in best or item.confidence > best[key].confidence:
            best[key] = item
    return sorted(
        best.values(),
        key=lambda e: (order[e.claim.field, e.claim.message], e.claim.start, e.claim.end, e.rule),
    )


def _finding(row: Row, item: Evidence) -> Finding:
    return Finding(
        file=row.file,
        row=row.index,
        rule=item.rule,
        severity=load_rules()[item.rule].severity,
        claim=item.claim,
        cue=item.cue,
        scope=item.extent,
        confidence=item.confidence,
        tier=Tier.RULES,
    )
