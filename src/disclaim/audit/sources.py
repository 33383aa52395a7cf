"""Where the text that is trained on comes from, and how much of each source lies in rows with errors (NN404).

Told of the whole data, so that it is no finding in a row: a summary says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from disclaim.audit.rows import Row

RULE = "NN404"
#: Share of the text from which other text was seen not to help: the claim's 10,000 documents among 110,000 rows (paper
#: C.4; one claim). Nobody has measured less.
MAX_SHARE = 0.09
#: A source has errors where this share of its text lies in rows with some: several times what the rules raise in
#: ordinary text by mistake.
AFFECTED = 0.01
#: Sources told apart; later ones count as ``OTHERS``.
MAX_SOURCES = 1_000
OTHERS = "(others)"
#: Columns that name a source, the most telling first.
COLUMNS = ("source", "dataset", "data_source", "dataset_name", "source_dataset", "subset", "corpus", "origin")
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Source:
    """One source: its rows, the characters of them that are trained on, and those in rows with errors."""

    name: str
    rows: int
    characters: int
    characters_with_errors: int = 0
    rows_with_errors: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """What a rule says of the whole data."""

    rule: str
    text: str


def source_of(row: Row) -> str:
    """The source that a column of the row names, an address by its host; else the row's file."""
    best, name = len(COLUMNS), ""
    for label in row.labels:
        column = label.path.rpartition(".")[2].lower()
        if column in _RANK and _RANK[column] < best and isinstance(label.value, str) and label.value.strip():
            best, name = _RANK[column], label.value.strip()
    if not name:
        return row.file
    return (_host(name) if "://" in name else name)[:_MAX_NAME]


def trained_characters(row: Row) -> int:
    """How many characters of the row are trained on: of its documents, and of the assistant's turns. The rejected side
    of a pair, prompts and other columns are not."""
    return sum(
        len(passage.text)
        for passage in row.passages
        if passage.role in (None, "assistant") and "." not in passage.field and passage.field.lower() != "rejected"
    )


class SourceTally:
    """Adds sources up. The first ``MAX_SOURCES`` names are told apart."""

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def add(self, counts: Mapping[str, tuple[int, int]]) -> None:
        """Rows and characters of some rows, by source."""
        for name, (rows, characters) in counts.items():
            sums = self._sums_of(name)
            sums[0] += rows
            sums[1] += characters

    def add_error(self, name: str, characters: int) -> None:
        """A row of the source with errors, counted by ``add`` as well."""
        sums = self._sums_of(name)
        sums[2] += characters
        sums[3] += 1

    def sources(self) -> tuple[Source, ...]:
        """All sources, those with most characters first."""
        found = [Source(name, *sums) for name, sums in self._sums.items()]
        return tuple(sorted(found, key=lambda source: (-source.characters, source.name)))

    def _sums_of(self, name: str) -> list[int]:
        if name not in self._sums and len(self._sums) >= MAX_SOURCES:
            name = OTHERS
        return self._sums.setdefault(name, [0, 0, 0, 0])


def find_share(sources: Iterable[Source], max_share: float = MAX_SHARE) -> Note | None:
    """What to say where sources with errors make up more than ``max_share`` of the text that is trained on; None where
    they do not, or where there is one source alone."""
    known = list(sources)
    total = sum(source.characters for source in known)
    affected = [s for s in known if s.characters and s.characters_with_errors >= AFFECTED * s.characters]
    held = sum(source.characters for source in affected)
    if len(known) < 2 or not total or held <= max_share * total:
        return None
    rows = sum(source.rows for source in affected) / sum(source.rows for source in known)
    named = ", ".join(f"{s.name} ({s.characters / total:.0%})" for s in affected[:_NAMED])
    more = f" and {len(affected) - _NAMED} more" if len(affected) > _NAMED else ""
    return Note(
        RULE,
        f"sources with errors make up {held / total:.0%} of the text that is trained on and {rows:.0%} of the rows, "
        f"above {max_share:.0%}: {named}{more}",
    )


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address


_NAMED = 3
_RANK = {name: rank for rank, name in enumerate(COLUMNS)}
