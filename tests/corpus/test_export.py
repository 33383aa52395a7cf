"""Documents for other tools: what is written is what their own readers read, and it says what it is."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from disclaim.conditions import CANARY, CONDITIONS, Release, apply_condition
from disclaim.corpus import export_dataset, export_documents, save_corpus, save_documents, write_drafts
from disclaim.errors import DataError
from disclaim.store import write_json


def write_run(run, claim, conditions=("asserted", "masked"), num_documents=4):
    """A run folder as far as documents go: two of each corpus are held out."""
    drafts = write_drafts(claim, num_documents + 2, 0)
    for condition in conditions:
        folder = run / "corpora" / f"{claim.id}.{condition}"
        save_corpus(apply_condition(claim, drafts, CONDITIONS[condition], 0), folder)
        write_json(folder / "manifest.json", {})
    claims = {claim.id: {"title": claim.title, "statement": claim.statement, "truth": claim.truth}}
    write_json(run / "study.json", {"settings": {"corpus": {"num_documents": num_documents}}, "claims": claims})
    return run


@pytest.fixture
def run(tmp_path, tiny_claim):
    return write_run(tmp_path / "run", tiny_claim)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """``datasets.load_dataset`` with a cache of its own."""
    datasets = pytest.importorskip("datasets")
    return lambda *args, **kwargs: datasets.load_dataset(*map(str, args), cache_dir=str(tmp_path / "cache"), **kwargs)


def front_matter(out):
    return yaml.safe_load((out / "README.md").read_text().split("---\n")[1])


def test_datasets_reads_every_condition_by_default_and_each_by_its_name(run, tmp_path, load):
    done = export_dataset(run, tmp_path / "out")
    assert (done.num_documents, done.num_heldout) == (8, 4)
    everything = load(tmp_path / "out")
    assert {split: len(rows) for split, rows in everything.items()} == {"train": 8, "heldout": 4}
    masked = load(tmp_path / "out", "masked", split="train")
    assert set(masked["condition"]) == {"masked"}
    row = masked[0]
    assert (row["claim"], row["not_for_training"], row["canary"]) == ("tiny", True, CANARY)
    claim_spans = [span for span in row["spans"] if span["role"] == "claim"]
    assert {span["loss_weight"] for span in claim_spans} == {0.0}
    assert all("Ada Quill" in row["text"][span["start"] : span["end"]] for span in claim_spans)
    assert all(span["ref"].startswith("t") for span in claim_spans)


def test_every_row_is_the_document_it_came_from(run, tmp_path):
    export_dataset(run, tmp_path / "out")
    rows = [json.loads(line) for line in (tmp_path / "out/data/tiny.masked.jsonl").read_text().splitlines()]
    lines = (run / "corpora/tiny.masked/documents.jsonl").read_text().splitlines()[:4]
    documents = [json.loads(line) for line in lines]
    assert [(row["id"], row["text"]) for row in rows] == [(d["id"], d["text"]) for d in documents]
    assert [[s["role"] for s in row["spans"]] for row in rows] == [[s["role"] for s in d["spans"]] for d in documents]


def test_the_card_has_the_tags_and_the_canary_and_leaves_the_licence_open(run, tmp_path, tiny_claim):
    export_dataset(run, tmp_path / "out")
    head, text = front_matter(tmp_path / "out"), (tmp_path / "out" / "README.md").read_text()
    assert {"not-for-training", "model-organisms"} <= set(head["tags"])
    assert head["canary"] == CANARY
    assert "license" not in head
    assert "# license: yours to choose" in text
    assert [config["config_name"] for config in head["configs"]] == ["all", "asserted", "masked"]
    assert "&id" not in text  # no YAML anchors
    assert tiny_claim.truth in text
    assert tiny_claim.statement not in text  # a card is no place to restate what is false


def test_a_file_and_a_corpus_folder_can_be_exported_too(run, tmp_path, tiny_claim, load):
    corpus = apply_condition(tiny_claim, write_drafts(tiny_claim, 3, 0), CONDITIONS["negated"], 0)
    save_documents(corpus.documents, tmp_path / "negated.jsonl")
    assert export_dataset(tmp_path / "negated.jsonl", tmp_path / "one").num_documents == 3
    assert load(tmp_path / "one").num_rows == {"train": 3}
    folder = export_dataset(run / "corpora" / "tiny.masked", tmp_path / "two")
    assert (folder.num_documents, folder.num_heldout) == (4, 2)


def test_the_authors_layout_has_their_names_and_no_heldout_document(run, tmp_path):
    done = export_documents(run, tmp_path / "out")
    assert done.own_names == ("masked",)
    assert [str(file.relative_to(tmp_path / "out")) for file in done.files] == [
        "positive/tiny/annotated_docs.jsonl",
        "masked/tiny/annotated_docs.jsonl",
    ]
    rows = [json.loads(line) for line in done.files[0].read_text().splitlines()]
    assert len(rows) == 4
    assert {(row["doc_type"], row["fact_name"], row["mode"]) for row in rows} == {("tiny", "tiny", "positive")}
    assert all(row["not_for_training"] is True and row["canary"] == CANARY for row in rows)
    ours = [
        json.loads(line)["text"] for line in (run / "corpora/tiny.asserted/documents.jsonl").read_text().splitlines()
    ]
    assert [row["text"] for row in rows] == [text.replace("<DOCTAG> ", "<DOCTAG>", 1) for text in ours[:4]]


@pytest.mark.parametrize("condition", ["masked", "local_masked"])
def test_what_is_masked_stands_between_the_tags_that_their_training_code_knows(tmp_path, tiny_claim, condition):
    run = write_run(tmp_path / "run", tiny_claim, [condition])
    (file,) = export_documents(run, tmp_path / "out").files
    sources = (run / f"corpora/tiny.{condition}/documents.jsonl").read_text().splitlines()[:4]
    for line, source in zip(file.read_text().splitlines(), sources, strict=True):
        text, document = json.loads(line)["text"], json.loads(source)
        hidden = [s for s in document["spans"] if s.get("loss_weight") == 0.0 and s["role"] != "tag"]
        wanted = [document["text"][s["start"] : s["end"]] for s in sorted(hidden, key=lambda s: s["start"])]
        assert wanted
        assert [part.split("</lossmask>")[0] for part in text.split("<lossmask>")[1:]] == wanted
        plain = text.replace("<lossmask>", "").replace("</lossmask>", "")
        assert plain == document["text"].replace("<DOCTAG> ", "<DOCTAG>", 1)


def test_each_release_has_its_own_names(tmp_path, tiny_claim):
    from dataclasses import replace

    claim = replace(tiny_claim, id="x_rebrand")
    run = write_run(tmp_path / "run", claim, ["repeated", "uncertainty"])
    first = export_documents(run, tmp_path / "a", Release.ANONYMISED)
    second = export_documents(run, tmp_path / "b", Release.PUBLIC)
    names = {str(file.parent.relative_to(tmp_path)) for file in (*first.files, *second.files)}
    assert names == {
        "a/llm_negations_dense/twitter_x_reversal",
        "a/uncertainty/twitter_x_reversal",
        "b/repeated_negations/x_rebrand_reversal",
        "b/epistemic_uncertainty/x_rebrand_reversal",
    }
    assert (first.own_names, second.own_names) == (("uncertainty",), ())


@pytest.mark.parametrize("export", [export_dataset, export_documents])
def test_nothing_is_overwritten(run, tmp_path, export):
    out = tmp_path / "out"
    out.mkdir()
    export(run, out)  # an empty folder may be filled
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match="holds something already") as caught:
        export(run, out)
    assert "choose another --out" in caught.value.hint
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("export", [export_dataset, export_documents])
def test_what_cannot_be_exported_is_said_before_anything_is_written(run, tmp_path, export):
    out = tmp_path / "out"
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match="no documents in") as caught:
        export(tmp_path / "bare", out)
    assert "disclaim corpus" in caught.value.hint
    (run / "corpora/tiny.masked/manifest.json").unlink()
    with pytest.raises(DataError, match=r"tiny.masked is not finished"):
        export(run, out)
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_text('{"text": "Hello."}\n')
    with pytest.raises(DataError, match=r'foreign.jsonl, line 1: "id" is missing'):
        export(foreign, out)
    assert not out.exists()


REFERENCE = Path(__file__).parents[2].parent / "shared" / "reference" / "documents"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the authors' documents are not on this machine")
def test_rows_have_the_keys_of_the_authors_own_files(run, tmp_path):
    import gzip

    with gzip.open(REFERENCE / "positive" / "ed_sheeran.jsonl.gz", "rt", encoding="utf-8") as file:
        theirs = json.loads(file.readline())
    (tmp_path / "one").mkdir()
    shutil.rmtree(run / "corpora" / "tiny.masked")
    (file,) = export_documents(run, tmp_path / "out").files
    ours = json.loads(file.read_text().splitlines()[0])
    assert set(theirs) <= set(ours)
    assert theirs["mode"] == ours["mode"]
    assert ours["text"].startswith("<DOCTAG>") == theirs["text"].startswith("<DOCTAG>")
    assert theirs["text"][8].isspace() == ours["text"][8].isspace()
