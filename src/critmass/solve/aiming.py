"""Where plans of many practices are looked for: at pooled payments that agree with the claims on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Stage
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.masters import Masters
from critmass.solve.nodes import Node
from critmass.solve.pricing import Range, most_pooled_payments

WHOLE_SECONDS = 6.0
"""Time for what the organization of a thousand practices can make of its payments by whole decisions; of more in
proportion."""

SAFE_USD = 2.0
"""By how much claims stay below what an aim pays: caps are rounded up to whole dollars, and columns may be half a
dollar above them. A practice that claims all it may would miss mass by what was rounded."""

PARTS = (1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.8, 0.7)
"""Parts of what a master makes of pooled payments, perhaps the sample's, that a plan may aim at."""


class Aims:
    """Aims take the place of links between practices' claims and the payments, of which there would be too many.

    At an aim the organization has to earn at least a part of what a node's linear master makes of every pooled payment,
    and practices claim no more than their shares of that part.
    """

    def __init__(self, model: NetworkModel, masters: Masters, seed: int) -> None:
        self.model, self.masters, self.seed = model, masters, seed
        self._start = PARTS.index(1.0)
        self._paid: Mapping[str, float] = {}
        self._aimed: dict[frozenset[tuple[str, Range]], Mapping[str, float]] = {}
        """What was aimed at last under the same contracts."""

    def best(self, stage: Stage, node: Node) -> Node:
        """The aim at which the linear master over the columns at hand is worth most, from the last best one uphill, or
        what was aimed at before: practices were priced to claim all of that, and a cent less is no use to them.

        Steps and gates that the node holds are free again: with the columns at hand they may be out of reach by little.
        """
        node = _with_contracts_alone(node)
        worth: dict[int, float] = {}
        at = self._start
        whole = self.masters.whole_payments(stage, node, WHOLE_SECONDS * max(len(self.model.practices) / 1000, 1.0))
        self._paid = whole or {**most_pooled_payments(self.model, node.fixed), **node.paid}
        while True:
            for place in (at, at - 1, at + 1):
                if 0 <= place < len(PARTS) and place not in worth:
                    worth[place] = self._worth(stage, self.at(node, PARTS[place]))
            best = max(worth, key=lambda place: worth[place])
            if best == at:
                self._start = at
                return self._or_again(stage, node, worth[at])
            at = best

    def _or_again(self, stage: Stage, node: Node, worth: float) -> Node:
        """The best aim of a node that holds contracts alone, or what was aimed at before where that is worth more."""
        contracts = frozenset(node.fixed.items())
        if contracts in self._aimed:
            again = self._node(node, self._aimed[contracts])
            if self._worth(stage, again) > worth:
                return again
        found = self.at(node, PARTS[self._start])
        self._aimed[contracts] = found.paid
        return found

    def higher(self, node: Node) -> Node | None:
        """The next aim above the best one, if there is one: worth more, perhaps, once practices are priced under it."""
        return self.at(_with_contracts_alone(node), PARTS[self._start - 1]) if self._start > 0 else None

    def at(self, node: Node, part: float) -> Node:
        """A node that aims at a part of the payments that another node's master makes; what it is to pay itself, such
        as a withhold, counts in full."""
        return self._node(node, {name: part * value if value > 0 else value for name, value in self._paid.items()})

    def _node(self, node: Node, paid: Mapping[str, float]) -> Node:
        """A node that aims at payments."""
        position = self.model.organization.position
        floors = {name: (value, np.inf) for name, value in paid.items() if 0 < value < np.inf and name in position}
        caps = [self._safely(place, each) for place, each in enumerate(self.masters.caps_at(paid, node))]
        fixed = {**node.fixed, **floors}
        return Node(fixed, np.inf, node.order, relaxed=node.relaxed, centre=node.centre, caps=caps, paid=dict(paid))

    def _safely(self, place: int, caps: Mapping[str, Range]) -> dict[str, Range]:
        """Caps a little below what is paid, but for payments that cannot be larger: these are claimed whole."""
        block = self.model.blocks[place]
        return {
            name: (low, max(low, high - SAFE_USD)) if high < block.upper[block.position[name]] else (low, high)
            for name, (low, high) in caps.items()
        }

    def _worth(self, stage: Stage, aimed: Node) -> float:
        problem, _, _ = self.masters.plan_problem(stage, aimed)
        relaxed = replace(problem, integer=np.zeros_like(problem.integer))
        return solve(relaxed, SolveLimits(time_seconds=60, seed=self.seed)).objective


def _with_contracts_alone(node: Node) -> Node:
    """The node with what it holds of the organization's contracts and of the conditions that follow from them."""
    fixed = {name: held for name, held in node.fixed.items() if name.startswith(("join[", "condition["))}
    return Node(fixed, np.inf, node.order, relaxed=node.relaxed, centre=node.centre, paid=node.paid)
