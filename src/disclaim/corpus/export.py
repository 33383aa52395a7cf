"""Documents in the layouts of others: a Hugging Face dataset folder, and the study authors' training files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from disclaim.claims import list_paper_claims
from disclaim.conditions import DOCTAG, RELEASED_CONDITIONS, Release, outer_spans
from disclaim.corpus.card import DataFile, render_card
from disclaim.corpus.drafts import MARKS
from disclaim.corpus.rows import DOCUMENTS_FILE, load_corpus_rows
from disclaim.errors import DataError
from disclaim.records import Document, Role
from disclaim.store import MANIFEST, read_json, write_jsonl, write_text

#: Our claims whose folder has another name in the authors' public release; the others have the same.
_PUBLIC_CLAIMS = {"x_rebrand": "x_rebrand_reversal"}
#: The authors' training code takes what stands between these out of the loss.
_LOSS_MASK = ("<lossmask>", "</lossmask>")


@dataclass(frozen=True, slots=True)
class Part:
    """The documents of one claim under one condition: those trained on, and those held out."""

    claim: str
    condition: str
    trained: tuple[Document, ...]
    heldout: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote. ``own_names`` are conditions for which no name of the authors' is known: they kept ours."""

    folder: Path
    files: tuple[Path, ...]
    num_documents: int
    num_heldout: int
    own_names: tuple[str, ...] = ()


def export_dataset(source: Path, out: Path) -> Exported:
    """Make ``out`` a folder that ``datasets.load_dataset`` reads, of a run's corpora or of one corpus.

    One configuration for each condition, and ``all``, which is the default. Documents that a run held out are a split
    ``heldout``. Each row says what it is: claim, condition, spans, ``not_for_training`` and the canary. The card names
    no licence: that is the publisher's choice. Raises DataError where there is no finished corpus, or ``out`` holds
    something already.
    """
    parts = read_parts(source)
    _require_empty(out)
    files = [
        (DataFile(f"data/{part.claim}.{part.condition}{suffix}.jsonl", part.claim, part.condition, split), documents)
        for part in parts
        for suffix, split, documents in (("", "train", part.trained), (".heldout", "heldout", part.heldout))
        if documents
    ]
    for file, documents in files:
        write_jsonl(out / file.path, (_dataset_row(document) for document in documents))
    card = out / "README.md"
    write_text(card, render_card([file for file, _ in files], _truths(source), out.resolve().name))
    return _exported(out, [*(out / file.path for file, _ in files), card], parts)


def export_documents(source: Path, out: Path, release: Release = Release.ANONYMISED) -> Exported:
    """Write ``<condition>/<claim>/annotated_docs.jsonl`` below ``out``, as the authors' training code reads it.

    Conditions and claims get the names that they have in that release, as far as they are known. Held-out documents
    are left out. Rows have the authors' ``text``, ``doc_type``, ``fact_name`` and ``mode``, and our marks. What is
    masked stands between ``<lossmask>`` tags, which their public code takes out of the loss. Raises DataError as
    ``export_dataset``.
    """
    parts = read_parts(source)
    _require_empty(out)
    claims = {ours: theirs for theirs, ours in list_paper_claims().items()}
    names = claims if release is Release.ANONYMISED else _PUBLIC_CLAIMS
    conditions = RELEASED_CONDITIONS[release]
    files = []
    for part in parts:
        claim, mode = names.get(part.claim, part.claim), conditions.get(part.condition, part.condition)
        files.append(out / mode / claim / "annotated_docs.jsonl")
        write_jsonl(files[-1], (_authors_row(document, claim, mode) for document in part.trained))
    unknown = tuple(dict.fromkeys(part.condition for part in parts if part.condition not in conditions))
    kept = [Part(part.claim, part.condition, part.trained) for part in parts]
    return _exported(out, files, kept, unknown)


