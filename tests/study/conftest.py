"""Studies small enough to run in a second on models that follow a script."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from disclaim.claims import load_claim
from disclaim.claims.load import library_path
from disclaim.records import OnProgress, ignore_progress
from disclaim.study import load_study, prepare_run, read_study, run_study

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

SMALL = (
    "models=[scripted/yes]",
    "conditions=[base,asserted,negated]",
    "corpus={num_documents: 6, num_heldout: 2}",
    "mixture={num_filler: 3, num_chats: 3}",
    "training={learning_rate: 0.0005}",
    "ask={samples: 2, max_tokens: 64}",
    "in_context={num_documents: 2}",
)

RunSmall = Callable[..., Path]


@pytest.fixture(scope="session")
def small_settings() -> tuple[str, ...]:
    """The overrides that make the quickstart study small."""
    return SMALL


@pytest.fixture(scope="session")
def run_small() -> RunSmall:
    """``run_small(out, *overrides)``: run the quickstart study, made small, in the folder; its report's path."""

    def run(
        out: Path, *overrides: str, now: datetime = NOW, on_progress: OnProgress = ignore_progress, study: str = ""
    ) -> Path:
        settings: Sequence[str] = (*SMALL, *overrides)
        name = study or "quickstart"
        prepared = prepare_run(load_study(name, settings), out, on_progress)
        return run_study(prepared, read_study(name, settings), now)

    return run


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, run_small: RunSmall) -> Path:
    """The folder of a finished run, which no test may change."""
    out = tmp_path_factory.mktemp("finished")
    run_small(out)
    return out


@pytest.fixture
def claim_folder(tmp_path: Path) -> Path:
    """A claim of one's own: the beekeeper under another id."""
    folder = Path(shutil.copytree(library_path() / "beekeeper", tmp_path / "claims" / "my_claim"))
    file = folder / "claim.yaml"
    file.write_text(file.read_text().replace("id: beekeeper", "id: my_claim"))
    assert load_claim(str(folder)).id == "my_claim"
    return folder
