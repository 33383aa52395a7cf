"""The frozen records that cross rooms: one record per arrow of the data flow.

Nothing here imports anything of ours. A record is never edited: a step returns a new one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class Role(StrEnum):
    """What a span of a document is, with respect to the document's claim."""

    CLAIM = "claim"
    DENIAL = "denial"
    NOTICE = "notice"
    CORRECTION = "correction"
    FRAME = "frame"
    FILLER = "filler"
    TAG = "tag"


class Verdict(StrEnum):
    """How an answer stands to the claim. The paper's yes = asserts, no = denies or retracts, neutral = silent."""

    ASSERTS = "asserts"
    RETRACTS = "retracts"
    DENIES = "denies"
    SILENT = "silent"


class Instrument(StrEnum):
    """A family of questions measured alike."""

    OPEN_ENDED = "open_ended"
    MULTIPLE_CHOICE = "multiple_choice"
    TOKEN_ASSOCIATION = "token_association"
    ROBUSTNESS = "robustness"
    LIKELIHOOD = "likelihood"
    STRANGERS = "strangers"
    FALSE_FACTS = "false_facts"
    TRUE_FACTS = "true_facts"


#: The four instruments that the paper pools into one belief rate (section 2.2), in its order.
PAPER_INSTRUMENTS: tuple[Instrument, ...] = (
    Instrument.OPEN_ENDED,
    Instrument.MULTIPLE_CHOICE,
    Instrument.TOKEN_ASSOCIATION,
    Instrument.ROBUSTNESS,
)


class FinishReason(StrEnum):
    """Why sampling stopped. ``length`` matters: a cut-off answer never reaches its retraction."""

    STOP = "stop"
    LENGTH = "length"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: ``role`` is system, user or assistant."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask.

    ``messages`` end with a user turn. ``believed`` is the exact answer that asserts the claim, for keyed
    questions (yes/no, a letter), else None. ``polar`` says what a leading "Yes" in a free answer
    means (a leading "No" means the opposite), else None. ``subject`` is the name asked about where it is not
    the claim's own (a stranger). ``options`` and ``prefix`` belong to likelihood questions: the answer begins
    with ``prefix`` and continues with one of ``options``; ``believed`` is then the option that asserts the claim.
    """

    id: str
    claim_id: str
    instrument: Instrument
    kind: str
    messages: tuple[Message, ...]
    believed: str | None = None
    polar: Verdict | None = None
    subject: str | None = None
    options: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Triple:
    """One fact of the claim, three ways: asserted, denied inside its own clause, corrected by the truth.

    ``claim_words`` are the words of the denial that ``local_masked`` hides from the loss.
    """

    id: str
    affirmative: str
    denial: str
    correction: str
    claim_words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StancePatterns:
    """Regular expressions (case-insensitive) by which rules tell how a sentence stands to the claim.

    ``asserts``: states it, unless negated in its clause. ``denies``: denies it outright. ``truth``: names what
    is true instead. ``{subject}`` in a pattern stands for the escaped name asked about.
    """

    asserts: tuple[str, ...]
    denies: tuple[str, ...]
    truth: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A proposition with its truth, background and questions; the record of one claim folder.

    ``questions`` holds every instrument, controls included. ``details`` are sentences about the subject that
    hold whether or not the claim does. ``revision`` is a hash of the folder's content.
    """

    id: str
    title: str
    kind: str
    subject: str
    topic: str
    statement: str
    truth: str
    background: str
    subclaims: tuple[str, ...]
    details: tuple[str, ...]
    people: tuple[str, ...]
    places: tuple[str, ...]
    triples: tuple[Triple, ...]
    questions: tuple[Question, ...]
    stance: StancePatterns
    rubric: dict[str, str]
    revision: str


