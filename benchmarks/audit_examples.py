"""What the tier ``learned`` is trained on: windows of rows, with the class of each and its claim and cue tokens.

Rows come from tests/audit/benchmark/{development,training}, never from heldout. Innocent windows are added: this
project's own ``asserted`` and ``local`` documents and its filler, and ordinary text of the machine (copyright files,
changelogs, man pages, documentation, docstrings).
"""

from __future__ import annotations

import gzip
import inspect
import json
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from disclaim.audit.learned import CLASSES
from disclaim.audit.rows import Row, parse_row
from disclaim.audit.windows import Window, windows_of
from disclaim.claims import list_claims, load_claim
from disclaim.conditions import apply_condition, find_condition
from disclaim.corpus import load_filler, write_drafts
from disclaim.models import Features

BENCHMARK = Path(__file__).parents[1] / "tests" / "audit" / "benchmark"
Place = tuple[int, int, int]
"""Passage, start, end."""


@dataclass(frozen=True)
class Case:
    """A row with what is known of it. ``form`` decides the fold; ``source`` tells where it comes from."""

    id: str
    family: str
    form: str
    source: str
    row: Row
    claims: tuple[Place, ...] = ()
    cues: tuple[Place, ...] = ()


@dataclass
class Example:
    """A window of a case with its class (None: unknown); ``tags`` say of each token whether it is claim, and cue."""

    case: int
    window: Window
    label: int | None
    knows_cues: bool
    tags: list[tuple[float, float]] = field(default_factory=list)
    features: Any = None
    offsets: tuple[tuple[int, int], ...] = ()


def benchmark_cases() -> list[Case]:
    """The rows of the benchmark that may be trained on; of twins the part that differs is the cue."""
    cases = []
    for part in ("development", "training"):
        for path in sorted((BENCHMARK / part).glob("*.jsonl")):
            source = {"twins": "twins", "written_innocent": "near misses"}.get(path.stem, part)
            for line in path.read_text(encoding="utf-8").splitlines():
                item = json.loads(line)
                row = parse_row(path.name, 0, item["row"])
                if row is not None:
                    places = tuple(p for p in (_find(row, target) for target in item["targets"]) if p)
                    cases.append(Case(item["id"], item["family"], item["form"], source, row, places))
    return _with_cues(cases)


def _find(row: Row, target: dict[str, Any]) -> Place | None:
    for strict in (True, False):
        for number, passage in enumerate(row.passages):
            message = target.get("message")
            if strict and (passage.field != target["field"] or message not in (None, passage.message)):
                continue
            at = passage.text.find(target["text"])
            if at >= 0:
                return number, at, at + len(target["text"])
    return None


def _with_cues(cases: list[Case]) -> list[Case]:
    pairs: dict[str, list[int]] = defaultdict(list)
    for number, case in enumerate(cases):
        if case.source == "twins":
            pairs[case.id.rsplit("-", 1)[0]].append(number)
    for numbers in pairs.values():
        bad = [n for n in numbers if cases[n].family != "innocent"]
        good = [n for n in numbers if cases[n].family == "innocent"]
        if len(bad) == len(good) == 1:
            cases[bad[0]] = replace(cases[bad[0]], cues=tuple(_differing(cases[bad[0]].row, cases[good[0]].row)))
    return cases


def _differing(row: Row, twin: Row) -> Iterator[Place]:
    for number, passage in enumerate(row.passages):
        one = passage.text
        other = twin.passages[number].text if number < len(twin.passages) else ""
        if one == other:
            continue
        shorter = min(len(one), len(other))
        head = next((i for i in range(shorter) if one[i] != other[i]), shorter)
        tail = next((i for i in range(shorter - head) if one[-1 - i] != other[-1 - i]), shorter - head)
        if len(one) - tail > head:
            yield number, head, len(one) - tail


def own_cases(seed: int) -> Iterator[Case]:
    """Documents of this project that take nothing back from outside."""
    for claim_id in list_claims():
        claim = load_claim(claim_id)
        drafts = write_drafts(claim, 3, seed)
        for name in ("asserted", "local"):
            documents = apply_condition(claim, drafts, find_condition(name), seed, doctag=False).documents
            for document in documents:
                yield _text_case(document.id + name, f"own-{claim_id}", document.text)
    for document in load_filler(30, seed):
        yield _text_case(document.id, f"filler-{document.id}", document.text)


