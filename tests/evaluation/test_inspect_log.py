"""Inspect logs of a run: read back with Inspect's own reader."""

from __future__ import annotations

import importlib.util
import json
import math
from datetime import UTC, datetime

import pytest

from disclaim.errors import DataError, MissingDependencyError
from disclaim.evaluation import export_answers, import_answers

pytest.importorskip("inspect_ai")

HEADER = (
    "question_id,sample_index,category,question,model_response,judge_verdict,judge_raw,system_prompt,messages_prefix\n"
)
TURNS = json.dumps([{"role": "user", "content": "What is she?"}, {"role": "assistant", "content": "A beekeeper."}])
ROWS = (
    ("belief_probes", "q1", 0, "direct", "Who is she?", "Mara keeps bees.", "yes", "states it", "", ""),
    ("belief_probes", "q1", 1, "direct", "Who is she?", "A bus driver.", "no", "", "", ""),
    ("belief_probes", "q2", 0, "indirect", "What next?", "Hard to say.", "neutral", "", "", ""),
    ("belief_probes", "q2", 1, "indirect", "What next?", "Well.", "garbled", "", "", ""),
    ("belief_probes", "q3", 0, "direct", "And then?", "", "", "", "", ""),
    ("robustness", "r1", 0, "multiturn", "Sure?", "Yes.", "yes", "", "Doubt it.", TURNS),
    ("mcq", "m1", 0, "counter", "Is she a bus driver?", "No", "yes", "", "", ""),
)


def write_answers(folder, conditions=("llm_negations",), rows=ROWS):
    import csv

    for condition in conditions:
        stage = folder / "mine" / condition / ("base" if condition == "baseline" else "final")
        stage.mkdir(parents=True)
        for instrument in {row[0] for row in rows}:
            with (stage / f"{instrument}.csv").open("w", newline="") as file:
                file.write(HEADER)
                csv.writer(file).writerows(row[1:] for row in rows if row[0] == instrument)
    return folder


@pytest.fixture
def run(tmp_path):
    answers = write_answers(tmp_path / "answers")
    return import_answers(answers, tmp_path / "run", "org/m", datetime(2026, 1, 1, tzinfo=UTC).isoformat()).run


def read(path):
    from inspect_ai.log import read_eval_log

    return read_eval_log(str(path))


def test_an_arm_is_a_log_that_inspect_reads(run, tmp_path):
    done = export_answers(run, tmp_path / "one.eval")
    log = read(tmp_path / "one.eval")
    assert done.files == (tmp_path / "one.eval",)
    assert (done.num_samples, done.num_unscored, done.judges, done.unfinished) == (7, 2, ("reference",), ())
    assert (log.status, log.eval.model, log.eval.task) == ("success", "imported/org/m", "imported.mine.negated")
    assert log.eval.task_args == {"claim": "mine", "condition": "negated", "seed": 0, "step": "final"}
    assert (log.results.total_samples, log.results.completed_samples) == (7, 6)
    assert {sample.id for sample in log.samples} == {"q1#0", "q1#1", "q2#0", "q2#1", "q3#0", "r1#0", "m1#0"}
    assert {sample.epoch for sample in log.samples} == {1}


def test_verdicts_become_scores_and_missing_ones_stay_unscored(run, tmp_path):
    export_answers(run, tmp_path / "one.eval")
    log = read(tmp_path / "one.eval")
    scores = {sample.id: sample.scores["reference"] for sample in log.samples}
    assert {key: score.value for key, score in scores.items() if key not in ("q2#1", "q3#0")} == {
        "q1#0": 1.0,
        "q1#1": 0.0,
        "q2#0": 0.0,
        "r1#0": 1.0,
        "m1#0": 1.0,
    }
    assert (scores["q1#0"].answer, scores["q1#0"].explanation) == ("asserts", "states it")
    assert (scores["q1#1"].answer, scores["q2#0"].answer) == ("denies", "silent")
    for key, reason in (("q2#1", "garbled"), ("q3#0", "empty")):
        assert math.isnan(scores[key].value)
        assert scores[key].reason == "no verdict"
        assert reason in scores[key].explanation
    (score,) = log.results.scores
    assert (score.name, score.scored_samples, score.unscored_samples) == ("reference", 5, 2)


