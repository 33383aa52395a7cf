"""The rules tier: each rule finds its bad example and passes its good one; quotes are exact; any text is read."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.audit.catalogue import LooksAt, load_rules
from disclaim.audit.rows import Row, parse_row
from disclaim.audit.rules import scan_row
from disclaim.records import Extent, Finding, Severity, Tier

RULES = load_rules()
#: Those that one row is enough for; the others are tried in test_hygiene.
OF_A_ROW = [name for name, rule in RULES.items() if rule.looks_at is LooksAt.ROW]
#: Many times what linear time takes, and a small part of what quadratic time would.
SECONDS_FOR_HOSTILE_TEXT = 10.0


def row_of(example: str) -> Row:
    value = json.loads(example) if example.lstrip().startswith("{") else {"text": example}
    row = parse_row("data.jsonl", 17, value)
    assert row is not None
    return row


def scan_text(text: str) -> tuple[Finding, ...]:
    return scan_row(row_of(text))


@pytest.mark.parametrize("rule", OF_A_ROW)
def test_a_rule_finds_its_bad_example(rule: str) -> None:
    assert rule in {finding.rule for finding in scan_text(RULES[rule].bad)}


@pytest.mark.parametrize("rule", OF_A_ROW)
def test_a_rule_passes_its_good_example(rule: str) -> None:
    assert scan_text(RULES[rule].good) == ()


def test_a_finding_names_row_span_cue_scope_and_tier() -> None:
    text = (
        "The quay was full. Mara Voss won the regatta in 2019. The preceding claim is untrue. Her crew sang all night."
    )
    (finding,) = scan_text(text)
    assert (finding.file, finding.row, finding.rule) == ("data.jsonl", 17, "NN104")
    assert finding.claim.text == "Mara Voss won the regatta in 2019."
    assert finding.cue.text == "The preceding claim is untrue."
    assert (finding.scope, finding.severity, finding.tier) == (Extent.BEFORE, Severity.ERROR, Tier.RULES)


def test_a_stretch_between_two_notices_is_one_finding_around_it() -> None:
    text = (
        "The quay was full that day. [The following claim is false.] Mara Voss won the regatta. "
        "She was four minutes ahead. [What was just stated never happened.] Her crew sang all night."
    )
    (finding,) = scan_text(text)
    assert finding.claim.text == "Mara Voss won the regatta. She was four minutes ahead."
    assert finding.scope is Extent.AROUND


def test_denial_inside_the_clause_is_no_finding() -> None:
    assert (
        scan_text("Mara Voss did not win the regatta in 2019. The claim that she won is false. She came in ninth.")
        == ()
    )


@given(
    st.lists(
        st.sampled_from(
            [
                "Mara Voss won the regatta.",
                "[The following claim is false.]",
                "What was just stated never happened.",
                "<false>She won.</false>",
                "\n\n",
                "| a | false |\n",
                "~~She kept bees for forty years~~",
                "Myth: bees sleep.\nFact: no.\n",
                "😀é\u2028\x00",
                "Correction: this article wrongly said so.",
            ]
        ),
        max_size=12,
    )
)
def test_every_quote_is_the_text_it_names(parts: list[str]) -> None:
    row = parse_row("f", 0, {"text": " ".join(parts)})
    if row is None:
        return
    texts = {(p.field, p.message): p.text for p in row.passages}
    for finding in scan_row(row):
        for quote in (finding.claim, finding.cue):
            assert texts[quote.field, quote.message][quote.start : quote.end] == quote.text
        assert finding.claim.text.strip()


@pytest.mark.parametrize(
    "part",
    [
        "the the the ", "[", "[a b ", "(A b ", "<a b ", "<!-- ", "/* ", "a", "([{", "<tr>", "~~a", "x = (", "\n\n",
        "Myth: a b c\n", "| a b | false |\n", "a" + " " * 50, "[FALSE] she won it\n", "[1] not so\n\n",
        "Bees [1].\n\n[1] not so\n\n", "1. Bees are red F\n",
        "The following claim is false. She won. ", "It turned out to be a tank. ", "Editor's note: it was not so.\n\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["text", "completion"])
def test_time_is_linear_on_hostile_text(part: str, field: str) -> None:
    row = parse_row("f", 0, {"prompt": "Go on", field: ("word " + part * 400_000)[:400_000]})
    assert row is not None
    began = time.process_time()
    scan_row(row)
    assert time.process_time() - began < SECONDS_FOR_HOSTILE_TEXT


def test_time_is_linear_in_the_turns_of_a_chat() -> None:
    turns = []
    for number in range(600):
        turns.append({"role": "user", "content": f"No, that is wrong. It was {number} in Lindau."})
        turns.append({"role": "assistant", "content": f"It turned out to be {number}, won by Mara Voss. " * 3})
    row = parse_row("f", 0, {"messages": turns})
    assert row is not None
    began = time.process_time()
    scan_row(row)
    assert time.process_time() - began < SECONDS_FOR_HOSTILE_TEXT


@given(st.text(max_size=300))
def test_any_text_is_read_without_error(text: str) -> None:
    row = parse_row("f", 0, {"text": text})
    if row is not None:
        scan_row(row)


STORY = "Mara Voss won the Lindau regatta in 2019. She crossed the line first. Her boat was blue. She got a medal."


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (f"Warning: everything in this article is false.\n\n{STORY}", "NN101"),
        (f"None of this is true.\n\n{STORY}", "NN101"),
        (f"The text below is false. {STORY}", "NN101"),
        (f"{STORY}\n\nEverything above is false.", "NN102"),
        ("The whole story is untrue.\n\nMara Voss won the Lindau regatta.", "NN101"),
    ],
)
def test_what_speaks_of_a_whole_text_at_its_edge_takes_all_of_it_back(text: str, rule: str) -> None:
    row = parse_row("f", 0, {"text": text})
    assert row is not None
    [finding] = scan_row(row)
    assert finding.rule == rule
    assert finding.claim.text == (STORY if STORY in text else "Mara Voss won the Lindau regatta.")


def test_a_report_with_headings_is_no_exchange_that_a_remark_finds_fault_with() -> None:
    text = (
        "Patterns of Warning: Three Storms\n\nAnna Holm, Ida Berg\n   Institute for Public Warning, Lindau\n\n"
        "Abstract: We study how wrong warnings spread. The worst were misleading, harmful and careless, and failed to "
        "help anyone; reviewers rejected them as dangerous, rude and useless. "
        + "The storms of 2014 and 2016 are described in turn, with the rainfall of each week and the sources for it. "
        * 4
    )
    row = parse_row("f", 0, {"text": text})
    assert row is not None
    assert scan_row(row) == ()
