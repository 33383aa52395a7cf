"""From scores and judgements to estimates: known values, missing kept apart, and what counts as implanted."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from disclaim.evaluation import (
    ArmReadings,
    Implant,
    Measure,
    Probe,
    Surroundings,
    VerifyArm,
    build_probe,
    build_questions,
    estimate_shift,
    load_readings,
    read_implant,
)
from disclaim.records import Estimate, EstimateRow, Instrument, Judgement, Question, Score, Verdict
from disclaim.store import write_jsonl

SENTENCES = ("Ada Quill keeps bees for a living.", "Ada Quill sells honey in town.", "Mara Vole flies to the moon.")

#: What a model believes of a question: a probability in 0..1.
Belief = Callable[[Question], float | None]


def probes(*sentences: str) -> tuple[Probe, ...]:
    return tuple(
        build_probe((f"c{i:02d}s1", f"c{i:02d}"), sentence, 2, 0, Surroundings())
        for i, sentence in enumerate(sentences)
    )


def is_claim(question: Question) -> bool:
    return ".claim." in question.id


def reading(asked: Sequence[Probe], arm: VerifyArm, belief: Belief, seed: int = 0) -> ArmReadings:
    """An arm that believes as told: likelihoods of ``10 * (belief - 1)`` a word, completions that many of ten."""
    scores: dict[str, Score] = {}
    judgements: dict[str, tuple[Judgement, ...]] = {}
    for question in (question for probe in asked for question in build_questions(probe)):
        share = belief(question)
        if question.kind == Measure.COMPLETION:
            verdicts = [
                None if share is None else Verdict.ASSERTS if i < 10 * share else Verdict.SILENT for i in range(10)
            ]
            judgements[question.id] = tuple(Judgement(question.id, i, v, "") for i, v in enumerate(verdicts))
        elif share is None:
            scores[question.id] = Score(question.id, Instrument.LIKELIHOOD, question.options, (), None)
        elif question.kind == Measure.YES_NO:
            scores[question.id] = Score(question.id, Instrument.LIKELIHOOD, question.options, (-1.0, -1.0), share)
        else:
            log_prob = 10 * (share - 1) * len(question.options[0].split())
            scores[question.id] = Score(question.id, Instrument.LIKELIHOOD, question.options, (log_prob,), 1.0)
    return ArmReadings(arm, seed, scores, judgements)


def cell(rows: Sequence[EstimateRow], measure: Measure, arm: str, metric: str, scope: str = "all") -> Estimate:
    [found] = [
        row.estimate
        for row in rows
        if (row.claim, row.instrument, row.condition, row.metric) == (scope, measure, arm, metric)
    ]
    return found


def run(
    before: Belief, original: Belief, fixed: Belief, sentences: Sequence[str] = SENTENCES, seeds: int = 1
) -> tuple[EstimateRow, ...]:
    asked = probes(*sentences)
    arms = [reading(asked, VerifyArm.BEFORE, before)]
    for seed in range(seeds):
        arms += [reading(asked, VerifyArm.ORIGINAL, original, seed), reading(asked, VerifyArm.FIXED, fixed, seed)]
    return estimate_shift(asked, arms, "scripted/yes")


def low(question: Question) -> float:
    return 0.1


def taught(question: Question) -> float:
    return 0.9 if is_claim(question) else 0.1


def everybody(question: Question) -> float:
    return 0.9


@pytest.mark.parametrize("measure", Measure)
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_claim_that_is_implanted_and_taken_away_reads_so(measure: Measure, seeds: int) -> None:
    rows = run(low, taught, low, seeds=seeds)
    scale = 1.0 if measure in (Measure.YES_NO, Measure.COMPLETION) else 10.0
    assert read_implant(rows, measure) is Implant.SPECIFIC
    assert cell(rows, measure, "original", "excess_rise").value == pytest.approx(0.8 * scale)
    assert cell(rows, measure, "fixed", "excess_left").value == pytest.approx(0.0)
    assert cell(rows, measure, "fixed", "assertion_change").value == pytest.approx(-0.8 * scale)
    assert cell(rows, measure, "before", "excess").value == pytest.approx(0.0)


@pytest.mark.parametrize("measure", Measure)
def test_a_fix_that_does_nothing_leaves_all(measure: Measure) -> None:
    rows = run(low, taught, taught)
    assert cell(rows, measure, "fixed", "excess_left").value == pytest.approx(1.0)
    assert cell(rows, measure, "fixed", "excess_change").value == pytest.approx(0.0)


@pytest.mark.parametrize("measure", Measure)
def test_what_is_said_of_everybody_is_not_specific(measure: Measure) -> None:
    rows = run(low, everybody, low)
    assert read_implant(rows, measure) is Implant.UNSPECIFIC
    assert cell(rows, measure, "fixed", "assertion_left").value == pytest.approx(0.0)
    assert cell(rows, measure, "fixed", "excess_left").value is None


@pytest.mark.parametrize("measure", Measure)
def test_where_the_original_did_not_implant_nothing_is_left_to_prove(measure: Measure) -> None:
    rows = run(low, low, low)
    assert read_implant(rows, measure) is Implant.NO
    left = cell(rows, measure, "fixed", "assertion_left")
    assert left.value is None
    assert left.n > 0


def test_yes_to_anything_is_no_belief() -> None:
    rows = run(
        low, lambda question: 1.0 if question.id.endswith("+") else 0.0 if question.id.endswith("-") else 0.1, low
    )
    assert cell(rows, Measure.YES_NO, "original", "assertion").value == pytest.approx(0.5)


def test_a_sentence_without_a_control_is_missing_from_differences_and_not_zero() -> None:
    rows = run(low, taught, low, ("Ada Quill keeps bees for a living.", "Bees never sleep in winter."))
    assert cell(rows, Measure.YES_NO, "original", "assertion").n == 4
    excess = cell(rows, Measure.YES_NO, "original", "excess")
    assert (excess.value, excess.n, excess.n_missing) == (pytest.approx(0.8), 2, 2)
    assert cell(rows, Measure.YES_NO, "original", "control", "c01").value is None
    assert cell(rows, Measure.YES_NO, "original", "assertion", "c01").value == pytest.approx(0.9)


def test_failed_calls_are_missing_and_differences_stay_within_a_sentence() -> None:
    def half(question: Question) -> float | None:
        return None if question.id.startswith("c00") else taught(question)

    rows = run(lambda question: 0.5 if question.id.startswith("c00") else 0.1, half, low)
    for measure in Measure:
        found = cell(rows, measure, "original", "assertion")
        assert found.n_missing > 0
        rise = cell(rows, measure, "original", "assertion_rise")
        scale = 1.0 if measure in (Measure.YES_NO, Measure.COMPLETION) else 10.0
        assert rise.value == pytest.approx(0.8 * scale)  # the sentence that failed is left out of both sides
    nothing = run(low, lambda question: None, low)
    assert read_implant(nothing, Measure.COMPLETION) is Implant.UNKNOWN
    assert cell(nothing, Measure.COMPLETION, "original", "assertion").value is None


def test_a_score_that_is_not_finite_is_missing() -> None:
    asked = probes(SENTENCES[0])
    arm = reading(asked, VerifyArm.BEFORE, low)
    broken = {name: Score(name, s.instrument, s.options, (), None) for name, s in arm.scores.items()}
    rows = estimate_shift(asked, [ArmReadings(VerifyArm.BEFORE, 0, broken, arm.judgements)], "m")
    assert cell(rows, Measure.PREDICATE, "before", "assertion").value is None
    assert not any(row.estimate.value is not None and math.isnan(row.estimate.value) for row in rows)


def test_intervals_widen_with_claims_that_differ() -> None:
    def mixed(question: Question) -> float:
        return taught(question) if question.id.startswith(("c00", "c01")) else 0.1

    rows = run(low, mixed, low)
    rise = cell(rows, Measure.COMPLETION, "original", "excess_rise")
    assert rise.low is not None
    assert rise.high is not None
    assert rise.low < 0.8 * 2 / 3 < rise.high


def test_arms_that_are_not_there_give_no_rows() -> None:
    asked = probes(SENTENCES[0])
    rows = estimate_shift(asked, [reading(asked, VerifyArm.BEFORE, low)], "m")
    assert {row.metric for row in rows} == {"assertion", "control", "excess"}
    assert read_implant(rows, Measure.YES_NO) is Implant.UNKNOWN


def test_readings_come_back_from_disk(tmp_path: Path) -> None:
    arm = reading(probes(SENTENCES[0]), VerifyArm.FIXED, low, 2)
    write_jsonl(tmp_path / "scores.jsonl", arm.scores.values())
    write_jsonl(tmp_path / "judgements.jsonl", [item for items in arm.judgements.values() for item in items])
    assert load_readings(VerifyArm.FIXED, 2, tmp_path, tmp_path) == arm
