"""Questions to a model within a sum of money: every answer is kept on disk as it comes, and none is paid for twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from disclaim.audit.model_reply import Missing, Stand, prompt_texts
from disclaim.audit.windows import Window
from disclaim.errors import ModelError, StoreError
from disclaim.models import Price, Prompt, Sample, Sampler, SamplingSettings, is_hosted_name
from disclaim.records import FinishReason
from disclaim.store import Json, JsonlLog, content_key, lock

#: A reply needs some 150 tokens; a hosted model may think before it writes, and pays for that from the same sum.
LOCAL_TOKENS, HOSTED_TOKENS = 400, 2000
#: What a reply is expected to take.
EXPECTED_TOKENS = 120
#: What a conversation costs beyond its texts, at most.
_FRAME_TOKENS = 50
_CHARACTERS_PER_TOKEN = 4.0
#: Prompts handed to a local model at a time, so that its answers are kept as it goes.
_LOCAL_BATCH = 8


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How the model tier asks. ``every_row``: also rows that the screen would pass over. ``price`` is None where it is
    not known, ``max_usd`` where nothing is to stop it."""

    every_row: bool = False
    price: Price | None = None
    max_usd: float | None = None


@dataclass(slots=True)
class ModelLedger:
    """What was asked, answered and paid.

    ``rows`` = ``rows_by_rules`` (settled by the rules) + ``rows_screened_out`` + ``rows_answered`` + ``rows_missing``
    (a section at least has no answer that counts) + ``rows_unreadable``. ``sections`` = ``same_text`` (asked once for
    several) + ``kept`` (answered in an earlier run) + ``calls`` + ``not_asked``. ``requests`` is what reached the
    service: a request that is tried again counts again. ``usd`` reckons a request that timed out at its most.
    """

    model: str
    price: Price | None
    max_usd: float | None
    rows: int = 0
    rows_by_rules: int = 0
    rows_screened_out: int = 0
    rows_answered: int = 0
    rows_missing: int = 0
    rows_unreadable: int = 0
    sections: int = 0
    same_text: int = 0
    kept: int = 0
    calls: int = 0
    not_asked: int = 0
    requests: int = 0
    abandoned: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    stopped: str | None = None
    stands: Counter[Stand] = field(default_factory=Counter)
    missing: Counter[Missing] = field(default_factory=Counter)

    @property
    def n_missing(self) -> int:
        """Sections without an answer that counts."""
        return self.missing.total()

    @property
    def retries(self) -> int:
        """Requests beyond the first of each question."""
        return self.requests - self.calls


class KeptReplies:
    """Answers by the key of their question, in a file that grows. Failed calls are not kept: they are asked again."""

    def __init__(self, log: JsonlLog) -> None:
        self._log = log
        self._samples = {row["key"]: _read_sample(row, log.path) for row in log.rows()}

    def get(self, key: str) -> Sample | None:
        """The answer to this question, where it was answered."""
        return self._samples.get(key)

    def add(self, key: str, sample: Sample) -> None:
        """Keep an answer; on disk when this returns."""
        self._samples[key] = sample
        if sample.text is None and sample.reason != "refused":
            return
        counts = {"num_tokens": sample.num_tokens, "input_tokens": sample.input_tokens}
        said = {"text": sample.text, "finish_reason": sample.finish_reason.value, "reason": sample.reason}
        self._log.append([{"key": key, **said, **counts}])


@contextmanager
def open_kept_replies(folder: Path, model: str) -> Iterator[KeptReplies]:
    """The answers of this model that lie under ``folder``, for one process at a time."""
    place = folder / re.sub(r"[^\w.-]+", "__", model)
    with lock(place), JsonlLog(place / "replies.jsonl") as log:
        yield KeptReplies(log)


def _read_sample(row: Json, path: Path) -> Sample:
    try:
        finish = FinishReason(row["finish_reason"])
        return Sample(row["text"], finish, row["num_tokens"], row["reason"], row["input_tokens"])
    except (KeyError, ValueError) as error:
        raise StoreError(f"{path} is damaged: {error}", f"delete {path}; its answers are paid for again") from error


@dataclass(frozen=True, slots=True)
class AskedModel:
    """Who is asked. ``revision`` tells its weights, as far as they can be told."""

    name: str
    revision: str
    sampler: Sampler | None = None


