"""The tiers of the audit: which scanner stands behind ``--tier``. Nothing is imported before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from disclaim.audit.scan import ScanRow
from disclaim.errors import UserError
from disclaim.records import Tier

if TYPE_CHECKING:
    from disclaim.audit.catalogue import Rule


def load_scanner(tier: Tier) -> ScanRow:
    """The tier's row scanner: a function of a module, so that other processes can load it. Raises UserError for a tier
    that this version does not have."""
    if tier is Tier.RULES:
        from disclaim.audit.rules import scan_row

        return scan_row
    raise UserError(
        f"this version has no tier {tier.value}", f"run with --tier {Tier.RULES.value}, which needs no model"
    )


def load_rules() -> Mapping[str, Rule]:
    """The rules of the catalogue by id, in order of their ids."""
    from disclaim.audit.catalogue import load_rules as load

    return load()
