"""Answers and verdicts as Inspect logs, one for each arm, for `inspect view` and everything that reads such logs."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disclaim.errors import DataError, MissingDependencyError
from disclaim.evaluation.estimate import estimate_arm
from disclaim.evaluation.rows import ArmIdentity, ArmResult, load_run
from disclaim.records import Answer, EstimateRow, FinishReason, Judgement, Message, Question, Verdict
from disclaim.store import MANIFEST, Json, content_key, read_json, translate_os_errors

if TYPE_CHECKING:
    from inspect_ai.log import EvalLog, EvalSample, EvalScore
    from inspect_ai.model import ChatMessage, ModelOutput
    from inspect_ai.scorer import Score

_STOP_REASONS = {FinishReason.STOP: "stop", FinishReason.LENGTH: "max_tokens", FinishReason.ERROR: "unknown"}


@dataclass(frozen=True, slots=True)
class ExportedLogs:
    """What an export wrote. ``num_unscored`` counts the verdicts that are missing, over all ``judges``; ``unfinished``
    are arms left out, for their answers are not all there yet."""

    files: tuple[Path, ...]
    num_samples: int
    num_unscored: int
    judges: tuple[str, ...]
    unfinished: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Arm:
    """One arm that has finished answering, with the judgements of every judge that has rated all of it."""

    result: ArmResult
    by_judge: Mapping[str, ArmResult]

    @property
    def identity(self) -> ArmIdentity:
        return self.result.arm


def export_answers(run: Path, out: Path) -> ExportedLogs:
    """Write an Inspect ``.eval`` log for each arm of a run that has finished answering.

    ``out`` is the log's file (``.eval``) where the run has one such arm, else a folder. A sample is one answer, its id
    ``<question id>#<sample index>``. Each judge is a scorer: 1 where the answer asserts the claim, else 0, with the
    verdict as the score's answer and its ground as the explanation. A missing verdict is unscored. The arm's estimates
    are the log's metrics. Raises MissingDependencyError without inspect-ai, DataError where there is nothing to export
    or a file would be overwritten.
    """
    if importlib.util.find_spec("inspect_ai") is None:
        raise MissingDependencyError("inspect-ai", "hosted", "writing Inspect logs")
    from inspect_ai.log import write_eval_log

    study = _read_study(run)
    arms, unfinished = _load_arms(run, study)
    if not arms:
        raise DataError(f"no arm of {run} has finished answers", f"`disclaim status {run}` says what is missing")
    paths = _paths(arms, out)
    for arm, path in zip(arms, paths, strict=True):
        with translate_os_errors(path, "write"):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_eval_log(_build_log(arm, study), path, format="eval")
    verdicts = [item.verdict for arm in arms for result in arm.by_judge.values() for item in result.judgements]
    return ExportedLogs(
        files=tuple(paths),
        num_samples=sum(len(arm.result.answers) for arm in arms),
        num_unscored=sum(verdict is None for verdict in verdicts),
        judges=tuple(sorted({judge for arm in arms for judge in arm.by_judge})),
        unfinished=unfinished,
    )


def _read_study(run: Path) -> Json:
    path = run / "study.json"
    if not path.is_file():
        raise DataError(f"{run} is not a run: no study.json", "`disclaim run quickstart --out DIR` makes one")
    study: Json = read_json(path)
    return study


def _load_arms(run: Path, study: Json) -> tuple[list[_Arm], tuple[str, ...]]:
    """The arms whose answers are all there, and the ids of the others."""
    judged = {(f.parents[2].name, f.parent.name) for f in run.glob(f"arms/*/judgements/*/{MANIFEST}")}
    by_judge = {
        judge: {result.arm.id: result for result in load_run(run, judge) if (result.arm.id, judge) in judged}
        for judge in sorted({judge for _, judge in judged})
    }
    arms = [
        _Arm(result, {judge: found[result.arm.id] for judge, found in by_judge.items() if result.arm.id in found})
        for result in load_run(run, judge="")
    ]
    finished = {arm.identity.id for arm in arms}
    return arms, tuple(row["id"] for row in study["arms"] if row["id"] not in finished)


def _paths(arms: Sequence[_Arm], out: Path) -> list[Path]:
    if out.suffix == ".eval":
        if len(arms) > 1:
            raise DataError(f"the run has {len(arms)} arms, each a log of its own", "give a folder to --out")
        paths = [out]
    else:
        paths = [out / f"{arm.identity.id}.eval" for arm in arms]
    for path in paths:
        if path.exists():
            raise DataError(f"{path} exists already", "choose another --out, or delete it; nothing was changed")
    return paths


def _build_log(arm: _Arm, study: Json) -> EvalLog:
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalResults, EvalSpec, EvalStats

    identity = arm.identity
    questions = {question.id: question for question in arm.result.questions}
    scores = _scores(arm)
    samples = [
        _build_sample(identity.model, questions[answer.question_id], answer, scores.get(_key(answer), {}))
        for answer in arm.result.answers
    ]
    key = content_key(study["study"], identity, arm.result.answers, [r.judgements for r in arm.by_judge.values()])
    created = study.get("created") or "1970-01-01T00:00:00+00:00"
    cell = {"claim": identity.claim, "condition": identity.condition, "seed": identity.seed, "step": identity.step}
    spec = EvalSpec(
        eval_id=key,
        run_id=key,
        task_id=key,
        created=created,
        task=f"{study['study']}.{identity.claim}.{identity.condition}",
        task_args=cell,
        dataset=EvalDataset(
            name=identity.claim, samples=len(samples), sample_ids=[str(s.id) for s in samples], shuffled=False
        ),
        model=identity.model,
        config=EvalConfig(epochs=1),
        packages={"disclaim": str(study.get("version"))},
        metadata={**cell, "arm": identity.id, "study": study["study"]},
    )
    completed = sum(answer.answer is not None for answer in arm.result.answers)
    results = EvalResults(
        total_samples=len(samples),
        completed_samples=completed,
        scores=[_build_score(judge, result) for judge, result in arm.by_judge.items()],
    )
    stats = EvalStats(started_at=created, completed_at=created)
    return EvalLog(status="success", eval=spec, results=results, stats=stats, samples=samples)


def _key(item: Answer | Judgement) -> tuple[str, int]:
    return item.question_id, item.sample_index


def _scores(arm: _Arm) -> dict[tuple[str, int], dict[str, Score]]:
    """Each answer's scores, by judge."""
    scores: dict[tuple[str, int], dict[str, Score]] = {}
    for judge, result in arm.by_judge.items():
        for item in result.judgements:
            scores.setdefault(_key(item), {})[judge] = _score(item)
    return scores


