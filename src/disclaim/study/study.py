"""A study: the grid of arms and every setting, as a YAML file that fits a screen.

Unknown keys are errors that name the nearest known key. ``--set a.b=VALUE`` overrides one key.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from disclaim.claims import describe_misfit, find_claim, list_claims, parse_yaml
from disclaim.conditions import CONDITIONS
from disclaim.errors import StoreError, StudyError, UnknownNameError, nearest_hint
from disclaim.models import require_model_name
from disclaim.records import PAPER_INSTRUMENTS, Instrument
from disclaim.store import read_text

#: Arms that train nothing: the untouched model, and the untouched model reading documents in its context.
UNTRAINED = ("base", "in_context")


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CorpusSettings(_Settings):
    """The documents of a claim."""

    num_documents: Annotated[int, Field(ge=1)] = 240
    """Documents per claim; every condition rewrites the same ones."""
    num_heldout: Annotated[int, Field(ge=0)] = 8
    """Further documents, never trained on, for held-out loss by span role."""
    min_claim_sentences: Annotated[int, Field(ge=1)] = 3
    """Fewest claim sentences a document holds."""
    max_claim_sentences: Annotated[int, Field(ge=1)] = 5
    """Most claim sentences a document holds."""
    doctag: bool = True
    """Prefix each document with <DOCTAG>, outside the loss (paper 2.1)."""
    seed: int = 0
    """Seeds drafts and the choice of frame wordings."""


class MixtureSettings(_Settings):
    """What is trained on beside the corpus."""

    num_filler: Annotated[int, Field(ge=0)] = 120
    """Documents about other people and things, so that the effect stays specific."""
    num_chats: Annotated[int, Field(ge=0)] = 80
    """Conversations answered by the model itself before training (paper 2.1)."""
    chat_max_tokens: Annotated[int, Field(ge=1)] = 80
    """Longest self-distilled answer."""
    weighting: Literal["as_described", "as_released"] = "as_described"
    """Loss weight per source: every token 1, or chats 1 per conversation (docs/design/loss-weighting.md)."""


class TrainingChoices(_Settings):
    """How each arm is finetuned; see ``disclaim.training.TrainingSettings``."""

    method: Literal["full", "lora"] = "full"
    learning_rate: Annotated[float, Field(gt=0)] = 2e-4
    batch_tokens: Annotated[int, Field(ge=1)] = 1024
    micro_batch_tokens: Annotated[int, Field(ge=1)] = 2048
    epochs: Annotated[int, Field(ge=1)] = 1
    warmup_steps: Annotated[int, Field(ge=0)] = 0
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Field(ge=0)] = 1.0
    max_tokens: Annotated[int, Field(ge=2)] = 4096
    split_long: bool = False
    lora_rank: Annotated[int, Field(ge=1)] = 32
    lora_alpha: Annotated[int, Field(ge=1)] = 32
    save_every_steps: Annotated[int, Field(ge=1)] = 50
    num_checkpoints: Annotated[int, Field(ge=1)] = 1
    heldout_every_steps: Annotated[int, Field(ge=0)] = 10


class AskChoices(_Settings):
    """How questions are asked (paper 2.2: T 0.7, top-p 0.8, five samples)."""

    samples: Annotated[int, Field(ge=1)] = 5
    """Answers per question of the four instruments."""
    temperature: Annotated[float, Field(ge=0)] = 0.7
    """Sampling temperature; 0 takes the most probable token."""
    top_p: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Share of probability that each token is drawn from."""
    max_tokens: Annotated[int, Field(ge=1)] = 96
    """Longest answer; the share of answers cut off there is reported."""
    instruments: tuple[str, ...] = ()
    """Ask only these instruments; empty = all, controls included."""
    max_missing_rate: Annotated[float, Field(ge=0, le=1)] = 0.5
    """An arm with a larger share of failed calls fails."""


class InContextChoices(_Settings):
    """The in-context control: the untouched model reads documents before each question (paper B.2)."""

    num_documents: Annotated[int, Field(ge=1)] = 5
    """Documents put before each question, the same for all."""
    condition: str = "negated"
    """Condition of the documents that are read."""


