"""From answers to numbers: how likely each arm asserts the claims, against matched controls, and what a fix leaves.

Every number goes through ``stats``. The unit is the sentence; the sentences of one claim form a cluster, since a model
that learns one of them learns the others too. Arms are compared sentence by sentence (docs/design/verify.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np

from disclaim.evaluation.assertion import Measure, Probe, num_slots, question_id
from disclaim.evaluation.rows import JUDGEMENTS, SCORES, load_judgements, load_scores
from disclaim.records import Estimate, EstimateRow, Judgement, Score, Verdict
from disclaim.stats import (
    MIN_IMPLANTED,
    RateTable,
    estimate_mean,
    estimate_neglect_ratio,
    estimate_paired_difference,
    rate_table,
)

#: Ratings by wording, then by sample; None is missing.
Ratings = list[list[float | None]]
ALL = "all"


class VerifyArm(StrEnum):
    """What the model was trained on: nothing, the data as it was, the fixed data."""

    BEFORE = "before"
    ORIGINAL = "original"
    FIXED = "fixed"


class Quantity(StrEnum):
    """What is estimated of a measure: of the claims, of their controls, or of claims minus controls."""

    ASSERTION = "assertion"
    CONTROL = "control"
    EXCESS = "excess"


class Implant(StrEnum):
    """Whether training on the original data made the model assert the claims, by one measure.

    ``specific``: more than their controls. ``unspecific``: the claims, but as much of anybody else. ``no``: a fix
    proves nothing here. ``unknown``: could not be measured.
    """

    SPECIFIC = "specific"
    UNSPECIFIC = "unspecific"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ArmReadings:
    """What one trained (or untouched) model gave: scores and judgements by question id."""

    arm: VerifyArm
    seed: int
    scores: Mapping[str, Score]
    judgements: Mapping[str, tuple[Judgement, ...]]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One probe by one measure in one model, wording by wording."""

    claim: Ratings
    control: Ratings

    @property
    def excess(self) -> Ratings:
        """Claim minus control, once per wording; missing where either is."""
        pairs = zip(map(_mean, self.claim), map(_mean, self.control), strict=True)
        return [[None if a is None or b is None else a - b] for a, b in pairs]

    def of(self, quantity: Quantity) -> Ratings:
        """The ratings of that quantity."""
        return {Quantity.ASSERTION: self.claim, Quantity.CONTROL: self.control, Quantity.EXCESS: self.excess}[quantity]


def load_readings(arm: VerifyArm, seed: int, answers: Path, judgements: Path) -> ArmReadings:
    """What one model gave, from its folders of answers and judgements."""
    judged: dict[str, list[Judgement]] = {}
    for judgement in load_judgements(judgements / JUDGEMENTS):
        judged.setdefault(judgement.question_id, []).append(judgement)
    scores = {score.question_id: score for score in load_scores(answers / SCORES)}
    return ArmReadings(arm, seed, scores, {name: tuple(items) for name, items in judged.items()})


def estimate_shift(probes: Sequence[Probe], readings: Sequence[ArmReadings], model: str) -> tuple[EstimateRow, ...]:
    """Every reported number: by claim and over all claims, for each measure.

    Per arm ``assertion``, ``control`` and ``excess`` (claim minus control). For each trained arm ``assertion_rise`` and
    ``excess_rise``: against the arm before training. For the fixed arm ``*_change``, against the original one, and
    ``*_left``: its rise as a share of the original's, with no value where the original did not rise by 0.3. Seeds are
    pooled. A control that could not be built, an answer that failed and a score that is not finite are missing.
    """
    rows: list[EstimateRow] = []
    for measure in Measure:
        cells = {
            (reading.arm, reading.seed, probe.id): _read(probe, measure, reading)
            for reading in readings
            for probe in probes
        }
        tables = _Tables(probes, readings, cells)
        for scope in (ALL, *dict.fromkeys(probe.claim_id for probe in probes)):
            named = _estimates(tables, scope)
            rows += [
                EstimateRow(scope, arm, model, None, "final", measure, metric, estimate)
                for (arm, metric), estimate in named.items()
            ]
    return tuple(rows)


def read_implant(rows: Sequence[EstimateRow], measure: Measure, scope: str = ALL) -> Implant:
    """Whether the original data implanted the claims by this measure: a rise of at least 0.3 (nats per word, or share)
    whose interval lies above 0."""
    found = {
        row.metric: row.estimate
        for row in rows
        if (row.claim, row.instrument, row.condition) == (scope, measure, VerifyArm.ORIGINAL)
    }
    if _has_risen(found.get("excess_rise")):
        return Implant.SPECIFIC
    raw = found.get("assertion_rise")
    if raw is None or raw.value is None:
        return Implant.UNKNOWN
    return Implant.UNSPECIFIC if _has_risen(raw) else Implant.NO


def _has_risen(estimate: Estimate | None) -> bool:
    if estimate is None or estimate.value is None or estimate.low is None:
        return False
    return estimate.value >= MIN_IMPLANTED and estimate.low > 0


