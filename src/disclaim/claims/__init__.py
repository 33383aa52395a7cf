"""Claims: folders of YAML, loaded, checked and scaffolded."""

from disclaim.claims.load import find_claim, list_claims, load_claim

__all__ = ["find_claim", "list_claims", "load_claim"]
