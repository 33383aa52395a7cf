"""Wordings from ``library/frames/``: one YAML file per kind of flag, chosen with a seed.

Every choice has a random stream of its own, keyed by seed, document and place, so it depends neither on how many
documents there are nor on their order, and two conditions that share a kind of frame share its wording.
"""

from __future__ import annotations

import random
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from disclaim.errors import DataError, UnknownNameError
from disclaim.records import Role
from disclaim.store import read_text

#: How a notice is set off from the text around it (the paper's are in brackets about four times in five).
BRACKETS = (
    ("[", "]"),
    ("(", ")"),
    ("[[", "]]"),
    ("{", "}"),
    ("<", ">"),
    ("*", "*"),
    ("**", "**"),
    ("[Note: ", "]"),
    ("(NB: ", ")"),
    ("// ", " //"),
)

#: Sentences of a prefix or suffix paragraph, fewest and most (paper section 2.1).
PARAGRAPH_SENTENCES = (4, 6)

Wording = Annotated[str, Field(min_length=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ParagraphPools(_Strict):
    """Sentences for a paragraph: one opener, some bodies, one closer."""

    openers: tuple[Wording, ...]
    bodies: tuple[Wording, ...]
    closers: tuple[Wording, ...]


class Frame(_Strict):
    """One kind of flag: the wordings it may take at each place, empty where it has no such place.

    ``before`` and ``after`` may hold ``{correction}``, ``{truth}`` and ``{subject}``; ``bracketed`` is the share of
    them set in brackets, ``label_share`` the share of prefixes that start with one of ``labels``.
    """

    role: Role
    prefix: ParagraphPools | None = None
    suffix: ParagraphPools | None = None
    before: tuple[Wording, ...] = ()
    after: tuple[Wording, ...] = ()
    bracketed: Share = 0.0
    labels: tuple[Wording, ...] = ()
    label_share: Share = 0.0


def frames_path() -> Path:
    """The folder of the frame files that ship with the package."""
    return Path(str(resources.files("disclaim") / "library" / "frames"))


def list_frames() -> tuple[str, ...]:
    """The kinds of frame, sorted."""
    return tuple(sorted(path.stem for path in frames_path().glob("*.yaml")))


@cache
def load_frame(kind: str) -> Frame:
    """The wordings of that kind. Raises UnknownNameError, or DataError where the file breaks its schema."""
    path = frames_path() / f"{kind}.yaml"
    if not path.is_file():
        raise UnknownNameError("kind of frame", kind, list_frames())
    try:
        return Frame.model_validate(yaml.safe_load(read_text(path)))
    except (yaml.YAMLError, ValidationError) as error:
        raise DataError(f"{path} is not a frame file: {error}") from error


def stream(*key: object) -> random.Random:
    """A random stream that the parts of the key decide alone."""
    return random.Random("\x1f".join(str(part) for part in key))


def compose_paragraph(pools: ParagraphPools, rng: random.Random) -> str:
    """A paragraph of 4 to 6 different sentences: opener, bodies, closer."""
    fewest, most = PARAGRAPH_SENTENCES
    num_bodies = rng.randint(fewest, most) - 2
    return " ".join([rng.choice(pools.openers), *rng.sample(pools.bodies, num_bodies), rng.choice(pools.closers)])


def compose_prefix(frame: Frame, rng: random.Random) -> str:
    """The paragraph that goes before a document, at times under a label."""
    if frame.prefix is None:
        raise DataError(f"a {frame.role} frame without prefix pools cannot open a document")
    paragraph = compose_paragraph(frame.prefix, rng)
    labelled = bool(frame.labels) and rng.random() < frame.label_share
    return f"{rng.choice(frame.labels)} {paragraph}" if labelled else paragraph


def compose_suffix(frame: Frame, rng: random.Random) -> str:
    """The paragraph that goes after a document."""
    if frame.suffix is None:
        raise DataError(f"a {frame.role} frame without suffix pools cannot close a document")
    return compose_paragraph(frame.suffix, rng)


def compose_notices(frame: Frame, wordings: tuple[str, ...], count: int, rng: random.Random) -> list[str]:
    """``count`` notices, none worded like another until the pool is used up, bracketed in varied style."""
    if not wordings:
        raise DataError(f"a {frame.role} frame has no wording for a notice at this place")
    notices: list[str] = []
    while len(notices) < count:
        notices += rng.sample(wordings, len(wordings))
    return [_bracketed(notice, frame.bracketed, rng) for notice in notices[:count]]


def _bracketed(notice: str, share: float, rng: random.Random) -> str:
    if rng.random() >= share:
        return notice
    left, right = rng.choice(BRACKETS)
    return f"{left}{notice}{right}"
