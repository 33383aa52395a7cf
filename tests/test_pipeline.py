"""A two-arm study on a toy model, killed with SIGKILL wherever it hurts: resumed, it ends with the same bytes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

import pytest

from disclaim.records import Progress
from disclaim.store import read_json, read_jsonl
from disclaim.study import State, load_study, prepare_run, read_status, run_study

MASKED = "conditions=[asserted, masked]"
SMALL = (
    "corpus={num_documents: 6, num_heldout: 1, min_claim_sentences: 3, max_claim_sentences: 3}",
    "mixture={num_filler: 3, num_chats: 3, chat_max_tokens: 8}",
    "training={learning_rate: 0.003, batch_tokens: 700, save_every_steps: 1, heldout_every_steps: 2}",
    "training.num_checkpoints=2",
    "ask={samples: 2, max_tokens: 4, instruments: [open_ended, likelihood]}",
)


def run(out: Path, model: str, die_at: str = "", after: int = 1) -> None:
    """Run the study; kill this process on the ``after``-th report of a stage whose name holds ``die_at``."""
    import toy_models  # noqa: F401  one thread, as everywhere in the tests

    heard = 0

    def listen(progress: Progress) -> None:
        nonlocal heard
        heard += bool(die_at) and die_at in progress.stage
        if heard == after:
            os.kill(os.getpid(), signal.SIGKILL)

    study = load_study("quickstart", [*SMALL, MASKED, f"models=[{model}]"])
    run_study(prepare_run(study, out, listen), {}, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    """Processes that start with torch already loaded, in a fraction of a second."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [
            "toy_models",
            "disclaim.training.loop",
            "disclaim.models.local",
            "disclaim.study",
            "transformers.models.llama.modeling_llama",
        ]
    )
    return context


@pytest.fixture(scope="module")
def start(processes: ForkServerContext, toy_model: Path) -> Iterator[Callable[..., ForkServerProcess]]:
    """``start(out, die_at, after)``: the study in a process of its own."""
    started: list[ForkServerProcess] = []

    def begin(out: Path, die_at: str = "", after: int = 1) -> ForkServerProcess:
        process = processes.Process(target=run, args=(out, f"local/{toy_model}", die_at, after))
        process.start()
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.join()
        process.close()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, start: Callable[..., ForkServerProcess]) -> Path:
    out = tmp_path_factory.mktemp("unbroken") / "run"
    process = start(out)
    process.join(120)
    assert process.exitcode == 0
    return out


def results_of(out: Path) -> dict[str, bytes]:
    """Everything that a run leaves and that does not tell the time."""
    timed = {"study.json", "metrics.jsonl", "training.csv", "index.html"}
    files = [p for p in out.rglob("*") if p.is_file() and p.name not in timed and not p.name.startswith(".")]
    found = {str(p.relative_to(out)): p.read_bytes() for p in files if "training/manifest" not in str(p)}
    return {name: content for name, content in found.items() if not name.endswith(".svg")}


def metrics_of(out: Path) -> dict[str, list[dict[str, object]]]:
    return {
        str(file.relative_to(out)): [{**row, "tokens_per_second": 0} for row in read_jsonl(file)]
        for file in sorted(out.rglob("metrics.jsonl"))
    }


def require_same(out: Path, unbroken: Path) -> None:
    assert (out / "estimates.json").read_bytes() == (unbroken / "estimates.json").read_bytes()
    ours, theirs = results_of(out), results_of(unbroken)
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert metrics_of(out) == metrics_of(unbroken)


def test_the_study_trains_asks_and_estimates_both_arms(unbroken: Path) -> None:
    assert {row.state for row in read_status(unbroken)} == {State.DONE}
    rows = read_json(unbroken / "estimates.json")["rows"]
    assert {row["condition"] for row in rows} == {"asserted", "masked"}
    for arm in (unbroken / "arms").iterdir():
        assert read_json(arm / "training" / "manifest.json")["results"]["steps"] > 3
        assert (arm / "training" / "checkpoint" / "model.safetensors").exists()
    assert (unbroken / "report" / "index.html").exists()


#: Stages and the report on which the process dies there; the arms come in this order.
DEATHS = (
    ("asserted: sample", 1),
    ("asserted: train", 1),
    ("asserted: train", 2),
    ("asserted: answers", 1),
    ("masked: train", 3),
    ("masked: answers", 1),
)


def test_a_study_killed_in_every_stage_resumes_to_the_bytes_of_an_unbroken_one(
    tmp_path: Path, start: Callable[..., ForkServerProcess], unbroken: Path
) -> None:
    for die_at, after in DEATHS:
        process = start(tmp_path, die_at, after)
        process.join(120)
        assert process.exitcode == -signal.SIGKILL, die_at
        assert State.FAILED not in {row.state for row in read_status(tmp_path)}
    process = start(tmp_path)
    process.join(120)
    assert process.exitcode == 0
    require_same(tmp_path, unbroken)


def test_a_study_killed_at_any_moment_resumes_to_the_bytes_of_an_unbroken_one(
    tmp_path: Path, start: Callable[..., ForkServerProcess], unbroken: Path
) -> None:
    """Killed from outside, whatever it was writing: once for each kind of file that had just begun to grow."""
    for pattern in ("drafts/*/*.jsonl", "corpora/*/*.jsonl", "arms/*/training/state/*", "arms/*/answers/*.jsonl"):
        process = start(tmp_path)
        end = time.monotonic() + 60
        while process.is_alive() and not list(tmp_path.glob(pattern)):
            assert time.monotonic() < end
            time.sleep(0.002)
        process.kill()
        process.join(60)
    process = start(tmp_path)
    process.join(120)
    assert process.exitcode == 0
    require_same(tmp_path, unbroken)
