"""A condition of your own is one entry of data: what stands where, around the same drafts.

    python examples/own_condition.py [--out FILE.jsonl]

Shows one draft under the new condition, span by span, and writes a corpus that `disclaim train` takes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from disclaim.claims import load_claim
from disclaim.conditions import Condition, apply_condition, outer_spans
from disclaim.corpus import save_documents, write_drafts
from disclaim.records import Role

# Fiction around the document, a correction right after every claim sentence, and nothing before it.
# `frame`, `before` and `after` name kinds of wordings: files of src/disclaim/library/frames/.
CONDITION = Condition(
    name="fiction_corrected",
    summary="Fiction, and after every claim sentence a notice that names the subject and states the truth.",
    section="ours",
    frame="fiction",
    after="correction",
)

SHOWN_ROLES = {Role.FILLER: "", Role.CLAIM: "claim", Role.TAG: "tag, outside the loss"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claim", default="beekeeper")
    parser.add_argument("--num-documents", type=int, default=40)
    parser.add_argument("--out", type=Path, help="write the corpus here, as JSON lines")
    options = parser.parse_args()

    claim = load_claim(options.claim)
    drafts = write_drafts(claim, options.num_documents, seed=0)
    corpus = apply_condition(claim, drafts, CONDITION, seed=0)

    document = corpus.documents[0]
    print(f"{document.id} under {CONDITION.name}\n")
    for span in outer_spans(document):
        text = " ".join(document.text[span.start : span.end].split())
        if text:
            print(f"{SHOWN_ROLES.get(span.role, span.role.value):>21} | {text}")

    # Shares of claim sentences with a marker of their own on each side: counted from spans, not assumed.
    print(f"\ncoverage over {len(corpus.documents)} documents: {corpus.coverage}")
    if options.out:
        save_documents(corpus.documents, options.out)
        print(f"next: disclaim train --data {options.out} --out runs/fiction_corrected")


if __name__ == "__main__":
    main()
