"""Findings that somebody has dealt with: masked or noted in the row, by rule, by claim, or in a baseline file.

Whatever is suppressed is counted, so a report can say how much it does not show.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from disclaim.audit.masks import unmasked
from disclaim.audit.rows import Row
from disclaim.audit.wording import normal_form
from disclaim.errors import DataError, PathError, StoreError, UserError, nearest_hint
from disclaim.records import Finding
from disclaim.store import Json, read_json, write_json

#: The column, or the key of a row's metadata or of a turn, that suppresses findings in its row or turn.
COLUMN = "disclaim"
BASELINE_VERSION = 1
_SHOWN_CLAIM = 120

_IDS = r"NN\d{0,3}(?:\s*,\s*NN\d{0,3})*"
_IN_TEXT = re.compile(rf"\bdisclaim:\s*ignore\s*\[\s*({_IDS})\s*\]")
_IN_LABEL = re.compile(rf"\s*ignore\s*(?:\[\s*({_IDS})\s*\])?\s*", re.I)
_ONLY_IDS = re.compile(rf"\s*({_IDS})\s*")
_SELECTOR = re.compile(r"NN\d{0,3}")


class Means(StrEnum):
    """By what a finding was suppressed."""

    MASK = "mask"
    INLINE = "inline"
    RULE = "rule"
    CLAIM = "claim"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Suppressions:
    """What is not to be reported anywhere: ``rules`` are ids or the beginnings of ids ("NN2"), ``claims`` are texts,
    of which a finding's claim holds one whatever the case and punctuation."""

    rules: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()

    def means_of(self, finding: Finding) -> Means | None:
        """By what the finding is suppressed; None where it stands."""
        if self.rules and finding.rule.startswith(self.rules):
            return Means.RULE
        if self.claims:
            claim = f" {normal_form(finding.claim.text)} "
            if any(f" {normal_form(text)} " in claim for text in self.claims):
                return Means.CLAIM
        return None


#: Everything is reported.
NO_SUPPRESSIONS = Suppressions()


def require_suppressions(rules: Sequence[str], claims: Sequence[str], known: Iterable[str]) -> Suppressions:
    """The suppressions, checked. Raises UserError for a rule that begins no ``known`` id and for an empty claim."""
    known = tuple(known)
    selectors = tuple(part.strip().upper() for rule in rules for part in rule.split(",") if part.strip())
    for selector in selectors:
        if not _SELECTOR.fullmatch(selector) or not any(name.startswith(selector) for name in known):
            hint = (
                nearest_hint(selector, known) if known else "a rule has an id such as NN102; NN2 stands for all NN2xx"
            )
            raise UserError(f"no rule begins with {selector}", hint)
    for claim in claims:
        if not normal_form(claim):
            raise UserError(f"a claim to ignore has no word in it: {claim!r}", "give some of the claim's words")
    return Suppressions(selectors, tuple(claims))


def suppress(
    row: Row, findings: Sequence[Finding], suppressions: Suppressions
) -> tuple[tuple[Finding, ...], Counter[Means]]:
    """The findings of the row that stand, in their order, and how many do not, by what suppressed them. A claim that
    the row takes out of the loss is no finding."""
    counts: Counter[Means] = Counter()
    if not findings:
        return (), counts
    standing = unmasked(row, findings)
    if len(standing) < len(findings):
        counts[Means.MASK] = len(findings) - len(standing)
    notes = list(_inline_notes(row))
    kept = []
    for finding in standing:
        means = Means.INLINE if any(note.covers(finding) for note in notes) else suppressions.means_of(finding)
        if means is None:
            kept.append(finding)
        else:
            counts[means] += 1
    return tuple(kept), counts


@dataclass(frozen=True, slots=True)
class _Note:
    """An inline suppression: of ``rules`` (() for all), in the whole row or in one passage of it."""

    rules: tuple[str, ...]
    field: str | None = None
    message: int | None = None

    def covers(self, finding: Finding) -> bool:
        if self.rules and not finding.rule.startswith(self.rules):
            return False
        places = {(quote.field, quote.message) for quote in (finding.claim, finding.cue)}
        return self.field is None or (self.field, self.message) in places


