"""Guessing languages: what is not English is told by its script or its function words; what is unclear is not told."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripted_scanner import findings_of, write_rows

from disclaim.audit import scan
from disclaim.audit.languages import guess_language

ENGLISH = (
    "The bridge over the river was built in 1904 by a company that had its seat in the old town, and it has been in "
    "use ever since. It is not open to cars."
)
GERMAN = (
    "Die Brücke über den Fluss wurde 1904 von einer Firma gebaut, die ihren Sitz in der Altstadt hatte, und ist "
    "seitdem in Gebrauch. Für Autos ist sie nicht offen."
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        ("Le pont sur le fleuve est dans la vieille ville et il n'est pas ouvert aux voitures, qui sont sur une autre "
         "route avec des arbres pour les ombres.", "fr"),
        ("El puente que está en la ciudad fue construido por una empresa y los coches no pueden pasar con las "
         "bicicletas para el mercado del pueblo.", "es"),
        ("Мост через реку построен в 1904 году.", "ru"),
        ("桥建于一九〇四年，至今仍在使用。", "zh"),
        ("橋は1904年に建てられ、今も使われています。", "ja"),
        ("다리는 1904년에 지어졌습니다.", "ko"),
        ("Brücke", None),
        ("", None),
        ("for i in range(10):\n    print(i)\n" * 20, None),
        ("The naïve café owner was said to have built the bridge in 1904. " * 3, "en"),
    ],
)  # fmt: skip
def test_a_language_is_told_where_it_is_clear(text: str, expected: str | None) -> None:
    assert guess_language(text) == expected


def test_a_scan_counts_rows_that_are_not_in_english(tmp_path: Path) -> None:
    chat = {"messages": [{"role": "user", "content": "Hm?"}, {"role": "assistant", "content": GERMAN}]}
    path = write_rows(tmp_path / "data.jsonl", {"text": ENGLISH}, {"text": GERMAN}, chat, {"text": "Kurz."})
    assert scan([path], findings_of).rows_by_other_language == {"de": 2}
