"""``disclaim rules``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table
from disclaim.errors import UnknownNameError

if TYPE_CHECKING:
    from disclaim.audit import Rule

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]


def register(root: typer.Typer) -> None:
    """Add the command to the root command."""
    root.command("rules")(rules)


def rules(
    rule: Annotated[str | None, typer.Argument(metavar="RULE", help="Show this rule's page, e.g. NN102.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the rules of the audit, or show one: what it finds, on what evidence, an example, what to do about it.

    Example: disclaim rules NN102
    """
    from disclaim.audit import load_rules

    known = load_rules()
    name = rule.upper() if rule else None
    if name is not None and name not in known:
        raise UnknownNameError("rule", name, known)
    if as_json:
        shown = {"rules": [each.model_dump(mode="json") for each in known.values()]}
        print_json(known[name].model_dump(mode="json") if name else shown)
    elif name:
        _print_rule(known[name])
    else:
        print_table(["id", "severity", "title"], [[r.id, r.severity.value, r.title] for r in known.values()])
        print_note("`disclaim rules NN102` shows one, with an example and the evidence behind it")


def _print_rule(rule: Rule) -> None:
    print(f"{rule.id} {rule.title} ({rule.severity.value})\n")
    parts = {"": rule.summary, "Evidence": rule.evidence, "Found": rule.bad, "Not found": rule.good, "Fix": rule.fix}
    for heading, text in parts.items():
        if heading:
            print(f"\n{heading}:")
        for paragraph in text.strip().split("\n"):
            print(
                textwrap.fill(
                    paragraph, 100, initial_indent="  " * bool(heading), subsequent_indent="  " * bool(heading)
                )
            )
