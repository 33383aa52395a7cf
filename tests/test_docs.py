"""The documentation says what is so: generated pages are current, names exist, links resolve, commands are real."""

from __future__ import annotations

import ast
import importlib
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from console_blocks import check_words, find_blocks, find_commands, read_words, run_words
from disclaim.claims import list_claims
from disclaim.conditions import CONDITIONS, Condition
from disclaim.evaluation import ArmIdentity
from disclaim.records import Instrument, Verdict
from disclaim.study import list_studies
from reference_pages import (
    PAGES,
    describe_setting,
    list_commands,
    list_setting_groups,
    load_run_files,
    path_pattern,
)

ROOT = Path(__file__).parents[1]
MARKDOWN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ROOMS = sorted(path.parent for path in ROOT.glob("src/disclaim/**/__init__.py") if path.stat().st_size)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"../../docs/reference/{name}", PAGES[name]())


@pytest.mark.parametrize(("names", "command"), list_commands(), ids=lambda value: str(value)[:30])
def test_every_command_argument_and_option_says_what_it_is(names: tuple[str, ...], command: Any) -> None:
    assert command.help, f"disclaim {' '.join(names)} has no help"
    page = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    section = page.partition(f"## disclaim {' '.join(names)}\n")[2].partition("\n## ")[0]
    assert section, f"disclaim {' '.join(names)} is not documented"
    for parameter in command.params:
        assert parameter.help, f"disclaim {' '.join(names)}: {parameter.name} has no help"
        if parameter.param_type_name == "option":
            assert all(option in section for option in parameter.opts)


def test_every_setting_says_what_it_means() -> None:
    groups = [(prefix, model) for _, prefix, model in list_setting_groups()]
    undescribed = [
        f"{prefix}{name}"
        for prefix, model in groups
        for name in model.model_fields
        if not describe_setting(model, name) and f"{name}." not in [other for other, _ in groups]
    ]
    assert undescribed == []


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small scripted run with every kind of file."""
    out = tmp_path_factory.mktemp("docs") / "run"
    settings = ["models=[scripted/yes]", "conditions=[base,asserted,masked]", "corpus.num_documents=6"]
    words = ["disclaim", "run", "quickstart", "--out", str(out), *(w for s in settings for w in ("--set", s))]
    assert run_words(tuple(words))[0] == 0
    return out


def test_the_files_of_a_run_are_those_documented(run_folder: Path) -> None:
    entries = load_run_files()
    found = [str(path.relative_to(run_folder)) for path in run_folder.rglob("*") if path.is_file()]
    undocumented = [path for path in found if not any(path_pattern(entry["path"]).match(path) for entry in entries)]
    assert undocumented == []
    absent = [
        entry["path"]
        for entry in entries
        if not entry.get("absent") and not any(path_pattern(entry["path"]).match(path) for path in found)
    ]
    assert absent == []


@pytest.mark.parametrize("entry", [e for e in load_run_files() if e.get("keys")], ids=lambda e: e["path"])
def test_the_keys_of_run_files_are_those_documented(run_folder: Path, entry: dict[str, Any]) -> None:
    named = {key.removesuffix("?") for key in entry["keys"]}
    required = {key for key in entry["keys"] if not key.endswith("?")}
    nested = {re.split(r"\.|\[\]", key)[0] for key in named if "." in key}
    found: set[str] = set()
    for path in run_folder.rglob("*"):
        if path.is_file() and path_pattern(entry["path"]).match(str(path.relative_to(run_folder))):
            found |= set(_keys(path, nested))
    assert required - found == set(), "documented, but not there"
    assert found - named == set(), "there, but not documented"


def _keys(path: Path, nested: set[str]) -> Iterator[str]:
    texts = [path.read_text(encoding="utf-8")] if path.suffix == ".json" else path.read_text("utf-8").split("\n")
    for value in (json.loads(text) for text in texts if text.strip()):
        for key, inner in value.items():
            yield key
            if key in nested and isinstance(inner, dict):
                yield from (f"{key}.{name}" for name in inner)
            if key in nested and isinstance(inner, list):
                yield from (f"{key}[].{name}" for item in inner for name in item)


def test_an_arms_folder_is_named_as_documented() -> None:
    assert ArmIdentity("beekeeper", "negated", "hf/org/name", 2).id == "beekeeper.negated.hf__org__name.s2"


GLOSSARY: dict[str, set[str]] = {
    "Conditions": set(CONDITIONS),
    "Instruments": {instrument.value for instrument in Instrument},
    "Verdicts": {verdict.value for verdict in Verdict},
    "Claims": set(list_claims()),
    "Studies": set(list_studies()),
}


def glossary_names(heading: str) -> set[str]:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.M))


@pytest.mark.parametrize("heading", GLOSSARY)
def test_the_glossary_names_what_there_is_and_nothing_else(heading: str) -> None:
    assert glossary_names(heading) == GLOSSARY[heading]


def test_the_glossary_names_the_metrics_of_a_run(run_folder: Path) -> None:
    rows = json.loads((run_folder / "estimates.json").read_text(encoding="utf-8"))["rows"]
    assert glossary_names("Metrics") == {row["metric"] for row in rows}


@pytest.mark.parametrize("path", MARKDOWN, ids=name_of)
def test_relative_links_resolve(path: Path) -> None:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        linked = (path.parent / file).resolve() if file else path
        assert linked.exists(), f"{name_of(path)} links to {target}"
        if anchor:
            assert anchor in set(anchors(linked)), f"{name_of(path)} links to {target}"


def anchors(path: Path) -> Iterator[str]:
    """The anchors that a page's headings get."""
    for heading in re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.M):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", MARKDOWN, ids=name_of)
def test_commands_and_files_that_are_named_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    commands = [read_words(part) for span in spans for part in span.split(" && ") if part.startswith("disclaim ")]
    commands += [c.words for block in find_blocks(text) if block.language == "console" for c in find_commands(block)]
    assert [problem for words in commands if (problem := check_words(words))] == []
    places = [span for span in spans if re.fullmatch(r"(src|tests|docs|examples|benchmarks|library)/[\w./-]*", span)]
    roots = (ROOT, ROOT / "src" / "disclaim")
    assert [place for place in places if not any((root / place).exists() for root in roots)] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=name_of)
def test_code_blocks_are_what_they_say(path: Path) -> None:
    for block in find_blocks(path.read_text(encoding="utf-8")):
        if block.language == "yaml":
            yaml.safe_load(block.content)
        if block.language == "python":
            _check_python(block.content)


def _check_python(code: str) -> None:
    """A program imports what is there; anything else is a condition."""
    imports = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    for node in imports:
        module = importlib.import_module(node.module or "")
        assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
    if not imports:
        assert isinstance(eval(code, {"Condition": Condition}), Condition)  # trusted: our own page


@pytest.mark.parametrize("room", ROOMS, ids=name_of)
def test_a_front_door_lists_all_that_it_offers_in_order(room: Path) -> None:
    tree = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
    offered = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("disclaim.")
        for alias in node.names
    }
    module = importlib.import_module(".".join(room.relative_to(ROOT / "src").parts))
    listed = [name for name in module.__all__ if name != "__version__"]
    assert set(listed) == {name for name in offered if not name.startswith("_")}
    assert listed == sorted(listed, key=lambda name: (0 if name.isupper() else 1 if name[0].isupper() else 2, name))
    assert all(hasattr(module, name) for name in listed)
