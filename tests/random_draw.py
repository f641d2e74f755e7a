"""A stream of draws that a person can read."""

from __future__ import annotations

from typing import Any

import numpy as np


class Draw:
    """Draws from one stream, rounded so that an instance can be read."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    def number(self, low: float, high: float, decimals: int = 0) -> float:
        """A number between two ends."""
        return round(float(self.rng.uniform(low, high)), decimals)

    def chance(self, share: float) -> bool:
        """True in that share of draws."""
        return bool(self.rng.random() < share)

    def one(self, *items: Any) -> Any:
        """One of the items."""
        return items[int(self.rng.integers(len(items)))]

    def some(self, items: list[Any], count: int) -> list[Any]:
        """That many of the items, in their order."""
        return [items[i] for i in sorted(self.rng.choice(len(items), min(count, len(items)), replace=False))]

    def rising(self, low: float, high: float, count: int, decimals: int) -> list[float]:
        """Numbers that rise strictly."""
        return sorted({self.number(low, high, decimals) for _ in range(count)})
