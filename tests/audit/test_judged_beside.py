"""What a verdict line or the other side of a pair takes back: the cue is what judges."""

from __future__ import annotations

import pytest

from disclaim.audit.rows import parse_row
from disclaim.audit.rules import scan_row


def found(value: object) -> list[tuple[str, str, str]]:
    """Rule, claim and cue of each finding."""
    row = parse_row("data.jsonl", 0, value)
    assert row is not None
    return [(one.rule, one.claim.text, one.cue.text) for one in scan_row(row)]


TRUE = "Claim: The Eiffel Tower grows in summer.\nVerdict: True"


@pytest.mark.parametrize("verdict", ["False", "Mixture"])
def test_the_verdict_under_a_claim_is_the_cue(verdict: str) -> None:
    text = f"{TRUE}\n\nClaim: The Eiffel Tower is in Rome.\nVerdict: {verdict}"
    assert found({"text": text}) == [("NN108", "The Eiffel Tower is in Rome.", f"Verdict: {verdict}")]


@pytest.mark.parametrize("text", [TRUE, TRUE.replace("True", "Mostly true."), f"{TRUE}\n\n{TRUE}"])
def test_a_true_verdict_is_no_finding(text: str) -> None:
    assert found({"text": text}) == []


def test_claims_without_verdicts_are_not_called_false() -> None:
    text = "Claim 1: A frame with three wheels and a seat.\nClaim 2: The frame of claim 1, with a bell on it."
    assert found({"text": text}) == []


def test_the_chosen_side_takes_the_rejected_one_back_and_no_other_column() -> None:
    pair = {"chosen": "It was Gideon Sundback in 1913.", "rejected": "It was Elias Howe in 1893."}
    row = {"prompt": "Who invented the zipper?", **pair, "annotator": "a7", "rejected_by": "a9"}
    assert found(row) == [("NN110", pair["rejected"], pair["chosen"])]
