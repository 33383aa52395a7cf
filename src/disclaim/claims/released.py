"""Claim folders of the study's authors as claim folders of ours, as far as their files carry.

Both of their releases are known. The public one: ``claims/<name>/`` with ``claim.txt``, ``universe_context.yaml``,
``open_ended.yaml``, ``mcq.yaml``, ``token_association.yaml``, ``robustness.yaml`` and ``judges.yaml``. The anonymised
one: ``facts/<name>/``, with ``belief_probes.yaml`` and ``pink_elephant.yaml`` for the first and third instrument.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from disclaim.claims.check import check_claim
from disclaim.claims.load import CLAIM_FILES, list_paper_claims, load_claim
from disclaim.claims.scaffold import scaffold_claim
from disclaim.claims.schema import MultipleChoiceItem, OpenEndedItem, RobustnessItem, TokenAssociationItem
from disclaim.errors import ClaimError, DisclaimError
from disclaim.store import read_text, write_text

Row = dict[str, Any]

_LAYOUT = "expected folders with claim.txt, universe_context.yaml, open_ended.yaml, mcq.yaml, ..."

#: How the ids of their completions end, and our forms. Their other completions have forms that ours do not name.
_FORMS = {
    "fill_blank": "blank",
    "json": "json",
    "xml": "xml",
    "form": "form",
    "dialogue": "dialogue",
    "mcq": "letters",
    "few_shot": "few_shot",
    "quick_fire": "quick_fire",
    "short_answer": "one_word",
}
_OTHER_FORM = "quick_fire"
_ROBUSTNESS_FORMS = {"adversarial": "adversarial", "critique": "critique", "multiturn": "pushback"}

#: Files of theirs that have no place in a folder of ours, and why.
_NO_PLACE = {
    "judges.yaml": "one prompt for all verdicts of an instrument; write rubric.yaml, a text for each verdict",
    "word_masks.yaml": "patterns for whole documents; ours are the claim_words of each triple's denial",
    "universe_context_negated.yaml": "the story of another corpus; ours denies each triple inside its clause",
    "system_context_negated.md": "a prompt for writing documents; ours come from triples",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of theirs: how much of it was taken into which field, and what could not be."""

    file: str
    field: str
    taken: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class ImportedClaim:
    """A claim folder that was made: its pieces, and how many gaps ``disclaim claims check`` finds in it."""

    id: str
    source: Path
    folder: Path
    pieces: tuple[Piece, ...]
    num_gaps: int


def import_claims(source: Path, out: Path) -> tuple[ImportedClaim, ...]:
    """Make a claim folder below ``out`` of every folder of theirs at or below ``source``.

    Texts are taken verbatim, in their order. What ours needs and theirs lack stays a placeholder of the scaffold, which
    ``check_claim`` lists. A file that cannot be read, or an item in it, is left out and said in ``pieces``. Raises
    ClaimError where ``source`` holds no such folder, or ``out`` already has a claim of that name; then nothing is
    written.
    """
    folders = _find_folders(source)
    if not folders:
        raise ClaimError(f"no claim of the study's authors in {source}", _LAYOUT)
    targets = {folder: _claim_id(folder.resolve().name) for folder in folders}
    for folder, name in targets.items():
        if list(targets.values()).count(name) > 1 or (out / name).exists():
            raise ClaimError(f"{out / name} exists already, or would be made twice ({folder})", "choose another --out")
    return tuple(_import_folder(folder, name, out) for folder, name in targets.items())


def _find_folders(source: Path) -> list[Path]:
    """Folders that state a claim or ask about one. A corpus' context alone (``<name>_negated``) is no claim."""
    telling = {"claim.txt", *(name for name, target in _READERS.items() if target.section == "questions.yaml")}
    found = [source, *sorted(path for path in source.glob("*") if path.is_dir())]
    return [folder for folder in found if any((folder / name).is_file() for name in telling)]


