"""The rules tier: every finding of one row, from its text and labels alone. Pure; no model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from disclaim.audit.addenda import find_addenda
from disclaim.audit.catalogue import load_rules
from disclaim.audit.critiques import find_critiques
from disclaim.audit.evidence import Evidence, quote_segments
from disclaim.audit.frames import find_frames
from disclaim.audit.labels import find_labels
from disclaim.audit.layouts import find_layouts
from disclaim.audit.marks import find_marks, find_remarks
from disclaim.audit.notices import Group, Pointing, find_groups, is_edge, resolve_groups
from disclaim.audit.overturns import find_overturns
from disclaim.audit.pairs import find_rejected
from disclaim.audit.prompts import find_prompted
from disclaim.audit.quizzes import find_quizzes
from disclaim.audit.reading import Reading, read_row
from disclaim.audit.restated import find_restatements
from disclaim.audit.rows import Row
from disclaim.audit.samples import find_samples
from disclaim.audit.turns import find_disputes, find_objections, points_back
from disclaim.records import Extent, Finding, Quote, Tier

_Place = tuple[str, int | None]


def scan_row(row: Row) -> tuple[Finding, ...]:
    """What the rules find in a row, in the order of the claims' places; each stretch of text once per rule.

    Deterministic; time grows linearly with the length of the row.
    """
    reading = read_row(row)
    groups = find_groups(reading)
    cues = _by_place(quote_segments(reading, group.first, group.last) for group in groups)
    found = [item for find in _FINDERS for item in find(reading) if not _repeats(item, cues)]
    return tuple(_finding(row, item) for item in _distinct(reading, [*_notices(reading, groups), *found]))


def _notices(reading: Reading, groups: Sequence[Group]) -> Iterator[Evidence]:
    """What notices in sentences of their own take back. Where sentences have notices of their own, one about the whole
    text claims the nearest of them: the text beside them is not what it takes back."""
    pointings = list(resolve_groups(reading, groups))
    if len(pointings) < _MANY_NOTICES:
        pointings = [p for p in pointings if _is_heeded(reading, p)]
    near = [p for p in pointings if not is_edge(reading, p.group)]
    for pointing in pointings:
        group = pointing.group
        edge = is_edge(reading, group)
        forward = pointing.extent in (Extent.AFTER, Extent.AROUND)
        rule = ("NN101" if forward else "NN102") if edge else ("NN103" if forward else "NN104")
        claimed = _nearest(pointing, near) if edge and len(near) >= _MIN_TARGETS else pointing
        yield Evidence(
            rule,
            quote_segments(reading, claimed.first, claimed.last),
            quote_segments(reading, group.first, group.last),
            Extent.DOCUMENT if edge else pointing.extent,
            0.95,
        )


def _is_heeded(reading: Reading, pointing: Pointing) -> bool:
    """Whether a notice counts where it stands: in technical texts only what frames the whole or stands round a
    stretch; of a user, who objects to something said before, not as one of what comes next."""
    cue, claim = reading.segments[pointing.group.first], reading.segments[pointing.first]
    if reading.row.passages[cue.passage].role == "user" and claim.passage > cue.passage and points_back(cue.text):
        return False
    technical = cue.passage in reading.technical
    return not technical or is_edge(reading, pointing.group) or pointing.extent is Extent.AROUND


def _nearest(pointing: Pointing, near: Sequence[Pointing]) -> Pointing:
    """Of what notices on sentences take back, the nearest that a notice about the whole text speaks of."""
    inside = [p for p in near if pointing.first <= p.first and p.last <= pointing.last]
    if not inside:
        return pointing
    return inside[0] if pointing.extent is Extent.AFTER else inside[-1]


def _repeats(item: Evidence, notices: Mapping[_Place, Sequence[Quote]]) -> bool:
    """Whether the cue of a later correction is a notice, or part of one, that says already what it takes back."""
    cue = item.cue
    return item.rule == "NN106" and any(
        cue.start < notice.end and notice.start < cue.end for notice in notices.get((cue.field, cue.message), ())
    )


def _by_place(quotes: Iterable[Quote]) -> Mapping[_Place, Sequence[Quote]]:
    places: dict[_Place, list[Quote]] = {}
    for quote in quotes:
        places.setdefault((quote.field, quote.message), []).append(quote)
    return places


#: From so many sentences with notices of their own, a notice about the whole text is about them.
_MIN_TARGETS = 2
#: So many notices are no accident of wording, whatever the text.
_MANY_NOTICES = 3
_FINDERS: tuple[Callable[[Reading], Iterator[Evidence]], ...] = (
    find_marks,
    find_remarks,
    find_overturns,
    find_addenda,
    find_quizzes,
    find_layouts,
    find_objections,
    find_disputes,
    find_rejected,
    find_prompted,
    find_frames,
    find_samples,
    find_critiques,
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
