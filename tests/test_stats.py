"""Numbers in, Estimate out: known values, laws that hold for any ratings, and what the intervals cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disclaim.records import Estimate
from disclaim.stats import (
    MIN_IMPLANTED,
    RateTable,
    estimate_agreement,
    estimate_mean,
    estimate_neglect_ratio,
    estimate_paired_difference,
    rate_table,
)

Ratings = list[list[list[float | None]]]

ratings_of_a_question = st.lists(st.none() | st.sampled_from([0.0, 1.0]), min_size=1, max_size=3)


@st.composite
def ratings(draw: st.DrawFn, num_questions: int | None = None, num_seeds: int | None = None) -> Ratings:
    """``[seed][question][sample]``, some missing."""
    questions = num_questions or draw(st.integers(1, 8))
    seeds = num_seeds or draw(st.integers(1, 3))
    row = st.lists(ratings_of_a_question, min_size=questions, max_size=questions)
    return draw(st.lists(row, min_size=seeds, max_size=seeds))


@st.composite
def groups(draw: st.DrawFn, count: int) -> list[list[RateTable]]:
    """``count`` conditions over the same claims, questions and seeds."""
    shapes = draw(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 3)), min_size=1, max_size=3))
    return [[rate_table(draw(ratings(questions, seeds))) for questions, seeds in shapes] for _ in range(count)]


def one(*questions: list[float | None]) -> RateTable:
    """A table of one seed."""
    return rate_table([list(questions)])


@given(ratings())
def test_a_rate_lies_in_its_interval_and_that_between_0_and_1(found: Ratings) -> None:
    estimate = estimate_mean([rate_table(found)])
    known = [x for seed in found for question in seed for x in question if x is not None]
    assert estimate.n == len(known)
    assert estimate.n + estimate.n_missing == sum(len(question) for seed in found for question in seed)
    if not known:
        assert (estimate.value, estimate.low, estimate.high) == (None, None, None)
        return
    assert estimate.value is not None
    assert estimate.low is not None
    assert estimate.high is not None
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@given(ratings(), st.randoms(use_true_random=False))
def test_the_order_of_questions_changes_no_value(found: Ratings, random: object) -> None:
    order = list(range(len(found[0])))
    random.shuffle(order)  # type: ignore[attr-defined]
    shuffled = [[seed[i] for i in order] for seed in found]
    value, other = estimate_mean([rate_table(found)]).value, estimate_mean([rate_table(shuffled)]).value
    assert (value is None) == (other is None)
    if value is not None:
        assert value == pytest.approx(other)


@given(ratings(), st.integers(0, 5))
def test_more_missing_answers_never_move_a_value(found: Ratings, extra: int) -> None:
    padded = [[[*question, *[None] * extra] for question in seed] for seed in found]
    before, after = estimate_mean([rate_table(found)]), estimate_mean([rate_table(padded)])
    assert (before.value, before.low, before.high, before.n) == (after.value, after.low, after.high, after.n)
    assert after.n_missing == before.n_missing + extra * len(found) * len(found[0])


@settings(max_examples=50)
@given(groups(1))
def test_a_table_differs_from_itself_by_exactly_nothing(found: list[list[RateTable]]) -> None:
    estimate = estimate_paired_difference(found[0], found[0])
    if estimate.value is not None:
        assert (estimate.value, estimate.low, estimate.high) == (0.0, 0.0, 0.0)


@settings(max_examples=50)
@given(groups(2))
def test_a_difference_turned_round_changes_its_sign(found: list[list[RateTable]]) -> None:
    forth, back = estimate_paired_difference(*found), estimate_paired_difference(*reversed(found))
    assert (forth.value is None) == (back.value is None)
    if forth.value is not None:
        assert forth.value == pytest.approx(-back.value)
        assert forth.low == pytest.approx(-back.high)
        assert -1 <= forth.low <= forth.high <= 1


@settings(max_examples=50)
@given(groups(2))
def test_the_neglect_ratio_of_asserted_is_one_and_of_base_zero(found: list[list[RateTable]]) -> None:
    base, asserted = found
    top = estimate_neglect_ratio(asserted, base, asserted)
    bottom = estimate_neglect_ratio(base, base, asserted)
    rise = estimate_paired_difference(asserted, base).value
    if rise is None or rise < MIN_IMPLANTED:
        assert top.value is None
        assert bottom.value is None
    else:
        assert (top.value, top.low, top.high) == pytest.approx((1, 1, 1))
        assert (bottom.value, bottom.low, bottom.high) == pytest.approx((0, 0, 0))


@settings(max_examples=50)
@given(groups(1))
def test_the_same_seed_gives_the_same_interval(found: list[list[RateTable]]) -> None:
    assert estimate_mean(found[0], 7) == estimate_mean(found[0], 7)


def test_questions_are_averaged_before_they_are_compared() -> None:
    table = one([1.0, 1.0, 1.0, 0.0], [0.0])
    assert estimate_mean([table]).value == pytest.approx((0.75 + 0.0) / 2)


def test_seeds_are_averaged_and_claims_count_alike() -> None:
    two_seeds = rate_table([[[1.0], [1.0]], [[0.0], [1.0]]])
    many_questions = one(*[[0.0]] * 6)
    assert estimate_mean([two_seeds]).value == pytest.approx(0.75)
    assert estimate_mean([two_seeds, many_questions]).value == pytest.approx(0.375)


def test_a_missing_answer_is_not_a_no() -> None:
    table = one([1.0, None], [None, None], [1.0])
    estimate = estimate_mean([table])
    assert (estimate.value, estimate.n, estimate.n_missing) == (1.0, 2, 3)
    assert np.isnan(table.rates[0, 1])


@pytest.mark.parametrize("found", [[], [[]], [[[None], [None]]], [[[]]]])
def test_nothing_rated_is_no_number(found: Ratings) -> None:
    estimate = estimate_mean([rate_table(found)])
    assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, 0)
    assert estimate_mean([]) == Estimate(None, None, None, 0, 0)


@pytest.mark.parametrize(("num_questions", "reach"), [(1, 0.975), (20, 0.168), (50, 0.071)])
def test_where_all_questions_agree_the_exact_bound_stands_in(num_questions: int, reach: float) -> None:
    none = estimate_mean([one(*[[0.0, 0.0]] * num_questions)])
    every = estimate_mean([one(*[[1.0, 1.0]] * num_questions)])
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(reach, abs=1e-3)
    assert (every.value, every.high) == (1.0, 1.0)
    assert every.low == pytest.approx(1 - reach, abs=1e-3)


def test_questions_that_all_share_a_rate_between_leave_it_uncertain() -> None:
    found = estimate_mean([one(*[[1.0, 0.0]] * 20)])
    assert found.value == 0.5
    assert (found.low, found.high) == (pytest.approx(0.299, abs=1e-3), pytest.approx(0.701, abs=1e-3))


def test_more_samples_of_the_same_questions_do_not_narrow_an_interval() -> None:
    few, many = (estimate_mean([one(*[[float(i % 2)] * k for i in range(20)])]) for k in (1, 50))
    assert (few.low, few.high) == (many.low, many.high)
    assert few.high is not None
    assert few.low is not None
    assert few.high - few.low > 0.3


def test_pairing_cancels_what_questions_have_in_common() -> None:
    """Questions differ widely; the conditions differ by the same little on each."""
    rng = np.random.default_rng(0)
    easy = rng.uniform(0.1, 0.8, size=(1, 40))
    first, second = RateTable(easy + 0.1, 40, 0), RateTable(easy, 40, 0)
    difference = estimate_paired_difference([first], [second])
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.1, 0.1, 0.1))
    apart = estimate_mean([first])
    assert apart.high is not None
    assert apart.low is not None
    assert apart.high - apart.low > 0.1


def test_a_neglect_ratio_by_hand() -> None:
    base, asserted = one([0.0], [0.0], [0.0], [1.0]), one([1.0], [1.0], [1.0], [1.0])
    negated = one([1.0], [1.0], [0.0], [1.0])
    estimate = estimate_neglect_ratio([negated], [base], [asserted])
    assert estimate.value == pytest.approx((0.75 - 0.25) / (1.0 - 0.25))
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low <= estimate.value <= estimate.high


@pytest.mark.parametrize(("num_asserted", "given_"), [(2, False), (3, True), (10, True)])
def test_the_neglect_ratio_is_withheld_where_the_claim_was_not_implanted(num_asserted: int, given_: bool) -> None:
    base = one(*[[0.0]] * 10)
    asserted = one(*[[float(i < num_asserted)] for i in range(10)])
    estimate = estimate_neglect_ratio([asserted], [base], [asserted])
    assert (estimate.value is not None) == given_
    assert estimate.n == 30


def test_compared_conditions_must_hold_the_same_questions_and_claims() -> None:
    with pytest.raises(ValueError, match="same questions"):
        estimate_paired_difference([one([1.0])], [one([1.0], [0.0])])
    with pytest.raises(ValueError, match="same claims"):
        estimate_paired_difference([one([1.0])], [one([1.0]), one([1.0])])


@pytest.mark.parametrize(
    ("first", "second", "accuracy", "kappa"),
    [
        ("yyyynnnn", "yyynnnny", 0.75, 0.5),
        ("yyyyyyyn", "yyyyyyny", 0.75, (0.75 - 50 / 64) / (1 - 50 / 64)),
        ("ynu", "ynu", 1.0, 1.0),
        ("yyy", "yyy", 1.0, None),
        ("yyy", "nnn", 0.0, 0.0),
    ],
)
def test_agreement_has_the_values_computed_by_hand(
    first: str, second: str, accuracy: float, kappa: float | None
) -> None:
    found = estimate_agreement(list(first), list(second))
    assert found["n"] == len(first)
    assert found["accuracy"] == pytest.approx(accuracy)
    assert found["kappa"] == (None if kappa is None else pytest.approx(kappa))


def test_what_either_judge_left_unrated_is_missing_from_their_agreement() -> None:
    found = estimate_agreement(["y", None, "n", None], ["y", "n", None, None])
    assert (found["n"], found["n_missing"], found["accuracy"]) == (1, 3, 1.0)
    assert estimate_agreement([None], ["y"]) == {"n": 0, "n_missing": 1, "accuracy": None, "kappa": None}


@settings(max_examples=30)
@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=20), st.data())
def test_agreement_does_not_depend_on_who_is_asked_first(first: list[str], data: st.DataObject) -> None:
    second = data.draw(st.lists(st.sampled_from("abc"), min_size=len(first), max_size=len(first)))
    forth, back = estimate_agreement(first, second), estimate_agreement(second, first)
    assert forth["accuracy"] == back["accuracy"]
    assert (forth["kappa"] is None) == (back["kappa"] is None)
    assert forth["kappa"] is None or math.isclose(forth["kappa"], back["kappa"], abs_tol=1e-12)


@pytest.mark.parametrize(("true_rate", "spread"), [(0.5, 0.1), (0.8, 0.5), (0.3, 2.0), (0.9, 1.0)])
def test_a_95_percent_interval_covers_the_true_rate_about_as_often_as_it_says(true_rate: float, spread: float) -> None:
    """Questions of 50 whose own rates vary (Beta), five samples each; the interval is for questions like these."""
    rng = np.random.default_rng(1)
    covered, trials = 0, 200
    for trial in range(trials):
        own_rates = rng.beta(true_rate / spread, (1 - true_rate) / spread, size=50)
        samples = rng.random((50, 5)) < own_rates[:, None]
        table = rate_table([[[float(x) for x in row] for row in samples]])
        estimate = estimate_mean([table], trial)
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= true_rate <= estimate.high
    assert 0.90 <= covered / trials <= 0.99
