"""Start a new claim: a folder of five commented files in which only the content is left to write."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from disclaim.claims.load import CLAIM_FILES
from disclaim.errors import ClaimError
from disclaim.store import read_text, write_text


def scaffold_claim(claim_id: str, folder: Path) -> Path:
    """Write ``folder/claim_id`` and return its path. The claim loads at once; ``check_claim`` lists what to write.

    Raises ClaimError where the id is no plain name, or where something of that name is there already.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", claim_id):
        raise ClaimError(f"{claim_id!r} is no claim id", "use small letters, digits and underscores, a letter first")
    path = folder / claim_id
    if path.exists():
        raise ClaimError(f"{path} exists already", "choose another id or folder; nothing was changed")
    templates = Path(str(resources.files("disclaim") / "library" / "scaffold"))
    for file in CLAIM_FILES:
        write_text(path / file, read_text(templates / file).replace("CLAIM_ID", claim_id))
    return path
