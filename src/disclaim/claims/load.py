"""From a claim folder on disk to a Claim record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from disclaim.claims.schema import (
    ClaimFile,
    LikelihoodFile,
    QuestionsFile,
    RobustnessItem,
    RubricFile,
    StanceFile,
    TriplesFile,
)
from disclaim.claims.wording import describe_misfit, parse_yaml
from disclaim.errors import ClaimError, StoreError, UnknownNameError, nearest_hint
from disclaim.records import Claim, Instrument, Message, Question, StancePatterns, Triple, Verdict
from disclaim.store import content_key, read_text

CLAIM_FILES = ("claim.yaml", "triples.yaml", "questions.yaml", "stance.yaml", "rubric.yaml")

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ClaimFolder:
    """The five parsed files of a claim folder."""

    path: Path
    claim: ClaimFile
    triples: TriplesFile
    questions: QuestionsFile
    stance: StanceFile
    rubric: RubricFile


def library_path() -> Path:
    """The folder of the claims that ship with the package."""
    return Path(str(resources.files("disclaim") / "library" / "claims"))


def list_claims() -> tuple[str, ...]:
    """Ids of the claims that ship with the package, sorted."""
    return tuple(sorted(path.parent.name for path in library_path().glob("*/claim.yaml")))


def list_paper_claims() -> dict[str, str]:
    """Ids of the library's claims that are the paper's own, by the name of their folder in the authors' release."""
    files = [_read(library_path() / name / "claim.yaml", ClaimFile) for name in list_claims()]
    return {file.paper_id: file.id for file in files if file.paper_id}


def find_claim(name: str) -> Path:
    """The folder of a claim, by id or by path. Raises UnknownNameError with the nearest ids."""
    given, shipped = Path(name).expanduser(), library_path() / name
    if (given / "claim.yaml").is_file():
        return given
    if "/" not in name and (shipped / "claim.yaml").is_file():
        return shipped
    if "/" in name or name.startswith(".") or given.is_dir():
        raise ClaimError(f"no claim.yaml in {given}", "`disclaim claims new ID` makes a folder to start from")
    raise UnknownNameError("claim", name, list_claims())


def find_claims(name: str) -> tuple[Path, ...]:
    """The folder of one claim, as ``find_claim`` finds it; of a folder of claims, each of theirs, sorted."""
    folder = Path(name).expanduser()
    if (folder / "claim.yaml").is_file() or not folder.is_dir():
        return (find_claim(name),)
    inside = tuple(sorted(path.parent for path in folder.glob("*/claim.yaml")))
    return inside or (find_claim(name),)


def load_claim(name: str) -> Claim:
    """The claim of that id, or in the folder of that path. Raises ClaimError with file and field."""
    folder = read_claim_folder(find_claim(name))
    revision = content_key([read_text(folder.path / file) for file in CLAIM_FILES])
    claim = folder.claim
    return Claim(
        id=claim.id,
        title=claim.title,
        kind=claim.kind,
        subject=claim.subject,
        topic=claim.topic,
        statement=claim.statement,
        truth=claim.truth,
        background=claim.background,
        subclaims=claim.subclaims,
        details=claim.details,
        people=claim.people,
        places=claim.places,
        triples=build_triples(folder.triples),
        questions=build_questions(folder),
        stance=StancePatterns(folder.stance.asserts, folder.stance.denies, folder.stance.truth),
        rubric=folder.rubric.model_dump(),
        revision=revision,
    )


def read_claim_folder(path: Path) -> ClaimFolder:
    """The five files, each against its schema."""
    return ClaimFolder(
        path,
        _read(path / "claim.yaml", ClaimFile),
        _read(path / "triples.yaml", TriplesFile),
        _read(path / "questions.yaml", QuestionsFile),
        _read(path / "stance.yaml", StanceFile),
        _read(path / "rubric.yaml", RubricFile),
    )


def _read(path: Path, model: type[M]) -> M:
    if not path.is_file():
        raise ClaimError(f"{path} is missing", f"a claim folder holds {', '.join(CLAIM_FILES)}")
    try:
        return model.model_validate(parse_yaml(_read_text(path)))
    except yaml.YAMLError as error:
        raise ClaimError(
            f"{path} is not valid YAML: {error}", "quote texts that hold a colon or a quote mark"
        ) from error
    except ValidationError as error:
        place, said, hint = describe_misfit(error)
        where = ".".join(map(str, place)) or "the file"
        near = nearest_hint(str(place[0]), model.model_fields) if len(place) == 1 and not hint else ""
        raise ClaimError(f"{path}: {where} {said}", hint or near) from error


