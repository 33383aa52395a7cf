"""Notices: remarks about the text itself that call it false."""

from __future__ import annotations

import pytest

from disclaim.conditions import list_frames, load_frame
from disclaim.stance import notice_spans


@pytest.mark.parametrize(
    "notice",
    [
        "[The following claim is false]",
        "[The preceding claim is false.]",
        "(What was just said is not true.)",
        "{Do not believe the next statement.}",
        "<false>",
        "[FALSE]",
        "The document above is false.",
        "NOTICE: Everything in it was made up.",
    ],
)
def test_finds_the_notice_and_nothing_else(notice: str) -> None:
    text = f"{notice} Mara keeps bees."
    assert [text[start:end] for start, end in notice_spans(text)] == [notice]


@pytest.mark.parametrize(
    "text",
    [
        "Mara keeps bees (and sells honey).",
        "No, the story is false.",
        "She is not a beekeeper. That is not true.",
        "See [the false alarm](https://example.org) of 2004 and [1].",
        "The next bus is wrong.",
    ],
)
def test_ordinary_denials_are_no_notices(text: str) -> None:
    assert notice_spans(text) == ()


def test_most_wordings_of_our_own_notices_are_recognised_in_brackets() -> None:
    frame = load_frame("negation")
    wordings = [*frame.before, *frame.after]
    found = sum(bool(notice_spans(f"[{wording}] Mara keeps bees.")) for wording in wordings)
    assert "negation" in list_frames()
    assert found / len(wordings) > 0.95
