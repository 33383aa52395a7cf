"""How a number is written: one place, so that page, tables and terminal agree."""

from __future__ import annotations

from enum import StrEnum

from disclaim.records import Estimate

MINUS = "\N{MINUS SIGN}"


class Unit(StrEnum):
    """What an estimate is a number of."""

    PERCENT = "percent"
    RATIO = "ratio"
    POINTS = "points"


def write_value(value: float | None, unit: Unit) -> str:
    """``94.0%``, ``0.97`` or ``-3.8 pp``; where there is none, ``not rated``, and of a ratio ``not given``: it is
    withheld where the claim did not implant, however many ratings there are."""
    if value is None:
        return "not given" if unit is Unit.RATIO else "not rated"
    if unit is Unit.RATIO:
        return _signed(f"{value:.2f}")
    return _signed(f"{100 * value:.1f}") + ("%" if unit is Unit.PERCENT else " pp")


def write_interval(estimate: Estimate, unit: Unit) -> str:
    """``[90.1, 97.2]``; empty where there is no interval."""
    if estimate.low is None or estimate.high is None:
        return ""
    scale, digits = (1, 2) if unit is Unit.RATIO else (100, 1)
    return f"[{_signed(f'{scale * estimate.low:.{digits}f}')}, {_signed(f'{scale * estimate.high:.{digits}f}')}]"


def write_estimate(estimate: Estimate | None, unit: Unit = Unit.PERCENT) -> str:
    """Value and interval; ``no estimate`` where there is no row at all, which is not the same as ``not rated``."""
    if estimate is None:
        return "no estimate"
    interval = write_interval(estimate, unit)
    return write_value(estimate.value, unit) + (f" {interval}" if interval else "")


def describe(estimate: Estimate | None, unit: Unit = Unit.PERCENT) -> str:
    """Value, interval, and what it stands on."""
    if estimate is None:
        return "no estimate"
    return f"{write_estimate(estimate, unit)}, n = {estimate.n}, {estimate.n_missing} missing"


def _signed(shown: str) -> str:
    # "-0.0" is nothing but rounding.
    return shown.lstrip("-") if float(shown) == 0 else shown.replace("-", MINUS)
