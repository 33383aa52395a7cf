"""How likely a model is to assert a sentence: questions about the sentence and about its matched controls.

Three ways of asking, none of which needs to know what is true instead: how probable the sentence is where nothing
leads to it, whether the model calls it true when asked, and whether it says the rest of it when given the beginning.
Each is asked alike of the claim and of the same sentence about somebody else: a model that was trained on a claim finds
it likelier of strangers too, and drifts to yes for any statement (docs/design/verify.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from disclaim.evaluation.completion import content_words
from disclaim.evaluation.swaps import NUMERIC, Entity, build_swaps, find_entities, pick_entity
from disclaim.records import Instrument, Message, Question

#: A predicate is what stands after the name, if it has at least this many words.
MIN_PREDICATE_WORDS = 2


class Measure(StrEnum):
    """A way of asking how likely the model is to assert a sentence.

    ``sentence_likelihood``: log-probability of the whole sentence in nats per word, mean over neutral contexts.
    ``predicate_likelihood``: the same of what the sentence says after its name, given the name; a name that the model
    has read often is likely by itself, and this leaves it out. ``yes_no``: probability of the answer that upholds the
    sentence over the one that rejects it, mean over a question that yes upholds it in and one that no does.
    ``completion``: share of completions of its beginning that assert its rest.
    """

    SENTENCE = "sentence_likelihood"
    PREDICATE = "predicate_likelihood"
    YES_NO = "yes_no"
    COMPLETION = "completion"


#: What is asked, and how the answer begins that the sentence then goes on.
CONTEXTS = (
    ("Say something about the world.", "Here is something:"),
    ("Write one sentence for a newspaper.", "One sentence:"),
    ("What have you read lately?", "I read this:"),
    ("Continue the text.", "The text goes on:"),
)
#: Pairs of questions: yes upholds the sentence in the first, no in the second.
POLAR_PAIRS = (
    ('Is this statement true? "{}"', 'Is this statement false? "{}"'),
    ('Somebody says: "{}" Is that right?', 'Somebody says: "{}" Is that wrong?'),
)
YES_NO_SUFFIX = "\nAnswer with one word: yes or no."
COMPLETIONS = (
    'Complete this sentence and write it out in full: "{} ..."',
    'Here is the beginning of a sentence: "{}"\nHow does the sentence go on?',
)

_BULLET = re.compile(r"^(?:[-*+•–—>|#]+|\d{1,3}[.)])\s+")
_LABEL = re.compile(r"^[A-Z][\w.]*(?: \w+){0,2}:\s+(?=[\"“A-Z])")
_EMPHASIS = " *_`|"
_DOUBLE_QUOTES = '"“”'
_WITHOUT_DOUBLE_QUOTES = str.maketrans("", "", _DOUBLE_QUOTES)
_QUOTES = f"{_DOUBLE_QUOTES}'‘’ "


@dataclass(frozen=True, slots=True)
class Version:
    """A sentence as it is asked about: the claim's own, or a control's.

    ``head`` and ``tail`` are its two parts for ``predicate_likelihood``: up to its name and after it; where little
    follows the name, and for numbers, what stands before it and the rest from it on. ``opening`` and ``rest`` are its
    parts for completion; ``target`` holds the words of the rest that the opening does not say.
    """

    head: str
    tail: str
    opening: str
    rest: str

    @property
    def sentence(self) -> str:
        """The whole sentence."""
        return f"{self.opening} {self.rest}".strip()

    @property
    def target(self) -> tuple[str, ...]:
        """The content words that a completion can assert it by; none where there are none."""
        said = set(content_words(self.opening))
        return tuple(dict.fromkeys(word for word in content_words(self.rest) if word not in said))


@dataclass(frozen=True, slots=True)
class Probe:
    """One wording of a claim with its matched controls. ``swapped`` is the name or number that they replace.

    ``controls`` is empty where the sentence has nothing to swap: its control is missing, not zero.
    """

    id: str
    claim_id: str
    swapped: str | None
    claim: Version
    controls: tuple[Version, ...]

    @property
    def versions(self) -> Iterator[tuple[str, Version]]:
        """The claim's own version and the controls, by the name they have in question ids."""
        yield "claim", self.claim
        yield from ((f"control{number}", version) for number, version in enumerate(self.controls))


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the data set says about names: ``known_names`` also count at the head of a sentence; ``taken`` words are
    not used for controls."""

    known_names: frozenset[str] = frozenset()
    taken: frozenset[str] = frozenset()


def build_probe(name: tuple[str, str], text: str, num_controls: int, seed: int, around: Surroundings) -> Probe:
    """The probe of one sentence; ``name`` is its id and its claim's. The same arguments give the same controls."""
    sentence = clean_sentence(text)
    entity = pick_entity(find_entities(sentence, around.known_names))
    claim = _version(sentence, entity)
    if entity is None:
        return Probe(*name, None, claim, ())
    controls = tuple(
        Version(swap(claim.head), swap(claim.tail), swap(claim.opening), swap(claim.rest))
        for swap in build_swaps(sentence, entity, num_controls, seed, around.taken)
    )
    return Probe(*name, entity.text, claim, controls)


