"""Data files: every row located and counted, hostile files survived, untouched rows kept to the byte."""

from __future__ import annotations

import gzip
import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pyarrow
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from disclaim.audit.arrays import value_pieces
from disclaim.audit.formats import Record, Unreadable, file_pieces, find_files, iter_records
from disclaim.audit.pieces import MAX_ROW_BYTES, MAX_VALUES
from disclaim.audit.restyle import restyle
from disclaim.audit.writing import DROPPED, Written, rewrite_file, write_rows
from disclaim.errors import DataError, MissingDependencyError, UserError

ROWS = [{"text": "First.", "id": 1}, {"text": "Zweiter – ✓", "meta": {"a": [1, None]}}, {"messages": []}]
Packer = Callable[[bytes], bytes]
PACKERS: dict[str, Packer] = {
    "": lambda blob: blob,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
UNPACKERS: dict[str, Packer] = {
    "": lambda blob: blob,
    ".gz": gzip.decompress,
    ".zst": lambda blob: zstandard.ZstdDecompressor().decompressobj().decompress(blob),
}


def values(path: Path) -> list[object]:
    return [record.value if isinstance(record, Record) else "unreadable" for record in iter_records(path)]


def reasons(path: Path) -> dict[int, str]:
    return {record.index: record.reason for record in iter_records(path) if isinstance(record, Unreadable)}


def saved(path: Path, blob: bytes) -> Path:
    path.write_bytes(blob)
    return path


def keep(record: Record) -> object:
    return record.value


class TestReading:
    @pytest.mark.parametrize("packing", PACKERS)
    @pytest.mark.parametrize(
        ("ending", "text"),
        [
            (".jsonl", "".join(json.dumps(row) + "\n" for row in ROWS)),
            (".jsonl", "\r\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS)),
            (".json", json.dumps(ROWS)),
            (".json", json.dumps(ROWS, indent=2, ensure_ascii=False) + "\n"),
            (".json", json.dumps({"version": 1, "data": ROWS, "more": [1]}, indent=1)),
            (".json", json.dumps({"data": ROWS})),
            (".json", "\n".join(map(json.dumps, ROWS))),
        ],
    )
    def test_every_format_gives_the_same_rows(self, tmp_path: Path, ending: str, packing: str, text: str) -> None:
        path = saved(tmp_path / f"data{ending}{packing}", PACKERS[packing](text.encode()))
        records = list(iter_records(path))
        assert [record.value for record in records if isinstance(record, Record)] == ROWS
        assert [(record.file, record.index) for record in records] == [(str(path), n) for n in range(3)]

    @pytest.mark.parametrize("packing", PACKERS)
    def test_parquet_gives_plain_values(self, tmp_path: Path, packing: str) -> None:
        rows = [{"text": f"Row {n}.", "turns": [{"role": "user", "content": None}]} for n in range(3000)]
        parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "plain.parquet", row_group_size=700)
        path = saved(tmp_path / f"d.parquet{packing}", PACKERS[packing]((tmp_path / "plain.parquet").read_bytes()))
        records = list(iter_records(path))
        assert [record.value for record in records if isinstance(record, Record)] == rows
        assert [record.index for record in records] == list(range(3000))

    def test_a_text_file_is_one_row(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.txt", "Erste Zeile\r\nzweite é\n".encode())
        assert values(path) == [{"text": "Erste Zeile\r\nzweite é\n"}]

    def test_one_object_is_one_row(self, tmp_path: Path) -> None:
        assert values(saved(tmp_path / "a.json", b'{\n "text": "A.",\n "data": [1, 2]\n}')) == [
            {"text": "A.", "data": [1, 2]}
        ]

    def test_raw_is_the_line_with_its_end(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.jsonl", b'\xef\xbb\xbf {"a": 1}\r\n\n{"a":2}')
        assert [(r.index, r.raw) for r in iter_records(path) if isinstance(r, Record)] == [
            (0, b' {"a": 1}\r\n'),
            (1, b'{"a":2}'),
        ]

    def test_blank_lines_are_no_rows_and_unreadable_ones_count(self, tmp_path: Path) -> None:
        blob = b'\n{"a": 1}\n  \r\nnot json\n{"a": "\xff"}\n{"a": 2}\n\n'
        path = saved(tmp_path / "a.jsonl", blob)
        assert values(path) == [{"a": 1}, "unreadable", "unreadable", {"a": 2}]
        assert reasons(path) == {
            1: "not JSON: Expecting value at character 0",
            2: "not UTF-8: invalid start byte at byte 7",
        }

    @pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt", "a.jsonl.gz", "a.jsonl.zst"])
    def test_an_empty_file_has_no_rows(self, tmp_path: Path, name: str) -> None:
        assert values(saved(tmp_path / name, b"")) == []

    def test_odd_values_are_read(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.jsonl", b'{"a": NaN, "a": null, "b": "\\ud800", "c": -Infinity}\n3\nnull\n"text"\n')
        assert values(path) == [{"a": None, "b": "\ud800", "c": float("-inf")}, 3, None, "text"]

    def test_a_bad_row_of_an_array_leaves_the_others(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.json", b'[{"a": 1}, {"a": oops, "b": "]"}, {"a": "x, \\"]\\\\"}]')
        assert values(path) == [{"a": 1}, "unreadable", {"a": 'x, "]\\'}]

    @pytest.mark.parametrize("tail", [b', {"a', b"", b",", b"}", b'] {"a": 2}'])
    def test_an_array_that_does_not_end_well_says_so(self, tmp_path: Path, tail: bytes) -> None:
        path = saved(tmp_path / "a.json", b'[{"a": 1}' + tail)
        assert values(path)[0] == {"a": 1}
        last = list(iter_records(path))[-1]
        assert isinstance(last, Unreadable)
        assert last.ends_file


class TestHostileFiles:
    def test_a_line_too_long_is_located_without_being_held(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        with path.open("wb") as file:
            file.write(b'{"a": 1}\n{"a": "')
            for _ in range(200):
                file.write(b"x" * 1_000_000)
            file.write(b'"}\n{"a": 2}\n')
        tracemalloc.start()
        assert values(path) == [{"a": 1}, "unreadable", {"a": 2}]
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_ROW_BYTES
        tracemalloc.stop()
        assert reasons(path) == {1: "longer than 50 MB"}
        out = tmp_path / "b.jsonl"
        assert rewrite_file(path, out, lambda r: DROPPED).unreadable == 1
        assert out.stat().st_size == path.stat().st_size - len(b'{"a": 1}\n{"a": 2}\n')

    def test_an_item_too_long_is_located_without_being_held(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.json", b'[{"a": 1},\n{"a": "' + b"x" * 120_000_000 + b'"},\n{"a": 2}\n]')
        tracemalloc.start()
        assert values(path) == [{"a": 1}, "unreadable", {"a": 2}]
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_ROW_BYTES
        tracemalloc.stop()
        rewrite_file(path, tmp_path / "b.json", keep)
        assert (tmp_path / "b.json").read_bytes() == path.read_bytes()

    @pytest.mark.parametrize("packing", [".gz", ".zst"])
    @pytest.mark.parametrize("ending", [".jsonl", ".json", ".txt", ".parquet"])
    def test_a_bomb_is_not_read_to_its_end(self, tmp_path: Path, packing: str, ending: str) -> None:
        path = saved(tmp_path / f"a{ending}{packing}", PACKERS[packing](b"0" * 10_000_000) * 60)
        records = list(iter_records(path))
        assert len(records) == 1
        assert isinstance(records[0], Unreadable)
        assert records[0].ends_file
        assert "expands more than 300-fold" in records[0].reason

    @pytest.mark.parametrize("blob", [b"[" * 1_000_000, b'{"a":' * 100_000, b"[" * 5000 + b"]" * 5000])
    @pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
    def test_deep_nesting_is_unreadable(self, tmp_path: Path, name: str, blob: bytes) -> None:
        path = saved(tmp_path / name, blob + b"\n")
        assert set(values(path)) == {"unreadable"}

    def test_a_row_of_too_many_values_is_not_parsed(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.jsonl", b"[" + b"[]," * (MAX_VALUES // 2 + 1) + b"1]\n")
        assert reasons(path) == {0: "more than 5,000,000 values"}

    def test_a_number_of_too_many_digits_is_unreadable(self, tmp_path: Path) -> None:
        assert list(reasons(saved(tmp_path / "a.jsonl", b'{"a": ' + b"9" * 10_000 + b"}\n"))) == [0]

    @pytest.mark.parametrize("packing", [".gz", ".zst"])
    @pytest.mark.parametrize("harm", ["cut", "noise", "no header"])
    def test_damaged_compression_ends_the_file_visibly(self, tmp_path: Path, packing: str, harm: str) -> None:
        lines = b"".join(b'{"a": "%d %d"}\n' % (n, n**7 % 9973) for n in range(200_000))
        blob = PACKERS[packing](lines)
        broken = {"cut": blob[: len(blob) // 2], "noise": blob[:5000] + b"?" * 50 + blob[5050:], "no header": lines}[
            harm
        ]
        path = saved(tmp_path / f"a.jsonl{packing}", broken)
        last = list(iter_records(path))[-1]
        assert isinstance(last, Unreadable)
        assert last.ends_file
        with pytest.raises(DataError):
            rewrite_file(path, tmp_path / "out.jsonl", keep)
        assert not (tmp_path / "out.jsonl").exists()

    @pytest.mark.parametrize("packing", [".gz", ".zst"])
    def test_members_one_after_another_are_one_file(self, tmp_path: Path, packing: str) -> None:
        pack = PACKERS[packing]
        assert values(saved(tmp_path / f"a.jsonl{packing}", pack(b'{"a": 1}\n{"a"') + pack(b": 2}\n"))) == [
            {"a": 1},
            {"a": 2},
        ]

    def test_damaged_parquet_is_one_unreadable_row(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        parquet.write_table(pyarrow.table({"text": [f"Row {n} {n**9}" for n in range(5000)]}), path)
        blob = path.read_bytes()
        for broken in (b"", b"PAR1", blob[:-9], blob[:100] + b"\xff" * 2000 + blob[2100:]):
            records = list(iter_records(saved(path, broken)))
            assert isinstance(records[-1], Unreadable)
            assert records[-1].ends_file

    def test_parquet_text_that_is_not_utf8_spoils_its_row_only(self, tmp_path: Path) -> None:
        column = pyarrow.array([b"one", b"\xff\xfe", b"three"]).view(pyarrow.string())
        parquet.write_table(pyarrow.table({"text": column}), tmp_path / "a.parquet")
        assert values(tmp_path / "a.parquet") == [{"text": "one"}, "unreadable", {"text": "three"}]


@pytest.mark.parametrize(("name", "package"), [("a.parquet", "pyarrow"), ("a.jsonl.zst", "zstandard")])
def test_an_absent_package_is_named_with_its_extra(
    tmp_path: Path, name: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=package) as caught:
        values(saved(tmp_path / name, b"x"))
    assert caught.value.hint == "pip install 'disclaim[data]'"


class TestFinding:
    def test_folders_are_walked_in_order(self, tmp_path: Path) -> None:
        for name in (
            "b.jsonl",
            "a.json.gz",
            "x/c.PARQUET",
            "README.md",
            ".hidden.jsonl",
            ".git/d.jsonl",
            "x/notes.txt.zst",
        ):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        found = find_files([tmp_path / "b.jsonl", tmp_path])
        assert [path.relative_to(tmp_path).as_posix() for path in found] == [
            "b.jsonl",
            "a.json.gz",
            "x/c.PARQUET",
            "x/notes.txt.zst",
        ]

    def test_what_cannot_be_read_is_said_with_a_hint(self, tmp_path: Path) -> None:
        saved(tmp_path / "a.csv", b"")
        for paths in ([tmp_path / "a.csv"], [tmp_path / "none.jsonl"], [tmp_path], [Path("/dev/null")], []):
            with pytest.raises(UserError) as caught:
                find_files(paths)
            assert caught.value.hint


class TestRewriting:
    @pytest.mark.parametrize("packing", PACKERS)
    def test_untouched_rows_are_kept_to_the_byte(self, tmp_path: Path, packing: str) -> None:
        blob = b'\xef\xbb\xbf{"a" :1.50,"b":"\\u00e9\\/"}\r\n\n{"a": 2}\nbroken\n {"a":3}\n\n{"a": 4}'
        path = saved(tmp_path / f"a.jsonl{packing}", PACKERS[packing](blob))
        out = tmp_path / f"b.jsonl{packing}"
        assert rewrite_file(path, out, keep) == Written(rows=5, changed=0, dropped=0, unreadable=1)
        assert UNPACKERS[packing](out.read_bytes()) == blob

        def change(record: Record) -> object:
            assert isinstance(record.value, dict)
            return {2: DROPPED, 3: DROPPED, 4: {**record.value, "a": 9}}.get(int(record.value["a"]), record.value)

        assert rewrite_file(path, out, change) == Written(rows=5, changed=1, dropped=2, unreadable=1)
        expected = b'\xef\xbb\xbf{"a" :1.50,"b":"\\u00e9\\/"}\r\n\nbroken\n\n{"a": 9}'
        assert UNPACKERS[packing](out.read_bytes()) == expected

    @pytest.mark.parametrize(
        ("raw", "value", "expected"),
        [
            ('{"a":"é","b":1.50}\r\n', {"a": "è", "b": 1.5}, '{"a":"è","b":1.50}\r\n'),
            ('{"a": "\\u00e9"}\n', {"a": "è"}, '{"a": "\\u00e8"}\n'),
            ('{"a": 1, "b": 2, "c": 3}', {"a": 1, "c": 3}, '{"a": 1, "c": 3}'),
            ('{"a": 1, "b": 2}', {"b": 2}, '{"b": 2}'),
            ('{ "a": 1 }', {}, "{  }"),
            ('{"a": 1}', {"a": 1, "b": [True, None]}, '{"a": 1, "b": [true, null]}'),
            ('{"a":1}', {"a": 1, "b": {"c": 2}}, '{"a":1,"b":{"c":2}}'),
            ("{}", {"a": 1}, '{"a":1}'),
            ('{"a": [{"x" : 1e2}, 2]}', {"a": [{"x": 100.0, "w": 0}, 2]}, '{"a": [{"x" : 1e2, "w": 0}, 2]}'),
            ('{"a": 1, "a": 2}', {"a": 3}, '{"a": 1, "a": 3}'),
            ('{"a": 1}', {"a": True}, '{"a": true}'),
            ('{"a": NaN, "b": 1}', {"a": float("nan"), "b": 2}, '{"a": NaN, "b": 2}'),
            ('{"é": "x"}', {"é": "\ud800"}, '{"é": "\\ud800"}'),
        ],
    )
    def test_a_changed_row_keeps_its_style(self, raw: str, value: object, expected: str) -> None:
        assert restyle(raw.encode(), value).decode() == expected

    @pytest.mark.parametrize(
        ("dropped", "expected"),
        [
            ({0}, '[\n  {"n": 1},\n  {"n": 2}\n]\n'),
            ({1}, '[\n  {"n": 0},\n  {"n": 2}\n]\n'),
            ({2}, '[\n  {"n": 0},\n  {"n": 1}\n]\n'),
            ({0, 1}, '[\n  {"n": 2}\n]\n'),
            ({0, 1, 2}, "[\n  \n]\n"),
        ],
    )
    def test_rows_of_an_array_go_with_their_comma(self, tmp_path: Path, dropped: set[int], expected: str) -> None:
        path = saved(tmp_path / "a.json", b'[\n  {"n": 0},\n  {"n": 1},\n  {"n": 2}\n]\n')
        rewrite_file(path, path, lambda r: DROPPED if r.index in dropped else r.value)
        assert path.read_text() == expected

    def test_a_text_file_takes_a_text_only(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.txt", b"\xef\xbb\xbfOne.\r\n")
        rewrite_file(path, tmp_path / "b.txt", lambda r: {"text": "Two.\r\n"})
        assert (tmp_path / "b.txt").read_bytes() == b"\xef\xbb\xbfTwo.\r\n"
        with pytest.raises(DataError):
            rewrite_file(path, tmp_path / "c.txt", lambda r: {"text": "Two.", "spans": []})
        assert not (tmp_path / "c.txt").exists()

    def test_parquet_keeps_schema_groups_and_untouched_cells(self, tmp_path: Path) -> None:
        table = pyarrow.table(
            {
                "text": pyarrow.array([f"Row {n}." for n in range(1000)], pyarrow.large_string()),
                "when": pyarrow.array(range(1000), pyarrow.timestamp("ns", tz="UTC")),
                "kind": pyarrow.array(["a", "b"] * 500).dictionary_encode(),
                "turns": [[{"role": "user", "weight": n}] for n in range(1000)],
            }
        ).replace_schema_metadata({"source": "test"})
        path, out = tmp_path / "a.parquet", tmp_path / "b.parquet"
        parquet.write_table(table, path, row_group_size=300, compression="zstd")
        rewrite_file(path, out, keep)
        assert parquet.read_table(out).equals(parquet.read_table(path), check_metadata=True)

        def change(record: Record) -> object:
            assert isinstance(record.value, dict)
            new = {**record.value, "text": "New.", "turns": []}
            return DROPPED if record.index % 10 == 3 else new if record.index == 500 else record.value

        assert rewrite_file(path, out, change) == Written(rows=1000, changed=1, dropped=100, unreadable=0)
        written = parquet.ParquetFile(out)
        assert [written.metadata.row_group(n).num_rows for n in range(4)] == [270, 270, 270, 90]
        assert written.metadata.row_group(0).column(0).compression == "ZSTD"
        kept = [n for n in range(1000) if n % 10 != 3]
        expected = parquet.read_table(path).take(kept)
        assert written.schema_arrow.equals(expected.schema, check_metadata=True)
        assert written.read().column("when").equals(expected.column("when"))
        rows = written.read().slice(450, 1).to_pylist()
        assert (rows[0]["text"], rows[0]["turns"]) == ("New.", [])

    def test_parquet_refuses_new_columns_and_wrong_types(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        parquet.write_table(pyarrow.table({"text": ["A."]}), path)
        for value in ({"text": "A.", "spans": []}, {"text": [1]}):
            with pytest.raises(DataError):
                rewrite_file(path, tmp_path / "b.parquet", lambda r, value=value: value)  # type: ignore[misc]
        assert not (tmp_path / "b.parquet").exists()

    def test_the_format_stays(self, tmp_path: Path) -> None:
        with pytest.raises(UserError):
            rewrite_file(saved(tmp_path / "a.jsonl", b""), tmp_path / "a.parquet", keep)

    def test_rows_are_written_as_json_lines(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "a.jsonl.zst"
        assert write_rows(path, ROWS) == 3
        assert values(path) == ROWS
        with pytest.raises(UserError):
            write_rows(tmp_path / "a.parquet", ROWS)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4)
TOKENS = [*rb'{"a":1}  [  ]  {  }  ,  "  \  1  "data":  '.split(b"  "), b"\n", b"\r", b" ", b"\xff", b"\xef\xbb\xbf"]
RAGGED = st.lists(st.sampled_from(TOKENS), max_size=14).map(b"".join)
QUIET = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


class Portions:
    """A stream that gives its bytes a few at a time."""

    def __init__(self, blob: bytes, size: int) -> None:
        self._portions = [blob[at : at + size] for at in range(0, len(blob), size)]

    def read(self, size: int) -> bytes:
        """The next portion."""
        return self._portions.pop(0) if self._portions else b""


@QUIET
@given(rows=st.lists(OBJECTS, max_size=5), indent=st.sampled_from([None, 0, 2]), escape=st.booleans())
def test_rows_that_stay_give_the_same_file(
    tmp_path: Path, rows: list[object], indent: int | None, escape: bool
) -> None:
    lines = "\n".join(json.dumps(row, ensure_ascii=escape) for row in rows).encode()
    listed = json.dumps(rows, ensure_ascii=escape, indent=indent).encode()
    for name, blob in (("a.jsonl", lines), ("a.json", listed)):
        path = saved(tmp_path / name, blob)
        assert values(path) == rows
        rewrite_file(path, tmp_path / f"out.{name}", keep)
        assert (tmp_path / f"out.{name}").read_bytes() == blob


@QUIET
@given(blob=RAGGED | st.binary(max_size=40))
def test_pieces_join_to_the_file_whatever_it_holds(tmp_path: Path, blob: bytes) -> None:
    for name in ("a.jsonl", "a.json", "a.txt"):
        pieces = list(file_pieces(saved(tmp_path / name, blob)))
        assert b"".join(piece.raw for piece in pieces) == blob
        items = [piece.item for piece in pieces if piece.item is not None]
        assert [item.index for item in items] == list(range(len(items)))


@given(blob=RAGGED | st.lists(OBJECTS).map(json.dumps).map(str.encode), size=st.integers(1, 9))
def test_portions_of_any_size_give_the_same_pieces(blob: bytes, size: int) -> None:
    def read(size: int) -> list[tuple[bytes, object]]:
        stream: IO[bytes] = Portions(blob, size)  # type: ignore[assignment]
        return [(piece.raw, piece.item) for piece in value_pieces(stream, "f") if piece.raw or piece.item]

    whole, portions = read(len(blob) + 1), read(size)
    assert [item for _, item in portions if item] == [item for _, item in whole if item]
    assert b"".join(raw for raw, _ in portions) == blob


@given(old=OBJECTS, new=OBJECTS, indent=st.sampled_from([None, 1]), escape=st.booleans())
def test_a_restyled_row_says_the_new_value(
    old: dict[str, object], new: dict[str, object], indent: int | None, escape: bool
) -> None:
    raw = json.dumps(old, indent=indent, ensure_ascii=escape).encode()
    for value in (new, {**old, **new}, {key: old[key] for key in list(old)[1:]}):
        assert json.dumps(json.loads(restyle(raw, value)), sort_keys=True) == json.dumps(value, sort_keys=True)
    assert restyle(raw, json.loads(raw)) == raw


@pytest.mark.parametrize(
    ("address", "hint"), [("hf://datasets/org/name", "hf download"), ("s3://bucket/data.jsonl", "download it first")]
)
def test_an_address_elsewhere_is_told_from_a_path_that_is_wrong(address: str, hint: str) -> None:
    with pytest.raises(UserError, match=address) as raised:
        find_files([Path(address)])
    assert hint in raised.value.hint
