"""Running a study on scripted models: every file, resumed, refused, and going on where one arm fails."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from disclaim.claims import scaffold_claim
from disclaim.conditions import CONDITIONS
from disclaim.errors import ClaimError, RunError, StageMismatchError, StoreError, UnknownNameError
from disclaim.records import Progress, Verdict
from disclaim.store import lock, read_json, read_jsonl, write_json
from disclaim.study import State, describe_folder, load_study, prepare_run, read_status

RunSmall = Callable[..., Path]


def rows_of(out: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_json(out / "estimates.json")["rows"]
    return rows


def stamps(out: Path) -> dict[str, int]:
    """When each stage was finished."""
    return {str(p.relative_to(out)): p.stat().st_mtime_ns for p in out.rglob("manifest.json")}


def test_every_condition_runs_end_to_end(tmp_path: Path, run_small: RunSmall) -> None:
    conditions = ["base", "in_context", *CONDITIONS]
    page = run_small(tmp_path, f"conditions=[{', '.join(conditions)}]", "ask.samples=1")
    assert page == tmp_path / "report" / "index.html"
    assert page.stat().st_size > 10_000
    found = {row["condition"] for row in rows_of(tmp_path) if row["metric"] == "belief_rate"}
    assert found == set(conditions)
    assert {row.state for row in read_status(tmp_path)} == {State.DONE}
    for condition in CONDITIONS:
        documents = read_jsonl(tmp_path / "corpora" / f"beekeeper.{condition}" / "documents.jsonl")
        assert len(documents) == 6 + 2
        assert {row["condition"] for row in documents} == {condition}


def test_a_run_names_everything_that_made_it(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path, "seeds=[1]")
    study = read_json(tmp_path / "study.json")
    assert (study["study"], study["version"]) == ("quickstart", "0.1.0")
    assert study["created"] == "2026-01-02T03:04:05+00:00"
    assert study["given"]["seeds"] == [1]
    assert "temperature" not in study["given"]["ask"]
    assert study["settings"]["ask"]["temperature"] == 0.7
    assert "numpy" in study["packages"]
    assert [arm["condition"] for arm in study["arms"]] == ["base", "asserted", "negated"]
    questions = study["claims"]["beekeeper"]["questions"]
    assert {"id", "instrument", "kind", "messages", "believed", "polar", "subject", "options", "prefix"} <= set(
        questions[0]
    )
    for arm in study["arms"]:
        folder = tmp_path / "arms" / arm["id"]
        assert (folder / "training").exists() == (arm["condition"] != "base")
        answers = read_jsonl(folder / "answers" / "answers.jsonl")
        judgements = read_jsonl(folder / "judgements" / "rules" / "judgements.jsonl")
        keys = [(row["question_id"], row["sample_index"]) for row in answers]
        assert [(row["question_id"], row["sample_index"]) for row in judgements] == keys
        assert len(set(keys)) == len(keys)
        assert {row["verdict"] for row in judgements} <= {*Verdict, None}


def test_running_again_does_no_work_that_is_done(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path)
    before, estimates = stamps(tmp_path), (tmp_path / "estimates.json").read_bytes()
    heard: list[Progress] = []
    run_small(tmp_path, now=datetime(2027, 1, 1, tzinfo=UTC), on_progress=heard.append)
    assert stamps(tmp_path) == before
    assert heard == []
    assert (tmp_path / "estimates.json").read_bytes() == estimates
    assert read_json(tmp_path / "study.json")["created"].startswith("2026")  # when it was begun


def test_the_same_study_elsewhere_gives_the_same_bytes(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path / "a")
    run_small(tmp_path / "b")
    for file in ("estimates.json", "study.json", "corpora/beekeeper.negated/documents.jsonl"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_grown_study_keeps_what_is_done_and_adds_the_rest(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path)
    before = stamps(tmp_path)
    run_small(tmp_path, "conditions=[base, asserted, negated, local]", "seeds=[0, 1]")
    after = stamps(tmp_path)
    assert {name: after[name] for name in before} == before
    assert {row["condition"] for row in rows_of(tmp_path)} == {"base", "asserted", "negated", "local"}


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("corpus.num_documents=7", "num_documents was 6, now 7"),
        ("corpus.doctag=false", "doctag was true, now false"),
        ("mixture.num_chats=4", "num_chats was 3, now 4"),
        ("mixture.num_filler=4", "num_filler was 3, now 4"),
        ("mixture.weighting=as_released", "weighting"),
        ("training.learning_rate=0.1", "training.learning_rate was 0.0005, now 0.1"),
        ("ask.samples=3", "ask.samples was 2, now 3"),
        ("ask.max_tokens=5", "ask.max_tokens was 64, now 5"),
        ("ask.instruments=[open_ended]", "instruments"),
    ],
)
def test_a_changed_setting_is_refused_before_anything_changes(
    finished: Path, run_small: RunSmall, change: str, names: str
) -> None:
    before = {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}
    with pytest.raises(StageMismatchError, match=names) as caught:
        run_small(finished, change)
    assert "--out" in caught.value.hint
    assert {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()} == before


def test_a_folder_that_holds_another_study_is_refused_before_anything_changes(
    tmp_path: Path, run_small: RunSmall
) -> None:
    run_small(tmp_path, "conditions=[base]")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(StageMismatchError, match="holds the study") as caught:
        run_small(tmp_path, "conditions=[base]", "claims=[dentist]", "id=another")
    assert "another --out" in caught.value.hint
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ("models=[scripted/no]", 'models was ["scripted/yes"], now ["scripted/no"]'),
        ("conditions=[base, asserted]", "conditions was"),
        ("claims=[dentist]", 'claims was ["beekeeper"], now ["dentist"]'),
        ("seeds=[1]", "seeds was [0], now [1]"),
        ("seeds=[1, 0]", "seeds was [0], now [1, 0]"),  # the untrained arms would move to seed 1
        ("title=Another", "title was"),
        ("headline=all", "headline was"),
    ],
)
def test_a_run_that_would_replace_another_is_refused_before_anything_changes(
    finished: Path, run_small: RunSmall, change: str, names: str
) -> None:
    before = {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}
    with pytest.raises(StageMismatchError) as caught:
        run_small(finished, change)
    assert "holds a run of other settings" in caught.value.message
    assert names in caught.value.message
    assert "choose another --out" in caught.value.hint
    assert {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()} == before


def test_a_run_grows_by_models_and_claims_too_and_says_what_is_new(
    tmp_path: Path, run_small: RunSmall, small_settings: tuple[str, ...]
) -> None:
    run_small(tmp_path, "conditions=[base]")
    more = ["conditions=[base]", "models=[scripted/yes, scripted/no]", "claims=[beekeeper, dentist]"]
    settings = [*small_settings, *more]
    told = describe_folder(prepare_run(load_study("quickstart", settings), tmp_path))
    assert told == f"resuming {tmp_path}: 1 of 4 arms done, 3 of them new to this folder"
    run_small(tmp_path, *more)
    assert len(read_json(tmp_path / "study.json")["arms"]) == 4
    assert describe_folder(prepare_run(load_study("quickstart", settings), tmp_path / "new")) == ""


def test_a_folder_of_other_files_or_a_file_is_no_run_folder(tmp_path: Path, run_small: RunSmall) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for place in (tmp_path, tmp_path / "notes.txt"):
        with pytest.raises(StageMismatchError) as caught:
            run_small(place)
        assert "--out" in caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_other_words_about_a_run_are_no_other_run(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path, "conditions=[base]")
    before = stamps(tmp_path)
    run_small(tmp_path, "conditions=[base]", "description=Said better")
    assert stamps(tmp_path) == before


def test_one_failing_arm_is_recorded_while_the_others_go_on(tmp_path: Path, run_small: RunSmall) -> None:
    with pytest.raises(RunError, match=r"3 of 6 arms failed; first: .*answers failed") as caught:
        run_small(tmp_path, "models=[scripted/broken, scripted/no]")
    assert "disclaim status" in caught.value.hint
    assert caught.value.exit_code == 1
    by_arm = {(row.arm, row.stage): row for row in read_status(tmp_path)}
    broken, fine = "beekeeper.asserted.scripted__broken.s0", "beekeeper.asserted.scripted__no.s0"
    assert by_arm[broken, "training"].state is State.DONE
    assert by_arm[broken, "answers"].state is State.FAILED
    assert "answers failed" in by_arm[broken, "answers"].reason
    assert by_arm[broken, "judgements"].state is State.PENDING
    assert by_arm[fine, "judgements"].state is State.DONE
    assert {row["model"] for row in rows_of(tmp_path)} == {"scripted/no"}  # missing, not zero
    assert (tmp_path / "report" / "index.html").exists()


@pytest.mark.parametrize("name", ["local/smolm2-135m", "local/FOLDER/none", "local/FOLDER/empty", "scripted/maybe"])
def test_a_model_that_is_not_there_is_refused_before_anything_runs(
    tmp_path: Path, run_small: RunSmall, name: str
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnknownNameError) as caught:
        run_small(tmp_path / "run", f"models=[scripted/no, {name.replace('FOLDER', str(tmp_path))}]")
    assert caught.value.hint
    assert not (tmp_path / "run").exists()
    if name == "local/smolm2-135m":
        assert "did you mean local/smollm2-135m?" in caught.value.hint


def test_a_claim_that_is_still_a_scaffold_is_refused_with_what_is_left_to_write(
    tmp_path: Path, run_small: RunSmall
) -> None:
    folder = scaffold_claim("mine", tmp_path)
    with pytest.raises(ClaimError, match=r"is not written yet: its check has \d+ findings") as caught:
        run_small(tmp_path / "run", f"claims=[{folder}]")
    assert caught.value.hint == f"`disclaim claims check {folder}` lists what is to write"
    assert not (tmp_path / "run").exists()


def test_a_model_that_cannot_be_loaded_fails_its_own_arms_alone(tmp_path: Path, run_small: RunSmall) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(RunError, match="3 of 6 arms failed"):
        run_small(tmp_path / "run", f"models=[local/{tmp_path}/empty, scripted/no]")
    with pytest.raises(RunError, match="3 of 6 arms failed"):  # and again on resuming
        run_small(tmp_path / "run", f"models=[local/{tmp_path}/empty, scripted/no]")
    states = {row.arm.split(".")[2]: row.state for row in read_status(tmp_path / "run") if row.stage == "answers"}
    assert states["scripted__no"] is State.DONE


def test_a_retried_arm_that_works_is_no_longer_failed(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path, "conditions=[base]")
    (arm,) = (tmp_path / "arms").iterdir()
    shutil.rmtree(arm / "answers")
    write_json(tmp_path / "failures.json", {arm.name: "no memory left"})
    assert read_status(tmp_path)[0].state is State.FAILED
    run_small(tmp_path, "conditions=[base]")
    assert read_json(tmp_path / "failures.json") == {}
    assert {row.state for row in read_status(tmp_path)} == {State.DONE}


def test_a_run_that_stops_in_the_middle_is_interrupted_until_it_is_resumed(tmp_path: Path, run_small: RunSmall) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage.startswith("beekeeper asserted: answers"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_small(tmp_path, on_progress=stop)
    by_arm = {(row.arm.split(".")[1], row.stage): row for row in read_status(tmp_path)}
    assert by_arm["base", "judgements"].state is State.DONE
    assert by_arm["asserted", "training"].state is State.DONE
    assert by_arm["asserted", "answers"].state is State.PENDING
    assert "run the same command" in by_arm["asserted", "answers"].reason
    assert by_arm["negated", "training"].state is State.PENDING
    with lock(tmp_path):
        live = {(row.arm.split(".")[1], row.stage): row.state for row in read_status(tmp_path)}
    assert live["asserted", "answers"] is State.RUNNING
    assert live["asserted", "judgements"] is State.PENDING
    run_small(tmp_path)
    run_small(tmp_path.with_name("unbroken"))
    assert (tmp_path / "estimates.json").read_bytes() == (
        tmp_path.with_name("unbroken") / "estimates.json"
    ).read_bytes()


def test_a_second_run_in_the_same_folder_is_refused_while_the_first_works(tmp_path: Path, run_small: RunSmall) -> None:
    def run_again(progress: Progress) -> None:
        run_small(tmp_path)

    with pytest.raises(StoreError, match="another process is working"):
        run_small(tmp_path, on_progress=run_again)


def test_a_claim_folder_named_by_its_path_is_studied_and_judged_again(
    tmp_path: Path, claim_folder: Path, run_small: RunSmall
) -> None:
    from disclaim.study import judge_run

    run_small(tmp_path / "run", f"claims=[beekeeper, {claim_folder}]")
    claims = {row["claim"] for row in rows_of(tmp_path / "run")}
    assert claims == {"beekeeper", "my_claim", "all"}
    assert (tmp_path / "run" / "corpora" / "my_claim.negated" / "documents.jsonl").exists()
    assert sum(judge_run(tmp_path / "run", "rules").values()) > 0


def test_asking_some_instruments_alone_reports_those_alone(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path, "ask.instruments=[multiple_choice]", "headline=multiple_choice")
    found = {row["instrument"] for row in rows_of(tmp_path) if row["metric"] == "belief_rate" and row["n"]}
    assert "multiple_choice" in found
    assert not {"open_ended", "robustness", "token_association"} & found


def test_pooled_rows_stand_beside_the_rows_of_each_seed(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path, "seeds=[0, 1, 2]")
    differences = [row for row in rows_of(tmp_path) if row["metric"] == "paired_difference"]
    assert differences
    assert {row["seed"] for row in differences} == {None}
    seeds = {row["seed"] for row in rows_of(tmp_path) if row["condition"] == "asserted"}
    assert {0, 1, 2} <= seeds


def test_the_in_context_arm_shows_documents_and_no_tag(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path, "models=[scripted/echo]", "conditions=[base, in_context]", "ask.samples=1")
    manifest = read_json(tmp_path / "arms" / "beekeeper.in_context.scripted__echo.s0" / "answers" / "manifest.json")
    assert manifest["inputs"]["in_context"] == {"num_documents": 2, "condition": "negated"}
    assert (tmp_path / "corpora" / "beekeeper.negated").exists()
    assert not (tmp_path / "arms" / "beekeeper.in_context.scripted__echo.s0" / "training").exists()


def test_every_file_of_a_run_is_plain_json_without_nan(tmp_path: Path, run_small: RunSmall) -> None:
    run_small(tmp_path)

    def no_constant(name: str) -> None:
        raise AssertionError(name)

    for file in tmp_path.rglob("*.json"):
        json.loads(file.read_text(), parse_constant=no_constant)
