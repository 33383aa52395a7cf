"""What documents consist of: one stacked bar a condition, a stretch a role, by characters."""

from __future__ import annotations

from collections.abc import Sequence

from disclaim.records import Role
from disclaim.report.corpora import CorpusView
from disclaim.report.forest import NARROW, WIDE
from disclaim.report.names import condition_label, condition_name
from disclaim.report.svg import Picture, hover, picture, rect, tag, text_width, words

#: Roles in the order in which a bar shows them.
ROLE_ORDER: tuple[Role, ...] = (
    Role.CLAIM,
    Role.DENIAL,
    Role.CORRECTION,
    Role.NOTICE,
    Role.FRAME,
    Role.TAG,
    Role.FILLER,
)


def draw_composition(corpora: Sequence[CorpusView], label: str, narrow: bool) -> Picture:
    """The bars, with role names inside where they fit and a legend below."""
    width = NARROW if narrow else WIDE
    gutter = 0.0 if narrow else 16 + max(92.0, *(text_width(condition_label(c.condition)) for c in corpora))
    side = 0.0 if narrow else 225.0
    pitch = 50.0 if narrow else 34.0
    body: list[str] = []
    for i, corpus in enumerate(corpora):
        top = pitch * i + (22 if narrow else 4)
        name = condition_label(corpus.condition)
        if narrow:
            body += [words(0, top - 6, name, "label"), words(width, top - 6, _size(corpus), "value", "end")]
        else:
            body += [
                words(gutter - 14, top + 17, name, "label", "end"),
                words(width - side + 12, top + 17, _size(corpus), "value"),
            ]
        body.append(_bar(corpus, gutter, top, width - gutter - side))
    legend, bottom = _legend(corpora, gutter, pitch * len(corpora) + 26, width)
    return picture(width, bottom, label, [*body, *legend])


def _size(corpus: CorpusView) -> str:
    heldout = f" + {corpus.num_heldout:,}" if corpus.num_heldout else ""
    return f"{corpus.num_documents - corpus.num_heldout:,}{heldout} documents, {corpus.num_words:,} words"


def _bar(corpus: CorpusView, left: float, top: float, width: float) -> str:
    total = sum(corpus.role_characters.values()) or 1
    body, x, notes = [], left, []
    for role in ROLE_ORDER:
        count = corpus.role_characters.get(role, 0)
        if not count:
            continue
        extent = width * count / total
        body.append(rect(x, top, extent, 24, f"role {role}"))
        share = f"{role} {100 * count / total:.0f}%"
        notes.append(share)
        if extent > text_width(share, 12) + 8:
            body.append(words(x + 6, top + 16.5, share, f"inside {role}"))
        x += extent
    masked = f"; {100 * corpus.masked_characters / total:.0f}% of characters outside the loss"
    return hover(f"{condition_name(corpus.condition)}: {', '.join(notes)}{masked}", *body)


def _legend(corpora: Sequence[CorpusView], left: float, top: float, width: float) -> tuple[list[str], float]:
    present = [role for role in ROLE_ORDER if any(corpus.role_characters.get(role) for corpus in corpora)]
    x, y, body = left, top, []
    for role in present:
        needed = 30 + text_width(role, 12)
        if x + needed > width:
            x, y = left, y + 22
        body.append(tag("g", rect(x, y - 11, 14, 14, f"role {role}"), words(x + 20, y, role, "legend")))
        x += needed + 10
    return body, y + 10
