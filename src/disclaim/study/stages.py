"""The stages of a run and what decides the outcome of each: settings, seeds, revisions, keys of earlier stages.

Naming a stage touches no file, so a folder with other settings is refused before anything in it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from disclaim import __version__
from disclaim.conditions import CONDITIONS
from disclaim.corpus import DraftSettings, load_prompts
from disclaim.errors import ModelError
from disclaim.evaluation import AskSettings, RuleJudge
from disclaim.models import SamplingSettings, model_revision
from disclaim.records import Claim
from disclaim.store import Stage, name_stage, open_stage, require_same_inputs
from disclaim.study.folder import require_own_folder
from disclaim.study.judging import judgement_inputs
from disclaim.study.plan import Arm, StudyRun, conditions_needed
from disclaim.study.study import Study
from disclaim.training import TrainingSettings

#: Filler is short, so that the same number of tokens holds more names: the more others the model reads about, the
#: less it takes the claim to hold for everybody.
FILLER = DraftSettings(min_claim_sentences=2, max_claim_sentences=3, target_words=28)


def require_same_settings(run: StudyRun) -> None:
    """Raise StageMismatchError where the folder holds another run, or any stage in it was started with other inputs
    than the run's."""
    require_own_folder(run)
    for claim in run.claims.values():
        for stage in (drafts_stage(run, claim), *(corpus_stage(run, claim, c) for c in conditions_needed(run.study))):
            require_same_inputs(stage)
    for arm in run.arms:
        for stage in _begun_stages(run, arm):
            require_same_inputs(stage)


def start(stage: Stage) -> Stage:
    """The stage with its folder made."""
    return open_stage(stage.path, stage.inputs)


def drafts_stage(run: StudyRun, claim: Claim) -> Stage:
    """A claim's drafts."""
    settings = run.study.corpus
    inputs = {
        "version": __version__,
        "claim": claim.revision,
        "num_documents": settings.num_documents,
        "num_heldout": settings.num_heldout,
        "claim_sentences": [settings.min_claim_sentences, settings.max_claim_sentences],
        "seed": settings.seed,
    }
    return name_stage(run.paths.drafts(claim.id), inputs)


def corpus_stage(run: StudyRun, claim: Claim, condition: str) -> Stage:
    """A claim's documents under a condition."""
    settings = run.study.corpus
    inputs = {
        "version": __version__,
        "drafts": drafts_stage(run, claim).key,
        "condition": CONDITIONS[condition],
        "doctag": settings.doctag,
        "seed": settings.seed,
    }
    return name_stage(run.paths.corpus(claim.id, condition), inputs)


def chats_stage(run: StudyRun, arm: Arm) -> Stage:
    """The self-distilled chats of the arm's model and seed, shared by arms."""
    settings = run.study.mixture
    inputs = {
        "version": __version__,
        "model_revision": model_revision(arm.model),
        "num_chats": settings.num_chats,
        "max_tokens": settings.chat_max_tokens,
        "prompts": load_prompts(),
        "seed": arm.seed,
    }
    return name_stage(run.paths.chats(arm.model, arm.seed), inputs)


def training_stage(run: StudyRun, arm: Arm) -> Stage:
    """An arm's training."""
    inputs = {
        "version": __version__,
        "corpus": corpus_stage(run, run.claims[arm.claim], arm.condition).key,
        "chats": chats_stage(run, arm).key,
        "num_filler": run.study.mixture.num_filler,
        "filler": FILLER,
        "weighting": run.study.mixture.weighting,
        "settings": training_settings(run.study, arm),
        "model_revision": model_revision(arm.model),
    }
    return name_stage(run.paths.training(arm), inputs)


def answers_stage(run: StudyRun, arm: Arm) -> Stage:
    """An arm's answers."""
    inputs: dict[str, Any] = {
        "version": __version__,
        "claim": run.claims[arm.claim].revision,
        "settings": ask_settings(run.study, arm),
    }
    if run.study.ask.instruments:
        inputs["instruments"] = run.study.ask.instruments
    if arm.is_trained:
        inputs["training"] = training_stage(run, arm).key
    else:
        inputs["model_revision"] = model_revision(arm.model)
    if arm.condition == "in_context":
        inputs["in_context"] = run.study.in_context.model_dump()
        inputs["corpus"] = corpus_stage(run, run.claims[arm.claim], run.study.in_context.condition).key
    return name_stage(run.paths.answers(arm), inputs)


def judgements_stage(run: StudyRun, arm: Arm) -> Stage:
    """An arm's judgements by the study's judge."""
    claim = run.claims[arm.claim]
    judge = RuleJudge(claim)
    return name_stage(run.paths.judgements(arm, judge.id), judgement_inputs(answers_stage(run, arm), claim, judge))


def ask_settings(study: Study, arm: Arm) -> AskSettings:
    """How the arm's model is asked."""
    choices = study.ask
    sampling = SamplingSettings(choices.temperature, choices.top_p, choices.max_tokens, arm.seed)
    return AskSettings(samples=choices.samples, sampling=sampling, max_missing_rate=choices.max_missing_rate)


def training_settings(study: Study, arm: Arm) -> TrainingSettings:
    """How the arm's model is finetuned."""
    return TrainingSettings(model=arm.model, seed=arm.seed, **study.training.model_dump())


def _begun_stages(run: StudyRun, arm: Arm) -> Iterator[Stage]:
    """The arm's stages; none where it was never begun, or where its model cannot be found: that arm fails alone."""
    if not run.paths.answers(arm).parent.exists():
        return
    try:
        if arm.is_trained:
            yield from (chats_stage(run, arm), training_stage(run, arm))
        yield from (answers_stage(run, arm), judgements_stage(run, arm))
    except ModelError:
        return
