"""The cue file: every example holds its cue, no innocent one does, and matching stays linear."""

from __future__ import annotations

import pytest

from disclaim.audit.cues import find_cues, load_audit_cues

CUES = load_audit_cues()


@pytest.mark.parametrize(("cue", "example"), [(c.id, e) for c in CUES.values() for e in c.examples])
def test_an_example_holds_its_cue(cue: str, example: str) -> None:
    assert cue in find_cues(example)


@pytest.mark.parametrize(("cue", "innocent"), [(c.id, e) for c in CUES.values() for e in c.innocent])
def test_an_innocent_example_does_not_hold_the_cue(cue: str, innocent: str) -> None:
    assert cue not in find_cues(innocent)


def test_curly_quotes_and_capitals_make_no_difference() -> None:
    assert find_cues("WHAT’S STATED ABOVE ISN’T TRUE.") == find_cues("what's stated above isn't true.")


def test_lone_surrogates_are_read_past() -> None:
    assert "pointer_false" in find_cues("\ud800 The following claim is false. \udfff")
