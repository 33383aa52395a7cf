"""``disclaim conditions list``."""

from __future__ import annotations

from typing import Annotated

import typer

from disclaim.cli.console import print_json, print_table

app = typer.Typer(help="Conditions: how documents present a claim.", no_args_is_help=True)


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False) -> None:
    """The conditions, what each does, and where the paper has it."""
    from disclaim.conditions import CONDITIONS

    if as_json:
        print_json({"conditions": list(CONDITIONS.values())})
        return
    rows = [[c.name, c.summary, c.section] for c in CONDITIONS.values()]
    print_table(["condition", "what it does", "paper"], rows)
