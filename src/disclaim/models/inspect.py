"""Sampling from models behind a service, by whichever provider Inspect AI knows. Imported when such a model is opened.

Requests run in one event loop on a thread of its own, so that several samplers, notebooks and interrupts get along.
Rate limits, server errors and time-outs are tried again; every request that was sent is counted.
"""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import os
import queue
import random
import re
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from disclaim.errors import MissingDependencyError, ModelError, UnknownNameError, UserError, nearest_hint
from disclaim.models.chat import with_context
from disclaim.models.registry import PROVIDERS
from disclaim.models.sampler import Prompt, Sample, SamplingSettings
from disclaim.records import FinishReason, OnProgress, Progress, ignore_progress

if TYPE_CHECKING:
    from inspect_ai.model import ChatMessage, Model, ModelOutput

#: Named in hints; which there are, the installed inspect-ai decides.
_COMMON = ("openai", "openai-api", "anthropic", "google", "mistral", "openrouter", "together", "vllm", "ollama", "groq")
#: Answers of a service after which no other request can succeed: no key, no credit, no right, no such model.
_HOPELESS = (401, 402, 403, 404)
#: Answers that are about one request: others may still succeed.
_ABOUT_ONE = (400, 413, 422)
#: So many requests in a row that failed for other reasons, each after its retries: the service is down.
_DOWN_AFTER = 16
#: What code raises that is wrong, not what a service answers.
_BUGS = (TypeError, AttributeError, NameError, AssertionError, MemoryError, RecursionError)
_LONGEST_WAIT = 60.0
#: Inspect AI's own limit is one for all samplers of a provider, set by the first; ours is the sampler's.
_NO_LIMIT = 1000
_SHOWN_REASON = 200
#: Seconds that the end of the process waits for what is under way.
_PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class HostedSettings:
    """How a service is asked. ``max_retries`` is for each request; a request without an answer after
    ``attempt_timeout_seconds`` is given up and tried again."""

    max_connections: int = 8
    max_retries: int = 5
    attempt_timeout_seconds: int = 120


DEFAULTS = HostedSettings()


@dataclass(slots=True)
class _Attempts:
    """Requests sent for one answer; ``abandoned`` timed out."""

    sent: int = 0
    abandoned: int = 0


_attempts: ContextVar[_Attempts] = ContextVar("_attempts")


def open_hosted_sampler(name: str, settings: HostedSettings = DEFAULTS) -> InspectSampler:
    """A sampler for ``provider/name``. Sends nothing. Raises MissingDependencyError where a package is not installed,
    UnknownNameError for a provider that Inspect AI does not know, UserError where a key or an address is not set."""
    if importlib.util.find_spec("inspect_ai") is None:
        raise MissingDependencyError("inspect-ai", "hosted", f"the model {name}")
    return InspectSampler(name, _open(name), settings)


