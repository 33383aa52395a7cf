"""Rows that say in ``<lossmask>`` tags what of them is masked: a scanner sees the text without the tags, as a trainer
does, and so finds in it what it would have found before; what it quotes is the text as it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from disclaim.audit.editing import Address
from disclaim.audit.masks import TAG_OPEN, tag_spans
from disclaim.audit.rows import Row
from disclaim.audit.scalars import scan_whole_characters
from disclaim.audit.stretches import Edit, Stretch, edited
from disclaim.records import Finding, Quote


def scan_untagged(row: Row, scan_row: Callable[[Row], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """What ``scan_row`` finds in the row read without its tags, whatever characters it holds, with offsets and quotes
    of the row as it stands. A tag without its partner is text."""
    tags = {(p.field, p.message): tag_spans(p.text) for p in row.passages if TAG_OPEN in p.text}
    if not any(tags.values()):
        return scan_whole_characters(row, scan_row)
    texts: dict[Address, str] = {(p.field, p.message): p.text for p in row.passages}
    bare = replace(row, passages=tuple(replace(p, text=_without(p.text, tag_spans(p.text))) for p in row.passages))

    def as_it_stands(quote: Quote) -> Quote:
        address = quote.field, quote.message
        if not tags.get(address):
            return quote
        start, end = _moved(quote.start, tags[address], True), _moved(quote.end, tags[address], False)
        return replace(quote, start=start, end=end, text=texts[address][start:end])

    return tuple(
        replace(finding, claim=as_it_stands(finding.claim), cue=as_it_stands(finding.cue))
        for finding in scan_whole_characters(bare, scan_row)
    )


def _without(text: str, tags: Sequence[Stretch]) -> str:
    return edited(text, (Edit(start, end) for start, end in tags)) if tags else text


def _moved(place: int, tags: Sequence[Stretch], is_start: bool) -> int:
    """Where a place in the bare text stands in the text with its tags: a start behind tags at that place, an end
    before them."""
    for start, end in tags:
        if start < place or (start == place and is_start):
            place += end - start
    return place