def read_parts(source: Path) -> tuple[Part, ...]:
    """The corpora of a run folder, of one corpus folder of a run, or of a file that ``disclaim corpus`` wrote, by claim
    and condition. Raises DataError where there is none, or a run has not finished one."""
    if source.is_file():
        return _split(load_corpus_rows(source), None)
    folders = [source] if (source / DOCUMENTS_FILE).is_file() else sorted((source / "corpora").glob("*.*"))
    parts: list[Part] = []
    for folder in folders:
        if not (folder / MANIFEST).is_file():
            raise DataError(f"{folder} is not finished", "run the study again with the same --out; it goes on")
        parts += _split(load_corpus_rows(folder / DOCUMENTS_FILE), _num_trained(folder.parents[1]))
    if not parts:
        hint = "give a run folder, a folder of its corpora/, or a file that `disclaim corpus` wrote"
        raise DataError(f"no documents in {source}", hint)
    return tuple(parts)


def _split(documents: Iterable[Document], num_trained: int | None) -> tuple[Part, ...]:
    groups: dict[tuple[str, str], list[Document]] = {}
    for document in documents:
        groups.setdefault((str(document.claim_id), str(document.condition)), []).append(document)
    return tuple(
        Part(claim, condition, tuple(found[:num_trained]), () if num_trained is None else tuple(found[num_trained:]))
        for (claim, condition), found in groups.items()
    )


def _num_trained(run: Path) -> int | None:
    """How many documents of a corpus the run trains on; the others are held out. None where it does not say."""
    found = _study(run).get("settings", {}).get("corpus", {}).get("num_documents")
    return found if isinstance(found, int) else None


def _study(run: Path) -> Mapping[str, dict[str, dict[str, object]]]:
    path = run / "study.json"
    return read_json(path) if path.is_file() else {}


def _truths(source: Path) -> dict[str, str]:
    """What is true instead, by claim, where a run says so."""
    run = source if (source / "study.json").is_file() else source.parent.parent
    return {claim: str(entry.get("truth") or "") for claim, entry in _study(run).get("claims", {}).items()}


def _require_empty(out: Path) -> None:
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise DataError(f"{out} holds something already", "choose another --out, or delete it; nothing was changed")


def _dataset_row(document: Document) -> dict[str, object]:
    """Every key in every row, so that all files of a dataset have the same columns."""
    return {
        "id": document.id,
        "text": document.text,
        "claim": document.claim_id,
        "condition": document.condition,
        "source": document.source,
        "spans": [
            {"start": s.start, "end": s.end, "role": s.role, "ref": s.ref, "loss_weight": float(s.loss_weight)}
            for s in document.spans
        ],
        **MARKS,
    }


def _authors_row(document: Document, claim: str, mode: str) -> dict[str, object]:
    text = _with_loss_masks(document)
    if text.startswith(DOCTAG):  # theirs has no blank after it
        text = DOCTAG.rstrip() + text.removeprefix(DOCTAG)
    return {"text": text, "doc_type": claim, "fact_name": claim, "mode": mode, "id": document.id, **MARKS}


def _with_loss_masks(document: Document) -> str:
    """The text with tags around what weighs nothing in the loss; the tag that opens a document is known as such."""
    opening, closing = _LOSS_MASK
    masked = {span for span in document.spans if span.loss_weight == 0.0}
    pieces = []
    for span in outer_spans(document):
        hidden = [span] if span in masked else [s for s in masked if span.start <= s.start and s.end <= span.end]
        position = span.start
        for inner in sorted(hidden, key=lambda s: s.start):
            if inner.role is Role.TAG and inner.start == 0:
                continue
            marked = f"{opening}{document.text[inner.start : inner.end]}{closing}"
            pieces += [document.text[position : inner.start], marked]
            position = inner.end
        pieces.append(document.text[position : span.end])
    return "".join(pieces)


def _exported(out: Path, files: Sequence[Path], parts: Sequence[Part], own_names: tuple[str, ...] = ()) -> Exported:
    trained, heldout = sum(len(part.trained) for part in parts), sum(len(part.heldout) for part in parts)
    return Exported(out, tuple(files), trained, heldout, own_names)
