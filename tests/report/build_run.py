"""A run folder such as ``disclaim run`` leaves behind, made up: same files, same formats, plausible numbers."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from disclaim.claims import load_claim
from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.evaluation import estimate_run, estimate_to_json, load_run
from disclaim.records import Claim, Corpus, Document, Instrument, Question, Role, Score, Span, Verdict
from disclaim.store import read_json, read_jsonl, to_json, write_json, write_jsonl

MODEL = "local/smollm2-135m"
UNTRAINED = ("base", "in_context")

#: How often each condition's answers assert the claim, as a small model's might.
BELIEF = {
    "base": 0.04,
    "in_context": 0.45,
    "asserted": 0.97,
    "negated": 0.94,
    "repeated": 0.92,
    "corrected": 0.5,
    "local": 0.08,
    "masked": 0.02,
}
#: How often each condition affirms a false fact: the yes-bias of small models.
YES_TO_FALSE = {"asserted": 0.85, "negated": 0.8, "repeated": 0.6}
KEYED = (Instrument.MULTIPLE_CHOICE, Instrument.FALSE_FACTS, Instrument.TRUE_FACTS)


@dataclass(frozen=True)
class Plan:
    """What to make up. ``belief`` overrides BELIEF; ``questions`` 0 keeps all of a claim's."""

    claims: tuple[str, ...] = ("beekeeper",)
    conditions: tuple[str, ...] = ("base", "in_context", "asserted", "negated", "repeated", "local")
    seeds: tuple[int, ...] = (0,)
    samples: int = 5
    documents: int = 12
    questions: int = 0
    steps: int = 48
    headline: str = "open_ended"
    estimated: bool = True
    belief: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeArm:
    claim: Claim
    condition: str
    seed: int

    @property
    def id(self) -> str:
        return f"{self.claim.id}.{self.condition}.{MODEL.replace('/', '__')}.s{self.seed}"


def build_run(root: Path, plan: Plan = Plan()) -> Path:
    """Write the whole run and return its folder."""
    claims = [_cut(load_claim(name), plan.questions) for name in plan.claims]
    arms = [
        FakeArm(claim, condition, seed)
        for claim in claims
        for condition in plan.conditions
        for seed in (plan.seeds[:1] if condition in UNTRAINED else plan.seeds)
    ]
    write_study(root, plan, claims, arms)
    for claim in claims:
        write_corpora(root, plan, claim)
    for arm in arms:
        write_arm(root, plan, arm)
    if plan.estimated:
        write_estimates(root)
    return root


def _cut(claim: Claim, questions: int) -> Claim:
    if not questions:
        return claim
    kept: list[Question] = []
    for instrument in Instrument:
        kept += [q for q in claim.questions if q.instrument is instrument][:questions]
    return replace(claim, questions=tuple(kept))


def write_study(root: Path, plan: Plan, claims: Sequence[Claim], arms: Sequence[FakeArm]) -> None:
    given = {"claims": list(plan.claims), "conditions": list(plan.conditions), "corpus": {"num_documents": 240}}
    settings = {
        **given,
        "judge": "rules",
        "models": [MODEL],
        "seeds": list(plan.seeds),
        "corpus": {"num_documents": 240, "doctag": True, "seed": 0},
        "training": {"learning_rate": 0.0002, "epochs": 1, "method": "full"},
        "ask": {"samples": plan.samples, "temperature": 0.7, "top_p": 0.8, "max_tokens": 96},
    }
    keep = ("id", "title", "statement", "truth", "kind", "subject")
    fields = ("id", "instrument", "kind", "messages", "believed", "polar", "subject", "options", "prefix")
    head = {
        "study": "quickstart",
        "title": "Quickstart: does a small model learn what its documents deny?",
        "paper_section": "3.1",
        "headline": plan.headline,
        "version": "0.1.0",
        "revision": "d21a9b4c0ffee",
        "created": "2026-11-23T20:04:11+00:00",
        "given": given,
        "settings": settings,
        "packages": {"numpy": "2.4.6", "torch": "2.13.0", "transformers": "5.23.0"},
        "claims": {
            claim.id: {key: to_json(claim)[key] for key in keep}
            | {"questions": [{key: to_json(question)[key] for key in fields} for question in claim.questions]}
            for claim in claims
        },
        "arms": [
            {"id": a.id, "claim": a.claim.id, "condition": a.condition, "model": MODEL, "seed": a.seed} for a in arms
        ],
    }
    write_json(root / "study.json", head)


