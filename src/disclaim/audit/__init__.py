"""The audit: finds what a data set states as fact and takes back from outside the clause."""

from disclaim.audit.dolma import AttributeFiles, attributes_json, open_attribute_files
from disclaim.audit.excerpts import PageData
from disclaim.audit.formats import Record, Unreadable, find_files, iter_records
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
from disclaim.audit.risk import ClaimAtRisk, ClaimLedger, Risk, risk_of
from disclaim.audit.rows import Label, Layout, Passage, Row, parse_row
from disclaim.audit.sarif import SarifReport
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
from disclaim.audit.suppress import (
    Baseline,
    BaselineWriter,
    Means,
    Suppressions,
    fingerprint,
    load_baseline,
    require_suppressions,
)
from disclaim.audit.tiers import load_rules, load_scanner

__all__ = [
    "AttributeFiles",
    "Baseline",
    "BaselineWriter",
    "ClaimAtRisk",
    "ClaimLedger",
    "Examined",
    "FindingLines",
    "Keep",
    "Label",
    "Layout",
    "Means",
    "PageData",
    "Passage",
    "Record",
    "Report",
    "Risk",
    "Row",
    "SarifReport",
    "ScanRow",
    "ScanSettings",
    "ScanSummary",
    "ScannedRow",
    "Suppressions",
    "TextReport",
    "Unreadable",
    "attributes_json",
    "examine",
    "find_files",
    "finding_json",
    "fingerprint",
    "iter_records",
    "json_text",
    "load_baseline",
    "load_rules",
    "load_scanner",
    "open_attribute_files",
    "parse_row",
    "plain",
    "read_finding",
    "require_suppressions",
    "risk_of",
    "scan",
    "summary_json",
]
