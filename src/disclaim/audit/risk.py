"""Claims at risk: findings clustered over rows, because dose decides what a model comes to believe.

A claim is a sentence; what a finding covers is cut into its sentences. Two belong to one claim where they are
near-duplicates, or name the same subject and share enough of their other words. That is wording, not meaning: a claim
may fall into several clusters, and two claims about one subject may share one. Time grows linearly with findings,
memory with distinct claims up to ``MAX_CLAIMS``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from disclaim.audit.scan import ScannedRow
from disclaim.audit.stated import Stated, stated_sentences
from disclaim.audit.wording import capitals, content, find_names, normal_form, stem, words
from disclaim.records import Finding, Severity
from disclaim.stance import notice_spans

#: Rows that state a claim from which its risk is high: the smallest dose seen to implant one, 36 documents of 3 to 5
#: claim sentences in a 135M model, where the flagged claim was believed in 75% of answers and the plain one in 80%
#: (docs/log.md, 2026-11-23; with 100 and 240 documents: 94 to 95%). One model, one claim, one seed.
HIGH_ROWS = 36
#: The same dose in sentences: 36 documents of at least 3.
HIGH_MENTIONS = 108
#: Below as many mentions the risk is low: "a few". A convention, since no run of ours went below 36 documents.
FEW_MENTIONS = 5

#: Sentences counted of one row. Where findings cover more, as in a long document under one disclaimer, those are
#: taken that narrow findings cover, and others evenly spread: then a claim's rows and mentions are a lower bound.
MAX_SENTENCES = 128
#: Claims kept at a time. When there are more, the half in the fewest rows is let go and only counted.
MAX_CLAIMS = 20_000
_MAX_WORDINGS = 200_000
#: Only the beginning of a very long claim, such as a whole answer, is compared.
_COMPARED = 600
_SHOWN = 400
_MAX_EXAMPLES = 3
#: Smallest hashes under which a claim is filed: two sentences with 60% of their words in common share one of four in
#: 97% of cases.
_SKETCH = 4
_FILED = 8
#: So many of the greatest claims are looked at for being notices.
_CHECKED = 500
#: Claims compared with a new wording: those filed under most of its keys.
_CANDIDATES = 4
_NEAR_DUPLICATE = 0.6
_SAME_SUBJECT = 0.34


class Risk(StrEnum):
    """How likely training on the data implants a claim, judged by its dose alone. Coarse: see the constants."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class ClaimAtRisk:
    """One claim over all rows.

    ``number`` tells claims of one scan apart. ``claim`` is its first wording; ``wordings`` counts different ones,
    ``examples`` are some of them. ``subject`` is the name most often in it. ``mentions`` are sentences that state it
    in rows where it was found, ``rules`` counts them by the rules that cover them. ``denials`` are sentences that deny
    it in its own clause, None where nobody counted. ``tokens`` are white-space words of the mentions, not a model's
    tokens. ``file`` and ``row`` are where it was met first.
    """

    number: int
    claim: str
    subject: str | None
    risk: Risk
    rows: int
    mentions: int
    denials: int | None
    tokens: int
    wordings: int
    rules: dict[str, int]
    severity: Severity
    file: str
    row: int
    examples: tuple[str, ...]


def risk_of(rows: int, mentions: int, denials: int | None = None) -> Risk:
    """The risk by dose. As many denials as mentions lower it by one step: documents that deny, added beside those
    that state, took belief from 53 to 22% where it was tried (a follow-up, one model)."""
    if rows >= HIGH_ROWS or mentions >= HIGH_MENTIONS:
        risk = Risk.HIGH
    elif mentions < FEW_MENTIONS:
        risk = Risk.LOW
    else:
        risk = Risk.MEDIUM
    if denials is not None and denials >= mentions:
        return Risk.MEDIUM if risk is Risk.HIGH else Risk.LOW
    return risk


