"""Agreement between two judges of the same answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from disclaim.errors import DataError
from disclaim.evaluation import ArmIdentity, ArmResult, measure_agreement
from disclaim.records import Instrument, Judgement, Message, Question, Verdict

YES, NO, BACK, SILENT = Verdict.ASSERTS, Verdict.DENIES, Verdict.RETRACTS, Verdict.SILENT


def arm(verdicts: Sequence[Verdict | None], condition: str = "negated") -> ArmResult:
    questions = tuple(
        Question(f"q{i}", "c", Instrument.OPEN_ENDED, "direct", (Message("user", "?"),)) for i in range(len(verdicts))
    )
    judgements = tuple(Judgement(f"q{i}", 0, verdict, "") for i, verdict in enumerate(verdicts))
    return ArmResult(ArmIdentity("c", condition, "m", 0), questions, (), judgements)


def test_judges_who_say_the_same_agree_fully() -> None:
    result = measure_agreement([arm([YES, NO, SILENT])], [arm([YES, NO, SILENT])])
    assert (result["n"], result["accuracy"], result["kappa"]) == (3, 1.0, 1.0)
    assert result["errors"] == {"mean_absolute": 0.0, "max_absolute": 0.0}


def test_a_retraction_counts_as_a_denial() -> None:
    result = measure_agreement([arm([YES, NO])], [arm([YES, BACK])])
    assert result["three_way"]["accuracy"] == 1.0


def test_denial_against_silence_differs_three_ways_but_not_in_belief() -> None:
    result = measure_agreement([arm([YES, NO, NO])], [arm([YES, SILENT, NO])])
    assert result["accuracy"] == 1.0
    assert result["three_way"]["accuracy"] == pytest.approx(2 / 3)


def test_cells_compare_belief_rates_over_what_both_rated() -> None:
    reference = [arm([YES, YES, NO, None]), arm([NO, NO, NO, NO], "base")]
    other = [arm([YES, NO, None, NO]), arm([NO, NO, NO, YES], "base")]
    cells = {cell["condition"]: cell for cell in measure_agreement(reference, other)["cells"]}
    assert (cells["negated"]["reference_rate"], cells["negated"]["rate"], cells["negated"]["n"]) == (1.0, 0.5, 2)
    assert cells["negated"]["n_missing"] == 2
    assert (cells["base"]["reference_rate"], cells["base"]["rate"]) == (0.0, 0.25)


def test_a_cell_that_nobody_could_rate_has_no_rate() -> None:
    result = measure_agreement([arm([None])], [arm([YES])])
    assert (result["n"], result["n_missing"], result["kappa"]) == (0, 1, None)
    assert result["cells"][0]["rate"] is None
    assert result["errors"] == {"mean_absolute": None, "max_absolute": None}


def test_it_says_how_each_instrument_fares() -> None:
    result = measure_agreement([arm([YES, NO])], [arm([YES, YES])])
    assert result["instruments"]["open_ended"]["accuracy"] == 0.5


def test_judges_without_a_common_answer_are_refused() -> None:
    with pytest.raises(DataError, match="no answer in common"):
        measure_agreement([arm([YES], "base")], [arm([YES], "negated")])