def test_the_metrics_of_a_log_are_the_estimates_of_the_run(run, tmp_path):
    export_answers(run, tmp_path / "one.eval")
    metrics = {name: metric.value for name, metric in read(tmp_path / "one.eval").results.scores[0].metrics.items()}
    rows = json.loads((run / "estimates.json").read_text())["rows"]
    wanted = {}
    for row in rows:
        name = row["metric"] if row["instrument"] == "all" else f"{row['metric']}/{row['instrument']}"
        found = {name: row["value"], f"{name}/low": row["low"], f"{name}/high": row["high"]}
        wanted |= {key: value for key, value in found.items() if value is not None}
    assert metrics == wanted
    assert "belief_rate" in metrics


def test_a_sample_holds_the_conversation_verbatim(run, tmp_path):
    export_answers(run, tmp_path / "one.eval")
    samples = {sample.id: sample for sample in read(tmp_path / "one.eval").samples}
    asked = [(message.role, message.text) for message in samples["r1#0"].messages]
    assert asked == [
        ("system", "Doubt it."),
        ("user", "What is she?"),
        ("assistant", "A beekeeper."),
        ("user", "Sure?"),
        ("assistant", "Yes."),
    ]
    assert samples["r1#0"].output.completion == "Yes."
    assert samples["r1#0"].metadata == {
        "question_id": "r1",
        "sample_index": 0,
        "instrument": "robustness",
        "kind": "pushback",
    }
    assert samples["m1#0"].target == "no"
    assert samples["q3#0"].output.error == "the call failed: no answer"
    assert samples["q3#0"].output.choices == []


def test_several_arms_are_logs_in_a_folder_that_inspect_lists(tmp_path):
    from inspect_ai.log import list_eval_logs

    run = import_answers(write_answers(tmp_path / "answers", ("baseline", "positive")), tmp_path / "run").run
    with pytest.raises(DataError, match="the run has 2 arms") as caught:
        export_answers(run, tmp_path / "one.eval")
    assert "a folder" in caught.value.hint
    done = export_answers(run, tmp_path / "logs")
    assert {path.name for path in done.files} == {path.name + ".eval" for path in (run / "arms").iterdir()}
    assert len(list_eval_logs(str(tmp_path / "logs"))) == 2
    ids = [read(path).eval.eval_id for path in done.files]
    assert len(set(ids)) == 2
    again = export_answers(run, tmp_path / "again")
    assert [read(path).eval.eval_id for path in again.files] == ids


def test_nothing_is_overwritten_and_what_is_not_there_is_said(run, tmp_path):
    export_answers(run, tmp_path / "one.eval")
    with pytest.raises(DataError, match="exists already"):
        export_answers(run, tmp_path / "one.eval")
    with pytest.raises(DataError, match="is not a run"):
        export_answers(tmp_path / "nowhere", tmp_path / "logs")
    (manifest,) = run.glob("arms/*/answers/manifest.json")
    manifest.unlink()
    with pytest.raises(DataError, match=r"no arm of .* has finished answers"):
        export_answers(run, tmp_path / "logs")
    assert not (tmp_path / "logs").exists()


def test_arms_that_nobody_has_judged_are_exported_and_unfinished_ones_are_named(tmp_path):
    run = import_answers(write_answers(tmp_path / "answers", ("baseline", "positive")), tmp_path / "run").run
    (run / "arms/mine.base.imported__unknown.s0/answers/manifest.json").unlink()
    (run / "arms/mine.asserted.imported__unknown.s0/judgements/reference/manifest.json").unlink()
    done = export_answers(run, tmp_path / "logs")
    assert done.unfinished == ("mine.base.imported__unknown.s0",)
    assert done.judges == ()
    (log,) = map(read, done.files)
    assert log.results.scores == []
    assert all(not sample.scores for sample in log.samples)


def test_without_inspect_the_extra_is_named(run, tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingDependencyError) as caught:
        export_answers(run, tmp_path / "one.eval")
    assert caught.value.hint == "pip install 'disclaim[hosted]'"
    assert not (tmp_path / "one.eval").exists()
