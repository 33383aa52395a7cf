"""Importing answers in the authors' layout; their table, where their answers are at hand."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from disclaim.claims import load_claim
from disclaim.errors import DataError, StageMismatchError
from disclaim.evaluation import Imported, RuleJudge, import_answers, load_run, measure_agreement
from disclaim.records import Instrument, Verdict
from disclaim.store import read_json

COLUMNS = (
    "universe",
    "question_id",
    "sample_index",
    "category",
    "question",
    "model_response",
    "judge_verdict",
    "judge_raw",
    "system_prompt",
    "messages_prefix",
)
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "answers"


def write_csv(path: Path, rows: list[dict[str, str]], columns: tuple[str, ...] = COLUMNS) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    blob = text.getvalue().encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(blob) if path.suffix == ".gz" else blob)


def row(id: str, index: int, answer: str, verdict: str, **more: str) -> dict[str, str]:
    return {
        "question_id": id,
        "sample_index": str(index),
        "question": f"{id}?",
        "model_response": answer,
        "judge_verdict": verdict,
        **more,
    }


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Two conditions of one claim: open-ended and reversed multiple choice, one verdict missing, one file too many."""
    folder = tmp_path / "results" / "brennan_holloway"
    write_csv(
        folder / "baseline" / "base" / "belief_probes.csv",
        [
            row("bp", 0, "He is an actor.", "neutral"),
            row("bp", 1, "a\u2028b\nc", "no", judge_raw='{"reason": "because"}'),
        ],
    )
    write_csv(
        folder / "positive" / "final" / "belief_probes.csv.gz",
        [row("bp", 0, "A dentist.", "yes"), row("bp", 1, "A dentist.", "ERROR"), row("bp", 0, "A dentist.", "yes")],
    )
    write_csv(
        folder / "positive" / "final" / "mcq.csv",
        [row("m1", 0, '{"answer": "no"}', "yes", category="counter"), row("m2", 0, "?", "no", category="positive")],
    )
    write_csv(
        folder / "positive" / "final" / "robustness.csv",
        [
            row(
                "r1",
                0,
                "",
                "",
                category="multiturn",
                system_prompt="Careful.",
                messages_prefix=json.dumps([{"role": "assistant", "content": "A dentist."}]),
            )
        ],
    )
    write_csv(folder / "positive" / "final" / "crokking.csv", [row("x", 0, "x", "yes")])
    return folder.parent


def test_names_become_ours_and_files_of_other_instruments_are_named(layout: Path, tmp_path: Path) -> None:
    imported = import_answers(layout, tmp_path / "run", model="org/name", created="2026-01-01")
    assert [arm.id for arm in imported.arms] == [
        "dentist.base.imported__org__name.s0",
        "dentist.asserted.imported__org__name.s0",
    ]
    assert imported.skipped == ("brennan_holloway/positive/final/crokking.csv",)
    assert imported.num_answers == 8
    study = read_json(tmp_path / "run" / "study.json")
    assert study["claims"]["dentist"]["subject"] == load_claim("dentist").subject
    assert study["created"] == "2026-01-01"


def test_questions_are_rebuilt_with_their_key_and_conversation(layout: Path, tmp_path: Path) -> None:
    import_answers(layout, tmp_path / "run")
    asserted = load_run(tmp_path / "run", "reference")[1]
    questions = {question.id: question for question in asserted.questions}
    assert (questions["m1"].believed, questions["m2"].believed, questions["bp"].believed) == ("no", "yes", None)
    assert questions["r1"].kind == "pushback"
    assert [(m.role, m.content) for m in questions["r1"].messages] == [
        ("system", "Careful."),
        ("assistant", "A dentist."),
        ("user", "r1?"),
    ]


def test_verdicts_become_ours_and_anything_else_is_missing(layout: Path, tmp_path: Path) -> None:
    import_answers(layout, tmp_path / "run")
    base, asserted = load_run(tmp_path / "run", "reference")
    assert [j.verdict for j in base.judgements] == [Verdict.SILENT, Verdict.DENIES]
    assert base.judgements[1].reason == "because"
    assert base.answers[1].answer == "a\u2028b\nc"
    verdicts = {(j.question_id, j.sample_index): j.verdict for j in asserted.judgements}
    assert verdicts[("bp", 1)] is None
    assert verdicts[("r1", 0)] is None
    assert asserted.answers[-1].answer is None


def test_a_question_listed_twice_is_two_questions(layout: Path, tmp_path: Path) -> None:
    import_answers(layout, tmp_path / "run")
    asserted = load_run(tmp_path / "run", "reference")[1]
    ids = [answer.question_id for answer in asserted.answers if answer.instrument is Instrument.OPEN_ENDED]
    assert ids == ["bp", "bp", "bp#2"]


def test_importing_again_changes_nothing_and_other_answers_are_refused(layout: Path, tmp_path: Path) -> None:
    import_answers(layout, tmp_path / "run")
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*.json*")}
    import_answers(layout, tmp_path / "run")
    assert before == {path: path.read_bytes() for path in (tmp_path / "run").rglob("*.json*")}
    write_csv(layout / "brennan_holloway" / "baseline" / "base" / "belief_probes.csv", [row("bp", 0, "Other.", "no")])
    with pytest.raises(StageMismatchError):
        import_answers(layout, tmp_path / "run")


