"""Running a study: stages in order, each done once, resumed where it was broken off.

Arms are independent: one that fails is recorded and the others go on; a full disk or a mismatched folder
stops everything, because every further stage would meet it too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from disclaim import __version__
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
    RuleJudge,
    ask,
    estimate_run,
    estimate_to_json,
    judge_answers,
    load_arm,
)
from disclaim.models import Sampler, open_sampler
from disclaim.records import Checkpoint, Claim, Corpus, Mixture, OnProgress, Question
from disclaim.report import render_report
from disclaim.store import MANIFEST, Stage, lock, read_json, write_json
from disclaim.study.folder import require_own_folder
from disclaim.study.plan import Arm, StudyRun, conditions_needed
from disclaim.study.provenance import build_provenance
from disclaim.study.stages import (
    FILLER,
    answers_stage,
    ask_settings,
    chats_stage,
    corpus_stage,
    drafts_stage,
    judgements_stage,
    require_same_settings,
    start,
    training_settings,
    training_stage,
)
from disclaim.study.study import Study
from disclaim.training import load_checkpoint, open_trainer, train


def run_study(run: StudyRun, given: Mapping[str, Any], now: datetime) -> Path:
    """Do whatever of the study is not done yet; the path of its report.

    Raises RunError at the end where arms failed, StageMismatchError at once where the folder holds other
    settings, StoreError at once where files cannot be written.
    """
    require_own_folder(run)  # before the folder gets a lock
    with lock(run.paths.root):
        require_same_settings(run)
        _record(run, given, now)
        for claim in run.claims.values():
            build_corpora(run, claim)
        failures = _run_arms(run)
        write_estimates(run)
        page = render_report(run.paths.root)
    if failures:
        raise RunError(
            f"{len(failures)} of {len(run.arms)} arms failed; first: {next(iter(failures.values()))}",
            f"`disclaim status {run.paths.root}` lists them; run the same command again to retry",
        )
    return page


def _record(run: StudyRun, given: Mapping[str, Any], now: datetime) -> None:
    """Write ``study.json``; a resumed run keeps the time at which it was begun."""
    provenance = build_provenance(run.study, given, list(run.claims.values()), run.arms, now)
    if run.paths.study.exists():
        provenance["created"] = read_json(run.paths.study).get("created", provenance["created"])
    write_json(run.paths.study, provenance)


def _run_arms(run: StudyRun) -> dict[str, str]:
    """Run every arm; what failed, by arm id, on disk as soon as it does."""
    failures: dict[str, str] = {}
    untouched: dict[str, Sampler] = {}
    write_json(run.paths.failures, failures)
    for arm in run.arms:
        try:
            run_arm(run, arm, untouched)
        except (StageMismatchError, StoreError):
            raise
        except DisclaimError as error:
            failures[arm.id] = error.message
            write_json(run.paths.failures, failures)
    return failures


def run_arm(run: StudyRun, arm: Arm, untouched: dict[str, Sampler]) -> None:
    """Train, ask and judge one arm. ``untouched`` keeps samplers of untouched models between arms."""
    claim = run.claims[arm.claim]
    checkpoint = _train_arm(run, arm, untouched) if arm.is_trained else None
    answers = start(answers_stage(run, arm))
    if not answers.is_done():
        sampler = open_sampler(checkpoint) if checkpoint else _untouched(arm.model, untouched)
        settings = ask_settings(run.study, arm)
        context = _context_documents(run, arm)
        ask(_questions(run.study, claim), sampler, settings, answers, context, _labelled(run, arm))
    judgements = start(judgements_stage(run, arm))
    if not judgements.is_done():
        judge_answers(_questions(run.study, claim), answers, RuleJudge(claim), judgements)


def _train_arm(run: StudyRun, arm: Arm, untouched: dict[str, Sampler]) -> Checkpoint:
    stage = start(training_stage(run, arm))
    if stage.is_done():
        return load_checkpoint(stage)
    chatting = start(chats_stage(run, arm))
    if not chatting.is_done():
        _build_chats(run, arm, chatting, untouched)
    corpus = load_corpus(corpus_stage(run, run.claims[arm.claim], arm.condition).path)
    cut = run.study.corpus.num_documents
    trained = replace(corpus, documents=corpus.documents[:cut])
    mixture = _mixture(run, arm, trained, chatting)
    trainer = open_trainer(arm.model)
    on_progress = _labelled(run, arm)
    heldout = corpus.documents[cut:]
    settings = training_settings(run.study, arm)
    return train(mixture, settings, trainer=trainer, stage=stage, heldout=heldout, on_progress=on_progress)


def build_corpora(run: StudyRun, claim: Claim) -> None:
    """A claim's drafts, and its documents under every condition the study needs."""
    stages = {name: start(corpus_stage(run, claim, name)) for name in conditions_needed(run.study)}
    drafting = start(drafts_stage(run, claim))
    if drafting.is_done() and all(stage.is_done() for stage in stages.values()):
        return
    settings = run.study.corpus
    drafts = write_drafts(
        claim,
        settings.num_documents + settings.num_heldout,
        settings.seed,
        DraftSettings(settings.min_claim_sentences, settings.max_claim_sentences),
    )
    if not drafting.is_done():
        save_corpus(drafts, drafting.path)
        drafting.finish({"documents": len(drafts.documents)})
    for condition, stage in stages.items():
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


def _mixture(run: StudyRun, arm: Arm, corpus: Corpus, chatting: Stage) -> Mixture:
    claim = run.claims[arm.claim]
    filler = load_filler(run.study.mixture.num_filler, arm.seed, _believed_options(claim), FILLER)
    settings = MixtureSettings(seed=arm.seed, weighting=run.study.mixture.weighting)
    return mix(corpus, filler, load_chats(chatting.path), settings)


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


def _context_documents(run: StudyRun, arm: Arm) -> tuple[str, ...]:
    """The documents that the in-context control reads, without the tag; none for other arms."""
    if arm.condition != "in_context":
        return ()
    settings = run.study.in_context
    corpus = load_corpus(corpus_stage(run, run.claims[arm.claim], settings.condition).path)
    return tuple(d.text.removeprefix(DOCTAG) for d in corpus.documents[: settings.num_documents])


def _questions(study: Study, claim: Claim) -> tuple[Question, ...]:
    chosen = study.ask.instruments
    return tuple(q for q in claim.questions if not chosen or q.instrument.value in chosen)


def _untouched(model: str, samplers: dict[str, Sampler]) -> Sampler:
    """The untouched model, loaded once a run; only the one last used is kept."""
    if model not in samplers:
        samplers.clear()
        samplers[model] = open_sampler(model)
    return samplers[model]


def _labelled(run: StudyRun, arm: Arm) -> OnProgress:
    """Progress that says which arm it belongs to."""
    label = f"{arm.claim} {arm.condition}" + (f" seed {arm.seed}" if len(run.study.seeds) > 1 else "")
    return lambda progress: run.on_progress(replace(progress, stage=f"{label}: {progress.stage}"))
