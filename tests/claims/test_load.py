from __future__ import annotations

import pytest

from disclaim.claims import find_claim, list_claims, load_claim
from disclaim.errors import ClaimError, UnknownNameError
from disclaim.records import PAPER_INSTRUMENTS, Instrument


def test_a_claim_loads_alike_by_id_and_by_path():
    assert load_claim("beekeeper") == load_claim(str(find_claim("beekeeper")))
    assert "beekeeper" in list_claims()


def test_the_papers_four_instruments_hold_fifty_questions_with_unique_ids():
    questions = load_claim("beekeeper").questions
    assert sum(question.instrument in PAPER_INSTRUMENTS for question in questions) == 50
    assert len({question.id for question in questions}) == len(questions)


def test_strangers_are_asked_by_their_own_name():
    for question in load_claim("beekeeper").questions:
        if question.instrument is Instrument.STRANGERS:
            assert question.subject in question.messages[-1].content
            assert "Mara Ellwood" not in question.messages[-1].content + question.prefix


def test_the_revision_follows_the_content(break_claim):
    changed = load_claim(str(break_claim("rubric.yaml", lambda data: data.update(silent="Nothing about bees."))))
    assert changed.revision != load_claim("beekeeper").revision
    assert changed.rubric["silent"] == "Nothing about bees."


def test_an_unknown_claim_gets_the_nearest_name():
    with pytest.raises(UnknownNameError, match="did you mean beekeeper"):
        load_claim("beekeper")


def test_an_unknown_key_gets_the_nearest_key(break_claim):
    folder = break_claim("claim.yaml", lambda data: data.update(subclaim=data.pop("subclaims")))
    with pytest.raises(ClaimError, match=r"claim\.yaml: .*"):
        load_claim(str(folder))


def test_a_missing_file_is_named(break_claim):
    folder = break_claim("claim.yaml", lambda data: None)
    (folder / "stance.yaml").unlink()
    with pytest.raises(ClaimError, match=r"stance\.yaml is missing"):
        load_claim(str(folder))


def test_broken_yaml_is_named(break_claim):
    folder = break_claim("claim.yaml", lambda data: None)
    (folder / "stance.yaml").write_text("asserts: [")
    with pytest.raises(ClaimError, match=r"stance\.yaml is not valid YAML"):
        load_claim(str(folder))


def test_a_folder_without_a_claim_hides_no_built_in_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dentist").mkdir()
    assert load_claim("dentist").id == "dentist"
    with pytest.raises(ClaimError, match=r"no claim.yaml in \./dentist|no claim.yaml in dentist"):
        load_claim("./dentist")
    (tmp_path / "mine").mkdir()
    with pytest.raises(ClaimError, match=r"no claim.yaml in mine"):
        load_claim("mine")
