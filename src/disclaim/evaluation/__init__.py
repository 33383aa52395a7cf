"""Evaluation: questions asked, answers judged, ratings turned into estimates."""

from disclaim.evaluation.agreement import measure_agreement
from disclaim.evaluation.ask import AskSettings, ask
from disclaim.evaluation.estimate import estimate_arm, estimate_run
from disclaim.evaluation.inspect_log import ExportedLogs, export_answers
from disclaim.evaluation.instruments import INSTRUMENTS, InstrumentFormat, KeyedAnswer, is_keyed, parse_keyed
from disclaim.evaluation.judge import Judge, ScriptedJudge, judge_answers
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

__all__ = [
    "INSTRUMENTS",
    "ArmIdentity",
    "ArmResult",
    "AskSettings",
    "ExportedLogs",
    "Imported",
    "InstrumentFormat",
    "Judge",
    "KeyedAnswer",
    "RuleJudge",
    "ScriptedJudge",
    "ask",
    "estimate_arm",
    "estimate_run",
    "estimate_to_json",
    "export_answers",
    "import_answers",
    "is_keyed",
    "judge_answers",
    "load_answers",
    "load_arm",
    "load_run",
    "measure_agreement",
    "parse_keyed",
    "question_from_json",
]