def _inline_notes(row: Row) -> Iterable[_Note]:
    for passage in row.passages:
        if f"{COLUMN}:" in passage.text:
            for found in _IN_TEXT.finditer(passage.text):
                yield _Note(_split(found[1]), passage.field, passage.message)
    for label in row.labels:
        parts = label.path.split(".")
        if COLUMN in parts:
            rules = _label_rules(parts[parts.index(COLUMN) + 1 :], label.value)
            if rules is not None:
                yield _Note(rules, *_turn_of(parts))


def _label_rules(below: Sequence[str], value: object) -> tuple[str, ...] | None:
    """The rules that a value at or below the key names: "ignore", "ignore[NN102]", {"ignore": ["NN102"]} or true."""
    if below and below[0] == "ignore":
        named = _ONLY_IDS.fullmatch(str(value))
        if named:
            return _split(named[1])
        return () if value is True or value == "*" else None
    found = _IN_LABEL.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    return _split(found[1]) if found[1] else ()


def _turn_of(parts: Sequence[str]) -> tuple[str | None, int | None]:
    """The turn that the key belongs to ("messages.3.disclaim"), or the whole row."""
    if parts.index(COLUMN) == 2 and parts[1].isdecimal():
        return parts[0], int(parts[1])
    return None, None


def _split(ids: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in ids.split(","))


def fingerprint(finding: Finding) -> str:
    """16 hex digits that tell a finding by rule, claim and cue: the same wherever in the data the row moves, and
    whatever is added around it. Equal findings in several rows share theirs."""
    parts = (finding.rule, normal_form(finding.claim.text), normal_form(finding.cue.text))
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


class Baseline:
    """Findings known before, each as often as it was known: one more of a kind is news, since dose decides."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        self._left = Counter(dict(counts))

    def accepts(self, finding: Finding) -> bool:
        """Whether the finding was known; uses up one of its kind."""
        known = fingerprint(finding)
        if self._left[known] <= 0:
            return False
        self._left[known] -= 1
        return True

    @property
    def num_gone(self) -> int:
        """How many known findings have not come up."""
        return sum(self._left.values())


class BaselineWriter:
    """Gathers findings for a baseline file; its size grows with distinct findings, not with rows."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._shown: dict[str, tuple[str, str]] = {}

    def add(self, finding: Finding) -> None:
        """Count one finding."""
        known = fingerprint(finding)
        self._counts[known] += 1
        if known not in self._shown:
            self._shown[known] = (finding.rule, normal_form(finding.claim.text)[:_SHOWN_CLAIM])

    def write(self, path: Path) -> None:
        """Write the file, sorted so that a change of it can be reviewed."""
        entries = {
            known: {"rule": self._shown[known][0], "claim": self._shown[known][1], "count": self._counts[known]}
            for known in sorted(self._counts, key=lambda key: (self._shown[key], key))
        }
        write_json(path, {"disclaim_baseline": BASELINE_VERSION, "findings": entries})


def load_baseline(path: Path) -> Baseline:
    """The baseline that ``BaselineWriter`` wrote. Raises DataError for any other file."""
    if not path.is_file():
        raise UserError(f"no baseline file: {path}", f"make it with --write-baseline {path}")
    findings = _known_findings(path)
    if findings is None:
        raise DataError(f"{path} is not a baseline file", "name the file that --write-baseline wrote")
    counts = {}
    for known, entry in findings.items():
        count = entry.get("count") if isinstance(entry, dict) else None
        if not isinstance(count, int) or isinstance(count, bool):
            raise DataError(f"{path}: {known} has no count", "make a new one with --write-baseline")
        counts[known] = count
    return Baseline(counts)


def require_baseline_place(path: Path) -> None:
    """Raise DataError where a new baseline would take the place of a file that is something else."""
    if path.is_file() and path.stat().st_size and _known_findings(path) is None:
        raise DataError(f"{path} is not a baseline file, and would be overwritten", "choose another --write-baseline")


def _known_findings(path: Path) -> Json | None:
    """The entries of a baseline file; None where the file is something else."""
    try:
        value = read_json(path)
    except PathError:
        raise
    except StoreError:
        return None
    findings = value.get("findings") if isinstance(value, dict) else None
    ours = isinstance(findings, dict) and value.get("disclaim_baseline") == BASELINE_VERSION
    return findings if ours else None