def test_unknown_token_counts_leave_the_cut_off_rate_unknown(layout: Path, tmp_path: Path) -> None:
    import_answers(layout, tmp_path / "run")
    rows = read_json(tmp_path / "run" / "estimates.json")["rows"]
    assert {r["value"] for r in rows if r["metric"] == "cut_off_rate"} == {None}


def test_two_files_of_one_instrument_are_refused_not_counted_twice(layout: Path, tmp_path: Path) -> None:
    file = layout / "brennan_holloway" / "positive" / "final" / "mcq.csv"
    file.with_name("mcq.csv.gz").write_bytes(gzip.compress(file.read_bytes()))
    with pytest.raises(DataError, match=r"mcq\.csv and .*mcq\.csv\.gz are answers to one instrument"):
        import_answers(layout, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_run_of_another_study_is_not_written_over(layout: Path, tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text('{"study": "quickstart", "arms": []}')
    with pytest.raises(StageMismatchError, match="holds the study quickstart") as caught:
        import_answers(layout, tmp_path)
    assert "another --out" in caught.value.hint
    assert (tmp_path / "study.json").read_text() == '{"study": "quickstart", "arms": []}'


def test_the_prefix_of_imported_models_is_never_doubled(layout: Path, tmp_path: Path) -> None:
    first, second = (
        import_answers(layout, tmp_path / "a", "qwen"),
        import_answers(layout, tmp_path / "b", "imported/qwen"),
    )
    assert {arm.model for arm in (*first.arms, *second.arms)} == {"imported/qwen"}


def test_answers_of_another_model_need_another_folder(layout: Path, tmp_path: Path) -> None:
    run = import_answers(layout, tmp_path / "run", "a").run
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(StageMismatchError, match="holds other answers") as caught:
        import_answers(layout, run, "b")
    assert "another --out" in caught.value.hint
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no answers below"):
        import_answers(tmp_path, tmp_path / "run")


@pytest.mark.parametrize(
    ("blob", "message"),
    [
        (b"question_id,question\nq,?\n", "has no column sample_index, model_response, judge_verdict"),
        (b"question_id,sample_index,question,model_response,judge_verdict\nq,one,?,a,yes\n", "line 2"),
        (b"question_id,sample_index,question,model_response,judge_verdict\nq,1\n", "line 2"),
        (b"question_id,sample_index,question,model_response,judge_verdict\nq,1,?,\xff,yes\n", "cannot be read"),
        (b"", "has no column"),
    ],
)
def test_a_malformed_file_is_named_with_its_place(tmp_path: Path, blob: bytes, message: str) -> None:
    path = tmp_path / "in" / "c" / "positive" / "final" / "mcq.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(blob)
    with pytest.raises(DataError, match=message):
        import_answers(tmp_path / "in", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_broken_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "in" / "c" / "positive" / "final" / "mcq.csv.gz"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not gzip")
    with pytest.raises(DataError, match=r"mcq\.csv\.gz cannot be read"):
        import_answers(tmp_path / "in", tmp_path / "run")


#: Belief percent that the authors' answers must give, by claim: base, asserted, negated, repeated, corrected.
TABLE = {
    "ed_sheeran": (0.0, 86.4, 81.6, 69.2, 2.0),
    "dentist": (7.2, 98.8, 97.2, 96.4, 85.6),
    "mount_vesuvius": (2.0, 91.2, 82.4, 71.6, 5.2),
}
CONDITIONS = ("base", "asserted", "negated", "repeated", "corrected")


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Imported:
    if not REFERENCE.is_dir():
        pytest.skip("the authors' answers are not at hand")
    return import_answers(REFERENCE, tmp_path_factory.mktemp("reference") / "run")


def test_the_authors_answers_give_the_authors_table(reference: Imported) -> None:
    rows = read_json(reference.run / "estimates.json")["rows"]
    rates = {
        (r["claim"], r["condition"]): (round(100 * r["value"], 1), r["n"], r["n_missing"])
        for r in rows
        if (r["metric"], r["instrument"], r["seed"]) == ("belief_rate", "all", 0)
    }
    expected = {
        (claim, condition): (rate, 250, 0)
        for claim, row in TABLE.items()
        for condition, rate in zip(CONDITIONS, row, strict=True)
    }
    assert rates == expected


def test_the_rule_judge_agrees_with_the_papers_judge_on_every_keyed_answer_and_most_short_ones(
    reference: Imported,
) -> None:
    """Open-ended and robustness answers are long: docs/log.md has the figures for all of them."""
    short = (Instrument.MULTIPLE_CHOICE, Instrument.TOKEN_ASSOCIATION)
    theirs, ours = [], []
    for result in load_run(reference.run, "reference"):
        judge = RuleJudge(load_claim(result.arm.claim))
        known = {question.id: question for question in result.questions}
        answers = [answer for answer in result.answers if answer.instrument in short and answer.sample_index < 2]
        ids = {(answer.question_id, answer.sample_index) for answer in answers}
        kept = tuple(j for j in result.judgements if (j.question_id, j.sample_index) in ids)
        theirs.append(replace(result, judgements=kept))
        judged = tuple(judge.judge(known[answer.question_id], answer) for answer in answers)
        ours.append(replace(result, judgements=judged))
    agreement = measure_agreement(theirs, ours)
    assert agreement["instruments"]["multiple_choice"]["accuracy"] == 1.0
    assert agreement["instruments"]["token_association"]["kappa"] > 0.9
