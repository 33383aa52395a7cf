"""What an audit's outcome depends on beside the data, as one key."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from disclaim.store import content_key, read_bytes

#: Rooms whose code and word lists decide what is found.
_ROOMS = ("audit", "stance", "library/audit")


def scanner_revision() -> str:
    """A hash of the rules, the cues, the learned weights and the code that reads them: where it is the same, the same
    row gives the same findings."""
    root = Path(str(resources.files("disclaim")))
    files = [path for room in _ROOMS for path in sorted((root / room).rglob("*")) if path.is_file()]
    return content_key(
        {
            path.relative_to(root).as_posix(): hashlib.sha256(read_bytes(path)).hexdigest()
            for path in files
            if "__pycache__" not in path.parts  # what Python compiled
        }
    )
