"""The report of a run: a pure reader of its files."""

from disclaim.report.audit_page import render_audit_page
from disclaim.report.figures import export_headline_svg
from disclaim.report.fix_page import render_fix_page
from disclaim.report.page import render_report
from disclaim.report.tables import Table, render_text_table
from disclaim.report.verify_page import render_verification, verification_table

__all__ = [
    "Table",
    "export_headline_svg",
    "render_audit_page",
    "render_fix_page",
    "render_report",
    "render_text_table",
    "render_verification",
    "verification_table",
]
