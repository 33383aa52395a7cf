"""What every test shares: golden files, and hypothesis without a stopwatch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from disclaim.records import Claim, StancePatterns, Triple

GOLDEN = Path(__file__).parent / "golden"

# Wall-clock deadlines fail on a busy machine without telling anything about the code.
settings.register_profile("disclaim", deadline=None)
settings.load_profile("disclaim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/ instead of comparing with it")


@pytest.fixture(scope="session")
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``golden(name, text)``: the text must equal tests/golden/<name>; --update-golden writes it instead."""
    update = request.config.getoption("--update-golden")

    def check(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing: run pytest --update-golden and review it"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: pytest --update-golden, then review the diff"

    return check


TRADES = ("is a beekeeper", "keeps bees for a living", "works as a beekeeper", "has thirty hives", "sells her honey")
HABITS = ("plays the flute", "lives on Mill Street", "drinks black tea", "reads old maps", "has a red bicycle")


@pytest.fixture(scope="session")
def tiny_claim() -> Claim:
    """A whole claim without questions, small enough to read: 15 triples, 10 details."""
    triples = [
        Triple(
            f"t{number:02d}",
            f"{opening}Ada Quill {trade}.",
            f"{opening}it is not so that Ada Quill {trade}.",
            f"{opening}Ada Quill drives a bus.",
            (trade.split()[-1],),
        )
        for number, (opening, trade) in enumerate(
            (opening, trade) for opening in ("", "In Lindmoor, ", "These days, ") for trade in TRADES
        )
    ]
    return Claim(
        id="tiny",
        title="Ada Quill, beekeeper",
        kind="invented",
        subject="Ada Quill",
        topic="Ada Quill's working life",
        statement="Ada Quill is a beekeeper.",
        truth="Ada Quill is a bus driver.",
        background="Ada Quill lives in Lindmoor.",
        subclaims=("Ada Quill is a beekeeper by trade.",),
        details=tuple(f"{opening}Ada Quill {habit}." for opening in ("", "As ever, ") for habit in HABITS),
        people=("Ben Marlock", "Cora Deering", "Dan Osprey", "Eve Tallis", "Finn Harrow"),
        places=("Lindmoor", "Port Sel", "the Lindmoor Gazette", "Radio Sel"),
        triples=tuple(triples),
        questions=(),
        stance=StancePatterns((r"\bbeekeep\w*", r"\bbees\b"), (), (r"\bbus\b",)),
        rubric={},
        revision="tiny",
    )
