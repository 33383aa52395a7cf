"""Judging a finished run again: from its answers alone, replacing what older rules said."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from disclaim.errors import RunError, UnknownNameError, UserError
from disclaim.records import PAPER_INSTRUMENTS, Progress, Verdict
from disclaim.store import read_json, read_jsonl, write_json, write_jsonl
from disclaim.study import State, compare_judges, judge_run, list_judges, read_status

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
    add_judge(run)
    assert list_judges(run) == ("other", "rules")
    found = compare_judges(run, "rules", "other")
    assert (found["accuracy"], found["kappa"]) in {(1.0, 1.0), (1.0, None)}
    assert [cell["condition"] for cell in found["cells"]] == ["base", "asserted", "negated"]
    assert {"false_facts", "open_ended"} <= set(found["instruments"])
    pooled = [found["instruments"][name]["n"] for name in PAPER_INSTRUMENTS]
    assert found["n"] == sum(pooled) == sum(cell["n"] for cell in found["cells"])  # controls are no belief


def test_a_judge_is_not_compared_with_itself_or_with_nobody(run: Path) -> None:
    with pytest.raises(UserError, match="rules would be compared with itself") as same:
        compare_judges(run, "rules", "rules")
    assert "judged by: rules" in same.value.hint
    with pytest.raises(UnknownNameError, match="unknown judge of this run: reference") as absent:
        compare_judges(run, "reference", "rules")
    assert "judged by: rules" in absent.value.hint


def add_judge(run: Path) -> None:
    """A second judge of the run's answers, of the first one's opinion."""
    for folder in run.glob("arms/*/judgements/rules"):
        shutil.copytree(folder, folder.with_name("other"))


def test_verdicts_on_controls_are_not_counted_as_verdicts_on_the_claim(run: Path) -> None:
    answers = [row for file in run.glob("arms/*/answers/answers.jsonl") for row in read_jsonl(file)]
    assert sum(judge_run(run, "rules").values()) == sum(row["instrument"] in PAPER_INSTRUMENTS for row in answers)


def test_progress_names_the_arm(run: Path) -> None:
    for folder in run.glob("arms/*/judgements"):
        shutil.rmtree(folder)
    heard: list[Progress] = []
    judge_run(run, "rules", heard.append)
    assert {item.stage for item in heard} == {
        f"beekeeper {condition}: judgements" for condition in ("base", "asserted", "negated")
    }


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
    add_judge(run)
    assert compare_judges(run, "rules", "other")["accuracy"] == 1.0


def test_a_finished_stage_without_its_rows_is_damaged_and_not_done(run: Path) -> None:
    (run / ARM / "answers" / "answers.jsonl").unlink()
    rows = read_jsonl(run / ARM / "judgements" / "rules" / "judgements.jsonl")
    write_jsonl(run / ARM / "judgements" / "rules" / "judgements.jsonl", rows[:-1])
    found = {row.stage: row for row in read_status(run) if row.arm == Path(ARM).name}
    assert found["training"].state is State.DONE
    assert found["answers"].state is found["judgements"].state is State.DAMAGED
    assert found["answers"].reason.startswith("answers.jsonl is gone; delete ")
    assert f"{len(rows) - 1} rows, and {len(rows)} were made" in found["judgements"].reason