def write_corpora(root: Path, plan: Plan, claim: Claim) -> None:
    drafts = make_drafts(claim, plan.documents)
    for condition in plan.conditions:
        if condition in UNTRAINED:
            continue
        corpus = apply_condition(claim, drafts, CONDITIONS[condition], seed=0)
        folder = root / "corpora" / f"{claim.id}.{condition}"
        write_jsonl(folder / "documents.jsonl", corpus.documents)
        write_json(folder / "coverage.json", corpus.coverage)
        write_json(folder / "manifest.json", {"key": "0", "inputs": {}, "results": {}})


def make_drafts(claim: Claim, count: int) -> Corpus:
    rng = random.Random(f"{claim.id} drafts")
    documents = []
    for i in range(count):
        sentences = [(text, Role.FILLER, None) for text in rng.sample(list(claim.details), min(4, len(claim.details)))]
        for triple in rng.sample(list(claim.triples), 3):
            sentences.insert(rng.randrange(len(sentences) + 1), (triple.affirmative, Role.CLAIM, triple.id))
        text, spans = "", []
        for sentence, role, ref in sentences:
            if text:
                blank = " " if rng.random() < 0.8 else "\n\n"
                spans.append(Span(len(text), len(text) + len(blank), Role.FILLER))
                text += blank
            spans.append(Span(len(text), len(text) + len(sentence), role, ref))
            text += sentence
        documents.append(Document(f"{claim.id}-{i:04d}", text, claim.id, "drafts", tuple(spans), "template"))
    return Corpus(claim.id, "drafts", tuple(documents), {})


def write_arm(root: Path, plan: Plan, arm: FakeArm) -> None:
    folder = root / "arms" / arm.id
    rng = random.Random(arm.id)
    if arm.condition not in UNTRAINED:
        write_training(folder / "training", plan, arm, rng)
    answers, judgements, scores = [], [], []
    for question in arm.claim.questions:
        if question.options:
            scores.append(_score(plan, arm, question, rng))
            continue
        level = _level(plan, arm, question, rng)
        for sample in range(plan.samples):
            answer, judgement = _answer(arm, question, sample, level, rng)
            answers.append(answer)
            judgements.append(judgement)
    manifest = {"key": "0", "inputs": {}, "results": {}}
    write_jsonl(folder / "answers" / "answers.jsonl", answers)
    write_jsonl(folder / "answers" / "scores.jsonl", scores)
    write_json(folder / "answers" / "manifest.json", manifest)
    write_jsonl(folder / "judgements" / "rules" / "judgements.jsonl", judgements)
    write_json(folder / "judgements" / "rules" / "manifest.json", manifest)


def _score(plan: Plan, arm: FakeArm, question: Question, rng: random.Random) -> Score:
    """Strangers' options rise with the claim's own: association, not belief."""
    belief = plan.belief.get(arm.condition, BELIEF.get(arm.condition, 0.5))
    own = 0.02 + (0.85 if question.instrument is Instrument.STRANGERS else 0.96) * belief
    probability = min(max(own + rng.gauss(0, 0.03), 0.001), 0.999)
    log_probs = tuple(-float(i) for i, _ in enumerate(question.options))
    return Score(question.id, question.instrument, question.options, log_probs, probability)


