"""Conditions: how documents present a claim, as data, and the pure rewriting of drafts into them."""

from disclaim.conditions.apply import CANARY, DOCTAG, apply_condition, measure_coverage, outer_spans
from disclaim.conditions.catalogue import CONDITIONS, Condition, Form, Mask, find_condition
from disclaim.conditions.frames import Frame, list_frames, load_frame
from disclaim.conditions.released import RELEASED_CONDITIONS, Release

__all__ = [
    "CANARY",
    "CONDITIONS",
    "DOCTAG",
    "RELEASED_CONDITIONS",
    "Condition",
    "Form",
    "Frame",
    "Mask",
    "Release",
    "apply_condition",
    "find_condition",
    "list_frames",
    "load_frame",
    "measure_coverage",
    "outer_spans",
]
