"""The Shapley value of games too large to list: its estimates, and how often its intervals hold the truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from test_sharing_rules import by_largest, random_game

from critmass import Game
from critmass.studies.sharing import SampledGame
from critmass.studies.sharing.shapley import (
    Bounds,
    bounds_of_monotone,
    bounds_of_shared_costs,
    sampled_shapley,
    shapley,
)

CONFIDENCE = 0.9


def asked(game: Game) -> SampledGame:
    """The game, coalition by coalition."""
    return SampledGame(game.players, lambda names: float(game.values[game.mask(names)]), game.kind)


def coverage(games: list[Game], orders: int, bounds: Callable[[SampledGame], Bounds] | None) -> float:
    """The share of intervals that hold the exact value, over games, players and three seeds."""
    held: list[bool] = []
    for game in games:
        exact, source = shapley(game), asked(game)
        for seed in range(3):
            found = sampled_shapley(source, orders, seed, bounds and bounds(source), CONFIDENCE)
            held += ((found.low_usd - 1e-9 <= exact) & (exact <= found.high_usd + 1e-9)).tolist()
    return float(np.mean(held))


def airports(count: int) -> list[Game]:
    """Airport games of six players with very uneven costs."""
    return [by_largest(*np.random.default_rng(seed).lognormal(0, 1.5, 6)) for seed in range(count)]


@pytest.mark.parametrize("orders", [4, 20, 60])
def test_guaranteed_intervals_hold_the_truth(orders: int) -> None:
    """With bounds the intervals hold the value at least as often as asked, for any number of orders."""
    assert coverage(airports(30), orders, bounds_of_shared_costs) >= CONFIDENCE
    assert coverage(airports(30), orders, bounds_of_monotone) >= CONFIDENCE


def test_intervals_without_bounds_hold_the_truth() -> None:
    """Without bounds they do so too from 20 orders on, for games of every sort."""
    assert coverage([random_game(seed, 6) for seed in range(60)], 20, None) >= CONFIDENCE
    assert coverage(airports(60), 20, None) >= CONFIDENCE


def test_forty_payers() -> None:
    """Forty payers of whom a cost depends on the largest: near the exact value, adding up, and the same again."""
    costs = {f"payer {place}": 100.0 + 5 * place for place in range(40)}
    game = SampledGame(tuple(costs), lambda names: max(costs[name] for name in names), "cost")
    found = sampled_shapley(game, 2_000, 1, bounds_of_shared_costs(game))
    steps = np.diff([0.0, *costs.values()])
    exact = np.cumsum(steps / np.arange(40, 0, -1))
    assert found.guaranteed
    assert ((found.low_usd <= exact) & (exact <= found.high_usd)).all()
    assert found.estimate_usd.sum() == pytest.approx(max(costs.values()))
    assert np.abs(found.estimate_usd - exact).max() < 4.0
    again = sampled_shapley(game, 2_000, 1, bounds_of_shared_costs(game))
    assert (again.estimate_usd == found.estimate_usd).all()


def test_a_coalition_is_asked_for_once() -> None:
    """Amounts are remembered: of three players there are seven coalitions."""
    calls: list[tuple[str, ...]] = []

    def amount(names: tuple[str, ...]) -> float:
        calls.append(names)
        return float(len(names))

    game = SampledGame(("A", "B", "C"), amount, "value")
    sampled_shapley(game, 100, 1)
    assert len(calls) == len(set(calls)) == game.asked == 7


def test_what_cannot_be_sampled() -> None:
    """Odd numbers of orders, broken bounds and amounts that are no numbers are refused."""
    game = asked(by_largest(1.0, 5.0))
    for orders in (2, 7):
        with pytest.raises(ValueError, match="even number"):
            sampled_shapley(game, orders, 1)
    with pytest.raises(ValueError, match="outside the bounds"):
        sampled_shapley(game, 4, 1, (np.zeros(2), np.full(2, 2.0)))
    with pytest.raises(ValueError, match="is nan"):
        sampled_shapley(SampledGame(("A", "B"), lambda names: np.nan, "value"), 4, 1)
