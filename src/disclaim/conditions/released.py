"""What the study's authors call the conditions, in each of their two releases."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Release(StrEnum):
    """A release of the study's authors: the anonymised one holds the answers, the public one came with the paper."""

    ANONYMISED = "anonymised"
    PUBLIC = "public"


#: Their name by ours, as far as it is known; the names of the other conditions are ours alone.
RELEASED_CONDITIONS: Mapping[Release, Mapping[str, str]] = MappingProxyType(
    {
        Release.ANONYMISED: MappingProxyType(
            {
                "asserted": "positive",
                "negated": "llm_negations",
                "repeated": "llm_negations_dense",
                "corrected": "llm_negations_dense_plus",
                "local": "local_negations",
            }
        ),
        Release.PUBLIC: MappingProxyType(
            {
                "asserted": "positive_documents",
                "negated": "negated_documents",
                "repeated": "repeated_negations",
                "corrected": "corrected_documents",
                "local": "local_negations",
                "fiction": "fiction",
                "fiction_repeated": "fiction_repeated",
                "unreliable_source": "unreliable_source",
                "unreliable_source_repeated": "unreliable_source_repeated",
                "uncertainty": "epistemic_uncertainty",
                "uncertainty_repeated": "epistemic_uncertainty_repeated",
                "low_probability": "low_probability",
                "low_probability_repeated": "low_probability_repeated",
            }
        ),
    }
)
