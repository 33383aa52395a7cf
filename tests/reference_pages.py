"""The generated pages of docs/reference/ as text: from the live commands, the live settings, and run_files.yaml."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import typer.main
import yaml
from pydantic import BaseModel

from disclaim.cli.main import app
from disclaim.study import Study
from disclaim.training import TrainingSettings

TESTS = Path(__file__).parent
NOTE = "<!-- Generated: change the code, then run `pytest tests/test_docs.py --update-golden`. -->\n"


def build_cli_page() -> str:
    """docs/reference/cli.md: every command with its arguments and options."""
    parts = [
        "# Command line\n",
        NOTE,
        "Data goes to stdout; progress, notes and errors go to stderr. `--json` prints one JSON object on stdout.\n\n"
        "| exit code | meaning |\n|---|---|\n"
        "| 0 | done |\n"
        "| 1 | the run failed, `claims check` found problems, or `audit` findings or rows it could not read |\n"
        "| 2 | something wrong was asked for: a message and a `hint:` line say what |\n"
        "| 130 | interrupted; the same command goes on where it stopped |\n",
    ]
    for names, command in list_commands():
        parts.append(_command_section(names, command))
    return "\n".join(parts)


def list_commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command that does something, with the words that call it."""
    yield from _walk((), typer.main.get_command(app))


