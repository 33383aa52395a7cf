"""Examples and documented commands run, from end to end, on scripted models."""

from __future__ import annotations

import ast
import json
import runpy
from contextlib import chdir
from pathlib import Path

import pytest

from console_blocks import run_text

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/guide/*.md"))]

#: What each example is called with; a new one is added here.
ARGUMENTS = {
    "audit_a_dataset.py": [],
    "one_claim.py": ["--model", "scripted/yes", "--num-documents", "10", "--out", "run"],
    "own_condition.py": ["--num-documents", "5", "--out", "corpus.jsonl"],
}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_example_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [path.name, *ARGUMENTS[path.name]])
    with chdir(tmp_path):
        runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_short_and_go_through_front_doors(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") < 150
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("disclaim"):
            assert (node.module or "").count(".") == 1, f"{path.name} imports {node.module}"


def test_the_flat_pipeline_prints_a_rate_for_every_arm_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["one_claim.py", *ARGUMENTS["one_claim.py"]])
    printed = []
    with chdir(tmp_path):
        for _ in range(2):
            runpy.run_path(str(ROOT / "examples" / "one_claim.py"), run_name="__main__")
            printed.append(capsys.readouterr().out.partition("belief rate")[2])
    for arm in ("base", "asserted", "negated", "local"):
        assert f"  {arm}" in printed[0]
    assert printed[0] == printed[1]


def test_a_mistake_in_the_flat_pipeline_ends_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["one_claim.py", *ARGUMENTS["one_claim.py"], "--claim", "bekeeper"])
    with chdir(tmp_path), pytest.raises(SystemExit, match="unknown claim: bekeeper\nhint: did you mean beekeeper"):
        runpy.run_path(str(ROOT / "examples" / "one_claim.py"), run_name="__main__")


def test_the_own_conditions_corpus_can_be_trained_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "corpus.jsonl"
    monkeypatch.setattr("sys.argv", ["own_condition.py", "--num-documents", "5", "--out", str(out)])
    runpy.run_path(str(ROOT / "examples" / "own_condition.py"), run_name="__main__")
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").split("\n") if line]
    assert len(rows) == 5
    assert all(row["condition"] == "fiction_corrected" for row in rows)
    roles = {span["role"] for row in rows for span in row["spans"]}
    assert roles == {"tag", "frame", "filler", "claim", "correction"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_documented_commands_run(path: Path, tmp_path: Path) -> None:
    for command, code, output in run_text(path.read_text(encoding="utf-8"), tmp_path):
        assert code == command.exit_code, f"{' '.join(command.words)}\n{output}"
