"""``disclaim audit``: the options for what needs more than a row: a length, repetition, the user's own notices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from disclaim.audit import ScanRow

MaxTokens = Annotated[
    int | None,
    typer.Option(metavar="N", help="Rows are cut at so many tokens: find notices that are cut off (NN401)."),
]
TokenizerName = Annotated[
    str | None,
    typer.Option(metavar="MODEL", help="Count tokens with this model's tokenizer, or a folder's; else estimated."),
]
ListRepeated = Annotated[
    bool, typer.Option("--repeated", help="List sentences that come again beside others: possible notices.")
]
NoticeTexts = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[REACH=]TEXT",
        help="Take this sentence for a notice, about what stands before, after or around it, or the document.",
    ),
]
NoticeFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Take the sentences of this YAML file for notices.")
]
SourceShare = Annotated[
    float, typer.Option(metavar="SHARE", help="Tell where sources with errors make up more of the text (NN404).")
]


def extended(
    scan_row: ScanRow, notice: Sequence[str] | None, notices: Path | None, max_tokens: int | None, tokenizer: str | None
) -> ScanRow:
    """The scanner with the user's notices and maximum length. Raises UserError for options that make no sense."""
    from disclaim.audit import extend_scanner, require_limit, require_notices

    return extend_scanner(scan_row, require_notices(notice or (), notices), require_limit(max_tokens, tokenizer))
