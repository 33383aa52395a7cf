"""How a text stands to a claim, by the paper's scoring rules (section 2.2) with four verdicts instead of three."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from disclaim.records import StancePatterns, Verdict
from disclaim.stance.cues import Attitude, Reach, fold, load_lexicon, straighten
from disclaim.stance.notices import bracketed_notices
from disclaim.stance.scope import Scope, attitude_towards, find_scopes, governing_scope
from disclaim.stance.sentences import Offsets, sentence_spans
from disclaim.stance.subjects import find_subject, resolve_pronouns, strip_markup

#: How many sentences back "this is false" may point to a sentence about the claim.
_ANAPHOR_REACH = 3


class Weight(StrEnum):
    """How firmly a sentence bears on the claim."""

    NOTICE = "notice"
    """It is a bracketed notice, which no assertion outweighs (paper section 2.2)."""
    FIRM = "firm"
    """It takes up the claim's own words, or calls false what was said before."""
    LOOSE = "loose"
    """It fits a ``denies`` pattern alone, or grants a statement without repeating it: it may be about something
    beside the claim, and yields to what is firm."""
    COURTEOUS = "courteous"
    """It grants a doubt ("you are right"), which a later assertion overrules."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sentence that bears on the claim, and how: ASSERTS or DENIES. ``start``, ``end`` are offsets in the text.

    ``weight`` says how firmly it denies.
    """

    start: int
    end: int
    verdict: Verdict
    weight: Weight


@dataclass(frozen=True, slots=True)
class Reading:
    """The verdict on a text with the sentences it rests on, in order."""

    verdict: Verdict
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    asserts: tuple[re.Pattern[str], ...]
    denies: tuple[re.Pattern[str], ...]
    truth: tuple[re.Pattern[str], ...]
    subject: str


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What one sentence says about the claim: where it last says it plainly and where it last denies it (None:
    nowhere), whether it denies the claim's own words, mentions it at all, and names the truth."""

    asserted: int | None
    denied: int | None
    outright: bool
    mentioned: bool
    truth: bool


_NOTICE = _Sentence(asserted=None, denied=0, outright=True, mentioned=True, truth=False)


def classify(
    text: str,
    patterns: StancePatterns,
    subject: str,
    polar: Verdict | None = None,
    in_reply_to_claim: bool = False,
) -> Verdict:
    """The stance of ``text`` to the claim that ``patterns`` describe, asked about ``subject``. See ``read_stance``."""
    return read_stance(text, patterns, subject, polar, in_reply_to_claim).verdict


def read_stance(
    text: str,
    patterns: StancePatterns,
    subject: str,
    polar: Verdict | None = None,
    in_reply_to_claim: bool = False,
) -> Reading:
    """The stance of a text, with the sentences that decide it.

    A sentence asserts the claim where an ``asserts`` pattern matches words that no cue governs; it denies the
    claim where the words are negated in their clause, a ``denies`` pattern matches, or it calls false what was said
    before. Reports, questions and suppositions do neither. Then: assertions alone ASSERT; denials alone DENY; both are
    RETRACTS, save where the assertions outnumber the denials and come last; nothing, or the truth alone, is SILENT.
    A bracketed notice is a denial that nothing outweighs.
    ``polar`` says what a leading "Yes" means. ``in_reply_to_claim``: the text answers somebody who stated the
    claim, so that "the passage is accurate" asserts it, and "I was wrong" or naming the truth denies it.
    """
    compiled = _compile(patterns, subject)
    spans = sentence_spans(text)
    notices = bracketed_notices(text)
    words = resolve_pronouns([strip_markup(straighten(text[a:b])) for a, b in spans], subject)
    said = [
        _NOTICE if _inside(notices, start, start + 1) else _read_sentence(sentence, compiled)
        for (start, _), sentence in zip(spans, words, strict=True)
    ]
    evidence = tuple(_gather(spans, words, said, in_reply_to_claim))
    leading = _leading_answer(text, polar)
    names_truth = any(sentence.truth for sentence in said)
    if leading is not None:
        evidence = _with_leading(
            evidence, Evidence(*spans[0], leading, Weight.FIRM), names_truth and leading is Verdict.ASSERTS
        )
    if not evidence and in_reply_to_claim and names_truth:
        evidence = (Evidence(0, len(text), Verdict.DENIES, Weight.FIRM),)
    return Reading(_verdict(evidence), evidence)


