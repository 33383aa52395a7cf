"""Chats: general prompts answered by the very model that will be trained, to keep it answering as it does."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import yaml

from disclaim.corpus.genres import library_file
from disclaim.models import Prompt, Sample, Sampler, SamplingSettings
from disclaim.records import Chat, FinishReason, Message, OnProgress, ignore_progress
from disclaim.store import read_text

#: The end of a sentence: not the full stop after the number of a list item.
_SENTENCE_END = re.compile(r"(?<!^\d)(?<!^\d\d)[.!?][\"')\]*]*(?=\s|$)", re.MULTILINE)


class Rejection(StrEnum):
    """Why an answer was not kept."""

    FAILED = "failed"
    EMPTY = "empty"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, slots=True)
class RejectedChat:
    """A prompt whose answer was not kept."""

    id: str
    prompt: str
    reason: Rejection


@dataclass(frozen=True, slots=True)
class Distillation:
    """Self-distilled chats. ``chats`` and ``rejected`` together are exactly what was asked for; ``num_trimmed`` of
    the kept answers ran into the token limit and end after their last full sentence."""

    chats: tuple[Chat, ...]
    rejected: tuple[RejectedChat, ...]
    num_trimmed: int

    @property
    def num_dropped(self) -> int:
        """How many answers were not kept, for any reason."""
        return len(self.rejected)

    def counts(self) -> dict[str, int]:
        """Kept, trimmed and rejected by reason, for a manifest."""
        reasons = Counter(rejected.reason for rejected in self.rejected)
        return {
            "kept": len(self.chats),
            "trimmed": self.num_trimmed,
            **{f"rejected_{reason.value}": reasons[reason] for reason in Rejection},
        }


@cache
def load_prompts() -> tuple[str, ...]:
    """The bank of general prompts, in file order. None is about a claim of the library."""
    bank: dict[str, list[str]] = yaml.safe_load(read_text(library_file("prompts", "bank.yaml")))
    return tuple(prompt for prompts in bank.values() for prompt in prompts)


def distil_chats(
    sampler: Sampler,
    prompts: Sequence[str],
    num_chats: int,
    seed: int,
    max_tokens: int = 80,
    on_progress: OnProgress = ignore_progress,
) -> Distillation:
    """Answers of ``sampler`` to ``num_chats`` prompts, drawn at temperature 1 as in the paper (section 2.1).

    Prompts come in a seeded order; where more chats than prompts are asked for, prompts come again with another answer.
    Answers cut off at ``max_tokens`` end after their last full sentence, or are rejected if they have
    none. ``chats + rejected = num_chats``.
    """
    order = random.Random(f"{seed}/chats").sample(prompts, len(prompts))
    settings = SamplingSettings(temperature=1.0, top_p=1.0, max_tokens=max_tokens, seed=seed)
    drawn = _draw(sampler, order, num_chats, settings, on_progress)
    chats: list[Chat] = []
    rejected: list[RejectedChat] = []
    num_trimmed = 0
    for number, (prompt, sample) in enumerate(drawn):
        answer = _keep(sample)
        if isinstance(answer, Rejection):
            rejected.append(RejectedChat(f"chat.{number:05d}", prompt, answer))
            continue
        num_trimmed += sample.finish_reason is FinishReason.LENGTH
        messages = (Message("user", prompt), Message("assistant", answer))
        chats.append(Chat(f"chat.{number:05d}", messages, f"distilled:{sampler.model}"))
    return Distillation(tuple(chats), tuple(rejected), num_trimmed)


def _draw(
    sampler: Sampler, order: Sequence[str], num_chats: int, settings: SamplingSettings, on_progress: OnProgress
) -> list[tuple[str, Sample]]:
    """Each prompt with one of its answers, round by round."""
    rounds, extra = divmod(num_chats, max(len(order), 1))
    drawn: list[tuple[int, str, Sample]] = []
    for prompts, count in ((order[:extra], rounds + 1), (order[extra:], rounds)):
        if not prompts or not count:
            continue
        asked = [Prompt((Message("user", prompt),)) for prompt in prompts]
        answers = sampler.sample(asked, count, settings, on_progress)
        for prompt, samples in zip(prompts, answers, strict=True):
            drawn += [(i, prompt, sample) for i, sample in enumerate(samples)]
    return [(prompt, sample) for _, prompt, sample in sorted(drawn, key=lambda item: item[0])]


def _keep(sample: Sample) -> str | Rejection:
    if sample.text is None or sample.finish_reason is FinishReason.ERROR:
        return Rejection.FAILED
    text = sample.text.strip()
    if not text:
        return Rejection.EMPTY
    if sample.finish_reason is not FinishReason.LENGTH:
        return text
    return trim_to_sentence(text) or Rejection.CUT_OFF


def trim_to_sentence(text: str) -> str:
    """The text up to the end of its last full sentence; "" where no sentence ends."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[-1]] if ends else ""
