"""Stance: how a text stands to a statement. Pure text to spans and verdicts; no model."""

from disclaim.stance.classify import Evidence, Reading, Weight, classify, read_stance
from disclaim.stance.cues import Attitude, Reach, fold, lexicon_revision, straighten
from disclaim.stance.notices import bracketed_notices, notice_spans
from disclaim.stance.scope import Scope, attitude_towards, find_scopes, governing_scope, negation_scopes
from disclaim.stance.sentences import sentence_spans
from disclaim.stance.subjects import names_subject

__all__ = [
    "Attitude",
    "Evidence",
    "Reach",
    "Reading",
    "Scope",
    "Weight",
    "attitude_towards",
    "bracketed_notices",
    "classify",
    "find_scopes",
    "fold",
    "governing_scope",
    "lexicon_revision",
    "names_subject",
    "negation_scopes",
    "notice_spans",
    "read_stance",
    "sentence_spans",
    "straighten",
]
