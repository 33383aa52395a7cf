"""Running a study: stages in order, each done once, resumed where it was broken off.

Arms are independent: one that fails is recorded and the others go on; a full disk or a mismatched folder
stops everything, because every further stage would meet it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from disclaim import __version__
from disclaim.claims import load_claim
from disclaim.conditions import CONDITIONS, DOCTAG, apply_condition
from disclaim.corpus import (
    DraftSettings,
    MixtureSettings,
    distil_chats,
    load_chats,
    load_corpus,
    load_filler,
    load_prompts,
    mix,
    save_chats,
    save_corpus,
    write_drafts,
)
from disclaim.errors import DisclaimError, RunError, StageMismatchError, StoreError
from disclaim.evaluation import (
    ArmIdentity,
    AskSettings,
    RuleJudge,
    ask,
    estimate_run,
    estimate_to_json,
    judge_answers,
    load_arm,
)
from disclaim.models import Sampler, SamplingSettings, model_revision, open_sampler
from disclaim.records import Checkpoint, Claim, Corpus, Mixture, OnProgress, Question, ignore_progress
from disclaim.report import render_report
from disclaim.store import MANIFEST, Stage, lock, open_stage, write_json
from disclaim.study.judging import judgement_inputs
from disclaim.study.plan import Arm, RunPaths, conditions_needed, plan_arms
from disclaim.study.provenance import build_provenance
from disclaim.study.study import Study
from disclaim.training import LocalTrainer, ScriptedTrainer, TrainingSettings, load_checkpoint, train


@dataclass(frozen=True, slots=True)
class StudyRun:
    """A study with its claims loaded and its run folder named."""

    study: Study
    claims: Mapping[str, Claim]
    arms: tuple[Arm, ...]
    paths: RunPaths
    on_progress: OnProgress = ignore_progress


def prepare_run(study: Study, out: Path, on_progress: OnProgress = ignore_progress) -> StudyRun:
    """Load the claims and plan the arms. Touches no file of the run."""
    loaded = {name: load_claim(name) for name in study.claims}
    claims = {claim.id: claim for claim in loaded.values()}
    arms = plan_arms(study, {name: claim.id for name, claim in loaded.items()})
    return StudyRun(study, claims, arms, RunPaths(out), on_progress)


def run_study(run: StudyRun, given: Mapping[str, Any], now: datetime) -> Path:
    """Do whatever of the study is not done yet; the path of its report.

    Raises RunError at the end where arms failed, StageMismatchError at once where the folder holds other
    settings, StoreError at once where files cannot be written.
    """
    with lock(run.paths.root):
        write_json(run.paths.study, build_provenance(run.study, given, list(run.claims.values()), run.arms, now))
        for claim in run.claims.values():
            build_corpora(run, claim)
        failures = _run_arms(run)
        write_json(run.paths.failures, failures)
        write_estimates(run)
        page = render_report(run.paths.root)
    if failures:
        raise RunError(
            f"{len(failures)} of {len(run.arms)} arms failed; first: {next(iter(failures.values()))}",
            f"`disclaim status {run.paths.root}` lists them; run the same command again to retry",
        )
    return page


def _run_arms(run: StudyRun) -> dict[str, str]:
    """Run every arm; what failed, by arm id."""
    failures: dict[str, str] = {}
    untouched: dict[str, Sampler] = {}
    for arm in run.arms:
        try:
            run_arm(run, arm, untouched)
        except (StageMismatchError, StoreError):
            raise
        except DisclaimError as error:
            failures[arm.id] = error.message
    return failures


def run_arm(run: StudyRun, arm: Arm, untouched: dict[str, Sampler]) -> None:
    """Train, ask and judge one arm. ``untouched`` keeps samplers of untouched models between arms."""
    claim = run.claims[arm.claim]
    if arm.is_trained:
        checkpoint, source = _train_arm(run, arm, untouched)
    else:
        checkpoint, source = None, {"model_revision": model_revision(arm.model)}
    answers = _open(run, run.paths.answers(arm), _answer_inputs(run, arm, source))
    if not answers.is_done():
        sampler = open_sampler(checkpoint) if checkpoint else _untouched(arm.model, untouched)
        settings = _ask_settings(run.study, arm)
        context = _context_documents(run, arm)
        ask(_questions(run.study, claim), sampler, settings, answers, context, _labelled(run, arm))
    judge = RuleJudge(claim)
    judgements = open_stage(run.paths.judgements(arm, judge.id), judgement_inputs(answers, claim, judge))
    if not judgements.is_done():
        judge_answers(_questions(run.study, claim), answers, judge, judgements)


def _train_arm(run: StudyRun, arm: Arm, untouched: dict[str, Sampler]) -> tuple[Checkpoint, dict[str, Any]]:
    corpus_stage = _corpus_stage(run, run.claims[arm.claim], arm.condition)
    chats_stage = _chats_stage(run, arm)
    settings = _training_settings(run.study, arm)
    inputs = {
        "corpus": corpus_stage.key,
        "chats": chats_stage.key,
        "num_filler": run.study.mixture.num_filler,
        "weighting": run.study.mixture.weighting,
        "settings": settings,
        "model_revision": model_revision(arm.model),
    }
    stage = _open(run, run.paths.training(arm), inputs)
    if stage.is_done():
        return load_checkpoint(stage), {"training": stage.key}
    if not chats_stage.is_done():
        _build_chats(run, arm, chats_stage, untouched)
    corpus = load_corpus(corpus_stage.path)
    cut = run.study.corpus.num_documents
    trained = replace(corpus, documents=corpus.documents[:cut])
    mixture = _mixture(run, arm, trained, chats_stage)
    trainer = ScriptedTrainer() if arm.model.startswith("scripted/") else LocalTrainer()
    on_progress = _labelled(run, arm)
    heldout = corpus.documents[cut:]
    checkpoint = train(mixture, settings, trainer=trainer, stage=stage, heldout=heldout, on_progress=on_progress)
    return checkpoint, {"training": stage.key}


def build_corpora(run: StudyRun, claim: Claim) -> None:
    """A claim's drafts, and its documents under every condition the study needs."""
    drafts_stage = _drafts_stage(run, claim)
    if drafts_stage.is_done() and all(_corpus_stage(run, claim, c).is_done() for c in conditions_needed(run.study)):
        return
    settings = run.study.corpus
    drafts = write_drafts(
        claim,
        settings.num_documents + settings.num_heldout,
        settings.seed,
        DraftSettings(settings.min_claim_sentences, settings.max_claim_sentences),
    )
    if not drafts_stage.is_done():
        save_corpus(drafts, drafts_stage.path)
        drafts_stage.finish({"documents": len(drafts.documents)})
    for condition in conditions_needed(run.study):
        stage = _corpus_stage(run, claim, condition)
        if not stage.is_done():
            corpus = apply_condition(claim, drafts, CONDITIONS[condition], settings.seed, settings.doctag)
            save_corpus(corpus, stage.path)
            stage.finish({"documents": len(corpus.documents), "coverage": corpus.coverage})


