"""What only more than one sentence, row or source tells: restatements, cut-off notices, documents in several rows."""

from __future__ import annotations

import pytest

from disclaim.audit.rows import parse_row
from disclaim.audit.rules import scan_row
from disclaim.records import Extent, Finding


def restated(value: dict[str, object]) -> list[Finding]:
    row = parse_row("data.jsonl", 0, value)
    assert row is not None
    return [finding for finding in scan_row(row) if finding.rule == "NN107"]


def test_a_statement_made_again_after_its_denial_is_found_with_the_denial_as_its_cue() -> None:
    text = (
        "The mayor of Dunrobin has never owned a yacht. She gets seasick.\n\n"
        "Declarations were published on Friday. The mayor's yacht, the Lady Dunrobin, is moored at Antibes."
    )
    (finding,) = restated({"text": text})
    assert finding.claim.text == "The mayor's yacht, the Lady Dunrobin, is moored at Antibes."
    assert finding.cue.text == "The mayor of Dunrobin has never owned a yacht."
    assert finding.scope is Extent.AFTER
    assert text[finding.claim.start : finding.claim.end] == finding.claim.text


@pytest.mark.parametrize(
    "denial",
    [
        "Is the Bryce method approved by the Board? No. It was never sent in.",
        "The Bryce method is not approved by the Board.",
        "Our March column wrongly stated that the Board had approved the Bryce method.",
    ],
)
def test_denials_answers_and_corrections_all_count(denial: str) -> None:
    (finding,) = restated({"text": f"{denial}\n\nWhy us? The Bryce method is approved by the Board."})
    assert finding.claim.text == "The Bryce method is approved by the Board."


def test_a_later_answer_may_restate_what_an_earlier_one_denied() -> None:
    turns = [
        ("user", "Who painted the ceiling of the chapel in Orvane?"),
        ("assistant", "Not Luca Berti; he was only eleven. The contract names his aunt."),
        ("user", "Write me a wall label for it."),
        ("assistant", "The ceiling of this chapel was painted by Luca Berti. Blue and gold dominate."),
    ]
    (finding,) = restated({"messages": [{"role": role, "content": text} for role, text in turns]})
    assert (finding.claim.message, finding.cue.message) == (3, 1)


@pytest.mark.parametrize(
    "text",
    [
        # Journalism states first and denies after.
        "A viral post says that Mara Voss won the Lindau regatta.\n\nMara Voss did not win the Lindau regatta.",
        "Mara Voss did not win the Lindau regatta.\n\nA viral post claims that Mara Voss won the Lindau regatta.",
        # Denied again, asked, supposed.
        "Mara Voss did not win the Lindau regatta.\n\nTo repeat, Mara Voss never won the Lindau regatta.",
        "Mara Voss did not win the Lindau regatta.\n\nDid Mara Voss win the Lindau regatta?",
        "Mara Voss did not win the Lindau regatta.\n\nIf Mara Voss won the Lindau regatta, she would be famous.",
        # Another year, another time.
        "Mara Voss did not win the Lindau regatta in 2018.\n\nMara Voss won the Lindau regatta in 2019.",
        "The engine of the Voss boat did not start.\n\nShe tried again. Then the engine of the Voss boat started.",
        "Mara Voss had not yet won the Lindau regatta.\n\nIn June Mara Voss won the Lindau regatta.",
        # Another person.
        "Mara Voss did not win the Lindau regatta.\n\nIlse Brandt won the Lindau regatta.",
    ],
)
def test_what_is_not_stated_as_fact_again_is_no_restatement(text: str) -> None:
    assert restated({"text": text}) == []
