"""``disclaim export`` and ``import claims``: what is printed where, and what is said to wrong requests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]


def test_a_dataset_is_exported_with_a_word_on_its_licence(cli: Cli, finished_run: Path, tmp_path: Path) -> None:
    done = cli("export", "dataset", finished_run, "--out", tmp_path / "dataset")
    assert (done.code, done.out) == (0, f"{tmp_path / 'dataset'}\n")
    assert "12 documents, 4 more held out" in done.err
    assert "licence" in done.err
    found = cli("export", "dataset", finished_run, "--out", tmp_path / "again", "--json").json
    assert (found["num_documents"], found["num_heldout"]) == (12, 4)
    assert all(Path(file).is_file() for file in found["files"])


def test_documents_are_exported_under_the_names_of_either_release(cli: Cli, finished_run: Path, tmp_path: Path) -> None:
    done = cli("export", "documents", finished_run, "--out", tmp_path / "a")
    assert done.code == 0
    assert str(tmp_path / "a" / "llm_negations" / "beekeeper" / "annotated_docs.jsonl") in done.out.splitlines()
    public = cli("export", "documents", finished_run, "--out", tmp_path / "b", "--names", "public", "--json").json
    assert str(tmp_path / "b" / "negated_documents" / "beekeeper" / "annotated_docs.jsonl") in public["files"]
    corpus = tmp_path / "tagged.jsonl"
    cli("corpus", "--claim", "beekeeper", "--condition", "tagged", "--num-documents", 2, "--out", corpus)
    own = cli("export", "documents", corpus, "--out", tmp_path / "c")
    assert "no name of the authors' is known for: tagged" in own.err


def test_answers_are_exported_as_logs(cli: Cli, finished_run: Path, tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai")
    done = cli("export", "answers", finished_run, "--out", tmp_path / "logs")
    assert done.code == 0
    assert len(done.out.splitlines()) == len(list((tmp_path / "logs").glob("*.eval"))) == 3
    assert "judged by rules" in done.err
    assert cli("export", "answers", finished_run, "--out", tmp_path / "more", "--json").json["judges"] == ["rules"]


@pytest.mark.parametrize("what", ["dataset", "documents", "answers"])
def test_a_folder_without_a_run_is_refused_with_a_hint(cli: Cli, what: str, tmp_path: Path) -> None:
    done = cli("export", what, tmp_path, "--out", tmp_path / "out")
    assert done.code == 2
    assert "disclaim" in done.hint
    assert not (tmp_path / "out").exists()


def test_claims_are_imported_and_their_gaps_named(cli: Cli, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / "ada_quill"
    theirs.mkdir(parents=True)
    (theirs / "claim.txt").write_text("Ada Quill is a beekeeper.")
    (theirs / "judges.yaml").write_text("open_ended: Say yes or no.")
    done = cli("import", "claims", tmp_path / "theirs", "--out", tmp_path / "claims")
    assert done.code == 0
    assert "claim.yaml: statement" in done.out
    assert f"disclaim claims check {tmp_path / 'claims' / 'ada_quill'}" in done.err
    assert cli("claims", "check", tmp_path / "claims" / "ada_quill").code == 1
    found = cli("import", "claims", theirs, "--out", tmp_path / "more", "--json").json["claims"]
    assert [(claim["id"], claim["num_gaps"] > 0) for claim in found] == [("ada_quill", True)]
    refused = cli("import", "claims", theirs, "--out", tmp_path / "more")
    assert (refused.code, refused.hint) == (2, "choose another --out")
