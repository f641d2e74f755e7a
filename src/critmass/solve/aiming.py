"""Where plans of many practices are looked for: at pooled payments that agree with the claims on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Stage
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.masters import FAR, Masters
from critmass.solve.nodes import Node
from critmass.solve.pricing import Prices, Range, most_pooled_payments

WHOLE_SECONDS = 6.0
"""Time for what the organization of a thousand practices can make of its payments by whole decisions; of more in
proportion."""

WORTH_GAP = 2e-3
"""Relative gap of what an aim is worth by whole decisions."""

NEARLY = 0.99
"""From this part of another aim's worth on, all decisions mixed, a look at whole decisions is worth its time."""

SAFE_USD = 2.0
"""By how much claims stay below what an aim pays: caps are rounded up to whole dollars, and columns may be half a
dollar above them. A practice that claims all it may would miss mass by what was rounded."""

CONTRACTS = ("join[", "condition[")
"""The organization's contracts and the conditions that follow from them."""

PAYMENT = "paid["
"""A pooled payment that is held to a part of its range."""

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
        self._seconds = WHOLE_SECONDS * max(len(model.practices) / 1000, 1.0)
        self._paid: Mapping[str, float] = {}
        self._aimed: dict[frozenset[tuple[str, Range]], Mapping[str, float]] = {}
        """The best aim so far under the same contracts."""

    def best(self, stage: Stage, node: Node) -> Node:
        """What was aimed at before under the node's contracts, or its own aim where nothing was."""
        return self._before(node) or self.own(stage, node)

    def _before(self, node: Node) -> Node | None:
        paid = self._aimed.get(_contracts(node))
        return None if paid is None else self._node(_only(node, CONTRACTS), paid)

    def own(self, stage: Stage, node: Node) -> Node:
        """The aim at which the linear master over the columns at hand is worth most, from the last best one uphill.

        Steps and gates that the node holds are free again: with the columns at hand they may be out of reach by little.
        What it holds of payments counts for the first aim, if that can be had.
        """
        self._paid, node = self._whole(stage, node), _only(node, CONTRACTS)
        worth: dict[int, float] = {}
        at = self._start
        while True:
            for place in (at, at - 1, at + 1):
                if 0 <= place < len(PARTS) and place not in worth:
                    worth[place] = self._worth(stage, self.at(node, PARTS[place]))
            best = max(worth, key=lambda place: worth[place])
            if best == at:
                self._start = at
                return self.at(node, PARTS[at])
            at = best

    def better(self, stage: Stage, node: Node, found: Node) -> Node:
        """An aim, or what was aimed at before under the same contracts, where the organization's whole decisions make
        that worth more: practices were priced to claim all of it, and a cent less is no use to them."""
        before = self._before(node)
        if before is not None and self._is_worth_more(stage, before, found):
            return before
        self._aimed[_contracts(node)] = found.paid
        return found

    def _is_worth_more(self, stage: Stage, one: Node, other: Node) -> bool:
        """By whole decisions of the organization, unless mixed ones tell the two apart or whole ones take too long."""
        mixed = [self._worth(stage, aimed) for aimed in (one, other)]
        if mixed[1] < NEARLY * mixed[0]:
            return True
        whole = [self._worth(stage, aimed, whole=True) for aimed in (one, other)]
        in_time = all(value > most - FAR * abs(most) for value, most in zip(whole, mixed, strict=True))
        return whole[0] > whole[1] if in_time else mixed[0] > mixed[1]

    def _whole(self, stage: Stage, node: Node) -> Mapping[str, float]:
        """What the organization can make of payments in the node's part of their range, or anywhere."""
        anywhere, within = _only(node, CONTRACTS), _only(node, (*CONTRACTS, PAYMENT))
        for held in (within, anywhere):
            found = self.masters.whole_payments(stage, held, self._seconds)
            if found or held.fixed == anywhere.fixed:
                break
        return found or {**most_pooled_payments(self.model, anywhere.fixed), **node.paid}

    def lacking(self, stage: Stage, node: Node) -> tuple[Node, Prices] | None:
        """The node's contracts alone, and prices for what whole decisions lack there; None where they lack little."""
        free = _only(node, CONTRACTS)
        prices = self.masters.prices_to_be_whole(stage, free, self._seconds)
        return None if prices is None else (free, prices)

    def higher(self, node: Node) -> Node | None:
        """The next aim above the best one, if there is one: worth more, perhaps, once practices are priced under it."""
        return self.at(_only(node, CONTRACTS), PARTS[self._start - 1]) if self._start > 0 else None

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
        """Caps a little below what is paid, but for payments that cannot be larger: these are claimed whole. Plans that
        claim nothing keep every cap."""
        block = self.model.blocks[place]
        return {
            name: (low, max(high - SAFE_USD, 0.0)) if 0.0 <= high < block.upper[block.position[name]] else (low, high)
            for name, (low, high) in caps.items()
        }

    def _worth(self, stage: Stage, aimed: Node, *, whole: bool = False) -> float:
        """What plans mixed at an aim are worth, the organization's decisions `whole` or not."""
        problem, chosen, _ = self.masters.plan_problem(stage, aimed)
        integer = problem.integer & whole
        integer[: len(chosen)] = False
        seconds = self._seconds if whole else 60.0
        limits = SolveLimits(time_seconds=seconds, gap_relative=WORTH_GAP if whole else 0.0, seed=self.seed)
        return solve(replace(problem, integer=integer), limits).objective


def _only(node: Node, held: tuple[str, ...]) -> Node:
    """The node with those of its decisions alone whose names begin so."""
    fixed = {name: part for name, part in node.fixed.items() if name.startswith(held)}
    return Node(fixed, np.inf, node.order, relaxed=node.relaxed, centre=node.centre, paid=node.paid)


def _contracts(node: Node) -> frozenset[tuple[str, Range]]:
    return frozenset(_only(node, CONTRACTS).fixed.items())
