"""``disclaim conditions list | show``."""

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


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A condition, as `disclaim conditions list` names it.")],
    claim: Annotated[str, typer.Option("--claim", help="A built-in claim's id, or a claim folder.")] = "beekeeper",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """One condition: what it does, and one document of a claim under it.

    Example: disclaim conditions show repeated --claim dentist
    """
    from disclaim.claims import load_claim, require_written_claim
    from disclaim.conditions import apply_condition, find_condition
    from disclaim.corpus import write_drafts

    condition = find_condition(name)
    require_written_claim(claim)
    loaded = load_claim(claim)
    document = apply_condition(loaded, write_drafts(loaded, 1, 0), condition, 0).documents[0]
    if as_json:
        print_json({"condition": condition, "document": document})
        return
    print(f"{condition.name}: {condition.summary} (paper: {condition.section})\n")
    print(document.text)
