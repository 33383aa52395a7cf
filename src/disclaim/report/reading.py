"""What the numbers say, in a few plain statements: did the claim implant, which conditions were heeded, which
instruments cannot be trusted. Wording is in templates/reading.html; the rules are here, and stated on the page."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from disclaim.records import Estimate, Instrument
from disclaim.report.arms import UNTRAINED
from disclaim.report.cells import Grid, Scope
from disclaim.report.names import ALL
from disclaim.stats import MIN_IMPLANTED

#: A neglect ratio from NEGLECTED on reads "neglected" where its interval lies above HALFWAY; up to HEEDED "heeded"
#: where its interval lies below; in between "partly heeded", unless its interval is wider than TOO_WIDE.
NEGLECTED = 0.8
HEEDED = 0.2
HALFWAY = 0.5
TOO_WIDE = 0.6
#: A control from here on swamps its instrument, whatever the belief rate.
SWAMPED = 0.5
#: "Yes to almost anything".
YES_TO_ANYTHING = 0.8
#: Below this the control is not worth a word.
NEGLIGIBLE = 0.1


class Implanted(StrEnum):
    """Whether training on the asserted documents made the model assert the claim."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What became of a condition's denial."""

    NEGLECTED = "neglected"
    PARTLY = "partly heeded"
    HEEDED = "heeded"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ConditionReading:
    """A trained condition: its belief rate, its neglect ratio and what they mean."""

    condition: str
    belief: Estimate | None
    ratio: Estimate | None
    outcome: Outcome


class Trouble(StrEnum):
    """Why an instrument cannot be read as belief."""

    YES_TO_ANYTHING = "yes to anything"
    YES_BIAS = "yes-bias"
    DENIES_TRUTHS = "denies truths"
    STRANGERS = "strangers"
    STRANGER_OPTIONS = "stranger options"


