"""The commands in Markdown: found, checked against the live command line, and run with scripted models."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from disclaim.cli.main import app
from disclaim.errors import DisclaimError
from reference_pages import list_commands

ROOT = Path(__file__).parents[1]
SCRIPTED = "scripted/yes"
#: What a documented run is cut down to.
SMALL = ("corpus.num_documents=6", "mixture.num_filler=2", "mixture.num_chats=2", "ask.samples=1")
#: Fenced blocks with what stands right before them: a remark in a comment, the language, the content.
_FENCE = re.compile(r"(?:<!--\s*(?P<remark>[^>]*?)\s*-->\n)?^```(?P<language>\w*)\n(?P<content>.*?)^```", re.M | re.S)
_EXITS = re.compile(r"\s+# exits with (\d+)$")


@dataclass(frozen=True)
class Block:
    """A fenced block. ``is_run`` is False where the text says "not run: <reason>" above it."""

    language: str
    content: str
    is_run: bool


@dataclass(frozen=True)
class Command:
    """A command line in words, and the exit code that the text promises."""

    words: tuple[str, ...]
    exit_code: int = 0


def find_blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text, in order."""
    for found in _FENCE.finditer(text):
        yield Block(found["language"], found["content"], not (found["remark"] or "").startswith("not run:"))


def find_commands(block: Block) -> Iterator[Command]:
    """The lines of a console block that begin with "$ "."""
    for line in block.content.splitlines():
        if line.startswith("$ "):
            exits = _EXITS.search(line)
            yield Command(read_words(_EXITS.sub("", line[2:])), int(exits[1]) if exits else 0)


def read_words(line: str) -> tuple[str, ...]:
    """A command line as words; the environment's own folder is left out."""
    return tuple(word.removeprefix(".venv/bin/") for word in shlex.split(line))


def check_words(words: tuple[str, ...]) -> str:
    """What is wrong with a command: an unknown name, option, target or file; empty where nothing is."""
    if words[0] == "disclaim":
        return _check_disclaim(words[1:])
    if words[0] == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
        return "" if set(words[1:]) <= set(targets) else f"no such target: {words}"
    if words[0] in ("python", "pytest", "pip"):
        paths = [word for word in words[1:] if word.startswith(("tests", "examples")) or word.endswith(".txt")]
        missing = [path for path in paths if not (ROOT / path).exists()]
        return f"no such file: {missing}" if missing else ""
    return f"an unknown program: {words[0]}"


def _check_disclaim(words: tuple[str, ...]) -> str:
    for names, command in list_commands():
        if words[: len(names)] == names:
            known = {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}
            unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
            return f"{' '.join(names)} has no {unknown}" if unknown else ""
    groups = {names[0] for names, _ in list_commands() if len(names) > 1}
    return "" if words[:1] in [(group,) for group in groups] and len(words) == 1 else f"no such command: {words}"


def run_text(text: str, folder: Path) -> Iterator[tuple[Command, int, str]]:
    """Run the commands of a Markdown text in a folder, in order: command, exit code, output. Models are replaced by
    a scripted one and sizes made small; a YAML block that begins with "# <name>.yaml" is written there first."""
    with chdir(folder):
        for block in find_blocks(text):
            name = re.match(r"# (\w+\.yaml)\n", block.content)
            if block.language == "yaml" and name:
                Path(name[1]).write_text(block.content, encoding="utf-8")
            if block.language == "console" and block.is_run:
                for command in find_commands(block):
                    if command.words[0] == "disclaim" and command.words[1:3] != ("models", "pull"):
                        yield command, *run_words(make_small(command.words))


def run_words(words: tuple[str, ...]) -> tuple[int, str]:
    """Run a ``disclaim`` command in this process: exit code and output."""
    result = CliRunner().invoke(app, list(words[1:]))
    if isinstance(result.exception, DisclaimError):
        return result.exception.exit_code, str(result.exception)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def make_small(words: tuple[str, ...]) -> tuple[str, ...]:
    """The command with a scripted model in place of any other, and with little to do."""
    changed = [f"models=[{SCRIPTED}]" if word.startswith("models=[") else word for word in words]
    if "--model" in changed:
        changed[changed.index("--model") + 1] = SCRIPTED
    elif changed[1] == "train":
        changed += ["--model", SCRIPTED]
    elif changed[1] == "run":
        changed += ["--set", f"models=[{SCRIPTED}]"]
    if changed[1] == "run":
        changed += [word for setting in SMALL for word in ("--set", setting)]
    return (*changed, "--samples", "1") if changed[1] == "ask" else tuple(changed)
