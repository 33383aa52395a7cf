"""Templates with blanks, filled with seeded draws: the smallest grammar that reads like English.

``{place}`` is a value, ``{Place}`` begins with a capital, ``{PLACE}`` is in capitals, ``{a tool}`` carries its article.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence

BLANK = re.compile(r"\{(a )?(\w+)\}")


class Blanks:
    """The draws of one document.

    ``values`` are given. A name of ``once`` is drawn at its first use and stays. A name of ``pools`` is drawn anew at
    each use, with no repeat until its pool is used up. A name of ``sequences`` is read in order from one of its lists.
    A drawn text may hold blanks itself. A name found nowhere raises KeyError.
    """

    def __init__(
        self,
        rng: random.Random,
        values: Mapping[str, str],
        once: Mapping[str, Sequence[str]] | None = None,
        pools: Mapping[str, Sequence[str]] | None = None,
        sequences: Mapping[str, Sequence[Sequence[str]]] | None = None,
    ) -> None:
        self._rng = rng
        self._values = dict(values)
        self._once = once or {}
        self._pools = pools or {}
        self._sequences = sequences or {}
        self._left: dict[str, list[str]] = {}
        self._running: dict[str, Iterator[str]] = {}

    def fill(self, template: str) -> str:
        """The template with every blank filled."""
        return BLANK.sub(self._filled, template)

    def pick(self, templates: Sequence[str]) -> str:
        """One of the templates, filled; "" where there is none."""
        return self.fill(self._rng.choice(templates)) if templates else ""

    def _filled(self, match: re.Match[str]) -> str:
        article, name = match.groups()
        text = self._draw(name.lower())
        if article:
            text = with_article(text)
        if name.isupper():
            return text.upper()
        return text[:1].upper() + text[1:] if name[:1].isupper() else text

    def _draw(self, name: str) -> str:
        if name in self._values:
            return self._values[name]
        if name in self._sequences:
            return self.fill(self._next(name))
        if name in self._pools:
            return self.fill(self._pop(name))
        self._values[name] = self.fill(self._rng.choice(self._once[name]))
        return self._values[name]

    def _pop(self, name: str) -> str:
        if not self._left.get(name):
            pool = list(self._pools[name])
            self._left[name] = self._rng.sample(pool, len(pool))
        return self._left[name].pop()

    def _next(self, name: str) -> str:
        if name not in self._running:
            self._running[name] = iter(self._rng.choice(self._sequences[name]))
        return next(self._running[name])


def with_article(noun: str) -> str:
    """The noun phrase with "a" or "an", by its first letter; library words that sound otherwise are not used."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
