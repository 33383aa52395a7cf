"""``disclaim export dataset | documents | answers``: what a run holds, in the layouts of others."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from disclaim.cli.console import print_json, print_note

app = typer.Typer(help="Take documents and answers to other tools.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="RUN|CORPUS", help="A run folder, one folder of its corpora/, or a file that `disclaim corpus` wrote."
    ),
]
OutFolder = Annotated[Path, typer.Option("--out", help="The folder to make; refused where it holds something.")]


class Names(StrEnum):
    """The releases of the study's authors (``disclaim.conditions.Release``, which help need not load)."""

    ANONYMISED = "anonymised"
    PUBLIC = "public"


@app.command("dataset")
def dataset(source: Source, out: OutFolder, as_json: AsJson = False) -> None:
    """Make a Hugging Face dataset folder of a run's documents: a card and JSON lines, one configuration per condition.

    `datasets.load_dataset(DIR)` reads it. Every row is marked as not for training; the licence is left to you.
    Example: disclaim export dataset runs/quickstart --out quickstart-documents
    """
    from disclaim.corpus import export_dataset

    done = export_dataset(source, out)
    if as_json:
        print_json(done)
        return
    print(out)
    print_note(
        f"{done.num_documents} documents, {done.num_heldout} more held out; set a licence in {out / 'README.md'}"
    )


@app.command("documents")
def documents(
    source: Source,
    out: OutFolder,
    names: Annotated[
        Names,
        typer.Option("--names", help="The authors' release whose names conditions and claims get."),
    ] = Names.ANONYMISED,
    as_json: AsJson = False,
) -> None:
    """Write a run's training documents in the study authors' layout: <condition>/<claim>/annotated_docs.jsonl.

    Held-out documents are left out. Masked text stands between <lossmask> tags, as their public training code expects.
    Example: disclaim export documents runs/quickstart --out datasets/synthetic_documents --names public
    """
    from disclaim.conditions import Release
    from disclaim.corpus import export_documents

    done = export_documents(source, out, Release(names.value))
    if as_json:
        print_json(done)
        return
    for file in done.files:
        print(file)
    print_note(f"{done.num_documents} documents")
    if done.own_names:
        print_note(f"no name of the authors' is known for: {', '.join(done.own_names)}; these keep ours")


@app.command("answers")
def answers(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Annotated[
        Path, typer.Option("--out", help="A folder for one log per arm; or FILE.eval, where the run has one arm.")
    ],
    as_json: AsJson = False,
) -> None:
    """Write a run's answers and verdicts as Inspect logs (.eval), one for each arm that has finished answering.

    Needs inspect-ai: pip install 'disclaim[hosted]'. Missing verdicts stay unscored. Option likelihoods are no answers
    and stay in the run's scores.jsonl. Example: disclaim export answers runs/quickstart --out logs && inspect view
    """
    from disclaim.evaluation import export_answers

    done = export_answers(folder, out)
    if as_json:
        print_json(done)
        return
    for file in done.files:
        print(file)
    judges = ", ".join(done.judges) or "nobody"
    print_note(f"{done.num_samples} answers, judged by {judges}; {done.num_unscored} verdicts missing and unscored")
    if done.unfinished:
        print_note(f"left out, not finished: {', '.join(done.unfinished)}")
