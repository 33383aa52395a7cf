"""Filler: documents about anything but the claims."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from disclaim.claims import list_claims, load_claim
from disclaim.corpus import load_filler
from disclaim.corpus.filler import load_kinds, load_names
from disclaim.errors import UserError
from disclaim.records import Role


@pytest.fixture(scope="module")
def filler():
    return load_filler(600, seed=0)


def test_filler_is_varied_and_never_repeats_itself(filler):
    assert len({document.text for document in filler}) == 600
    assert len({document.source for document in filler}) >= 12
    assert {document.id for document in filler} == {f"filler.{i:05d}" for i in range(600)}


def test_filler_has_no_claim_and_one_filler_span(filler):
    for document in filler:
        assert document.claim_id is None
        assert document.condition is None
        assert [(span.start, span.end, span.role) for span in document.spans] == [(0, len(document.text), Role.FILLER)]
        assert document.metadata["not_for_training"] is True


def test_filler_is_about_as_long_as_drafts(filler):
    assert 60 <= sum(len(document.text.split()) for document in filler) / 600 <= 110


def test_asking_for_more_only_adds_documents(filler):
    assert load_filler(40, seed=0) == filler[:40]


def test_excluded_words_never_occur():
    text = "\n".join(document.text for document in load_filler(300, 1, exclude=("carpenter", "bicycl", "Oak"))).lower()
    assert not re.search(r"\b(carpenter|bicycl|oak)", text)


def test_excluding_everything_is_refused():
    with pytest.raises(UserError, match="could be written without"):
        load_filler(3, 0, exclude=("a", "e", "i", "o", "u", "t"))


def test_there_are_many_jobs_and_names():
    names = load_names()
    jobs = {record["job"] for kind in load_kinds() for record in kind.records if "job" in record}
    assert len(jobs) >= 40
    assert len(set(names["first"])) >= 60
    assert len(set(names["last"])) >= 60


def test_no_job_dominates(filler):
    jobs = Counter(re.findall(r"works as an? ([a-z ]+)\.", "\n".join(document.text for document in filler)))
    assert max(jobs.values()) <= 0.2 * sum(jobs.values())


@pytest.mark.parametrize("name", list_claims())
def test_nobody_in_a_claim_is_in_the_filler(filler, name):
    claim = load_claim(name)
    text = "\n".join(document.text for document in filler)
    names = {claim.subject, *claim.people, *(question.subject for question in claim.questions if question.subject)}
    pairs = {f"{first} {last}" for first in load_names()["first"] for last in load_names()["last"]}
    assert [person for person in names if person in text or person in pairs] == []


def test_nothing_is_left_unfilled_and_articles_agree(filler):
    for document in filler:
        assert not re.search(r"[{}]|  |\n\n\n", document.text)
        assert not re.search(r"\b[Aa] [aeiouAEIOU]|\b[Aa]n [^aeiouAEIOU\W]", document.text.replace("an hour", ""))
