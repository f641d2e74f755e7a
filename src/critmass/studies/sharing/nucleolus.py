"""Nucleolus and least core of a game, by linear programs (`models/sharing.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import linprog, nnls

from critmass.domain.errors import CritmassError
from critmass.studies.sharing.game import BoolArray, FloatArray, Game
from critmass.studies.sharing.shapley import shapley

_SOLVER = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
_DUAL = 1e-6
"""Duals are quotients of determinants of 0/1 matrices; with 12 players a positive one exceeds 1e-4."""
_RANK = 1e-6
"""A 0/1 vector outside the span of others is more than 1e-4 away from it with 12 players."""
_SLACK = 1e-11
"""Room around the least core of the scaled game: without it, rounding may leave no point inside."""


@dataclass(frozen=True)
class _Scaled:
    """A game in which players want more, alone make 0, and no coalition's amount exceeds 1 in size.

    `worth` has shape (2**n,). An allocation y of it is x = (y times scale + alone) times sign.
    """

    worth: FloatArray
    alone: FloatArray
    scale: float

    def back(self, game: Game, allocation: FloatArray) -> FloatArray:
        """The allocation in the game's own USD, adding up exactly to the total."""
        found = game.sign * (allocation * self.scale + self.alone)
        return np.asarray(found + (game.total_usd - found.sum()) / game.size)


def _scaled(game: Game) -> _Scaled:
    wanted, alone = game.sign * game.values, game.sign * game.alone_usd
    worth = wanted - game.membership @ alone
    scale = float(np.abs(worth).max()) or 1.0
    return _Scaled(worth / scale, alone, scale)


def nucleolus(game: Game) -> FloatArray:
    """The allocation whose excesses, worst first, are lexicographically least; USD, shape (player,).

    It is taken over the imputations (nobody worse off than alone) where there are any, else over all allocations
    of the total (then it is the prenucleolus). Schmeidler 1969; successive linear programs as in Maschler, Peleg
    and Shapley 1979: coalitions with a positive dual are fixed at their excess, those in the span of the fixed
    ones are dropped, until the fixed ones leave a single point.

    Raises:
        CritmassError: when the solver fails.
    """
    scaled = _scaled(game)
    everyone = len(game.values) - 1
    fixed, amounts = game.membership[[everyone]], scaled.worth[[everyone]]
    least = 0.0 if scaled.worth[everyone] >= -_SLACK else None
    free = ~_in_span(game.membership, fixed)
    while len(fixed) < game.size:
        rows = np.flatnonzero(free)
        solved = _least_largest_excess(game.membership[rows], scaled.worth[rows], fixed, amounts, least)
        for row in rows[-solved.ineqlin.marginals > _DUAL]:
            if not _in_span(game.membership[[row]], fixed)[0]:
                fixed = np.vstack([fixed, game.membership[row]])
                amounts = np.append(amounts, scaled.worth[row] - solved.fun)
        free &= ~_in_span(game.membership, fixed)
    return scaled.back(game, np.asarray(np.linalg.solve(fixed, amounts), dtype=np.float64))


def least_core_excess(game: Game) -> float:
    """The least amount, USD, by which the worst-off coalition falls short whatever the allocation.

    0 or less: the core is not empty. It is -inf for one player, who has no coalition to object.
    """
    scaled = _scaled(game)
    return -np.inf if game.size == 1 else _least_excess(game, scaled) * scaled.scale


def least_core(game: Game) -> FloatArray:
    """The allocation of the least core that lies nearest to the Shapley value (least squares); USD, (player,).

    The least core is every allocation whose worst excess is as small as it can be. Its nearest point is found by
    least distance programming (Lawson and Hanson 1974, chapter 23), a non-negative least squares problem.
    """
    if game.size == 1:
        return game.values[[-1]]
    scaled = _scaled(game)
    middle = (game.sign * shapley(game) - scaled.alone) / scaled.scale
    directions = np.linalg.svd(np.ones((1, game.size)))[2][1:].T
    sides = game.membership[1:-1]
    short = scaled.worth[1:-1] - sides @ middle - _least_excess(game, scaled) - _SLACK
    system = np.vstack([(sides @ directions).T, short])
    target = np.append(np.zeros(game.size - 1), 1.0)
    rest = system @ nnls(system, target)[0] - target
    return scaled.back(game, middle - directions @ rest[:-1] / rest[-1])


def _least_excess(game: Game, scaled: _Scaled) -> float:
    solved = _least_largest_excess(
        game.membership[1:-1], scaled.worth[1:-1], game.membership[[-1]], scaled.worth[[-1]], None
    )
    return float(solved.fun)


def _least_largest_excess(
    sides: FloatArray, worth: FloatArray, fixed: FloatArray, amounts: FloatArray, least: float | None
) -> Any:
    """Minimises the largest of worth - sides @ x over x with fixed @ x = amounts and x >= least."""
    players = sides.shape[1]
    solved = linprog(
        np.append(np.zeros(players), 1.0),
        A_ub=-np.column_stack([sides, np.ones(len(sides))]),
        b_ub=-worth,
        A_eq=np.column_stack([fixed, np.zeros(len(fixed))]),
        b_eq=amounts,
        bounds=[(least, None)] * players + [(None, None)],
        method="highs-ds",
        options=_SOLVER,
    )
    if solved.status != 0:
        raise CritmassError(f"the nucleolus or least core could not be computed: {solved.message}")
    return solved


def _in_span(vectors: FloatArray, basis: FloatArray) -> BoolArray:
    """Which rows are linear combinations of the basis' rows, which are independent."""
    axes = np.linalg.qr(basis.T)[0]
    beside = vectors - vectors @ axes @ axes.T
    return np.asarray(np.linalg.norm(beside, axis=1) < _RANK)
