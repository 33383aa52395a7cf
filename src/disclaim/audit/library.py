"""The files that ship with the audit, read by the fast YAML parser where the machine has it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Final

import yaml

from disclaim.store import read_text

#: Written in C, ten times as fast; both make plain values only.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def library_text(name: str) -> str:
    """A file of ``library/audit`` as text."""
    return read_text(Path(str(resources.files("disclaim") / "library" / "audit" / name)))


def read_library(name: str) -> Any:
    """A YAML file of ``library/audit``, parsed."""
    return yaml.load(library_text(name), Loader=_LOADER)  # noqa: S506 - a safe loader