class InspectSampler:
    """Answers from a hosted model. What a service draws it does not promise to draw again."""

    def __init__(self, name: str, model: Model, settings: HostedSettings) -> None:
        self._name = name
        self._model = model
        self._settings = settings
        self._is_proven = False
        self._failures = 0
        _watch(model)
        # Connections that are left to the garbage collector are closed with a warning, or not at all.
        weakref.finalize(self, _close, model).atexit = False

    @property
    def model(self) -> str:
        return self._name

    @property
    def revision(self) -> str:
        return "hosted"

    def sample(
        self,
        prompts: Sequence[Prompt],
        num_samples: int,
        settings: SamplingSettings,
        on_progress: OnProgress = ignore_progress,
    ) -> list[list[Sample]]:
        every = [prompt for prompt in prompts for _ in range(num_samples)]
        drawn: dict[int, Sample] = {}
        for place, one in self.stream(every, settings):
            drawn[place] = one
            on_progress(Progress("sample", len(drawn), len(every), "answers"))
        return [[drawn[i * num_samples + k] for k in range(num_samples)] for i in range(len(prompts))]

    def score(
        self, prompts: Sequence[Prompt], prefixes: Sequence[str], options: Sequence[Sequence[str]]
    ) -> list[tuple[float, ...]]:
        raise ModelError(
            f"{self.model} does not tell how likely it finds a given text",
            "options are scored with local/... and hf/... models",
        )

    def stream(self, prompts: Sequence[Prompt], settings: SamplingSettings) -> Iterator[tuple[int, Sample]]:
        """An answer to each prompt as it comes, with the prompt's place. Closing the iterator, or an interrupt, gives
        up what has not come. The first request goes alone. Where a request fails for a reason that all others share,
        or the service does not answer any more, ModelError is raised; a request that is refused as such is a failed
        sample."""
        arrived: queue.SimpleQueue[tuple[int, Sample] | Exception] = queue.SimpleQueue()
        future = asyncio.run_coroutine_threadsafe(self._ask_all(prompts, settings, arrived.put), _loop())
        try:
            for _ in prompts:
                item = arrived.get()
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            future.cancel()

    async def _ask_all(
        self,
        prompts: Sequence[Prompt],
        settings: SamplingSettings,
        put: Callable[[tuple[int, Sample] | Exception], None],
    ) -> None:
        connections = asyncio.Semaphore(self._settings.max_connections)

        async def ask(place: int) -> None:
            async with connections:
                put((place, await self._ask(prompts[place], settings, seed=settings.seed + place)))

        try:
            first = 0 if self._is_proven or not prompts else 1
            if first:
                await ask(0)
            async with asyncio.TaskGroup() as group:
                for place in range(first, len(prompts)):
                    group.create_task(ask(place))
        except ExceptionGroup as group_error:
            put(next(error for error in group_error.exceptions if isinstance(error, Exception)))
        except Exception as error:
            put(error)
            raise

    async def _ask(self, prompt: Prompt, settings: SamplingSettings, seed: int) -> Sample:
        attempts = _Attempts()
        _attempts.set(attempts)
        try:
            output = await self._model.generate(_messages(prompt), config=self._config(settings, seed))
        except Exception as raised:
            error = _cause(raised)
            if isinstance(error, _BUGS):
                raise
            status, reason = _status(error), _describe(error)
            self._failures += status not in _ABOUT_ONE
            if status in _HOPELESS or self._failures >= (_DOWN_AFTER if self._is_proven else 1):
                raise ModelError(f"{self.model}: {reason}", _hint(self.model, status)) from error
            return Sample(None, FinishReason.ERROR, 0, reason, None, attempts.sent, attempts.abandoned)
        self._is_proven, self._failures = True, 0
        return _sample_of(output, attempts)

    def _config(self, settings: SamplingSettings, seed: int) -> Any:
        from inspect_ai.model import GenerateConfig

        drawn = settings.temperature > 0
        return GenerateConfig(
            max_connections=_NO_LIMIT,
            max_retries=self._settings.max_retries,
            attempt_timeout=self._settings.attempt_timeout_seconds,
            max_tokens=settings.max_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p if drawn and settings.top_p < 1 else None,
            seed=seed if drawn else None,
            cache_prompt=False,  # writing a provider's cache costs more than reading the few tokens that prompts share
        )


def _open(name: str) -> Model:
    """The model as Inspect AI has it, whose own clients try nothing again, so that every request is seen."""
    from inspect_ai.model import get_model

    try:
        try:
            return get_model(name, memoize=False, max_retries=0)
        except TypeError:  # a provider whose client has no such setting
            return get_model(name, memoize=False)
    except ValueError as error:
        if "not recognized" not in str(error):
            raise UserError(f"{name}: {error}", "check the name of the model") from error
        provider = name.partition("/")[0]
        known = nearest_hint(provider, (*PROVIDERS, *_COMMON))
        raise UnknownNameError("provider", provider, (), f"{known}; models are named provider/name") from error
    except Exception as error:
        if type(error).__name__ != "PrerequisiteError":  # a class that Inspect AI does not export
            raise
        raise _prerequisite(name, str(getattr(error, "message", error))) from error


