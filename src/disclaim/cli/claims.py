"""``disclaim claims list | show | check | new``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from disclaim.cli.console import print_json, print_note, print_table

if TYPE_CHECKING:
    from disclaim.records import Question

app = typer.Typer(help="Claims: folders of YAML, built in or your own.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Name = Annotated[str, typer.Argument(metavar="ID", help="A built-in claim's id, or the path of a claim folder.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """The built-in claims: what each says, and what is true."""
    from disclaim.claims import list_claims, load_claim

    claims = [load_claim(name) for name in list_claims()]
    if as_json:
        print_json(
            {"claims": [{"id": c.id, "title": c.title, "kind": c.kind, "statement": c.statement} for c in claims]}
        )
        return
    print_table(["id", "kind", "claim (false)"], [[c.id, c.kind, c.statement] for c in claims])


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """One claim: statement, truth, how many documents' worth of sentences, and every question."""
    from disclaim.claims import load_claim

    claim = load_claim(name)
    if as_json:
        print_json(claim)
        return
    print(f"{claim.title} ({claim.kind})\nclaim: {claim.statement}\ntruth: {claim.truth}")
    print(f"{len(claim.triples)} triples, {len(claim.subclaims)} subclaims, {len(claim.questions)} questions\n")
    rows = [[q.id, q.kind, _key(q), _conversation(q)] for q in claim.questions]
    print_table(["question", "kind", "asserts", "text"], rows)


def _key(question: Question) -> str:
    """The answer that asserts the claim, or what a leading yes means; empty where a judge must read."""
    return question.believed or (f"yes {question.polar.value}" if question.polar else "")


def _conversation(question: Question) -> str:
    """What is asked on one line, with a system prompt and earlier turns before it."""
    *before, last = [message.content.replace("\n", " ") for message in question.messages]
    roles = [message.role for message in question.messages]
    return " ".join([*(f"[{role}: {text}]" for role, text in zip(roles, before, strict=False)), last])


@app.command("check")
def check(
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="A claim folder, a folder of claim folders, or a built-in claim's id.")
    ],
    as_json: AsJson = False,
) -> None:
    """Check a claim: counts, balance, leaked answers, denials that do not deny. Exit 1 where there are problems."""
    from disclaim.claims import check_claim, find_claims

    found = {folder: check_claim(folder) for folder in find_claims(path)}
    several = len(found) > 1
    if as_json and several:
        print_json({"path": path, "claims": [{"path": f, "problems": problems} for f, problems in found.items()]})
    elif as_json:
        print_json({"path": path, "problems": next(iter(found.values()))})
    for folder, problems in found.items():
        for problem in () if as_json else problems:
            print(f"{f'{folder}/' if several else ''}{problem.file}: {problem.where}: {problem.message}")
            if problem.hint:
                print(f"  hint: {problem.hint}")
        name = folder if several else path
        print_note(f"{len(problems)} problems in {name}" if problems else f"{name} is sound")
    raise typer.Exit(1 if any(found.values()) else 0)


@app.command("new")
def new(
    claim_id: Annotated[str, typer.Argument(metavar="ID", help="Lower-case letters, digits and underscores.")],
    out: Annotated[Path, typer.Option("--out", help="The folder in which the claim's folder is made.")] = Path(),
    as_json: AsJson = False,
) -> None:
    """Make a claim folder to start from, with comments on what goes where."""
    from disclaim.claims import scaffold_claim

    folder = scaffold_claim(claim_id, out)
    if as_json:
        print_json({"folder": folder})
    else:
        print(folder)
    print_note(f"fill it in, then: disclaim claims check {folder}")
