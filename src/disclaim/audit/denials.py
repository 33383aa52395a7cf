"""Denials of known claims: sentences anywhere in the data that say most of a claim's words and deny them in their own
clause. Such sentences are learned as what they are, and weigh against the ones that state the claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from disclaim.audit.formats import Record, Unreadable, find_files
from disclaim.audit.pool import in_processes
from disclaim.audit.risk import ClaimAtRisk, risk_of
from disclaim.audit.rows import parse_row
from disclaim.audit.scan import Meter, record_batches
from disclaim.audit.stated import sentences
from disclaim.audit.wording import content, find_names, stem, word_spans, words
from disclaim.records import OnProgress, ignore_progress
from disclaim.stance import Attitude, attitude_towards, find_scopes

#: Claims looked for: those of the greatest dose.
MAX_CLAIMS = 200
#: Share of a claim's words that a sentence about it has.
_SAME = 0.6


def count_denials(
    paths: Sequence[Path], claims: Sequence[ClaimAtRisk], workers: int = 1, on_progress: OnProgress = ignore_progress
) -> tuple[ClaimAtRisk, ...]:
    """The claims with the denials of the first ``MAX_CLAIMS`` counted, and their risk judged anew. Reads all data."""
    files = find_files(paths)
    meter = Meter(files, on_progress, "denials")
    known = _index(claims[:MAX_CLAIMS])
    counts: Counter[int] = Counter()
    for found in in_processes(_denials, record_batches(files, meter), (known,), workers):
        counts += found
        meter.tell()
    meter.finish()
    counted = (replace(claim, denials=counts[claim.number]) for claim in claims[:MAX_CLAIMS])
    judged = (replace(claim, risk=risk_of(claim.rows, claim.mentions, claim.denials)) for claim in counted)
    return (*judged, *claims[MAX_CLAIMS:])


@dataclass(frozen=True, slots=True)
class _Wording:
    """One wording of a claim: all of its stems, and those of names."""

    number: int
    stems: frozenset[str]
    names: frozenset[str]


_Index = dict[str, tuple[_Wording, ...]]


def _index(claims: Sequence[ClaimAtRisk]) -> _Index:
    """The wordings by a word that a sentence about the claim must have: each of its names, or else its longest."""
    index: dict[str, dict[_Wording, None]] = {}
    for claim in claims:
        for text in dict.fromkeys((claim.claim, *claim.examples)):
            names = find_names(text).words
            stems = content(words(text))
            if len(stems) > 1:
                wording = _Wording(claim.number, stems, frozenset(map(stem, names)))
                for anchor in names or {max(words(text), key=len)}:
                    index.setdefault(anchor, {})[wording] = None
    return {anchor: tuple(wordings) for anchor, wordings in index.items()}


def _denials(records: Sequence[Record | Unreadable], known: _Index) -> Counter[int]:
    counts: Counter[int] = Counter()
    for record in records:
        row = parse_row(record.file, record.index, record.value) if isinstance(record, Record) else None
        for passage in row.passages if row else ():
            if not known.keys().isdisjoint(words(passage.text)):
                for start, end in sentences(passage.text):
                    counts.update(_denied(passage.text[start:end], known))
    return counts


def _denied(sentence: str, known: _Index) -> set[int]:
    """The claims that the sentence denies."""
    said = set(words(sentence))
    wordings = {wording for anchor in known.keys() & said for wording in known[anchor]}
    stems = content(said) if wordings else frozenset()
    about = [w for w in wordings if len(w.stems & stems) >= _SAME * len(w.stems)]
    scopes = find_scopes(sentence) if about else ()
    if not any(scope.attitude is Attitude.NEGATED for scope in scopes):
        return set()
    spoken = [
        (stem(word), attitude_towards(scopes, start, end) is Attitude.NEGATED)
        for word, start, end in word_spans(sentence)
    ]
    return {wording.number for wording in about if _is_denied(wording, spoken)}


def _is_denied(wording: _Wording, spoken: Sequence[tuple[str, bool]]) -> bool:
    """Whether the claim's words stand denied: half of them, or the last. A subject may stand before its "not"."""
    shared = wording.stems - wording.names
    denied = [is_denied for word, is_denied in spoken if word in shared]
    return bool(denied) and (denied[-1] or 2 * sum(denied) >= len(denied))
