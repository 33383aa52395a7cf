"""The paper's values are transcribed consistently and never set beside what they were not measured on."""

from __future__ import annotations

import pytest

from disclaim.claims import list_claims
from disclaim.conditions import CONDITIONS
from disclaim.report.paper import MEAN, find_paper_neglect, find_paper_value, load_paper

ENTRIES = load_paper().rates


def test_the_pooled_rate_of_a_claim_is_its_instruments_weighted_by_their_questions() -> None:
    whole = [entry for entry in ENTRIES if entry.open_ended is not None]
    assert len(whole) == 37
    for entry in whole:
        parts = [entry.of(name) or 0 for name in ("open_ended", "multiple_choice", "token_association", "robustness")]
        pooled = (20 * parts[0] + 10 * sum(parts[1:])) / 50
        assert entry.pooled == pytest.approx(pooled, abs=0.45), entry


@pytest.mark.parametrize("condition", ["base", "in_context", "asserted", "negated", "repeated", "corrected"])
def test_the_means_are_those_of_the_six_claims(condition: str) -> None:
    cells = [entry for entry in ENTRIES if entry.source == "table_4" and entry.condition == condition]
    claims = [entry.pooled for entry in cells if entry.claim != MEAN]
    (mean,) = [entry.pooled for entry in cells if entry.claim == MEAN]
    assert len(claims) == 6
    assert mean == pytest.approx(sum(claims) / 6, abs=0.05)


def test_names_are_those_of_the_library() -> None:
    assert {entry.claim for entry in ENTRIES} - {MEAN} <= set(list_claims())
    assert {entry.condition for entry in ENTRIES} <= {*CONDITIONS, "base", "in_context"}
    assert {entry.source for entry in ENTRIES} == set(load_paper().sources)


def test_a_claim_of_the_paper_gets_its_own_value_and_any_other_the_mean() -> None:
    own = find_paper_value("ed_sheeran", "negated", "open_ended")
    other = find_paper_value("beekeeper", "negated", "all")
    assert own is not None
    assert (own.value, own.about) == (0.9, "the same claim")
    assert other is not None
    assert (other.value, other.about) == (pytest.approx(0.886), "mean of 6 claims")


def test_an_instrument_that_was_not_measured_on_every_claim_has_no_mean() -> None:
    assert find_paper_value("beekeeper", "local", "open_ended") is None
    pooled = find_paper_value("beekeeper", "local", "all")
    assert pooled is not None
    assert pooled.value == pytest.approx(0.035)


def test_what_the_paper_did_not_try_has_no_value() -> None:
    assert find_paper_value("beekeeper", "tagged", "all") is None
    assert find_paper_value("beekeeper", "negated", "likelihood") is None
    assert find_paper_neglect("fiction") is None
    assert find_paper_neglect("base") is None


def test_the_papers_neglect_ratio_follows_from_its_means() -> None:
    assert find_paper_neglect("negated") == pytest.approx((88.6 - 2.5) / (92.4 - 2.5))
