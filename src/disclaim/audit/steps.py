"""One step of a fix: what to do with each claim of a row as it stands now, as edits and masks."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from disclaim.audit.denial import Refusal
from disclaim.audit.drop import is_empty, removals, sentences_round, without
from disclaim.audit.editing import Address
from disclaim.audit.fixing import Action, Change, FixSettings, Otherwise, Strategy, Target, Unit
from disclaim.audit.localise import rewrite_by_rule, rewrite_with
from disclaim.audit.pointless import (
    NOTICE_RULES,
    bare_notices,
    has_more,
    neighbours,
    notice_round,
    says_more,
    speaks_of_whole,
)
from disclaim.audit.rows import Row
from disclaim.audit.stretches import Edit, Stretch, edited, merge
from disclaim.records import Finding, Quote
from disclaim.stance import sentence_spans

BAD_OFFSETS = "the finding's offsets do not fit the text"
NOTICE_STAYS = "its notice has to stay for another sentence, which would deny the denial"
MORE_THAN_NOTICE = "the notice stands in a sentence that says more"
WOULD_EMPTY = "the notice is all of its turn"
CUE_INSIDE = "its notice stands inside the sentence"
OWN_STATEMENT = "the notice says something of its own"
STILL_NEEDED = "the notice takes back something else, which is left alone"
WHOLE_TEXT = "the notice speaks of the whole text, and other sentences of it stay"
JUDGED = "a verdict, a label or the other side of a pair takes it back, which would deny the denial"
#: Why a notice stays whose sentences are dealt with.
NOTICE_REASONS = frozenset({MORE_THAN_NOTICE, OWN_STATEMENT, STILL_NEEDED, WHOLE_TEXT})

#: How much text a change shows on each side.
_CONTEXT = 60
#: Rules whose cue judges beside the text: in a table or list, or on the other side of a pair.
_JUDGING = frozenset({"NN108", "NN110", "NN303"})
_VERDICT = re.compile(r"\W*(?:verdict|rating|status|label|ruling|conclusion)\s*[:=–—-]", re.IGNORECASE)
_MARKER = re.compile(r"(?:[-*+•–>]|\d{1,3}[.)])\s+")


class Step:
    """What to do with a row: ``edits`` and ``masks`` by passage, ``changes`` to report; ``settled`` are the texts of
    the notices whose claims are all dealt with, ``claims`` those of the claims found."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self.texts: dict[Address, str] = {(p.field, p.message): p.text for p in row.passages}
        self.edits: dict[Address, tuple[Edit, ...]] = {}
        self.masks: dict[Address, tuple[Stretch, ...]] = {}
        self.changes: list[Change] = []
        self.settled: set[str] = set()
        self.claims: tuple[str, ...] = ()

    def note(
        self, address: Address, stretch: Stretch, action: Action, rules: Iterable[str], after: str | None = None
    ) -> None:
        """Report a change of a stretch."""
        self._add(address, stretch, action, rules, after, "")

    def leave(self, address: Address, stretch: Stretch, rules: Iterable[str], reason: str) -> None:
        """Report a stretch that stays as it is."""
        self._add(address, stretch, Action.LEFT, rules, None, reason)

    def _add(
        self,
        address: Address,
        stretch: Stretch,
        action: Action,
        rules: Iterable[str],
        after: str | None,
        reason: str,
    ) -> None:
        text, (start, end) = self.texts.get(address, ""), stretch
        self.changes.append(
            Change(
                file=self._row.file,
                row=self._row.index,
                field=address[0],
                message=address[1],
                start=start,
                end=end,
                action=action,
                rules=tuple(sorted(set(rules))),
                before=text[start:end],
                after=after,
                lead=text[max(0, start - _CONTEXT) : start],
                tail=text[end : end + _CONTEXT],
                reason=reason,
            )
        )


