"""Batches of work in several processes, results in the order of the batches."""

from __future__ import annotations

import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from disclaim.errors import RunError

#: Batches handed out and not yet taken back, per process: enough that none waits.
_AHEAD = 2


Batch = TypeVar("Batch")
Result = TypeVar("Result")


def in_processes(
    work: Callable[..., Result], batches: Iterable[Batch], arguments: tuple[Any, ...], workers: int
) -> Iterator[Result]:
    """``work(batch, *arguments)`` of every batch, in order; in this process where ``workers`` is 1.

    ``work`` must be a function of a module, the arguments are sent to each process once. At most a few batches are
    held at a time. Raises RunError where a process dies.
    """
    if workers == 1:
        for batch in batches:
            yield work(batch, *arguments)
        return
    context = multiprocessing.get_context(_start_method())
    pool = ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(work, arguments))
    waiting: deque[tuple[Batch, Future[Result]]] = deque()

    def next_result() -> Result:
        batch, future = waiting.popleft()
        try:
            return future.result()
        except RecursionError:  # what is nested so deep can be worked on, but not sent
            return work(batch, *arguments)

    try:
        for batch in batches:
            waiting.append((batch, pool.submit(_work_on, batch)))
            if len(waiting) > _AHEAD * workers:
                yield next_result()
        while waiting:
            yield next_result()
    except BrokenProcessPool as error:
        raise RunError("a worker process died, most likely for want of memory", "run with --workers 1") from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _start_method() -> str:
    """A fork of this process could copy a lock that another thread holds; a fork server has no other thread."""
    return "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


_begun: tuple[Callable[..., Any], tuple[Any, ...]] | None = None


def _begin(work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Set a worker process up. An interrupt from the terminal reaches all processes; only the first acts on it."""
    global _begun
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _begun = (work, arguments)


def _work_on(batch: Any) -> Any:
    assert _begun is not None
    work, arguments = _begun
    return work(batch, *arguments)
