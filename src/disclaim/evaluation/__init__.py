"""Evaluation: questions asked, answers judged, ratings turned into estimates."""

from disclaim.evaluation.agreement import measure_agreement
from disclaim.evaluation.ask import AskSettings, ask
from disclaim.evaluation.assertion import (
    Measure,
    Probe,
    Surroundings,
    Version,
    build_probe,
    build_questions,
    clean_sentence,
    completion_targets,
)
from disclaim.evaluation.completion import CompletionJudge
from disclaim.evaluation.estimate import estimate_arm, estimate_run
from disclaim.evaluation.inspect_log import ExportedLogs, export_answers
from disclaim.evaluation.instruments import INSTRUMENTS, InstrumentFormat, KeyedAnswer, is_keyed, parse_keyed
from disclaim.evaluation.judge import Judge, ScriptedJudge, count_verdicts, judge_answers
from disclaim.evaluation.reference import Imported, import_answers
from disclaim.evaluation.rows import (
    ArmIdentity,
    ArmResult,
    estimate_to_json,
    load_answers,
    load_arm,
    load_run,
    question_from_json,
)
from disclaim.evaluation.rules import RuleJudge
from disclaim.evaluation.shift import ArmReadings, Implant, VerifyArm, estimate_shift, load_readings, read_implant
from disclaim.evaluation.swaps import collect_names, find_entities

__all__ = [
    "INSTRUMENTS",
    "ArmIdentity",
    "ArmReadings",
    "ArmResult",
    "AskSettings",
    "CompletionJudge",
    "ExportedLogs",
    "Implant",
    "Imported",
    "InstrumentFormat",
    "Judge",
    "KeyedAnswer",
    "Measure",
    "Probe",
    "RuleJudge",
    "ScriptedJudge",
    "Surroundings",
    "VerifyArm",
    "Version",
    "ask",
    "build_probe",
    "build_questions",
    "clean_sentence",
    "collect_names",
    "completion_targets",
    "count_verdicts",
    "estimate_arm",
    "estimate_run",
    "estimate_shift",
    "estimate_to_json",
    "export_answers",
    "find_entities",
    "import_answers",
    "is_keyed",
    "judge_answers",
    "load_answers",
    "load_arm",
    "load_readings",
    "load_run",
    "measure_agreement",
    "parse_keyed",
    "question_from_json",
    "read_implant",
]
