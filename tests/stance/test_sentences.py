"""Sentences: exact offsets, lines first."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from disclaim.stance import sentence_spans
from disclaim.stance.sentences import MAX_LENGTH


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in sentence_spans(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She keeps bees. He does not.", ["She keeps bees.", "He does not."]),
        ("Dr. Ellwood ran 9.79 miles. Then she slept.", ["Dr. Ellwood ran 9.79 miles.", "Then she slept."]),
        ("# Work\nShe keeps bees\n\n- honey\n- wax", ["# Work", "She keeps bees", "- honey", "- wax"]),
        ("name: Mara\noccupation: beekeeper", ["name: Mara", "occupation: beekeeper"]),
        ("| Gold | Ed |\n| Silver | Noah |", ["| Gold | Ed |", "| Silver | Noah |"]),
        ("[The next claim is false] She keeps bees.", ["[The next claim is false]", "She keeps bees."]),
        ("She keeps bees. [That was false.]", ["She keeps bees.", "[That was false.]"]),
        ("1. First. 2. Second.", ["1. First.", "2. Second."]),
        ("no end at all", ["no end at all"]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_splits_lines_and_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


def test_hard_wrapped_prose_is_not_cut_at_its_line_ends() -> None:
    text = "In the summer of that year the people of the valley saw her keep\nbees on the slope. She sold honey."
    assert sentences(text) == [
        "In the summer of that year the people of the valley saw her keep\nbees on the slope.",
        "She sold honey.",
    ]


def test_a_text_without_an_end_is_cut_into_bounded_pieces() -> None:
    pieces = sentences("word " * 2000)
    assert all(len(piece) <= MAX_LENGTH for piece in pieces)
    assert " ".join(pieces).split() == ["word"] * 2000


@given(st.text(alphabet=st.sampled_from(list("aB .!?\n\t*[](){}|-:\"'’1 _…\x85\u2028é")), max_size=200))
@example("Yes.\r\nNo.")
@example("a" * 5000)
def test_spans_are_ordered_in_range_and_cover_every_visible_character(text: str) -> None:
    spans = sentence_spans(text)
    covered: set[int] = set()
    last = 0
    for start, end in spans:
        assert last <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip() != ""
        covered.update(range(start, end))
        last = end
    assert all(i in covered for i, letter in enumerate(text) if not letter.isspace())
