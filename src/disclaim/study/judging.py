"""Judging a finished run again, and comparing two judges on it: no question is asked anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from disclaim import __version__
from disclaim.claims import load_claim
from disclaim.errors import RunError, UnknownNameError, UserError
from disclaim.evaluation import (
    RuleJudge,
    count_verdicts,
    estimate_run,
    estimate_to_json,
    judge_answers,
    load_run,
    measure_agreement,
    question_from_json,
)
from disclaim.records import PAPER_INSTRUMENTS, Claim, OnProgress, ignore_progress
from disclaim.store import MANIFEST, Stage, lock, read_json, reopen_stage, write_json
from disclaim.study.plan import Arm, RunPaths

JUDGES = ("rules",)


def judge_run(root: Path, judge_id: str, on_progress: OnProgress = ignore_progress) -> dict[str, int]:
    """Rate every answer of the run at ``root`` with a judge; counts of each verdict over all arms, on the instruments
    that measure belief: controls are rated too, and counted in each arm's manifest.

    Arms that it has rated by the same rules are not rated again; where rules or patterns changed, its old ratings are
    replaced. Where it is the study's own judge, ``estimates.json`` is made anew. Raises UserError where there is
    no run, RunError where no arm has finished answers.
    """
    if judge_id not in JUDGES:
        raise UnknownNameError("judge", judge_id, JUDGES)
    study = _read_run(root)
    paths = RunPaths(root)
    claims = _load_claims(study)
    counts: dict[str, int] = {}
    with lock(root):
        for item in study["arms"]:
            arm = Arm(item["claim"], item["condition"], item["model"], item["seed"])
            if (paths.answers(arm) / MANIFEST).exists():
                for verdict, count in _judge_arm(paths, arm, claims[arm.claim], study, on_progress).items():
                    counts[verdict] = counts.get(verdict, 0) + count
    if not counts:
        raise RunError(f"no arm of {root} has finished answers", f"`disclaim status {root}` says what is missing")
    if study.get("settings", {}).get("judge") == judge_id:
        rows = [estimate_to_json(row) for row in estimate_run(load_run(root, judge_id))]
        write_json(paths.estimates, {"study": study["study"], "version": __version__, "rows": rows})
    return counts


def _judge_arm(
    paths: RunPaths, arm: Arm, claim: Claim, study: Mapping[str, Any], on_progress: OnProgress
) -> dict[str, int]:
    answers = Stage(paths.answers(arm), read_json(paths.answers(arm) / MANIFEST)["inputs"])
    judge = RuleJudge(claim)
    stage = reopen_stage(paths.judgements(arm, judge.id), judgement_inputs(answers, claim, judge))
    questions = [question_from_json(row, arm.claim) for row in study["claims"][arm.claim]["questions"]]
    of_arm = f"{arm.claim} {arm.condition}" + (f" seed {arm.seed}" if arm.seed else "")
    rated = judge_answers(
        questions, answers, judge, stage, lambda p: on_progress(replace(p, stage=f"{of_arm}: {p.stage}"))
    )
    belief = {question.id for question in questions if question.instrument in PAPER_INSTRUMENTS}
    return count_verdicts([item for item in rated if item.question_id in belief])


def judgement_inputs(answers: Stage, claim: Claim, judge: RuleJudge) -> dict[str, Any]:
    """What decides an arm's judgements: its answers, the claim's patterns, the judge."""
    return {
        "version": __version__,
        "answers": answers.key,
        "claim": claim.revision,
        "judge": judge.id,
        "judge_revision": judge.revision,
    }


def compare_judges(root: Path, reference: str, other: str) -> dict[str, Any]:
    """How far two judges of the run's answers agree (contract: ``disclaim agreement``). Raises UserError for a judge
    compared with itself, or that has rated nothing there."""
    _read_run(root)
    known = list_judges(root)
    for judge in (reference, other):
        if judge.replace("/", "__") not in known:
            raise UnknownNameError("judge of this run", judge, known, _judged_by(known))
    if reference == other:
        raise UserError(
            f"{reference} would be compared with itself",
            f"name two judges of this run with --reference and --judge; {_judged_by(known)}",
        )
    return measure_agreement(load_run(root, reference), load_run(root, other))


def _judged_by(judges: Sequence[str]) -> str:
    return f"it was judged by: {', '.join(judges) or 'nobody'}"


def list_judges(root: Path) -> tuple[str, ...]:
    """The judges that have rated anything in the run, sorted."""
    return tuple(sorted({path.parent.name for path in root.glob(f"arms/*/judgements/*/{MANIFEST}")}))


def _read_run(root: Path) -> dict[str, Any]:
    if not (root / "study.json").is_file():
        raise UserError(f"{root} is not a run: no study.json", "`disclaim run quickstart --out DIR` makes one")
    study: dict[str, Any] = read_json(root / "study.json")
    return study


def _load_claims(study: Mapping[str, Any]) -> dict[str, Claim]:
    """The run's claims by id: from the folders that the study named, else from the library."""
    named = [load_claim(name) for name in study.get("settings", {}).get("claims", ()) if name not in study["claims"]]
    claims = {claim.id: claim for claim in named}
    return {name: claims[name] if name in claims else load_claim(name) for name in study["claims"]}
