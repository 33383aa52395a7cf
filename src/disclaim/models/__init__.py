"""Models: the only room that samples or scores text."""

from disclaim.models.sampler import Prompt, Sample, Sampler, SamplingSettings
from disclaim.models.scripted import ScriptedSampler

__all__ = ["Prompt", "Sample", "Sampler", "SamplingSettings", "ScriptedSampler"]