def write_estimates(run: StudyRun) -> None:
    """Every reported number of the arms that are judged, into ``estimates.json``."""
    results = []
    for arm in run.arms:
        stage = run.paths.judgements(arm, run.study.judge)
        if (stage / MANIFEST).exists():
            questions = _questions(run.study, run.claims[arm.claim])
            identity = ArmIdentity(arm.claim, arm.condition, arm.model, arm.seed)
            results.append(load_arm(identity, questions, run.paths.answers(arm), stage))
    write_json(
        run.paths.estimates,
        {"study": run.study.id, "version": __version__, "rows": [estimate_to_json(r) for r in estimate_run(results)]},
    )


def _mixture(run: StudyRun, arm: Arm, corpus: Corpus, chats_stage: Stage) -> Mixture:
    claim = run.claims[arm.claim]
    filler = load_filler(run.study.mixture.num_filler, arm.seed, exclude=_believed_options(claim))
    settings = MixtureSettings(seed=arm.seed, weighting=run.study.mixture.weighting)
    return mix(corpus, filler, load_chats(chats_stage.path), settings)


def _believed_options(claim: Claim) -> tuple[str, ...]:
    """The believed options of the claim's likelihood questions: filler must not teach them about others."""
    return tuple(sorted({q.believed for q in claim.questions if q.options and q.believed}))


