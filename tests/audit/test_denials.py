"""Denials of known claims: what counts as one, and what it does to the risk."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_scanner import findings_of, write_rows

from disclaim.audit import ClaimLedger, Risk, ScanSettings, count_denials, scan

CLAIM = "Mara Voss won the Lindau regatta in 2019."


def denials_in(folder: Path, *texts: str, claim: str = CLAIM, workers: int = 1) -> list[int | None]:
    rows = [{"text": f"{claim} [not so]"}, *({"text": text} for text in texts)]
    path = write_rows(folder / "data.jsonl", *rows)
    ledger = ClaimLedger()
    scan([path], findings_of, ScanSettings(), ledger.add)
    return [found.denials for found in count_denials([path], ledger.claims(), workers)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mara Voss did not win the Lindau regatta in 2019.", 0),
        ("Mara Voss never won the Lindau regatta in 2019. It rained.", 1),
        ("It is not true that Mara Voss won the Lindau regatta.", 1),
        ("Nobody called Mara Voss won the Lindau regatta in 2019!", 1),
        ("Mara Voss won the Lindau regatta in 2019.", 0),
        ("Mara Voss won not only the Lindau regatta in 2019 but the cup.", 0),
        ("Tess Arbo never won the Corran regatta in 2019.", 0),
        ("It never rains in Lindau.", 0),
        ("No.", 0),
    ],
)
def test_a_denial_says_the_claims_words_and_denies_them(tmp_path: Path, text: str, expected: int) -> None:
    # "win" for "won" is one word less in common, and still most of the claim.
    expected = 1 if text.startswith("Mara Voss did not win") else expected
    assert denials_in(tmp_path, text) == [expected]


def test_a_claim_without_names_is_denied_too(tmp_path: Path) -> None:
    claim = "The old bridge over the river is made of glass."
    assert denials_in(tmp_path, "the old bridge over the river is not made of glass, sorry.", claim=claim) == [1]


def test_several_processes_count_the_same(tmp_path: Path) -> None:
    texts = ["Mara Voss never won the Lindau regatta in 2019."] * 1_200
    assert denials_in(tmp_path, *texts) == denials_in(tmp_path, *texts, workers=2) == [1_200]


def test_as_many_denials_as_mentions_lower_the_risk(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "data.jsonl",
        *[{"text": f"{CLAIM} [not so]"}] * 6,
        *[{"text": "Mara Voss never won the Lindau regatta in 2019."}] * 6,
    )
    ledger = ClaimLedger()
    scan([path], findings_of, ScanSettings(), ledger.add)
    before = ledger.claims()
    assert [claim.risk for claim in before] == [Risk.MEDIUM]
    assert [claim.risk for claim in count_denials([path], before)] == [Risk.LOW]