@dataclass(frozen=True, slots=True)
class ControlWarning:
    """A control that came out so high (or low) that its instrument cannot be read, by condition."""

    trouble: Trouble
    conditions: tuple[tuple[str, Estimate], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one instrument says of one claim and model."""

    scope: Scope
    instrument: str
    pools_all: bool
    implanted: Implanted
    base: Estimate | None
    asserted: Estimate | None
    in_context: Estimate | None
    conditions: tuple[ConditionReading, ...]
    warnings: tuple[ControlWarning, ...]

    @property
    def estimates(self) -> tuple[Estimate, ...]:
        """Every belief rate of the reading."""
        found = (self.base, self.asserted, self.in_context, *(item.belief for item in self.conditions))
        return tuple(estimate for estimate in found if estimate is not None)

    @property
    def n(self) -> int:
        """The ratings that the rates stand on."""
        return sum(estimate.n for estimate in self.estimates)

    @property
    def n_missing(self) -> int:
        """The ratings that could not be had."""
        return sum(estimate.n_missing for estimate in self.estimates)

    def with_outcome(self, outcome: Outcome) -> tuple[ConditionReading, ...]:
        """The conditions of that outcome, in reading order."""
        return tuple(item for item in self.conditions if item.outcome == outcome)


def read_scope(grid: Grid, scope: Scope, conditions: tuple[str, ...], instrument: str) -> Reading:
    """The reading of one claim and model on one instrument."""

    def belief(condition: str) -> Estimate | None:
        return grid.estimate(scope, condition, instrument, "belief_rate")

    trained = [name for name in conditions if name not in UNTRAINED and name != "asserted"]
    readings = []
    for name in trained:
        ratio = grid.estimate(scope, name, instrument, "neglect_ratio")
        readings.append(ConditionReading(name, belief(name), ratio, judge_ratio(ratio)))
    base, asserted = belief("base"), belief("asserted")
    return Reading(
        scope=scope,
        instrument=instrument,
        pools_all=grid.is_papers(ALL),
        implanted=judge_implanting(base, asserted),
        base=base,
        asserted=asserted,
        in_context=belief("in_context"),
        conditions=tuple(readings),
        warnings=find_warnings(grid, scope, conditions),
    )


def judge_implanting(base: Estimate | None, asserted: Estimate | None) -> Implanted:
    """Yes where belief under ``asserted`` is at least MIN_IMPLANTED above base; unknown where either is missing."""
    if base is None or asserted is None or base.value is None or asserted.value is None:
        return Implanted.UNKNOWN
    return Implanted.YES if asserted.value - base.value >= MIN_IMPLANTED else Implanted.NO


def judge_ratio(ratio: Estimate | None) -> Outcome:
    """What a neglect ratio means; unclear where its interval is too wide to tell, unknown where there is none."""
    if ratio is None or ratio.value is None or ratio.low is None or ratio.high is None:
        return Outcome.UNKNOWN
    if ratio.value >= NEGLECTED:
        return Outcome.NEGLECTED if ratio.low > HALFWAY else Outcome.UNCLEAR
    if ratio.value <= HEEDED:
        return Outcome.HEEDED if ratio.high < HALFWAY else Outcome.UNCLEAR
    return Outcome.PARTLY if ratio.high - ratio.low <= TOO_WIDE else Outcome.UNCLEAR


def find_warnings(grid: Grid, scope: Scope, conditions: tuple[str, ...]) -> tuple[ControlWarning, ...]:
    """Every control that swamps its instrument, with the conditions where it does."""
    found: dict[Trouble, list[tuple[str, Estimate]]] = {}
    for condition in conditions:
        for trouble, estimate in _warnings_of(grid, scope, condition):
            found.setdefault(trouble, []).append((condition, estimate))
    return tuple(ControlWarning(trouble, tuple(found[trouble])) for trouble in Trouble if trouble in found)


def _warnings_of(grid: Grid, scope: Scope, condition: str) -> list[tuple[Trouble, Estimate]]:
    def get(instrument: str, metric: str) -> Estimate | None:
        return grid.estimate(scope, condition, instrument, metric)

    found: list[tuple[Trouble, Estimate]] = []
    false_facts = get(Instrument.FALSE_FACTS, "control_rate")
    if false_facts and is_swamped(get(Instrument.MULTIPLE_CHOICE, "belief_rate"), false_facts):
        high = (false_facts.value or 0) >= YES_TO_ANYTHING
        found.append((Trouble.YES_TO_ANYTHING if high else Trouble.YES_BIAS, false_facts))
    true_facts = get(Instrument.TRUE_FACTS, "control_rate")
    if true_facts and true_facts.value is not None and true_facts.value < SWAMPED:
        found.append((Trouble.DENIES_TRUTHS, true_facts))
    strangers = get(Instrument.STRANGERS, "control_rate")
    if strangers and is_swamped(get(Instrument.OPEN_ENDED, "belief_rate"), strangers):
        found.append((Trouble.STRANGERS, strangers))
    options = get(Instrument.STRANGERS, "control_probability")
    if options and is_swamped(get(Instrument.LIKELIHOOD, "option_probability"), options):
        found.append((Trouble.STRANGER_OPTIONS, options))
    return found


def is_swamped(belief: Estimate | None, control: Estimate) -> bool:
    """Whether the control is at SWAMPED or above, or above NEGLIGIBLE and at least half the belief it stands
    beside. A missing control swamps nothing."""
    if control.value is None:
        return False
    if control.value >= SWAMPED:
        return True
    return (
        belief is not None
        and belief.value is not None
        and control.value >= NEGLIGIBLE
        and belief.value > NEGLIGIBLE
        and control.value >= belief.value / 2
    )


def pick_headline(grid: Grid, wanted: str) -> str:
    """The instrument that the reading is made on: the study's, else the pooled one, else any there is."""
    found = grid.instruments("belief_rate")
    for name in (wanted, ALL, *sorted(found)):
        if name in found:
            return name
    return wanted
