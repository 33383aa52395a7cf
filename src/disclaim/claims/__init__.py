"""Claims: folders of YAML, loaded, checked and scaffolded."""

from disclaim.claims.check import check_claim, require_sound_claim, require_written_claim
from disclaim.claims.load import find_claim, find_claims, list_claims, list_paper_claims, load_claim
from disclaim.claims.problem import Problem
from disclaim.claims.released import ImportedClaim, Piece, import_claims
from disclaim.claims.scaffold import scaffold_claim
from disclaim.claims.wording import describe_misfit, parse_yaml

__all__ = [
    "ImportedClaim",
    "Piece",
    "Problem",
    "check_claim",
    "describe_misfit",
    "find_claim",
    "find_claims",
    "import_claims",
    "list_claims",
    "list_paper_claims",
    "load_claim",
    "parse_yaml",
    "require_sound_claim",
    "require_written_claim",
    "scaffold_claim",
]
