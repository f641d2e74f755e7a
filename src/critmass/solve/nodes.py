"""What the search branches on: choices of the organization, and where each stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Generic

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.results import BoolArray
from critmass.solve.candidates import Found
from critmass.solve.columns import Column, Stage
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.pricing import Priced, Prices, Range, block_problem, under
from critmass.solve.progress import relative_gap
from critmass.solve.relaxation import Relaxed

FIRST_WIDTH = 0.15
"""How far prices may move at first from the best ones, as a part of the price."""

FIRST_SHARE = 0.02
"""The same for small prices, as a share of a mean practice's worth per unit of the link."""

FAR = 1.0
"""How far prices of pooled links may move while they move alone, as a multiple of the price."""

POOLED_PASSES = 3
"""Passes at most in which they move alone."""

POOLED = "pooled_"
"""Links through which practices together earn what the organization is paid."""

UNCAPPED: Range = (0.0, np.inf)


@dataclass
class StageResult(Generic[Found]):
    """Where a stage ended: its best plan and a proved bound on its objective."""

    stage: Stage
    plan: Found | None
    bound: float

    @property
    def value(self) -> float:
        """Objective of the best plan, minus infinity without one."""
        return -np.inf if self.plan is None else self.stage.value(self.plan.worth)

    @property
    def gap(self) -> float:
        """Relative gap between plan and bound."""
        return relative_gap(self.value, self.bound)


@dataclass
class Exact:
    """Prices at which all practices were priced under fixed conditions and caps, and the sum of their bounds."""

    prices: Prices
    conditions: Mapping[str, Range]
    practices_bound: float
    caps: Sequence[Mapping[str, Range]]
    priced: Sequence[Priced] = ()

    def covers(self, conditions: Mapping[str, Range], caps: Sequence[Mapping[str, Range]]) -> bool:
        """Whether the bounds also hold for a node: the same conditions, and claims capped no higher."""
        return self.conditions.items() <= conditions.items() and self.allows(caps)

    def allows(self, caps: Sequence[Mapping[str, Range]]) -> bool:
        """Whether claims were capped no lower than by the given caps."""
        return all(
            part.get(name, UNCAPPED)[1] <= mine[name][1] + 1e-6
            for part, mine in zip(caps, self.caps, strict=True)
            for name in mine
        )


@dataclass
class Node:
    """Fixed 0/1 decisions of the organization by variable name, and the best bound known for them.

    `paid` is what the last linear master paid out of each pooled payment, `mixed` what it was worth. A node that
    `needs_prices` gets passes at new ones before it is split. In its first `pooled_passes` prices of pooled links move
    alone. `failed` passes have brought nothing since the last one that did.
    """

    fixed: Mapping[str, Range]
    bound: float
    order: int
    relaxed: Relaxed | None = None
    centre: Prices | None = None
    centre_bound: float = np.inf
    leaf_passes: int = 0
    box: FloatArray | None = None
    caps: list[dict[str, Range]] | None = None
    seen: int = 0
    paid: Mapping[str, float] = field(default_factory=dict)
    mixed: float = -np.inf
    contracts_tried: bool = False
    caps_tried: bool = False
    last_drop: float = 0.0
    needs_prices: bool = False
    pooled_passes: int = POOLED_PASSES
    failed: int = 0
    pass_relaxed: bool = False

    @property
    def conditions(self) -> dict[str, Range]:
        """Those of its decisions that practices' blocks know as conditions."""
        return {name: part for name, part in self.fixed.items() if name.startswith("condition[")}

    @property
    def promise(self) -> float:
        """The relaxation's value: what tells nodes apart whose bounds are not known yet."""
        return -np.inf if self.relaxed is None else self.relaxed.value

    def part(self, name: str, held: Range, order: int) -> Node:
        """The node with one decision held further: its prices are a start, and what was tried may be tried again."""
        return replace(
            self, fixed={**self.fixed, name: held}, order=order, caps=None, seen=0, caps_tried=False, last_drop=0.0,
            contracts_tried=True, mixed=-np.inf, pooled_passes=POOLED_PASSES, failed=0,
        )  # fmt: skip

    def passed(self, prices: Prices, bound: float, weight: float) -> None:
        """Learn from a pass at prices that lie in the box around the best ones, `weight` of the way to the master's.

        The box is widened where prices ran into its side and the bound improved, and halved where they moved and it
        did not. It stays as it is while prices of pooled links move alone.
        """
        assert self.centre is not None
        moved = np.abs(as_vector(prices) - as_vector(self.centre))
        self.last_drop = max(self.bound - bound, 0.0)
        better = bound < self.centre_bound
        if self.box is not None and not self.pooled_passes:
            ran_into, tried = moved >= 0.99 * weight * self.box, moved >= 0.01 * self.box
            self.box = np.where(ran_into if better else tried, 2.0 if better else 0.5, 1.0) * self.box
        self.failed = 0 if better or self.pooled_passes else self.failed + 1
        if better:
            self.centre, self.centre_bound = prices, bound
        self.pooled_passes = max(self.pooled_passes - 1, 0)
        self.bound, self.leaf_passes = min(self.bound, bound), self.leaf_passes + 1


def organization_choices(model: NetworkModel) -> Iterator[dict[str, Range]]:
    """What the organization may hold of each exclusive group, with the conditions that follow."""
    shared, block = model.shared, model.organization
    groups: dict[str, list[str]] = {}
    for program in shared.programs:
        if program.exclusive_group and f"join[{program.id}]" in block.position:
            groups.setdefault(program.exclusive_group, []).append(program.id)
    for held in product(*[[None, *names] for names in groups.values()]):
        chosen = {f"join[{name}]": exactly(name in held) for names in groups.values() for name in names}
        for (programs, at_least), condition in model.conditions.items():
            if all(f"join[{name}]" in chosen for name in programs):
                chosen[condition] = exactly(sum(name in held for name in programs) >= at_least)
        problem = under(model, len(model.blocks) - 1, block_problem(block, np.zeros(len(block.lower)), 0.0), chosen)
        if solve(problem, SolveLimits(time_seconds=5)).x is not None:
            yield chosen


def exactly(chosen: bool) -> Range:
    """The range of a yes/no decision that is made."""
    return (1.0, 1.0) if chosen else (0.0, 0.0)


def as_vector(prices: Prices) -> FloatArray:
    """Prices of all links, then floors."""
    return np.concatenate([prices.links, list(prices.floors.values())])


def first_box(columns: Sequence[Column], stage: Stage, centre: Prices) -> FloatArray:
    """Half-width of the box around the first prices, per link and floor: a part of each price, and at least a
    small share of a practice's worth per unit that columns bring to the link."""
    links = np.max([np.abs(item.links) for item in columns], axis=0)
    floors = [max(abs(item.worth[name]) for item in columns) for name in stage.floors]
    worth = np.mean([abs(stage.value(item.worth)) for item in columns]) + 1.0
    reach = np.concatenate([links, floors])
    least = np.where(reach > 1e-6, FIRST_SHARE * worth / np.maximum(reach, 1e-6), 0.0)
    return np.asarray(np.maximum(FIRST_WIDTH * np.abs(as_vector(centre)), least))


def pooled_alone(box: FloatArray, centre: Prices, pooled: BoolArray) -> FloatArray:
    """A box in which all prices stay as they are but for those of `pooled` links, which may move far, and of floors."""
    moves = np.concatenate([pooled, np.ones(len(centre.floors), dtype=np.bool_)])
    return np.where(moves, FAR * np.abs(as_vector(centre)) + box, 0.0)