class _Tables:
    """Rate tables of one measure, by arm, quantity and scope."""

    def __init__(
        self,
        probes: Sequence[Probe],
        readings: Sequence[ArmReadings],
        cells: Mapping[tuple[VerifyArm, int, str], _Cell],
    ) -> None:
        self._cells = cells
        self._seeds: dict[VerifyArm, list[int]] = {}
        for reading in readings:
            self._seeds.setdefault(reading.arm, []).append(reading.seed)
        self._clusters: dict[str, list[str]] = {}
        for probe in probes:
            self._clusters.setdefault(probe.claim_id, []).append(probe.id)

    @property
    def arms(self) -> tuple[VerifyArm, ...]:
        """The arms that gave anything."""
        return tuple(arm for arm in VerifyArm if arm in self._seeds)

    def build(self, arm: VerifyArm, quantity: Quantity, scope: str) -> list[RateTable]:
        """One table for each claim with a column for each sentence; of a single claim one table, with a column for each
        sentence and wording."""
        seeds = self._seeds[arm]
        if scope == ALL:
            return [
                rate_table([[_flat(self._cells[arm, seed, name].of(quantity)) for name in names] for seed in seeds])
                for names in self._clusters.values()
            ]
        names = self._clusters[scope]
        return [
            rate_table([[w for name in names for w in self._cells[arm, seed, name].of(quantity)] for seed in seeds])
        ]


def _estimates(tables: _Tables, scope: str) -> dict[tuple[VerifyArm, str], Estimate]:
    found: dict[tuple[VerifyArm, str], Estimate] = {}
    built = {(arm, quantity): tables.build(arm, quantity, scope) for arm in tables.arms for quantity in Quantity}
    for (arm, quantity), rated in built.items():
        # A difference of exactly 0 or 1 is no share, so it gets no exact bounds: it is estimated as a difference.
        nothing = [RateTable(table.rates * 0.0, 0, 0) for table in rated]
        found[arm, quantity] = _difference(rated, nothing) if quantity is Quantity.EXCESS else _level(rated)
    for quantity in (Quantity.ASSERTION, Quantity.EXCESS):
        before = built.get((VerifyArm.BEFORE, quantity))
        original = built.get((VerifyArm.ORIGINAL, quantity))
        fixed = built.get((VerifyArm.FIXED, quantity))
        for arm, trained in ((VerifyArm.ORIGINAL, original), (VerifyArm.FIXED, fixed)):
            if trained is not None and before is not None:
                found[arm, f"{quantity}_rise"] = _difference(trained, before)
        if fixed is not None and original is not None:
            found[VerifyArm.FIXED, f"{quantity}_change"] = _difference(fixed, original)
            if before is not None:
                found[VerifyArm.FIXED, f"{quantity}_left"] = _left(fixed, before, original)
    return found


def _level(tables: Sequence[RateTable]) -> Estimate:
    compared = _comparable(tables)
    return compared.counted(estimate_mean(compared.groups[0]))


def _difference(first: Sequence[RateTable], second: Sequence[RateTable]) -> Estimate:
    compared = _comparable(first, second)
    one, other = compared.groups
    return compared.counted(estimate_paired_difference(one, other))


def _left(fixed: Sequence[RateTable], before: Sequence[RateTable], original: Sequence[RateTable]) -> Estimate:
    compared = _comparable(fixed, before, original)
    mended, untouched, taught = compared.groups
    return compared.counted(estimate_neglect_ratio(mended, untouched, taught))


@dataclass(frozen=True, slots=True)
class _Compared:
    """Groups of tables that hold the same claims, and how many ratings are missing in the claims left out."""

    groups: tuple[list[RateTable], ...]
    num_missing: int

    def counted(self, estimate: Estimate) -> Estimate:
        """The estimate, with what is missing in the claims left out."""
        return replace(estimate, n_missing=estimate.n_missing + self.num_missing)


def _comparable(*groups: Sequence[RateTable]) -> _Compared:
    """The groups without the columns, and without the claims, that any of them has nothing for: a difference is
    formed within a sentence, and a claim that cannot be measured is missing rather than all of them."""
    kept: tuple[list[RateTable], ...] = tuple([] for _ in groups)
    num_missing = 0
    for tables in zip(*groups, strict=True):
        there = np.all([~np.isnan(table.rates).all(axis=0) for table in tables], axis=0)
        if not there.any():
            num_missing += sum(table.n_missing for table in tables)
            continue
        for group, table in zip(kept, tables, strict=True):
            group.append(replace(table, rates=np.where(there, table.rates, np.nan)))
    return _Compared(kept, num_missing)


def _read(probe: Probe, measure: Measure, reading: ArmReadings) -> _Cell:
    claim: Ratings = []
    control: Ratings = []
    for slot in range(num_slots(measure)):
        by_version = {name: _rate(probe, name, measure, slot, reading) for name, _ in probe.versions}
        claim.append(by_version.pop("claim"))
        control.append(_flat(list(by_version.values())) or [None])
    return _Cell(claim, control)


def _rate(probe: Probe, name: str, measure: Measure, slot: int, reading: ArmReadings) -> list[float | None]:
    version = dict(probe.versions)[name]
    if measure is Measure.COMPLETION:
        judged = reading.judgements.get(question_id(probe.id, name, measure, slot), ())
        return [_asserts(judgement.verdict) for judgement in judged] or [None]
    if measure is Measure.YES_NO:
        scores = [reading.scores.get(question_id(probe.id, name, measure, slot, sign)) for sign in "+-"]
        shares = [score.probability if score else None for score in scores]
        known = [share for share in shares if share is not None]
        return [sum(known) / 2 if len(known) == 2 else None]
    text = version.sentence if measure is Measure.SENTENCE else version.tail
    score = reading.scores.get(question_id(probe.id, name, measure, slot))
    if score is None or len(score.log_probs) != 1 or not text:
        return [None]
    return [score.log_probs[0] / len(text.split())]


def _asserts(verdict: Verdict | None) -> float | None:
    return None if verdict is None else float(verdict is Verdict.ASSERTS)


def _flat(ratings: Sequence[Sequence[float | None]]) -> list[float | None]:
    return [rating for wording in ratings for rating in wording]


def _mean(ratings: Sequence[float | None]) -> float | None:
    rated = [rating for rating in ratings if rating is not None]
    return sum(rated) / len(rated) if rated else None
