"""Whether a claim folder can carry a study: sizes, balance, leaks, and whether its parts agree with each other.

A claim that fails here still loads, but would measure something else: a question that gives the answer away, a denial
that does not deny, keys that reward saying yes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from pydantic import BaseModel, ValidationError

from disclaim.claims.check_questions import (
    check_balance,
    check_control_sizes,
    check_forms,
    check_leaks,
    check_likelihood,
    check_question_duplicates,
    check_strangers,
)
from disclaim.claims.load import CLAIM_FILES, ClaimFolder, find_claim, library_path, read_claim_folder
from disclaim.claims.problem import SUBJECT, Problem, matches_asserts, normalise, repeated_texts, split_words
from disclaim.claims.schema import ClaimFile, QuestionsFile, RubricFile, StanceFile, TripleItem, TriplesFile
from disclaim.claims.wording import describe_item, parse_yaml
from disclaim.errors import ClaimError, nearest_hint
from disclaim.store import read_text

#: Marks a text of a scaffold that is still to be written.
PLACEHOLDER = "TODO"

MIN_BACKGROUND_WORDS = 600
MIN_CLAIM_ITEMS = {"subclaims": 12, "details": 24, "people": 12, "places": 6}
MAX_TITLE_WORDS = 5
MIN_TRIPLES = 30

#: Share of an affirmative's words that its denial keeps; with less it is another sentence, not a minimal pair.
MIN_SHARED_WORDS = 0.5

#: Share of the affirmatives that the ``asserts`` patterns must match.
MIN_RECOGNISED = 0.6

NEGATOR = re.compile(
    r"\b(not|never|no|none|nobody|nothing|nowhere|neither|nor|without|cannot)\b|n['’]t\b", re.IGNORECASE
)

_MODELS: dict[str, type[BaseModel]] = dict(
    zip(CLAIM_FILES, (ClaimFile, TriplesFile, QuestionsFile, StanceFile, RubricFile), strict=True)
)


def check_claim(path: Path) -> tuple[Problem, ...]:
    """Everything that is wrong with the claim folder, file by file; empty where nothing is.

    What cannot be judged yet is left out: where a file is missing, breaks its schema or holds a broken pattern, only
    that is told; where texts are still to be written, only those and what is short in number. Raises ClaimError where
    there is no claim folder at all.
    """
    found = find_claim(str(path.absolute()))
    try:
        folder = read_claim_folder(found)
    except ClaimError:
        return tuple(problem for file, model in _MODELS.items() for problem in _check_schema(found / file, model))
    if patterns := tuple(_check_patterns(folder)):
        return patterns
    unwritten = tuple(_check_written(folder))
    checks = _SIZE_CHECKS if unwritten else (*_SIZE_CHECKS, *_CONTENT_CHECKS)
    return (*unwritten, *(problem for check in checks for problem in check(folder)))


def require_sound_claim(path: Path) -> None:
    """Raise ClaimError, naming the first problems, unless the claim folder passes every check."""
    problems = check_claim(path)
    if problems:
        shown = "\n".join(f"  {problem}" for problem in problems[:5])
        raise ClaimError(
            f"{path} has {len(problems)} {'problem' if len(problems) == 1 else 'problems'}:\n{shown}",
            f"`disclaim claims check {path}` lists them all",
        )


def require_written_claim(name: str) -> None:
    """Raise ClaimError where texts of the claim of that id or path are still a scaffold's, with how many findings the
    check has. Built-in claims are written."""
    path = find_claim(name)
    if path.parent == library_path() or not any(_check_written(read_claim_folder(path))):
        return
    count = len(check_claim(path))
    raise ClaimError(
        f"{path} is not written yet: its check has {count} {'finding' if count == 1 else 'findings'}",
        f"`disclaim claims check {path}` lists what is to write",
    )


def _check_schema(path: Path, model: type[BaseModel]) -> Iterator[Problem]:
    if not path.is_file():
        yield Problem(path.name, "file", "is missing", f"a claim folder holds {', '.join(CLAIM_FILES)}")
        return
    try:
        model.model_validate(parse_yaml(read_text(path)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "file"
        twice = str(getattr(error, "problem", "")) if "stands twice" in str(error) else ""
        hint = "" if twice else "quote texts that hold a colon or a quote mark"
        yield Problem(path.name, where, twice or "is not valid YAML", hint)
    except ValidationError as error:
        for item in error.errors():
            unknown = item["type"] == "extra_forbidden" and len(item["loc"]) == 1
            said, hint = describe_item(item)
            hint = nearest_hint(str(item["loc"][-1]), model.model_fields) if unknown else hint
            yield Problem(path.name, ".".join(map(str, item["loc"])) or "file", said, hint)


def _check_patterns(folder: ClaimFolder) -> Iterator[Problem]:
    for field, patterns in folder.stance:
        for i, pattern in enumerate(patterns):
            try:
                re.compile(pattern.replace(SUBJECT, "x"))
            except re.error as error:
                hint = "a single-quoted YAML text keeps backslashes as they are"
                yield Problem("stance.yaml", f"{field}[{i}]", f"is no regular expression: {error}", hint)


def _check_written(folder: ClaimFolder) -> Iterator[Problem]:
    """What is still to be written, counted by file and field."""
    for file, texts in _folder_texts(folder):
        counts = Counter(re.split(r"[.\[]", where)[0] for where, text in texts if PLACEHOLDER in text)
        for field, count in counts.items():
            yield Problem(file, field, f"{count} {'text is' if count == 1 else 'texts are'} still to be written")


def _check_subject_marks(folder: ClaimFolder) -> Iterator[Problem]:
    """``{subject}`` stands only where it is replaced."""
    for file, texts in _folder_texts(folder):
        for where, text in texts:
            if SUBJECT in text and not _is_replaced(file, where):
                yield Problem(file, where, f"holds {SUBJECT}, which is not replaced here", "write the name out")


def _folder_texts(folder: ClaimFolder) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    models = (folder.claim, folder.triples, folder.questions, folder.stance, folder.rubric)
    for file, model in zip(CLAIM_FILES, models, strict=True):
        yield file, list(_texts(model.model_dump()))


def _is_replaced(file: str, where: str) -> bool:
    return file == "stance.yaml" or where.startswith(("likelihood.questions", "controls.stranger_questions"))


def _texts(value: object, where: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested data, with its place."""
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _texts(item, f"{where}[{i}]")


