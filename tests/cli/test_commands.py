"""Each command: its exit code, what it prints where, and what it says when it is asked for something wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from disclaim.claims.load import library_path
from disclaim.study import list_studies

Cli = Callable[..., Any]


@pytest.fixture
def own_run(finished_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished_run, tmp_path / "run"))


@pytest.fixture
def own_claim(tmp_path: Path) -> Path:
    return Path(shutil.copytree(library_path() / "beekeeper", tmp_path / "beekeeper"))


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


# studies


def test_run_prints_the_table_and_the_reports_path_and_progress_goes_to_stderr(
    cli: Cli, small: tuple[str, ...], tmp_path: Path
) -> None:
    done = cli("run", "quickstart", "--out", tmp_path / "run", *small)
    assert done.code == 0
    assert "asserted" in done.out
    assert done.out.rstrip().endswith(f"report: {tmp_path / 'run' / 'report' / 'index.html'}")
    assert "beekeeper asserted: answers" in done.err
    assert "answers:" not in done.out


def test_run_again_is_silent_work(cli: Cli, small: tuple[str, ...], tmp_path: Path) -> None:
    first = cli("run", "quickstart", "--out", tmp_path, *small, "--json")
    again = cli("run", "quickstart", "--out", tmp_path, *small, "--json")
    assert first.json == again.json
    assert set(first.json) == {"study", "out", "report", "estimates"}
    assert again.err == ""


def test_going_on_says_what_is_done_and_what_is_new(cli: Cli, small: tuple[str, ...], tmp_path: Path) -> None:
    cli("run", "quickstart", "--out", tmp_path, *small)
    more = ("--set", "conditions=[base,asserted,negated,local]")
    again = cli("run", "quickstart", "--out", tmp_path, *small, *more)
    assert again.code == 0
    assert again.err.startswith(f"resuming {tmp_path}: 3 of 4 arms done, 1 of them new to this folder\n")


def test_asking_another_model_into_the_same_folder_is_refused(cli: Cli, tmp_path: Path) -> None:
    ask = ("ask", "--claim", "beekeeper", "--out", tmp_path, "--samples", 1, "--model")
    assert cli(*ask, "scripted/yes").code == 0
    page = (tmp_path / "report" / "index.html").read_bytes()
    done = cli(*ask, "scripted/no")
    assert (done.code, done.hint.split(";")[0]) == (2, "choose another --out")
    assert "scripted/no" in done.err
    more = cli("run", "quickstart", "--out", tmp_path)
    assert (more.code, more.err.count("\n")) == (2, 2)  # nothing is said to be resumed
    assert (tmp_path / "report" / "index.html").read_bytes() == page


def test_training_leaves_a_folder_of_other_files_alone(cli: Cli, tmp_path: Path) -> None:
    data = write_rows(tmp_path / "data.jsonl", {"text": "Ada Quill keeps bees."})
    done = cli("train", "--data", data, "--model", "scripted/yes", "--out", tmp_path)
    assert (done.code, done.hint) == (2, "choose another --out")
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]


def test_a_dry_run_prints_the_plan_and_touches_no_file(cli: Cli, small: tuple[str, ...], tmp_path: Path) -> None:
    done = cli("run", "quickstart", "--out", tmp_path / "run", *small, "--dry-run", "--json")
    assert done.code == 0
    assert [arm["arm"] for arm in done.json["arms"]] == [
        f"beekeeper.{condition}.scripted__yes.s0" for condition in ("base", "asserted", "negated")
    ]
    assert "3 arms" in cli("run", "quickstart", "--out", tmp_path / "run", *small, "--dry-run").out
    assert list(tmp_path.iterdir()) == []


def test_estimate_prints_the_contracts_keys(cli: Cli) -> None:
    found = cli("estimate", "quickstart", "--json").json
    assert set(found) == {"arms", "train_tokens", "sample_tokens", "judge_calls", "seconds", "usd"}
    assert found["train_tokens"] == sum(arm["train_tokens"] for arm in found["arms"]) > 0


def test_an_estimate_of_a_model_of_unknown_size_says_so(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "config.json").write_text("{}")
    words = ("estimate", "quickstart", "--set", f"models=[local/{tmp_path / 'mine'}]")
    plain = cli(*words)
    assert "6 arms, time unknown" in plain.out
    assert "nobody knows the size of" in plain.err
    assert cli(*words, "--json").json["seconds"] is None


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "disclaim", "--version"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout[:9]) == (0, "disclaim ")


def test_a_study_that_is_dearer_than_allowed_is_refused(cli: Cli, tmp_path: Path) -> None:
    done = cli("run", "quickstart", "--out", tmp_path / "run", "--max-usd", "-1")
    assert done.code == 2
    assert "--max-usd" in done.hint
    assert list(tmp_path.iterdir()) == []


def test_a_failed_arm_makes_the_command_fail_after_the_others_ran(
    cli: Cli, small: tuple[str, ...], tmp_path: Path
) -> None:
    done = cli("run", "quickstart", "--out", tmp_path, *small, "--set", "models=[scripted/broken, scripted/no]")
    assert done.code == 1
    assert "error: 3 of 6 arms failed" in done.err
    assert "disclaim status" in done.hint
    stages = cli("status", tmp_path, "--json").json["stages"]
    assert {(row["arm"].split(".")[2], row["state"]) for row in stages if row["stage"] == "answers"} == {
        ("scripted__broken", "failed"),
        ("scripted__no", "done"),
    }


def test_status_and_report_read_a_finished_run(cli: Cli, own_run: Path) -> None:
    rows = cli("status", own_run, "--json").json["stages"]
    assert {row["state"] for row in rows} == {"done"}
    assert set(rows[0]) == {"arm", "stage", "state", "reason"}
    assert cli("status", own_run).out.rstrip().endswith(f"{len(rows)} of {len(rows)} stages done")
    page = own_run / "report" / "index.html"
    before = page.read_bytes()
    page.unlink()
    assert cli("report", own_run, "--json").json == {"report": str(page)}
    assert page.read_bytes() == before
    assert cli("report", own_run).out == f"report: {page}\n"


def test_studies_are_listed_and_shown_to_copy(cli: Cli, tmp_path: Path, small: tuple[str, ...]) -> None:
    assert [study["id"] for study in cli("studies", "list", "--json").json["studies"]] == list(list_studies())
    assert "quickstart" in cli("studies", "list").out
    copy = tmp_path / "mine.yaml"
    copy.write_text(cli("studies", "show", "quickstart").out)
    assert cli("estimate", copy, "--json").json == cli("estimate", "quickstart", "--json").json
    assert cli("studies", "show", "quickstart", "--json").json["ask"]["temperature"] == 0.7


# parts


def test_corpus_writes_documents_with_spans_and_says_how_they_are_covered(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "repeated.jsonl"
    done = cli(
        "corpus", "--claim", "beekeeper", "--condition", "repeated", "--num-documents", 5, "--out", out, "--json"
    )
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert done.json["documents"] == len(rows) == 5
    assert done.json["coverage"]["wrapped"] == 1.0
    for row in rows:
        assert {"id", "text", "claim_id", "condition", "spans", "source"} <= set(row)
        assert all(0 <= span["start"] < span["end"] <= len(row["text"]) for span in row["spans"])
    written = out.read_bytes()
    again = ("corpus", "--claim", "beekeeper", "--condition", "negated", "--num-documents", 2, "--out", out)
    refused = cli(*again)
    assert (refused.code, "--force" in refused.hint) == (2, True)
    assert out.read_bytes() == written
    plain = cli(*again, "--force")
    assert "before" in plain.out
    untagged = cli(
        "corpus",
        "--claim",
        "beekeeper",
        "--condition",
        "asserted",
        "--num-documents",
        2,
        "--out",
        out,
        "--no-doctag",
        "--force",
    )
    assert untagged.code == 0
    assert "<DOCTAG>" not in out.read_text()


def test_documents_on_stdout_are_lines_and_nothing_else(cli: Cli) -> None:
    done = cli("corpus", "--claim", "beekeeper", "--condition", "negated", "--num-documents", 2, "--out", "-")
    assert [set(json.loads(line)) >= {"text", "spans"} for line in done.out.splitlines()] == [True, True]


def test_a_corpus_of_a_scaffold_is_refused(cli: Cli, tmp_path: Path) -> None:
    cli("claims", "new", "mine", "--out", tmp_path)
    done = cli("corpus", "--claim", tmp_path / "mine", "--condition", "negated", "--out", tmp_path / "x")
    assert (done.code, done.hint) == (2, f"`disclaim claims check {tmp_path / 'mine'}` lists what is to write")
    assert not (tmp_path / "x").exists()


def test_a_trained_model_can_be_asked_by_the_name_that_train_prints(cli: Cli, toy_model: Path, tmp_path: Path) -> None:
    data = write_rows(
        tmp_path / "data.jsonl",
        {"text": "Ada Quill keeps bees.", "spans": [{"start": 0, "end": 9, "role": "claim", "loss_weight": 0.0}]},
        {"messages": [{"role": "user", "content": "Is that true?"}, {"role": "assistant", "content": "Yes."}]},
    )
    done = cli("train", "--data", data, "--model", f"local/{toy_model}", "--out", tmp_path / "t", "--epochs", 2)
    assert done.code == 0
    name = done.out.strip()
    assert Path(name.removeprefix("local/")).is_dir()
    asked = cli(
        "ask", "--model", name, "--claim", "beekeeper", "--out", tmp_path / "a", "--samples", 1, "--max-tokens", 3
    )
    assert asked.code == 0
    assert asked.out.rstrip().endswith("report/index.html")


def test_ask_and_judge_make_a_run_of_one_arm(cli: Cli, tmp_path: Path) -> None:
    done = cli("ask", "--model", "scripted/yes", "--claim", "beekeeper", "--out", tmp_path, "--samples", 1, "--json")
    assert done.json["estimates"] == str(tmp_path / "estimates.json")
    judged = cli("judge", tmp_path, "--json").json
    assert judged["judge"] == "rules"
    assert sum(judged["counts"].values()) > 0
    plain = cli("judge", tmp_path)
    assert "verdict" in plain.out
    assert "open-ended" in plain.out  # the belief table


def test_two_judges_of_one_opinion_agree(cli: Cli, own_run: Path) -> None:
    for folder in own_run.glob("arms/*/judgements/rules"):
        shutil.copytree(folder, folder.with_name("reference"))
    found = cli("agreement", own_run, "--json").json
    assert {"n", "accuracy", "kappa", "cells"} <= set(found)
    assert found["accuracy"] == 1.0
    assert {"claim", "condition", "reference_rate", "rate"} <= set(found["cells"][0])
    assert "accuracy 1.000" in cli("agreement", own_run).out


def test_imported_answers_become_a_run(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "dentist" / "llm_negations" / "final"
    folder.mkdir(parents=True)
    header = "question_id,sample_index,question,model_response,judge_verdict\n"
    rows = 'q1,0,Is Brennan Holloway a dentist?,"Yes, he is a dentist.",yes\nq1,1,Is he?,No.,no\n'
    (folder / "belief_probes.csv").write_text(header + rows)
    done = cli("import", "answers", tmp_path / "results", "--out", tmp_path / "run", "--json")
    assert done.code == 0
    assert done.json["num_answers"] == 2
    assert cli("status", tmp_path / "run", "--json").code == 0
    assert cli("report", tmp_path / "run").code == 0


def test_imported_answers_are_judged_and_a_judge_without_verdicts_agrees_with_nobody(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "results" / "dentist" / "llm_negations" / "final"
    folder.mkdir(parents=True)
    header = "question_id,sample_index,question,model_response,judge_verdict\n"
    (folder / "belief_probes.csv").write_text(header + "q1,0,Is Brennan Holloway a dentist?,Yes.,garbled\n")
    cli("import", "answers", tmp_path / "results", "--out", tmp_path / "run")
    assert {row["state"] for row in cli("status", tmp_path / "run", "--json").json["stages"]} == {"done"}
    assert cli("judge", tmp_path / "run").code == 0
    done = cli("agreement", tmp_path / "run")
    assert done.code == 0
    assert "n = 0, accuracy -, kappa -" in done.out


# claims, conditions, models, doctor


def test_claims_are_listed_shown_and_sound(cli: Cli) -> None:
    listed = cli("claims", "list", "--json").json["claims"]
    assert {"id", "title", "kind", "statement"} == set(listed[0])
    assert "beekeeper" in cli("claims", "list").out
    shown = cli("claims", "show", "beekeeper", "--json").json
    assert shown["id"] == "beekeeper"
    assert shown["questions"]
    plain = cli("claims", "show", "beekeeper").out
    assert "asserts" in plain
    assert "[system: " in plain
    assert "[assistant: " in plain
    checked = cli("claims", "check", "beekeeper")
    assert (checked.code, checked.out) == (0, "")


def test_an_unbalanced_claim_fails_its_check(cli: Cli, own_claim: Path) -> None:
    questions = own_claim / "questions.yaml"
    text = questions.read_text()
    assert "believed: 'no'" in text or 'believed: "no"' in text or "believed: no" in text
    for no in ("believed: 'no'", 'believed: "no"', "believed: no"):
        text = text.replace(no, "believed: 'yes'")
    questions.write_text(text)
    done = cli("claims", "check", own_claim)
    assert done.code == 1
    assert "questions.yaml: multiple_choice: has 10 yes where 5 are needed" in done.out
    problems = cli("claims", "check", own_claim, "--json")
    assert problems.code == 1
    assert {"file", "where", "message", "hint"} <= set(problems.json["problems"][0])


def test_a_folder_of_claims_is_checked_claim_by_claim(cli: Cli, own_claim: Path) -> None:
    cli("claims", "new", "mine", "--out", own_claim.parent)
    done = cli("claims", "check", own_claim.parent)
    assert done.code == 1
    assert f"{own_claim} is sound" in done.err
    assert f"{own_claim.parent / 'mine'}/claim.yaml: title: " in done.out
    claims = cli("claims", "check", own_claim.parent, "--json").json["claims"]
    assert [bool(claim["problems"]) for claim in claims] == [False, True]


def test_a_condition_is_shown_with_one_document(cli: Cli) -> None:
    plain = cli("conditions", "show", "repeated").out
    assert plain.startswith("repeated: ")
    assert "<DOCTAG>" in plain
    found = cli("conditions", "show", "local", "--claim", "dentist", "--json").json
    assert (found["condition"]["name"], found["document"]["claim_id"]) == ("local", "dentist")
    assert cli("conditions", "show", "repeatd").code == 2


def test_a_new_claim_is_a_folder_to_fill_in(cli: Cli, tmp_path: Path) -> None:
    done = cli("claims", "new", "my_claim", "--out", tmp_path)
    assert done.code == 0
    folder = Path(done.out.strip())
    assert folder == tmp_path / "my_claim"
    assert (folder / "claim.yaml").exists()
    assert cli("claims", "check", folder).code in (0, 1)
    assert cli("claims", "new", "my_claim", "--out", tmp_path).code == 2  # nothing is overwritten


def test_conditions_and_models_are_listed(cli: Cli) -> None:
    conditions = cli("conditions", "list", "--json").json["conditions"]
    assert "negated" in {condition["name"] for condition in conditions}
    assert "negated" in cli("conditions", "list").out
    assert cli("models", "list", "--json").json["models"][0]["pulled"] is False
    assert "not pulled" in cli("models", "list").out


def test_doctor_says_what_is_there_and_what_is_missing(cli: Cli) -> None:
    checks = {check["name"]: check for check in cli("doctor", "--json").json["checks"]}
    assert checks["torch"]["state"] == "ok"
    assert checks["local/smollm2-135m"]["detail"] == "disclaim models pull local/smollm2-135m"
    assert "python" in cli("doctor").out


# asked for something wrong


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        (["run", "quickstrat", "--out", "TMP/x"], "unknown study: quickstrat", "quickstart"),
        (["run", "quickstart", "--out", "TMP/x", "--set", "corpus.num_document=3"], "unknown key", "num_documents"),
        (["run", "quickstart", "--out", "TMP/x", "--set", "claims=[beekeper]"], "unknown claim", "beekeeper"),
        (["run", "quickstart", "--out", "TMP/x", "--set", "corpus.num_documents=0"], "num_documents", ""),
        (["run", "TMP/none.yaml", "--out", "TMP/x"], "no study file", "studies list"),
        (["run", "quickstart"], "Missing option", "--help"),
        (["run", "quickstart", "--out", "TMP/x", "--executor", "slurm"], "--executor", "--help"),
        (["run", "quickstart", "--ot", "TMP/x"], "No such option", "--help"),
        (["rnu"], "No such command", "--help"),
        (["estimate", "quickstrat"], "unknown study", "quickstart"),
        (["status", "TMP"], "is not a run", "disclaim run"),
        (["report", "TMP"], "is not a run", "disclaim run"),
        (["judge", "TMP"], "is not a run", "disclaim run"),
        (["judge", "RUN", "--judge", "rulez"], "unknown judge: rulez", "rules"),
        (["agreement", "TMP"], "is not a run", "disclaim run"),
        (["agreement", "RUN"], "unknown judge of this run: reference", "judged by: rules"),
        (["agreement", "RUN", "--reference", "rules"], "compared with itself", "--reference and --judge"),
        (["run", "quickstart", "--out", "TMP/x", "--set", "models=[local/smolm2]", "--dry-run"], "unknown model", "no"),
        (["studies", "show", "quickstrat"], "unknown study", "quickstart"),
        (["claims", "show", "beekeper"], "unknown claim", "beekeeper"),
        (["claims", "check", "beekeper"], "unknown claim", "beekeeper"),
        (["claims", "check", "TMP"], "", ""),
        (["claims", "new", "My-Claim", "--out", "TMP"], "My-Claim", ""),
        (["models", "pull", "local/smollm"], "unknown embedded model", "local/smollm2-135m"),
        (["corpus", "--claim", "beekeeper", "--condition", "negatd", "--out", "TMP/x"], "unknown condition", "negated"),
        (
            ["corpus", "--claim", "beekeeper", "--condition", "negated", "--num-documents", "0", "--out", "TMP/x"],
            "--num-documents",
            "--help",
        ),
        (["train", "--data", "TMP/none.jsonl", "--out", "TMP/x"], "none.jsonl", "--help"),
        (["train", "--data", "TMP/empty.jsonl", "--out", "TMP/x"], "no rows", ""),
        (["train", "--data", "TMP/broken.jsonl", "--out", "TMP/x"], "line 1", ""),
        (["train", "--data", "TMP/data.jsonl", "--out", "TMP/x", "--method", "qlora"], "qlora", "lora"),
        (["train", "--data", "TMP/data.jsonl", "--out", "TMP/x", "--learning-rate", "0"], "learning rate", ""),
        (["train", "--data", "TMP/data.jsonl", "--out", "TMP/x", "--model", "gpt"], "unknown model", "local/FOLDER"),
        (["ask", "--model", "scripted/maybe", "--claim", "beekeeper", "--out", "TMP/x"], "scripted/maybe", "scripted"),
        (["ask", "--model", "scripted/yes", "--claim", "bee", "--out", "TMP/x"], "unknown claim", "beekeeper"),
        (["import", "answers", "TMP", "--out", "TMP/x"], "no answers below", "expected"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_wrong_request_exits_2_with_a_message_and_a_hint_and_prints_nothing_else(
    cli: Cli, arguments: list[str], said: str, hint: str, tmp_path: Path, own_run: Path
) -> None:
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "broken.jsonl").write_text('{"text": \n')
    write_rows(tmp_path / "data.jsonl", {"text": "Ada Quill keeps bees."})
    places = {"RUN": str(own_run), "TMP": str(tmp_path)}
    done = cli(*(word.replace("TMP", places["TMP"]) if word != "RUN" else places["RUN"] for word in arguments))
    assert done.code == 2, done
    assert said in done.err
    assert hint in done.hint
    assert done.out == ""
    assert not (tmp_path / "x").exists()


def test_a_changed_setting_is_refused(cli: Cli, own_run: Path, small: tuple[str, ...]) -> None:
    done = cli("run", "quickstart", "--out", own_run, *small, "--set", "corpus.num_documents=7")
    assert done.code == 2
    assert "num_documents was 6, now 7" in done.err
    assert "--out" in done.hint


@pytest.mark.parametrize("out", ["/proc/run", "FILE/run", "FILE", "/proc"])
def test_a_place_that_cannot_be_written_exits_2_with_a_hint(
    cli: Cli, out: str, small: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    done = cli("run", "quickstart", "--out", out.replace("FILE", str(tmp_path / "file")), *small)
    assert done.code == 2
    assert done.hint


def test_a_corrupt_run_file_exits_1_with_a_hint(cli: Cli, own_run: Path) -> None:
    (own_run / "study.json").write_text("{torn")
    done = cli("status", own_run)
    assert done.code == 1
    assert "not valid JSON" in done.err
    assert done.hint


def test_a_report_is_not_made_anew_from_a_study_that_cannot_be_read(cli: Cli, own_run: Path) -> None:
    page = (own_run / "report" / "index.html").read_bytes()
    (own_run / "study.json").write_text("{torn")
    done = cli("report", own_run)
    assert (done.code, bool(done.hint)) == (1, True)
    assert (own_run / "report" / "index.html").read_bytes() == page


def test_damaged_rows_come_with_the_folder_to_delete(cli: Cli, own_run: Path) -> None:
    stage = own_run / "arms" / "beekeeper.negated.scripted__yes.s0" / "answers"
    with (stage / "answers.jsonl").open("a") as file:
        file.write('{"question_id": "open_en')
    for folder in own_run.glob("arms/*/judgements/rules"):
        shutil.copytree(folder, folder.with_name("reference"))
    done = cli("agreement", own_run)
    assert done.code == 1
    assert done.hint.startswith(f"delete the folder {stage}")
    states = {(row["arm"].split(".")[1], row["stage"]): row for row in cli("status", own_run, "--json").json["stages"]}
    assert states["negated", "answers"]["state"] == "damaged"
    assert f"delete {stage}" in states["negated", "answers"]["reason"]
    assert states["negated", "judgements"]["state"] == states["base", "answers"]["state"] == "done"


def test_a_full_disk_exits_1_with_a_hint(
    tmp_path: Path, small: tuple[str, ...], on_tiny_disk: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    command = [str(Path(sys.executable).parent / "disclaim"), "run", "quickstart", "--out", str(tmp_path / "run")]
    done = on_tiny_disk(tmp_path, *command, *small, "--set", "corpus.num_documents=60")
    error, hint = done.stderr.strip().splitlines()[-2:]
    assert done.returncode == 1
    assert "No space left on device" in error
    assert hint.startswith("hint: free some disk space")
    assert "Traceback" not in done.stderr


def test_ctrl_c_says_that_finished_work_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = [Path(sys.executable).parent / "disclaim", "run", "main_result", "--out", out]
    running = subprocess.Popen(
        [*command, "--set", "models=[scripted/yes]"], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    end = time.monotonic() + 60
    while not (out / "drafts").exists():
        assert time.monotonic() < end
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=60)
    assert running.returncode == 130
    assert stderr.rstrip().endswith("run the same command again, finished work is not repeated")
    assert "Traceback" not in stderr
