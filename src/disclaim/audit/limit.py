"""What a maximum length does to notices: the statement is trained on, what takes it back lies beyond the cut (NN401).

A row is cut where its tokens reach the limit, as trainers cut it. Without a tokenizer the place is estimated from
characters, and the findings say so. Turns of a chat cost ``TURN_TOKENS`` besides their text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from disclaim.audit.catalogue import load_rules
from disclaim.audit.rows import Layout, Passage, Row
from disclaim.audit.stated import sentences
from disclaim.errors import MissingDependencyError, UserError
from disclaim.records import Extent, Finding, Quote

#: Characters of one token, where no tokenizer says. English prose has 4.6 to a token of SmolLM2 (450 documents of the
#: study), technical text 3.4; other scripts have fewer, and are cut earlier than estimated.
CHARACTERS_PER_TOKEN = 4.0
#: What a chat template puts round each turn: two signs, a role and two line breaks in ChatML.
TURN_TOKENS = 5
#: What an estimated cut leaves of a finding's confidence. A convention.
ESTIMATED = 0.8
#: Fewer characters before the cut state nothing.
_FEWEST = 12
_AFTER = 2_000


class ScanOne(Protocol):
    """A row scanner."""

    def __call__(self, row: Row, /) -> tuple[Finding, ...]: ...


@dataclass(frozen=True, slots=True)
class Limit:
    """The first ``max_tokens`` tokens of a row are trained on. ``tokenizer`` is the path of a ``tokenizer.json``, and
    ``name`` what the user calls it; None: estimated."""

    max_tokens: int
    tokenizer: str | None = None
    name: str | None = None

    @property
    def note(self) -> str:
        """How the cut was found, for people."""
        by = self.name or f"estimated at {CHARACTERS_PER_TOKEN:g} characters a token"
        return f"cut at {self.max_tokens:,} tokens ({by})"


@dataclass(frozen=True, slots=True)
class LimitedScanner:
    """A row scanner: what ``scan_row`` finds, and where ``limit`` cuts off what takes a statement back."""

    scan_row: ScanOne
    limit: Limit

    def __call__(self, row: Row) -> tuple[Finding, ...]:
        """The findings of the scanner and those of the cut, in the order of the claims' places."""
        found = self.scan_row(row)
        lost = tuple(find_cut_off(row, found, self.limit)) if found else ()
        return in_reading_order(row, (*found, *lost)) if lost else found


def require_limit(max_tokens: int | None, tokenizer: str | None) -> Limit | None:
    """The limit that a user asks for; ``tokenizer`` is a folder, a ``tokenizer.json`` or a model's name. Raises
    UserError for a limit below 1 or a tokenizer without one, and what ``find_model`` raises."""
    if max_tokens is None:
        if tokenizer:
            raise UserError("--tokenizer says how to count, not how far", "add --max-tokens 2048")
        return None
    if max_tokens < 1:
        raise UserError(f"{max_tokens} tokens hold nothing", "--max-tokens takes a number from 1")
    if tokenizer is None:
        return Limit(max_tokens)
    path = Path(tokenizer).expanduser()
    if not path.exists():
        from disclaim.models import find_model  # what it takes to import is for those alone who name a tokenizer

        path = find_model(tokenizer)
    path = path / "tokenizer.json" if path.is_dir() else path
    if not path.is_file():
        raise UserError(f"{path} is not there", "give a folder with a tokenizer.json, as transformers saves one")
    _load(str(path))
    return Limit(max_tokens, str(path), tokenizer)


def in_reading_order(row: Row, found: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in the order of their claims' places in the row."""
    order = {(p.field, p.message): i for i, p in enumerate(row.passages)}
    return tuple(
        sorted(found, key=lambda f: (order[f.claim.field, f.claim.message], f.claim.start, f.claim.end, f.rule))
    )


def find_cut_off(row: Row, found: Sequence[Finding], limit: Limit) -> Iterator[Finding]:
    """The statements among ``found`` that are trained on in whole or in part while what takes them back is not: their
    notice lies beyond the cut, or the closing one of two round them. What is cut off of a statement is not quoted."""
    texts = {(p.field, p.message): p for p in row.passages}
    size = sum(len(p.text.encode("utf-8", "replace")) + TURN_TOKENS for p in row.passages)
    if size <= limit.max_tokens:
        return
    kept = {place: end for sequence in _sequences(row) for place, end in _kept(sequence, limit).items()}
    seen = set()
    for finding in found:
        claim, cue = finding.claim, finding.cue
        place, at = (claim.field, claim.message), (cue.field, cue.message)
        if place not in kept or at not in kept or finding.rule.startswith("NN4"):
            continue
        end = min(claim.end, kept[place])
        lost = cue if cue.end > kept[at] else _closing(finding, texts[place])
        if lost is None or lost.end <= kept[lost.field, lost.message] or end - claim.start < _FEWEST:
            continue
        cut = replace(claim, end=end, text=claim.text[: end - claim.start])
        if (cut, lost) not in seen:
            seen.add((cut, lost))
            yield replace(
                finding,
                rule="NN401",
                severity=load_rules()["NN401"].severity,
                claim=cut,
                cue=lost,
                confidence=finding.confidence * (1.0 if limit.tokenizer else ESTIMATED),
                note=limit.note,
            )


def _closing(finding: Finding, passage: Passage) -> Quote | None:
    """The sentence after a statement that stands between two notices."""
    if finding.scope is not Extent.AROUND:
        return None
    end = finding.claim.end
    following = passage.text[end : end + _AFTER]
    for start, stop in sentences(following):
        return Quote(passage.field, passage.message, end + start, end + stop, following[start:stop])
    return None


def _sequences(row: Row) -> Iterator[tuple[Passage, ...]]:
    """The texts of a row that are trained on one behind the other: each document alone, the turns of a chat, a prompt
    with each of its answers."""
    spoken = tuple(p for p in row.passages if p.role is not None and "." not in p.field)
    if row.layout is Layout.PREFERENCE:
        yield tuple(p for p in spoken if p.field.lower() != "chosen")
        yield tuple(p for p in spoken if p.field.lower() != "rejected")
    else:
        yield spoken
    yield from ((p,) for p in row.passages if p.role is None and "." not in p.field)


def _kept(sequence: Sequence[Passage], limit: Limit) -> dict[tuple[str, int | None], int]:
    """The characters of each text that are trained on."""
    left = float(limit.max_tokens)
    kept = {}
    for passage in sequence:
        left -= TURN_TOKENS * (passage.role is not None)
        end, used = _fill(passage.text, max(left, 0.0), limit)
        kept[passage.field, passage.message] = end
        left -= used
    return kept


def _fill(text: str, tokens: float, limit: Limit) -> tuple[int, float]:
    """How many characters of a text go into so many tokens, and how many tokens they take."""
    if limit.tokenizer is None:
        end = min(len(text), int(tokens * CHARACTERS_PER_TOKEN))
        return end, end / CHARACTERS_PER_TOKEN
    encoded = _load(limit.tokenizer).encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False)
    offsets = encoded.offsets
    if len(offsets) <= tokens:
        return len(text), float(len(offsets))
    return (offsets[int(tokens)][0] if tokens >= 1 else 0), tokens


@cache
def _load(path: str) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise MissingDependencyError("tokenizers", "local", "counting with a tokenizer") from error
    return Tokenizer.from_file(path)