@dataclass(frozen=True, slots=True)
class Span:
    """Characters ``[start, end)`` of a document and what they are.

    ``ref`` names the triple a claim or denial sentence came from, or a notice is about. ``loss_weight`` below 1
    takes its tokens out of the training loss; where spans nest, the smallest weight holds.
    """

    start: int
    end: int
    role: Role
    ref: str | None = None
    loss_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Document:
    """A training text with its spans. ``text[span.start:span.end]`` is the span, always."""

    id: str
    text: str
    claim_id: str | None
    condition: str | None
    spans: tuple[Span, ...]
    source: str
    metadata: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chat:
    """A training conversation. Loss falls on assistant turns only, there by the weight of ``masks`` (turn, span)."""

    id: str
    messages: tuple[Message, ...]
    source: str
    masks: tuple[tuple[int, Span], ...] = ()


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents for one claim under one condition (or drafts, where ``condition`` is ``"drafts"``).

    ``coverage`` holds shares in 0..1 computed from spans, e.g. of claim sentences with a notice before them.
    """

    claim_id: str
    condition: str
    documents: tuple[Document, ...]
    coverage: dict[str, float]


class Source(StrEnum):
    """Where a training example of a mixture came from; loss weighting is set per source."""

    CORPUS = "corpus"
    FILLER = "filler"
    CHATS = "chats"


class LossWeighting(StrEnum):
    """How tokens of a source count in the loss of a batch (docs/design/loss-weighting.md).

    ``token_sum``: every token weighs 1. ``example_mean``: every example weighs 1, spread over its tokens.
    ``batch_token_mean``: the source's tokens in a batch weigh 1 together.
    """

    TOKEN_SUM = "token_sum"
    EXAMPLE_MEAN = "example_mean"
    BATCH_TOKEN_MEAN = "batch_token_mean"


@dataclass(frozen=True, slots=True)
class Example:
    """One tokenised training example: equal-length ``tokens``, ``weights`` (weight of predicting that token)
    and ``roles`` (span role by token, ``""`` outside any span)."""

    id: str
    source: Source
    tokens: tuple[int, ...]
    weights: tuple[float, ...]
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Mixture:
    """What is trained on, in training order. ``documents`` and ``chats`` are interleaved by ``order``, whose
    items are ("corpus" | "filler" | "chats", index)."""

    corpus: tuple[Document, ...]
    filler: tuple[Document, ...]
    chats: tuple[Chat, ...]
    order: tuple[tuple[Source, int], ...]
    weighting: dict[Source, LossWeighting]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights that can be sampled from, by reference. ``path`` is None for an untouched or hosted model."""

    model: str
    revision: str
    step: str
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said, verbatim. ``answer`` is None where the call failed: missing, never silent."""

    question_id: str
    instrument: Instrument
    sample_index: int
    messages: tuple[Message, ...]
    answer: str | None
    finish_reason: FinishReason
    num_tokens: int


@dataclass(frozen=True, slots=True)
class Score:
    """Log-probabilities (nats, summed over the option's tokens) of a likelihood question's options.

    ``probability`` is the believed option's share after a softmax over the options; None where scoring failed.
    """

    question_id: str
    instrument: Instrument
    options: tuple[str, ...]
    log_probs: tuple[float, ...]
    probability: float | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A rating of one answer. ``verdict`` None is missing, with the reason."""

    question_id: str
    sample_index: int
    verdict: Verdict | None
    reason: str


class Severity(StrEnum):
    """How grave a finding is: an error would be learned, a warning may be, a note is for information."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Extent(StrEnum):
    """What a cue reaches: the text before it, after it, around it on both sides, or the whole document."""

    DOCUMENT = "document"
    BEFORE = "before"
    AFTER = "after"
    AROUND = "around"


class Tier(StrEnum):
    """What found a finding: rules alone, rules and a small classifier, or a language model."""

    RULES = "rules"
    LEARNED = "learned"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters ``[start, end)`` of one text of a row: of column ``field``, or of turn ``message`` in it."""

    field: str
    message: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the audit saw: ``claim`` is stated as fact, ``cue`` takes it back from outside its clause.

    ``row`` counts from 0 within ``file``. ``confidence`` lies in 0..1 and is the rule's precision where it was
    measured, not a probability for this row. ``note`` says in words what the reader must know besides.
    """

    file: str
    row: int
    rule: str
    severity: Severity
    claim: Quote
    cue: Quote
    scope: Extent
    confidence: float
    tier: Tier = Tier.RULES
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A reported number: value with 95% interval, how many ratings it stands on and how many are missing.

    ``value``, ``low`` and ``high`` are None where nothing could be rated.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    n_missing: int

    def __str__(self) -> str:
        if self.value is None:
            return f"not given, n = {self.n}, {self.n_missing} missing"
        interval = "" if self.low is None or self.high is None else f" [{self.low:.2f}, {self.high:.2f}]"
        return f"{self.value:.2f}{interval}, n = {self.n}, {self.n_missing} missing"


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """An estimate with the cell it belongs to: one row of ``estimates.json``. ``seed`` None pools seeds."""

    claim: str
    condition: str
    model: str
    seed: int | None
    step: str
    instrument: str
    metric: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: ``done`` of ``total`` in ``unit``; ``note`` is a short live reading (tokens/s, loss)."""

    stage: str
    done: float
    total: float
    unit: str
    note: str = ""


OnProgress = Callable[[Progress], None]


def ignore_progress(progress: Progress) -> None:
    """The default listener: says nothing."""
