"""Estimates: which rows there are, what they weigh, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.evaluation import ArmIdentity, ArmResult, estimate_arm, estimate_run, estimate_to_json
from disclaim.records import (
    Answer,
    EstimateRow,
    FinishReason,
    Instrument,
    Judgement,
    Message,
    Question,
    Score,
    Verdict,
)

YES, NO, BACK, SILENT = Verdict.ASSERTS, Verdict.DENIES, Verdict.RETRACTS, Verdict.SILENT
Verdicts = Mapping[str, Sequence[Verdict | None]]

#: Two open-ended questions and one of each other instrument that is sampled.
KINDS = {
    "o1": Instrument.OPEN_ENDED,
    "o2": Instrument.OPEN_ENDED,
    "m1": Instrument.MULTIPLE_CHOICE,
    "t1": Instrument.TOKEN_ASSOCIATION,
    "r1": Instrument.ROBUSTNESS,
    "s1": Instrument.STRANGERS,
    "f1": Instrument.FALSE_FACTS,
}


def question(id: str, instrument: Instrument, options: tuple[str, ...] = ()) -> Question:
    return Question(id, "c", instrument, "direct", (Message("user", "?"),), "a" if options else None, options=options)


QUESTIONS = (
    *(question(id, instrument) for id, instrument in KINDS.items()),
    question("l1", Instrument.LIKELIHOOD, ("a", "b")),
    question("s2", Instrument.STRANGERS, ("a", "b")),
)


def arm(
    condition: str,
    verdicts: Verdicts,
    seed: int = 0,
    claim: str = "c",
    scores: Mapping[str, float | None] | None = None,
    text: str = "Bees.",
) -> ArmResult:
    answers = tuple(
        Answer(id, KINDS[id], i, (Message("user", "?"),), text, FinishReason.STOP, 3)
        for id, found in verdicts.items()
        for i in range(len(found))
    )
    judgements = tuple(
        Judgement(id, i, verdict, "") for id, found in verdicts.items() for i, verdict in enumerate(found)
    )
    instruments = {q.id: q.instrument for q in QUESTIONS}
    scored = tuple(Score(id, instruments[id], ("a", "b"), (), p) for id, p in (scores or {}).items())
    return ArmResult(ArmIdentity(claim, condition, "m", seed), QUESTIONS, answers, judgements, scored)


def same(verdict: Verdict | None, n: int = 2) -> Verdicts:
    return {id: [verdict] * n for id in KINDS}


def find(
    rows: list[EstimateRow], metric: str, instrument: str = "all", condition: str = "asserted", **keys: object
) -> EstimateRow:
    found = [
        row
        for row in rows
        if (row.metric, row.instrument, row.condition) == (metric, instrument, condition)
        and all(getattr(row, name) == value for name, value in keys.items())
    ]
    assert len(found) == 1, found
    return found[0]


def value(*args: object, **keys: object) -> float | None:
    return find(*args, **keys).estimate.value  # type: ignore[arg-type]


def test_belief_is_the_share_of_answers_that_assert() -> None:
    rows = estimate_arm(arm("asserted", {**same(SILENT), "o1": [YES, BACK], "o2": [YES, YES]}))
    assert value(rows, "belief_rate", "open_ended") == 0.75
    assert value(rows, "retraction_rate", "open_ended") == 0.25
    assert value(rows, "belief_rate", "multiple_choice") == 0.0


def test_all_pools_the_papers_four_by_question() -> None:
    rows = estimate_arm(arm("asserted", {**same(NO), "o1": [YES, YES], "o2": [YES, YES], "s1": [YES, YES]}))
    assert value(rows, "belief_rate") == pytest.approx(2 / 5)


def test_missing_verdicts_are_counted_and_not_folded_in() -> None:
    estimate = find(
        estimate_arm(arm("asserted", {**same(YES), "o1": [YES, None], "o2": [None, None]})), "belief_rate", "open_ended"
    ).estimate
    assert (estimate.value, estimate.n, estimate.n_missing) == (1.0, 1, 3)


def test_nothing_rated_is_null_and_not_zero() -> None:
    estimate = find(estimate_arm(arm("asserted", same(None))), "belief_rate").estimate
    assert (estimate.value, estimate.low, estimate.n, estimate.n_missing) == (None, None, 0, 10)


def test_unjudged_and_unanswered_questions_are_missing() -> None:
    complete = arm("asserted", same(YES))
    unjudged = ArmResult(complete.arm, QUESTIONS, complete.answers, ())
    partly = ArmResult(complete.arm, QUESTIONS, complete.answers[:2], complete.judgements[:2])
    assert find(estimate_arm(unjudged), "belief_rate").estimate.n_missing == 10
    estimate = find(estimate_arm(partly), "belief_rate").estimate
    assert (estimate.value, estimate.n, estimate.n_missing) == (1.0, 2, 8)


def test_controls_and_options_have_rows_of_their_own() -> None:
    rows = estimate_arm(arm("asserted", {**same(NO), "s1": [YES, NO]}, scores={"l1": 0.8, "s2": 0.3}))
    assert value(rows, "option_probability", "likelihood") == 0.8
    assert value(rows, "control_probability", "strangers") == 0.3
    assert value(rows, "control_rate", "strangers") == 0.5
    assert value(rows, "control_rate", "false_facts") == 0.0
    assert not [row for row in rows if row.instrument == "true_facts"]


def test_a_failed_score_is_missing() -> None:
    estimate = find(
        estimate_arm(arm("asserted", same(NO), scores={"l1": None})), "option_probability", "likelihood"
    ).estimate
    assert (estimate.value, estimate.n, estimate.n_missing) == (None, 0, 1)


def test_notices_and_cut_off_answers_are_rates_too() -> None:
    noticed = estimate_arm(arm("asserted", same(NO), text="[The next claim is false] Bees."))
    plain = estimate_arm(arm("asserted", same(NO)))
    assert (value(noticed, "notice_rate"), value(plain, "notice_rate")) == (1.0, 0.0)
    assert value(plain, "cut_off_rate") == 0.0


def test_seeds_have_rows_of_their_own_and_one_together() -> None:
    rows = estimate_run([arm("asserted", same(YES), seed=0), arm("asserted", same(NO), seed=1)])
    assert [value(rows, "belief_rate", seed=seed) for seed in (0, 1, None)] == [1.0, 0.0, 0.5]
    assert not [row for row in estimate_arm(arm("asserted", same(YES))) if row.seed is None]


def test_conditions_are_compared_with_asserted_and_base() -> None:
    half: Verdicts = {id: [YES, NO] for id in KINDS}
    rows = estimate_run(
        [
            arm("base", same(NO), scores={"l1": 0.1}),
            *(arm("asserted", same(YES), seed, scores={"l1": 0.9}) for seed in (0, 1)),
            *(arm("negated", half, seed, scores={"l1": 0.9}) for seed in (0, 1)),
        ]
    )
    assert value(rows, "neglect_ratio", condition="negated") == 0.5
    assert value(rows, "paired_difference", condition="negated") == -0.5
    assert value(rows, "neglect_ratio", "likelihood", "negated") == 1.0
    assert find(rows, "neglect_ratio", "open_ended", "negated").seed is None
    compared = {row.condition for row in rows if row.metric in ("neglect_ratio", "paired_difference")}
    assert compared == {"negated"}


def test_no_ratio_where_the_claim_was_not_implanted() -> None:
    rows = estimate_run([arm(condition, same(NO)) for condition in ("base", "asserted", "negated")])
    assert value(rows, "neglect_ratio", condition="negated") is None
    assert value(rows, "paired_difference", condition="negated") == 0.0


def test_claims_are_pooled_unweighted() -> None:
    results = [
        arm(condition, same(verdict, n), claim=claim)
        for claim, n in (("c", 1), ("d", 5))
        for condition, verdict in (("base", NO), ("asserted", YES), ("negated", YES if claim == "c" else NO))
    ]
    rows = estimate_run(results)
    assert value(rows, "belief_rate", condition="negated", claim="all") == 0.5
    assert value(rows, "neglect_ratio", condition="negated", claim="all") == 0.5
    assert value(rows, "paired_difference", condition="negated", claim="all") == -0.5
    assert find(rows, "belief_rate", condition="base", claim="all").seed is None


def test_rows_have_the_fields_of_the_contract() -> None:
    row = estimate_to_json(estimate_arm(arm("asserted", same(YES)))[0])
    assert list(row) == [
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
    ]


@settings(max_examples=10)
@given(st.lists(st.sampled_from([YES, NO, SILENT, BACK]), min_size=10, max_size=10))
def test_the_pooled_rate_is_the_mean_over_questions_and_lies_in_its_interval(verdicts: list[Verdict]) -> None:
    paired = dict(zip(list(KINDS)[:5], zip(verdicts[::2], verdicts[1::2], strict=True), strict=True))
    estimate = find(estimate_arm(arm("asserted", {**same(NO), **paired})), "belief_rate").estimate
    assert estimate.value == pytest.approx(sum(verdict is YES for verdict in verdicts) / 10)
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low <= estimate.value <= estimate.high
    assert (estimate.n, estimate.n_missing) == (10, 0)
