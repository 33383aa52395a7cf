"""Train the tier ``learned``: ``python -m benchmarks.train_audit``, the same with ``--save``, then with ``--report``.

The first runs the cross-validation. Folds are by form: no form of the benchmark is trained on in the fold that is
tested on it, twins go with their form, ordinary text with its package. ``--save`` trains a head on
everything, ``--report`` prints the figures and writes the screen and thresholds. Features are kept in ``--cache``.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.audit_examples import (
    Case,
    Example,
    benchmark_cases,
    examples,
    ordinary_cases,
    ordinary_texts,
    own_cases,
    tag,
)
from disclaim.audit.learned import claim_of
from disclaim.audit.rows import parse_row
from disclaim.audit.screen import WordScores, blend, hashed_words, learned_path
from disclaim.audit.windows import windows_of
from disclaim.models import Encoded, Features, read_features
from disclaim.models.head import Head, stack

FOLDS = 3
EPOCHS = 6
BATCH = 16
RATE = 1e-3
SCREEN_SIZE = 1 << 15
WORDS_SIZE = 1 << 14
#: How much the words' scores count beside the heads' logits.
WORDS_SHARE = 0.4
#: This share of ordinary windows passes the screen.
SCREEN_SHARE = 0.001
#: This share of the benchmark's innocent development rows may be found.
FALSE_SHARE = 0.035
FAMILIES = ("claim", "epistemic", "behaviour")


def fold_of(form: str) -> int:
    """The fold of a form, the same on every machine."""
    return zlib.crc32(form.encode()) % FOLDS


def featured(cases: Sequence[Case], cache: Path) -> list[Example]:
    """The windows of the cases with their features, from the cache where they are in it."""
    found = examples(cases)
    kept: dict[str, Features] = torch.load(cache, weights_only=False) if cache.is_file() else {}
    missing = sorted({e.window.text for e in found} - set(kept), key=len)
    for first in range(0, len(missing), 64):
        texts = missing[first : first + 64]
        kept.update(zip(texts, read_features(texts), strict=True))
        print(f"features of {first + len(texts)} of {len(missing)} windows", flush=True)
    if missing:
        torch.save(kept, cache)
    for example in found:
        tag(example, cases[example.case], kept[example.window.text])
    return found


def train_head(items: Sequence[Example], seed: int) -> Head:
    """A head trained on the examples."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    head = Head()
    optimizer = torch.optim.AdamW(head.parameters(), lr=RATE, weight_decay=0.05)
    steps, step = EPOCHS * math.ceil(len(items) / BATCH), 0
    for epoch in range(EPOCHS):
        head.train()
        total = 0.0
        for batch in _batches(list(items), rng):
            step += 1
            for group in optimizer.param_groups:
                group["lr"] = RATE * min(1.0, 10 * step / steps) * max(0.0, 1 - (step - 1) / steps)
            loss = _loss(head, batch)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(head.parameters(), 1.0)
            optimizer.step()
            total += loss.item()
        print(f"  epoch {epoch + 1}: loss {total * BATCH / len(items):.3f}", flush=True)
    return head.eval()


def _batches(items: list[Example], rng: random.Random) -> list[list[Example]]:
    """Shuffled batches of windows of like lengths."""
    rng.shuffle(items)
    near = [sorted(items[i : i + 160], key=lambda e: len(e.tags)) for i in range(0, len(items), 160)]
    mixed = [example for group in near for example in group]
    batches = [mixed[i : i + BATCH] for i in range(0, len(mixed), BATCH)]
    rng.shuffle(batches)
    return batches


def _loss(head: Head, batch: Sequence[Example]) -> Tensor:
    text, tokens = head(*stack([e.features for e in batch]))
    _, mask = stack([e.features[:, :1] for e in batch])
    labels = torch.tensor([e.label or 0 for e in batch])
    tags = torch.zeros_like(tokens)
    for row, example in enumerate(batch):
        tags[row, : len(example.tags)] = torch.tensor(example.tags)
    weights = torch.tensor([2.0, 1.0, 1.0, 1.0])
    of_text = functional.cross_entropy(text, labels, weight=weights, label_smoothing=0.05)
    of_tokens = functional.binary_cross_entropy_with_logits(tokens, tags, reduction="none")
    counts = mask.float() * torch.where(labels > 0, 1.0, 0.3)[:, None]
    cues = counts * torch.tensor([float(e.knows_cues) for e in batch])[:, None]
    of_claims = (of_tokens[..., 0] * counts).sum() / counts.sum()
    return of_text + of_claims + 0.5 * (of_tokens[..., 1] * cues).sum() / cues.sum().clamp(min=1)


