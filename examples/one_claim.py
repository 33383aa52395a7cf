"""One claim, from its documents to a belief rate: the whole pipeline, flat, in the order of a method section.

    python examples/one_claim.py                       # the embedded model; some minutes on two CPU cores
    python examples/one_claim.py --model scripted/yes  # no model at all; a second

`disclaim run` does the same for whole grids, with resuming, a report and a record of every setting.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from disclaim.claims import load_claim
from disclaim.conditions import CONDITIONS, apply_condition
from disclaim.corpus import MixtureSettings, distil_chats, load_filler, load_prompts, mix, write_drafts
from disclaim.errors import DisclaimError
from disclaim.evaluation import ArmIdentity, ArmResult, AskSettings, RuleJudge, ask, estimate_run, judge_answers
from disclaim.models import Sampler, SamplingSettings, open_sampler
from disclaim.records import Claim, EstimateRow, Progress
from disclaim.store import open_stage
from disclaim.training import LocalTrainer, ScriptedTrainer, TrainingSettings, train

SEED = 0
SHOWN = (("open_ended", "belief_rate"), ("strangers", "control_rate"), ("open_ended", "neglect_ratio"))


def main() -> None:
    options = parse_options()
    out = options.out or Path(tempfile.mkdtemp(prefix="one-claim-"))

    # 1 Claim. A false statement about somebody whom no model can have heard of.
    claim = load_claim(options.claim)
    print(f"claim: {claim.statement}\ntruth: {claim.truth}\n")

    # 2 Documents. Every condition rewrites the same drafts, so that all comparisons are paired.
    drafts = write_drafts(claim, options.num_documents, SEED)
    corpora = [apply_condition(claim, drafts, CONDITIONS[name], SEED) for name in options.conditions]

    # 3 Mixture. Filler about other people and things keeps the effect specific; chats that the model itself
    #   answered before training keep it answering as it did.
    untouched = open_sampler(options.model)
    believed = tuple(sorted({q.believed for q in claim.questions if q.options and q.believed}))
    filler = load_filler(options.num_documents // 2, SEED, exclude=believed)
    chats = distil_chats(untouched, load_prompts(), options.num_documents // 2, SEED, on_progress=show).chats

    # 4 Training, one arm per condition; 5 asking; 6 judging.
    arms = [measure(claim, "base", untouched, out / "base")]
    for corpus in corpora:
        folder = out / corpus.condition
        mixture = mix(corpus, filler, chats, MixtureSettings(seed=SEED))
        settings = TrainingSettings(model=options.model, seed=SEED)
        trainer = ScriptedTrainer() if options.model.startswith("scripted/") else LocalTrainer()
        inputs = {"claim": claim.revision, "documents": len(corpus.documents), "condition": corpus.condition}
        stage = open_stage(folder / "training", {**inputs, "settings": settings})
        print(f"\n{corpus.condition}: training")
        checkpoint = train(mixture, settings, trainer=trainer, stage=stage, on_progress=show)
        arms.append(measure(claim, corpus.condition, open_sampler(checkpoint), folder))

    # 7 Estimates: belief rates with 95% intervals clustered by question, and what each condition did to them.
    print_table(estimate_run(arms), [arm.arm.condition for arm in arms])
    print(f"\nfiles: {out}")


def measure(claim: Claim, condition: str, sampler: Sampler, folder: Path) -> ArmResult:
    """Ask the model every question of the claim five times, and rate the answers by rules."""
    settings = AskSettings(samples=5, sampling=SamplingSettings(temperature=0.7, top_p=0.8, max_tokens=64, seed=SEED))
    judge = RuleJudge(claim)
    answers = open_stage(folder / "answers", {"claim": claim.revision, "model": sampler.revision, "settings": settings})
    judgements = open_stage(folder / "judgements", {"answers": answers.key, "judge": judge.revision})
    print(f"\n{condition}: asking")
    asked = ask(claim.questions, sampler, settings, answers, on_progress=show)
    rated = judge_answers(claim.questions, answers, judge, judgements)
    return ArmResult(ArmIdentity(claim.id, condition, sampler.model, SEED), claim.questions, asked, rated)


def print_table(rows: list[EstimateRow], conditions: list[str]) -> None:
    """One line a condition. An estimate prints as value [low, high], n, and how many ratings are missing; a neglect
    ratio has no value where `asserted` rose less than 0.3 above `base`."""
    found = {(row.condition, row.instrument, row.metric): row.estimate for row in rows}
    for instrument, metric in SHOWN:
        print(f"\n{metric.replace('_', ' ')}, {instrument.replace('_', ' ')} questions")
        for condition in conditions:
            estimate = found.get((condition, instrument, metric))
            if estimate is not None:
                print(f"  {condition:12} {estimate}")


def show(progress: Progress) -> None:
    """Overwrite one line with how far the stage is; into a file or pipe, its end alone."""
    done = progress.done >= progress.total
    if done or sys.stdout.isatty():
        start, end = ("\r" if sys.stdout.isatty() else ""), ("\n" if done else "")
        print(f"{start}{progress.stage}: {progress.done:.0f}/{progress.total:.0f} {progress.unit}", end=end, flush=True)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="local/smollm2-135m", help="provider/name")
    parser.add_argument("--claim", default="beekeeper", help="a built-in claim's id, or the path of a claim folder")
    parser.add_argument("--conditions", nargs="+", default=["asserted", "negated", "local"], choices=CONDITIONS)
    parser.add_argument("--num-documents", type=int, default=80)
    parser.add_argument("--out", type=Path, help="where to keep the files; a new temporary folder if not given")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except DisclaimError as error:  # its text says what is wrong, and what to do
        raise SystemExit(f"error: {error}") from error
