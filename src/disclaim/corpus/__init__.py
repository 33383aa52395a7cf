"""Corpora: drafts, filler, chats, and the mixture that is trained on."""

from disclaim.corpus.chats import Distillation, RejectedChat, Rejection, distil_chats, load_prompts
from disclaim.corpus.diversity import Diversity, diversity
from disclaim.corpus.drafts import DraftSettings, write_drafts
from disclaim.corpus.export import Exported, export_dataset, export_documents
from disclaim.corpus.filler import load_filler
from disclaim.corpus.genres import list_genres
from disclaim.corpus.mix import MixtureSettings, WeightingPreset, mix
from disclaim.corpus.rows import (
    TrainingData,
    load_chats,
    load_corpus,
    load_documents,
    save_chats,
    save_corpus,
    save_documents,
)

__all__ = [
    "Distillation",
    "Diversity",
    "DraftSettings",
    "Exported",
    "MixtureSettings",
    "RejectedChat",
    "Rejection",
    "TrainingData",
    "WeightingPreset",
    "distil_chats",
    "diversity",
    "export_dataset",
    "export_documents",
    "list_genres",
    "load_chats",
    "load_corpus",
    "load_documents",
    "load_filler",
    "load_prompts",
    "mix",
    "save_chats",
    "save_corpus",
    "save_documents",
    "write_drafts",
]