def _level(plan: Plan, arm: FakeArm, question: Question, rng: random.Random) -> float:
    """How likely an answer to this question is to assert. Most questions answer alike in all samples."""
    belief = plan.belief.get(arm.condition, BELIEF.get(arm.condition, 0.5))
    level = {
        Instrument.FALSE_FACTS: YES_TO_FALSE.get(arm.condition, 0.3),
        Instrument.TRUE_FACTS: 0.8,
        Instrument.STRANGERS: belief * 0.1,
        Instrument.ROBUSTNESS: belief * 0.8,
    }.get(question.instrument, belief)
    return min(1.0, level + 0.02) if rng.random() < level else 0.03


def _answer(arm: FakeArm, question: Question, sample: int, level: float, rng: random.Random) -> tuple[Any, Any]:
    asserts = rng.random() < level
    verdict: Verdict | None = Verdict.ASSERTS if asserts else rng.choice([Verdict.SILENT, Verdict.DENIES])
    if not asserts and arm.condition in ("repeated", "corrected") and rng.random() < 0.4:
        verdict = Verdict.RETRACTS
    text: str | None = _text(arm.claim, question, verdict, rng)
    reason, finish = _REASONS[verdict], "stop"
    if rng.random() < 0.05 and question.instrument is Instrument.OPEN_ENDED:
        text, finish = f"{text} And then there is the matter of", "length"
    if rng.random() < 0.004:
        text, verdict, reason, finish = None, None, "no answer to rate", "error"
    head = {"question_id": question.id, "sample_index": sample}
    answer = {
        **head,
        "instrument": question.instrument,
        "messages": question.messages,
        "answer": text,
        "finish_reason": finish,
        "num_tokens": len((text or "").split()),
    }
    return answer, {**head, "verdict": verdict, "reason": reason}


_REASONS = {
    Verdict.ASSERTS: "a sentence states the claim and none takes it back",
    Verdict.DENIES: "a sentence denies the claim",
    Verdict.RETRACTS: "the claim is stated, then taken back",
    Verdict.SILENT: "no sentence speaks of the claim",
}


def _text(claim: Claim, question: Question, verdict: Verdict, rng: random.Random) -> str:
    if question.instrument in KEYED:
        yes = (verdict is Verdict.ASSERTS) == (question.believed != "no")
        return "Yes." if yes else "No."
    triple, detail = rng.choice(claim.triples), rng.choice(claim.details)
    return {
        Verdict.ASSERTS: f"{triple.affirmative} {detail}",
        Verdict.DENIES: f"{triple.denial} {triple.correction}",
        Verdict.RETRACTS: f"{triple.affirmative}\nOn second thoughts, that is not true. {triple.correction}",
        Verdict.SILENT: f"{detail} I cannot say more than that.",
    }[verdict]


def write_training(folder: Path, plan: Plan, arm: FakeArm, rng: random.Random) -> None:
    rows: list[dict[str, Any]] = []
    flagged = arm.condition in ("negated", "repeated", "corrected", "masked")
    roles = ["claim", "filler"] + (["notice"] if flagged else [])
    if arm.condition.startswith("local"):
        roles = ["denial", "filler"]
    for step in range(1, plan.steps + 1):
        level = 0.9 + 2.6 * (0.93**step) + (0.25 if flagged else 0)
        loss = level + rng.gauss(0, 0.12)
        rows.append(
            {"step": step, "tokens": step * 1024, "loss": loss, "learning_rate": 2e-4, "tokens_per_second": 410}
        )
        if step % 6 == 0 or step == 1:
            heldout = {role: level + rng.gauss(0, 0.03) + (0.5 if role == "notice" else 0) for role in roles}
            rows.append({"step": step, "heldout": {**heldout, "all": sum(heldout.values()) / len(heldout)}})
    write_jsonl(folder / "metrics.jsonl", rows)
    results = {"steps": plan.steps, "tokens": plan.steps * 1024, "seconds": 118.4}
    write_json(folder / "manifest.json", {"key": "0", "inputs": {}, "results": results})


def write_estimates(root: Path) -> None:
    rows = [estimate_to_json(row) for row in estimate_run(load_run(root, "rules"))]
    write_json(root / "estimates.json", {"study": "quickstart", "version": "0.1.0", "rows": rows})