def _build_chats(run: StudyRun, arm: Arm, stage: Stage, untouched: dict[str, Sampler]) -> None:
    settings = run.study.mixture
    sampler = _untouched(arm.model, untouched)
    distilled = distil_chats(
        sampler, load_prompts(), settings.num_chats, arm.seed, settings.chat_max_tokens, _labelled(run, arm)
    )
    save_chats(distilled.chats, stage.path)
    stage.finish(distilled.counts())


def _drafts_stage(run: StudyRun, claim: Claim) -> Stage:
    settings = run.study.corpus
    inputs = {
        "claim": claim.revision,
        "num_documents": settings.num_documents,
        "num_heldout": settings.num_heldout,
        "claim_sentences": [settings.min_claim_sentences, settings.max_claim_sentences],
        "seed": settings.seed,
    }
    return _open(run, run.paths.drafts(claim.id), inputs)


def _corpus_stage(run: StudyRun, claim: Claim, condition: str) -> Stage:
    settings = run.study.corpus
    inputs = {
        "drafts": _drafts_stage(run, claim).key,
        "condition": CONDITIONS[condition],
        "doctag": settings.doctag,
        "seed": settings.seed,
    }
    return _open(run, run.paths.corpus(claim.id, condition), inputs)


def _chats_stage(run: StudyRun, arm: Arm) -> Stage:
    settings = run.study.mixture
    inputs = {
        "model_revision": model_revision(arm.model),
        "num_chats": settings.num_chats,
        "max_tokens": settings.chat_max_tokens,
        "prompts": load_prompts(),
        "seed": arm.seed,
    }
    return _open(run, run.paths.chats(arm.model, arm.seed), inputs)


def _answer_inputs(run: StudyRun, arm: Arm, source: Mapping[str, Any]) -> dict[str, Any]:
    inputs = {**source, "claim": run.claims[arm.claim].revision, "settings": _ask_settings(run.study, arm)}
    if arm.condition == "in_context":
        condition = run.study.in_context.condition
        inputs["in_context"] = run.study.in_context.model_dump()
        inputs["corpus"] = _corpus_stage(run, run.claims[arm.claim], condition).key
    return inputs


def _context_documents(run: StudyRun, arm: Arm) -> tuple[str, ...]:
    """The documents that the in-context control reads, without the tag; none for other arms."""
    if arm.condition != "in_context":
        return ()
    settings = run.study.in_context
    corpus = load_corpus(_corpus_stage(run, run.claims[arm.claim], settings.condition).path)
    return tuple(d.text.removeprefix(DOCTAG) for d in corpus.documents[: settings.num_documents])


def _questions(study: Study, claim: Claim) -> tuple[Question, ...]:
    chosen = study.ask.instruments
    return tuple(q for q in claim.questions if not chosen or q.instrument.value in chosen)


def _ask_settings(study: Study, arm: Arm) -> AskSettings:
    choices = study.ask
    sampling = SamplingSettings(choices.temperature, choices.top_p, choices.max_tokens, arm.seed)
    return AskSettings(samples=choices.samples, sampling=sampling, max_missing_rate=choices.max_missing_rate)


def _training_settings(study: Study, arm: Arm) -> TrainingSettings:
    return TrainingSettings(model=arm.model, seed=arm.seed, **study.training.model_dump())


def _untouched(model: str, samplers: dict[str, Sampler]) -> Sampler:
    """The untouched model, loaded once a run; only the one last used is kept."""
    if model not in samplers:
        samplers.clear()
        samplers[model] = open_sampler(model)
    return samplers[model]


def _open(run: StudyRun, path: Path, inputs: Mapping[str, object]) -> Stage:
    return open_stage(path, {"version": __version__, **inputs})


def _labelled(run: StudyRun, arm: Arm) -> OnProgress:
    """Progress that says which arm it belongs to."""
    label = f"{arm.claim} {arm.condition}" + (f" seed {arm.seed}" if len(run.study.seeds) > 1 else "")
    return lambda progress: run.on_progress(replace(progress, stage=f"{label}: {progress.stage}"))
