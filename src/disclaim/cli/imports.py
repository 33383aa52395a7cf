"""``disclaim import answers | claims``: results and claims of others in our layouts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table

app = typer.Typer(help="Make runs and claims from those of the study's authors.", no_args_is_help=True)


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
    print_note(f"see them: disclaim report {out}; judge them too: disclaim judge {out}")
    if imported.skipped:
        print_note(f"left out, not an instrument of the paper: {', '.join(imported.skipped[:5])}")


@app.command("claims")
def claims(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A claim folder of the study's authors, or a folder of several.")
    ],
    out: Annotated[Path, typer.Option("--out", help="The folder in which claim folders are made.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Make claim folders of the study authors' own, as far as their files carry, and say what they do not.

    Taken verbatim: claim.txt, the universe context with its subclaims, the questions of the four instruments. Triples,
    controls, likelihoods and patterns they have none: those stay to be written, and `disclaim claims check` lists them.
    Example: disclaim import claims negation_neglect/claims --out claims
    """
    from disclaim.claims import import_claims

    made = import_claims(folder, out)
    if as_json:
        print_json({"claims": made})
        return
    rows = [[claim.id, piece.file, piece.field, piece.taken, piece.note] for claim in made for piece in claim.pieces]
    print_table(["claim", "file", "goes to", "taken", "not taken"], rows)
    for claim in made:
        print_note(f"{claim.num_gaps} gaps to fill in: disclaim claims check {claim.folder}")
