"""What the command line offers, how fast it can answer, and that every command speaks JSON when asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from disclaim import __version__
from disclaim.cli.main import app

ROOT = typer.main.get_command(app)


def commands(group: Any = ROOT, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def describe(path: tuple[str, ...], command: Any) -> str:
    arguments = [p.metavar or p.name for p in command.params if p.param_type_name == "argument"]
    options = sorted(
        f"  {' '.join([*p.opts, *p.secondary_opts])}{' (required)' if p.required else ''}"
        for p in command.params
        if p.param_type_name == "option"
    )
    return "\n".join([" ".join(["disclaim", *path, *arguments]), *options])


def test_the_commands_and_their_options_are_those_that_were_agreed(golden: Callable[[str, str], None]) -> None:
    golden("cli.txt", "\n".join(describe(path, command) for path, command in commands()) + "\n")


def test_every_command_speaks_json_when_asked() -> None:
    for path, command in commands():
        assert "--json" in [option for parameter in command.params for option in parameter.opts], path


HEAVY = ("torch", "transformers", "peft", "numpy", "nupunkt", "jinja2")
NO_TORCH = ("torch", "transformers", "peft")


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], HEAVY),
        (["run", "--help"], HEAVY),
        (["claims", "list"], NO_TORCH),
        (["studies", "list"], NO_TORCH),
        (["estimate", "quickstart"], NO_TORCH),
        (["status", "RUN"], NO_TORCH),
        (["report", "RUN"], NO_TORCH),
        (["judge", "RUN"], NO_TORCH),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_no_more_than_it_needs(
    arguments: list[str], unwanted: tuple[str, ...], finished_run: Path
) -> None:
    words = ["disclaim", *(str(finished_run) if word == "RUN" else word for word in arguments)]
    code = f"""
import sys
from disclaim.cli.main import main
sys.argv = {words!r}
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
found = [name for name in {unwanted!r} if name in sys.modules]
assert not found, found
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_installed_command_answers() -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "disclaim", "--version"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"disclaim {__version__}\n")