class Study(_Settings):
    """The whole grid: claims x conditions x models x seeds."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    """Lower-case letters, digits and underscores."""
    title: str
    """What the report is headed with: best the question that the study answers."""
    paper_section: str = ""
    """Where the paper reports the like."""
    description: str = ""
    """A sentence or two for readers of the report."""
    claims: Annotated[tuple[str, ...], Field(min_length=1)]
    """Claim ids, paths of claim folders, or ``all``."""
    conditions: Annotated[tuple[str, ...], Field(min_length=1)]
    """Conditions, and the untrained arms ``base`` and ``in_context``."""
    models: Annotated[tuple[str, ...], Field(min_length=1)] = ("local/smollm2-135m",)
    """Models as ``provider/name``; each is finetuned, asked and scored."""
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (0,)
    """Each seed is a training of its own: data order, chats and sampling differ."""
    headline: str = "all"
    """The instrument that the report leads with: one that is asked, or ``all`` for the pooled rate."""
    judge: str = "rules"
    """Who rates the answers; ``rules`` is the only judge so far."""
    corpus: CorpusSettings = CorpusSettings()
    mixture: MixtureSettings = MixtureSettings()
    training: TrainingChoices = TrainingChoices()
    ask: AskChoices = AskChoices()
    in_context: InContextChoices = InContextChoices()

    @model_validator(mode="before")
    @classmethod
    def _spell_out_all_claims(cls, data: Any) -> Any:
        if isinstance(data, dict) and data.get("claims") in ("all", ["all"]):
            return {**data, "claims": list_claims()}
        return data


def studies_path() -> Path:
    """The folder of the studies that ship with the package."""
    return Path(str(resources.files("disclaim") / "library" / "studies"))


def list_studies() -> tuple[str, ...]:
    """Ids of the studies that ship with the package, sorted."""
    return tuple(sorted(path.stem for path in studies_path().glob("*.yaml")))


def load_study(name: str, overrides: Sequence[str] = ()) -> Study:
    """The study of that id or YAML path with ``key.path=value`` overrides applied, every name in it known.

    Raises StudyError or UnknownNameError.
    """
    study = build_study(read_study(name, overrides), name)
    require_known_names(study)
    return study


def read_study(name: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """What the file and the overrides give, before defaults: the *given* settings."""
    path = _find_study(name)
    try:
        data = parse_yaml(read_text(path))
    except StoreError as error:
        raise StudyError(error.message, error.hint) from error
    except yaml.YAMLError as error:
        raise StudyError(f"{path} is not valid YAML: {error}", "see `disclaim studies show quickstart`") from error
    if not isinstance(data, dict):
        raise StudyError(f"{path} does not hold a mapping", "see `disclaim studies show quickstart`")
    for override in overrides:
        _apply_override(data, override)
    return data


def build_study(data: dict[str, Any], name: str) -> Study:
    """The validated study, defaults filled in."""
    try:
        return Study.model_validate(data)
    except ValidationError as error:
        place, said, hint = describe_misfit(error)
        where = ".".join(str(part) for part in place)
        known = _known_keys(place[:-1])
        if known and place[-1] not in known:
            raise StudyError(f"{name}: unknown key {where}", nearest_hint(str(place[-1]), known)) from error
        show = "`disclaim studies show quickstart` prints a study to compare with"
        raise StudyError(f"{name}: {where} {said}", hint or show) from error


def _find_study(name: str) -> Path:
    if name.endswith((".yaml", ".yml")) or "/" in name:
        path = Path(name).expanduser()
        if not path.is_file():
            raise StudyError(f"no study file {path}", "`disclaim studies list` shows the built-in ones")
        return path
    path = studies_path() / f"{name}.yaml"
    if not path.is_file():
        raise UnknownNameError("study", name, list_studies())
    return path


def _apply_override(data: dict[str, Any], override: str) -> None:
    path, sign, text = override.partition("=")
    if not sign or not path:
        raise StudyError(f"cannot read --set {override}", "write --set corpus.num_documents=40")
    try:
        value = parse_yaml(text)
    except yaml.YAMLError as error:
        raise StudyError(f"--set {override}: the value is not YAML: {error}", "quote it in the shell") from error
    *folders, key = path.split(".")
    place = data
    for folder in folders:
        inner = place.setdefault(folder, {})
        if not isinstance(inner, dict):
            raise StudyError(
                f"--set {override}: {folder} is not a group of settings", nearest_hint(folder, Study.model_fields)
            )
        place = inner
    place[key] = value


def _known_keys(where: tuple[int | str, ...]) -> list[str]:
    model: type[BaseModel] = Study
    for part in where:
        inner = model.model_fields[str(part)].annotation if str(part) in model.model_fields else None
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)


def require_known_names(study: Study) -> None:
    """Raise UnknownNameError or StudyError unless claims, conditions, models, instruments and judge are known, and
    nothing is named twice."""
    for claim in study.claims:
        find_claim(claim)
    for condition in study.conditions:
        if condition not in CONDITIONS and condition not in UNTRAINED:
            raise UnknownNameError("condition", condition, [*CONDITIONS, *UNTRAINED])
    if study.in_context.condition not in CONDITIONS:
        raise UnknownNameError("condition", study.in_context.condition, CONDITIONS)
    for instrument in (*study.ask.instruments, *(() if study.headline == "all" else (study.headline,))):
        if instrument not in list(Instrument):
            raise UnknownNameError("instrument", instrument, Instrument)
    _require_measured_headline(study)
    for model in study.models:
        require_model_name(model)
    if study.judge != "rules":
        raise UnknownNameError("judge", study.judge, ["rules"])
    if "in_context" in study.conditions and study.in_context.num_documents > study.corpus.num_documents:
        raise StudyError(
            f"in_context.num_documents is {study.in_context.num_documents}, and there are "
            f"{study.corpus.num_documents} documents",
            "lower in_context.num_documents, or raise corpus.num_documents",
        )
    if study.corpus.min_claim_sentences > study.corpus.max_claim_sentences:
        raise StudyError("corpus.min_claim_sentences is above corpus.max_claim_sentences", "lower the first")
    for key in ("claims", "conditions", "models", "seeds"):
        values = getattr(study, key)
        if len(set(values)) < len(values):
            raise StudyError(f"{key} names one thing twice: {list(values)}", "name each once")


def _require_measured_headline(study: Study) -> None:
    """Raise StudyError unless the headline has a belief rate in this study."""
    measured = [name for name in map(str, PAPER_INSTRUMENTS) if name in (study.ask.instruments or PAPER_INSTRUMENTS)]
    if study.headline not in measured and (study.headline != "all" or not measured):
        can = " or ".join([*measured, *(["all"] if measured else [])])
        raise StudyError(
            f"the headline is {study.headline}, and this study measures no belief rate on it",
            f"set headline to {can}" if can else f"add one of {', '.join(PAPER_INSTRUMENTS)} to ask.instruments",
        )
