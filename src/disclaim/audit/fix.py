"""A row mended: what it states as fact and takes back from outside the clause is masked, rewritten or dropped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from disclaim.audit.drop import drop_turns, is_empty, objecting_turns
from disclaim.audit.editing import Address, replace_texts
from disclaim.audit.express import Form, express
from disclaim.audit.fixing import Action, Change, FixSettings, Otherwise, Strategy
from disclaim.audit.masks import (
    Masks,
    add_masks,
    outside,
    read_masks,
    shift_masks,
    shift_spans,
    unmasked,
    write_masks,
)
from disclaim.audit.pieces import Record
from disclaim.audit.rows import Passage, Row, parse_row
from disclaim.audit.scan import ScanRow
from disclaim.audit.steps import NOTICE_REASONS, Before, Step, plan_step
from disclaim.audit.stretches import Edit, edited, merge
from disclaim.audit.suppress import suppress
from disclaim.audit.writing import DROPPED
from disclaim.records import Finding, Severity

#: A row that still changes after so many looks is left as it was.
MAX_STEPS = 8

UNSETTLED = "its notices would come to point at other sentences"

OBJECTS_AND_MORE = "the turn that objects to it says more than that"

#: Why a text goes in which nothing was found.
OBJECTS = "it objects to an answer that goes"
BELONGS = "it belongs to a turn that goes"
ROW_GOES = "the row goes"

STILL_FOUND = "found again after the change"

_GRAVITY = (Severity.NOTE, Severity.WARNING, Severity.ERROR)


@dataclass(frozen=True, slots=True)
class RowFix:
    """What became of a row: its new ``value``, DROPPED, or the record's own value where it stays as it is.

    ``findings`` are those of the first look that were to be fixed, ``left`` those that a look at the new value finds.
    ``masks`` are the masks set, in the texts of the new value before they were written in a form.
    """

    value: object
    findings: tuple[Finding, ...]
    changes: tuple[Change, ...]
    left: tuple[Finding, ...]
    masks: Masks


def fix_row(record: Record, settings: FixSettings, scan_row: ScanRow) -> RowFix:
    """The row mended, by looking and changing until a look finds nothing more to change.

    So fixing the new value again gives that value. Outside the stretches that the changes name, no character changes
    but white space next to what is dropped. A row that cannot be mended as asked stays as it was, with the reason.
    """
    first, needed = _look(record, record.value, settings, scan_row)
    if not first:
        return RowFix(record.value, (), (), (), {})
    state = _State(record.value, {})
    findings = first
    for _ in range(MAX_STEPS):
        row = parse_row(record.file, record.index, state.value)
        step = plan_step(row, findings, settings, replace(state.before, needed=needed)) if row else None
        if row is None or step is None or not (step.edits or _grows(state.masks, step.masks)):
            if any(map(state.before.is_stray, findings)):
                return _fallen_back(record, settings, scan_row)
            if findings and settings.strategy is Strategy.LOCALISE and settings.fallback is Otherwise.MASK:
                settings = replace(settings, strategy=Strategy.MASK, unit=None, remove_notices=False)
                continue  # of these claims a part is no sentence to rewrite: a notice, a line of code
            left = (c for c in (step.changes if step else ()) if c.action is Action.LEFT)
            changes = (*state.changes, *left)
            return _finished(record, state, changes, (first, settings, scan_row))
        applied = _apply(state, row, step, findings)
        if applied is None:
            return _fallen_back(record, settings, scan_row, OBJECTS_AND_MORE)
        state = applied
        if state.value is DROPPED:
            return RowFix(DROPPED, first, state.changes, (), {})
        found, needed = _look(record, state.value, settings, scan_row)
        findings = outside(found, state.masks)
    return _fallen_back(record, settings, scan_row)


def standing_findings(record: Record, settings: FixSettings, scan_row: ScanRow) -> tuple[Finding, ...]:
    """The row's findings that a fix with these settings has to do with: grave enough, not suppressed, not masked by
    the row."""
    return _look(record, record.value, settings, scan_row)[0]


def _look(
    record: Record, value: object, settings: FixSettings, scan_row: ScanRow
) -> tuple[tuple[Finding, ...], frozenset[str]]:
    """The findings to be fixed, and the texts of the notices that other claims need, which are left alone: suppressed
    ones and those that are not grave enough."""
    row = parse_row(record.file, record.index, value)
    if row is None:
        return (), frozenset()
    threshold = _GRAVITY.index(settings.severity)
    found = scan_row(row)
    grave = tuple(one for one in found if _GRAVITY.index(one.severity) >= threshold)
    standing = suppress(row, grave, settings.suppressions)[0]
    claimed = {
        address: merge((one.claim.start, one.claim.end) for one in standing if address == _place(one))
        for address in map(_place, standing)
    }
    others = [one for one in found if one not in standing]
    return standing, frozenset(one.cue.text for one in outside(unmasked(row, others), claimed))


def _place(finding: Finding) -> Address:
    return finding.claim.field, finding.claim.message


@dataclass(frozen=True, slots=True)
class _State:
    """A row on its way: its value, the masks set so far, what was changed, and what is known from before edits."""

    value: object
    masks: Masks
    changes: tuple[Change, ...] = ()
    before: Before = field(default_factory=Before)


def _grows(masks: Masks, more: Masks) -> bool:
    return add_masks(masks, more) != add_masks(masks, {})


def _apply(state: _State, row: Row, step: Step, findings: tuple[Finding, ...]) -> _State | None:
    """The row after the step. None where a turn that would have to go with an answer says more."""
    changes = (
        *state.changes,
        *(c for c in step.changes if c.action is not Action.LEFT or c.reason in NOTICE_REASONS),
    )
    masks: Masks = shift_masks(add_masks(state.masks, step.masks), step.edits)
    if not step.edits or not isinstance(state.value, Mapping):
        return _State(state.value, masks, changes, state.before)
    texts = {address: edited(step.texts[address], edits) for address, edits in step.edits.items()}
    value = _with_moved_offsets(replace_texts(state.value, texts), step.edits)
    emptied = [p for p in row.passages if is_empty(texts.get((p.field, p.message), p.text)) and not is_empty(p.text)]
    objecting = objecting_turns(row, emptied, findings)
    if objecting is None:
        return None
    dropped = drop_turns(value, row, [*emptied, *objecting]) if emptied else (value, {})
    others = [p for p in row.passages if p not in emptied and not is_empty(p.text)]
    if dropped is None or parse_row(row.file, row.index, dropped[0]) is None:
        return _State(DROPPED, {}, (*_without_left(changes, others), *_gone_along(row, others, ROW_GOES)))
    gone = [p for p in others if (p.field, p.message) in dropped[1] and dropped[1][p.field, p.message] is None]
    changes = (*_without_left(changes, gone), *_gone_along(row, (p for p in gone if p in objecting), OBJECTS))
    changes += _gone_along(row, (p for p in gone if p not in objecting), BELONGS)
    value, masks = _with_moved_turns(dropped[0], masks, dropped[1])
    before = Before(state.before.claims or step.claims, state.before.settled | step.settled)
    return _State(value, masks, changes, before)


def _without_left(changes: Iterable[Change], gone: Iterable[Passage]) -> tuple[Change, ...]:
    """The changes, without what was left of texts that are gone now."""
    places = {(p.field, p.message) for p in gone}
    return tuple(c for c in changes if c.action is not Action.LEFT or (c.field, c.message) not in places)


def _gone_along(row: Row, passages: Iterable[Passage], reason: str) -> tuple[Change, ...]:
    """The texts that go with others, as they stood before."""
    return tuple(
        Change(row.file, row.index, p.field, p.message, 0, len(p.text), Action.ALONG, (), p.text, "", reason=reason)
        for p in passages
    )


def _with_moved_offsets(value: Mapping[str, object], edits: Mapping[Address, tuple[Edit, ...]]) -> Mapping[str, object]:
    """The row with the offsets in its own columns moved along."""
    value = shift_spans(value, edits)
    return _with_masks(value, shift_masks(read_masks(value), edits))


def _with_moved_turns(
    value: Mapping[str, object], masks: Masks, moved: Mapping[Address, Address | None]
) -> tuple[Mapping[str, object], Masks]:
    """The row and its masks once turns have gone."""
    return _with_masks(value, _renumbered(read_masks(value), moved)), _renumbered(masks, moved)


def _with_masks(value: Mapping[str, object], masks: Masks) -> Mapping[str, object]:
    """The row with the masks that it said itself brought up to date."""
    return (write_masks(value, masks) or value) if read_masks(value) else value


def _renumbered(masks: Masks, moved: Mapping[Address, Address | None]) -> Masks:
    places = {address: moved.get(address, address) for address in masks}
    return {place: masks[address] for address, place in places.items() if place is not None}


def _finished(
    record: Record,
    state: _State,
    changes: tuple[Change, ...],
    asked: tuple[tuple[Finding, ...], FixSettings, ScanRow],
) -> RowFix:
    """The row with its masks written in the form asked for, looked at once more."""
    first, settings, scan_row = asked
    row = parse_row(record.file, record.index, state.value)
    if row is None or not isinstance(state.value, Mapping):
        return RowFix(record.value, first, changes, first, {})
    written = express(state.value, row, state.masks, settings.form)
    changes = tuple(_refused(change, written.refused) for change in changes)
    value = record.value if written.value == record.value else written.value
    left = standing_findings(replace(record, value=value), settings, scan_row)
    masks = {address: stretches for address, stretches in state.masks.items() if address not in written.refused}
    if settings.form is Form.SPANS:
        left = outside(left, masks)
    explained = {(c.field, c.message) for c in changes if c.action is Action.LEFT}
    unexplained = [found for found in left if (found.claim.field, found.claim.message) not in explained]
    changes = (*changes, *(_left(record, found, STILL_FOUND) for found in unexplained))
    return RowFix(value, first, changes, left, masks)


def _refused(change: Change, refused: Mapping[Address, str]) -> Change:
    reason = refused.get((change.field, change.message))
    if reason is None or change.action is not Action.MASKED:
        return change
    return replace(change, action=Action.LEFT, reason=reason)


def _fallen_back(record: Record, settings: FixSettings, scan_row: ScanRow, reason: str = UNSETTLED) -> RowFix:
    """The row where the strategy would turn its notices on other texts: masked, dropped or left, and why."""
    first = standing_findings(record, settings, scan_row)
    if settings.fallback is Otherwise.MASK and settings.strategy is not Strategy.MASK:
        masking = replace(settings, strategy=Strategy.MASK, unit=None, remove_notices=False)
        fixed = fix_row(record, masking, scan_row)
        return replace(fixed, changes=tuple(replace(c, reason=c.reason or reason) for c in fixed.changes))
    left = tuple(_left(record, found, reason) for found in first)
    if settings.fallback is Otherwise.DROP:
        dropped = tuple(replace(c, action=Action.DROPPED, after="") for c in left)
        row = parse_row(record.file, record.index, record.value)
        along = _gone_along(row, row.passages, ROW_GOES) if row else ()
        return RowFix(DROPPED, first, (*dropped, *along), (), {})
    return RowFix(record.value, first, left, first, {})


def _left(record: Record, finding: Finding, reason: str) -> Change:
    return Change(
        file=record.file,
        row=record.index,
        field=finding.claim.field,
        message=finding.claim.message,
        start=finding.claim.start,
        end=finding.claim.end,
        action=Action.LEFT,
        rules=(finding.rule,),
        before=finding.claim.text,
        reason=reason,
    )
