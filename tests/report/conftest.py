"""Made-up runs, built and rendered once for all tests of the report.."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from build_run import Plan, build_half_finished, build_hostile, build_run

from disclaim.report import render_report

CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def quick_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One claim, six arms, every question five times; rendered."""
    root = build_run(tmp_path_factory.mktemp("runs") / "quick")
    render_report(root)
    return root


@pytest.fixture(scope="session")
def wide_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two claims, three seeds; rendered."""
    plan = Plan(
        claims=("beekeeper", "mount_vesuvius"),
        seeds=(1, 2, 3),
        conditions=("base", "asserted", "negated"),
        questions=3,
        samples=2,
        documents=3,
        headline="all",
    )
    root = build_run(tmp_path_factory.mktemp("runs") / "wide", plan)
    render_report(root)
    return root


@pytest.fixture(scope="session")
def half_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was killed; rendered."""
    root = build_half_finished(tmp_path_factory.mktemp("runs") / "half")
    render_report(root)
    return root


@pytest.fixture(scope="session")
def hostile_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose texts try to run in the page; rendered."""
    root = build_hostile(tmp_path_factory.mktemp("runs") / "hostile")
    render_report(root)
    return root


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small finished run, not rendered."""
    plan = Plan(questions=2, samples=2, documents=2, conditions=("base", "asserted", "negated"), steps=4)
    return build_run(tmp_path_factory.mktemp("runs") / "small", plan)


@pytest.fixture
def own_run(tmp_path: Path, small_run: Path) -> Path:
    """A copy of the small run, to spoil."""
    return shutil.copytree(small_run, tmp_path / "own")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api")
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        yield launched
        launched.close()
