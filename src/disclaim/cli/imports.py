"""``disclaim import answers``: results of others become a run that report, judge and agreement work on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table

app = typer.Typer(help="Make runs from results in other layouts.", no_args_is_help=True)


@app.callback()
def _root() -> None:
    pass


@app.command("answers")
def answers(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="<claim>/<condition>/{base,final}/<instrument>.csv[.gz]")
    ],
    out: Annotated[Path, typer.Option("--out", help="The run folder to make.")],
    model: Annotated[str, typer.Option(help="The name of the model that answered.")] = "unknown",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Import the study authors' answers with their judge's verdicts, and estimate belief from them.

    Example: disclaim import answers results --out runs/imported && disclaim report runs/imported
    """
    from disclaim.evaluation import import_answers
    from disclaim.report import render_text_table

    imported = import_answers(folder, out, model, datetime.now(UTC).isoformat(timespec="seconds"))
    if as_json:
        print_json(imported)
        return
    table = render_text_table(out)
    print_table(table.columns, table.rows)
    print(f"{imported.num_answers} answers, {len(imported.arms)} arms in {out}")
    if imported.skipped:
        print_note(f"left out, not an instrument of the paper: {', '.join(imported.skipped[:5])}")
