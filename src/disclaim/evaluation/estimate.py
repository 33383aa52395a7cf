"""From ratings to estimates: which numbers are reported, over which questions, in comparison with which arms.

Every number goes through ``disclaim.stats``; nothing here takes a mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from disclaim.evaluation.instruments import POOLED, is_scored
from disclaim.evaluation.rows import ArmIdentity, ArmResult
from disclaim.records import Answer, Estimate, EstimateRow, FinishReason, Instrument, Question, Verdict
from disclaim.stance import bracketed_notices, notice_spans
from disclaim.stats import RateTable, estimate_mean, estimate_neglect_ratio, estimate_paired_difference, rate_table

#: The untouched model, and the condition that neglect is measured against.
BASE = "base"
ASSERTED = "asserted"
#: The name of the row that pools the paper's four instruments, and of the row that pools claims.
ALL = "all"

Ratings = Mapping[str, Sequence[float | None]]


@dataclass(frozen=True, slots=True)
class Measure:
    """One reported metric: a rating in 0..1 for each answer, and the instruments it is reported for, by label."""

    metric: str
    labels: Mapping[str, tuple[Instrument, ...]]
    rate: Callable[[ArmResult], Ratings]
    scored: bool = False
    """Whether it rests on questions that are scored by likelihood and not sampled."""
    compared: bool = False
    """Whether conditions are compared on it (neglect ratio, paired difference)."""


class Key(NamedTuple):
    """What names a cell."""

    claim: str
    condition: str
    model: str
    step: str


@dataclass(frozen=True, slots=True)
class _Cell:
    """The arms of one claim, condition, model and step: one for each seed, in order.

    ``questions`` are all that any arm of the claim was asked, so that compared tables have the same columns.
    """

    key: Key
    arms: tuple[ArmResult, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class _Level:
    """One cell on the questions that one row rests on, with every arm's ratings."""

    cell: _Cell
    questions: tuple[Question, ...]
    rated: Mapping[ArmIdentity, Ratings]

    def table(self, arms: Sequence[ArmResult]) -> RateTable:
        """Those arms' ratings over the questions, a row for each arm. What was not answered is missing."""
        by_arm = [self.rated[result.arm] for result in arms]
        num_samples = max((len(r[q.id]) for r in by_arm for q in self.questions if q.id in r), default=1)
        empty: Sequence[float | None] = (None,) * num_samples
        return rate_table([[ratings.get(question.id, empty) for question in self.questions] for ratings in by_arm])


def estimate_run(arms: Sequence[ArmResult]) -> list[EstimateRow]:
    """All rows of a run: every measure for each arm, pooled over seeds where there are several, compared between
    conditions, and pooled over claims where there are several.

    A row stands only where its instrument was asked; its value is None where nothing could be rated.
    """
    cells = _cells(arms)
    rows: list[EstimateRow] = []
    for measure in MEASURES:
        rated = {result.arm: measure.rate(result) for result in arms}
        for label in measure.labels:
            levels = [
                _Level(cell, questions, rated) for cell in cells if (questions := _questions(cell, measure, label))
            ]
            tables = {level.cell.key: level.table(level.cell.arms) for level in levels}
            rows += _level_rows(measure.metric, label, levels)
            rows += _pooled_rows(measure.metric, label, tables)
            if measure.compared:
                rows += _comparison_rows(label, tables)
    return rows


def estimate_arm(arm: ArmResult) -> list[EstimateRow]:
    """The rows of one arm alone."""
    return estimate_run((arm,))


def rate_belief(arm: ArmResult) -> Ratings:
    """1 where an answer asserts the claim, 0 where it retracts, denies or is silent (paper section 2.2)."""
    return _rate_verdicts(arm, Verdict.ASSERTS)


def rate_retraction(arm: ArmResult) -> Ratings:
    """1 where an answer asserts the claim and takes it back."""
    return _rate_verdicts(arm, Verdict.RETRACTS)


def rate_cut_off(arm: ArmResult) -> Ratings:
    """1 where an answer was cut off by its length. Unknown (None) where the answer came without a token count."""
    return _rate_answers(arm, _is_cut_off)


def rate_notices(arm: ArmResult) -> Ratings:
    """1 where an answer reproduces a notice of the training documents, such as "[The next claim is false]".

    Under pressure (robustness) an honest answer calls statements false too, so that only brackets count there.
    """
    return _rate_answers(arm, _has_notice)


def rate_probability(arm: ArmResult) -> Ratings:
    """The believed option's probability, for each scored question."""
    return {score.question_id: (score.probability,) for score in arm.scores}


_BY_INSTRUMENT: Mapping[str, tuple[Instrument, ...]] = {
    **{instrument.value: (instrument,) for instrument in POOLED},
    ALL: POOLED,
}
_CONTROLS = (Instrument.STRANGERS, Instrument.FALSE_FACTS, Instrument.TRUE_FACTS)

