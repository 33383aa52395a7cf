"""The tiers of the audit: which scanner stands behind ``--tier``. Nothing is imported before it is asked for."""

from __future__ import annotations

from importlib.util import find_spec

from disclaim.audit.rows import Row
from disclaim.audit.scan import ScanRow
from disclaim.audit.untagged import scan_untagged
from disclaim.errors import MissingDependencyError, UserError
from disclaim.records import Finding, Tier


def load_scanner(tier: Tier) -> ScanRow:
    """The tier's row scanner: a function of a module, so that other processes can load it. Raises UserError for the
    model tier, which is no function of a row alone: it must be asked first (``ModelTier``), MissingDependencyError
    where the tier needs a package that is absent."""
    if tier is Tier.RULES:
        return scan_by_rules
    if tier is Tier.LEARNED:
        for package in ("torch", "transformers", "safetensors"):
            if find_spec(package) is None:
                raise MissingDependencyError(package, "local", "the tier learned")
        return scan_by_learning
    raise UserError(
        f"only `disclaim audit` has the tier {tier.value}",
        f"use --tier {Tier.RULES.value} or {Tier.LEARNED.value} here; `disclaim audit --tier model --model NAME` asks",
    )


def scan_by_rules(row: Row) -> tuple[Finding, ...]:
    """What the rules find in the row, whatever characters it holds."""
    from disclaim.audit.rules import scan_row

    return scan_untagged(row, scan_row)


def scan_by_learning(row: Row) -> tuple[Finding, ...]:
    """What the rules and the learned tier find in the row, whatever characters it holds."""
    from disclaim.audit.learned import scan_row

    return scan_untagged(row, scan_row)
