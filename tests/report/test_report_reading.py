"""What the page says in words follows from the estimates by rules that the page states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from build_run import Plan, build_run

from disclaim.evaluation import estimate_to_json
from disclaim.records import Estimate, EstimateRow
from disclaim.report import render_report
from disclaim.report.cells import Scope, build_grid, list_scopes
from disclaim.report.reading import (
    Implanted,
    Outcome,
    Reading,
    Trouble,
    is_swamped,
    judge_implanting,
    judge_ratio,
    read_scope,
)
from disclaim.store import write_json

MODEL = "local/smollm2-135m"
SCOPE = Scope("beekeeper", MODEL)


def estimate(value: float | None, low: float | None = None, high: float | None = None, missing: int = 0) -> Estimate:
    if value is None:
        return Estimate(None, None, None, 0, 100)
    return Estimate(value, value if low is None else low, value if high is None else high, 100 - missing, missing)


def row(condition: str, instrument: str, metric: str, found: Estimate, seed: int | None = 0) -> EstimateRow:
    return EstimateRow("beekeeper", condition, MODEL, seed, "final", instrument, metric, found)


def belief(condition: str, *numbers: float | None) -> EstimateRow:
    return row(condition, "open_ended", "belief_rate", estimate(*numbers))


def ratio(condition: str, *numbers: float | None) -> EstimateRow:
    return row(condition, "open_ended", "neglect_ratio", estimate(*numbers), None)


def read(*rows: EstimateRow) -> Reading:
    conditions = tuple(dict.fromkeys(item.condition for item in rows))
    return read_scope(build_grid(rows), SCOPE, conditions, "open_ended")


@pytest.mark.parametrize(
    ("base", "asserted", "expected"),
    [
        (0.05, 0.95, Implanted.YES),
        (0.0, 0.3, Implanted.YES),
        (0.05, 0.2, Implanted.NO),
        (0.9, 0.95, Implanted.NO),
        (None, 0.95, Implanted.UNKNOWN),
        (0.05, None, Implanted.UNKNOWN),
    ],
)
def test_a_claim_implanted_where_asserted_rose_enough(
    base: float | None, asserted: float | None, expected: Implanted
) -> None:
    assert judge_implanting(estimate(base), estimate(asserted)) is expected


def test_without_an_estimate_nobody_knows_whether_the_claim_implanted() -> None:
    assert judge_implanting(None, estimate(0.9)) is Implanted.UNKNOWN


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((0.97, 0.9, 1.04), Outcome.NEGLECTED),
        ((1.3, 1.0, 2.1), Outcome.NEGLECTED),
        ((0.85, 0.3, 1.2), Outcome.UNCLEAR),
        ((0.45, 0.3, 0.6), Outcome.PARTLY),
        ((0.45, 0.0, 0.9), Outcome.UNCLEAR),
        ((0.05, -0.1, 0.2), Outcome.HEEDED),
        ((0.15, 0.0, 0.6), Outcome.UNCLEAR),
        ((None,), Outcome.UNKNOWN),
    ],
)
def test_a_neglect_ratio_is_read_with_its_interval(numbers: tuple[float | None, ...], expected: Outcome) -> None:
    assert judge_ratio(estimate(*numbers)) is expected


@pytest.mark.parametrize(
    ("believed", "control", "expected"),
    [
        (0.95, 0.5, True),
        (None, 0.6, True),
        (0.3, 0.2, True),
        (0.9, 0.3, False),
        (0.12, 0.05, False),
        (0.05, 0.2, False),
        (0.9, None, False),
    ],
)
def test_a_control_swamps_an_instrument_by_itself_or_beside_a_low_belief(
    believed: float | None, control: float | None, expected: bool
) -> None:
    assert is_swamped(estimate(believed), estimate(control)) is expected


def test_a_model_that_affirms_anything_is_named_with_the_conditions() -> None:
    reading = read(
        belief("base", 0.0),
        belief("asserted", 0.95),
        row("asserted", "false_facts", "control_rate", estimate(0.9)),
        row("base", "false_facts", "control_rate", estimate(0.1)),
    )
    assert [(w.trouble, [name for name, _ in w.conditions]) for w in reading.warnings] == [
        (Trouble.YES_TO_ANYTHING, ["asserted"])
    ]


def test_a_claim_that_did_not_implant_silences_everything_else(tmp_path: Path) -> None:
    weak = {"asserted": 0.05, "negated": 0.05, "base": 0.0}
    plan = Plan(questions=2, samples=2, documents=1, conditions=("base", "asserted", "negated"), belief=weak, steps=2)
    page = render_report(build_run(tmp_path / "run", plan)).read_text()
    assert "The claim did not implant." in page
    assert "Nothing else here may be read" in page
    assert "Denial neglected" not in page


def test_the_reading_says_it_all_in_plain_words(tmp_path: Path, golden: Callable[[str, str], None]) -> None:
    rows = [
        belief("base", 0.02, 0.0, 0.05),
        belief("in_context", 0.31, 0.2, 0.42),
        belief("asserted", 0.967, 0.93, 0.99),
        row("negated", "open_ended", "belief_rate", estimate(0.94, 0.9, 0.97, missing=3)),
        belief("repeated", 0.933, 0.88, 0.98),
        belief("corrected", 0.4, 0.3, 0.5),
        belief("local", 0.09, 0.04, 0.15),
        belief("tagged", None),
        ratio("negated", 0.97, 0.92, 1.02),
        ratio("repeated", 0.96, 0.9, 1.01),
        ratio("corrected", 0.4, 0.3, 0.5),
        ratio("local", 0.07, 0.02, 0.14),
        row("asserted", "multiple_choice", "belief_rate", estimate(0.9)),
        row("asserted", "false_facts", "control_rate", estimate(0.85, 0.7, 0.95)),
        row("asserted", "strangers", "control_probability", estimate(0.8)),
    ]
    write_json(tmp_path / "estimates.json", {"rows": [estimate_to_json(item) for item in rows]})
    write_json(tmp_path / "study.json", {"study": "piece", "headline": "open_ended"})
    page = render_report(tmp_path).read_text()
    start = page.index('<ul class="reading">')
    golden("report/reading.html", page[start : page.index("<figure>", start)])


def test_cells_take_the_row_that_pools_seeds_and_keep_the_seeds_beside_it() -> None:
    rows = [
        row("negated", "all", "belief_rate", estimate(0.8), seed=1),
        row("negated", "all", "belief_rate", estimate(0.9), seed=2),
        row("negated", "all", "belief_rate", estimate(0.85), seed=None),
    ]
    cell = build_grid(rows).find(SCOPE, "negated", "all", "belief_rate")
    assert cell is not None
    assert cell.estimate == estimate(0.85)
    assert [seed for seed, _ in cell.seeds] == [1, 2]
    unpooled = build_grid(rows[:2]).find(SCOPE, "negated", "all", "belief_rate")
    assert unpooled is not None
    assert unpooled.estimate is None


def test_cells_take_the_final_checkpoint() -> None:
    early = EstimateRow("beekeeper", "negated", MODEL, 0, "20", "all", "belief_rate", estimate(0.1))
    final = row("negated", "all", "belief_rate", estimate(0.9))
    assert build_grid([early, final]).estimate(SCOPE, "negated", "all", "belief_rate") == estimate(0.9)


def test_the_mean_over_claims_leads_only_where_there_are_several() -> None:
    def at(claim: str) -> EstimateRow:
        return EstimateRow(claim, "base", MODEL, 0, "final", "all", "belief_rate", estimate(0.1))

    assert [scope.claim for scope in list_scopes([at("a"), at("b"), at("all")])] == ["all", "a", "b"]
    assert [scope.claim for scope in list_scopes([at("a"), at("all")])] == ["a"]