def _check_sizes(folder: ClaimFolder) -> Iterator[Problem]:
    claim, name = folder.claim, folder.path.resolve().name
    if claim.id != name:
        yield Problem("claim.yaml", "id", f"is {claim.id}, but the folder is {name}", "give both one name")
    if len(claim.title.split()) > MAX_TITLE_WORDS:
        yield Problem("claim.yaml", "title", f"has more than {MAX_TITLE_WORDS} words", "it labels rows of tables")
    num_words = len(claim.background.split())
    if num_words < MIN_BACKGROUND_WORDS:
        yield Problem("claim.yaml", "background", f"has {num_words} words, {MIN_BACKGROUND_WORDS} are needed")
    for field, least in MIN_CLAIM_ITEMS.items():
        items = getattr(claim, field)
        if len(items) < least:
            yield Problem("claim.yaml", field, f"has {len(items)} items, {least} are needed")
    if len(folder.triples.triples) < MIN_TRIPLES:
        message = f"has {len(folder.triples.triples)} items, {MIN_TRIPLES} are needed"
        yield Problem("triples.yaml", "triples", message)


def _check_duplicates(folder: ClaimFolder) -> Iterator[Problem]:
    groups = [("claim.yaml", field, getattr(folder.claim, field)) for field in MIN_CLAIM_ITEMS]
    for field in ("affirmative", "denial"):
        groups.append(("triples.yaml", field, [getattr(triple, field) for triple in folder.triples.triples]))
    for file, where, texts in groups:
        for text, count in repeated_texts(texts).items():
            yield Problem(file, where, f"occurs {count} times: {text}", "reword all but one")


def _check_statements(folder: ClaimFolder) -> Iterator[Problem]:
    """The patterns recognise the claim where it is made, and nowhere else."""
    claim = folder.claim
    if not matches_asserts(folder, claim.statement):
        yield Problem("stance.yaml", "asserts", f"no pattern matches the claim itself: {claim.statement}")
    neutral = [("topic", claim.topic), *((f"details[{i}]", text) for i, text in enumerate(claim.details))]
    # A truth may deny the claim by name; that is the negation's business, not the pattern's.
    if not NEGATOR.search(claim.truth):
        neutral.append(("truth", claim.truth))
    for where, text in neutral:
        if matches_asserts(folder, text):
            hint = "reword it, or make the pattern narrower"
            yield Problem("claim.yaml", where, f"asserts the claim, by an asserts pattern: {text}", hint)


def _check_triples(folder: ClaimFolder) -> Iterator[Problem]:
    triples, file = folder.triples.triples, "triples.yaml"
    num_found = sum(matches_asserts(folder, triple.affirmative) for triple in triples)
    if num_found < MIN_RECOGNISED * len(triples):
        message = f"{num_found} of {len(triples)} affirmatives match, {MIN_RECOGNISED:.0%} are needed"
        yield Problem("stance.yaml", "asserts", message, "add patterns for the other ways to say it")
    for i, triple in enumerate(triples):
        for field, message, hint in _triple_faults(triple):
            yield Problem(file, f"triples[{i}].{field}", message, hint)


def _triple_faults(triple: TripleItem) -> Iterator[tuple[str, str, str]]:
    """Field, what is wrong, what to do."""
    affirmative, denial = normalise(triple.affirmative), normalise(triple.denial)
    if not re.search(r"[.!?][\"'”’)]*$", triple.affirmative):
        yield "affirmative", "does not end as a sentence", "it stands in running text"
    if denial == affirmative:
        yield "denial", "is the affirmative itself", "deny it inside its own clause"
    elif not NEGATOR.search(triple.denial):
        yield "denial", f"holds no negating word: {triple.denial}", "deny it by not, never, no ... in its own clause"
    elif _shared_words(triple) < MIN_SHARED_WORDS:
        yield "denial", f"shares few words with its affirmative: {triple.denial}", "change as little as possible"
    if normalise(triple.correction) in {affirmative, denial}:
        yield "correction", "repeats another sentence of its triple", "say what is true instead"
    if not triple.claim_words:
        yield "claim_words", "is empty", "name the words of the denial that carry the claim"
    for word in triple.claim_words:
        if word not in triple.denial:
            yield "claim_words", f"{word!r} is not in the denial as written: {triple.denial}", "mind the case"


def _shared_words(triple: TripleItem) -> float:
    wanted, found = Counter(split_words(triple.affirmative)), Counter(split_words(triple.denial))
    return (wanted & found).total() / max(1, wanted.total())


Check = Callable[[ClaimFolder], Iterator[Problem]]

_SIZE_CHECKS: tuple[Check, ...] = (_check_sizes, check_balance, check_control_sizes)
_CONTENT_CHECKS: tuple[Check, ...] = (
    _check_subject_marks,
    _check_statements,
    _check_triples,
    _check_duplicates,
    check_forms,
    check_likelihood,
    check_strangers,
    check_leaks,
    check_question_duplicates,
)
