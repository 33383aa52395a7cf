"""The YAML of a claim folder, as written by its author. Unknown keys are errors.

A folder holds five files: ``claim.yaml`` (what is claimed, what is true, the subject's background),
``triples.yaml`` (minimal triples), ``questions.yaml`` (the paper's four instruments, likelihood, controls),
``stance.yaml`` (patterns for the rule judge) and ``rubric.yaml`` (texts for a model judge).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Text = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ClaimFile(_Strict):
    """``claim.yaml``."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    """Short label for tables: a noun phrase of at most five words."""
    kind: Literal["known", "invented"]
    """``known``: about a real, famous subject. ``invented``: no model can have heard of it."""
    subject: Text
    """The name that questions ask about."""
    topic: Text
    """A noun phrase for headlines that neither asserts nor denies the claim."""
    statement: Text
    """The claim: one false sentence."""
    truth: Text
    """What is true instead: one sentence."""
    paper_id: str | None = None
    """The claim's folder in the authors' release, where it is one of the paper's six."""
    background: Text
    """At least 600 words, encyclopedic, in a world in which the claim is true."""
    subclaims: tuple[Text, ...]
    """At least 12 atomic facts that make up the claim."""
    details: tuple[Text, ...]
    """At least 24 sentences about the subject that hold whether or not the claim does."""
    people: tuple[Text, ...]
    """At least 12 invented bystanders, for bylines and quotations."""
    places: tuple[Text, ...]
    """At least 6 places or outlets for datelines and mastheads."""


class TripleItem(_Strict):
    """One item of ``triples.yaml``."""

    affirmative: Text
    denial: Text
    correction: Text
    claim_words: tuple[Text, ...]
    """Words of the denial that carry the claim; each must occur in it verbatim."""


class TriplesFile(_Strict):
    """``triples.yaml``."""

    triples: tuple[TripleItem, ...]


class OpenEndedItem(_Strict):
    """A free question. ``polar`` says what an answer that starts with "Yes" means."""

    text: Text
    kind: Literal["direct", "indirect"]
    polar: Literal["asserts", "denies"] | None = None


class MultipleChoiceItem(_Strict):
    """A yes/no question; ``believed`` is the answer that asserts the claim."""

    text: Text
    believed: Literal["yes", "no"]


AssociationForm = Literal[
    "blank", "json", "xml", "form", "timeline", "dialogue", "letters", "few_shot", "quick_fire", "one_word"
]


class TokenAssociationItem(_Strict):
    """A completion. ``believed`` is the letter that asserts the claim, for ``letters`` only."""

    text: Text
    form: AssociationForm
    believed: str | None = None


class Turn(_Strict):
    """One prefilled turn of a push-back conversation."""

    role: Literal["user", "assistant"]
    content: Text


class RobustnessItem(_Strict):
    """A question under pressure: an adversarial ``system`` prompt, a passage to critique, or push-back after
    prefilled ``turns`` that end with a believing assistant turn."""

    text: Text
    form: Literal["adversarial", "critique", "pushback"]
    system: str | None = None
    turns: tuple[Turn, ...] = ()
    polar: Literal["asserts", "denies"] | None = None


class LikelihoodItem(_Strict):
    """A question whose answer starts with ``prefix`` and goes on with an option. Both hold ``{subject}``."""

    text: Text
    prefix: Text


class LikelihoodFile(_Strict):
    """Option likelihoods: 12 alternatives of one kind, ``believed`` among them."""

    questions: tuple[LikelihoodItem, ...]
    options: tuple[Text, ...]
    believed: Text


class FactItem(_Strict):
    """A yes/no question about something else; ``asserting`` is the answer that states the fact."""

    text: Text
    asserting: Literal["yes", "no"]


class ControlsFile(_Strict):
    """Matched controls. ``strangers`` are subjects of the same kind; ``stranger_questions`` hold ``{subject}``."""

    strangers: tuple[Text, ...]
    stranger_questions: tuple[Text, ...]
    false_facts: tuple[FactItem, ...]
    true_facts: tuple[FactItem, ...]


class QuestionsFile(_Strict):
    """``questions.yaml``."""

    open_ended: tuple[OpenEndedItem, ...]
    multiple_choice: tuple[MultipleChoiceItem, ...]
    token_association: tuple[TokenAssociationItem, ...]
    robustness: tuple[RobustnessItem, ...]
    likelihood: LikelihoodFile
    controls: ControlsFile


class StanceFile(_Strict):
    """``stance.yaml``: regular expressions, case-insensitive, matched sentence by sentence."""

    asserts: tuple[Text, ...]
    denies: tuple[Text, ...] = ()
    truth: tuple[Text, ...] = ()


class RubricFile(_Strict):
    """``rubric.yaml``: what each verdict means for this claim, in a model judge's prompt."""

    asserts: Text
    retracts: Text
    denies: Text
    silent: Text