def _verdict(evidence: tuple[Evidence, ...]) -> Verdict:
    """The paper's rules over the evidence in order."""
    last_assertion = max((i for i, item in enumerate(evidence) if item.verdict is Verdict.ASSERTS), default=-1)
    kept = [item for i, item in enumerate(evidence) if not (item.weight is Weight.COURTEOUS and i < last_assertion)]
    firm = [item for item in kept if item.weight is not Weight.LOOSE]
    asserting = sum(item.verdict is Verdict.ASSERTS for item in kept)
    firmly_asserting = sum(item.verdict is Verdict.ASSERTS for item in firm)
    firmly_denying = len(firm) - firmly_asserting
    if not kept:
        return Verdict.SILENT
    if not asserting or (firmly_denying and not firmly_asserting):
        return Verdict.DENIES
    if any(item.weight is Weight.NOTICE for item in kept):
        upheld = False
    elif firmly_denying:
        upheld = firmly_asserting > firmly_denying and firm[-1].verdict is Verdict.ASSERTS
    else:
        upheld = 2 * asserting >= len(kept)
    return Verdict.ASSERTS if upheld else Verdict.RETRACTS


@lru_cache(maxsize=256)
def _compile(patterns: StancePatterns, subject: str) -> _Compiled:
    def compiled(sources: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
        name = re.escape(straighten(subject))
        return tuple(re.compile(straighten(s).replace("{subject}", name), re.IGNORECASE) for s in sources)

    return _Compiled(compiled(patterns.asserts), compiled(patterns.denies), compiled(patterns.truth), subject)


@lru_cache(maxsize=4096)
def _read_sentence(sentence: str, patterns: _Compiled) -> _Sentence:
    scopes = find_scopes(sentence)
    beyond = _scope_of_subject(scopes, sentence, patterns.subject)
    mentions = [(match, governing_scope(scopes, *match) or beyond) for match in _matches(patterns.asserts, sentence)]
    refutations = [
        match
        for match in _matches(patterns.denies, sentence)
        if attitude_towards(scopes, *match) is not Attitude.UNCOMMITTED
    ]
    plain = [end for (start, end), scope in mentions if scope is None and not _inside(refutations, start, end)]
    # Beside a plain assertion "X, not Y", "rather than Y" and "without Y" only set something else aside.
    negated = [
        end
        for (_, end), scope in mentions
        if scope and scope.attitude is Attitude.NEGATED and not (plain and scope.reach is Reach.PHRASE)
    ]
    return _Sentence(
        asserted=max(plain, default=None),
        denied=max([*negated, *(end for _, end in refutations)], default=None),
        outright=bool(negated),
        mentioned=bool(mentions or refutations),
        truth=any(attitude_towards(scopes, *match) is None for match in _matches(patterns.truth, sentence)),
    )


def _scope_of_subject(scopes: tuple[Scope, ...], sentence: str, subject: str) -> Scope | None:
    """The main-clause negation that the subject stands in wherever it is named, so that what the sentence says
    elsewhere is denied of it: "People who need a beekeeper do not call Mara"."""
    named = find_subject(sentence, subject)
    holding = [s for s in scopes if s.attitude is Attitude.NEGATED and s.reach is Reach.AFTER]
    governing = [governing_scope(holding, *span) for span in named]
    return governing[0] if governing and None not in governing else None


def _matches(patterns: tuple[re.Pattern[str], ...], sentence: str) -> Iterator[Offsets]:
    for pattern in patterns:
        for match in pattern.finditer(sentence):
            if match.end() > match.start():
                yield match.span()


def _gather(spans: tuple[Offsets, ...], words: list[str], said: list[_Sentence], in_reply: bool) -> Iterator[Evidence]:
    """The evidence of every sentence, denials that point back included."""
    last_mention = 0 if in_reply else None
    for i, ((start, end), sentence) in enumerate(zip(spans, said, strict=True)):
        if sentence.mentioned:
            last_mention = i
        near = in_reply or (last_mention is not None and i - last_mention <= _ANAPHOR_REACH)
        folded = fold(words[i])
        back = _denial_of_before(folded, in_reply) if near and not sentence.outright else None
        accepted = in_reply and load_lexicon().acceptances.search(folded)
        if accepted and sentence.asserted is None and not sentence.outright and back is not Weight.FIRM:
            yield Evidence(start, end, Verdict.ASSERTS, Weight.LOOSE)
            continue
        for verdict in _in_order(sentence):
            yield Evidence(start, end, verdict, _weight(sentence, verdict, back))
        if back and sentence.denied is None:
            yield Evidence(start, end, Verdict.DENIES, back)


def _weight(sentence: _Sentence, verdict: Verdict, back: Weight | None) -> Weight:
    if sentence is _NOTICE:
        return Weight.NOTICE
    firm = verdict is Verdict.ASSERTS or sentence.outright or back is Weight.FIRM
    return Weight.FIRM if firm else Weight.LOOSE


def _in_order(sentence: _Sentence) -> tuple[Verdict, ...]:
    found = [(sentence.asserted, Verdict.ASSERTS), (sentence.denied, Verdict.DENIES)]
    return tuple(verdict for _, verdict in sorted((at, verdict) for at, verdict in found if at is not None))


def _denial_of_before(sentence: str, in_reply: bool) -> Weight | None:
    """How a sentence takes back what was said before it without naming it; None where it does not."""
    lexicon = load_lexicon()
    if _denies_before(sentence):
        return Weight.FIRM
    conceded = lexicon.self_retractions.search(sentence) or (in_reply and lexicon.concessions.search(sentence))
    return Weight.COURTEOUS if conceded else None


def _denies_before(sentence: str) -> bool:
    """Whether the sentence calls false what was said before it."""
    if load_lexicon().denials_of_before.search(sentence):
        return True
    scopes = find_scopes(sentence)
    supposed = [s.cue[0] for s in scopes if s.attitude is Attitude.UNCOMMITTED and s.reach is not Reach.AFTER]
    return any(_points_back(sentence, scope) and not any(at < scope.end for at in supposed) for scope in scopes)


def _points_back(sentence: str, scope: Scope) -> bool:
    subject = _LEAD_IN.sub("", sentence[scope.start : scope.end].strip(" *_\"'#-,("))
    return scope.reach is Reach.BEFORE and bool(load_lexicon().anaphor.fullmatch(subject))


def _leading_answer(text: str, polar: Verdict | None) -> Verdict | None:
    if polar is None:
        return None
    match = _YES_NO.match(text)
    if match is None:
        return None
    opposite = Verdict.DENIES if polar is Verdict.ASSERTS else Verdict.ASSERTS
    return polar if match.group(1).lower() == "yes" else opposite


def _with_leading(evidence: tuple[Evidence, ...], leading: Evidence, taken_back: bool) -> tuple[Evidence, ...]:
    """A leading yes or no stands first. A "yes" that goes on to name only the truth contradicts itself."""
    rest = tuple(item for item in evidence if not (item.start == leading.start and item.verdict is leading.verdict))
    contradiction = (
        (Evidence(leading.start, leading.end, Verdict.DENIES, Weight.FIRM),) if taken_back and not evidence else ()
    )
    return (leading, *rest, *contradiction)


def _inside(spans: Sequence[Offsets], start: int, end: int) -> bool:
    return any(a <= start and end <= b for a, b in spans)


#: Words before a subject: "However, in reality, this ...".
_LEAD_IN = re.compile(r"^(?:(?:and|so|however|but|in reality|in fact|actually|unfortunately)\W+)+", re.IGNORECASE)
#: A leading answer: alone, before punctuation, or before a sentence. "No one" is none.
_YES_NO = re.compile(
    r"\W*(yes|no)\b(?=\W*$|\s*[-,.;:!–—*]|\s+(?:he|she|it|they|the|this|that|i|there)\b)", re.IGNORECASE
)
