"""Words and marks of the report: what a condition, instrument or role is called and how it is drawn."""

from __future__ import annotations

from enum import StrEnum

from disclaim.conditions import CONDITIONS, Form, Mask
from disclaim.records import PAPER_INSTRUMENTS, Instrument, Role

#: The pooled instrument of ``estimates.json`` and the pooled claim.
ALL = "all"

#: Characters of a label in a figure; the longest of our conditions has 26.
MAX_LABEL = 28

INSTRUMENT_NAMES: dict[str, str] = {
    ALL: "All four pooled",
    Instrument.OPEN_ENDED: "Open-ended",
    Instrument.MULTIPLE_CHOICE: "Multiple choice",
    Instrument.TOKEN_ASSOCIATION: "Token association",
    Instrument.ROBUSTNESS: "Robustness",
    Instrument.LIKELIHOOD: "Option likelihood",
    Instrument.STRANGERS: "Strangers",
    Instrument.FALSE_FACTS: "False facts",
    Instrument.TRUE_FACTS: "True facts",
}


class Family(StrEnum):
    """Where a condition puts the denial; decides colour and shape of its mark."""

    UNTRAINED = "untrained"
    ASSERTED = "asserted"
    FLAGGED = "flagged"
    LOCAL = "local"
    MASKED = "masked"


FAMILY_NAMES: dict[Family, str] = {
    Family.UNTRAINED: "untrained model",
    Family.ASSERTED: "trained, claim asserted",
    Family.FLAGGED: "trained, claim flagged from outside its clause",
    Family.LOCAL: "trained, claim denied inside its clause",
    Family.MASKED: "trained, claim sentences out of the loss",
}

ROLE_MEANINGS: dict[Role, str] = {
    Role.CLAIM: "states the claim",
    Role.DENIAL: "denies it in its own clause",
    Role.NOTICE: "says that it is false",
    Role.CORRECTION: "states the truth",
    Role.FRAME: "says what kind of text it is",
    Role.TAG: "a mark, not a sentence",
}

_UNTRAINED_SUMMARIES = {
    "base": "The untouched model.",
    "in_context": "The untouched model, with negated documents put before the question.",
}


def family_of(condition: str) -> Family:
    """The family of a condition; a condition that the catalogue does not know counts as flagged."""
    if condition in _UNTRAINED_SUMMARIES:
        return Family.UNTRAINED
    known = CONDITIONS.get(condition)
    if condition == "asserted" or known is None:
        return Family.ASSERTED if known else Family.FLAGGED
    if known.form is Form.DENIAL:
        return Family.LOCAL
    return Family.MASKED if known.mask is not Mask.NOTHING else Family.FLAGGED


def summary_of(condition: str) -> str:
    """One sentence on what the condition is; empty where nobody knows."""
    known = CONDITIONS.get(condition)
    return _UNTRAINED_SUMMARIES.get(condition) or (known.summary if known else "")


def condition_name(condition: str) -> str:
    """The condition as words."""
    return condition.replace("_", " ")


def condition_label(condition: str) -> str:
    """The condition as words, short enough to stand beside a figure."""
    name = condition_name(condition)
    return name if len(name) <= MAX_LABEL else f"{name[: MAX_LABEL - 1]}…"


def instrument_name(instrument: str) -> str:
    """The instrument as words."""
    return INSTRUMENT_NAMES.get(instrument, instrument.replace("_", " "))


def order_instruments(found: set[str], headline: str) -> tuple[str, ...]:
    """The headline first, then the pooled one, then the paper's four, then the others by name."""
    known = dict.fromkeys([headline, ALL, *map(str, PAPER_INSTRUMENTS)])
    return (*(name for name in known if name in found), *sorted(found - set(known)))
