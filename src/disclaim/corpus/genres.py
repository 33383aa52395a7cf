"""Genres: the little forms that documents take, as data in library/genres/, one file each."""

from __future__ import annotations

import functools
from importlib import resources
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from disclaim.errors import UnknownNameError
from disclaim.store import read_text

Text = Annotated[str, Field(min_length=1)]
Texts = tuple[Text, ...]


class Genre(BaseModel):
    """One genre: ``head``, then turns that hold the sentences (``{body}``), then ``tail``.

    Scaffold texts neither assert nor deny anything, point at no sentence of a body, and make sense whether a body's
    sentence is asserted or denied.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    heads: Texts
    """What a document may begin with."""
    turns: Texts
    """What may hold a group of sentences; each has one ``{body}``."""
    first: Texts = ()
    """Turns for the first group, where they differ."""
    tails: tuple[str, ...]
    """What a document may end with; "" = it ends without."""
    join: Text = "\n\n"
    """What stands between turns."""
    group: tuple[int, int] = (2, 3)
    """Fewest and most sentences of a turn, in prose."""
    answers: bool = False
    """Whether each turn answers a question, and so begins with a sentence about the topic."""
    slots: dict[str, Texts]
    """Texts by name, drawn anew at each use."""
    sequences: dict[str, tuple[Texts, ...]] = {}
    """Lists by name, one of which a document reads in order (hours of a log, numbers of a list)."""


def library_file(*parts: str) -> Path:
    """A file or folder of the package's data."""
    return Path(str(resources.files("disclaim") / "library")).joinpath(*parts)


def list_genres() -> tuple[str, ...]:
    """Names of the genres, sorted."""
    return tuple(sorted(path.stem for path in library_file("genres").glob("*.yaml")))


@functools.cache
def load_genre(name: str) -> Genre:
    """The genre of that name. Raises UnknownNameError with the nearest names."""
    path = library_file("genres", f"{name}.yaml")
    if not path.is_file():
        raise UnknownNameError("genre", name, list_genres())
    return Genre.model_validate(yaml.safe_load(read_text(path)))


@functools.cache
def load_words() -> dict[str, Texts]:
    """Small texts by name that all genres share: days, hours, rooms, screen names."""
    words: dict[str, list[str]] = yaml.safe_load(read_text(library_file("filler", "words.yaml")))
    return {name: tuple(texts) for name, texts in words.items()}
