"""The Shapley value: exact where all coalitions are listed, sampled with intervals where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np
from scipy.stats import t as student

from critmass.studies.sharing.game import FloatArray, Game, SampledGame

Bounds = tuple[FloatArray, FloatArray]
"""Least and largest marginal contribution of each player to any coalition, USD, shape (player,) each."""


def shapley(game: Game) -> FloatArray:
    """Each player's marginal contribution, averaged over all orders of joining; USD, shape (player,).

    Shapley 1953: the sum over coalitions S without i of |S|! (n - |S| - 1)! / n! times (v(S + i) - v(S)).
    """
    masks = np.arange(len(game.values))
    sizes = game.membership.sum(axis=1).astype(np.int64)
    weights = np.array([1.0 / (game.size * comb(game.size - 1, size)) for size in range(game.size)])
    found = np.empty(game.size)
    for player in range(game.size):
        without = masks[masks >> player & 1 == 0]
        added = game.values[without | 1 << player] - game.values[without]
        found[player] = weights[sizes[without]] @ added
    return found + (game.total_usd - found.sum()) / game.size


@dataclass(frozen=True)
class SampledShapley:
    """An estimate of the Shapley value with an interval for each player; USD, shape (player,) each.

    `guaranteed` says that each interval holds the true value with at least the asked probability, whatever the
    game; without it the probability is approximate, and lower where a player matters to few coalitions only.
    """

    estimate_usd: FloatArray
    low_usd: FloatArray
    high_usd: FloatArray
    guaranteed: bool
    orders: int


def sampled_shapley(
    game: SampledGame, orders: int, seed: int, bounds: Bounds | None = None, confidence: float = 0.95
) -> SampledShapley:
    """The Shapley value from random orders of joining, each followed by its reverse (antithetic).

    `orders` is even, at least 4. With `bounds` the intervals are those of Maurer and Pontil 2009 (empirical
    Bernstein), which hold for any number of orders; without, Student's t over the pairs of orders. The estimate
    adds up to the total of everyone.

    Raises:
        ValueError: for a wrong number of orders, or a marginal contribution outside the bounds.
    """
    if orders < 4 or orders % 2:
        raise ValueError(f"{orders} orders; an even number from 4 on is needed")
    rng = np.random.default_rng(seed)
    pairs = np.empty((orders // 2, game.size))
    for pair in pairs:
        order = rng.permutation(game.size)
        both = np.stack([_added(game, order), _added(game, order[::-1])])
        _check_bounds(game, both, bounds)
        pair[:] = both.mean(axis=0)
    middle = pairs.mean(axis=0)
    half = _half_width(pairs, bounds, 1.0 - confidence)
    low, high = middle - half, middle + half
    if bounds is not None:
        low, high = np.maximum(low, bounds[0]), np.minimum(high, bounds[1])
    return SampledShapley(middle, low, high, bounds is not None, orders)


def bounds_of_monotone(game: SampledGame) -> Bounds:
    """Bounds of a game in which a player never lowers the amount: 0, and the amount of everyone."""
    everyone = game.value((1 << game.size) - 1)
    return np.zeros(game.size), np.full(game.size, everyone)


def bounds_of_shared_costs(game: SampledGame) -> Bounds:
    """Bounds of costs that never fall by a player and are never higher together: 0, and the cost alone."""
    return np.zeros(game.size), np.array([game.value(1 << player) for player in range(game.size)])


def _added(game: SampledGame, order: np.ndarray) -> FloatArray:
    """What each player adds on joining in this order."""
    added, mask, before = np.empty(game.size), 0, 0.0
    for player in order:
        mask |= 1 << int(player)
        after = game.value(mask)
        added[player], before = after - before, after
    return added


def _check_bounds(game: SampledGame, added: FloatArray, bounds: Bounds | None) -> None:
    if bounds is None:
        return
    low, high = bounds
    room = 1e-9 * np.maximum(1.0, np.abs(high) + np.abs(low))
    outside = ((added < low - room) | (added > high + room)).any(axis=0)
    if outside.any():
        name = game.players[int(np.argmax(outside))]
        raise ValueError(f"{name} adds to a coalition what lies outside the bounds given")


def _half_width(pairs: FloatArray, bounds: Bounds | None, risk: float) -> FloatArray:
    """Half the interval's width from independent pairs, shape (pair, player)."""
    count = len(pairs)
    variance = pairs.var(axis=0, ddof=1)
    if bounds is None:
        return np.asarray(student.ppf(1.0 - risk / 2, count - 1) * np.sqrt(variance / count))
    log = np.log(4.0 / risk)
    return np.asarray(np.sqrt(2 * variance * log / count) + 7 * (bounds[1] - bounds[0]) * log / (3 * (count - 1)))