class Asker:
    """Asks a model, counting into ``ledger``. Without a sampler it can only tell what asking would cost."""

    def __init__(self, model: AskedModel, settings: ModelSettings, kept: KeptReplies) -> None:
        self._sampler = model.sampler
        self._settings = settings
        self._kept = kept
        self.ledger = ModelLedger(model.name, settings.price, settings.max_usd)
        max_tokens = HOSTED_TOKENS if is_hosted_name(model.name) else LOCAL_TOKENS
        self._sampling = SamplingSettings(temperature=0.0, top_p=1.0, max_tokens=max_tokens)
        self._about_all = (model.name, model.revision, prompt_texts(), max_tokens)
        self._not_asked: set[str] = set()

    def key_of(self, section: Window) -> str:
        """What tells a question from all others: model, its revision, the words of the question, the section's text."""
        return content_key(*self._about_all, section.text)

    def answer(self, key: str) -> Sample | None:
        """The answer to a question; None where it has none yet."""
        return self._kept.get(key)

    def expected_usd(self, prompt: Prompt) -> float | None:
        """What a question is expected to cost; None where no price is known."""
        price = self._settings.price
        return price.usd(expected_tokens(prompt), EXPECTED_TOKENS) if price else None

    def most_usd(self, prompt: Prompt) -> float:
        """What one request for it can cost: no tokenizer makes more tokens than a text has bytes. 0 without a price."""
        price = self._settings.price
        size = sum(len(turn.content.encode()) for turn in prompt.messages)
        return price.usd(size + _FRAME_TOKENS, self._sampling.max_tokens) if price else 0.0

    def ask(self, questions: Mapping[str, Prompt]) -> Iterator[str]:
        """Ask what has no answer yet; gives each key as it is answered. Stops for good where the next answer could cost
        more than is left. Raises ModelError where no question can be answered; what came before is kept."""
        left = [(key, prompt) for key, prompt in questions.items() if self._kept.get(key) is None]
        while left and self.ledger.stopped is None:
            count = self._affordable([prompt for _, prompt in left])
            if not count:
                self.ledger.stopped = "max_usd"
                break
            batch, left = left[:count], left[count:]
            for place, sample in self._answers([prompt for _, prompt in batch]):
                key, prompt = batch[place]
                self._kept.add(key, sample)
                self._count(prompt, sample)
                yield key
        self._not_asked |= {key for key, _ in left}
        self.ledger.not_asked = len(self._not_asked)

    def _affordable(self, prompts: Sequence[Prompt]) -> int:
        """How many of the prompts, in order, can be asked together without a chance of passing the limit."""
        if self._settings.max_usd is None or not self._settings.price:
            return len(prompts)
        room = self._settings.max_usd - self.ledger.usd
        for number, prompt in enumerate(prompts):
            room -= self.most_usd(prompt)
            if room < 0:
                return number
        return len(prompts)

    def _answers(self, prompts: Sequence[Prompt]) -> Iterator[tuple[int, Sample]]:
        if self._sampler is None:
            raise ModelError(f"{self.ledger.model} is not open", "open it with disclaim.models.open_sampler")
        if is_hosted_name(self.ledger.model):
            from disclaim.models import InspectSampler

            if isinstance(self._sampler, InspectSampler):
                yield from self._sampler.stream(prompts, self._sampling)
                return
        for start in range(0, len(prompts), _LOCAL_BATCH):
            drawn = self._sampler.sample(prompts[start : start + _LOCAL_BATCH], 1, self._sampling)
            yield from ((start + place, row[0]) for place, row in enumerate(drawn))

    def _count(self, prompt: Prompt, sample: Sample) -> None:
        ledger = self.ledger
        ledger.calls += 1
        ledger.requests += sample.attempts
        ledger.abandoned += sample.abandoned
        ledger.input_tokens += sample.input_tokens or 0
        ledger.output_tokens += sample.num_tokens
        ledger.usd += sample.abandoned * self.most_usd(prompt)
        answered = sample.text is not None or sample.reason == "refused"
        if self._settings.price and answered:
            counted = sample.input_tokens is not None
            usd = self._settings.price.usd(sample.input_tokens or 0, sample.num_tokens)
            ledger.usd += usd if counted else self.most_usd(prompt)


def expected_tokens(prompt: Prompt) -> int:
    """What a prompt takes, by its characters."""
    return round(sum(len(turn.content) for turn in prompt.messages) / _CHARACTERS_PER_TOKEN)
