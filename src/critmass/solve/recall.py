"""The search tree of earlier searches: how the organization's choices were split, and at which prices parts were
priced. It is only a proposal; that its parts cover a node is made sure of here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from critmass.formulation.block import Block
from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Stage
from critmass.solve.library import Entry, Fixed, StoredPrices, StoredSplit
from critmass.solve.pricing import Prices, Range

Key = tuple[str, Fixed]
"""A node of a stage by its decisions."""


class Recall:
    """Stored prices and splits by node; of several entries the newest one counts."""

    def __init__(self, entries: Sequence[Entry], model: NetworkModel) -> None:
        self.model = model
        self._stored: dict[Key, StoredPrices] = {}
        self._splits: dict[Key, StoredSplit] = {}
        self._prices: dict[int, Prices] = {}
        for entry in reversed(entries):
            self._stored |= {(item.stage, item.fixed): item for item in entry.prices}
            for split in entry.splits:
                self._splits.pop((split.stage, split.fixed), None)
                self._splits[split.stage, split.fixed] = split

    def knows(self, key: Key) -> bool:
        """Whether the node was split or priced."""
        return key in self._splits or key in self._stored

    def is_split(self, key: Key) -> bool:
        """Whether the node was split."""
        return key in self._splits

    def prices(self, key: Key, stage: Stage) -> Prices | None:
        """The node's own prices, as prices of the question's links; the same object each time."""
        stored = self._stored.get(key)
        if stored is None:
            return None
        if id(stored) not in self._prices:
            self._prices[id(stored)] = usable_prices(stored, self.model, stage)
        return self._prices[id(stored)]

    def by_relaxation(self, key: Key) -> bool:
        """Whether linear relaxations alone put the node aside."""
        return key in self._stored and self._stored[key].relaxed

    def parts(self, key: Key, fixed: Mapping[str, Range]) -> list[tuple[dict[str, Range], Key]]:
        """The node's two parts, upper first, each with the key of what is stored of it; none where the stored ranges
        would leave some choice out."""
        split = self._splits.get(key)
        block = self.model.organization
        if split is None or split.name not in block.position:
            return []
        ends = cut(block, split, fixed.get(split.name))
        if ends is None:
            return []
        stage, stored = key
        without = tuple(item for item in stored if item[0] != split.name)
        return [
            ({**fixed, split.name: part}, (stage, tuple(sorted([*without, (split.name, *range_)]))))
            for part, range_ in zip(ends, (split.upper, split.lower), strict=True)
        ]


def cut(block: Block, split: StoredSplit, held: Range | None) -> tuple[Range, Range] | None:
    """A node's range of a decision in two parts at a stored split's inner ends; None unless they cover the range."""
    at = block.position[split.name]
    low, high = held or (float(block.lower[at]), float(block.upper[at]))
    inner_low, inner_high = split.upper[0], split.lower[1]
    gap = 1.0 if block.integer[at] else 0.0
    if not inner_low <= inner_high + gap or not (low < inner_low and inner_high < high):
        return None
    if block.integer[at] and (inner_low != round(inner_low) or inner_high != round(inner_high)):
        return None
    return (inner_low, high), (low, inner_high)


def usable_prices(stored: StoredPrices, model: NetworkModel, stage: Stage) -> Prices:
    """Stored prices as those of these links and floors: any such vector gives a valid bound.

    Unknown names are ignored, missing and infinite ones are 0, no price of an inequality is negative.
    """
    found = np.array([stored.links.get(name, 0.0) for name in model.links])
    found = np.where(np.isfinite(found) & ~model.held_by_caps, found, 0.0)
    floors = {name: float(np.nan_to_num(max(stored.floors.get(name, 0.0), 0.0), posinf=0.0)) for name in stage.floors}
    return Prices(np.where(model.equal, found, np.maximum(found, 0.0)), floors)


def key_of(stage: Stage, decisions: Mapping[str, Range]) -> Key:
    """A node's key."""
    fixed = tuple(sorted((name, float(low), float(high)) for name, (low, high) in decisions.items()))
    return stage.name, fixed
