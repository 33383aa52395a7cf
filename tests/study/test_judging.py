"""Judging a finished run again: from its answers alone, replacing what older rules said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from disclaim.errors import RunError, UnknownNameError, UserError
from disclaim.records import Verdict
from disclaim.store import read_json, write_json, write_jsonl
from disclaim.study import compare_judges, judge_run, list_judges

RunSmall = Callable[..., Path]
ARM = "arms/beekeeper.negated.scripted__yes.s0"


@pytest.fixture
def run(tmp_path: Path, finished: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def test_judging_again_by_the_same_rules_changes_nothing(run: Path) -> None:
    before = {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in run.rglob("judgements/**/*") if p.is_file()}
    estimates = (run / "estimates.json").read_bytes()
    counts = judge_run(run, "rules")
    assert {p: (p.read_bytes(), p.stat().st_mtime_ns) for p in before} == before
    assert (run / "estimates.json").read_bytes() == estimates
    assert set(counts) >= {verdict.value for verdict in Verdict}
    assert sum(counts.values()) > 100


def test_what_older_rules_said_is_replaced_and_the_estimates_are_made_anew(run: Path) -> None:
    folder = run / ARM / "judgements" / "rules"
    judgements, estimates = (folder / "judgements.jsonl").read_bytes(), (run / "estimates.json").read_bytes()
    manifest = read_json(folder / "manifest.json")
    for name in ("manifest.json", "inputs.json"):
        write_json(folder / name, {**manifest, "inputs": {**manifest["inputs"], "judge_revision": "older"}})
    write_jsonl(folder / "judgements.jsonl", [])
    write_json(run / "estimates.json", {"rows": []})
    judge_run(run, "rules")
    assert (folder / "judgements.jsonl").read_bytes() == judgements
    assert (run / "estimates.json").read_bytes() == estimates


def test_a_run_whose_rules_are_older_is_not_resumed_silently(run: Path, run_small: RunSmall) -> None:
    folder = run / ARM / "judgements" / "rules"
    manifest = read_json(folder / "manifest.json")
    for name in ("manifest.json", "inputs.json"):
        write_json(folder / name, {**manifest, "inputs": {**manifest["inputs"], "judge_revision": "older"}})
    with pytest.raises(UserError, match="judge_revision was"):
        run_small(run)


def test_judges_are_compared_on_the_same_answers(run: Path) -> None:
    assert list_judges(run) == ("rules",)
    found = compare_judges(run, "rules", "rules")
    assert (found["accuracy"], found["kappa"]) in {(1.0, 1.0), (1.0, None)}
    assert {cell["condition"] for cell in found["cells"]} == {"base", "asserted", "negated"}


def test_there_must_be_a_run_with_answers_and_a_judge_of_that_name(run: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError) as unknown:
        judge_run(run, "rulez")
    assert "rules" in unknown.value.hint
    with pytest.raises(UserError, match="is not a run"):
        judge_run(tmp_path, "rules")
    for folder in run.glob("arms/*/answers"):
        shutil.rmtree(folder)
    with pytest.raises(RunError, match=r"no arm of .* has finished answers") as empty:
        judge_run(run, "rules")
    assert "disclaim status" in empty.value.hint


def test_an_arm_that_was_killed_while_answering_is_left_out_of_judging_and_estimates(run: Path) -> None:
    answers = run / ARM / "answers"
    (answers / "manifest.json").unlink()
    with (answers / "answers.jsonl").open("a") as file:
        file.write('{"question_id": "open_en')
    judge_run(run, "rules")
    conditions = {row["condition"] for row in read_json(run / "estimates.json")["rows"]}
    assert "asserted" in conditions
    assert "negated" not in conditions
    assert compare_judges(run, "rules", "rules")["accuracy"] == 1.0
