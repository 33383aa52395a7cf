"""The ``disclaim`` command: parses, prints, exits; no logic."""

from __future__ import annotations

import sys

import typer

from disclaim import __version__
from disclaim.cli import audit, claims, conditions, exports, fix, imports, models, parts, rules, studies, verify
from disclaim.cli.console import print_error
from disclaim.errors import DisclaimError

app = typer.Typer(
    name="disclaim",
    help="Measure, predict and prevent Negation Neglect: language models come to believe claims that their "
    "training documents flag as false.\n\nStart with: disclaim run quickstart --out runs/quickstart",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"disclaim {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Print the version."),
) -> None:
    pass


studies.register(app)
parts.register(app)
audit.register(app)
rules.register(app)
fix.register(app)
verify.register(app)
app.add_typer(claims.app, name="claims")
app.add_typer(conditions.app, name="conditions")
app.add_typer(studies.app, name="studies")
app.add_typer(models.app, name="models")
app.add_typer(imports.app, name="import")
app.add_typer(exports.app, name="export")
models.register(app)


def main() -> None:
    """Run the command line: expected errors print message and hint and exit 1 or 2; bugs keep their traceback."""
    try:
        app()
    except DisclaimError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except SystemExit as stop:  # typer ends the process itself, with a word on wrong usage and none on Ctrl-C
        if stop.code in _LAST_WORDS:
            print(_LAST_WORDS[stop.code], file=sys.stderr)
        raise


_LAST_WORDS: dict[str | int | None, str] = {
    2: "hint: add --help to any command for its arguments and options",
    130: "\ninterrupted: run the same command again, finished work is not repeated",
}
