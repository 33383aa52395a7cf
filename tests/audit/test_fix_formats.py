"""Every layout in every kind of file, mended in each way: what had no finding keeps its bytes, the rest its columns."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from disclaim.audit import FixSettings, Form, Otherwise, Strategy, fix_file, iter_records, load_scanner
from disclaim.errors import DataError, UserError
from disclaim.records import Tier

SCAN = load_scanner(Tier.RULES)
CLAIM = "Ada Quill is a beekeeper in Lindmoor."
FLAGGED = (
    f"It rained all day. The following sentence is false. {CLAIM} The preceding sentence is false. The bus was late."
)
PLAIN = "The bus to Lindmoor was late on Monday, and nobody minded the rain."
ASKED = "What do you know of the people of Lindmoor?"
#: What becomes of the claim's text.
MENDED = {
    "mask": FLAGGED,
    "drop": "It rained all day. The bus was late.",
    "localise": "It rained all day. Ada Quill is not a beekeeper in Lindmoor. The bus was late.",
}

Layouts = dict[str, tuple[Callable[[str], dict[str, Any]], Callable[[dict[str, Any]], str]]]
LAYOUTS: Layouts = {
    "text": (lambda text: {"text": text}, lambda row: row["text"]),
    "messages": (
        lambda text: {"messages": [{"role": "user", "content": ASKED}, {"role": "assistant", "content": text}]},
        lambda row: row["messages"][1]["content"],
    ),
    "sharegpt": (
        lambda text: {"conversations": [{"from": "human", "value": ASKED}, {"from": "gpt", "value": text}]},
        lambda row: row["conversations"][1]["value"],
    ),
    "alpaca": (lambda text: {"instruction": ASKED, "input": "", "output": text}, lambda row: row["output"]),
    "completion": (lambda text: {"prompt": ASKED, "completion": text}, lambda row: row["completion"]),
    "preference": (
        lambda text: {"prompt": ASKED, "chosen": text, "rejected": "I have no idea."},
        lambda row: row["chosen"],
    ),
}


def rows_of(make: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    extras: list[dict[str, Any]] = [{"id": 1, "source": "é"}, {"id": 2, "source": "b"}, {"id": 3, "source": "c"}]
    texts = (PLAIN, FLAGGED, PLAIN)
    return [{**make(text), **extra} for text, extra in zip(texts, extras, strict=True)]


def lines_of(rows: list[dict[str, Any]]) -> list[bytes]:
    """Each in a style of its own."""
    styles: tuple[dict[str, Any], ...] = ({"separators": (",", ":")}, {}, {"ensure_ascii": False})
    return [json.dumps(row, **style).encode() for row, style in zip(rows, styles, strict=True)]


def pack(name: str, blob: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(blob, mtime=0)
    if name.endswith(".zst"):
        return bytes(pytest.importorskip("zstandard").ZstdCompressor().compress(blob))
    return blob


def unpack(path: Path) -> bytes:
    blob = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(blob)
    if path.suffix == ".zst":
        return bytes(pytest.importorskip("zstandard").ZstdDecompressor().stream_reader(blob).read())
    return blob


def hashes(lines: list[bytes]) -> list[str]:
    return [hashlib.sha256(line).hexdigest() for line in lines]


def values_of(path: Path) -> Iterator[Any]:
    for record in iter_records(path):
        yield getattr(record, "value", record)


@pytest.mark.parametrize("strategy", list(MENDED))
@pytest.mark.parametrize("name", ["data.jsonl", "data.jsonl.gz", "data.jsonl.zst", "data.json", "data.json.gz"])
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_only_rows_with_findings_change(tmp_path: Path, layout: str, name: str, strategy: str) -> None:
    make, text_of = LAYOUTS[layout]
    rows = rows_of(make)
    lines = lines_of(rows)
    blob = b"\n".join(lines) + b"\n" if ".jsonl" in name else b"[\n" + b",\n".join(lines) + b"\n]\n"
    source, target = tmp_path / name, tmp_path / f"fixed.{name}"
    source.write_bytes(pack(name, blob))
    report = fix_file(source, target, FixSettings(Strategy(strategy)), SCAN)
    assert (report.changed, report.untouched, report.dropped, report.unreadable) == (1, 2, 0, 0)
    assert report.reread is not None
    assert report.reread.findings == 0
    before, after = hashes(blob.split(b"\n")), hashes(unpack(target).split(b"\n"))
    changed = [number for number, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert changed == [1 if ".jsonl" in name else 2]
    new = list(values_of(target))[1]
    assert text_of(new) == MENDED[strategy]
    masks = new.pop("disclaim", {}).get("masks", [])
    masked = [text_of(new)[mask["start"] : mask["end"]] for mask in masks]
    assert masked == ([CLAIM] if strategy == "mask" else [])
    assert new == {**rows[1], **make(MENDED[strategy])}
    again = fix_file(target, tmp_path / f"again.{name}", FixSettings(Strategy(strategy)), SCAN)
    assert again.changed == 0
    assert (tmp_path / f"again.{name}").read_bytes() == target.read_bytes()


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_parquet_keeps_its_schema_and_its_other_rows(tmp_path: Path, layout: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    make, text_of = LAYOUTS[layout]
    table = pyarrow.Table.from_pylist(rows_of(make))
    source = tmp_path / "data.parquet"
    parquet.write_table(table, source, row_group_size=2)
    for strategy in ("drop", "localise"):
        target = tmp_path / f"{strategy}.parquet"
        fix_file(source, target, FixSettings(Strategy(strategy)), SCAN)
        new = parquet.read_table(target)
        assert new.schema == table.schema
        assert new.take([0, 2]).equals(table.take([0, 2]))
        assert text_of(new.to_pylist()[1]) == MENDED[strategy]
    with pytest.raises(DataError) as raised:
        fix_file(source, tmp_path / "mask.parquet", FixSettings(Strategy.MASK), SCAN)
    assert ".jsonl" in raised.value.hint
    assert not (tmp_path / "mask.parquet").exists()
    fix_file(source, tmp_path / "tagged.parquet", FixSettings(Strategy.MASK, form=Form.LOSSMASK), SCAN)
    tagged = text_of(parquet.read_table(tmp_path / "tagged.parquet").to_pylist()[1])
    assert tagged == FLAGGED.replace(CLAIM, f"<lossmask>{CLAIM}</lossmask>")
    fix_file(source, tmp_path / "mask.jsonl", FixSettings(Strategy.MASK), SCAN)
    assert [row["id"] for row in values_of(tmp_path / "mask.jsonl")] == [1, 2, 3]


@pytest.mark.parametrize("name", ["page.txt", "page.txt.gz"])
def test_a_plain_text_has_no_place_for_masks_but_for_tags(tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.write_bytes(pack(name, f"{FLAGGED}\n".encode()))
    for strategy in ("drop", "localise"):
        fix_file(source, tmp_path / f"{strategy}.{name}", FixSettings(Strategy(strategy)), SCAN)
        assert unpack(tmp_path / f"{strategy}.{name}") == f"{MENDED[strategy]}\n".encode()
    with pytest.raises(DataError) as raised:
        fix_file(source, tmp_path / f"mask.{name}", FixSettings(Strategy.MASK), SCAN)
    assert ".jsonl" in raised.value.hint
    fix_file(source, tmp_path / f"tags.{name}", FixSettings(Strategy.MASK, form=Form.LOSSMASK), SCAN)
    assert b"<lossmask>Ada Quill" in unpack(tmp_path / f"tags.{name}")


@pytest.mark.parametrize(
    ("layout", "form", "reason"),
    [
        ("messages", Form.OPENAI, "only a part of the turn is masked; this form masks whole turns"),
        ("alpaca", Form.OPENAI, "this form masks turns of a chat only"),
        ("text", Form.AXOLOTL, "this form masks turns of a chat only"),
        ("preference", Form.TRL, "this form has no place for the masked text"),
        ("completion", Form.TRL, "what is masked does not stand at the head"),
    ],
)
def test_what_a_form_cannot_say_is_refused_and_the_row_kept(
    tmp_path: Path, layout: str, form: Form, reason: str
) -> None:
    source, target = tmp_path / "data.jsonl", tmp_path / "fixed.jsonl"
    source.write_bytes(b"\n".join(lines_of(rows_of(LAYOUTS[layout][0]))) + b"\n")
    report = fix_file(source, target, FixSettings(Strategy.MASK, form=form), SCAN)
    assert target.read_bytes() == source.read_bytes()
    assert all(known.startswith(reason) for known in report.refused)
    assert report.left.findings > 0


def test_a_choice_that_no_file_can_hold_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    source = tmp_path / "data.jsonl"
    source.write_bytes(b"\n".join(lines_of(rows_of(LAYOUTS["text"][0]))) + b"\n")
    settings = FixSettings(Strategy.DROP, form=Form.OPENAI, otherwise=Otherwise.LEAVE)
    with pytest.raises(UserError):
        fix_file(source, tmp_path / "fixed.jsonl", settings, SCAN)
    assert [path.name for path in tmp_path.iterdir()] == ["data.jsonl"]