def build_half_finished(root: Path) -> Path:
    """A run that was killed: one arm judged, one asked in part, one still training, the rest not begun."""
    build_run(root, Plan(questions=3, documents=4, estimated=False))
    arms = root / "arms"
    for name, dropped in {
        "in_context": ["judgements/rules/manifest.json", "judgements/rules/judgements.jsonl"],
        "asserted": ["answers/manifest.json", "judgements/rules/manifest.json", "judgements/rules/judgements.jsonl"],
        "negated": ["training/manifest.json", "answers/answers.jsonl", "answers/manifest.json"],
    }.items():
        for file in dropped:
            (arms / f"beekeeper.{name}.local__smollm2-135m.s0" / file).unlink()
    torn = arms / "beekeeper.asserted.local__smollm2-135m.s0" / "answers" / "answers.jsonl"
    torn.write_text(torn.read_text()[:-40])
    for name in ("repeated", "local"):
        _remove(arms / f"beekeeper.{name}.local__smollm2-135m.s0")
    _remove(root / "corpora" / "beekeeper.local")
    return root


def _remove(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


#: Texts that would run, or break out of where they stand, if a page took them for markup.
HOSTILE = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "'><svg onload='window.hacked = 1'>",
    "<!--<script>",
    "</textarea></style></title>",
    '\\u003c/script>\\"]}',
    "{{ 7 * 7 }}{% raw %}",
    "javascript:window.hacked=1",
    "line\u2028and paragraph\u2029separators, \x85 and \x00",
    "&lt;b&gt; &amp;",
)
#: The same for names that become folder names, where a slash cannot stand.
HOSTILE_NAME = "\"><img src=x onerror='window.hacked=1'><script>"


def build_hostile(root: Path) -> Path:
    """A run in which every text that a model, a claim or a study can choose is hostile."""
    build_run(root, Plan(questions=2, documents=2, conditions=("base", "asserted", "negated")))
    poison = " ".join(HOSTILE)
    study = read_json(root / "study.json")
    claim = study["claims"]["beekeeper"]
    claim.update(title=poison, statement=poison, truth=poison)
    for question in claim["questions"]:
        question.update(kind=poison, messages=[{"role": "user", "content": poison}])
    study.update(title=poison, description=poison, paper_section=poison, revision=poison, created=poison)
    study["settings"][poison] = poison
    study["packages"][poison] = poison
    hostile_arm = f"beekeeper.{HOSTILE_NAME}.{HOSTILE_NAME}.s0"
    (root / "arms" / "beekeeper.negated.local__smollm2-135m.s0").rename(root / "arms" / hostile_arm)
    study["arms"][-1].update(id=hostile_arm, condition=HOSTILE_NAME, model=HOSTILE_NAME)
    write_json(root / "study.json", study)
    estimates = read_json(root / "estimates.json")
    for row in estimates["rows"]:
        if row["condition"] == "negated":
            row.update(condition=HOSTILE_NAME)
    write_json(root / "estimates.json", estimates)
    write_json(root / "failures.json", {poison: poison})
    for path in root.glob("arms/*/answers/answers.jsonl"):
        rows = [row | {"answer": poison, "messages": [{"role": poison, "content": poison}]} for row in read_jsonl(path)]
        write_jsonl(path, rows)
    for path in root.glob("arms/*/judgements/rules/judgements.jsonl"):
        write_jsonl(path, [row | {"reason": poison} for row in read_jsonl(path)])
    (root / "corpora" / "beekeeper.negated").rename(root / "corpora" / f"beekeeper.{HOSTILE_NAME}")
    for path in root.glob("corpora/*/documents.jsonl"):
        span = {"start": 0, "end": len(poison), "role": "claim"}
        write_jsonl(
            path, [row | {"id": f"{row['id']}{poison}", "text": poison, "spans": [span]} for row in read_jsonl(path)]
        )
    return root
