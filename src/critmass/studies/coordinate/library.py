"""Choices among the plans of the library: the same plans, asked another question in a second instead of a search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.settlement.results import FloatArray
from critmass.solve.columns import Column, Pool, Stage, penalty_costs, restricted_master
from critmass.solve.highs import SolveLimits
from critmass.solve.masters import PlanTask, solve_firmly

Changed = Callable[[Column], Column | None]
"""A plan of a practice as another question sees it; None where that question rules it out."""

CLOSE = 2e-3
"""Relative gap of a choice."""


@dataclass(frozen=True)
class Choice:
    """A plan of each practice, in order, beside a plan of the organization, and the objective."""

    picked: tuple[Column, ...]
    organization: FloatArray
    objective: float


def chosen_from(
    model: NetworkModel, pool: Pool, stage: Stage, changed: Changed, seconds: float, seed: int = 1
) -> Choice | None:
    """The best choice of a plan for each practice under a stage's objective and floors; None when none keeps them."""
    narrowed = Pool(pool.blocks)
    for item in pool.flat(range(pool.blocks - 1)):
        other = changed(item)
        if other is not None:
            narrowed.add(other)
    if not all(narrowed.columns[:-1]):
        return None
    no_costs = penalty_costs(model, stage, 0.0)
    problem, columns = restricted_master(model, narrowed, stage, explicit_organization=True, slack_costs=no_costs)
    limits = SolveLimits(time_seconds=seconds, gap_absolute=1.0, gap_relative=CLOSE, seed=seed)
    slacks = 2 * (len(model.links) + len(stage.floors))
    blocks = tuple(item.block for item in columns)
    answer = solve_firmly(PlanTask(problem, blocks, slacks, limits, False, 2.0 * seconds))
    if answer.x is None:
        return None
    weights = answer.x[: len(columns)]
    picked = sorted((columns[at] for at in np.flatnonzero(weights > 0.5)), key=lambda item: item.block)
    return Choice(tuple(picked), answer.x[-len(model.organization.variables) :], answer.objective)
