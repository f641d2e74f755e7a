"""The Shapley value: exact where all coalitions are listed, sampled with intervals where they are not."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from critmass.studies.sharing.game import FloatArray, Game, IntArray, SampledGame

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
    return np.asarray(found + (game.total_usd - found.sum()) / game.size)


@dataclass(frozen=True)
class SampledShapley:
    """An estimate of the Shapley value with an interval for each player; USD, shape (player,) each.

    `guaranteed` says that each interval holds the true value with at least the asked probability, whatever the
    game. Without it, the range of what a player adds was taken from the orders drawn, and the probability can be
    lower where a player matters in few orders only.
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

    `orders` is even, at least 4. Intervals are those of Maurer and Pontil 2009 (empirical Bernstein), which hold for
    any number of orders, given the least and the largest that a player can add; without `bounds`, what was seen
    stands for them. Student's t is not used: in small games its intervals hold the value too rarely. The estimate
    adds up to the total of everyone.

    Raises:
        ValueError: for a wrong number of orders, or a marginal contribution outside the bounds.
    """
    if orders < 4 or orders % 2:
        raise ValueError(f"{orders} orders; an even number from 4 on is needed")
    rng = np.random.default_rng(seed)
    added = np.empty((orders // 2, 2, game.size))
    for pair in added:
        order = rng.permutation(game.size)
        pair[0], pair[1] = _added(game, order), _added(game, order[::-1])
    seen = added.min(axis=(0, 1)), added.max(axis=(0, 1))
    low, high = seen if bounds is None else bounds
    _check_bounds(game, seen, (low, high))
    pairs = added.mean(axis=1)
    middle = pairs.mean(axis=0)
    half = _half_width(pairs, high - low, 1.0 - confidence)
    if bounds is None:
        return SampledShapley(middle, middle - half, middle + half, False, orders)
    return SampledShapley(middle, np.maximum(middle - half, low), np.minimum(middle + half, high), True, orders)


def bounds_of_monotone(game: SampledGame) -> Bounds:
    """Bounds of a game in which a player never lowers the amount: 0, and the amount of everyone."""
    everyone = game.value((1 << game.size) - 1)
    return np.zeros(game.size), np.full(game.size, everyone)


def bounds_of_shared_costs(game: SampledGame) -> Bounds:
    """Bounds of costs that never fall by a player and are never higher together: 0, and the cost alone."""
    return np.zeros(game.size), np.array([game.value(1 << player) for player in range(game.size)])


def _added(game: SampledGame, order: IntArray) -> FloatArray:
    """What each player adds on joining in this order."""
    added, mask, before = np.empty(game.size), 0, 0.0
    for player in order:
        mask |= 1 << int(player)
        after = game.value(mask)
        added[player], before = after - before, after
    return added


def _check_bounds(game: SampledGame, seen: Bounds, bounds: Bounds) -> None:
    room = 1e-9 * np.maximum(1.0, np.abs(bounds[0]) + np.abs(bounds[1]))
    outside = (seen[0] < bounds[0] - room) | (seen[1] > bounds[1] + room)
    if outside.any():
        name = game.players[int(np.argmax(outside))]
        raise ValueError(f"{name} adds to a coalition what lies outside the bounds given")


def _half_width(pairs: FloatArray, width: FloatArray, risk: float) -> FloatArray:
    """Half the interval's width from independent pairs, shape (pair, player), each within a range of `width`."""
    count = len(pairs)
    log = np.log(4.0 / risk)
    spread = np.sqrt(2.0 * pairs.var(axis=0, ddof=1) * log / count)
    return np.asarray(spread + 7.0 * width * log / (3.0 * (count - 1)))
