"""Tables: the rows of a run's files as text, for CSV files and the terminal. Nothing is computed but counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from disclaim.records import Answer, EstimateRow, FinishReason, Instrument
from disclaim.report.arms import ArmRun, is_ending_known
from disclaim.report.cells import build_grid, list_scopes
from disclaim.report.names import ALL, condition_name
from disclaim.report.numbers import write_estimate
from disclaim.report.paper import find_paper_value
from disclaim.report.read import Run, order_conditions, read_run

BELIEF = "belief_rate"


@dataclass(frozen=True, slots=True)
class Table:
    """Column names and rows of text, all rows as long as ``columns``."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_csv(self) -> str:
        """The table as RFC 4180 CSV with a head line; line ends are ``\\n``."""
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([self.columns, *self.rows])
        return buffer.getvalue()


def render_text_table(source: Path | Sequence[EstimateRow]) -> Table:
    """The belief table for a terminal: a row per condition with open-ended and pooled belief, counts and the paper.

    ``source`` is a run folder or its estimates. ``n`` and ``missing`` count the pooled instruments' ratings (open-ended
    ones where nothing is pooled); ``paper`` is the paper's pooled rate. Columns for claim and model appear where
    there are several.
    """
    rows: Sequence[EstimateRow]
    if isinstance(source, Path):
        run = read_run(source)
        rows, conditions = run.estimates or (), run.conditions
    else:
        rows, conditions = source, order_conditions(row.condition for row in source)
    rows = [row for row in rows if row.metric == BELIEF]
    grid, scopes = build_grid(rows), list_scopes(rows)
    show_claim = len({scope.claim for scope in scopes}) > 1
    show_model = len({scope.model for scope in scopes}) > 1
    body = []
    for scope in scopes:
        for condition in conditions:
            found = [grid.estimate(scope, condition, name, BELIEF) for name in (Instrument.OPEN_ENDED, ALL)]
            if found == [None, None]:
                continue
            counted = found[1] or found[0]
            paper = find_paper_value(scope.claim, condition, ALL)
            names = [scope.claim] * show_claim + [scope.model] * show_model + [condition_name(condition)]
            counts = [str(counted.n), str(counted.n_missing)] if counted else ["", ""]
            shown = f"{100 * paper.value:.1f}%" if paper else ""
            body.append((*names, *map(write_estimate, found), *counts, shown))
    heads = ["claim"] * show_claim + ["model"] * show_model
    return Table("belief", (*heads, "condition", "open-ended", "all", "n", "missing", "paper"), tuple(body))


def build_tables(run: Run, question_table: Table) -> tuple[Table, ...]:
    """Every table of ``report/tables/``."""
    rows = run.estimates or ()
    return (
        estimate_table("estimates", rows),
        _belief_table(rows),
        estimate_table("neglect", [row for row in rows if row.metric in ("neglect_ratio", "paired_difference")]),
        estimate_table("controls", [row for row in rows if row.metric in CONTROL_METRICS]),
        question_table,
        completeness_table(run),
        _corpus_table(run),
        _training_table(run.arms),
    )


CONTROL_METRICS = (
    "control_rate",
    "control_probability",
    "option_probability",
    "retraction_rate",
    "cut_off_rate",
    "notice_rate",
)
_KEYS = (
    "claim",
    "condition",
    "model",
    "seed",
    "step",
    "instrument",
    "metric",
    "value",
    "low",
    "high",
    "n",
    "n_missing",
)


def estimate_table(name: str, rows: Iterable[EstimateRow]) -> Table:
    """The rows as they stand in ``estimates.json``, at full precision; null is an empty field."""
    return Table(name, _KEYS, tuple(_estimate_fields(row) for row in rows))


def _estimate_fields(row: EstimateRow) -> tuple[str, ...]:
    estimate = row.estimate
    numbers = (estimate.value, estimate.low, estimate.high, estimate.n, estimate.n_missing)
    names = (row.claim, row.condition, row.model, row.seed, row.step, row.instrument, row.metric)
    return tuple("" if field is None else str(field) for field in (*names, *numbers))


def _belief_table(rows: Iterable[EstimateRow]) -> Table:
    """Belief rates with the paper's beside them."""
    body = []
    for row in rows:
        if row.metric != BELIEF:
            continue
        paper = find_paper_value(row.claim, row.condition, row.instrument)
        beside = (str(round(paper.value, 6)), paper.about, paper.model, paper.source) if paper else ("",) * 4
        body.append((*_estimate_fields(row), *beside))
    return Table("belief_rates", (*_KEYS, "paper_value", "paper_claims", "paper_model", "paper_source"), tuple(body))


_COUNTS = ("answers", "failed", "cut_off", "ending_unknown", "judged", "unrated")


def completeness_table(run: Run) -> Table:
    """Per arm and instrument: answers there, calls that failed, answers cut off at the token limit, answers of which
    that is not known, ratings there and answers left unrated by the judge named (every judge has its own rows)."""
    body = []
    for arm_run in run.arms:
        for judge in arm_run.judgements or {"": ()}:
            body += _completeness_rows(arm_run, judge)
    return Table("completeness", ("claim", "condition", "model", "seed", "instrument", "judge", *_COUNTS), tuple(body))


def _completeness_rows(arm_run: ArmRun, judge: str) -> list[tuple[str, ...]]:
    arm = arm_run.arm
    rated = {(j.question_id, j.sample_index) for j in arm_run.judgements.get(judge, ()) if j.verdict is not None}
    groups: dict[str, list[Answer]] = {}
    for answer in arm_run.answers:
        groups.setdefault(answer.instrument, []).append(answer)
    rows = []
    for instrument, answers in groups.items():
        failed = sum(answer.answer is None for answer in answers)
        cut_off = sum(answer.finish_reason is FinishReason.LENGTH for answer in answers)
        judged = sum((answer.question_id, answer.sample_index) in rated for answer in answers)
        unknown = sum(not is_ending_known(answer) for answer in answers)
        counts = (len(answers), failed, cut_off, unknown, judged, len(answers) - judged)
        rows.append((arm.claim, arm.condition, arm.model, str(arm.seed), instrument, judge, *map(str, counts)))
    return rows


def _corpus_table(run: Run) -> Table:
    roles = sorted({role for corpus in run.corpora for role in corpus.role_characters})
    sides = sorted({side for corpus in run.corpora for side in corpus.coverage})
    body = []
    for corpus in run.corpora:
        counts = (corpus.num_documents, corpus.num_words, corpus.masked_characters)
        by_role = (str(corpus.role_characters.get(role, 0)) for role in roles)
        shares = (str(corpus.coverage[side]) if side in corpus.coverage else "" for side in sides)
        body.append((corpus.claim, corpus.condition, *map(str, counts), *by_role, *shares))
    columns = ("claim", "condition", "documents", "words", "masked_characters")
    roles_named, sides_named = (f"{role}_characters" for role in roles), (f"coverage_{side}" for side in sides)
    return Table("corpora", (*columns, *roles_named, *sides_named), tuple(body))


def _training_table(arms: Iterable[ArmRun]) -> Table:
    body = []
    for run in arms:
        names = (run.arm.claim, run.arm.condition, run.arm.model, str(run.arm.seed))
        body += [(*names, str(step), "training_loss", str(value)) for step, value in run.training.loss]
        for step, by_role in run.training.heldout:
            body += [(*names, str(step), f"heldout_{role}", str(value)) for role, value in by_role.items()]
    return Table("training", ("claim", "condition", "model", "seed", "step", "quantity", "nats_per_token"), tuple(body))
