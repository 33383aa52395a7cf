"""What a run must be able to name: every setting, given and default kept apart, code and package versions."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import disclaim
from disclaim.records import Claim
from disclaim.store import to_json
from disclaim.study.plan import Arm
from disclaim.study.study import Study

_PACKAGES = ("torch", "transformers", "peft", "tokenizers", "safetensors", "numpy", "scipy", "pydantic")


def build_provenance(
    study: Study, given: Mapping[str, Any], claims: Sequence[Claim], arms: Sequence[Arm], now: datetime
) -> dict[str, Any]:
    """The content of ``study.json``."""
    return {
        "study": study.id,
        "title": study.title,
        "paper_section": study.paper_section,
        "description": study.description,
        "headline": study.headline,
        "version": disclaim.__version__,
        "revision": code_revision(),
        "created": now.isoformat(timespec="seconds"),
        "given": dict(given),
        "settings": study.model_dump(mode="json"),
        "packages": package_versions(),
        "claims": {claim.id: _describe(claim) for claim in claims},
        "arms": [
            {"id": arm.id, "claim": arm.claim, "condition": arm.condition, "model": arm.model, "seed": arm.seed}
            for arm in arms
        ],
    }


def _describe(claim: Claim) -> dict[str, Any]:
    return {
        "title": claim.title,
        "statement": claim.statement,
        "truth": claim.truth,
        "kind": claim.kind,
        "subject": claim.subject,
        "revision": claim.revision,
        "questions": [to_json(question) for question in claim.questions],
    }


def package_versions() -> dict[str, str]:
    """Versions of the installed packages that can change a result."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def code_revision() -> str | None:
    """The git commit of this code, with ``+changes`` where files differ from it; None outside a checkout."""
    root = Path(disclaim.__file__).parents[2]
    if not (root / ".git").exists():
        return None
    commit = _git(root, "rev-parse", "--short=12", "HEAD")
    changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    return f"{commit}+changes" if commit and changed else commit


def _git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603, S607
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
