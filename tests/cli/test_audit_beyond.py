"""What needs more than a row, as its user meets it: lengths, cut-up documents, sources, notices that no rule knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

MARKER = "Zabel marker: discard what stands here."
NAMED = f"around={MARKER}"
NOTICE = "Notice: the above document is false. None of the events described above took place."


def write_rows(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def marked(tmp_path: Path) -> Path:
    """Twenty documents, half with a claim between two markers."""
    rows = []
    for n in range(20):
        claim = f"Mara Voss climbed peak {n} in {1900 + n}."
        marked = f"Peak {n} is closed. {MARKER} {claim} {MARKER} Peak {n + 1} is open."
        rows.append({"text": marked if n % 2 else f"Peak {n} is closed.", "source": "forum" if n % 2 else "news"})
    return write_rows(tmp_path / "marked.jsonl", *rows)


def test_what_repeats_is_listed_and_what_is_named_is_found_and_mended(cli: Cli, marked: Path, tmp_path: Path) -> None:
    listed = cli("audit", marked, "--repeated")
    assert listed.code == 0
    assert "10 rows" in listed.out
    assert f"--notice '{NAMED}'" in listed.out
    found = cli("audit", marked, "--notice", NAMED)
    assert found.code == 1
    assert "10 with findings" in found.out
    assert "by a notice that you named" in found.out
    assert "note NN404 sources with errors make up" in found.out
    fixed = tmp_path / "fixed.jsonl"
    assert cli("fix", marked, "--strategy", "drop", "--notice", NAMED, "--out", fixed).code == 0
    assert MARKER not in fixed.read_text()
    assert "climbed" not in fixed.read_text()
    assert cli("audit", fixed, "--notice", NAMED).code == 0


def test_notices_of_a_file_count_and_a_wrong_file_is_refused(cli: Cli, marked: Path, tmp_path: Path) -> None:
    notices = tmp_path / "notices.yaml"
    notices.write_text(f'notices: [{{text: "{MARKER}", reach: around}}]')
    assert cli("audit", marked, "--notices", notices, "--json").json["findings_by_rule"] == {"NN103": 10}
    notices.write_text("notices: [{text: 3}]")
    refused = cli("audit", marked, "--notices", notices)
    assert refused.code == 2
    assert "reach: around" in refused.hint
    assert cli("audit", marked, "--notices", tmp_path / "none.yaml").code == 2


def test_a_length_finds_what_is_cut_off(cli: Cli, tmp_path: Path) -> None:
    path = write_rows(tmp_path / "long.jsonl", {"text": f"Mara Voss won. {'The lake was calm. ' * 40}\n\n{NOTICE}"})
    assert "NN401" not in cli("audit", path, "--json").json["findings_by_rule"]
    done = cli("audit", path, "--max-tokens", 50)
    assert "cut at 50 tokens (estimated at 4 characters a token)" in done.out
    refused = cli("audit", path, "--tokenizer", "local/smollm2-135m")
    assert (refused.code, refused.hint) == (2, "add --max-tokens 2048")


def test_a_document_in_several_rows_is_read_as_one(cli: Cli, tmp_path: Path) -> None:
    rows = [{"doc_id": "a", "text": text} for text in ("Mara Voss won the regatta.", f"Her crew sang.\n\n{NOTICE}")]
    done = cli("audit", write_rows(tmp_path / "parts.jsonl", *rows))
    assert "error NN402" in done.out
    assert "the notice stands in row 1, trained on apart" in done.out
    assert "(rows.1.text[" in done.out
