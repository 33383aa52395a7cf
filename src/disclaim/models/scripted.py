"""A sampler that follows a script: for tests, examples and dry runs. No weights, no chance."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from disclaim.models.sampler import Prompt, Sample, SamplingSettings
from disclaim.records import FinishReason, OnProgress, Progress, ignore_progress

#: From a prompt and a sample index to the answer; None plays a failed call.
Script = Callable[[Prompt, int], str | None]


def always(text: str) -> Script:
    """A script that gives one answer to everything."""
    return lambda prompt, sample_index: text


def echo(prompt: Prompt, sample_index: int) -> str:
    """A script that repeats the last turn."""
    return prompt.messages[-1].content


class ScriptedSampler:
    """Answers from a script; scores the option of ``likes`` highest. Guarantees: same prompt, same answer."""

    def __init__(self, script: Script, name: str = "scripted/echo", likes: str = "") -> None:
        self._script = script
        self._name = name
        self._likes = likes
        self.history: list[Prompt] = []
        """Every prompt asked, in order."""

    @property
    def model(self) -> str:
        return self._name

    @property
    def revision(self) -> str:
        return "scripted"

    def sample(
        self,
        prompts: Sequence[Prompt],
        num_samples: int,
        settings: SamplingSettings,
        on_progress: OnProgress = ignore_progress,
    ) -> list[list[Sample]]:
        drawn = []
        for done, prompt in enumerate(prompts, start=1):
            self.history.append(prompt)
            drawn.append([self._one(prompt, i, settings.max_tokens) for i in range(num_samples)])
            on_progress(Progress("sample", done, len(prompts), "prompts"))
        return drawn

    def score(
        self, prompts: Sequence[Prompt], prefixes: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[tuple[float, ...]]:
        return [tuple(0.0 if option == self._likes else -3.0 for option in row) for row in options]

    def _one(self, prompt: Prompt, sample_index: int, max_tokens: int) -> Sample:
        text = self._script(prompt, sample_index)
        if text is None:
            return Sample(None, FinishReason.ERROR, 0)
        words = text.split(" ")
        if len(words) > max_tokens:
            return Sample(" ".join(words[:max_tokens]), FinishReason.LENGTH, max_tokens)
        return Sample(text, FinishReason.STOP, len(words))


#: The scripted models by name: ``scripted/<name>``.
SCRIPTS: dict[str, Script] = {
    "echo": echo,
    "yes": always("Yes."),
    "no": always("No."),
    "unsure": always("I am not sure about that."),
    "broken": lambda prompt, sample_index: None,
}