def read_all(head: Head, items: Sequence[Example]) -> list[Encoded]:
    """What the head says of each example."""
    found = []
    with torch.inference_mode():
        for example in items:
            text, tokens = head(*stack([example.features]))
            tags = tuple(map(tuple, tokens[0].sigmoid().tolist()))
            found.append(Encoded(tuple(text[0].softmax(-1).tolist()), tags, example.offsets))
    return found


def train_screen(texts: Sequence[tuple[str, float, float]], seed: int) -> tuple[np.ndarray[Any, Any], float]:
    """Weights and bias of a screen, from texts with label and weight."""
    torch.manual_seed(seed)
    places = [hashed_words(text, SCREEN_SIZE) for text, _, _ in texts]
    labels = torch.tensor([label for _, label, _ in texts])
    counts = torch.tensor([weight for _, _, weight in texts])
    table, bias = torch.zeros(SCREEN_SIZE, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.Adam([table, bias], lr=0.01)
    rng, order = random.Random(seed), list(range(len(texts)))
    for _ in range(6):
        rng.shuffle(order)
        for first in range(0, len(order), 256):
            batch = order[first : first + 256]
            flat = torch.tensor([place for i in batch for place in places[i]])
            starts = torch.tensor([0, *(len(places[i]) for i in batch)]).cumsum(0)[:-1]
            roots = torch.tensor([math.sqrt(max(1, len(places[i]))) for i in batch])
            scores = functional.embedding_bag(flat, table[:, None], starts, mode="sum")[:, 0] / roots + bias
            loss = functional.binary_cross_entropy_with_logits(scores, labels[batch], reduction="none") * counts[batch]
            optimizer.zero_grad()
            (loss.mean() + 1e-6 * table.pow(2).sum()).backward()
            optimizer.step()
    return table.detach().numpy(), float(bias.detach())


def screen_texts(cases: Sequence[Case], ordinary: Sequence[tuple[str, str]]) -> list[tuple[str, float, float, int]]:
    """Windows for the screen: text, label, weight, fold. Innocent rows of the benchmark count little."""
    found = []
    for case in cases:
        is_bad = case.family != "innocent"
        found += [(w.text, float(is_bad), 3.0 if is_bad else 0.2, fold_of(case.form)) for w in windows_of(case.row)]
    return found + [(text, 0.0, 1.0, fold_of(group)) for group, text in ordinary]


def ordinary_windows(seed: int, texts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """At most four windows of each ordinary text."""
    found = []
    for group, text in texts:
        row = parse_row("ordinary", 0, {"text": text})
        windows = [] if row is None else list(windows_of(row))
        chosen = random.Random(f"{seed} {text[:60]}").sample(windows, min(4, len(windows)))
        found += [(group, window.text) for window in chosen]
    return found


def cross_validate_screen(items: Sequence[tuple[str, float, float, int]], seed: int) -> tuple[float, list[float]]:
    """The threshold that lets SCREEN_SHARE of ordinary windows pass, and every window's score by the other folds."""
    scores = [0.0] * len(items)
    for fold in range(FOLDS):
        weights, bias = train_screen([item[:3] for item in items if item[3] != fold], seed)
        screen = WordScores(weights, bias)
        for i, item in enumerate(items):
            if item[3] == fold:
                scores[i] = screen.score(item[0])
    plain = sorted((s for s, item in zip(scores, items, strict=True) if item[2] == 1.0), reverse=True)
    threshold = plain[int(SCREEN_SHARE * len(plain))]
    for share in (0.001, 0.003, 0.01, 0.03):
        at = plain[int(share * len(plain))]
        kept = [s > at for s, item in zip(scores, items, strict=True) if item[1] > 0]
        print(f"screen: {share:.1%} of ordinary windows pass, and {np.mean(kept):.1%} of positive ones", flush=True)
    return threshold, scores


def train_words(texts: Sequence[str], bad: Sequence[bool]) -> WordScores:
    """A linear model that tells the benchmark's positive windows from its innocent ones by their words."""
    inputs = torch.zeros(len(texts), WORDS_SIZE)
    for row, text in enumerate(texts):
        places = hashed_words(text, WORDS_SIZE)
        inputs[row, places] = 10 / math.sqrt(max(1, len(places)))
    labels = torch.tensor([float(b) for b in bad])
    counts = torch.where(labels > 0, 1.0, 2.5)
    weights, bias = torch.zeros(WORDS_SIZE, requires_grad=True), torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, bias], max_iter=25, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        each = functional.binary_cross_entropy_with_logits(inputs @ weights + bias, labels, reduction="none")
        total: Tensor = (each * counts).mean() + 0.01 * weights.pow(2).sum()
        total.backward()
        return total

    optimizer.step(loss)
    return WordScores(10 * weights.detach().numpy(), float(bias.detach()))


def cross_validate_words(cases: Sequence[Case]) -> dict[tuple[str, int], float]:
    """What words that were not trained on a window's form say of it, by row and place of the window."""
    windows = [(c, n, w.text) for c in cases for n, w in enumerate(windows_of(c.row))]
    found = {}
    for fold in range(FOLDS):
        taught = [(text, c.family != "innocent") for c, _, text in windows if fold_of(c.form) != fold]
        words = train_words(*zip(*taught, strict=True))
        found.update({(c.id, n): words.score(text) for c, n, text in windows if fold_of(c.form) == fold})
    return found


def cross_validate(cases: Sequence[Case], items: Sequence[Example], fold: int, seed: int) -> list[dict[str, Any]]:
    """What a head that was not trained on a fold's forms says of each of its windows: one line a window."""
    inside = [e for e in items if fold_of(cases[e.case].form) == fold]
    head = train_head([e for e in items if fold_of(cases[e.case].form) != fold and e.label is not None], seed + fold)
    lines = []
    for example, encoded in zip(inside, read_all(head, inside), strict=True):
        case = cases[example.case]
        kinds = {"id": case.id, "family": case.family, "form": case.form, "source": case.source}
        overlap = _overlap(case, example, encoded)
        lines.append(kinds | {"head": seed // 100, "scores": encoded.text, "overlap": round(overlap, 3)})
    return lines


def report(lines: Sequence[dict[str, Any]]) -> float:
    """Print recall by family and the share of good spans; return the heads' threshold at FALSE_SHARE."""
    rows: dict[str, dict[str, Any]] = {}
    for line in lines:
        line["score"] = blend(1.0 - line["scores"][0], line.get("words", 0.0), WORDS_SHARE)
        rows[line["id"]] = max(rows.get(line["id"], line), line, key=lambda item: item["score"])
    innocent = {
        name: [r["score"] for r in rows.values() if r["family"] == "innocent" and r["source"] == name]
        for name in ("development", "twins", "near misses", "ordinary")
    }
    plain, threshold = sorted(innocent["development"], reverse=True), 1.0
    for share in (0.02, FALSE_SHARE):
        threshold = plain[int(share * len(plain))]
        found = {name: _share(scores, threshold) for name, scores in innocent.items()}
        print(f"at {share:.1%} of innocent development rows (threshold {threshold:.3f}); innocent found: {found}")
        for family in FAMILIES:
            mine = [row for row in rows.values() if row["family"] == family]
            hits = [row for row in mine if row["score"] > threshold]
            good = np.mean([row["overlap"] >= 0.5 for row in hits] or [0])
            print(f"  {family}: {len(hits)} of {len(mine)} = {len(hits) / len(mine):.3f}, good spans {good:.3f}")
    positive = [row["score"] for row in rows.values() if row["family"] != "innocent"]
    areas = {n: round(float(np.mean(np.greater.outer(positive, s))), 3) for n, s in innocent.items() if s}
    print("area under the curve against", areas, flush=True)
    return threshold


def _share(scores: Sequence[float], threshold: float) -> float:
    return round(sum(score > threshold for score in scores) / max(1, len(scores)), 3)


def _overlap(case: Case, example: Example, encoded: Encoded) -> float:
    """Intersection over union of the claim found and the nearest true one."""
    found = claim_of(case.row, example.window, encoded)
    best = 0.0
    for passage, start, end in case.claims:
        if found is not None and found[0] == passage:
            shared = max(0, min(end, found[2]) - max(start, found[1]))
            best = max(best, shared / (max(end, found[2]) - min(start, found[1])))
    return best


def gather(cache: Path, seed: int) -> tuple[list[Case], list[tuple[str, str]], dict[str, Any]]:
    """The cases of the benchmark, the ordinary windows that a screen finds hardest, and the screen; both kept beside
    the cache."""
    cases = benchmark_cases()
    kept = cache.with_suffix(".screen.json")
    if not kept.is_file():
        ordinary = ordinary_windows(seed, ordinary_texts(seed))
        texts = screen_texts(cases, ordinary)
        threshold, scores = cross_validate_screen(texts, seed)
        hardest = sorted(zip(scores[-len(ordinary) :], ordinary, strict=True), reverse=True)[:160]
        weights, bias = train_screen([item[:3] for item in texts], seed)
        screen = {"threshold": threshold, "bias": bias, "weights": [round(float(w), 4) for w in weights]}
        kept.write_text(json.dumps({"ordinary": [window for _, window in hardest], "screen": screen}))
    found = json.loads(kept.read_text())
    return cases, [(group, text) for group, text in found["ordinary"]], found["screen"]


def main() -> None:
    """Train what is asked for. The folds can be run beside each other, each with its own ``--fold``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("audit_features.pt"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--head", type=int, default=1, help="which of the heads to train: its seed")
    parser.add_argument("--fold", type=int, help="this fold only")
    parser.add_argument("--report", action="store_true", help="of the folds that have been run")
    parser.add_argument("--save", action="store_true", help="train on everything, and write the library's files")
    options = parser.parse_args()
    cases, ordinary, screen = gather(options.cache, options.seed)
    seed = 100 * options.head + options.seed
    scores = options.cache.with_suffix(".scores")
    if options.report:
        lines = [json.loads(line) for path in sorted(scores.glob("*.jsonl")) for line in path.read_text().splitlines()]
        said = cross_validate_words(cases)
        windows = [line | {"words": said.get((line["id"], line["place"]), 0.0)} for line in average(lines)]
        texts = [(w.text, c.family != "innocent") for c in cases for w in windows_of(c.row)]
        save_settings(screen, train_words(*zip(*texts, strict=True)), report(windows))
        return
    cases += [*own_cases(options.seed), *ordinary_cases(ordinary)]
    items = featured(cases, options.cache)
    if options.save:
        head = train_head([e for e in items if e.label is not None], seed)
        learned_path().mkdir(parents=True, exist_ok=True)
        halves = {name: tensor.half().contiguous() for name, tensor in head.state_dict().items()}
        save_file(halves, learned_path() / f"head-{options.head}.safetensors")
        return
    scores.mkdir(exist_ok=True)
    for fold in range(FOLDS) if options.fold is None else (options.fold,):
        lines = [json.dumps(line) for line in cross_validate(cases, items, fold, seed)]
        (scores / f"{options.head}-{fold}.jsonl").write_text("\n".join(lines) + "\n")


def average(lines: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines of several heads as one line a window. The place of the claim is the first head's."""
    windows: dict[tuple[str, int], list[dict[str, Any]]] = {}
    seen: dict[tuple[str, int], int] = {}
    for line in lines:
        head = line["head"]
        place = seen[line["id"], head] = seen.get((line["id"], head), -1) + 1
        windows.setdefault((line["id"], place), []).append(line)
    return [
        group[0] | {"place": place, "scores": np.mean([line["scores"] for line in group], 0).tolist()}
        for (_, place), group in windows.items()
    ]


def save_settings(screen: dict[str, Any], words: WordScores, threshold: float) -> None:
    """Write the screen, the words and the thresholds into the library."""
    learned_path().mkdir(parents=True, exist_ok=True)
    (learned_path() / "screen.f16").write_bytes(np.array(screen["weights"], np.float16).tobytes())
    (learned_path() / "words.f16").write_bytes(words.weights.astype(np.float16).tobytes())
    numbers = {
        "screen_bias": screen["bias"],
        "screen_threshold": screen["threshold"],
        "words_bias": words.bias,
        "words_share": WORDS_SHARE,
        "threshold": threshold,
    }
    rounded = {name: round(number, 4) for name, number in numbers.items()}
    (learned_path() / "settings.json").write_text(json.dumps(rounded, indent=2) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
