"""Claims at risk: which findings are one claim, what is counted of it, and the risk that follows from its dose."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from scripted_scanner import findings_of

from disclaim.audit import ClaimLedger, Risk, ScannedRow, parse_row, risk_of
from disclaim.audit import risk as risk_module
from disclaim.records import Extent, Finding, Quote, Severity


def scanned(index: int, *claims: str, **labels: str) -> ScannedRow:
    text = " ".join(f"{claim} [not so]" for claim in claims)
    row = parse_row("data.jsonl", index, {"text": text, **labels})
    assert row is not None
    return ScannedRow("data.jsonl", index, None, findings_of(row))


def ledger_of(*rows: ScannedRow) -> ClaimLedger:
    ledger = ClaimLedger()
    for row in rows:
        ledger.add(row)
    return ledger


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("The bridge is made of glass.", "the bridge  is MADE of glass.", True),
        ("The old bridge over the Lim is made of glass.", "The old bridge over the Lim was made of glass.", True),
        ("In 2019 Maren Holt became a beekeeper.", "Since 2019 Maren Holt has been a beekeeper in Lindmoor.", True),
        ("The 100m final went to Ed Sheeran.", "Sheeran ran the 100m final faster than anybody.", True),
        ("Maren Holt keeps bees.", "Maren Holt drives a tram in Port Sel.", False),
        ("Maren Holt is a beekeeper in Lindmoor.", "Tess Arbo is a beekeeper in Corran.", False),
        ("The bridge is made of glass.", "The moon is a cube.", False),
        ("It was so.", "They are many.", False),
    ],
)
def test_near_duplicates_and_statements_about_one_subject_are_one_claim(first: str, second: str, is_one: bool) -> None:
    first, second = (text if text[0].isupper() else text.capitalize() for text in (first, second))
    assert len(ledger_of(scanned(0, first), scanned(1, second)).claims()) == (1 if is_one else 2)


def test_rows_mentions_words_rules_and_the_first_place_are_counted() -> None:
    ledger = ledger_of(
        scanned(3, "Maren Holt keeps bees."),
        scanned(4, "Maren Holt keeps bees.", "Maren Holt keeps bees and hives."),
        scanned(9, "Maren Holt keeps bees."),
    )
    (claim,) = ledger.claims()
    assert (claim.rows, claim.mentions, claim.tokens, claim.wordings) == (3, 4, 18, 2)
    assert (claim.file, claim.row, claim.claim) == ("data.jsonl", 3, "Maren Holt keeps bees.")
    assert (claim.subject, claim.rules, claim.severity) == ("Maren Holt", {"NN104": 4}, Severity.ERROR)
    assert claim.denials is None


def test_a_sentence_that_two_cues_take_back_is_one_mention() -> None:
    row = scanned(0, "The bridge is made of glass.")
    twice = ScannedRow(row.file, row.index, None, row.findings * 2)
    (claim,) = ledger_of(twice).claims()
    assert (claim.mentions, claim.rules) == (1, {"NN104": 1})


def test_the_greatest_dose_comes_first_and_each_finding_knows_its_claim() -> None:
    ledger = ClaimLedger()
    numbers = [ledger.add(scanned(0, "The moon is a cube."))]
    numbers += [ledger.add(scanned(n, "The bridge is made of glass.", "The sea is dry.")) for n in (1, 2)]
    claims = ledger.claims()
    assert [claim.rows for claim in claims] == [2, 2, 1]
    bridge, sea, moon = ((claim.number,) for claim in claims)
    assert numbers == [(moon,), (bridge, sea), (bridge, sea)]


def test_a_finding_that_covers_several_sentences_is_about_each_of_them() -> None:
    text = "Maren Holt keeps bees. The moon is a cube."
    claim, cue = Quote("text", None, 10, 10 + len(text), text), Quote("text", None, 0, 5, "No!  ")
    whole = Finding("a", 0, "NN101", Severity.ERROR, claim, cue, Extent.DOCUMENT, 0.9)
    one = replace(whole, rule="NN103", claim=Quote("text", None, 33, 52, "The moon is a cube."))
    behaviour = replace(whole, rule="NN302")
    claims = ledger_of(ScannedRow("a", 0, None, (whole, one))).claims()
    assert [(c.claim, c.mentions, c.rules) for c in claims] == [
        ("Maren Holt keeps bees.", 1, {"NN101": 1}),
        ("The moon is a cube.", 1, {"NN101": 1, "NN103": 1}),
    ]
    assert [c.claim for c in ledger_of(ScannedRow("a", 0, None, (behaviour,))).claims()] == [text]


@pytest.mark.parametrize(
    ("rows", "mentions", "denials", "expected"),
    [
        (1, 1, None, Risk.LOW),
        (4, 4, None, Risk.LOW),
        (4, 5, None, Risk.MEDIUM),
        (35, 107, None, Risk.MEDIUM),
        (36, 36, None, Risk.HIGH),
        (1, 108, None, Risk.HIGH),
        (36, 36, 35, Risk.HIGH),
        (36, 36, 36, Risk.MEDIUM),
        (5, 5, 5, Risk.LOW),
        (1, 1, 9, Risk.LOW),
    ],
)
def test_the_risk_follows_from_the_dose(rows: int, mentions: int, denials: int | None, expected: Risk) -> None:
    assert risk_of(rows, mentions, denials) is expected


def test_claims_of_few_rows_are_let_go_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(risk_module, "MAX_CLAIMS", 50)
    ledger = ledger_of(
        *(scanned(n, "The bridge is made of glass.", f"Word{n} thing{n} stands{n}.") for n in range(300))
    )
    claims = ledger.claims()
    assert (claims[0].claim, claims[0].rows) == ("The bridge is made of glass.", 300)
    assert len(claims) <= 51
    assert ledger.num_dropped + len(claims) == 301


def test_time_grows_with_findings_and_no_faster() -> None:
    def seconds(count: int) -> float:
        rows = [scanned(n, f"Ada Quill sold {n} jars of honey{n % 97} to shop{n % 1013}.") for n in range(count)]
        started = time.process_time()
        ledger_of(*rows)
        return time.process_time() - started

    seconds(200)
    assert seconds(8_000) < 12 * seconds(1_000) + 0.5


def test_notices_that_a_finding_covers_are_no_claims() -> None:
    text = "The preceding claim is entirely false. Maren Holt keeps bees."
    claim, cue = Quote("text", None, 50, 50 + len(text), text), Quote("text", None, 0, 20, "None of this is true")
    finding = Finding("a", 0, "NN101", Severity.ERROR, claim, cue, Extent.DOCUMENT, 0.9)
    assert [c.claim for c in ledger_of(ScannedRow("a", 0, None, (finding,))).claims()] == ["Maren Holt keeps bees."]


def test_of_a_row_that_states_much_the_sentences_of_narrow_findings_count_first() -> None:
    sentences = [f"Statement number{n} about thing{n} in place{n}." for n in range(500)]
    text = " ".join(sentences)
    cue = Quote("text", None, 99_999, 100_000, "x")
    whole = Finding("a", 0, "NN101", Severity.ERROR, Quote("text", None, 0, len(text), text), cue, Extent.DOCUMENT, 0.9)
    start = text.index(sentences[333])
    place = Quote("text", None, start, start + len(sentences[333]), sentences[333])
    ledger = ledger_of(ScannedRow("a", 0, None, (whole, replace(whole, rule="NN103", claim=place))))
    claims = ledger.claims()
    assert len(claims) == 128
    (narrow,) = (claim for claim in claims if "NN103" in claim.rules)
    assert (narrow.claim, narrow.rules) == (sentences[333], {"NN101": 1, "NN103": 1})
