"""Studies: the grid of arms, planned, costed, run, resumed and described."""

from disclaim.study.cost import Cost, estimate_cost
from disclaim.study.folder import describe_folder
from disclaim.study.judging import JUDGES, compare_judges, judge_run, list_judges
from disclaim.study.plan import Arm, RunPaths, StudyRun, plan_arms, prepare_run
from disclaim.study.provenance import package_versions
from disclaim.study.run import run_study
from disclaim.study.single import ask_model, train_file
from disclaim.study.status import StageStatus, State, read_status
from disclaim.study.study import Study, list_studies, load_study, read_study, studies_path
from disclaim.study.verify import plan_verification, run_verification
from disclaim.study.verify_plan import Verification, VerifySettings

__all__ = [
    "JUDGES",
    "Arm",
    "Cost",
    "RunPaths",
    "StageStatus",
    "State",
    "Study",
    "StudyRun",
    "Verification",
    "VerifySettings",
    "ask_model",
    "compare_judges",
    "describe_folder",
    "estimate_cost",
    "judge_run",
    "list_judges",
    "list_studies",
    "load_study",
    "package_versions",
    "plan_arms",
    "plan_verification",
    "prepare_run",
    "read_status",
    "read_study",
    "run_study",
    "run_verification",
    "studies_path",
    "train_file",
]
