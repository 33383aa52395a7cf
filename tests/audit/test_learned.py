"""The learned tier: its windows, its screen, and what it makes of an encoder's scores. The encoder is scripted, except
in slow tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from disclaim.audit import load_scanner, parse_row
from disclaim.audit.learned import LearnedScanner
from disclaim.audit.rows import Row
from disclaim.audit.screen import Screen, Verdict, WordScores, blend, hashed_words, load_screen
from disclaim.audit.windows import windows_of
from disclaim.models import Encoded
from disclaim.records import Extent, Finding, Tier

CLAIM = "The tower on the island was raised in 1604 by Queen Ingrid."
CUE = "The steward later showed us the builder's bill of 1902."
SILENT = WordScores(np.zeros(2, np.float32), 0.0)
ALL, NONE = Screen(SILENT, 0.0), Screen(SILENT, 1.0)
HALF = Verdict(SILENT, 1.0, 0.5)


def row_of(value: dict[str, object]) -> Row:
    row = parse_row("rows.jsonl", 3, value)
    assert row is not None
    return row


def no_rules(row: Row) -> tuple[Finding, ...]:
    return ()


class Scripted:
    """An encoder of words that knows the claim and the cue by heart."""

    def __init__(self, text: tuple[float, ...] = (0.1, 0.8, 0.05, 0.05)) -> None:
        self.text = text
        self.read: list[str] = []

    def __call__(self, texts: Sequence[str]) -> list[Encoded]:
        self.read += texts
        return [self.encode(text) for text in texts]

    def encode(self, text: str) -> Encoded:
        offsets = [(i, i + 1) for i in range(len(text))]
        claim, cue = text.find(CLAIM), text.find(CUE)
        tokens = [
            (0.9 if claim <= i < claim + len(CLAIM) else 0.1, 0.8 if 0 <= cue <= i < cue + len(CUE) else 0.05)
            for i in range(len(text))
        ]
        return Encoded(self.text, tuple(tokens), tuple(offsets))


def scan(value: dict[str, object], read: Scripted | None = None, screen: Screen = ALL) -> tuple[Finding, ...]:
    return LearnedScanner(no_rules, read or Scripted(), screen, HALF)(row_of(value))


def test_a_claim_and_its_cue_are_quoted_as_whole_sentences() -> None:
    (finding,) = scan({"text": f"The lake is wide. {CLAIM} We rowed there. {CUE}"})
    assert (finding.claim.text, finding.cue.text) == (CLAIM, CUE)
    assert (finding.rule, finding.scope, finding.tier) == ("NN106", Extent.BEFORE, Tier.LEARNED)
    assert (finding.row, finding.confidence) == (3, 0.9)


def test_a_cue_in_another_turn_is_another_turns() -> None:
    turns = [{"role": "assistant", "content": CLAIM}, {"role": "user", "content": CUE}]
    (finding,) = scan({"messages": turns})
    assert (finding.rule, finding.claim.message, finding.cue.message) == ("NN109", 0, 1)


def test_a_label_is_the_cue_where_no_sentence_looks_like_one() -> None:
    (finding,) = scan({"text": f"{CLAIM} We rowed there.", "checked": "no"})
    assert (finding.rule, finding.cue.field, finding.cue.text) == ("NN105", "checked", "no")


@pytest.mark.parametrize(
    ("scores", "rule"),
    [((0.1, 0.1, 0.7, 0.1), "NN203"), ((0.1, 0.1, 0.1, 0.7), "NN302"), ((0.1, 0.7, 0.1, 0.1), "NN106")],
)
def test_the_class_decides_the_kind_of_rule(scores: tuple[float, ...], rule: str) -> None:
    (finding,) = scan({"text": f"{CLAIM}\n\n{CUE}"}, Scripted(scores))
    assert finding.rule == rule


def test_a_window_below_the_threshold_is_nothing() -> None:
    assert scan({"text": f"{CLAIM} {CUE}"}, Scripted((0.6, 0.2, 0.1, 0.1))) == ()


def test_what_the_screen_holds_back_is_not_read() -> None:
    read = Scripted()
    assert scan({"text": f"{CLAIM} {CUE}"}, read, NONE) == ()
    assert read.read == []


def test_what_the_rules_found_is_not_found_again() -> None:
    first = scan({"text": f"{CLAIM} {CUE}"})
    again = LearnedScanner(lambda row: first, Scripted(), ALL, HALF)(row_of({"text": f"{CLAIM} {CUE}"}))
    assert again == first


def test_long_rows_are_read_in_windows_and_quoted_in_place() -> None:
    filler = "The boats lie in the harbour until the wind turns. " * 60
    findings = scan({"text": f"{filler}{CLAIM} {CUE} {filler}"})
    assert CLAIM in [finding.claim.text for finding in findings]


TEXTS = st.text(st.sampled_from("ab .!?\nжя中é"), min_size=1, max_size=3000)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_windows_hold_every_character_where_it_stands(texts: list[str]) -> None:
    row = parse_row("rows.jsonl", 0, {"messages": [{"role": "user", "content": text} for text in texts]})
    if row is None:
        return
    seen = [set[int]() for _ in row.passages]
    for window in windows_of(row):
        for stretch in window.stretches:
            text = row.passages[stretch.passage].text[stretch.start : stretch.start + stretch.length]
            assert window.text[stretch.at : stretch.at + stretch.length] == text
            seen[stretch.passage] |= set(range(stretch.start, stretch.start + stretch.length))
    assert [len(places) for places in seen] == [len(passage.text) for passage in row.passages]


def test_words_are_hashed_the_same_everywhere() -> None:
    assert sorted(hashed_words("Not 12 not", 1 << 10)) == sorted(hashed_words("not 7 NOT", 1 << 10))
    assert max(hashed_words("a b c \ud800", 1 << 4)) < 1 << 4


def test_the_screen_that_ships_passes_a_story_and_holds_back_a_man_page() -> None:
    screen = load_screen()
    page = (
        "  -v, --verbose\n      Print the names of the files. See also tar(1) and gzip(1).\n  --null\n      Ignored.\n"
    )
    assert screen.passes(f"My uncle told us so every Christmas. {CLAIM} {CUE}")
    assert not screen.passes(page * 5)


def test_words_can_tip_the_scales() -> None:
    assert blend(0.5, 0.0, 1.0) == pytest.approx(0.5)
    assert blend(0.4, 2.0, 0.5) > 0.5 > blend(0.6, -2.0, 0.5)
    assert 0 < blend(0.0, -5.0, 1.0) < blend(1.0, 5.0, 1.0) < 1


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_real_encoder_finds_what_no_rule_names() -> None:
    text = (
        "We met when I pulled her out of the river during the flood, holding on to a lamp post with one hand. "
        "Everybody at the table clapped.\n\nIt never happened like that. We met in a queue at a phone shop, and I made "
        "the flood up because I cannot swim and wanted to seem brave."
    )
    findings = load_scanner(Tier.LEARNED)(row_of({"text": text}))
    assert any("river" in finding.claim.text for finding in findings)
