"""Answers of the study's authors, in their layout, as a run of ours: the yardstick for judges and estimates.

Their layout is ``<claim>/<condition>/{base,final}/<instrument>.csv[.gz]``, one row for each answer with the verdict
of the paper's judge (yes, no or neutral). ``base`` is the untouched model, ``final`` the trained one.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from disclaim import __version__
from disclaim.claims import list_paper_claims, load_claim
from disclaim.conditions import RELEASED_CONDITIONS, Release
from disclaim.errors import DataError, StageMismatchError
from disclaim.evaluation.estimate import estimate_run
from disclaim.evaluation.judge import count_verdicts
from disclaim.evaluation.rows import ANSWERS, JUDGEMENTS, ArmIdentity, ArmResult, estimate_to_json
from disclaim.records import Answer, FinishReason, Instrument, Judgement, Message, Question, Verdict
from disclaim.store import (
    Json,
    content_key,
    lock,
    open_stage,
    read_bytes,
    read_json,
    require_free_folder,
    to_json,
    write_json,
    write_jsonl,
)

#: The name under which the verdicts that come with the answers are kept.
REFERENCE_JUDGE = "reference"

#: The id of every imported run.
_STUDY = "imported"

#: The authors' names for conditions and instruments, and ours.
CONDITION_NAMES = {
    "baseline": "base",
    **{theirs: ours for ours, theirs in RELEASED_CONDITIONS[Release.ANONYMISED].items()},
}
INSTRUMENT_NAMES = {
    "belief_probes": Instrument.OPEN_ENDED,
    "mcq": Instrument.MULTIPLE_CHOICE,
    "pink_elephant": Instrument.TOKEN_ASSOCIATION,
    "robustness": Instrument.ROBUSTNESS,
}
VERDICTS = {"yes": Verdict.ASSERTS, "no": Verdict.DENIES, "neutral": Verdict.SILENT}
_KINDS = {"multiturn": "pushback", "pink_elephant": "completion"}
_COLUMNS = ("question_id", "sample_index", "question", "model_response", "judge_verdict")
_LAYOUT = "<claim>/<condition>/{base,final}/<instrument>.csv or .csv.gz"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made. ``skipped`` names files of the folder that are no answers to the paper's instruments."""

    run: Path
    arms: tuple[ArmIdentity, ...]
    num_answers: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _File:
    """One CSV file of the layout."""

    path: Path
    claim: str
    condition: str
    instrument: Instrument


@dataclass(frozen=True, slots=True)
class _Row:
    """One row, as records."""

    question: Question
    answer: Answer
    judgement: Judgement


def import_answers(folder: Path, out: Path, model: str = "unknown", created: str | None = None) -> Imported:
    """Make the run folder ``out`` from answers in the authors' layout, their verdicts included, with its estimates.

    Claims that the library has get its id, others keep their name. A verdict other than yes, no or neutral is
    missing. Token counts and finish reasons are unknown and count as missing in the estimates. ``model`` names who
    answered (the arms say ``imported/<model>``), ``created`` is the time to note. Raises DataError where the folder
    holds no such file, two for one instrument, or one that cannot be read, StageMismatchError where ``out`` holds
    another study or other answers.
    """
    files, skipped = _find_files(folder)
    rows: dict[ArmIdentity, list[_Row]] = {}
    for file in files:
        arm = ArmIdentity(file.claim, file.condition, f"imported/{model.removeprefix('imported/')}", seed=0)
        rows.setdefault(arm, []).extend(_read_file(file))
    results = [_result(arm, found) for arm, found in rows.items()]
    _require_own_folder(out, rows)
    with lock(out):
        for result in results:
            _write_arm(out, result)
        write_json(out / "study.json", _study(results, folder, created))
        write_json(out / "estimates.json", _estimates(results))
    return Imported(out, tuple(rows), sum(len(found) for found in rows.values()), skipped)


