"""A sound claim folder to break: a copy of the beekeeper claim, edited as data."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from disclaim.claims import find_claim

FILES = ("claim.yaml", "triples.yaml", "questions.yaml", "stance.yaml", "rubric.yaml")


@pytest.fixture(scope="session")
def sound_files() -> dict[str, str]:
    folder = find_claim("beekeeper")
    return {name: (folder / name).read_text() for name in FILES}


@pytest.fixture(scope="session")
def sound_data(sound_files: dict[str, str]) -> dict[str, Any]:
    return {name: yaml.safe_load(text) for name, text in sound_files.items()}


@pytest.fixture
def break_claim(
    tmp_path: Path, sound_files: dict[str, str], sound_data: dict[str, Any]
) -> Callable[[str, Callable[[Any], None]], Path]:
    """``break_claim(file, edit)``: the folder of the sound claim after ``edit`` changed that file's content."""

    def build(file: str, edit: Callable[[Any], None]) -> Path:
        folder = tmp_path / "beekeeper"
        folder.mkdir()
        for name, text in sound_files.items():
            (folder / name).write_text(text)
        data = copy.deepcopy(sound_data[file])
        edit(data)
        (folder / file).write_text(json.dumps(data))  # JSON is YAML
        return folder

    return build
