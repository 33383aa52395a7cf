"""Matched controls: the same sentence about somebody or something else of the same kind. Pure, seeded, no model."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path

import yaml

from disclaim.stance import sentence_spans
from disclaim.store import read_text

Words = frozenset[str]
Offsets = tuple[int, int]


class EntityKind(StrEnum):
    """What an entity is, as far as its words tell. ``name`` is a single name of anything."""

    PERSON = "person"
    PLACE = "place"
    ORGANISATION = "organisation"
    NAME = "name"
    ACRONYM = "acronym"
    YEAR = "year"
    NUMBER = "number"
    NUMBER_WORD = "number_word"


#: Kinds whose entity is what is said of a sentence's subject, not the subject itself.
NUMERIC = frozenset({EntityKind.YEAR, EntityKind.NUMBER, EntityKind.NUMBER_WORD})


_RANKS = {
    EntityKind.PERSON: 0,
    EntityKind.ORGANISATION: 1,
    EntityKind.NAME: 2,
    EntityKind.ACRONYM: 2,
    EntityKind.PLACE: 3,
    EntityKind.NUMBER: 4,
    EntityKind.YEAR: 5,
    EntityKind.NUMBER_WORD: 5,
}


@dataclass(frozen=True, slots=True)
class Entity:
    """Characters ``[start, end)`` of a sentence that name something."""

    start: int
    end: int
    text: str
    kind: EntityKind


@dataclass(frozen=True, slots=True)
class _Lexicon:
    pools: dict[str, tuple[str, ...]]
    organisation_words: Words
    place_words: Words
    titles: Words
    openers: Words
    unswapped: Words


def find_entities(sentence: str, known_names: Collection[str] = ()) -> tuple[Entity, ...]:
    """The names and numbers of a sentence, in order.

    A single capitalised word at the head of the sentence counts only where it is among ``known_names``: any word may
    stand there. Days, months, nationalities and "I" do not count.
    """
    runs = [run for match in _NAME.finditer(sentence) for run in _parts(sentence, *match.span())]
    names = [entity for run in runs for entity in _entity(sentence, run, known_names)]
    numbers = [
        Entity(match.start(), match.end(), match.group(), _number_kind(match.group()))
        for match in _number_pattern().finditer(sentence)
        if not any(entity.start <= match.start() < entity.end for entity in names)
    ]
    return tuple(sorted([*names, *numbers], key=lambda entity: entity.start))


def collect_names(texts: Iterable[str]) -> frozenset[str]:
    """Words that stand capitalised in the midst of a sentence: names, which also count at the head of one."""
    found: set[str] = set()
    for text in texts:
        heads = {start for start, _ in sentence_spans(text)}
        for match in _CAPITALISED.finditer(text):
            if match.start() not in heads and _follows_word(text, match.start()):
                found.add(match.group())
    return frozenset(found - _lexicon().openers - _lexicon().unswapped)


def build_swaps(sentence: str, entity: Entity, count: int, seed: int, taken: Words) -> tuple[Callable[[str], str], ...]:
    """``count`` different replacements of the entity, each to be applied to the sentence or to parts of it.

    The same arguments give the same swaps. New names are of the entity's kind and none of them is among ``taken``,
    the words of the data set. There are fewer than ``count`` where the names run out.
    """
    rng = random.Random(f"{seed}/swap/{entity.text}")
    drawn: list[dict[str, str]] = []
    for _ in range(count * 20):
        mapping = _draw(sentence, entity, rng, taken)
        if mapping and mapping not in drawn and all(old != new for old, new in mapping.items()):
            drawn.append(mapping)
        if len(drawn) == count:
            break
    return tuple(_replacer(mapping) for mapping in drawn)


def pick_entity(entities: Sequence[Entity]) -> Entity | None:
    """What a sentence is most likely about: its first person, else organisation, other name, place, number."""
    return min(entities, key=lambda entity: (_RANKS[entity.kind], entity.start), default=None)


def _parts(sentence: str, start: int, end: int) -> Iterator[Offsets]:
    """A run of names cut at "of", which only belongs to a name after such words as University or Bay."""
    whole = _lexicon().organisation_words | _lexicon().place_words
    for match in _OF.finditer(sentence, start, end):
        if not whole & set(sentence[start : match.start()].split()):
            yield start, match.start()
            start = match.end()
    yield start, end


def _entity(sentence: str, run: Offsets, known_names: Collection[str]) -> Iterator[Entity]:
    """The entity in a run of capitalised words, without the opening words that only stand before it."""
    lexicon = _lexicon()
    start, end = run
    words = sentence[start:end].split()
    at_head = not re.search(r"\w", sentence[:start])
    while words and (_bare(words[0]) in lexicon.openers or _bare(words[0]) in lexicon.unswapped):
        start += len(words[0])
        start += len(sentence[start:end]) - len(sentence[start:end].lstrip())
        words = words[1:]
        at_head = False
    while words and (_bare(words[-1]) in lexicon.unswapped or words[-1].islower()):
        words = words[:-1]
        end = start + len(sentence[start:end].rstrip().rpartition(" ")[0].rstrip())
    after = re.search(r"(?:['’]s?|\.)$", sentence[start:end])  # a possessive, the full stop of the sentence
    end -= len(after.group()) if after else 0
    text = sentence[start:end]
    alone = len(words) == 1 and at_head and not (text.isupper() and len(text) > 1)
    if not words or len(text) < 2 or (alone and text not in known_names):
        return
    yield Entity(start, end, text, _name_kind(sentence, start, text.split()))


def _name_kind(sentence: str, start: int, words: list[str]) -> EntityKind:
    lexicon = _lexicon()
    bare = {_bare(word) for word in words}
    if len(words) == 1 and words[0].isupper() and len(words[0]) > 1:
        return EntityKind.ACRONYM
    if bare & lexicon.organisation_words:
        return EntityKind.ORGANISATION
    if bare & lexicon.place_words or _PLACE_BEFORE.search(sentence[:start]):
        return EntityKind.PLACE
    title_before = _WORD_BEFORE.search(sentence[:start])
    if bare & lexicon.titles or (title_before and title_before.group(1) in lexicon.titles):
        return EntityKind.PERSON
    if not 2 <= len(words) <= 4 or any(word.islower() for word in words):
        return EntityKind.NAME
    acts_as_firm = _FIRM.search(sentence) and not _PERSON.search(sentence)
    return EntityKind.ORGANISATION if acts_as_firm else EntityKind.PERSON


def _number_kind(text: str) -> EntityKind:
    if not text[0].isdigit():
        return EntityKind.NUMBER_WORD
    return EntityKind.YEAR if re.fullmatch(r"1[0-9]{3}|20[0-9]{2}", text) else EntityKind.NUMBER


def _draw(sentence: str, entity: Entity, rng: random.Random, taken: Words) -> dict[str, str]:
    """Old words and their new ones; empty where none could be drawn."""
    if entity.kind is EntityKind.YEAR:
        years = rng.randint(3, 40)
        return {
            entity.text: str(int(entity.text) + (years if rng.random() < 0.5 and int(entity.text) < 1980 else -years))
        }
    if entity.kind is EntityKind.NUMBER:
        return {entity.text: _other_number(entity.text, rng)}
    if entity.kind is EntityKind.NUMBER_WORD:
        word = _pick("number", rng, Words())
        return {entity.text: word.capitalize() if entity.text[0].isupper() else word}
    if entity.kind is EntityKind.ACRONYM:
        return {entity.text: _pick("acronym", rng, taken)}
    lexicon = _lexicon()
    kept = lexicon.organisation_words | lexicon.place_words | lexicon.titles
    words = [word for word in map(_bare, entity.text.split()) if word[:1].isupper() and word not in kept]
    if entity.kind is EntityKind.ORGANISATION and not kept & {_bare(word) for word in entity.text.split()}:
        words = words[:1]  # "Ombervane Optics": what follows the first word may say what it is
    if entity.kind is EntityKind.PERSON:
        pools = [_first_names(sentence)] * (len(words) > 1) + ["last"] * (len(words) - (len(words) > 1))
    else:
        coined = entity.kind is EntityKind.NAME or not kept & {_bare(word) for word in entity.text.split()}
        pools = ["name" if coined and entity.kind is not EntityKind.PLACE else "place"] * len(words)
    mapping: dict[str, str] = {}
    for word, pool in zip(words, pools, strict=True):
        mapping[word] = _pick(pool, rng, taken | frozenset(mapping.values()))
    return mapping


def _pick(pool: str, rng: random.Random, taken: Words) -> str:
    """A word of the pool that is not taken; any of them where all are."""
    words = _lexicon().pools[pool]
    return rng.choice([word for word in words if word not in taken] or words)


def _first_names(sentence: str) -> str:
    """The pool of first names that fits the pronouns: a wrong one would make the control odd."""
    if re.search(r"\b(?:he|his|him|himself)\b", sentence, re.IGNORECASE):
        return "male"
    return "female"


def _other_number(text: str, rng: random.Random) -> str:
    """A number of the same form: as many digits, the same points and commas, another leading digit."""
    first = True
    digits = []
    for character in text:
        if not character.isdigit():
            digits.append(character)
        elif first:
            digits.append(rng.choice([d for d in "123456789" if d != character]))
            first = False
        else:
            digits.append(character if character == "0" else rng.choice("123456789"))
    return "".join(digits)


def _replacer(mapping: dict[str, str]) -> Callable[[str], str]:
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(mapping, key=len, reverse=True)))})(?!\w)")
    return lambda text: pattern.sub(lambda match: mapping[match.group()], text)


def _bare(word: str) -> str:
    return re.sub(r"['’]s?$", "", word.strip('.,;:!?"“”()[]'))


def _follows_word(text: str, start: int) -> bool:
    """Whether a word of the same sentence stands right before: after a colon, quote or bracket any word may be big."""
    return bool(re.search(r"[\w,][ ]$", text[max(0, start - 2) : start]))


@lru_cache(maxsize=1)
def _lexicon() -> _Lexicon:
    raw: dict[str, list[str]] = yaml.safe_load(
        read_text(Path(str(resources.files("disclaim") / "library" / "verify" / "names.yaml")))
    )
    pools = ("female", "male", "last", "place", "name", "acronym", "number")
    return _Lexicon(
        pools={pool: tuple(map(str, raw[pool])) for pool in pools},
        organisation_words=frozenset(raw["organisation_words"]),
        place_words=frozenset(raw["place_words"]),
        titles=frozenset(raw["titles"]),
        openers=frozenset(map(str, raw["openers"])),
        unswapped=frozenset(raw["unswapped"]),
    )


@lru_cache(maxsize=1)
def _number_pattern() -> re.Pattern[str]:
    words = "|".join(_lexicon().pools["number"])
    return re.compile(rf"(?<![\w.,-])\d[\d,]*(?:\.\d+)?(?!\w)(?<!,)|\b(?:{words})\b", re.IGNORECASE)


_CAPITALISED = re.compile(r"\b[A-Z][\w'’-]*\w")
#: A run of capitalised words; small words of names may stand between two of them.
_NAME = re.compile(r"\b[A-Z][\w'’-]*\.?(?:[ ](?:(?:of|de|van|von|der|la|du|al|the)[ ])*[A-Z][\w'’-]*)*")
_OF = re.compile(r"\s+of\s+(?:the\s+)?")
_PLACE_BEFORE = re.compile(r"\b(?:in|at|near|outside|across|around|throughout|into)\s+(?:the\s+)?$", re.IGNORECASE)
#: What is said of firms and not of people, and the other way round.
_FIRM = re.compile(
    r"\b(?:its|found(?:ed|ing|ers?)|compan(?:y|ies)|firms?|business|headquarter\w*|employees|offices?|branch|factor(?:y|ies)"
    r"|subsidiary|shareholders?|customers?|products?|brand|start-?up|manufactur\w+)\b",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:he|she|his|hers?|him|who|born|aged|told|says?|works? as)\b", re.IGNORECASE)
_WORD_BEFORE = re.compile(r"(\w+)\.?\s+$")