def _prerequisite(name: str, message: str) -> UserError | MissingDependencyError:
    """What a provider wants before it starts: a package or a key."""
    text = " ".join(re.sub(r"\[/?[a-z ]+\]", "", message).replace("ERROR:", "").split())
    package = re.search(r"pip install ([\w.-]+)", text)
    if package:
        missing = MissingDependencyError(package[1], "hosted", f"the model {name}")
        missing.hint = f"pip install {package[1]}"
        return missing
    wanted = re.search(r"\b[A-Z][A-Z0-9_]+_(?:KEY|URL|TOKEN|ENDPOINT)\b", text)
    hint = f"set {wanted[0]} in the environment" if wanted else "see the provider's page in Inspect AI's documentation"
    return UserError(f"{name} cannot be asked: {text}", f"{hint}; nothing was sent")


def _watch(model: Model) -> None:
    """Count the requests of this model, and wait between them as the service asks."""
    api = model.api
    generate: Callable[..., Awaitable[Any]] = api.generate

    async def counted(*arguments: Any, **named: Any) -> Any:
        attempts = _attempts.get(_Attempts())
        attempts.sent += 1
        try:
            return await generate(*arguments, **named)
        except asyncio.CancelledError:
            attempts.abandoned += 1
            raise

    setattr(api, "generate", counted)  # noqa: B010
    setattr(api, "retry_wait", lambda: _wait)  # noqa: B010


def _wait(state: Any) -> float:
    """Seconds until the next attempt: what the service asked for, else twice as long each time, with some chance."""
    error = _cause(state.outcome.exception()) if state.outcome else None
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    asked = str(headers.get("retry-after", ""))
    if re.fullmatch(r"\d+(\.\d+)?", asked):
        return min(float(asked), _LONGEST_WAIT)
    return float(min(2.0 ** (state.attempt_number - 1) * random.uniform(1.0, 1.5), _LONGEST_WAIT))


def _sample_of(output: ModelOutput, attempts: _Attempts) -> Sample:
    usage = output.usage
    read = None
    if usage is not None:
        read = usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)
    written = usage.output_tokens if usage is not None else 0
    counts = (read, attempts.sent, attempts.abandoned)
    if output.stop_reason == "content_filter":
        return Sample(None, FinishReason.ERROR, written, "refused", *counts)
    cut = output.stop_reason in ("max_tokens", "model_length")
    return Sample(output.completion, FinishReason.LENGTH if cut else FinishReason.STOP, written, "", *counts)


def _messages(prompt: Prompt) -> list[ChatMessage]:
    from inspect_ai.model import ChatMessageAssistant, ChatMessageSystem, ChatMessageUser

    kinds = {"system": ChatMessageSystem, "user": ChatMessageUser, "assistant": ChatMessageAssistant}
    return [kinds[turn.role](content=turn.content) for turn in with_context(prompt.messages, prompt.context)]


def _cause(error: BaseException | None) -> BaseException | None:
    """The error of the last attempt, where several were made."""
    last = getattr(error, "last_attempt", None)
    return last.exception() if last is not None else error


def _status(error: BaseException | None) -> int | None:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _describe(error: BaseException | None) -> str:
    """The error on one line, without the request that Inspect AI puts into it."""
    said = str(getattr(error, "provider_message", None) or getattr(error, "message", None) or error or "")
    status = _status(error)
    flat = " ".join(said.split())[:_SHOWN_REASON]
    return f"{status}, {flat}" if status and str(status) not in flat else flat or type(error).__name__


def _hint(name: str, status: int | None) -> str:
    if status in (401, 403):
        return "check the key of the provider in the environment; nothing else was sent"
    if status == 404:
        return f"check the name {name}, and the address where one is set; nothing else was sent"
    if status == 402:
        return "the account has no credit; what was answered before is kept"
    if os.environ.get("INSPECT_DISABLE_MODEL_API"):
        return "INSPECT_DISABLE_MODEL_API is set"
    return "check the provider and the network; what was answered before is kept"


def _close(model: Model) -> None:
    asyncio.run_coroutine_threadsafe(model.api.aclose(), _loop())


@cache
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="disclaim-hosted", daemon=True)
    thread.start()
    atexit.register(_stop, loop, thread)
    return loop


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    """End the thread before the interpreter goes: one that still prints then takes the process down with it."""
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=_PATIENCE)
