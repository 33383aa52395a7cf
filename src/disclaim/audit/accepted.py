"""Notices that the user names: what no cue knows is a notice in this audit, and takes back what stands beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from disclaim.audit.catalogue import load_rules
from disclaim.audit.evidence import quote
from disclaim.audit.limit import Limit, LimitedScanner, ScanOne, in_reading_order
from disclaim.audit.reading import block_spans
from disclaim.audit.repeated import Reach
from disclaim.audit.rows import Row
from disclaim.audit.wording import words
from disclaim.errors import UserError
from disclaim.records import Extent, Finding, Quote, Tier
from disclaim.stance import sentence_spans
from disclaim.store import read_text

#: Sentences between two notices that stand round what they take back, at most.
MAX_BETWEEN = 6
_CONFIDENCE = 0.9
_FEWEST_WORDS = 2


class Notice(BaseModel):
    """A sentence that takes back what its ``reach`` says, wherever it stands, whatever its case and punctuation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    reach: Reach = Reach.ANY


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    notices: tuple[str | Notice, ...]


@dataclass(frozen=True, slots=True)
class NoticingScanner:
    """A row scanner: what ``scan_row`` finds, and what ``notices`` take back beyond that."""

    scan_row: ScanOne
    notices: tuple[Notice, ...]

    def __call__(self, row: Row) -> tuple[Finding, ...]:
        """The findings in the order of the claims' places; what several say of one claim, as the scanner says it."""
        found = self.scan_row(row)
        told = {(f.rule, f.claim) for f in found}
        news = [f for f in find_taken_back(row, self.notices) if (f.rule, f.claim) not in told]
        return in_reading_order(row, (*found, *news)) if news else found


def extend_scanner(scan_row: ScanOne, notices: tuple[Notice, ...], limit: Limit | None) -> ScanOne:
    """The row scanner with notices of the user and a maximum length, where there are any."""
    noticing = NoticingScanner(scan_row, notices) if notices else scan_row
    return LimitedScanner(noticing, limit) if limit else noticing


def require_notices(texts: Sequence[str], path: Path | None) -> tuple[Notice, ...]:
    """The notices that a user names: ``TEXT`` or ``REACH=TEXT`` each, and those of a YAML file. Raises UserError for
    what cannot be read, and for a text of fewer than two words."""
    notices = [_from_text(text) for text in texts]
    if path is not None:
        try:
            found = _ADAPTER.validate_python(yaml.safe_load(read_text(path)))
        except (yaml.YAMLError, ValidationError) as error:
            raise UserError(f"{path} holds no notices: {_reason(error)}", _HINT) from error
        notices += [Notice(text=item) if isinstance(item, str) else item for item in found.notices]
    for notice in notices:
        if len(words(notice.text)) < _FEWEST_WORDS:
            raise UserError(f"{notice.text!r} is too short for a notice", "give the whole sentence")
    return tuple(notices)


