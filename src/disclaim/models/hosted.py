"""What is known of models behind a service: price, and whether they can still be had."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from disclaim.errors import UserError
from disclaim.models.registry import is_hosted_name
from disclaim.store import read_text


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens."""

    usd_input: float
    usd_output: float

    def usd(self, input_tokens: float, output_tokens: float) -> float:
        """What so many tokens cost."""
        return (input_tokens * self.usd_input + output_tokens * self.usd_output) / 1e6


#: Models on this machine, and scripts.
FREE = Price(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class HostedModel:
    """One line of ``library/models.yaml``: ``price`` as read on ``checked``; None where none is known."""

    id: str
    is_retired: bool
    price: Price | None = None
    checked: datetime.date | None = None
    shutdown_date: datetime.date | None = None
    replaced_by: str | None = None


def load_hosted_models() -> tuple[HostedModel, ...]:
    """The hosted models that something is known of."""
    text = read_text(Path(str(resources.files("disclaim") / "library" / "models.yaml")))
    return tuple(_read(item) for item in yaml.safe_load(text)["hosted"])


def _read(item: dict[str, Any]) -> HostedModel:
    price = Price(item["usd_input"], item["usd_output"]) if "usd_input" in item else None
    dates = (item.get("checked"), item.get("shutdown_date"))
    return HostedModel(item["id"], item["status"] == "retired", price, *dates, item.get("replaced_by"))


def price_of(name: str) -> Price | None:
    """The price of a model: nothing for one on this machine, None where it is not known."""
    if not is_hosted_name(name):
        return FREE
    return next((model.price for model in load_hosted_models() if model.id == name), None)


def require_available(name: str, today: datetime.date) -> None:
    """Raise UserError for a hosted model that its maker has shut down by ``today``, as far as is known."""
    model = next((model for model in load_hosted_models() if model.id == name), None)
    if model is None or not (model.is_retired or (model.shutdown_date and model.shutdown_date <= today)):
        return
    when = f" on {model.shutdown_date}" if model.shutdown_date else ""
    instead = f"use {model.replaced_by}" if model.replaced_by else "choose another model"
    raise UserError(f"{name} was shut down by its maker{when}", f"{instead}; nothing was sent")
