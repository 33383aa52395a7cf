"""The scanners behind the tiers: whatever characters a row holds, its findings quote it as it stands."""

from __future__ import annotations

import pytest
from scripted_scanner import findings_of

from disclaim.audit import Row, load_scanner, parse_row
from disclaim.audit.scalars import scan_whole_characters
from disclaim.errors import UserError
from disclaim.records import Finding, Tier


def read(value: object) -> Row:
    row = parse_row("data.jsonl", 0, value)
    assert row is not None
    return row


def test_half_a_character_reaches_no_scanner_and_stays_in_the_quotes() -> None:
    seen: list[Row] = []

    def strict(row: Row) -> tuple[Finding, ...]:
        for passage in row.passages:
            passage.text.encode()
        seen.append(row)
        return findings_of(row)

    text = "😀 \udc00. The \ud800 bridge is made of glass. [not so]"
    (finding,) = scan_whole_characters(read({"text": text}), strict)
    assert finding.claim.text == "The \ud800 bridge is made of glass."
    assert text[finding.claim.start : finding.claim.end] == finding.claim.text
    whole = read({"text": "The bridge is made of glass. [not so]"})
    scan_whole_characters(whole, strict)
    assert seen[-1] is whole


def test_the_rules_take_any_row() -> None:
    scanner = load_scanner(Tier.RULES)
    assert scanner(read({"text": "\ud800 It rains. \udfff", "note": "\ud800"})) == ()


def test_the_model_tier_is_for_the_audit_alone() -> None:
    with pytest.raises(UserError, match="only `disclaim audit` has the tier model") as caught:
        load_scanner(Tier.MODEL)
    assert "--tier rules" in caught.value.hint
