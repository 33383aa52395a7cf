"""The tiers of the audit: which scanner stands behind ``--tier``. Nothing is imported before it is asked for."""

from __future__ import annotations

from disclaim.audit.scan import ScanRow
from disclaim.errors import UserError
from disclaim.records import Tier


def load_scanner(tier: Tier) -> ScanRow:
    """The tier's row scanner: a function of a module, so that other processes can load it. Raises UserError for a tier
    that this version does not have."""
    if tier is Tier.RULES:
        from disclaim.audit.rules import scan_row

        return scan_row
    raise UserError(
        f"this version has no tier {tier.value}", f"run with --tier {Tier.RULES.value}, which needs no model"
    )
