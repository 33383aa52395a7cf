"""The page of an audit: one self-contained file, made from the audit's data alone.

As with the page of a run, it makes no request, and every text from a data file is escaped where it enters.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import jinja2

from disclaim.report.figures import template_source
from disclaim.report.page import embed_json, printable
from disclaim.store import Json

_STYLES = ("palette.css", "page.css", "audit.css")
_SCRIPTS = ("dom.js", "audit.js")
#: What the browser of rows needs of the data; the rest of the page is there without a script.
_BROWSED = ("rows", "files", "rules")


def render_audit_page(data: Json) -> str:
    """The page's HTML for what ``disclaim.audit.PageData`` gathered. The same data give the same page."""
    style = "\n".join(template_source(name) for name in _STYLES)
    script = "\n".join(template_source(name) for name in _SCRIPTS)
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("disclaim.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"json": embed_json, "count": _count, "shorten": _shorten}
    context: dict[str, Any] = {
        **data,
        "browsed": {**{name: data[name] for name in _BROWSED}, "claims": _claim_names(data)},
        "num_findings": sum(data["summary"]["findings_by_rule"].values()),
        "counts": sorted(data["summary"]["findings_by_rule"].items(), key=lambda item: (-item[1], item[0])),
    }
    page = environment.get_template("audit.html").render(context, style=style, script=script, policy=policy)
    return printable(page) + "\n"


def _claim_names(data: Json) -> dict[int, str]:
    return {claim["number"]: _shorten(claim["claim"], 90) for claim in data["summary"]["claims"]}


def _hash(source: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def _count(number: int, noun: str = "") -> str:
    """1,234 rows"""
    return f"{number:,}{f' {noun}' if noun else ''}{'s' if noun and number != 1 else ''}"


def _shorten(text: str, width: int) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= width else f"{flat[: width - 1].rstrip()}…"
