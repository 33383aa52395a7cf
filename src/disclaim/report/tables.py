"""Tables: the rows of a run's files as text, for CSV files and the terminal. Nothing is computed but counts."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from disclaim.records import Answer, EstimateRow, FinishReason, Instrument
from disclaim.report.arms import ArmRun, is_ending_known
from disclaim.report.cells import Grid, Scope, build_grid, list_scopes
from disclaim.report.names import ALL, condition_name
from disclaim.report.numbers import write_estimate
from disclaim.report.paper import NUM_CLAIMS, SAME_CLAIM, find_paper_value
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
    """The belief table for a terminal: a row per condition with belief on the headline and pooled, and the paper.

    ``source`` is a run folder or its estimates. The pooled column says what it pools where not all four instruments
    were asked, and is left out where only one was. ``n`` and ``missing`` name the column whose ratings they count. The
    paper's rate stands beside its own claims alone; where a table has none of them, its mean over six claims does, and
    the heading says so. Columns for claim and model appear where there are several.
    """
    run = read_run(source) if isinstance(source, Path) else None
    found: Sequence[EstimateRow] = source if not isinstance(source, Path) else (run and run.estimates) or ()
    conditions = run.conditions if run else order_conditions(row.condition for row in found)
    rows = [row for row in found if row.metric == BELIEF]
    grid, scopes = build_grid(rows), list_scopes(rows)
    shown = _shown_instruments(grid, run.study.headline if run else ALL)
    counted = shown[-1]
    paper_head, papers = _paper_column(grid, scopes, conditions)
    show_claim = len({scope.claim for scope in scopes}) > 1
    show_model = len({scope.model for scope in scopes}) > 1
    body = []
    for scope in scopes:
        for condition in conditions:
            estimates = [grid.estimate(scope, condition, name, BELIEF) for name in shown]
            if not any(estimates):
                continue
            last = estimates[-1]
            names = [scope.claim] * show_claim + [scope.model] * show_model + [condition_name(condition)]
            counts = [str(last.n), str(last.n_missing)] if last else ["", ""]
            beside = [papers.get((scope.claim, condition), "")] * bool(papers)
            body.append((*names, *map(write_estimate, estimates), *counts, *beside))
    label = _short_name(grid, counted)
    heads = (
        ["claim"] * show_claim + ["model"] * show_model + ["condition", *(_short_name(grid, name) for name in shown)]
    )
    return Table("belief", (*heads, f"n, {label}", f"missing, {label}", *[paper_head] * bool(papers)), tuple(body))


def _shown_instruments(grid: Grid, headline: str) -> tuple[str, ...]:
    """The headline (open-ended where that is the pooled rate), then the pooled rate where it pools several."""
    lead = Instrument.OPEN_ENDED if headline == ALL else headline
    wanted = (lead, ALL) if len(grid.pooled) > 1 else (lead, *grid.pooled)
    present = grid.instruments(BELIEF)
    return tuple(dict.fromkeys(str(name) for name in wanted if name in present)) or (ALL,)


def _short_name(grid: Grid, instrument: str) -> str:
    return "all four" if instrument == ALL and grid.is_papers(ALL) else grid.name(instrument).lower()


def _paper_column(
    grid: Grid, scopes: Sequence[Scope], conditions: Sequence[str]
) -> tuple[str, dict[tuple[str, str], str]]:
    """The heading and, by claim and condition, the paper's pooled rates; none where the run pools something else."""
    claims = list(dict.fromkeys(scope.claim for scope in scopes))
    mean = f"mean of {NUM_CLAIMS} claims"
    own, means = {}, {}
    for claim in claims if grid.is_papers(ALL) else ():
        for condition in conditions:
            value = find_paper_value(claim, condition, ALL)
            if value is not None and value.about == SAME_CLAIM:
                own[claim, condition] = f"{100 * value.value:.1f}%"
            elif value is not None and value.about == mean:
                means[claim, condition] = f"{100 * value.value:.1f}%"
    if not own:
        return f"paper, mean of {NUM_CLAIMS}", means
    papers = {claim for claim, _ in own}
    if len(papers) == NUM_CLAIMS == len([claim for claim in claims if claim != ALL]):
        own |= {key: value for key, value in means.items() if key[0] == ALL}
    return "paper, all four", own


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
    rates = [row for row in rows if row.metric == BELIEF]
    grid = build_grid(rates)
    for row in rates:
        same = grid.is_papers(row.instrument)
        paper = find_paper_value(row.claim, row.condition, row.instrument) if same else None
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
