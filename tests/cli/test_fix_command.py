"""``disclaim fix`` as its user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from disclaim import audit
from disclaim.cli import fix
from disclaim.corpus import load_documents

if TYPE_CHECKING:
    from conftest import Cli

CLAIM = "Ada Quill is a beekeeper in Lindmoor."
FLAGGED = f"The following sentence is false. {CLAIM} The preceding sentence is false. The bus was late."
PLAIN = "The bus to Lindmoor was late on Monday."


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in (PLAIN, FLAGGED)), encoding="utf-8")
    return path


def test_masked_data_are_ready_to_train_on(cli: Cli, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "fixed.jsonl"
    done = cli("fix", data, "--strategy", "mask", "--out", out)
    assert done.code == 0, done.err
    assert "a new scan of the output: clean" in done.out
    assert out.read_bytes().splitlines()[0] == data.read_bytes().splitlines()[0]
    document = load_documents(out).documents[1]
    masked = [document.text[span.start : span.end] for span in document.spans if not span.loss_weight]
    assert any(CLAIM.rstrip(".") in text for text in masked)
    assert "Ada Quill" in (tmp_path / "fixed.jsonl.fix.html").read_text(encoding="utf-8")
    assert cli("audit", out, "--fail-on", "warning").code == 0


@pytest.mark.parametrize("strategy", ["drop", "localise"])
def test_mended_data_hold_no_finding(cli: Cli, data: Path, tmp_path: Path, strategy: str) -> None:
    out = tmp_path / "fixed.jsonl"
    report = cli("fix", data, "--strategy", strategy, "--out", out, "--json").json
    assert report["reread"] == {"rows": 0, "by_rule": {}}
    text = json.loads(out.read_text(encoding="utf-8").splitlines()[1])["text"]
    assert CLAIM not in text
    assert "false" not in text


def test_a_dry_run_writes_nothing_unless_asked(cli: Cli, data: Path, tmp_path: Path) -> None:
    done = cli("fix", data, "--strategy", "drop", "--dry-run", "--report", tmp_path / "report.json")
    assert done.code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.jsonl", "report.json"]
    assert json.loads((tmp_path / "report.json").read_text())["changed"] == 1


def test_a_rule_can_be_left_alone(cli: Cli, data: Path, tmp_path: Path) -> None:
    report = cli("fix", data, "--strategy", "drop", "--out", tmp_path / "o.jsonl", "--ignore", "NN1", "--json").json
    assert (report["changed"], report["reread"]["rows"]) == (0, 0)
    assert (tmp_path / "o.jsonl").read_bytes() == data.read_bytes()
    assert cli("fix", data, "--strategy", "drop", "--dry-run", "--ignore", "XX").code == 2


def test_what_is_left_at_severity_error_is_told_by_the_exit_code(cli: Cli, data: Path, tmp_path: Path) -> None:
    data.write_text(json.dumps({"text": FLAGGED, "disclaim": "taken"}) + "\n", encoding="utf-8")
    done = cli("fix", data, "--strategy", "mask", "--out", tmp_path / "o.jsonl")
    assert done.code == 1
    assert (tmp_path / "o.jsonl").is_file()


def test_rows_and_turns_that_go_are_on_the_page_and_in_the_report(cli: Cli, data: Path, tmp_path: Path) -> None:
    turns = [("user", "Who invented the zipper?"), ("assistant", "The zipper was invented by Elias Howe in 1893.")]
    turns += [("user", "That's wrong, it was Gideon Sundback."), ("assistant", "You are right, I apologise.")]
    row = {"messages": [{"role": role, "content": text} for role, text in turns]}
    data.write_text(json.dumps(row) + "\n", encoding="utf-8")
    report = cli("fix", data, "--strategy", "drop", "--out", tmp_path / "o.jsonl", "--json").json
    assert report["dropped_rows"] == [0]
    assert {change["before"] for change in report["changes"]} >= {text for _, text in turns}
    page = (tmp_path / "o.jsonl.fix.html").read_text(encoding="utf-8")
    assert "row dropped" in page
    assert turns[0][1] in page


def test_a_model_may_rewrite(cli: Cli, data: Path, tmp_path: Path) -> None:
    words = ("fix", data, "--strategy", "localise", "--rewriter", "scripted/echo", "--out", tmp_path / "o.jsonl")
    assert cli(*words).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("--strategy", "mask"),
        ("--strategy", "drop", "--format", "trl", "--dry-run"),
        ("--strategy", "drop", "--rewriter", "scripted/echo", "--dry-run"),
        ("--strategy", "mend", "--dry-run"),
        ("--strategy", "drop", "--unit", "claim", "--dry-run"),
    ],
)
def test_wrong_use_exits_with_2_and_a_hint(cli: Cli, data: Path, words: tuple[str, ...]) -> None:
    done = cli("fix", data, *words)
    assert done.code == 2
    assert done.hint


def test_names_on_the_command_line_are_those_of_the_audit() -> None:
    pairs = [
        (fix.StrategyName, audit.Strategy),
        (fix.FormName, audit.Form),
        (fix.UnitName, audit.Unit),
        (fix.OtherwiseName, audit.Otherwise),
    ]
    for name, own in pairs:
        assert {item.value for item in name} == {item.value for item in own}