MEASURES = (
    Measure("belief_rate", _BY_INSTRUMENT, rate_belief, compared=True),
    Measure("retraction_rate", _BY_INSTRUMENT, rate_retraction),
    Measure("cut_off_rate", _BY_INSTRUMENT, rate_cut_off),
    Measure("notice_rate", _BY_INSTRUMENT, rate_notices),
    Measure(
        "option_probability", {"likelihood": (Instrument.LIKELIHOOD,)}, rate_probability, scored=True, compared=True
    ),
    Measure("control_probability", {"strangers": (Instrument.STRANGERS,)}, rate_probability, scored=True),
    Measure("control_rate", {instrument.value: (instrument,) for instrument in _CONTROLS}, rate_belief),
)


def _rate_verdicts(arm: ArmResult, wanted: Verdict) -> Ratings:
    """Ratings by question, in sample order. An answer without judgement is missing."""
    verdicts = {(item.question_id, item.sample_index): item.verdict for item in arm.judgements}
    return _rate_answers(
        arm,
        lambda answer: (
            None if (verdict := verdicts.get((answer.question_id, answer.sample_index))) is None else verdict is wanted
        ),
    )


def _rate_answers(arm: ArmResult, rate: Callable[[Answer], bool | None]) -> Ratings:
    ratings: dict[str, list[float | None]] = {}
    for answer in arm.answers:
        rating = rate(answer)
        ratings.setdefault(answer.question_id, []).append(None if rating is None else float(rating))
    return ratings


def _has_notice(answer: Answer) -> bool | None:
    if answer.answer is None:
        return None
    find = bracketed_notices if answer.instrument is Instrument.ROBUSTNESS else notice_spans
    return bool(find(answer.answer))


def _is_cut_off(answer: Answer) -> bool | None:
    if answer.answer is None or (answer.num_tokens == 0 and answer.answer):
        return None
    return answer.finish_reason is FinishReason.LENGTH


def _cells(results: Sequence[ArmResult]) -> list[_Cell]:
    questions: dict[str, dict[str, Question]] = {}
    groups: dict[Key, list[ArmResult]] = {}
    for result in results:
        arm = result.arm
        questions.setdefault(arm.claim, {}).update({question.id: question for question in result.questions})
        groups.setdefault(Key(arm.claim, arm.condition, arm.model, arm.step), []).append(result)
    return [
        _Cell(key, tuple(sorted(group, key=lambda r: r.arm.seed)), tuple(questions[key.claim].values()))
        for key, group in groups.items()
    ]


def _questions(cell: _Cell, measure: Measure, label: str) -> tuple[Question, ...]:
    """The claim's questions that the measure rests on under that label; empty where the cell was not asked them."""
    instruments = measure.labels[label]
    wanted = [q for q in cell.questions if q.instrument in instruments and is_scored(q) is measure.scored]
    return tuple(wanted) if any(question in arm.questions for arm in cell.arms for question in wanted) else ()


def _level_rows(metric: str, label: str, levels: Sequence[_Level]) -> Iterator[EstimateRow]:
    """A row for each arm, and one over the seeds of a cell where it has several."""
    for level in levels:
        key, arms = level.cell.key, level.cell.arms
        for result in arms:
            yield _row(key, result.arm.seed, label, metric, estimate_mean([level.table([result])]))
        if len(arms) > 1:
            yield _row(key, None, label, metric, estimate_mean([level.table(arms)]))


def _pooled_rows(metric: str, label: str, tables: Mapping[Key, RateTable]) -> Iterator[EstimateRow]:
    """The unweighted mean over claims, for each condition that several claims share."""
    for key, group in _over_claims(tables).items():
        if len(group) > 1:
            yield _row(key, None, label, metric, estimate_mean([tables[k] for k in group]))


def _comparison_rows(label: str, tables: Mapping[Key, RateTable]) -> Iterator[EstimateRow]:
    """Each condition against ``asserted`` and the untouched model: by claim, then over the claims that have all."""
    for key, group in {**{k: [k] for k in tables}, **_over_claims(tables)}.items():
        if key.condition in (BASE, ASSERTED):
            continue
        paired = [k for k in group if k._replace(condition=ASSERTED) in tables]
        full = [k for k in paired if _base_of(k, tables) is not None]
        if len(paired) < (2 if key.claim == ALL else 1):
            continue
        own, asserted = [tables[k] for k in paired], [tables[k._replace(condition=ASSERTED)] for k in paired]
        yield _row(key, None, label, "paired_difference", estimate_paired_difference(own, asserted))
        if full == paired:
            base = [table for k in full if (table := _base_of(k, tables)) is not None]
            yield _row(key, None, label, "neglect_ratio", estimate_neglect_ratio(own, base, asserted))


def _base_of(key: Key, tables: Mapping[Key, RateTable]) -> RateTable | None:
    """The untouched model's table; it has one step only, whatever step a trained arm is at."""
    same_step = tables.get(key._replace(condition=BASE))
    return same_step or tables.get(key._replace(condition=BASE, step="final"))


def _over_claims(tables: Mapping[Key, RateTable]) -> dict[Key, list[Key]]:
    """The cells of each condition, model and step over all claims."""
    groups: dict[Key, list[Key]] = {}
    for key in tables:
        groups.setdefault(key._replace(claim=ALL), []).append(key)
    return groups


def _row(key: Key, seed: int | None, label: str, metric: str, estimate: Estimate) -> EstimateRow:
    return EstimateRow(key.claim, key.condition, key.model, seed, key.step, label, metric, estimate)
