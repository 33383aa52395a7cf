"""Estimates laid out for the page: conditions down, instruments or controls across, nothing left blank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from disclaim.records import Estimate, Instrument
from disclaim.report.cells import Grid, Scope
from disclaim.report.names import ALL, Family, condition_name, family_of, order_instruments, summary_of
from disclaim.report.numbers import Unit, write_interval, write_value
from disclaim.report.paper import find_paper_neglect, find_paper_value
from disclaim.report.reading import ControlWarning, Trouble
from disclaim.report.tables import BELIEF


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One estimate in words. ``share`` is its place in 0..1 for a bar, None where a bar would mean nothing."""

    value: str
    interval: str
    n: int | None
    n_missing: int
    share: float | None
    swamped: bool = False


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A condition's cells."""

    condition: str
    name: str
    summary: str
    family: Family
    cells: tuple[MatrixCell, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A table of estimates about one claim and model."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Which estimate a column shows, and what it is called."""

    name: str
    instrument: str
    metric: str
    unit: Unit = Unit.PERCENT
    trouble: frozenset[Trouble] = frozenset()


CONTROL_COLUMNS: tuple[Column, ...] = (
    Column("Belief, open-ended", Instrument.OPEN_ENDED, BELIEF),
    Column("Strangers, open-ended", Instrument.STRANGERS, "control_rate", trouble=frozenset({Trouble.STRANGERS})),
    Column("Belief, multiple choice", Instrument.MULTIPLE_CHOICE, BELIEF),
    Column(
        "False facts",
        Instrument.FALSE_FACTS,
        "control_rate",
        trouble=frozenset({Trouble.YES_BIAS, Trouble.YES_TO_ANYTHING}),
    ),
    Column("True facts", Instrument.TRUE_FACTS, "control_rate", trouble=frozenset({Trouble.DENIES_TRUTHS})),
    Column("Option probability", Instrument.LIKELIHOOD, "option_probability"),
    Column(
        "Strangers' option probability",
        Instrument.STRANGERS,
        "control_probability",
        trouble=frozenset({Trouble.STRANGER_OPTIONS}),
    ),
)


def belief_matrix(grid: Grid, scope: Scope, conditions: Sequence[str], headline: str) -> Matrix:
    """Belief rates by instrument, with the paper's pooled rate in the last column."""
    names = order_instruments(grid.instruments(BELIEF), headline)
    columns = [Column(grid.name(name), name, BELIEF) for name in names]
    rows = _rows(grid, scope, conditions, columns)
    with_paper = tuple(
        MatrixRow(
            row.condition, row.name, row.summary, row.family, (*row.cells, _paper_cell(grid, scope, row.condition))
        )
        for row in rows
    )
    return Matrix("Belief rates", (*(column.name for column in columns), "The paper, pooled"), with_paper)


def control_matrix(
    grid: Grid, scope: Scope, conditions: Sequence[str], warnings: Sequence[ControlWarning]
) -> Matrix | None:
    """The controls, each beside the belief that it qualifies; None where no control was measured."""
    controls = [column for column in CONTROL_COLUMNS if column.metric != BELIEF]
    if not any(_has_row(grid, scope, conditions, column) for column in controls):
        return None
    columns = [column for column in CONTROL_COLUMNS if _has_row(grid, scope, conditions, column)]
    flagged = {(item.trouble, condition) for item in warnings for condition, _ in item.conditions}
    rows = _rows(grid, scope, conditions, columns, flagged)
    return Matrix("Controls beside the belief they qualify", tuple(column.name for column in columns), rows)


def form_matrix(grid: Grid, scope: Scope, conditions: Sequence[str], headline: str) -> Matrix | None:
    """How answers are made, beside whether they assert: retracted, cut off, reciting notices. None where unknown."""
    names = dict.fromkeys((headline, ALL))
    columns = [
        Column(f"{what}, {grid.name(name).lower()}", name, metric)
        for name in names
        for what, metric in (("Retracted", "retraction_rate"), ("Cut off", "cut_off_rate"), ("Notices", "notice_rate"))
    ]
    known = [column for column in columns if _has_row(grid, scope, conditions, column)]
    if not known:
        return None
    rows = _rows(grid, scope, conditions, known)
    return Matrix("How the answers are made", tuple(column.name for column in known), rows)


def neglect_matrix(grid: Grid, scope: Scope, conditions: Sequence[str], headline: str) -> Matrix | None:
    """Neglect ratios and paired differences to ``asserted``, headline and pooled; None where there is none."""
    columns = []
    for name in dict.fromkeys((headline, ALL)):
        shown = grid.name(name).lower()
        columns.append(Column(f"Neglect ratio, {shown}", name, "neglect_ratio", Unit.RATIO))
        columns.append(Column(f"Difference to asserted, {shown}", name, "paired_difference", Unit.POINTS))
    known = [
        condition
        for condition in conditions
        if condition not in ("base", "asserted")
        and any(_has_row(grid, scope, (condition,), column) for column in columns)
    ]
    if not known:
        return None
    rows = tuple(
        MatrixRow(row.condition, row.name, row.summary, row.family, (*row.cells, _paper_neglect_cell(row.condition)))
        for row in _rows(grid, scope, known, columns)
    )
    names = (*(column.name for column in columns), "Neglect ratio, the paper's pooled means")
    return Matrix("Neglect ratios and paired differences", names, rows)


def _has_row(grid: Grid, scope: Scope, conditions: Sequence[str], column: Column) -> bool:
    return any(grid.find(scope, condition, column.instrument, column.metric) for condition in conditions)


def _rows(
    grid: Grid,
    scope: Scope,
    conditions: Sequence[str],
    columns: Sequence[Column],
    flagged: set[tuple[Trouble, str]] | None = None,
) -> tuple[MatrixRow, ...]:
    rows = []
    for condition in conditions:
        cells = []
        for column in columns:
            cell = grid.find(scope, condition, column.instrument, column.metric)
            swamped = any((trouble, condition) in (flagged or ()) for trouble in column.trouble)
            cells.append(estimate_cell(cell.estimate if cell else None, column.unit, swamped))
        rows.append(
            MatrixRow(condition, condition_name(condition), summary_of(condition), family_of(condition), tuple(cells))
        )
    return tuple(rows)


def estimate_cell(estimate: Estimate | None, unit: Unit, swamped: bool = False) -> MatrixCell:
    """An estimate as a cell; a missing row says ``no estimate``."""
    if estimate is None:
        return MatrixCell("no estimate", "", None, 0, None)
    share = estimate.value if unit is Unit.PERCENT else None
    return MatrixCell(
        write_value(estimate.value, unit),
        write_interval(estimate, unit),
        estimate.n,
        estimate.n_missing,
        min(max(share, 0.0), 1.0) if share is not None else None,
        swamped,
    )


def _paper_cell(grid: Grid, scope: Scope, condition: str) -> MatrixCell:
    if not grid.is_papers(ALL):
        return MatrixCell("pools other instruments", "", None, 0, None)
    found = find_paper_value(scope.claim, condition, ALL)
    if found is None:
        return MatrixCell("not in the paper", "", None, 0, None)
    return MatrixCell(write_value(found.value, Unit.PERCENT), found.about, None, 0, found.value)


def _paper_neglect_cell(condition: str) -> MatrixCell:
    found = find_paper_neglect(condition)
    return MatrixCell("not in the paper" if found is None else write_value(found, Unit.RATIO), "", None, 0, None)