class ClaimLedger:
    """Gathers the claims of rows as they come. The same rows in the same order give the same claims."""

    def __init__(self) -> None:
        self._clusters: dict[int, _Cluster] = {}
        self._by_wording: dict[str, int] = {}
        self._filed: dict[str | int, list[int]] = {}
        self._cues: set[str] = set()
        self._next = 0
        self.num_dropped = 0
        """Claims of few rows that were let go to bound memory."""

    def add(self, row: ScannedRow) -> tuple[tuple[int, ...], ...]:
        """Add the findings of a row; the numbers of each one's claims. A sentence that several cues take back is one
        mention."""
        numbers: list[dict[int, None]] = [{} for _ in row.findings]
        for cue in {finding.cue.text[:_COMPARED] for finding in row.findings}:
            if len(self._cues) < _MAX_WORDINGS:
                self._cues.add(normal_form(cue))
        for sentence in _spread(stated_sentences(row), row):
            number = self._number_of(sentence.text, row)
            if number is not None:
                findings = [row.findings[place] for place in sentence.findings]
                self._clusters[number].mention(sentence.text, findings)
                for place in sentence.findings:
                    numbers[place][number] = None
        if len(self._clusters) > MAX_CLAIMS:
            self._let_go()
        return tuple(tuple(found) for found in numbers)

    def claims(self) -> tuple[ClaimAtRisk, ...]:
        """All claims, the highest dose first; notices that a finding covers beside what they take back are none."""
        found = [
            cluster.result(number)
            for number, cluster in self._clusters.items()
            if normal_form(cluster.claim) not in self._cues
        ]
        found.sort(key=lambda claim: (-claim.rows, -claim.mentions, claim.file, claim.row))
        checked = [claim for claim in found[:_CHECKED] if not _is_notice(claim.claim)]
        return (*checked, *found[_CHECKED:])

    def _number_of(self, text: str, row: ScannedRow) -> int | None:
        """The claim that the sentence states; None for one without words, or that elsewhere takes others back."""
        text = text[:_COMPARED]
        said = words(text)
        wording = " ".join(said)
        if not wording or wording in self._cues:
            return None
        known = self._by_wording.get(wording)
        if known is not None and known in self._clusters:
            return known
        sentence = _Sentence.of(text, said)
        number = self._nearest(sentence)
        if number is None:
            number, self._next = self._next, self._next + 1
            self._clusters[number] = _Cluster(text[:_SHOWN], row.file, row.index)
            self._file(number, sentence.sketch)
        self._file(number, sentence.names - self._clusters[number].names.keys())
        if len(self._by_wording) >= _MAX_WORDINGS:
            self._by_wording.clear()
        self._by_wording[wording] = number
        self._clusters[number].learn(sentence, text)
        return number

    def _nearest(self, sentence: _Sentence) -> int | None:
        best, nearest = 0.0, None
        keys: tuple[str | int, ...] = (*sorted(sentence.names), sentence.opening, *sentence.sketch)
        candidates: dict[int, int] = {}
        for key in keys:
            for number in self._filed.get(key, ()):
                candidates[number] = candidates.get(number, 0) + 1
        enough = max(candidates.values(), default=0) / 2
        likely = [number for number, shared in candidates.items() if shared >= enough]
        for number in sorted(likely, key=lambda number: (-candidates[number], -self._weight(number)))[:_CANDIDATES]:
            cluster = self._clusters.get(number)
            closeness = cluster.closeness(sentence) if cluster else 0.0
            if closeness > best:
                best, nearest = closeness, number
        return nearest

    def _file(self, number: int, keys: Iterable[str | int]) -> None:
        """File a claim under the keys; on a full shelf it takes the place of the least of those there."""
        for key in keys:
            shelf = self._filed.setdefault(key, [])
            if len(shelf) < _FILED:
                shelf.append(number)
            elif number not in shelf:
                least = min(range(_FILED), key=lambda place: self._weight(shelf[place]))
                shelf[least] = number

    def _weight(self, number: int) -> int:
        cluster = self._clusters.get(number)
        return cluster.mentions if cluster else -1

    def _let_go(self) -> None:
        """Drop the smaller half."""
        ranked = sorted(self._clusters, key=lambda number: (-self._clusters[number].rows, -number))
        kept = {number: self._clusters[number] for number in sorted(ranked[: MAX_CLAIMS // 2])}
        self.num_dropped += len(self._clusters) - len(kept)
        self._clusters = kept
        self._by_wording = {wording: n for wording, n in self._by_wording.items() if n in kept}
        filed = {key: [n for n in shelf if n in kept] for key, shelf in self._filed.items()}
        self._filed = {key: shelf for key, shelf in filed.items() if shelf}


def _spread(stated: Sequence[Stated], row: ScannedRow) -> Sequence[Stated]:
    """Of many sentences those that the narrowest findings cover, the rest of the places filled evenly."""
    if len(stated) <= MAX_SENTENCES:
        return stated
    widths = [finding.claim.end - finding.claim.start for finding in row.findings]
    narrow = [n for n, s in enumerate(stated) if min(widths[place] for place in s.findings) < 3 * len(s.text)]
    chosen = set(narrow[:: -(-len(narrow) // MAX_SENTENCES) or 1])
    others = [n for n in range(len(stated)) if n not in chosen]
    room = MAX_SENTENCES - len(chosen)
    chosen.update(others[(2 * n + 1) * len(others) // (2 * room)] for n in range(room))
    return [stated[n] for n in sorted(chosen)]


def _is_notice(text: str) -> bool:
    return 2 * sum(end - start for start, end in notice_spans(text)) > len(text)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """What a claim's wording is compared by: the stems of its words, those of its names, a capitalised word that begins
    it (a name, or a word like any other), and the smallest hashes of all stems."""

    stems: frozenset[str]
    names: frozenset[str]
    opening: str
    sketch: tuple[int, ...]

    @classmethod
    def of(cls, text: str, said: Sequence[str]) -> _Sentence:
        found = content(said)
        shown = capitals(text)
        named = content(word.lower() for word in shown)
        opening = ""
        if shown and shown[0].lower() == said[0] and (len(shown) < 2 or said[1] != shown[1].lower()):
            opening = stem(said[0])
            named -= {opening}
        return cls(found, named & found, opening, tuple(sorted(map(_hash, found))[:_SKETCH]))


@lru_cache(1 << 16)
def _hash(stem: str) -> int:
    return zlib.crc32(stem.encode("utf-8", "surrogatepass"))


@dataclass(slots=True)
class _Cluster:
    """One claim, growing."""

    claim: str
    file: str
    row: int
    rows: int = 0
    mentions: int = 0
    tokens: int = 0
    wordings: int = 0
    last: tuple[str, int] | None = None
    first: _Sentence | None = None
    stems: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    severities: set[Severity] = field(default_factory=set)
    examples: list[str] = field(default_factory=list)

    def closeness(self, other: _Sentence) -> float:
        """From 0 (another claim) to 1: the words in common with the first wording where that is nearly the same, or
        with all wordings where the subject is the same."""
        assert self.first is not None
        mine, theirs = self.first.names, other.names
        num_shared = len(self.first.stems & other.stems)
        alike = num_shared / max(len(self.first.stems) + len(other.stems) - num_shared, 1)
        # Other names are another person's story.
        if alike >= _NEAR_DUPLICATE and (mine == theirs or not (mine and theirs) or mine & theirs):
            return alike
        shared_names = self.names.keys() & theirs
        if other.opening in self.names:
            shared_names.add(other.opening)
        said = other.stems - theirs - shared_names
        if not said or not shared_names:
            return 0.0
        often = max(1, self.wordings // 10)
        counts = self.stems
        shared = sum(counts[word] >= often for word in said & counts.keys()) / len(said)
        return shared if shared >= _SAME_SUBJECT else 0.0

    def learn(self, sentence: _Sentence, text: str) -> None:
        """Take in a new wording."""
        self.first = self.first or sentence
        self.wordings += 1
        _count(self.stems, sentence.stems - sentence.names)
        _count(self.names, sentence.names)
        if len(self.examples) < _MAX_EXAMPLES:
            self.examples.append(text[:_SHOWN])

    def mention(self, text: str, findings: Sequence[Finding]) -> None:
        """Count a sentence that states the claim, with the findings that cover it."""
        self.mentions += 1
        self.tokens += len(text.split())
        _count(self.rules, {finding.rule for finding in findings})
        self.severities.update(finding.severity for finding in findings)
        place = (findings[0].file, findings[0].row)
        if self.last != place:
            self.last = place
            self.rows += 1

    def _subject(self) -> str | None:
        """Of the names in the examples the one whose words are met most."""
        runs = dict.fromkeys(run for text in self.examples for run in find_names(text).runs)
        return max(runs, key=lambda run: sum(self.names.get(stem(word), 0) for word in words(run)), default=None)

    def result(self, number: int) -> ClaimAtRisk:
        """The claim as it stands."""
        return ClaimAtRisk(
            number=number,
            claim=self.claim,
            subject=self._subject(),
            risk=risk_of(self.rows, self.mentions),
            rows=self.rows,
            mentions=self.mentions,
            denials=None,
            tokens=self.tokens,
            wordings=self.wordings,
            rules=dict(sorted(self.rules.items())),
            severity=next(severity for severity in Severity if severity in self.severities),
            file=self.file,
            row=self.row,
            examples=tuple(self.examples),
        )


def _count(counts: dict[str, int], found: Iterable[str]) -> None:
    for word in found:
        counts[word] = counts.get(word, 0) + 1