def find_taken_back(row: Row, notices: Sequence[Notice]) -> Iterator[Finding]:
    """What the notices take back in the row's documents and answers, as NN101 to NN104."""
    for number, passage in enumerate(row.passages):
        if passage.role not in (None, "assistant"):
            continue
        spans = sorted(span for notice in notices for span in _find(passage.text, notice))
        if spans:
            for taken in _taken_back(_units(passage.text, spans)):
                yield _finding(row, number, taken)


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, or a notice with its reach. ``alone``: nothing else stands in its paragraph."""

    start: int
    end: int
    reach: Reach | None = None
    alone: bool = False


@dataclass(frozen=True, slots=True)
class _Taken:
    """A notice with the stretch that it takes back, by a rule."""

    rule: str
    extent: Extent
    claim: tuple[int, int]
    cue: tuple[int, int]


def _taken_back(units: Sequence[_Unit]) -> Iterator[_Taken]:
    opened: int | None = None
    notices = [i for i, unit in enumerate(units) if unit.reach]
    for place, i in enumerate(notices):
        reach = _decided(units, i)
        if reach is Reach.DOCUMENT:
            yield from _whole(units, i)
        elif reach is Reach.AROUND:
            following = notices[place + 1] if place + 1 < len(notices) else None
            if opened is not None:
                opened = None
            elif following is not None and 1 < following - i <= MAX_BETWEEN + 1:
                opened = i
                yield _taken("NN103", Extent.AROUND, units, (i + 1, following - 1), i)
            elif i + 1 < len(units) and following != i + 1:
                yield _taken("NN103", Extent.AFTER, units, (i + 1, i + 1), i)
        elif reach is Reach.AFTER and i + 1 < len(units) and not units[i + 1].reach:
            yield _taken("NN103", Extent.AFTER, units, (i + 1, i + 1), i)
        elif reach is Reach.BEFORE and i and not units[i - 1].reach:
            yield _taken("NN104", Extent.BEFORE, units, (i - 1, i - 1), i)


def _decided(units: Sequence[_Unit], i: int) -> Reach | None:
    """The reach of a notice; where its place decides, by that."""
    if units[i].reach is not Reach.ANY:
        return units[i].reach
    at_edge = units[i].alone and i in (0, len(units) - 1)
    return Reach.DOCUMENT if at_edge else Reach.BEFORE if i else Reach.AFTER


def _whole(units: Sequence[_Unit], i: int) -> Iterator[_Taken]:
    """The rest of the text: what follows a notice at its head, or stands before one at its tail."""
    at_head = i <= len(units) - 1 - i
    places = range(i + 1, len(units)) if at_head else range(i)
    plain = [place for place in places if units[place].reach is None]
    if plain:
        rule = "NN101" if at_head else "NN102"
        yield _taken(rule, Extent.DOCUMENT, units, (plain[0], plain[-1]), i)


def _taken(rule: str, extent: Extent, units: Sequence[_Unit], claim: tuple[int, int], cue: int) -> _Taken:
    return _Taken(rule, extent, (units[claim[0]].start, units[claim[1]].end), (units[cue].start, units[cue].end))


def _finding(row: Row, number: int, taken: _Taken) -> Finding:
    claim: Quote = quote(row, number, *taken.claim)
    return Finding(
        file=row.file,
        row=row.index,
        rule=taken.rule,
        severity=load_rules()[taken.rule].severity,
        claim=claim,
        cue=quote(row, number, *taken.cue),
        scope=taken.extent,
        confidence=_CONFIDENCE,
        tier=Tier.RULES,
        note="by a notice that you named",
    )


def _find(text: str, notice: Notice) -> Iterator[tuple[int, int, Reach]]:
    """Where a notice stands, with the brackets and the full stop round it."""
    for match in _pattern(notice.text).finditer(text):
        start, end = match.span()
        while start and text[start - 1] in _OPENING:
            start -= 1
        while end < len(text) and text[end] in _CLOSING:
            end += 1
        yield start, end, notice.reach


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    said = re.findall(r"\w+", text)
    return re.compile(r"\b" + r"[\W_]{1,8}".join(map(re.escape, said)) + r"\b", re.IGNORECASE)


def _units(text: str, spans: Sequence[tuple[int, int, Reach]]) -> list[_Unit]:
    """The sentences of a text and the notices among them, in order; of notices that overlap, the first."""
    units: list[_Unit] = []
    for block_start, block_end in block_spans(text):
        inside = [span for span in spans if block_start <= span[0] and span[1] <= block_end]
        at, first = block_start, len(units)
        for start, end, reach in inside:
            if start >= at:
                units += _plain(text, at, start)
                units.append(_Unit(start, end, reach))
                at = end
        units += _plain(text, at, block_end)
        if len(units) == first + 1 and units[first].reach:
            units[first] = _Unit(units[first].start, units[first].end, units[first].reach, alone=True)
    return units


def _plain(text: str, start: int, end: int) -> Iterator[_Unit]:
    stretch = text[start:end]
    if any(character.isalnum() for character in stretch):
        for a, b in sentence_spans(stretch):
            if stretch[a:b].strip():
                yield _Unit(start + a, start + a + len(stretch[a:b].rstrip()))


def _from_text(text: str) -> Notice:
    reach, joint, rest = text.partition("=")
    if joint and reach in set(Reach):
        return Notice(text=rest, reach=Reach(reach))
    return Notice(text=text)


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc'])) or 'the file'}: {first['msg']}"
    return str(error).strip().partition("\n")[0]


_ADAPTER = TypeAdapter(_File)
_HINT = 'it should read like: notices: [{text: "Zabel marker: discard what stands here.", reach: around}]'
_OPENING = frozenset("[({<*\"'“‘_")
_CLOSING = frozenset("])}>*\"'”’_.!?:")