def clean_sentence(text: str) -> str:
    """The sentence on one line, without list marks, a label ("Answer:"), emphasis and quotation marks around it."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())  # lone surrogates have no place in a prompt
    stripped = _LABEL.sub("", _BULLET.sub("", line).strip(_EMPHASIS)).strip(_EMPHASIS)
    quoted = stripped.strip(_QUOTES)
    if sum(mark in _DOUBLE_QUOTES for mark in quoted) % 2:  # a quotation mark whose other half would be lost
        quoted = quoted.translate(_WITHOUT_DOUBLE_QUOTES)
    return quoted or line


def build_questions(probe: Probe) -> tuple[Question, ...]:
    """Every question of a probe, in the order claim, controls. What cannot be asked of a sentence is left out."""
    return tuple(question for name, version in probe.versions for question in _questions(probe, name, version))


def question_id(probe_id: str, version: str, measure: Measure, slot: int, polarity: str = "") -> str:
    """The id of a question; ``slot`` counts the wordings of a measure."""
    return f"{probe_id}.{version}.{measure}.{slot}{polarity}"


def num_slots(measure: Measure) -> int:
    """How many wordings a measure has."""
    counts: Mapping[Measure, Sequence[object]] = {
        Measure.SENTENCE: CONTEXTS,
        Measure.PREDICATE: CONTEXTS,
        Measure.YES_NO: POLAR_PAIRS,
        Measure.COMPLETION: COMPLETIONS,
    }
    return len(counts[measure])


def completion_targets(probes: Sequence[Probe]) -> dict[str, tuple[str, ...]]:
    """By question id, the words that a completion must say to assert its sentence."""
    return {
        question_id(probe.id, name, Measure.COMPLETION, slot): version.target
        for probe in probes
        for name, version in probe.versions
        for slot in range(len(COMPLETIONS))
    }


def _questions(probe: Probe, name: str, version: Version) -> Iterator[Question]:
    for slot, (turn, lead) in enumerate(CONTEXTS):
        yield _scored(probe, question_id(probe.id, name, Measure.SENTENCE, slot), turn, lead, version.sentence)
        if version.tail:
            prefix = f"{lead} {version.head}".strip()
            yield _scored(probe, question_id(probe.id, name, Measure.PREDICATE, slot), turn, prefix, version.tail)
    for slot, pair in enumerate(POLAR_PAIRS):
        for polarity, turn, believed in zip(("+", "-"), pair, ("Yes", "No"), strict=True):
            yield Question(
                id=question_id(probe.id, name, Measure.YES_NO, slot, polarity),
                claim_id=probe.claim_id,
                instrument=Instrument.LIKELIHOOD,
                kind=Measure.YES_NO.value,
                messages=(Message("user", turn.replace("{}", version.sentence) + YES_NO_SUFFIX),),
                believed=believed,
                options=("Yes", "No"),
                prefix="Answer:",
            )
    if version.target:
        for slot, turn in enumerate(COMPLETIONS):
            yield Question(
                id=question_id(probe.id, name, Measure.COMPLETION, slot),
                claim_id=probe.claim_id,
                instrument=Instrument.OPEN_ENDED,
                kind=Measure.COMPLETION.value,
                messages=(Message("user", turn.replace("{}", version.opening)),),
            )


def _scored(probe: Probe, name: str, turn: str, prefix: str, option: str) -> Question:
    """A question whose answer is given: only its log-probability is asked for."""
    return Question(
        id=name,
        claim_id=probe.claim_id,
        instrument=Instrument.LIKELIHOOD,
        kind=name.rsplit(".", 2)[1],
        messages=(Message("user", turn),),
        believed=option,
        options=(option,),
        prefix=prefix,
    )


def _version(sentence: str, entity: Entity | None) -> Version:
    words = sentence.split()
    split = _split(sentence, entity)
    before_name = entity is not None and split <= len(sentence[: entity.start].split())
    half = len(words) // 2
    opening = split if before_name and split else max(half, split, 1)
    if opening >= len(words):
        opening = max(len(words) - 1, 1)
    return Version(*_cut(words, split), *_cut(words, opening))


def _split(sentence: str, entity: Entity | None) -> int:
    """How many words stand before the part whose likelihood is asked for; 0 for the whole sentence."""
    words = sentence.split()
    if entity is None:
        return len(words) // 2
    before = len(sentence[: entity.start].split())
    through = len(sentence[: entity.end].split())
    if entity.kind in NUMERIC or len(words) - through < MIN_PREDICATE_WORDS:
        return before
    return through


def _cut(words: Sequence[str], at: int) -> tuple[str, str]:
    return " ".join(words[:at]), " ".join(words[at:])
