"""``disclaim audit --tier model``: its options, what it says before it asks, and what it says after."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from disclaim.cli.console import print_json, print_note, show_progress
from disclaim.errors import ModelError, UserError
from disclaim.records import Tier

if TYPE_CHECKING:
    from disclaim.audit import ModelLedger, ModelPlan, ModelRun, ModelSettings, ScanRow
    from disclaim.models import Price

INTERRUPTED = 130
_ROWS_SHOWN = 5

ModelName = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="NAME", help="--tier model: who is asked, e.g. openai/gpt-5.4-mini or local/smollm2-135m."
    ),
]
MaxUsd = Annotated[
    float | None, typer.Option("--max-usd", metavar="USD", help="--tier model: stop before it can cost more than this.")
]
PricePair = Annotated[
    str | None,
    typer.Option(
        "--price", metavar="IN,OUT", help="--tier model: USD per million tokens read and written, where unknown."
    ),
]
EveryRow = Annotated[
    bool, typer.Option("--every-row", help="--tier model: ask about every row that the rules left, not the suspicious.")
]
CacheFolder = Annotated[
    Path | None,
    typer.Option("--cache", metavar="DIR", help="--tier model: keep answers here. Default: $DISCLAIM_HOME/replies."),
]
MaxMissing = Annotated[
    int, typer.Option("--max-missing", metavar="N", help="--tier model: exit with 1 where more answers are missing.")
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="--tier model: say what would be asked and cost, send nothing.")
]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """The options of the model tier as given."""

    model: str | None
    max_usd: float | None
    price: str | None
    every_row: bool
    cache: Path | None
    max_missing: int
    dry_run: bool
    as_json: bool

    def require_unused(self) -> None:
        """Raise UserError where one of them is given for another tier."""
        given = (self.model, self.max_usd, self.price, self.cache)
        if any(one is not None for one in given) or self.every_row or self.max_missing or self.dry_run:
            raise UserError(
                "--model, --max-usd, --price, --every-row, --cache, --max-missing and --dry-run are for the model tier",
                "add --tier model, or leave them out",
            )


def ask_model(paths: Sequence[Path], rules: ScanRow, tier: Tier, options: ModelOptions) -> ModelRun | None:
    """Ask a model about what ``rules`` leave open, after saying what it costs; None for the other tiers. With --dry-run
    the program ends before it asks."""
    if tier is not Tier.MODEL:
        options.require_unused()
        return None
    from disclaim.audit import AskedModel, Asker, ModelTier, open_kept_replies
    from disclaim.models import cache_path, is_hosted_name, model_revision, open_sampler, require_available

    if options.model:
        require_available(options.model, datetime.datetime.now(datetime.UTC).date())
    name, settings = _require_sound(options)
    sampler = None if options.dry_run else open_sampler(name)
    revision = "hosted" if is_hosted_name(name) else model_revision(name)
    folder = options.cache or cache_path() / "replies"
    with open_kept_replies(folder, name) as kept:
        asker = Asker(AskedModel(name, revision, sampler), settings, kept)
        asked = ModelTier(paths, asker, rules, settings.every_row)
        try:
            with show_progress() as on_progress:
                plan = asked.plan(on_progress)
            for line in describe_plan(plan, asker.ledger):
                print_note(line)
            if options.dry_run:
                _end_dry_run(plan, asker.ledger, options.as_json)
            with show_progress() as on_progress:
                return asked.run(plan, on_progress)
        except KeyboardInterrupt:
            print_note(f"interrupted; {_done(asker.ledger)}. The same command goes on from there: {folder}")
            raise typer.Exit(INTERRUPTED) from None
        except ModelError:
            print_note(f"{_done(asker.ledger)}: {folder}")
            raise


def _end_dry_run(plan: ModelPlan, ledger: ModelLedger, as_json: bool) -> NoReturn:
    if as_json:
        names = ("questions", "sections", "kept", "input_tokens", "output_tokens", "usd", "most_usd")
        print_json({"model": ledger.model, "rows": ledger.rows, **{name: getattr(plan, name) for name in names}})
    raise typer.Exit(0)


def _require_sound(options: ModelOptions) -> tuple[str, ModelSettings]:
    """Model and settings. Raises UserError for options that do not go together."""
    from disclaim.audit import ModelSettings
    from disclaim.models import price_of

    if not options.model:
        raise UserError("--tier model needs a model to ask", "add --model PROVIDER/NAME, e.g. openai/gpt-5.4-mini")
    if options.max_usd is not None and not options.max_usd >= 0:
        raise UserError(f"--max-usd {options.max_usd} is no sum of money", "give 0 or more, e.g. --max-usd 0.50")
    price = _read_price(options.price) if options.price else price_of(options.model)
    if price is None and options.max_usd is not None:
        raise UserError(
            f"what {options.model} costs is not known, so --max-usd cannot hold",
            "add --price IN,OUT (USD per million tokens read and written; 0,0 for a server of your own)",
        )
    if price is None or (options.max_usd is None and price.usd(1, 1)):
        print_note("no --max-usd: nothing stops this at a sum of money")
    return options.model, ModelSettings(options.every_row, price, options.max_usd)


def _read_price(text: str) -> Price:
    from disclaim.models import Price

    try:
        read, written = (float(part) for part in text.split(","))
    except ValueError:
        read = written = -1.0
    if not (0 <= read < float("inf") and 0 <= written < float("inf")):
        raise UserError(f"--price {text} is no pair of prices", "USD per million tokens, e.g. --price 0.25,2")
    return Price(read, written)


def describe_plan(plan: ModelPlan, ledger: ModelLedger) -> list[str]:
    """What would be asked, for how much, before anything is sent."""
    lines = [
        f"{ledger.rows:,} rows: {ledger.rows_by_rules:,} settled by rules, {ledger.rows_screened_out:,} not suspicious,"
        f" {len(plan.open_rows):,} to ask about",
        f"{ledger.model}: {plan.questions:,} questions ({plan.kept:,} answered before), about "
        f"{plan.input_tokens:,} tokens to read and {plan.output_tokens:,} to write",
    ]
    if plan.usd is None:
        lines.append("cost: not known (--price IN,OUT tells it)")
    elif plan.most_usd:
        limit = "" if ledger.max_usd is None else f"; stops at {ledger.max_usd:g} USD"
        lines.append(f"cost: about {plan.usd:.4f} USD, at most {plan.most_usd:.4f} USD{limit}")
        if ledger.max_usd is not None and ledger.max_usd < plan.usd:
            lines.append("which is not enough for all of them")
    return lines


def describe_run(run: ModelRun) -> list[str]:
    """What was asked, answered, missed and paid."""
    from disclaim.audit import plain

    ledger = run.ledger
    lines = [f"model: {ledger.model}, {_done(ledger)}"]
    answered = ", ".join(f"{count:,} {stand.value}" for stand, count in sorted(ledger.stands.items()))
    lines.append(
        f"  rows: {ledger.rows_by_rules:,} settled by rules, {ledger.rows_screened_out:,} not suspicious, "
        f"{ledger.rows_answered:,} answered, {ledger.rows_missing:,} missing"
    )
    if answered:
        lines.append(f"  answers: {answered}")
    if ledger.n_missing:
        why = ", ".join(f"{count:,} {reason.value}" for reason, count in ledger.missing.most_common())
        lines.append(f"  missing, which is not clean: {ledger.n_missing:,} ({why})")
        shown = run.missing_rows[:_ROWS_SHOWN]
        lines += [f"    {plain(m.file)}, row {m.row}: {' '.join([m.reason, plain(m.detail)]).strip()}" for m in shown]
        if ledger.rows_missing > _ROWS_SHOWN:
            lines.append(f"    and more: {ledger.rows_missing - _ROWS_SHOWN:,}")
    if ledger.stopped:
        lines.append(f"  stopped at --max-usd {ledger.max_usd:g}: a larger sum goes on from there")
    return lines


def _done(ledger: ModelLedger) -> str:
    cost = f", {ledger.usd:.4f} USD" if ledger.price and ledger.usd else ""
    again = f" and {ledger.retries:,} retries" if ledger.retries else ""
    return f"{ledger.calls:,} calls{again}{cost}, {ledger.kept:,} answers kept from before"
