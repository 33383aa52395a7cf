"""What a study will cost, before anything is spent: tokens, calls, seconds and USD per arm.

Tokens are counted on the study's own documents, written and rewritten in memory; seconds come from speeds
measured on the reference machine (two CPU cores, SmolLM2-135M; docs/log.md) and the model's size, so they are a
guide, not a promise.
"""

from __future__ import annotations

from dataclasses import dataclass

from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import DraftSettings, write_drafts
from disclaim.models import count_parameters
from disclaim.records import Claim
from disclaim.study.plan import Arm, StudyRun

#: English tokens per whitespace-separated word, for vocabularies of about 50k.
TOKENS_PER_WORD = 1.35
#: Reference speeds, tokens per second.
TRAIN_SPEED = 200.0
SAMPLE_SPEED = 400.0
#: The model that the speeds are of; time grows with the number of parameters.
REFERENCE_PARAMETERS = 135e6
#: Mean tokens of a filler document or chat, and of an answer relative to the longest allowed.
FILLER_TOKENS = 85
CHAT_TOKENS = 90
ANSWER_SHARE = 0.6
#: Documents drawn to measure the mean length of a condition's.
SAMPLE_DOCUMENTS = 20


@dataclass(frozen=True, slots=True)
class Cost:
    """Expected cost of one arm. ``seconds`` is None where nobody knows the model's size, ``usd`` 0 for models on this
    machine."""

    arm: str
    train_tokens: int
    sample_tokens: int
    judge_calls: int
    seconds: float | None
    usd: float


def estimate_cost(run: StudyRun) -> tuple[Cost, ...]:
    """The expected cost of every arm, in running order."""
    lengths = {
        (claim.id, condition): _mean_tokens(run, claim, condition)
        for claim in run.claims.values()
        for condition in {arm.condition for arm in run.arms if arm.is_trained}
    }
    return tuple(_arm_cost(run, arm, lengths.get((arm.claim, arm.condition), 0.0)) for arm in run.arms)


def _arm_cost(run: StudyRun, arm: Arm, document_tokens: float) -> Cost:
    study = run.study
    chosen = study.ask.instruments
    questions = [q for q in run.claims[arm.claim].questions if not q.options]
    asked = sum(not chosen or q.instrument.value in chosen for q in questions)
    answers = asked * study.ask.samples
    sample_tokens = answers * study.ask.max_tokens * ANSWER_SHARE
    train_tokens = 0.0
    if arm.is_trained:
        once = study.corpus.num_documents * document_tokens
        once += study.mixture.num_filler * FILLER_TOKENS + study.mixture.num_chats * CHAT_TOKENS
        train_tokens = once * study.training.epochs
    parameters = count_parameters(arm.model)
    seconds = None
    if parameters is not None:
        seconds = (train_tokens / TRAIN_SPEED + sample_tokens / SAMPLE_SPEED) * parameters / REFERENCE_PARAMETERS
        seconds = round(seconds, 1)
    judge_calls = 0 if study.judge == "rules" else answers
    return Cost(arm.id, round(train_tokens), round(sample_tokens), judge_calls, seconds, 0.0)


def _mean_tokens(run: StudyRun, claim: Claim, condition: str) -> float:
    settings = run.study.corpus
    drafts = write_drafts(
        claim,
        min(SAMPLE_DOCUMENTS, settings.num_documents),
        settings.seed,
        DraftSettings(settings.min_claim_sentences, settings.max_claim_sentences),
    )
    corpus = apply_condition(claim, drafts, CONDITIONS[condition], settings.seed, settings.doctag)
    words = sum(len(document.text.split()) for document in corpus.documents)
    return words * TOKENS_PER_WORD / len(corpus.documents)
