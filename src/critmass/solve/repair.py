"""Stored plans of practices under a changed question: whether they still fit, and what is left of them where not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from critmass.formulation.block import Block, FloatArray
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.pricing import block_problem

WORTH_OF_MASS = 1e6
"""What being at mass is worth while a stored plan that was at mass is worked out anew, USD."""

_TOLERANCE = 1e-5
_DECIDED = ("own[", "hub[", "join[", "condition[")


@dataclass(frozen=True)
class Repair:
    """A practice's block with a stored plan's decisions held."""

    place: int
    problem: Problem
    seed: int


def repaired(task: Repair) -> FloatArray | None:
    """A plan with those decisions, or None."""
    return solve(task.problem, SolveLimits(time_seconds=1, gap_relative=0.05, seed=task.seed, heuristics=False)).x


def as_decided(block: Block, row: FloatArray) -> Problem:
    """Amounts and reach are free, decisions as stored, within what the question allows; mass is worth having."""
    (constant, margin), at_mass = block.expressions["margin"], block.position["at_mass"]
    objective = margin.copy()
    objective[at_mass] += WORTH_OF_MASS if row[at_mass] > 0.5 else 0.0
    problem = block_problem(block, objective, constant)
    held = np.array([name.startswith(_DECIDED) for name in block.variables], dtype=np.bool_)
    at = np.where(block.integer, np.round(row), row)
    lower, upper = np.where(held, at - 1e-7, block.lower), np.where(held, at + 1e-7, block.upper)
    return replace(problem, lower=np.maximum(lower, block.lower), upper=np.minimum(upper, block.upper))


def fits(block: Block, x: FloatArray) -> bool:
    """Whether a stored row keeps every bound and row of the block as it is now."""
    rows = block.matrix @ x
    room = _TOLERANCE * np.maximum(1.0, np.abs(rows))
    inside = (x >= block.lower - _TOLERANCE).all() and (x <= block.upper + _TOLERANCE).all()
    return bool(inside and (rows >= block.row_lower - room).all() and (rows <= block.row_upper + room).all())