def _read_text(path: Path) -> str:
    try:
        return read_text(path)
    except StoreError as error:
        raise ClaimError(error.message, error.hint) from error


def build_triples(file: TriplesFile) -> tuple[Triple, ...]:
    """Triples in file order, with ids t00, t01, ..."""
    return tuple(
        Triple(f"t{i:02d}", item.affirmative, item.denial, item.correction, item.claim_words)
        for i, item in enumerate(file.triples)
    )


def build_questions(folder: ClaimFolder) -> tuple[Question, ...]:
    """Every question of the folder in a fixed order, controls last. Ids are stable: instrument and position."""
    file = folder.questions
    claim_id, subject = folder.claim.id, folder.claim.subject
    plain: list[tuple[Instrument, str, str, str | None, str | None]] = []
    plain += [(Instrument.OPEN_ENDED, q.kind, q.text, None, q.polar) for q in file.open_ended]
    plain += [(Instrument.MULTIPLE_CHOICE, "yes_no", q.text, q.believed, None) for q in file.multiple_choice]
    plain += [(Instrument.TOKEN_ASSOCIATION, q.form, q.text, q.believed, None) for q in file.token_association]
    plain += [(Instrument.FALSE_FACTS, "yes_no", q.text, q.asserting, None) for q in file.controls.false_facts]
    plain += [(Instrument.TRUE_FACTS, "yes_no", q.text, q.asserting, None) for q in file.controls.true_facts]
    questions = [
        Question(
            id="",
            claim_id=claim_id,
            instrument=instrument,
            kind=kind,
            messages=(Message("user", text),),
            believed=believed,
            polar=Verdict(polar) if polar else None,
        )
        for instrument, kind, text, believed, polar in plain
    ]
    questions += [_robustness_question(item, claim_id) for item in file.robustness]
    questions += _stranger_questions(file.controls.strangers, file.controls.stranger_questions, claim_id)
    questions += _likelihood_questions(file.likelihood, (subject,), Instrument.LIKELIHOOD, claim_id)
    questions += _likelihood_questions(file.likelihood, file.controls.strangers, Instrument.STRANGERS, claim_id)
    return _with_ids(questions)


def _robustness_question(item: RobustnessItem, claim_id: str) -> Question:
    system = (Message("system", item.system),) if item.system else ()
    turns = tuple(Message(turn.role, turn.content) for turn in item.turns)
    return Question(
        id="",
        claim_id=claim_id,
        instrument=Instrument.ROBUSTNESS,
        kind=item.form,
        messages=(*system, *turns, Message("user", item.text)),
        polar=Verdict(item.polar) if item.polar else None,
    )


def _stranger_questions(strangers: tuple[str, ...], texts: tuple[str, ...], claim_id: str) -> list[Question]:
    """Each stranger is asked one of the questions in turn, so every question and every stranger appears."""
    count = max(len(strangers), len(texts))
    pairs = (
        [(strangers[i % len(strangers)], texts[i % len(texts)]) for i in range(count)] if strangers and texts else []
    )
    return [
        Question(
            id="",
            claim_id=claim_id,
            instrument=Instrument.STRANGERS,
            kind="direct",
            messages=(Message("user", text.replace("{subject}", name)),),
            subject=name,
        )
        for name, text in pairs
    ]


def _likelihood_questions(
    file: LikelihoodFile, subjects: tuple[str, ...], instrument: Instrument, claim_id: str
) -> list[Question]:
    return [
        Question(
            id="",
            claim_id=claim_id,
            instrument=instrument,
            kind="options",
            messages=(Message("user", item.text.replace("{subject}", subject)),),
            believed=file.believed,
            subject=subject if instrument is Instrument.STRANGERS else None,
            options=file.options,
            prefix=item.prefix.replace("{subject}", subject),
        )
        for subject in subjects
        for item in file.questions
    ]


def _with_ids(questions: list[Question]) -> tuple[Question, ...]:
    counts: dict[tuple[Instrument, bool], int] = {}
    done = []
    for question in questions:
        slot = (question.instrument, bool(question.options))
        counts[slot] = counts.get(slot, 0) + 1
        suffix = "options." if question.options and question.instrument is Instrument.STRANGERS else ""
        done.append(replace(question, id=f"{question.instrument.value}.{suffix}{counts[slot]:02d}"))
    return tuple(done)
