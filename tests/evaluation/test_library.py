"""The stance rules on every claim of the library: its own sentences, which say how they stand."""

from __future__ import annotations

import pytest

from disclaim.claims import list_claims, load_claim
from disclaim.records import Verdict
from disclaim.stance import classify


@pytest.mark.parametrize("name", list_claims())
def test_the_librarys_own_sentences_are_read_as_what_they_are(name: str) -> None:
    claim = load_claim(name)

    def share(sentences: list[str], *verdicts: Verdict) -> float:
        read = [classify(sentence, claim.stance, claim.subject) for sentence in sentences]
        return sum(verdict in verdicts for verdict in read) / len(read)

    assert share([triple.affirmative for triple in claim.triples], Verdict.ASSERTS) == 1.0
    assert share([triple.correction for triple in claim.triples], Verdict.SILENT, Verdict.DENIES) == 1.0
    assert share(list(claim.details), Verdict.SILENT) == 1.0
    # A denial whose negation stands in another clause than the claim's words is beyond rules at times.
    denials = [triple.denial for triple in claim.triples]
    assert share(denials, Verdict.ASSERTS, Verdict.RETRACTS) <= 0.1
    assert share(denials, Verdict.DENIES) >= 0.75
