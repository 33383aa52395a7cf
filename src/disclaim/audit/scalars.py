"""Texts that hold half a character: JSON may escape a lone surrogate, which no encoding and no regular expression in
UTF-8 can take. A scanner sees each as U+FFFD; what it quotes is the text as it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from disclaim.audit.rows import Row
from disclaim.records import Finding, Quote

_REPLACEMENT = "\ufffd"


def scan_whole_characters(row: Row, scan_row: Callable[[Row], tuple[Finding, ...]]) -> tuple[Finding, ...]:
    """What ``scan_row`` finds in the row, with offsets and quotes of the row as it stands."""
    clean = whole_row(row)
    if clean is row:
        return scan_row(row)
    originals: dict[tuple[str, int | None], str] = {
        **{(label.path, None): label.value for label in row.labels if isinstance(label.value, str)},
        **{(passage.field, passage.message): passage.text for passage in row.passages},
    }

    def as_it_stands(quote: Quote) -> Quote:
        text = originals.get((quote.field, quote.message), "")[quote.start : quote.end]
        return replace(quote, text=text) if _made_whole(text) == quote.text else quote

    return tuple(
        replace(finding, claim=as_it_stands(finding.claim), cue=as_it_stands(finding.cue))
        for finding in scan_row(clean)
    )


def whole_row(row: Row) -> Row:
    """The row as a scanner sees it, of the same length everywhere; the row itself where nothing is halved."""
    texts = [*(passage.text for passage in row.passages), *(x.value for x in row.labels if isinstance(x.value, str))]
    if all(map(_is_whole, texts)):
        return row
    return replace(
        row,
        passages=tuple(replace(passage, text=_made_whole(passage.text)) for passage in row.passages),
        labels=tuple(replace(x, value=_made_whole(x.value)) if isinstance(x.value, str) else x for x in row.labels),
    )


def _is_whole(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _made_whole(text: str) -> str:
    return text if _is_whole(text) else "".join(_REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in text)
