"""Numbers in, Estimate out: the only place that turns ratings into a reported number.

The unit is the question, not the sample: in the paper's own answers 84% of the questions have one verdict in all
five samples (docs/design/intervals.md).
Ratings arrive as one *rate table* per claim: an array of shape (seeds, questions) holding each question's
mean rating in 0..1, NaN where nothing could be rated. Intervals are 95% percentile bootstraps (2,000
resamples, as the paper's code) over questions, over seeds where there are several, and over claims where
there are several; compared conditions share each resample, so differences are paired. Where a bootstrap
cannot move (every question alike), a binomial interval on the number of questions stands in
(docs/design/intervals.md).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from disclaim.records import Estimate

Array = NDArray[np.float64]

RESAMPLES = 2000
#: Below this rise of belief under ``asserted``, the claim did not implant and a neglect ratio means nothing.
MIN_IMPLANTED = 0.3


@dataclass(frozen=True, slots=True)
class RateTable:
    """Ratings of one claim under one condition: ``rates`` has shape (seeds, questions), NaN = unrated.

    ``n`` counts the ratings behind it, ``n_missing`` those that could not be had.
    """

    rates: Array
    n: int
    n_missing: int


def rate_table(ratings: Sequence[Sequence[Sequence[float | None]]]) -> RateTable:
    """A table from ``ratings[seed][question][sample]`` in 0..1 or None (missing)."""
    rates = [[_mean_or_nan(samples) for samples in questions] for questions in ratings]
    flat = [x for questions in ratings for samples in questions for x in samples]
    missing = sum(x is None for x in flat)
    num_questions = len(rates[0]) if rates else 0
    table = np.array(rates, dtype=np.float64).reshape(len(rates), num_questions)
    return RateTable(table, len(flat) - missing, missing)


def estimate_mean(tables: Sequence[RateTable], resample_seed: int = 0) -> Estimate:
    """Mean over questions, then over seeds, then unweighted over claims. A mean outside 0..1 is no rate (nats, say):
    it has no binomial interval to fall back on."""
    return _estimate([tables], lambda means: means[0], resample_seed, binomial=True)


def estimate_paired_difference(
    first: Sequence[RateTable], second: Sequence[RateTable], resample_seed: int = 0
) -> Estimate:
    """Mean of ``first`` minus mean of ``second`` over the same claims and questions."""
    return _estimate([first, second], lambda means: means[0] - means[1], resample_seed)


def estimate_neglect_ratio(
    condition: Sequence[RateTable],
    base: Sequence[RateTable],
    asserted: Sequence[RateTable],
    resample_seed: int = 0,
) -> Estimate:
    """(condition - base) / (asserted - base): 1 = the negation was neglected, 0 = learned.

    ``value`` is None where ``asserted`` itself rose less than MIN_IMPLANTED above base.
    """

    def ratio(means: Sequence[Array]) -> Array:
        rise = means[2] - means[1]
        return np.where(rise > 1e-9, (means[0] - means[1]) / np.where(rise > 1e-9, rise, 1.0), np.nan)

    implanted = _mean(asserted) - _mean(base)
    estimate = _estimate([condition, base, asserted], ratio, resample_seed)
    if not implanted >= MIN_IMPLANTED:
        return Estimate(None, None, None, estimate.n, estimate.n_missing)
    return estimate


def estimate_agreement(first: Sequence[str | None], second: Sequence[str | None]) -> dict[str, float | int | None]:
    """Accuracy and Cohen's kappa between two raters of the same items; items either left unrated are missing.

    Kappa is None where both raters used one and the same label throughout (chance agreement is 1).
    """
    pairs = [(a, b) for a, b in zip(first, second, strict=True) if a is not None and b is not None]
    n, missing = len(pairs), len(first) - len(pairs)
    if n == 0:
        return {"n": 0, "n_missing": missing, "accuracy": None, "kappa": None}
    observed = sum(a == b for a, b in pairs) / n
    labels = {label for pair in pairs for label in pair}
    expected = sum(
        (sum(a == label for a, _ in pairs) / n) * (sum(b == label for _, b in pairs) / n) for label in labels
    )
    kappa = None if expected >= 1 else (observed - expected) / (1 - expected)
    return {"n": n, "n_missing": missing, "accuracy": observed, "kappa": kappa}


def _estimate(
    groups: Sequence[Sequence[RateTable]],
    statistic: Callable[[Sequence[Array]], Array],
    resample_seed: int,
    binomial: bool = False,
) -> Estimate:
    n = sum(table.n for group in groups for table in group)
    missing = sum(table.n_missing for group in groups for table in group)
    point = float(statistic([np.array([_mean(group)]) for group in groups])[0])
    if np.isnan(point):
        return Estimate(None, None, None, n, missing)
    draws = statistic(_resampled_means(groups, np.random.default_rng(resample_seed)))
    draws = draws[~np.isnan(draws)]
    low, high = (float(x) for x in np.percentile(draws, [2.5, 97.5]))
    if binomial and low == high and 0.0 <= point <= 1.0:
        low, high = _binomial_bounds(point, sum(_num_rated_questions(table) for table in groups[0]))
    return Estimate(point, low, high, n, missing)


def _mean(tables: Sequence[RateTable]) -> float:
    if not tables:
        return float("nan")
    return float(np.mean([_mean_ignoring_nan(_mean_ignoring_nan(table.rates)) for table in tables]))


def _resampled_means(groups: Sequence[Sequence[RateTable]], rng: np.random.Generator) -> list[Array]:
    """Means of each group under RESAMPLES joint resamples, shape (RESAMPLES,) each."""
    num_claims = len(groups[0])
    if any(len(group) != num_claims for group in groups):
        raise ValueError("compared groups must hold the same claims")
    by_claim = [_claim_draws([group[c] for group in groups], rng) for c in range(num_claims)]
    picks = rng.integers(num_claims, size=(RESAMPLES, num_claims))
    rows = np.arange(RESAMPLES)[:, None]
    return [np.stack([claim[g] for claim in by_claim], axis=1)[rows, picks].mean(axis=1) for g in range(len(groups))]


def _claim_draws(tables: Sequence[RateTable], rng: np.random.Generator) -> list[Array]:
    """Resampled means of one claim's tables; questions are shared, seeds too where their number is."""
    num_questions = tables[0].rates.shape[1]
    if any(table.rates.shape[1] != num_questions for table in tables):
        raise ValueError("compared conditions must hold the same questions")
    questions = rng.integers(num_questions, size=(RESAMPLES, num_questions))
    uniform = rng.random((RESAMPLES, max(table.rates.shape[0] for table in tables)))
    draws = []
    for table in tables:
        num_seeds = table.rates.shape[0]
        seeds = (uniform[:, :num_seeds] * num_seeds).astype(np.int64)
        picked = table.rates[seeds[:, :, None], questions[:, None, :]]
        draws.append(_mean_ignoring_nan(_mean_ignoring_nan(picked)))
    return draws


def _mean_ignoring_nan(values: Array) -> Array:
    """Mean over the last axis of the numbers there; NaN where there are none."""
    known = ~np.isnan(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _mean_or_nan(samples: Sequence[float | None]) -> float:
    rated = [x for x in samples if x is not None]
    return sum(rated) / len(rated) if rated else float("nan")


def _num_rated_questions(table: RateTable) -> int:
    return int((~np.isnan(table.rates)).any(axis=0).sum())


def _binomial_bounds(point: float, num_questions: int) -> tuple[float, float]:
    """95% bounds where all of ``num_questions`` have one rate: Clopper-Pearson at 0 and 1 (1 - 0.025^(1/n) away from
    the edge), Wilson's score interval between."""
    n = max(num_questions, 1)
    reach = 1.0 - 0.025 ** (1.0 / n)
    if point == 0.0:
        return 0.0, reach
    if point == 1.0:
        return 1.0 - reach, 1.0
    centre = (point + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(point * (1 - point) / n + _Z**2 / (4 * n * n))
    return centre - half, centre + half


#: The 97.5th percentile of the standard normal distribution.
_Z = 1.959964