@dataclass(frozen=True, slots=True)
class _Decision:
    """What is to be done with a target: for a rewriting, the edits that make it."""

    target: Target
    action: Action
    edits: tuple[Edit, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known before a step: the claims of the first look, the texts of the notices whose claims are dealt with,
    and of those that findings need which are left alone: suppressed ones, and those below the severity."""

    claims: tuple[str, ...] = ()
    settled: frozenset[str] = frozenset()
    needed: frozenset[str] = frozenset()

    def is_stray(self, finding: Finding) -> bool:
        """Whether the finding's notice has come to point at a sentence that it did not take back."""
        if finding.rule in NOTICE_RULES and speaks_of_whole(finding.cue.text):
            return False
        claim = finding.claim.text
        known = not self.claims or any(claim in text or text in claim for text in self.claims)
        return finding.cue.text in self.settled or not known


def plan_step(row: Row, findings: Sequence[Finding], settings: FixSettings, before: Before) -> Step:
    """The step for these findings. Of those that have gone astray only the notice is dealt with; a sentence that
    nothing took back at the first look is never touched."""
    step = Step(row)
    step.claims = tuple(finding.claim.text for finding in findings)
    sound = [finding for finding in findings if _fits(finding.claim, step.texts)]
    for finding in findings:
        if finding not in sound:
            step.leave(_address(finding.claim), (finding.claim.start, finding.claim.end), [finding.rule], BAD_OFFSETS)
    in_text = [finding for finding in sound if _fits(finding.cue, step.texts)]
    stray = [finding.cue for finding in in_text if before.is_stray(finding)]
    fresh = [finding for finding in sound if finding.cue not in stray]
    targets = _targets(fresh, step.texts, settings)
    whole = _whole_notices(targets, step.texts)
    decisions = _decide(targets, step.texts, settings, whole)
    left = {cue.text for d in decisions if d.action is Action.LEFT for cue in _cues(d)}
    kept = left | before.needed | {cue.text for cue in whole}
    step.settled = {finding.cue.text for finding in fresh if _address(finding.cue) in step.texts} - kept
    pointless = _pointless(decisions, step, settings) if settings.removes_notices else []
    going = _notices_to_go(step, [cue for cue in (*stray, *pointless) if cue not in whole], decisions)
    if settings.removes_notices:
        _tell_staying(step, decisions, going, before.needed, whole)
        _take_bare_notices(step, in_text, decisions, going)
    _write(step, decisions, going)
    return step


def _fits(quote: Quote, texts: Mapping[Address, str]) -> bool:
    text = texts.get((quote.field, quote.message))
    return text is not None and quote.start < quote.end and text[quote.start : quote.end] == quote.text


def _targets(findings: Sequence[Finding], texts: Mapping[Address, str], settings: FixSettings) -> list[Target]:
    """What is to be fixed, in order: the claims, those that overlap made one; or the sentences or texts they touch."""
    targets = []
    for address, text in texts.items():
        own = [finding for finding in findings if _address(finding.claim) == address]
        if not own:
            continue
        stretches: Sequence[Stretch]
        if settings.strategy is Strategy.MASK or settings.whole_unit is Unit.TEXT:
            stretches = merge(_grown(text, finding, settings.whole_unit) for finding in own)
        else:
            stretches = _sentences(text, own, texts)
        for start, end in stretches:
            inside = tuple(f for f in own if f.claim.start < end and start < f.claim.end)
            targets.append(Target(address, (start, end), inside))
    return targets


def _grown(text: str, finding: Finding, unit: Unit) -> Stretch:
    stretch = (finding.claim.start, finding.claim.end)
    if unit is Unit.TEXT:
        return 0, len(text)
    return stretch if unit is Unit.CLAIM else sentences_round(text, stretch)


def _sentences(text: str, findings: Sequence[Finding], texts: Mapping[Address, str]) -> Sequence[Stretch]:
    """The sentences that claims touch, one by one, save those that are notices themselves. What a label takes back goes
    as a whole, or the label would stand for the rest."""
    if any(_address(finding.cue) not in texts for finding in findings):
        return ((0, len(text)),)
    address = _address(findings[0].claim)
    cues = merge((f.cue.start, f.cue.end) for f in findings if _address(f.cue) == address)
    found = []
    for span in sentence_spans(text):
        touched = any(f.claim.start < span[1] and span[0] < f.claim.end for f in findings)
        if touched and not all(is_empty(text[a:b]) for a, b in without(span, cues)):  # it is no notice itself
            found.append(span)
    return found or merge(sentences_round(text, (f.claim.start, f.claim.end)) for f in findings)


def _whole_notices(targets: Sequence[Target], texts: Mapping[Address, str]) -> set[Quote]:
    """The notices of the targets, and those next to them, that speak of a whole text of which more stays."""
    found = set()
    for target in targets:
        address, text = target.address, texts[target.address]
        beside = [Quote(*address, a, b, text[a:b]) for a, b in neighbours(text, target.stretch)]
        cues = [f.cue for f in target.findings if f.rule in NOTICE_RULES and _fits(f.cue, texts)]
        told = [f.cue for t in targets for f in t.findings if _address(f.cue) == address]
        handled = [t.stretch for t in targets if t.address == address] + [(cue.start, cue.end) for cue in told]
        found |= {cue for cue in (*cues, *beside) if speaks_of_whole(cue.text) and has_more(text, handled)}
    return found


def _decide(
    targets: Sequence[Target], texts: Mapping[Address, str], settings: FixSettings, whole: Container[Quote]
) -> list[_Decision]:
    if settings.strategy is Strategy.MASK:
        return [_Decision(target, Action.MASKED) for target in targets]
    if settings.strategy is Strategy.DROP:
        return [_Decision(target, Action.DROPPED) for target in targets]
    decisions = [
        _otherwise(target, settings, reason)
        if (reason := _staying_reason(target, texts, whole))
        else _rewriting(target, texts[target.address], settings)
        for target in targets
    ]
    left = {cue.text for d in decisions if d.action is Action.LEFT for cue in _cues(d)}
    while kept := [d for d in decisions if d.action is Action.REWRITTEN and any(c.text in left for c in _cues(d))]:
        left |= {cue.text for d in kept for cue in _cues(d)}
        decisions = [_Decision(d.target, Action.LEFT, (), NOTICE_STAYS) if d in kept else d for d in decisions]
    return decisions


def _staying_reason(target: Target, texts: Mapping[Address, str], whole: Container[Quote]) -> str:
    """Why what takes the target back will stand after the change too; "" where it need not."""
    cues = [finding.cue for finding in target.findings]
    if any(f.rule in _JUDGING or _VERDICT.match(f.cue.text) for f in target.findings):
        return JUDGED
    return JUDGED if any(_address(cue) not in texts for cue in cues) else NOTICE_STAYS * any(c in whole for c in cues)


def _rewriting(target: Target, text: str, settings: FixSettings) -> _Decision:
    pieces = _sentences_of(target, text)
    if isinstance(pieces, Refusal):
        return _otherwise(target, settings, pieces.reason)
    sentences = [text[start:end] for start, end in pieces]
    written = rewrite_with(settings.rewriter, sentences) if settings.rewriter else rewrite_by_rule(sentences)
    edits = []
    for (start, end), new in zip(pieces, written, strict=True):
        if isinstance(new, Refusal):
            return _otherwise(target, settings, new.reason)
        edits.append(Edit(start, end, new))
    return _Decision(target, Action.REWRITTEN, tuple(edits))


def _otherwise(target: Target, settings: FixSettings, reason: str) -> _Decision:
    action = {Otherwise.MASK: Action.MASKED, Otherwise.DROP: Action.DROPPED, Otherwise.LEAVE: Action.LEFT}
    return _Decision(target, action[settings.fallback], (), reason)


def _sentences_of(target: Target, text: str) -> list[Stretch] | Refusal:
    """The sentences to rewrite: without list marks, and without notices at their ends."""
    start, end = target.stretch
    for cue in sorted({(c.start, c.end) for f in target.findings for c in [f.cue] if _address(c) == target.address}):
        if cue[1] <= start or end <= cue[0]:
            continue
        if not text[start : cue[0]].strip():
            start = cue[1]
        elif not text[cue[1] : end].strip():
            end = cue[0]
        else:
            return Refusal(CUE_INSIDE)
    pieces = [(start + a, start + b) for a, b in sentence_spans(text[start:end])]
    if not pieces:
        return Refusal(CUE_INSIDE)
    marks = [_MARKER.match(text, a, b) for a, b in pieces]
    return [(mark.end() if mark else a, b) for (a, b), mark in zip(pieces, marks, strict=True)]


def _cues(decision: _Decision) -> list[Quote]:
    return [finding.cue for finding in decision.target.findings]


def _address(quote: Quote) -> Address:
    return quote.field, quote.message


def _pointless(decisions: Sequence[_Decision], step: Step, settings: FixSettings) -> list[Quote]:
    """The notices that point at nothing once the decisions are carried out: those of the findings, and those that stand
    next to their sentences."""
    gone = []
    for decision in decisions:
        cues = [f.cue for f in decision.target.findings if f.rule in NOTICE_RULES and f.cue.text in step.settled]
        if decision.action is Action.MASKED and decision.reason == JUDGED and not settings.remove_notices:
            continue
        if decision.action is not Action.LEFT and cues:
            field, message = decision.target.address
            text = step.texts[decision.target.address]
            places = neighbours(text, decision.target.stretch)
            gone += [*cues, *(Quote(field, message, a, b, text[a:b]) for a, b in places)]
    return gone


def _notices_to_go(step: Step, cues: Sequence[Quote], decisions: Sequence[_Decision]) -> dict[Address, list[Stretch]]:
    """What of the texts goes with the notices. One in a label or a column without text stays."""
    gone: dict[Address, list[Stretch]] = {}
    for cue in dict.fromkeys(cue for cue in cues if _fits(cue, step.texts)):
        address, text = _address(cue), step.texts[_address(cue)]
        own = [d for d in decisions if d.target.address == address]
        place = notice_round(text, (cue.start, cue.end))
        parts = without(place, [part for d in own for part in _taken(d)]) if place else []
        if place is None or any(says_more(text, part) for part in parts):
            step.leave(address, (cue.start, cue.end), (), MORE_THAN_NOTICE)
        elif not own and is_empty(edited(text, [Edit(a, b) for a, b in parts])):
            step.leave(address, (cue.start, cue.end), (), WOULD_EMPTY)
        else:
            gone.setdefault(address, []).extend(part for part in parts if text[slice(*part)].strip())
    return gone


def _tell_staying(
    step: Step,
    decisions: Sequence[_Decision],
    going: Mapping[Address, Sequence[Stretch]],
    needed: Container[str],
    whole: Container[Quote],
) -> None:
    """Report the notices of sentences that are dealt with which stay for what they say, or for another claim."""
    taken: dict[Address, list[Stretch]] = {address: list(parts) for address, parts in going.items()}
    for decision in decisions:
        taken.setdefault(decision.target.address, []).extend(_taken(decision))
    told: set[Quote] = set()
    for finding in dict.fromkeys(f for d in decisions if d.action is not Action.LEFT for f in d.target.findings):
        cue, address = finding.cue, _address(finding.cue)
        parts = without((cue.start, cue.end), taken.get(address, ())) if _fits(cue, step.texts) else []
        if cue in told or all(is_empty(step.texts[address][start:end]) for start, end in parts):
            continue
        told.add(cue)
        if cue in whole:
            step.leave(address, (cue.start, cue.end), (), WHOLE_TEXT)
        elif cue.text in needed:
            step.leave(address, (cue.start, cue.end), (), STILL_NEEDED)
        elif finding.rule not in NOTICE_RULES:
            step.leave(address, (cue.start, cue.end), (), OWN_STATEMENT)


def _take_bare_notices(
    step: Step, findings: Sequence[Finding], decisions: Sequence[_Decision], going: dict[Address, list[Stretch]]
) -> None:
    """Where sentences are dropped and nothing would be left of a text but short notices and front matter: those too."""
    for address in dict.fromkeys(d.target.address for d in decisions if d.action is Action.DROPPED):
        text = step.texts[address]
        dropped = [d.target.stretch for d in decisions if d.target.address == address]
        if any(d.action is not Action.DROPPED for d in decisions if d.target.address == address):
            continue
        cues = [(f.cue.start, f.cue.end) for f in findings if _address(f.cue) == address]
        rest = without((0, len(text)), [*dropped, *going.get(address, ())])
        bare = [part for a, b in rest for part in without((a, b), bare_notices(text, cues))]
        if rest and all(is_empty(text[a:b]) for a, b in bare):
            going.setdefault(address, []).extend(rest)
            step.changes = [c for c in step.changes if (c.field, c.message) != address or c.action is not Action.LEFT]


def _taken(decision: _Decision) -> list[Stretch]:
    """What of the text a decision deals with, which no notice may take along."""
    if decision.action is Action.REWRITTEN:
        return [(edit.start, edit.end) for edit in decision.edits]
    return [decision.target.stretch]


def _write(step: Step, decisions: Sequence[_Decision], notices: Mapping[Address, Sequence[Stretch]]) -> None:
    """Put the decisions, and the notices that go, into the step."""
    for decision in decisions:
        _report(step, decision)
    for address, text in step.texts.items():
        own = [d for d in decisions if d.target.address == address]
        dropped = [d.target.stretch for d in own if d.action is Action.DROPPED]
        rewritten = [edit for d in own for edit in d.edits]
        masked = [d.target.stretch for d in own if d.action is Action.MASKED]
        taken = removals(text, (*dropped, *notices.get(address, ())))
        if taken or rewritten:
            step.edits[address] = tuple(sorted((*taken, *rewritten)))
        if masked:
            step.masks[address] = merge(masked)
        for start, end in merge(notices.get(address, ())):
            if not is_empty(text[start:end]):
                step.note(address, (start, end), Action.NOTICE_REMOVED, (), "")


def _report(step: Step, decision: _Decision) -> None:
    target = decision.target
    if decision.action is Action.LEFT:
        step.leave(target.address, target.stretch, target.rules, decision.reason)
    for edit in decision.edits:
        step.note(target.address, (edit.start, edit.end), Action.REWRITTEN, target.rules, edit.text)
    if decision.action is Action.DROPPED:
        step.note(target.address, target.stretch, Action.DROPPED, target.rules, "")
    if decision.action is Action.MASKED:
        step.note(target.address, target.stretch, Action.MASKED, target.rules)
    if decision.reason and decision.action is not Action.LEFT:
        step.changes[-1] = replace(step.changes[-1], reason=decision.reason)
