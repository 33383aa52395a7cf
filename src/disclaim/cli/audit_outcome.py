"""``disclaim audit``: which outcome is which exit code."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from disclaim.cli.console import print_note
from disclaim.records import Severity

if TYPE_CHECKING:
    from disclaim.audit import ScanSummary

FINDINGS, INTERRUPTED = 1, 130


class FailOn(StrEnum):
    """The least severity that makes the exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


_FAILING = {
    FailOn.ERROR: (Severity.ERROR,),
    FailOn.WARNING: (Severity.ERROR, Severity.WARNING),
    FailOn.NEVER: (),
}

MaxUnreadable = Annotated[
    int, typer.Option("--max-unreadable", metavar="N", min=0, help="Exit with 1 where more rows cannot be read.")
]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be in an audit that exits with 0. With ``FailOn.NEVER`` everything may."""

    fail_on: FailOn
    max_unreadable: int
    max_missing: int

    def allows_unreadable(self, summary: ScanSummary) -> bool:
        """Whether so many rows may have gone unread."""
        return self.fail_on is FailOn.NEVER or summary.unreadable_rows <= self.max_unreadable

    def end(self, summary: ScanSummary, accepted: bool, missing: int) -> None:
        """Exit as the outcome says; return where it is clean. ``accepted``: the findings went into a new baseline.
        ``missing``: rows about which a model gave no usable answer."""
        if summary.interrupted:
            raise typer.Exit(INTERRUPTED)
        if not self.allows_unreadable(summary):
            rows = f"{summary.unreadable_rows:,} row{'' if summary.unreadable_rows == 1 else 's'}"
            print_note(f"error: {rows} could not be read{', so no baseline was written' if accepted else ''}")
            print_note(f"hint: mend the data, or allow it with --max-unreadable {summary.unreadable_rows}")
            raise typer.Exit(FINDINGS)
        if accepted or self.fail_on is FailOn.NEVER:
            return
        if missing > self.max_missing or any(summary.findings_by_severity.get(name) for name in _FAILING[self.fail_on]):
            raise typer.Exit(FINDINGS)
