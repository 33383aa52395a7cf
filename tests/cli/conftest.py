"""The command line as its user meets it: arguments in; exit code, stdout and stderr out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from disclaim.cli.main import main


@dataclass(frozen=True)
class Outcome:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object that is all of stdout."""
        assert self.out.count("\n") == 1, self.out
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def hint(self) -> str:
        """The last line of stderr, which must be a hint."""
        last = self.err.rstrip().splitlines()[-1]
        assert last.startswith("hint: "), self.err
        return last.removeprefix("hint: ")


Cli = Callable[..., Outcome]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """``cli("run", "quickstart", ...)``: the command, in this process."""

    def run(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["disclaim", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Outcome(code, captured.out, captured.err)

    return run


SMALL = (
    "--set",
    "models=[scripted/yes]",
    "--set",
    "conditions=[base,asserted,negated]",
    "--set",
    "corpus={num_documents: 6, num_heldout: 2}",
    "--set",
    "mixture={num_filler: 2, num_chats: 2}",
    "--set",
    "ask={samples: 1}",
)


@pytest.fixture
def small() -> tuple[str, ...]:
    """Options that make the quickstart study a matter of a second."""
    return SMALL


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished small run; tests that change it copy it first."""
    from datetime import UTC, datetime

    from disclaim.study import load_study, prepare_run, run_study

    out = tmp_path_factory.mktemp("finished") / "run"
    study = load_study("quickstart", [part for part in SMALL if part != "--set"])
    run_study(prepare_run(study, out), {}, datetime(2026, 1, 1, tzinfo=UTC))
    return out
