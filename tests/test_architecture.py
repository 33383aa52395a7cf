"""The house rules that a machine can see: imports flow one way, files only in store, printing only in cli, sizes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "disclaim"

LAYERS = (
    {"records", "errors"},
    {"stats", "store"},
    {"claims", "conditions", "stance", "models"},
    {"corpus", "audit", "training", "evaluation", "report"},
    {"study"},
    {"cli"},
)
LAYER_OF = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
#: The package itself, and ``python -m disclaim``: no rooms.
ENTRANCES = {"__init__", "__main__"}
MODULES = sorted(SOURCE.rglob("*.py"))
MAX_LINES = 400
MAX_FUNCTION_LINES = 60
#: self or cls do not count.
MAX_PARAMETERS = 6

#: Modules below cli and store that may touch files they do not own: weights go through their libraries, and
#: templates are package data.
FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "engine", "base", "misc"}


def room_of(path: Path) -> str:
    relative = path.relative_to(SOURCE)
    return relative.parts[0].removesuffix(".py")


def imports_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Dotted names of our own modules that the tree imports, with line numbers."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == "disclaim":
            if node.module == "disclaim":
                yield from ((f"disclaim.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield node.module or "", node.lineno
        elif isinstance(node, ast.Import):
            yield from ((a.name, node.lineno) for a in node.names if a.name.split(".")[0] == "disclaim")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_imports_only_from_lower_layers_and_through_front_doors(path: Path) -> None:
    room = room_of(path)
    if room in ENTRANCES:
        return
    for name, line in imports_of(parse(path)):
        parts = name.split(".")
        if len(parts) < 2 or parts[1] in {"__version__"}:
            continue
        target = parts[1]
        assert target in LAYER_OF, f"{path}:{line} imports the unknown room {target}"
        if target == room:
            continue
        assert LAYER_OF[target] < LAYER_OF[room], f"{path}:{line} imports {target}, which is not below {room}"
        assert len(parts) == 2, f"{path}:{line} imports {name}: go through the front door disclaim.{target}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_LINES, f"{path} has {text.count(chr(10))} lines"
    assert path.stem not in FORBIDDEN_NAMES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{path}:{node.lineno} {node.name} has {length} lines"
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            counted = [n for n in names if n not in {"self", "cls"}]
            if room_of(path) != "cli" and not node.name.startswith("_attention"):  # flags and a foreign signature
                assert len(counted) <= MAX_PARAMETERS, f"{path}:{node.lineno} {node.name} takes {len(counted)}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_cli_prints(path: Path) -> None:
    if room_of(path) == "cli":
        return
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "print", f"{path}:{node.lineno} prints"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_store_writes_files(path: Path) -> None:
    if room_of(path) == "store":
        return
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in {"write_text", "write_bytes"} or _is_store_call(node), (
                f"{path}:{node.lineno} writes a file"
            )


def _is_store_call(node: ast.Call) -> bool:
    holder = node.func.value if isinstance(node.func, ast.Attribute) else None
    return isinstance(holder, ast.Name) and holder.id == "store"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_nothing_swallows_every_error_or_runs_foreign_code(path: Path) -> None:
    tree = parse(path)
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            name = node.type.id if isinstance(node.type, ast.Name) else ""
            reraises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
            catches_all = node.type is None or (name in {"Exception", "BaseException"} and not reraises)
            assert not catches_all, f"{path}:{node.lineno} catches everything"
        if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
            assert getattr(node.value, "value", True) is False, f"{path} trusts remote code"
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert "pickle" not in imported, f"{path} imports pickle"


def test_every_room_has_its_place_in_the_layers() -> None:
    rooms = {room_of(path) for path in MODULES} - ENTRANCES
    assert rooms <= set(LAYER_OF)
