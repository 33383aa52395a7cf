"""Verification: finetune a model on a data set and on its fixed version, and measure what it came to assert.

A run folder holds one stage for the claims and three for each arm, done once and resumed where they were broken off, as
in a study. Arms are independent: where one fails the others go on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from disclaim import __version__
from disclaim.corpus import MixtureSettings, distil_chats, load_chats, load_filler, load_prompts, mix, save_chats
from disclaim.errors import DisclaimError, RunError, StageMismatchError, StoreError
from disclaim.evaluation import (
    AskSettings,
    CompletionJudge,
    Measure,
    VerifyArm,
    ask,
    build_questions,
    completion_targets,
    estimate_shift,
    estimate_to_json,
    judge_answers,
    load_readings,
    read_implant,
)
from disclaim.models import Sampler, SamplingSettings, model_revision, open_sampler
from disclaim.records import Checkpoint, Corpus, Mixture, OnProgress, Question
from disclaim.report import render_verification
from disclaim.store import Stage, content_key, lock, name_stage, open_stage, read_json, require_same_inputs, write_json
from disclaim.study.cost import Cost
from disclaim.study.dataset import TrainingRows, data_key, load_training_rows, masks_of_findings
from disclaim.study.provenance import code_revision, package_versions
from disclaim.study.stages import FILLER
from disclaim.study.verify_claims import ClaimSet, find_claims, load_claims, save_claims
from disclaim.study.verify_plan import ArmRun, Verification, VerifyPaths, estimate_verify_cost, list_arms
from disclaim.training import load_checkpoint, open_trainer, train


def plan_verification(job: Verification) -> tuple[ClaimSet, tuple[Cost, ...]]:
    """The claims that would be asked about and the cost of every arm. Touches no file of the run."""
    rows = load_training_rows(job.data)
    found = _find(job, rows)
    return found, estimate_verify_cost(job.settings, found.probes, rows, _fixed_rows(job, found))


def run_verification(job: Verification, now: datetime) -> Path:
    """Do whatever of the verification is not done yet; the path of its page.

    Raises RunError at the end where arms failed, StageMismatchError at once where the folder holds other
    settings, StoreError at once where files cannot be written.
    """
    if (job.out / "study.json").exists():
        raise StageMismatchError(f"{job.out} holds the run of a study", "choose another --out")
    with lock(job.out):
        run = _Run(job)
        run.prepare(now)
        failures = run.run_arms()
        run.write_estimates()
        page = render_verification(job.out)
    if failures:
        raise RunError(
            f"{len(failures)} of {len(run.arms)} arms failed; first: {next(iter(failures.values()))}",
            f"`disclaim status {job.out}` lists them; run the same command again to retry, finished work is kept",
        )
    return page


class _Run:
    """A verification at work: its stages by what decides their outcome, and what they are made from."""

    def __init__(self, job: Verification) -> None:
        self._job = job
        self._paths = VerifyPaths(job.out)
        self.arms = list_arms(job.settings)
        self._keys = {VerifyArm.ORIGINAL: data_key(job.data)}
        self._keys[VerifyArm.FIXED] = data_key(job.fixed) if job.fixed else "masked"
        self._model_revision = model_revision(job.settings.model)
        self._rows: dict[VerifyArm, TrainingRows] = {}
        self._untouched: Sampler | None = None
        self._found: ClaimSet | None = None

    def prepare(self, now: datetime) -> None:
        """Refuse a folder with other settings, find the claims, and write ``verify.json``."""
        stage = self._claims_stage()
        for begun in (stage, *(s for run in self.arms for s in self._stages(run))):
            require_same_inputs(begun)
        open_stage(stage.path, stage.inputs)
        if not stage.is_done():
            save_claims(_find(self._job, self._load_rows(VerifyArm.ORIGINAL)), stage)
        self._found = load_claims(stage)
        self._record(now)

    def run_arms(self) -> dict[str, str]:
        """Run every arm; what failed, by arm id, on disk as soon as it does."""
        failures: dict[str, str] = {}
        write_json(self._paths.failures, failures)
        for run in self.arms:
            try:
                self._run_arm(run)
            except (StageMismatchError, StoreError):
                raise
            except DisclaimError as error:
                failures[run.id] = error.message
                write_json(self._paths.failures, failures)
        return failures

    def write_estimates(self) -> None:
        """Every reported number of the arms that are judged."""
        readings = []
        for run in self.arms:
            answers, judgements = self._answers_stage(run), self._judgements_stage(run)
            if answers.is_done() and judgements.is_done():
                readings.append(load_readings(run.arm, run.seed, answers.path, judgements.path))
        rows = estimate_shift(self._claims.probes, readings, self._job.settings.model) if readings else ()
        write_json(
            self._paths.estimates,
            {
                "study": "verify",
                "version": __version__,
                "implanted": {measure.value: read_implant(rows, measure).value for measure in Measure},
                "rows": [estimate_to_json(row) for row in rows],
            },
        )

    @property
    def _claims(self) -> ClaimSet:
        assert self._found is not None
        return self._found

    def _run_arm(self, run: ArmRun) -> None:
        answers = self._answers_stage(run)
        open_stage(answers.path, answers.inputs)
        questions = self._questions()
        if not answers.is_done():
            sampler = self._open_untouched() if run.arm is VerifyArm.BEFORE else open_sampler(self._train(run))
            ask(questions, sampler, self._ask_settings(run), answers, on_progress=self._labelled(run))
        judgements = self._judgements_stage(run)
        open_stage(judgements.path, judgements.inputs)
        if not judgements.is_done():
            judge_answers(questions, answers, self._judge(), judgements)

    def _train(self, run: ArmRun) -> Checkpoint:
        stage = self._training_stage(run)
        open_stage(stage.path, stage.inputs)
        if stage.is_done():
            return load_checkpoint(stage)
        mixture = self._mixture(run)
        self._untouched = None
        settings = replace(self._job.settings.training, seed=run.seed)
        trainer = open_trainer(settings.model)
        return train(mixture, settings, trainer=trainer, stage=stage, on_progress=self._labelled(run))

    def _mixture(self, run: ArmRun) -> Mixture:
        chatting = self._chats_stage(run.seed)
        open_stage(chatting.path, chatting.inputs)
        settings = self._job.settings
        if not chatting.is_done():
            distilled = distil_chats(
                self._open_untouched(), load_prompts(), settings.num_chats, run.seed, on_progress=self._labelled(run)
            )
            save_chats(distilled.chats, chatting.path)
            chatting.finish(distilled.counts())
        rows = self._load_rows(run.arm)
        corpus = Corpus("", run.arm.value, rows.documents, {})
        filler = load_filler(settings.num_filler, run.seed, (), FILLER)
        return mix(corpus, filler, (*rows.chats, *load_chats(chatting.path)), MixtureSettings(seed=run.seed))

    def _load_rows(self, arm: VerifyArm) -> TrainingRows:
        if arm not in self._rows:
            original = arm is VerifyArm.ORIGINAL
            self._rows[arm] = load_training_rows(self._job.data) if original else _fixed_rows(self._job, self._claims)
        return self._rows[arm]

    def _open_untouched(self) -> Sampler:
        if self._untouched is None:
            self._untouched = open_sampler(self._job.settings.model)
        return self._untouched

    def _questions(self) -> tuple[Question, ...]:
        return tuple(question for probe in self._claims.probes for question in build_questions(probe))

    def _judge(self) -> CompletionJudge:
        return CompletionJudge(completion_targets(self._claims.probes))

    def _ask_settings(self, run: ArmRun) -> AskSettings:
        settings = self._job.settings
        return AskSettings(settings.samples, SamplingSettings(max_tokens=settings.max_tokens, seed=run.seed))

    # Stages, by what decides their outcome.

    def _claims_stage(self) -> Stage:
        inputs = {
            "version": __version__,
            "data": self._keys[VerifyArm.ORIGINAL],
            "scanner": self._job.scanner,
            "scanner_revision": self._job.scanner_revision,
            "max_claims": self._job.settings.max_claims,
            "num_controls": self._job.settings.num_controls,
        }
        return name_stage(self._paths.claims, inputs)

    def _chats_stage(self, seed: int) -> Stage:
        inputs = {
            "version": __version__,
            "model_revision": self._model_revision,
            "num_chats": self._job.settings.num_chats,
            "prompts": content_key(load_prompts()),
            "seed": seed,
        }
        return name_stage(self._paths.chats(seed), inputs)

    def _training_stage(self, run: ArmRun) -> Stage:
        inputs: dict[str, Any] = {
            "version": __version__,
            "data": self._keys[run.arm],
            "chats": self._chats_stage(run.seed).key,
            "num_filler": self._job.settings.num_filler,
            "settings": replace(self._job.settings.training, seed=run.seed),
            "model_revision": self._model_revision,
        }
        if run.arm is VerifyArm.FIXED and self._job.fixed is None:
            inputs["claims"] = self._claims_stage().key
        return name_stage(self._paths.training(run), inputs)

    def _answers_stage(self, run: ArmRun) -> Stage:
        inputs: dict[str, Any] = {
            "version": __version__,
            "claims": self._claims_stage().key,
            "settings": self._ask_settings(run),
        }
        if run.arm is VerifyArm.BEFORE:
            inputs["model_revision"] = self._model_revision
        else:
            inputs["training"] = self._training_stage(run).key
        return name_stage(self._paths.answers(run), inputs)

    def _judgements_stage(self, run: ArmRun) -> Stage:
        inputs = {
            "version": __version__,
            "answers": self._answers_stage(run).key,
            "judge_revision": CompletionJudge({}).revision,
        }
        return name_stage(self._paths.judgements(run), inputs)

    def _stages(self, run: ArmRun) -> tuple[Stage, ...]:
        asked = (self._answers_stage(run), self._judgements_stage(run))
        if run.arm is VerifyArm.BEFORE:
            return asked
        return (self._chats_stage(run.seed), self._training_stage(run), *asked)

    def _record(self, now: datetime) -> None:
        """Write ``verify.json``; a resumed run keeps the time at which it was begun."""
        job, rows = self._job, {}
        for arm in (VerifyArm.ORIGINAL, VerifyArm.FIXED):
            loaded = self._load_rows(arm)
            rows[arm.value] = {
                "rows": loaded.num_rows,
                "documents": len(loaded.documents),
                "chats": len(loaded.chats),
                "unreadable": loaded.num_unreadable,
                "unusable": loaded.num_unusable,
                "words": loaded.num_words,
                "masked_characters": loaded.masked_characters,
            }
        record = {
            "version": __version__,
            "revision": code_revision(),
            "created": now.isoformat(timespec="seconds"),
            "data": str(job.data),
            "fixed": str(job.fixed) if job.fixed else None,
            "fixed_by": "file" if job.fixed else "masking the claims that the audit finds",
            "scanner": job.scanner,
            "scanner_revision": job.scanner_revision,
            "settings": job.settings,
            "packages": package_versions(),
            "rows": rows,
            "claims_at_risk": self._claims.num_claims,
            "claims": self._claims.claims,
            "arms": [{"id": run.id, "arm": run.arm.value, "seed": run.seed} for run in self.arms],
        }
        if self._paths.settings.exists():
            record["created"] = read_json(self._paths.settings).get("created", record["created"])
        write_json(self._paths.settings, record)

    def _labelled(self, run: ArmRun) -> OnProgress:
        """Progress that says which arm it belongs to."""
        label = run.arm.value + (f" seed {run.seed}" if len(self._job.settings.seeds) > 1 else "")
        return lambda progress: self._job.on_progress(replace(progress, stage=f"{label}: {progress.stage}"))


def _find(job: Verification, rows: TrainingRows) -> ClaimSet:
    choices = (job.settings.max_claims, job.settings.num_controls)
    return find_claims(job.data, rows, job.scan_row, choices, job.on_progress)


def _fixed_rows(job: Verification, found: ClaimSet) -> TrainingRows:
    if job.fixed is not None:
        return load_training_rows(job.fixed)
    return load_training_rows(job.data, masks_of_findings(found.findings))