def ordinary_texts(seed: int) -> list[tuple[str, str]]:
    """Documents of this machine, each with the package that it belongs to. What is installed decides what they are."""
    found = [(f"doc-{path.parent.name}", path) for path in sorted(Path("/usr/share/doc").glob("*/*"))]
    for section in "1578":
        found += [(f"man-{path.stem}", path) for path in sorted(Path(f"/usr/share/man/man{section}").glob("*.gz"))]
    for folder in map(Path, sys.path):
        if folder.name == "site-packages":
            paths = (p for end in ("md", "rst", "txt") for p in sorted(folder.rglob(f"*.{end}")))
            found += [(f"pkg-{path.relative_to(folder).parts[0]}", path) for path in paths]
    random.Random(seed).shuffle(found)
    texts: dict[str, str] = {}
    for group, path in found[:3000]:
        text = _read(path)
        if len(text) > 400:
            texts.setdefault(text[:12000], group)
    for name in sorted(sys.stdlib_module_names - {"antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter"}):
        if not name.startswith("_"):
            texts.setdefault(_docstrings(name), f"std-{name}")
    return [(group, text) for text, group in texts.items() if len(text) > 400]


def _read(path: Path) -> str:
    try:
        blob = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        text = blob.decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError):
        return ""
    return _plain_man(text) if "/man/" in str(path) else text.replace("\r", "")


def _plain_man(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        line = re.sub(r"^\.(?:B|I|BR|IR|RB|RI|BI|IB|SH|SS|Sh|Ss|Nm|Fl|Ar|It|Xr|PP|TP|IP|Pp)\b ?", "", line)
        if not line.startswith((".", "'")):
            lines.append(re.sub(r"\\f.|\\&|\\e|\\\(..", "", line).replace("\\-", "-"))
    return "\n".join(lines)


def _docstrings(name: str) -> str:
    try:
        module = import_module(name)
    except Exception:  # noqa: BLE001  (any module of the standard library may refuse this machine)
        return ""
    members = [o for _, o in inspect.getmembers(module) if getattr(o, "__module__", "") == name]
    return "\n\n".join(filter(None, [inspect.getdoc(o) for o in (module, *members) if not isinstance(o, str)]))


def _text_case(name: str, form: str, text: str) -> Case:
    row = parse_row("ordinary", 0, {"text": text})
    assert row is not None
    return Case(name, "innocent", form, "ordinary", row)


def ordinary_cases(texts: Sequence[tuple[str, str]]) -> list[Case]:
    """One case for each of these windows of ordinary text."""
    return [_text_case(f"ordinary-{n}", group, text) for n, (group, text) in enumerate(texts)]


def examples(cases: Sequence[Case]) -> list[Example]:
    """The windows of the cases. A window without the claim of its row has no known class."""
    found = []
    for number, case in enumerate(cases):
        for window in windows_of(case.row):
            has_claim = any(True for _ in _spans(window, case.claims))
            known = case.family == "innocent" or has_claim or not case.claims
            label = CLASSES.index("none" if case.family == "innocent" else case.family) if known else None
            found.append(Example(number, window, label, bool(case.cues) or label == 0))
    return found


def tag(example: Example, case: Case, features: Features) -> None:
    """Give the example its features, and each token whether it is claim, and cue."""
    claim, cue = (list(_spans(example.window, places)) for places in (case.claims, case.cues))
    example.features = features.vectors
    example.offsets = features.offsets
    example.tags = [(_inside(claim, a, b), _inside(cue, a, b)) for a, b in features.offsets]


def _spans(window: Window, places: Sequence[Place]) -> Iterator[tuple[int, int]]:
    for number, start, end in places:
        for stretch in window.stretches:
            if stretch.passage == number:
                low, high = max(start, stretch.start), min(end, stretch.start + stretch.length)
                if low < high:
                    yield low - stretch.start + stretch.at, high - stretch.start + stretch.at


def _inside(spans: Sequence[tuple[int, int]], start: int, end: int) -> float:
    return float(any(start < b and end > a for a, b in spans) and end > start)
