"""Which claims a verification asks about: those that the audit finds, by dose, with their controls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from disclaim.audit import ClaimAtRisk, ClaimLedger, ScannedRow, ScanRow, finding_json, json_text, read_finding, scan
from disclaim.errors import DataError, RunError, StoreError
from disclaim.evaluation import Probe, Surroundings, Version, build_probe, clean_sentence, collect_names, find_entities
from disclaim.records import Finding, OnProgress, ignore_progress
from disclaim.stance import Attitude, Reach, find_scopes, sentence_spans
from disclaim.store import Stage, read_jsonl, write_jsonl, write_text
from disclaim.study.dataset import TrainingRows

FINDINGS = "findings.jsonl"
CLAIMS = "claims.jsonl"
PROBES = "probes.jsonl"

#: Rules whose claims are statements that a model could come to assert; the others are about behaviour and hygiene.
STATEMENT_RULES = ("NN1", "NN2")
MIN_WORDS, MAX_WORDS = 4, 60
_WHOLE = re.compile(r"[.!][\"'”’)]*$")
#: "Here is my paragraph on X", "The panel in front of you is about X": says what is to be read, nothing of X.
_ANNOUNCES = re.compile(
    r"^(?:here (?:is|are)|please|read|see|this is (?:a|an|the|my|our))\b"
    r"|\b(?:is about|deals? with|in front of you)\b",
    re.IGNORECASE,
)
_OF_THE_TEXT = re.compile(
    r"\b(?:texts?|documents?|claims?|accounts?|statements?|stor(?:y|ies)|articles?|reports?|passages?|entr(?:y|ies)|pages?"
    r"|above|below|it (?:describes|described|says|said))\b",
    re.IGNORECASE,
)
#: Texts that are searched for names, enough to know the names of a data set.
_NAMED_TEXTS = 400


@dataclass(frozen=True, slots=True)
class TestedClaim:
    """A claim at risk that is asked about in its ``sentences``, the first wordings of it that can be."""

    id: str
    claim: str
    subject: str | None
    rows: int
    mentions: int
    rules: dict[str, int]
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimSet:
    """What the audit found, and what of it is asked about. ``num_claims`` counts claims at risk before any is left
    out for its dose or because no sentence of it can be asked about."""

    findings: tuple[Finding, ...]
    claims: tuple[TestedClaim, ...]
    probes: tuple[Probe, ...]
    num_claims: int


def find_claims(
    path: Path,
    rows: TrainingRows,
    scan_row: ScanRow,
    choices: tuple[int, int],
    on_progress: OnProgress = ignore_progress,
) -> ClaimSet:
    """The claims of the data at ``path`` with the largest doses, and probes for them. ``choices`` are how many claims
    at most, and how many controls for each sentence. The same data and scanner give the same claims and controls.

    Raises RunError where the audit finds no claim that can be asked about.
    """
    max_claims, num_controls = choices
    ledger = ClaimLedger()
    findings: list[Finding] = []

    def hear(row: ScannedRow) -> None:
        findings.extend(row.findings)
        stated = tuple(finding for finding in row.findings if finding.rule.startswith(STATEMENT_RULES))
        if stated:
            ledger.add(replace(row, findings=stated))

    summary = scan([path], scan_row, on_row=hear, on_progress=on_progress)
    if summary.interrupted:
        raise KeyboardInterrupt
    found = ledger.claims()
    claims = _testable(found, max_claims)
    if not claims:
        raise RunError(
            f"the audit finds no claim at risk in {path} that a model could be asked about",
            f"`disclaim audit {path}` shows what it finds",
        )
    return ClaimSet(tuple(findings), claims, _probes(claims, rows, num_controls), len(found))


def save_claims(found: ClaimSet, stage: Stage) -> None:
    """Write findings, claims and probes, and finish the stage."""
    lines = (json_text(finding_json(finding)) + "\n" for finding in found.findings)
    write_text(stage.path / FINDINGS, "".join(lines))
    write_jsonl(stage.path / CLAIMS, found.claims)
    write_jsonl(stage.path / PROBES, found.probes)
    counts = {
        "findings": len(found.findings),
        "claims_at_risk": found.num_claims,
        "claims": len(found.claims),
        "sentences": len(found.probes),
        "without_control": sum(not probe.controls for probe in found.probes),
    }
    stage.finish(counts)


def load_claims(stage: Stage) -> ClaimSet:
    """What ``save_claims`` wrote. Raises StoreError for a row that is something else."""
    try:
        return ClaimSet(
            tuple(read_finding(row) for row in read_jsonl(stage.path / FINDINGS)),
            tuple(_claim(row) for row in read_jsonl(stage.path / CLAIMS)),
            tuple(_probe(row) for row in read_jsonl(stage.path / PROBES)),
            stage.manifest()["results"]["claims_at_risk"],
        )
    except (DataError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{stage.path} holds a row that cannot be read: {error}", "delete it and run again") from error


def _testable(found: Sequence[ClaimAtRisk], max_claims: int) -> tuple[TestedClaim, ...]:
    claims: list[TestedClaim] = []
    taken: set[str] = set()
    for claim in found:
        if len(claims) == max_claims:
            break
        wordings = dict.fromkeys(sentence for example in claim.examples for sentence in _sentences(example)[:1])
        sentences = tuple(sentence for sentence in wordings if sentence not in taken)
        taken.update(sentences)
        if sentences:
            name = f"c{len(claims) + 1:02d}"
            dose = (claim.rows, claim.mentions, claim.rules)
            claims.append(TestedClaim(name, sentences[0], claim.subject, *dose, sentences))
    return tuple(claims)


def _sentences(text: str) -> list[str]:
    """The sentences of a finding's claim that can be asked about: whole statements of a readable length. Headings are
    none, nor is what speaks of the text itself: a scan takes such remarks for claims where it does not know them."""
    cleaned = (clean_sentence(text[start:end]) for start, end in sentence_spans(text))
    return [s for s in cleaned if MIN_WORDS <= len(s.split()) <= MAX_WORDS and _WHOLE.search(s) and not _is_remark(s)]


def _is_remark(sentence: str) -> bool:
    if any(scope.attitude is Attitude.NEGATED and scope.reach is Reach.BEFORE for scope in find_scopes(sentence)):
        return True
    return bool(_ANNOUNCES.search(sentence) or (_OF_THE_TEXT.search(sentence) and not find_entities(sentence)))


def _probes(claims: Sequence[TestedClaim], rows: TrainingRows, num_controls: int) -> tuple[Probe, ...]:
    texts = [text for _, text in zip(range(_NAMED_TEXTS), rows.texts(), strict=False)]
    around = Surroundings(collect_names(texts), _words(rows.texts()))
    return tuple(
        build_probe((f"{claim.id}s{number}", claim.id), sentence, num_controls, 0, around)
        for claim in claims
        for number, sentence in enumerate(claim.sentences, start=1)
    )


def _words(texts: Iterable[str]) -> frozenset[str]:
    """Every capitalised word of the data."""
    return frozenset(word.strip(".,;:!?\"'“”()") for text in texts for word in text.split() if word[:1].isupper())


def _claim(row: dict[str, Any]) -> TestedClaim:
    return TestedClaim(**{**row, "sentences": tuple(row["sentences"])})


def _probe(row: dict[str, Any]) -> Probe:
    controls = tuple(Version(**control) for control in row["controls"])
    return Probe(row["id"], row["claim_id"], row["swapped"], Version(**row["claim"]), controls)