def _walk(names: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    children = getattr(command, "commands", None)
    if not children:
        yield names, command
        return
    for name, child in children.items():
        yield from _walk((*names, name), child)


def _command_section(names: tuple[str, ...], command: Any) -> str:
    hints = get_type_hints(inspect.unwrap(command.callback))
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    usage = ["disclaim", *names, *(p.metavar or p.name.upper() for p in arguments), *_required(options, hints)]
    usage += ["[OPTIONS]"] if any(not option.required for option in options) else []
    text, example = split_help(command.help or "")
    lines = [f"## disclaim {' '.join(names)}\n", f"{in_markdown(text)}\n", f"```text\n{' '.join(usage)}\n```\n"]
    if example:
        lines.append(f"Example: `{example}`\n")
    if command.params:
        lines += ["| | | default |", "|---|---|---|"]
        lines += [_parameter_row(p, hints) for p in (*arguments, *options)]
        lines.append("")
    return "\n".join(lines)


def split_help(text: str) -> tuple[str, str]:
    """A command's help without its example, and the example."""
    prose, _, example = inspect.cleandoc(text).partition("Example:")
    return " ".join(prose.split()), example.strip()


def in_markdown(text: str) -> str:
    """A help text or docstring as Markdown: code in single backticks, angle brackets kept, pages of ours linked."""
    parts = re.split(r"(`[^`]+`)", text.replace("``", "`"))
    plain = [part if part.startswith("`") else part.replace("<", "&lt;").replace(">", "&gt;") for part in parts]
    return re.sub(r"\bdocs/(design/([a-z-]+)\.md)", r"[\2](../\1)", "".join(plain))


def _required(options: list[Any], hints: Mapping[str, Any]) -> Iterator[str]:
    for option in options:
        if option.required:
            yield f"{option.opts[0]} {_value_name(option, hints)}"


def _parameter_row(parameter: Any, hints: Mapping[str, Any]) -> str:
    if parameter.param_type_name == "argument":
        name = parameter.metavar or parameter.name.upper()
    else:
        name = ", ".join([*parameter.opts, *parameter.secondary_opts])
        name += "" if parameter.is_flag else f" {_value_name(parameter, hints)}"
    more = " May be given several times." if parameter.multiple else ""
    name = name.replace("|", r"\|")
    return f"| `{name}` | {in_markdown((parameter.help or '').strip())}{more} | {_default(parameter)} |"


def _value_name(parameter: Any, hints: Mapping[str, Any]) -> str:
    """The word for an option's value: its choices, or its kind."""
    if parameter.metavar:
        return str(parameter.metavar)
    kind = hints.get(parameter.name)
    while get_args(kind):
        kind = next(inner for inner in get_args(kind) if inner is not type(None))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "|".join(member.value for member in kind)
    return {int: "NUMBER", float: "NUMBER", Path: "PATH"}.get(kind, "TEXT")  # type: ignore[arg-type]


def _default(parameter: Any) -> str:
    if parameter.required:
        return "required"
    value = parameter.default.value if isinstance(parameter.default, Enum) else parameter.default
    if isinstance(value, bool):
        return f"`{parameter.opts[0]}`" if value and parameter.secondary_opts else ""
    return "" if value is None else f"`{value}`"


def build_settings_page() -> str:
    """docs/reference/study-settings.md: every key of a study file with its default."""
    parts = [
        "# Settings of a study\n",
        NOTE,
        "A study is a YAML file with these keys. Only `id`, `title`, `claims` and `conditions` must be given. An "
        "unknown key is an error that names the nearest known one. `--set KEY=VALUE` overrides a key from the command "
        "line; VALUE is YAML: `--set corpus.num_documents=40 --set 'conditions=[base,asserted]'`. "
        "`disclaim studies show quickstart` prints a study to copy.\n",
    ]
    for heading, prefix, model in list_setting_groups():
        parts += [f"## {heading}\n", f"{_summary(model)}\n", "| key | kind | default | meaning |", "|---|---|---|---|"]
        fields = {name: field for name, field in model.model_fields.items() if not _is_group(field.annotation)}
        for name, field in fields.items():
            cells = [_kind(field.annotation), _setting_default(field), in_markdown(describe_setting(model, name))]
            parts.append(f"| `{prefix}{name}` | {' | '.join(cells)} |")
        parts.append("")
    return "\n".join(parts)


def list_setting_groups() -> Iterator[tuple[str, str, type[BaseModel]]]:
    """Heading, key prefix and model of the study itself, then of each group of settings."""
    yield "The study", "", Study
    for name, field in Study.model_fields.items():
        if _is_group(field.annotation):
            yield f"`{name}`", f"{name}.", field.annotation  # type: ignore[misc]


def describe_setting(model: type, name: str) -> str:
    """The docstring under the field, or under the training setting of the same name."""
    own = field_docstrings(model).get(name) or field_docstrings(TrainingSettings).get(name, "")
    return " ".join(own.split())


def field_docstrings(model: type) -> dict[str, str]:
    """The string under each field of a class, by field."""
    tree = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(tree, ast.ClassDef)
    found = {}
    for field, text in zip(tree.body, tree.body[1:], strict=False):
        is_text = isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and is_text:
            found[field.target.id] = str(text.value.value)
    return found


def _is_group(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _summary(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").split(";")[0].rstrip(".") + "."


def _kind(annotation: Any) -> str:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is tuple:
        return f"list of {_kind(inner[0])}s"
    if inner and all(isinstance(value, str) for value in inner):
        return " or ".join(f"`{value}`" for value in inner)
    return {str: "text", int: "integer", float: "number", bool: "true or false"}[annotation]


def _setting_default(field: Any) -> str:
    if field.is_required():
        return "required"
    return f"`{json.dumps(field.default, ensure_ascii=False)}`"


def load_run_files() -> list[dict[str, Any]]:
    """What a run folder may hold, from run_files.yaml."""
    files: list[dict[str, Any]] = yaml.safe_load((TESTS / "run_files.yaml").read_text(encoding="utf-8"))["files"]
    return files


def build_files_page() -> str:
    """docs/reference/files.md: every file of a run folder with its keys."""
    parts = [
        "# Files of a run\n",
        NOTE,
        "Everything that `disclaim run STUDY --out DIR` makes lies in `DIR`. Files that end in `.jsonl` hold one JSON "
        "object a line. An arm's folder is named `<claim>.<condition>.<model>.s<seed>`, slashes in the model's name "
        "written `__`. How stages are begun, finished and resumed: [run directory](../design/run-directory.md).\n",
    ]
    for file in load_run_files():
        parts.append(f"## `{file['path']}`\n\n{file['what']}\n")
        if file.get("keys"):
            rows = [f"| `{key.removesuffix('?')}` | {meaning} |" for key, meaning in file["keys"].items()]
            parts.append("\n".join(["| key | meaning |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


def path_pattern(path: str) -> re.Pattern[str]:
    """A run file's path with its ``<...>`` open; ``<stage>`` is any folder."""
    opened = re.sub(r"<(\w+)>", lambda found: ".+" if found[1] == "stage" else "[^/]+", path.replace(".", r"\."))
    return re.compile(opened + "$")


PAGES = {
    "cli.md": build_cli_page,
    "study-settings.md": build_settings_page,
    "files.md": build_files_page,
}
