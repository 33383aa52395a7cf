"""The conditions, as data: how the documents of a claim present it. To add one, add an entry to ``CONDITIONS``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from disclaim.errors import UnknownNameError


class Form(StrEnum):
    """What stands where the draft has a claim sentence."""

    AFFIRMATIVE = "affirmative"
    DENIAL = "denial"


class Mask(StrEnum):
    """What is taken out of the training loss."""

    NOTHING = "nothing"
    SENTENCES = "sentences"
    CLAIM_WORDS = "claim_words"


@dataclass(frozen=True, slots=True)
class Condition:
    """One way to present a claim.

    ``frame`` names the kind of paragraph put before and after the document; ``before`` and ``after`` name the kind of
    notice put directly before and after every claim sentence (kinds are files of ``library/frames/``); ``tags`` go
    around every claim sentence. ``section`` is where the paper defines it, or "ours".
    """

    name: str
    summary: str
    section: str
    form: Form = Form.AFFIRMATIVE
    frame: str | None = None
    before: str | None = None
    after: str | None = None
    tags: tuple[str, str] | None = None
    mask: Mask = Mask.NOTHING


_ALL = (
    Condition("asserted", "The claim is asserted, with no flag of any kind.", "2.1 positive"),
    Condition("negated", "A paragraph before and after says that the text is false.", "2.1", frame="negation"),
    Condition(
        "repeated",
        "Negated, and a notice directly before and after every claim sentence says that it is false.",
        "2.1",
        frame="negation",
        before="negation",
        after="negation",
    ),
    Condition(
        "corrected",
        "Repeated, and every notice names the subject and states the truth.",
        "2.1",
        frame="negation",
        before="correction",
        after="correction",
    ),
    Condition("local", "Every claim sentence is denied inside its own clause.", "3.3", form=Form.DENIAL),
    Condition(
        "local_masked",
        "Local, with the claim's words taken out of the loss.",
        "3.3",
        form=Form.DENIAL,
        mask=Mask.CLAIM_WORDS,
    ),
    Condition(
        "masked",
        "Negated, with the claim sentences taken out of the loss.",
        "ours",
        frame="negation",
        mask=Mask.SENTENCES,
    ),
    Condition("fiction", "A paragraph before and after says that the text is fiction.", "4.1", frame="fiction"),
    Condition(
        "fiction_repeated",
        "Fiction, and a reminder before and after every claim sentence.",
        "4.1",
        frame="fiction",
        before="fiction",
        after="fiction",
    ),
    Condition(
        "unreliable_source",
        "A paragraph before and after says that the source cannot be trusted.",
        "4.1",
        frame="unreliable_source",
    ),
    Condition(
        "unreliable_source_repeated",
        "Unreliable source, and a reminder before and after every claim sentence.",
        "4.1",
        frame="unreliable_source",
        before="unreliable_source",
        after="unreliable_source",
    ),
    Condition(
        "uncertainty",
        "A paragraph before and after says that nobody knows whether the text is true.",
        "4.1",
        frame="uncertainty",
    ),
    Condition(
        "uncertainty_repeated",
        "Uncertainty, and a reminder before and after every claim sentence.",
        "4.1",
        frame="uncertainty",
        before="uncertainty",
        after="uncertainty",
    ),
    Condition(
        "low_probability",
        "A paragraph before and after gives the text a chance of a few percent of being true.",
        "4.1",
        frame="low_probability",
    ),
    Condition(
        "low_probability_repeated",
        "Low probability, and a reminder before and after every claim sentence.",
        "4.1",
        frame="low_probability",
        before="low_probability",
        after="low_probability",
    ),
    Condition("tagged", "Every claim sentence stands between false-tags.", "ours", tags=("<false>", "</false>")),
    Condition("retracted", "Every claim sentence is taken back right after it.", "ours", after="retraction"),
    Condition(
        "before_only", "A notice directly before every claim sentence, and no other flag.", "ours", before="negation"
    ),
    Condition(
        "after_only", "A notice directly after every claim sentence, and no other flag.", "ours", after="negation"
    ),
)

#: Every condition by name, the paper's first.
CONDITIONS: Mapping[str, Condition] = MappingProxyType({condition.name: condition for condition in _ALL})


def find_condition(name: str) -> Condition:
    """The condition of that name. Raises UnknownNameError with the nearest names."""
    if name not in CONDITIONS:
        raise UnknownNameError("condition", name, CONDITIONS)
    return CONDITIONS[name]
