"""The report reads whatever is there, and says what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from disclaim.errors import DataError
from disclaim.report import render_report
from disclaim.report.page import build_context, render_page
from disclaim.report.read import read_run
from disclaim.store import read_json, read_jsonl, write_json, write_jsonl


def page_of(run: Path) -> str:
    return render_page(build_context(read_run(run)))


ARM = "beekeeper.asserted.local__smollm2-135m.s0"


def test_a_folder_without_a_run_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no run in") as caught:
        render_report(tmp_path)
    assert "disclaim run" in caught.value.hint


def test_a_half_finished_run_gets_a_page_that_says_so(half_run: Path) -> None:
    page = (half_run / "report" / "index.html").read_text()
    assert "There are no estimates yet" in page
    assert "5 of 6 arms lack a stage" in page
    assert "unfinished" in page
    assert "not there" in page


def test_the_torn_last_line_of_a_stage_at_work_is_left_out_quietly(half_run: Path) -> None:
    run = read_run(half_run)
    asserted = next(arm_run for arm_run in run.arms if arm_run.arm.condition == "asserted")
    complete = next(arm_run for arm_run in run.arms if arm_run.arm.condition == "base")
    assert len(asserted.answers) == len(complete.answers) - 1
    assert run.problems == ()


def test_a_malformed_file_counts_as_absent_and_is_named_on_the_page(own_run: Path) -> None:
    path = own_run / "arms" / ARM / "answers" / "answers.jsonl"
    rows = read_jsonl(path)
    del rows[1]["finish_reason"]
    write_jsonl(path, rows)
    run = read_run(own_run)
    assert next(arm_run for arm_run in run.arms if arm_run.arm.id == ARM).answers == ()
    assert run.problems == (
        f"arms/{ARM}/answers/answers.jsonl: holds a line that cannot be used (KeyError: 'finish_reason')",
    )
    assert "holds a line that cannot be used" in page_of(own_run)


@pytest.mark.parametrize(
    "spoiled",
    [
        "study.json",
        "estimates.json",
        "failures.json",
        f"arms/{ARM}/training/metrics.jsonl",
        f"arms/{ARM}/training/manifest.json",
        f"arms/{ARM}/judgements/rules/judgements.jsonl",
        "corpora/beekeeper.negated/documents.jsonl",
        "corpora/beekeeper.negated/coverage.json",
    ],
)
@pytest.mark.parametrize(
    "content", [b"", b"[1]\n", b'{"rows": [{}], "arms": [{}], "claims": 3, "x": "y"}\n', b"\xff{\n"]
)
def test_no_spoiled_file_stops_the_report(own_run: Path, spoiled: str, content: bytes) -> None:
    (own_run / spoiled).write_bytes(content)
    assert page_of(own_run).endswith("</html>\n")


@pytest.mark.parametrize("lost", ["study.json", "estimates.json", "arms", "corpora"])
def test_no_missing_file_stops_the_report(own_run: Path, lost: str) -> None:
    (own_run / lost).rename(own_run / "elsewhere")
    assert page_of(own_run).endswith("</html>\n")


def test_arms_are_known_by_their_folders_where_the_study_is_lost(own_run: Path) -> None:
    before = {arm_run.arm for arm_run in read_run(own_run).arms}
    (own_run / "study.json").unlink()
    assert {arm_run.arm for arm_run in read_run(own_run).arms} == before


def test_answers_keep_line_separators_inside(own_run: Path) -> None:
    path = own_run / "arms" / ARM / "answers" / "answers.jsonl"
    rows = read_jsonl(path)
    rows[0]["answer"] = "one\u2028two\x85three\x0cfour"
    write_jsonl(path, rows)
    run = read_run(own_run)
    assert next(a for a in run.arms if a.arm.id == ARM).answers[0].answer == "one\u2028two\x85three\x0cfour"


def test_a_loss_that_is_no_number_is_left_out(own_run: Path) -> None:
    path = own_run / "arms" / ARM / "training" / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": NaN}\n{"step": 2, "loss": 1.5}\n{"step": 3, "loss": null}\n')
    training = next(a for a in read_run(own_run).arms if a.arm.id == ARM).training
    assert training.loss == ((2, 1.5),)


def test_failures_stand_on_the_page_with_their_reason(own_run: Path) -> None:
    write_json(own_run / "failures.json", {ARM: "out of memory at step 12"})
    page = page_of(own_run)
    assert f"{ARM} failed." in page
    assert "out of memory at step 12" in page


def test_settings_that_somebody_chose_are_told_from_defaults(own_run: Path) -> None:
    page = page_of(own_run)
    row = page[page.index("corpus.num_documents</th>") :]
    assert row[: row.index("</tr>")].endswith("<td>240</td><td><strong>the study</strong></td>")
    row = page[page.index("corpus.doctag</th>") :]
    assert "default" in row[: row.index("</tr>")]
    assert read_json(own_run / "study.json")["given"]["corpus"] == {"num_documents": 240}


def test_held_out_documents_are_not_counted_as_trained_on(own_run: Path) -> None:
    study = read_json(own_run / "study.json")
    study["settings"]["corpus"]["num_documents"] = 1
    write_json(own_run / "study.json", study)
    page = page_of(own_run)
    assert "What each condition trained on, and the documents held out" in page
    assert '<td class="num">1 + 1 held out</td>' in page
    assert "1 + 1 documents" in page


def test_one_reason_of_several_failures_is_said_once(own_run: Path) -> None:
    write_json(
        own_run / "failures.json", {"a.base.m.s0": "no such model", ARM: "no memory", "b.base.m.s0": "no such model"}
    )
    page = page_of(own_run)
    assert page.count("no such model") == 1
    assert "a.base.m.s0, b.base.m.s0 failed." in page


def test_a_neglect_figure_without_a_value_is_one_sentence(own_run: Path) -> None:
    estimates = read_json(own_run / "estimates.json")
    for row in estimates["rows"]:
        if row["metric"] == "neglect_ratio":
            row.update(value=None, low=None, high=None)
    write_json(own_run / "estimates.json", estimates)
    page = page_of(own_run)
    assert "No neglect ratio is given" in page
    assert "Neglect ratio by condition" not in page