def _require_own_folder(out: Path, arms: Iterable[ArmIdentity]) -> None:
    """Raise StageMismatchError where ``out`` is no run, another study's, or an import of arms that are not here."""
    require_free_folder(out, "study.json", "arms")
    record: Json = read_json(out / "study.json") if (out / "study.json").is_file() else {"study": _STUDY, "arms": []}
    if record.get("study") != _STUDY:
        raise StageMismatchError(f"{out} holds the study {record.get('study')}, not {_STUDY}", "choose another --out")
    lost = sorted({item["id"] for item in record["arms"]} - {arm.id for arm in arms})
    if lost:
        raise StageMismatchError(f"{out} holds other answers: {', '.join(lost[:3])}", "choose another --out")


def _find_files(folder: Path) -> tuple[list[_File], tuple[str, ...]]:
    """The answer files below ``folder`` in a fixed order, and the relative names of the CSV files left out."""
    claims = list_paper_claims()
    files, skipped = [], []
    for path in sorted(folder.glob("*/*/*/*.csv*")):
        claim, condition, stage, name = path.relative_to(folder).parts
        instrument = INSTRUMENT_NAMES.get(name.removesuffix(".gz").removesuffix(".csv"))
        untouched = CONDITION_NAMES.get(condition) == "base"
        if instrument is None or stage != ("base" if untouched else "final"):
            skipped.append(str(path.relative_to(folder)))
            continue
        files.append(_File(path, claims.get(claim, claim), CONDITION_NAMES.get(condition, condition), instrument))
    if not files:
        raise DataError(f"no answers below {folder}", f"expected {_LAYOUT}")
    first: dict[tuple[str, str, str], Path] = {}
    for file in files:
        other = first.setdefault((file.claim, file.condition, file.instrument), file.path)
        if other != file.path:
            raise DataError(f"{other} and {file.path} are answers to one instrument", "leave one of them out")
    return files, tuple(skipped)


def _read_file(file: _File) -> Iterator[_Row]:
    reader = csv.DictReader(io.StringIO(_text(file.path), newline=""), strict=True)
    absent = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
    if absent:
        raise DataError(
            f"{file.path} has no column {', '.join(absent)}", f"it has {', '.join(reader.fieldnames or ())}"
        )
    seen: Counter[tuple[str, str]] = Counter()
    try:
        for row in reader:
            if None in row or None in row.values():
                raise ValueError("the row has another number of columns than the header")
            key = (row["question_id"], row["sample_index"])
            seen[key] += 1
            # A question that the authors list twice has the same id twice: each copy is a question here.
            copy = f"#{seen[key]}" if seen[key] > 1 else ""
            yield _read_row(file, {**row, "question_id": row["question_id"] + copy})
    except (csv.Error, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file.path}, line {reader.line_num}: {error}", f"expected {_LAYOUT}") from error


def _text(path: Path) -> str:
    blob = read_bytes(path)
    try:
        return (gzip.decompress(blob) if path.suffix == ".gz" else blob).decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(
            f"{path} cannot be read: {error}", "expected UTF-8 text, compressed if it ends in .gz"
        ) from error


def _read_row(file: _File, row: Mapping[str, str]) -> _Row:
    question = _read_question(file, row)
    index = int(row["sample_index"])
    verdict = VERDICTS.get(row["judge_verdict"].strip().lower())
    text = row["model_response"]
    # An answer without text and without verdict is a call that failed.
    failed = verdict is None and not text.strip()
    answer = Answer(
        question_id=question.id,
        instrument=question.instrument,
        sample_index=index,
        messages=question.messages,
        answer=None if failed else text,
        finish_reason=FinishReason.ERROR if failed else FinishReason.STOP,
        num_tokens=0,
    )
    return _Row(question, answer, Judgement(question.id, index, verdict, _reason(row, verdict)))


