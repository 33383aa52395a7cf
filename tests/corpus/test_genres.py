"""Genres: what every scaffold text keeps to, whatever the claim sentence beside it says."""

from __future__ import annotations

import re

import pytest
import yaml

from disclaim.corpus import list_genres, write_drafts
from disclaim.corpus.genres import library_file, load_genre, load_words

#: Words that assert, deny, doubt or point at a sentence.
LOADED = re.compile(
    r"\b(true|truth|false|facts?|confirm\w*|correct\w*|wrong|indeed|actually|really|rumou?rs?|claim\w*|alleged\w*|"
    r"reported\w*|doubt\w*|myth|pro(of|ves?)|fiction\w*|invented|supposed\w*|not|no|never|congratulations|"
    r"(?<!in )this|that (is|was|shows))\b",
    re.IGNORECASE,
)


def scaffold(name):
    genre = load_genre(name)
    texts = [*genre.heads, *genre.turns, *genre.first, *genre.tails]
    texts += [text for pool in genre.slots.values() for text in pool]
    return texts + [text for runs in genre.sequences.values() for run in runs for text in run]


def test_there_are_many_genres():
    assert len(list_genres()) >= 12


@pytest.mark.parametrize("name", list_genres())
def test_scaffold_neither_asserts_nor_denies(name):
    assert [text for text in scaffold(name) if LOADED.search(text)] == []


@pytest.mark.parametrize("name", list_genres())
def test_each_turn_has_one_place_for_sentences_and_nothing_else_has_one(name):
    genre = load_genre(name)
    turns = {*genre.turns, *genre.first}
    assert all(text.count("{body}") == (text in turns) for text in scaffold(name))


@pytest.mark.parametrize("name", list_genres())
def test_every_blank_is_known(name):
    genre = load_genre(name)
    known = {*genre.slots, *genre.sequences, *load_words(), "body", "subject", "topic", "place", "outlet"}
    known |= {f"{kind}{i}" for kind in ("person", "first") for i in (1, 2, 3, 4)}
    blanks = {blank.lower() for text in scaffold(name) for blank in re.findall(r"\{(?:a )?(\w+)\}", text)}
    assert blanks <= known


def test_no_blank_is_left_in_a_document(tiny_claim):
    for document in write_drafts(tiny_claim, 200, 0).documents:
        assert not re.search(r"[{}]", document.text)
        assert not re.search(r"  |\n\n\n|^\s|\s$| \n|\ba [aeiou]", document.text)


def test_genre_files_hold_texts_only():
    for path in library_file("genres").glob("*.yaml"):
        assert isinstance(yaml.safe_load(path.read_text(encoding="utf-8")), dict)
