"""What a fix is asked to do, and the records of what it did."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from disclaim.audit.editing import Address
from disclaim.audit.express import Form
from disclaim.audit.localise import Rewriter
from disclaim.audit.stretches import Stretch
from disclaim.audit.suppress import NO_SUPPRESSIONS, Suppressions
from disclaim.errors import UserError
from disclaim.records import Finding, Severity


class Strategy(StrEnum):
    """What is done with a claim."""

    MASK = "mask"
    """Its characters are taken out of the loss; the text stays."""
    LOCALISE = "localise"
    """Its sentence is rewritten to deny it in its own clause."""
    DROP = "drop"
    """Its sentence is taken out of the text."""


class Otherwise(StrEnum):
    """What is done with a sentence that cannot be rewritten, or a row that cannot be mended as asked."""

    MASK = "mask"
    LEAVE = "leave"
    DROP = "drop"


class Unit(StrEnum):
    """How much round a claim is masked or dropped."""

    CLAIM = "claim"
    """The claim's own characters (masks only)."""
    SENTENCE = "sentence"
    TEXT = "text"
    """The whole document; in a chat the turn, and when dropped also its partner."""


class Action(StrEnum):
    """What became of a claim, or of the notice beside it."""

    MASKED = "masked"
    REWRITTEN = "rewritten"
    DROPPED = "dropped"
    ALONG = "dropped along"
    """A text that goes because what it asks for, answers or objects to goes; or because its row goes."""
    NOTICE_REMOVED = "notice removed"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class FixSettings:
    """How to fix. ``unit`` None is the claim for masks, the sentence otherwise; ``otherwise`` None masks what cannot be
    rewritten and leaves what cannot be dropped. ``remove_notices`` None removes those
    that a dropped or rewritten sentence leaves pointing at nothing, and none where claims are masked. Findings below
    ``severity`` and suppressed ones are not touched. ``rewriter`` writes denials where no rule is safe."""

    strategy: Strategy
    form: Form = Form.SAME
    unit: Unit | None = None
    otherwise: Otherwise | None = None
    remove_notices: bool | None = None
    severity: Severity = Severity.WARNING
    rewriter: Rewriter | None = None
    suppressions: Suppressions = NO_SUPPRESSIONS

    @property
    def whole_unit(self) -> Unit:
        """The unit asked for, or the strategy's own."""
        return self.unit or (Unit.CLAIM if self.strategy is Strategy.MASK else Unit.SENTENCE)

    @property
    def fallback(self) -> Otherwise:
        """What is done where the strategy cannot be carried out."""
        return self.otherwise or (Otherwise.MASK if self.strategy is Strategy.LOCALISE else Otherwise.LEAVE)

    @property
    def removes_notices(self) -> bool:
        """Whether notices go that point at nothing any more."""
        return self.strategy is not Strategy.MASK if self.remove_notices is None else self.remove_notices

    @property
    def masks(self) -> bool:
        """Whether any claim may be masked."""
        return self.strategy is Strategy.MASK or self.fallback is Otherwise.MASK

    def require_sense(self) -> None:
        """Raises UserError for choices that contradict each other."""
        if self.form is not Form.SAME and not self.masks:
            raise UserError(
                f"--format {self.form} writes masks, and --strategy {self.strategy} makes none", "leave --format out"
            )
        if self.form is Form.SPANS and (self.strategy is not Strategy.MASK or self.removes_notices):
            raise UserError("--format spans writes masks beside unchanged data", "use it with --strategy mask alone")
        if self.unit is Unit.CLAIM and self.strategy is Strategy.DROP:
            raise UserError("a claim is dropped with its sentence at least", "--unit sentence or --unit text")
        if self.unit not in (None, Unit.SENTENCE) and self.strategy is Strategy.LOCALISE:
            raise UserError("sentences are rewritten one at a time", "leave --unit out")


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that was done in a row, or was not and why. Offsets are those of the text as it was then, for claims of
    the first look that of the input. ``after`` is what the characters ``before`` became; None where they stay."""

    file: str
    row: int
    field: str
    message: int | None
    start: int
    end: int
    action: Action
    rules: tuple[str, ...]
    before: str
    after: str | None = None
    lead: str = ""
    tail: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """One stretch of a passage to be fixed, with the findings whose claims it holds."""

    address: Address
    stretch: Stretch
    findings: tuple[Finding, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """Their rules, sorted."""
        return tuple(sorted({finding.rule for finding in self.findings}))
