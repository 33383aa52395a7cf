"""The page of a fix: what was changed, before and after, and what was left and why. One self-contained file."""

from __future__ import annotations

import base64
import hashlib
from itertools import groupby
from typing import Any

import jinja2

from disclaim.report.figures import template_source
from disclaim.report.page import printable
from disclaim.store import Json

_STYLES = ("palette.css", "page.css", "audit.css", "fix.css")
#: So many changes are shown; the page says how many there are.
MAX_SHOWN = 500


def render_fix_page(report: Json, version: str) -> str:
    """The page's HTML for the JSON of a ``disclaim.audit.FixReport``. It holds no script and makes no request; every
    text is escaped where it enters. The same report gives the same page."""
    style = "\n".join(template_source(name) for name in _STYLES)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("disclaim.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"count": _count}
    shown = report["changes"][:MAX_SHOWN]
    context: dict[str, Any] = {
        "report": report,
        "version": version,
        "rows": [(row, list(changes)) for row, changes in groupby(shown, key=lambda change: change["row"])],
        "num_shown": len(shown),
        "left": report["reread"] or report["left"],
    }
    page = environment.get_template("fix.html").render(context, style=style, policy=policy)
    return printable(page) + "\n"


def _count(number: int, noun: str = "") -> str:
    return f"{number:,}{f' {noun}' if noun else ''}{'s' if noun and number != 1 else ''}"
