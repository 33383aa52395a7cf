"""What a run folder holds before a run starts in it: nothing, the same run, or a run that this one extends.

Anything else is refused: a run that replaced another would leave its arms behind, seen by no command.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from disclaim.errors import StageMismatchError
from disclaim.store import MANIFEST, describe_difference, read_json, require_free_folder
from disclaim.study.plan import StudyRun
from disclaim.study.study import Study

#: What a run may be given more of.
GRID = ("claims", "conditions", "models", "seeds")
#: Settings that change no result and no heading.
_WORDS = ("description", "paper_section")


def require_own_folder(run: StudyRun) -> None:
    """Raise StageMismatchError unless the folder is new or empty, or holds this run, or a part of it: the same settings
    with fewer claims, conditions, models or seeds. Touches no file."""
    root = run.paths.root
    require_free_folder(root, run.paths.study.name, "drafts", "arms")
    record = _read_record(run)
    if not record:
        return
    if record.get("study") != run.study.id:
        raise StageMismatchError(
            f"{root} holds the study {record.get('study')}, not {run.study.id}", "choose another --out"
        )
    before, now = _settings(record.get("settings") or {}), run.study.model_dump(mode="json")
    if before and _fixed(before) != _fixed(now):
        raise _refusal(run, describe_difference(_fixed(before), _fixed(now)))
    if {item["id"] for item in record["arms"]} - {arm.id for arm in run.arms}:
        # Claims by their ids: a folder may be named by several paths.
        grid_before = {**_grid(before), "claims": list(record.get("claims") or {})}
        raise _refusal(run, describe_difference(grid_before, {**_grid(now), "claims": list(run.claims)}))


def describe_folder(run: StudyRun) -> str:
    """One line on what the folder holds of the run already, and what is new to it; empty where it is new. Raises
    StageMismatchError where the folder is not the run's."""
    require_own_folder(run)
    record = _read_record(run)
    if not record:
        return ""
    known = {item["id"] for item in record["arms"]}
    done = sum((run.paths.judgements(arm, run.study.judge) / MANIFEST).exists() for arm in run.arms)
    added = sum(arm.id not in known for arm in run.arms)
    more = f", {added} of them new to this folder" if added else ""
    return f"resuming {run.paths.root}: {done} of {len(run.arms)} arms done{more}"


def _read_record(run: StudyRun) -> dict[str, Any]:
    found = read_json(run.paths.study) if run.paths.study.is_file() else {}
    return found if isinstance(found, dict) else {}


def _settings(recorded: Mapping[str, Any]) -> dict[str, Any]:
    """The recorded settings with those that have since got a default."""
    try:
        return Study.model_validate(dict(recorded)).model_dump(mode="json")
    except ValidationError:
        return dict(recorded)


def _fixed(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in (*GRID, *_WORDS)}


def _grid(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: settings.get(key) for key in GRID}


def _refusal(run: StudyRun, differences: str) -> StageMismatchError:
    return StageMismatchError(
        f"{run.paths.root} holds a run of other settings: {differences}",
        "choose another --out; a run can be given more claims, conditions, models or seeds, and nothing else",
    )
