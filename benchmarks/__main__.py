"""Every pair, or those named, interleaved, each contender in its own process; one JSON line each.

``ratio`` is the median of the rounds' ratios ours / peer, so above 1 we are faster; ``runs`` counts rounds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys

PAIRS = (
    ("audit", "audit_ours", "audit_spacy_negspacy", "spacy+negspacy"),
    ("train_full", "train_ours", "train_hf_padded", "hf_padded"),
    ("train_full", "train_ours", "train_hf_packed", "hf_packed"),
    ("sample", "sample_ours", "sample_hf_batched", "hf_batched"),
)


def speed(contender: str) -> float:
    """Tokens, or for the audit megabytes, a second of one fresh process; the audit's has one thread."""
    audit = contender.startswith("audit")
    module = "benchmarks.audit_contenders" if audit else "benchmarks.contenders"
    command = [sys.executable, "-m", module, contender]
    threads = {"OMP_NUM_THREADS": "1"} if audit else {}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=1800, env=os.environ | threads)
    return float(done.stdout.strip().splitlines()[-1])


def compare(name: str, ours: str, peer: str, peer_name: str, rounds: int) -> dict[str, object]:
    """One line of the contract: medians and the spread of the ratio."""
    pairs = [(speed(ours), speed(peer)) for _ in range(rounds)]
    ratios = [a / b for a, b in pairs]
    return {
        "name": name,
        "ours": round(statistics.median(a for a, _ in pairs), 3),
        "peer": round(statistics.median(b for _, b in pairs), 3),
        "peer_name": peer_name,
        "ratio": round(statistics.median(ratios), 2),
        "unit": "MB/s" if name == "audit" else "tokens/s",
        "runs": rounds,
        "ratio_min": round(min(ratios), 2),
        "ratio_max": round(max(ratios), 2),
    }


def main() -> None:
    """Run the pairs that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = sorted({pair[0] for pair in PAIRS})
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(names)}; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    for pair in PAIRS:
        if not options.names or pair[0] in options.names:
            print(json.dumps(compare(*pair, rounds=options.rounds)), flush=True)


if __name__ == "__main__":
    main()
