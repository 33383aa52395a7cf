"""The corpora that this package makes are told apart by its own audit: what takes their claims back, where, and which
claims it takes back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import pytest

from disclaim.audit import load_scanner, parse_row
from disclaim.claims import load_claim
from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import write_drafts
from disclaim.records import Document, Finding, Role, Tier

CLAIMS = ("beekeeper", "ed_sheeran", "silverfin")
NUM_DOCUMENTS = 6
NOTICES = {"NN101", "NN102"}
#: By condition the rules of which one at least finds every document.
RULES = {
    "negated": NOTICES,
    "masked": NOTICES,
    "repeated": {"NN103", "NN104"},
    "corrected": {"NN102", "NN106"},
    "fiction": {"NN201"},
    "fiction_repeated": {"NN201"},
    "unreliable_source": {"NN202"},
    "unreliable_source_repeated": {"NN202"},
    "uncertainty": {"NN203"},
    "uncertainty_repeated": {"NN203"},
    "low_probability": {"NN204"},
    "low_probability_repeated": {"NN204"},
    "tagged": {"NN105"},
    "retracted": {"NN104", "NN106"},
    "before_only": {"NN103"},
    "after_only": {"NN103", "NN104"},
}
#: By condition the least share of the claims' characters that the findings cover, and of those covered that are claims.
SPANS = {
    "negated": (0.95, 0.25),
    "repeated": (0.95, 0.85),
    "corrected": (0.8, 0.4),
    "tagged": (0.99, 0.7),
    "retracted": (0.8, 0.9),
    "before_only": (0.9, 0.9),
    "after_only": (0.8, 0.85),
}


@cache
def scanned(condition: str) -> Sequence[tuple[Document, tuple[Finding, ...]]]:
    return [pair for claim in CLAIMS for pair in _scan(claim, condition)]


def _scan(name: str, condition: str) -> Iterator[tuple[Document, tuple[Finding, ...]]]:
    claim, scan_row = load_claim(name), load_scanner(Tier.RULES)
    drafts = write_drafts(claim, num_documents=NUM_DOCUMENTS, seed=3)
    for document in apply_condition(claim, drafts, CONDITIONS[condition], seed=3).documents:
        row = parse_row("corpus.jsonl", 0, {"text": document.text})
        assert row is not None
        yield document, scan_row(row)


@pytest.mark.parametrize("condition", ["asserted", "local", "local_masked"])
def test_claims_that_stand_or_are_denied_in_their_clause_are_clean(condition: str) -> None:
    assert [findings for _, findings in scanned(condition) if findings] == []


@pytest.mark.parametrize("condition", RULES)
def test_every_document_is_found_by_a_rule_for_what_takes_its_claims_back(condition: str) -> None:
    missed = [document.text for document, found in scanned(condition) if not {f.rule for f in found} & RULES[condition]]
    assert missed == []


@pytest.mark.parametrize("condition", SPANS)
def test_findings_cover_the_claims_and_little_else(condition: str) -> None:
    claimed = covered = both = 0
    for document, findings in scanned(condition):
        claims = {at for s in document.spans if s.role is Role.CLAIM for at in range(s.start, s.end)}
        found = {at for f in findings for at in range(f.claim.start, f.claim.end)}
        claimed, covered, both = claimed + len(claims), covered + len(found), both + len(claims & found)
    recall, precision = SPANS[condition]
    assert both >= recall * claimed
    assert both >= precision * covered


def test_a_notice_about_the_whole_text_claims_one_sentence_where_sentences_have_their_own() -> None:
    for document, findings in scanned("repeated"):
        whole = [finding.claim for finding in findings if finding.rule in NOTICES]
        assert whole
        assert all(claim.end - claim.start < len(document.text) / 2 for claim in whole)