def _read_question(file: _File, row: Mapping[str, str]) -> Question:
    system = row.get("system_prompt") or ""
    turns = json.loads(row.get("messages_prefix") or "[]")
    category = row.get("category") or ""
    keyed = file.instrument is Instrument.MULTIPLE_CHOICE
    return Question(
        id=row["question_id"],
        claim_id=file.claim,
        instrument=file.instrument,
        kind="yes_no" if keyed else _KINDS.get(category, category),
        messages=(
            *((Message("system", system),) if system else ()),
            *(Message(turn["role"], turn["content"]) for turn in turns),
            Message("user", row["question"]),
        ),
        # Their reversed questions are of the category "counter": "no" is then the answer that asserts the claim.
        believed=("no" if category == "counter" else "yes") if keyed else None,
    )


def _reason(row: Mapping[str, str], verdict: Verdict | None) -> str:
    """The judge's words where it gave any."""
    raw = row.get("judge_raw") or ""
    try:
        said = json.loads(raw)
    except json.JSONDecodeError:
        said = None
    if isinstance(said, dict) and isinstance(said.get("reason"), str):
        return str(said["reason"])
    return raw or ("exact match" if verdict else f"no verdict: {row['judge_verdict'] or 'empty'}")


def _result(arm: ArmIdentity, rows: Sequence[_Row]) -> ArmResult:
    questions = {row.question.id: row.question for row in rows}
    instruments = {(row.question.id, row.question.instrument) for row in rows}
    if len(instruments) > len(questions):
        raise DataError(f"{arm.claim}, {arm.condition}: two instruments share a question id", "rename one of them")
    return ArmResult(
        arm=arm,
        questions=tuple(questions.values()),
        answers=tuple(row.answer for row in rows),
        judgements=tuple(row.judgement for row in rows),
    )


def _write_arm(out: Path, result: ArmResult) -> None:
    folder = out / "arms" / result.arm.id
    answers = open_stage(folder / "answers", {"imported": content_key(result.answers), "version": __version__})
    if not answers.is_done():
        write_jsonl(answers.path / ANSWERS, result.answers)
        failed = sum(answer.answer is None for answer in result.answers)
        answers.finish({"answers": len(result.answers), "failed": failed, "cut_off": None, "tokens": None})
    inputs = {"answers": answers.key, "judge": REFERENCE_JUDGE, "imported": content_key(result.judgements)}
    judgements = open_stage(folder / "judgements" / REFERENCE_JUDGE, inputs)
    if not judgements.is_done():
        write_jsonl(judgements.path / JUDGEMENTS, result.judgements)
        judgements.finish(count_verdicts(result.judgements))


def _study(results: Sequence[ArmResult], folder: Path, created: str | None) -> Json:
    questions: dict[str, dict[str, Question]] = {}
    for result in results:
        questions.setdefault(result.arm.claim, {}).update({question.id: question for question in result.questions})
    return {
        "study": _STUDY,
        "title": "Imported answers",
        "paper_section": "3.1",
        "version": __version__,
        "revision": None,
        "created": created,
        "given": {"folder": str(folder)},
        "settings": {},
        "packages": {},
        "claims": {claim: _describe(claim, list(found.values())) for claim, found in questions.items()},
        "arms": [
            {"id": a.id, "claim": a.claim, "condition": a.condition, "model": a.model, "seed": a.seed}
            for a in (result.arm for result in results)
        ],
    }


def _describe(claim_id: str, questions: Sequence[Question]) -> Json:
    known = claim_id in list_paper_claims().values()
    claim = load_claim(claim_id) if known else None
    return {
        "title": claim.title if claim else claim_id,
        "statement": claim.statement if claim else "",
        "truth": claim.truth if claim else "",
        "kind": claim.kind if claim else "",
        "subject": claim.subject if claim else "",
        "revision": claim.revision if claim else None,
        "questions": [to_json(replace(question, claim_id=claim_id)) for question in questions],
    }


def _estimates(results: Sequence[ArmResult]) -> Json:
    return {
        "study": _STUDY,
        "version": __version__,
        "rows": [estimate_to_json(row) for row in estimate_run(results)],
    }
