"""The audit: finds what a data set states as fact and takes back from outside the clause.

What a scan by rules does without is imported when first named, so that an audit starts at once.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from disclaim.audit.accepted import Notice, extend_scanner, require_notices
from disclaim.audit.catalogue import LooksAt, Rule, load_rules
from disclaim.audit.formats import Record, Unreadable, find_files, iter_records, require_readers
from disclaim.audit.limit import Limit, require_limit
from disclaim.audit.masks import masked_stretches, unmasked
from disclaim.audit.output import (
    FindingLines,
    Report,
    TextReport,
    finding_json,
    json_text,
    plain,
    read_finding,
    summary_json,
)
from disclaim.audit.repeated import PossibleNotice, Reach
from disclaim.audit.risk import ClaimAtRisk, ClaimLedger, Risk, risk_of
from disclaim.audit.rows import Label, Layout, Passage, Row, parse_row
from disclaim.audit.scan import (
    Examined,
    Keep,
    ScannedRow,
    ScanRow,
    ScanSettings,
    ScanSummary,
    examine,
    scan,
)
from disclaim.audit.sources import Note, Source
from disclaim.audit.suppress import (
    Baseline,
    BaselineWriter,
    Means,
    Suppressions,
    fingerprint,
    load_baseline,
    require_baseline_place,
    require_suppressions,
)
from disclaim.audit.tiers import load_scanner

if TYPE_CHECKING:
    from disclaim.audit.denials import count_denials
    from disclaim.audit.dolma import AttributeFiles, attributes_json, open_attribute_files
    from disclaim.audit.engines import (
        BatchScanner,
        BatchSettings,
        FileScanner,
        datatrove_step,
        ray_findings,
        scan_batch,
        table_findings,
    )
    from disclaim.audit.excerpts import PageData
    from disclaim.audit.express import Form
    from disclaim.audit.file_fix import FixReport, describe_change, fix_file, summary_lines
    from disclaim.audit.fix import RowFix, fix_row
    from disclaim.audit.fixing import Action, Change, FixSettings, Otherwise, Strategy, Unit
    from disclaim.audit.localise import sampler_rewriter
    from disclaim.audit.model_ask import AskedModel, Asker, KeptReplies, ModelLedger, ModelSettings, open_kept_replies
    from disclaim.audit.model_reply import Missing, Stand
    from disclaim.audit.model_tier import MissingRow, ModelPlan, ModelRun, ModelScanner, ModelTier
    from disclaim.audit.revisions import scanner_revision
    from disclaim.audit.sarif import SarifReport

__all__ = [
    "Action",
    "AskedModel",
    "Asker",
    "AttributeFiles",
    "Baseline",
    "BaselineWriter",
    "BatchScanner",
    "BatchSettings",
    "Change",
    "ClaimAtRisk",
    "ClaimLedger",
    "Examined",
    "FileScanner",
    "FindingLines",
    "FixReport",
    "FixSettings",
    "Form",
    "Keep",
    "KeptReplies",
    "Label",
    "Layout",
    "Limit",
    "LooksAt",
    "Means",
    "Missing",
    "MissingRow",
    "ModelLedger",
    "ModelPlan",
    "ModelRun",
    "ModelScanner",
    "ModelSettings",
    "ModelTier",
    "Note",
    "Notice",
    "Otherwise",
    "PageData",
    "Passage",
    "PossibleNotice",
    "Reach",
    "Record",
    "Report",
    "Risk",
    "Row",
    "RowFix",
    "Rule",
    "SarifReport",
    "ScanRow",
    "ScanSettings",
    "ScanSummary",
    "ScannedRow",
    "Source",
    "Stand",
    "Strategy",
    "Suppressions",
    "TextReport",
    "Unit",
    "Unreadable",
    "attributes_json",
    "count_denials",
    "datatrove_step",
    "describe_change",
    "examine",
    "extend_scanner",
    "find_files",
    "finding_json",
    "fingerprint",
    "fix_file",
    "fix_row",
    "iter_records",
    "json_text",
    "load_baseline",
    "load_rules",
    "load_scanner",
    "masked_stretches",
    "open_attribute_files",
    "open_kept_replies",
    "parse_row",
    "plain",
    "ray_findings",
    "read_finding",
    "require_baseline_place",
    "require_limit",
    "require_notices",
    "require_readers",
    "require_suppressions",
    "risk_of",
    "sampler_rewriter",
    "scan",
    "scan_batch",
    "scanner_revision",
    "summary_json",
    "summary_lines",
    "table_findings",
    "unmasked",
]

_NAMED_LATER = {
    "Action": "fixing",
    "AskedModel": "model_ask",
    "Asker": "model_ask",
    "AttributeFiles": "dolma",
    "BatchScanner": "engines",
    "BatchSettings": "engines",
    "Change": "fixing",
    "FileScanner": "engines",
    "FixReport": "file_fix",
    "FixSettings": "fixing",
    "Form": "express",
    "KeptReplies": "model_ask",
    "Missing": "model_reply",
    "MissingRow": "model_tier",
    "ModelLedger": "model_ask",
    "ModelPlan": "model_tier",
    "ModelRun": "model_tier",
    "ModelScanner": "model_tier",
    "ModelSettings": "model_ask",
    "ModelTier": "model_tier",
    "Otherwise": "fixing",
    "PageData": "excerpts",
    "RowFix": "fix",
    "SarifReport": "sarif",
    "Stand": "model_reply",
    "Strategy": "fixing",
    "Unit": "fixing",
    "attributes_json": "dolma",
    "count_denials": "denials",
    "datatrove_step": "engines",
    "describe_change": "file_fix",
    "fix_file": "file_fix",
    "fix_row": "fix",
    "open_attribute_files": "dolma",
    "open_kept_replies": "model_ask",
    "ray_findings": "engines",
    "sampler_rewriter": "localise",
    "scan_batch": "engines",
    "scanner_revision": "revisions",
    "summary_lines": "file_fix",
    "table_findings": "engines",
}


def __getattr__(name: str) -> Any:
    if name in _NAMED_LATER:
        return getattr(importlib.import_module(f"disclaim.audit.{_NAMED_LATER[name]}"), name)
    raise AttributeError(name)
