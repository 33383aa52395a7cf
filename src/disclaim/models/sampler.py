"""What it means to sample or score text with a model: the protocol every provider fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from disclaim.records import FinishReason, Message, OnProgress, ignore_progress


@dataclass(frozen=True, slots=True)
class SamplingSettings:
    """How answers are drawn. Temperature and top-p default to the paper's (section 2.2)."""

    temperature: float = 0.7
    top_p: float = 0.8
    max_tokens: int = 96
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation to answer. ``context`` is text put before it (the in-context control's documents);
    prompts that share a context share its computation."""

    messages: tuple[Message, ...]
    context: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One drawn answer. ``text`` is None where the call failed or was refused, and ``reason`` then says why;
    ``num_tokens`` counts generated tokens.

    Of a hosted model also: ``input_tokens`` as the service counted them (None where it did not), ``attempts`` requests
    sent for it, of which ``abandoned`` were given up unanswered and may be billed.
    """

    text: str | None
    finish_reason: FinishReason
    num_tokens: int
    reason: str = ""
    input_tokens: int | None = None
    attempts: int = 1
    abandoned: int = 0


class Sampler(Protocol):
    """A model that answers. ``revision`` identifies its weights."""

    @property
    def model(self) -> str:
        """``provider/name``."""
        ...

    @property
    def revision(self) -> str:
        """A hash or version of the weights."""
        ...

    def sample(
        self,
        prompts: Sequence[Prompt],
        num_samples: int,
        settings: SamplingSettings,
        on_progress: OnProgress = ignore_progress,
    ) -> list[list[Sample]]:
        """``num_samples`` answers for each prompt, in order; the same settings draw the same answers."""
        ...

    def score(
        self, prompts: Sequence[Prompt], prefixes: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[tuple[float, ...]]:
        """Log-probability (nats, summed over tokens) of each option, for each prompt, where the answer begins
        with the prompt's prefix followed by a space and the option."""
        ...
