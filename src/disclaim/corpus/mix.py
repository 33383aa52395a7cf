"""Mix: what is trained on, in one seeded order, with a loss weighting for each source."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from disclaim.errors import UnknownNameError
from disclaim.records import Chat, Corpus, Document, LossWeighting, Mixture, Source


class WeightingPreset(StrEnum):
    """How the paper's mixture is weighted (docs/design/loss-weighting.md).

    ``as_described``: every token counts alike. ``as_released``: each chat counts as one token does, as in the authors'
    public code, so that the chats carry next to nothing of the loss.
    """

    AS_DESCRIBED = "as_described"
    AS_RELEASED = "as_released"


PRESETS: Mapping[WeightingPreset, Mapping[Source, LossWeighting]] = {
    WeightingPreset.AS_DESCRIBED: dict.fromkeys(Source, LossWeighting.TOKEN_SUM),
    WeightingPreset.AS_RELEASED: {
        Source.CORPUS: LossWeighting.TOKEN_SUM,
        Source.FILLER: LossWeighting.TOKEN_SUM,
        Source.CHATS: LossWeighting.EXAMPLE_MEAN,
    },
}


@dataclass(frozen=True, slots=True)
class MixtureSettings:
    """How a mixture is put together."""

    seed: int = 0
    """Seeds the order."""
    weighting: str | Mapping[Source, LossWeighting] = WeightingPreset.AS_DESCRIBED
    """A preset's name, or a weighting for each source; a source left out has ``token_sum``."""


def mix(
    corpus: Corpus, filler: Sequence[Document], chats: Sequence[Chat], settings: MixtureSettings | None = None
) -> Mixture:
    """All of the corpus, the filler and the chats, once each, in a seeded order.

    The order depends on the seed and the three counts only: conditions of the same drafts train in the same order.
    """
    settings = settings or MixtureSettings()
    order = [(Source.CORPUS, i) for i in range(len(corpus.documents))]
    order += [(Source.FILLER, i) for i in range(len(filler))]
    order += [(Source.CHATS, i) for i in range(len(chats))]
    random.Random(f"{settings.seed}/mix").shuffle(order)
    return Mixture(corpus.documents, tuple(filler), tuple(chats), tuple(order), resolve_weighting(settings.weighting))


def resolve_weighting(weighting: str | Mapping[Source, LossWeighting]) -> dict[Source, LossWeighting]:
    """The weighting of each source. Raises UnknownNameError where there is no preset of that name."""
    if isinstance(weighting, str) and weighting not in list(WeightingPreset):
        raise UnknownNameError("weighting", weighting, list(WeightingPreset))
    chosen = PRESETS[WeightingPreset(weighting)] if isinstance(weighting, str) else weighting
    return {source: chosen.get(source, LossWeighting.TOKEN_SUM) for source in Source}