def _build_sample(model: str, question: Question, answer: Answer, scores: dict[str, Score]) -> EvalSample:
    from inspect_ai.log import EvalSample

    output = _build_output(model, answer)
    asked = [_build_message(message) for message in answer.messages]
    return EvalSample(
        id=f"{answer.question_id}#{answer.sample_index}",
        epoch=1,
        input=asked,
        target=question.believed or "",
        messages=[*asked, *(choice.message for choice in output.choices)],
        output=output,
        scores=scores,
        metadata={
            "question_id": answer.question_id,
            "sample_index": answer.sample_index,
            "instrument": answer.instrument.value,
            "kind": question.kind,
        },
    )


def _build_message(message: Message) -> ChatMessage:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    if message.role == "system":
        return ChatMessageSystem(content=message.content)
    if message.role == "assistant":
        return ChatMessageAssistant(content=message.content)
    return ChatMessageUser(content=message.content)


def _build_output(model: str, answer: Answer) -> ModelOutput:
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput, ModelUsage

    if answer.answer is None:
        return ModelOutput(model=model, error="the call failed: no answer")
    reason: Any = _STOP_REASONS[answer.finish_reason]
    message = ChatMessageAssistant(content=answer.answer, model=model, source="generate")
    known = answer.num_tokens > 0 or not answer.answer
    usage = ModelUsage(output_tokens=answer.num_tokens, total_tokens=answer.num_tokens) if known else None
    return ModelOutput(model=model, choices=[ChatCompletionChoice(message=message, stop_reason=reason)], usage=usage)


def _score(item: Judgement) -> Score:
    from inspect_ai.scorer import Score

    if item.verdict is None:
        return Score.unscored(reason="no verdict", explanation=item.reason)
    believes = float(item.verdict is Verdict.ASSERTS)
    return Score(value=believes, answer=item.verdict.value, explanation=item.reason)


def _build_score(judge: str, result: ArmResult) -> EvalScore:
    from inspect_ai.log import EvalMetric, EvalScore

    rows = [row for row in estimate_arm(result) if row.seed is not None]
    missing = sum(item.verdict is None for item in result.judgements)
    metrics = {name: EvalMetric(name=name, value=value) for row in rows for name, value in _metrics(row).items()}
    return EvalScore(
        name=judge,
        scorer=judge,
        scored_samples=len(result.judgements) - missing,
        unscored_samples=missing,
        metrics=metrics,
    )


def _metrics(row: EstimateRow) -> dict[str, float]:
    """An estimate as metrics: its value and the ends of its interval, where there are any."""
    name = row.metric if row.instrument == "all" else f"{row.metric}/{row.instrument}"
    found = {name: row.estimate.value, f"{name}/low": row.estimate.low, f"{name}/high": row.estimate.high}
    return {label: value for label, value in found.items() if value is not None}
