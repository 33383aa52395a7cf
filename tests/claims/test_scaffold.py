from __future__ import annotations

import pytest

from disclaim.claims import check_claim, load_claim, scaffold_claim
from disclaim.errors import ClaimError
from disclaim.records import Instrument


def test_a_scaffold_loads_with_every_instrument(tmp_path):
    claim = load_claim(str(scaffold_claim("my_claim", tmp_path)))
    assert claim.id == "my_claim"
    assert {question.instrument for question in claim.questions} == set(Instrument)


def test_the_check_of_a_scaffold_lists_what_is_to_write_and_nothing_else(tmp_path):
    problems = check_claim(scaffold_claim("my_claim", tmp_path))
    assert {problem.file for problem in problems} == {
        "claim.yaml",
        "triples.yaml",
        "questions.yaml",
        "stance.yaml",
        "rubric.yaml",
    }
    assert all("to be written" in problem.message or "are needed" in problem.message for problem in problems)


def test_an_existing_folder_is_never_overwritten(tmp_path):
    path = scaffold_claim("my_claim", tmp_path)
    (path / "claim.yaml").write_text("mine")
    with pytest.raises(ClaimError, match="exists already"):
        scaffold_claim("my_claim", tmp_path)
    assert (path / "claim.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["My claim", "9lives", "../evil", ""])
def test_an_id_must_be_a_plain_name(tmp_path, name):
    with pytest.raises(ClaimError, match="is no claim id"):
        scaffold_claim(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