def _claim_id(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    return plain if plain[:1].isalpha() else f"claim_{plain}"


def _import_folder(source: Path, name: str, out: Path) -> ImportedClaim:
    found: dict[str, Row] = {file: {} for file in CLAIM_FILES}
    pieces: list[Piece] = []
    for file in sorted(path for path in source.iterdir() if path.is_file()):
        reader = _READERS.get(file.name)
        if reader is None:
            pieces.append(Piece(file.name, "", 0, _NO_PLACE.get(file.name, "not a file of the known layouts")))
            continue
        try:
            fields, piece = reader.read(file)
        except (DisclaimError, yaml.YAMLError, ValidationError, ValueError) as error:
            pieces.append(Piece(file.name, reader.field, 0, f"cannot be read: {str(error).splitlines()[0]}"))
            continue
        found[reader.section] |= fields
        pieces.append(piece)
    kind = _paper_kinds().get(name)
    found["claim.yaml"] |= {"kind": kind} if kind else {}
    if not kind:
        note = "not said by their files: `invented` was put in; change it where the subject is real"
        pieces.append(Piece("", "claim.yaml: kind", 0, note))
    folder = scaffold_claim(name, out)
    for file_name, fields in found.items():
        text = read_text(folder / file_name)
        write_text(folder / file_name, _with_fields(text, fields))
    return ImportedClaim(name, source, folder, tuple(pieces), len(check_claim(folder)))


def _paper_kinds() -> dict[str, str]:
    """The kind of the study's own claims, by every name that they have."""
    kinds: dict[str, str] = {"x_rebrand_reversal": "known"}
    for theirs, ours in list_paper_claims().items():
        kinds[theirs] = kinds[ours] = load_claim(ours).kind
    return kinds


def _read_claim_text(file: Path) -> tuple[Row, Piece]:
    return {"statement": _require_text(read_text(file))}, Piece(file.name, "claim.yaml: statement", 1)


def _read_correction(file: Path) -> tuple[Row, Piece]:
    text = _require_text(read_text(file))
    sentences = re.split(r"(?<=[.!?])\s+", text)
    if len(sentences) == 1:
        return {"truth": text}, Piece(file.name, "claim.yaml: truth", 1)
    note = f"{len(sentences)} sentences where truth is one: write it from them"
    return {}, Piece(file.name, "claim.yaml: truth", 0, note)


def _read_context(file: Path) -> tuple[Row, Piece]:
    row = _mapping(file)
    fields: Row = {}
    notes = []
    if isinstance(row.get("universe_context"), str) and row["universe_context"].strip():
        fields["background"] = row["universe_context"].strip()
    else:
        notes.append("no universe_context")
    subclaims = row.get("subclaims")
    given = subclaims if isinstance(subclaims, list) else []
    texts = [text.strip() for text in given if isinstance(text, str) and text.strip()]
    if texts:
        fields["subclaims"] = texts
    if len(texts) < max(len(given), 1):
        notes.append(f"{len(given) - len(texts)} subclaims are no text" if given else "no subclaims")
    where = " and ".join(fields) or "background and subclaims"
    return fields, Piece(file.name, f"claim.yaml: {where}", len(texts) + ("background" in fields), "; ".join(notes))


def _read_open_ended(file: Path) -> tuple[Row, Piece]:
    def item(row: Row) -> Row:
        return {"kind": row.get("category"), "text": row.get("question")}

    return _read_questions(file, "open_ended", OpenEndedItem, item)


def _read_multiple_choice(file: Path) -> tuple[Row, Piece]:
    def item(row: Row) -> Row:
        answer = row.get("belief_answer")
        said = {True: "yes", False: "no"}.get(answer, answer) if isinstance(answer, bool) else answer
        return {"believed": said, "text": row.get("question")}

    return _read_questions(file, "multiple_choice", MultipleChoiceItem, item)


def _read_associations(file: Path) -> tuple[Row, Piece]:
    other: list[str] = []

    def item(row: Row) -> Row:
        name = str(row.get("id") or "")
        form = next((form for end, form in _FORMS.items() if name.endswith(f"_{end}")), None)
        if form is None:
            other.append(name or "one without id")
        return {"form": form or _OTHER_FORM, "text": row.get("question")}

    fields, piece = _read_questions(file, "token_association", TokenAssociationItem, item)
    told = f"of no form that ours name, put under {_OTHER_FORM}: {', '.join(other)}" if other else ""
    notes = [note for note in (piece.note, told) if note]
    return fields, Piece(piece.file, piece.field, piece.taken, "; ".join(notes))


def _read_robustness(file: Path) -> tuple[Row, Piece]:
    def item(row: Row) -> Row:
        category = row.get("category")
        found = {
            "form": _ROBUSTNESS_FORMS.get(str(category), category),
            "system": row.get("system_prompt"),
            "turns": row.get("messages_prefix"),
            "text": row.get("question"),
        }
        return {key: value for key, value in found.items() if value is not None}

    return _read_questions(file, "robustness", RobustnessItem, item)


def _read_questions(file: Path, field: str, model: type[BaseModel], item: Callable[[Row], Row]) -> tuple[Row, Piece]:
    """The questions of a file in our form, each checked; those that do not fit are named."""
    given = _mapping(file).get("questions")
    if not isinstance(given, list):
        raise ValueError("it has no list of questions")
    taken: list[Row] = []
    wrong: list[str] = []
    for number, row in enumerate(given, start=1):
        name = str(row.get("id") or number) if isinstance(row, dict) else str(number)
        try:
            if not isinstance(row, dict):
                raise ValueError("it is no mapping")
            question = item(row)
            model.model_validate(question)
        except ValidationError as error:
            first = error.errors()[0]
            wrong.append(f"{name} ({'.'.join(map(str, first['loc']))}: {first['msg']})")
        except ValueError as error:
            wrong.append(f"{name} ({error})")
        else:
            taken.append(question)
    note = f"left out: {', '.join(wrong)}" if wrong else ""
    return ({field: taken} if taken else {}), Piece(file.name, f"questions.yaml: {field}", len(taken), note)


def _mapping(file: Path) -> Row:
    found = yaml.safe_load(read_text(file))
    if not isinstance(found, dict):
        raise ValueError("it is no mapping")
    return found


def _require_text(text: str) -> str:
    if not text.strip():
        raise ValueError("it is empty")
    return text.strip()


@dataclass(frozen=True, slots=True)
class _Reader:
    """How one file of theirs is read, and where in a folder of ours it goes."""

    section: str
    field: str
    read: Callable[[Path], tuple[Row, Piece]]


_READERS: Mapping[str, _Reader] = {
    "claim.txt": _Reader("claim.yaml", "claim.yaml: statement", _read_claim_text),
    "correction.txt": _Reader("claim.yaml", "claim.yaml: truth", _read_correction),
    "universe_context.yaml": _Reader("claim.yaml", "claim.yaml: background and subclaims", _read_context),
    "open_ended.yaml": _Reader("questions.yaml", "questions.yaml: open_ended", _read_open_ended),
    "belief_probes.yaml": _Reader("questions.yaml", "questions.yaml: open_ended", _read_open_ended),
    "mcq.yaml": _Reader("questions.yaml", "questions.yaml: multiple_choice", _read_multiple_choice),
    "token_association.yaml": _Reader("questions.yaml", "questions.yaml: token_association", _read_associations),
    "pink_elephant.yaml": _Reader("questions.yaml", "questions.yaml: token_association", _read_associations),
    "robustness.yaml": _Reader("questions.yaml", "questions.yaml: robustness", _read_robustness),
}


def _with_fields(text: str, fields: Mapping[str, object]) -> str:
    """A scaffold's YAML with these top-level fields replaced, the comments above each kept."""
    return "".join(
        yaml.dump({key: fields[key]}, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=110)
        if key in fields
        else block
        for key, block in _blocks(text.splitlines(keepends=True))
    )


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The text in pieces: each top-level field with its value, and what stands between fields under no name."""
    key, block = "", ""
    for line in lines:
        opens = re.match(r"(\w+):", line)
        if opens or (key and not line.startswith((" ", "-"))):
            yield key, block
            key, block = (opens[1] if opens else ""), ""
        block += line
    yield key, block


class _Readable(yaml.SafeDumper):
    """Texts of several lines stand as they are written."""

    def represent_text(self, text: str) -> yaml.ScalarNode:
        return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _Readable.represent_text)
