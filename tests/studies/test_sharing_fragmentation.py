"""What acting alone loses: equilibria found by best responses, against their closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from critmass.domain.errors import CritmassError
from critmass.studies.sharing.fragmentation import (
    best_replies,
    common_quality,
    risk_averse_provider,
    shared_investment,
    shared_network,
)
from critmass.studies.sharing.shapley import shapley
from critmass.studies.sharing.threshold import Threshold

STUCK = Threshold(("1", "2", "3"), np.array([96.0, 84.0, 60.0]), 150.0)


def test_threshold_game() -> None:
    """Benefits 96, 84 and 60, cost 150: who is needed, what coalitions are worth, and what each is charged."""
    game = STUCK.game()
    assert {game.coalition(mask): game.values[mask] for mask in (3, 5, 6, 7)} == {
        ("1", "2"): 30,
        ("1", "3"): 6,
        ("2", "3"): 0,
        ("1", "2", "3"): 90,
    }
    assert STUCK.critical_coalitions() == (("1", "2"), ("1", "3"))
    assert shapley(game) == pytest.approx([36, 33, 21])
    assert STUCK.charges_usd() == pytest.approx([60, 51, 39])


def test_payers_are_stuck_at_nothing() -> None:
    """Nobody starts; a sponsor's money moves them above 54 and not below."""
    nothing = np.zeros(3)
    assert STUCK.stuck_at_nothing()
    assert STUCK.jump_start_usd() == 54
    assert not STUCK.funded(STUCK.settle(nothing, 53.9), 53.9)
    assert STUCK.funded(STUCK.settle(nothing, 54.1), 54.1)


def test_efficient_equilibria() -> None:
    """Offers that add up to the cost, none above its benefit, are equilibria; others that fund the work are not."""
    rng = np.random.default_rng(5)
    for weights in rng.dirichlet(np.ones(3), 200):
        offers = 150 * weights
        assert STUCK.is_equilibrium(offers) == bool((offers <= STUCK.benefits_usd).all())
    assert not STUCK.is_equilibrium(np.array([70.0, 60.0, 39.0]))
    assert not STUCK.is_equilibrium(np.array([30.0, 51.0, 39.0]))


def test_range_of_equilibria() -> None:
    """From many starts payers end at nothing or at the cost; the loss of the worst against the best is 90."""
    found = STUCK.equilibria(starts=50, seed=2)
    assert all(STUCK.is_equilibrium(offers) for offers in found.offers)
    assert found.welfare_usd() == (0, 90)
    low, high = found.offer_range_usd()
    assert (low == 0).all()
    assert (high <= STUCK.benefits_usd).all()


@pytest.mark.parametrize(("cost", "stuck"), [(30, False), (39.9, False), (40, True), (119, True), (120, False)])
def test_equal_payers_are_stuck_between_one_benefit_and_all(cost: float, stuck: bool) -> None:
    """Three payers of 40 each: stuck from a cost of 40 on while together they gain."""
    assert Threshold(("a", "b", "c"), np.full(3, 40.0), cost).stuck_at_nothing() == stuck


def test_common_quality() -> None:
    """Prices 0.15, 0.05 and 0.05; joint action brings 1.714 times as much, the first best 2.286 times."""
    found = common_quality(np.array([0.4, 0.3, 0.3]), 1.0)
    assert found.actions == pytest.approx([0.15, 0.05, 0.05])
    assert (found.welfare, found.joint_welfare, found.first_best_welfare) == pytest.approx((0.21875, 0.375, 0.5))
    assert found.price == pytest.approx(12 / 7)
    assert found.first_best_welfare / found.welfare == pytest.approx(16 / 7)


def test_common_quality_in_closed_form() -> None:
    """Where all take part, prices are the benefit less B / (n + 1); a payer with little benefit pays nothing."""
    benefits = np.array([5.0, 4.5, 4.2, 4.0])
    assert common_quality(benefits, 3.0).actions == pytest.approx(benefits - benefits.sum() / 5)
    assert common_quality(np.array([5.0, 4.5, 0.1]), 3.0).actions == pytest.approx([5 - 9.5 / 3, 4.5 - 9.5 / 3, 0])


@pytest.mark.parametrize(("payers", "risk", "ratio"), [(4, 1.0, 0.64), (2, 1.0, 8 / 9), (3, 0.5, 0.84)])
def test_risk_averse_provider(payers: int, risk: float, ratio: float) -> None:
    """Slopes add up to B / (1 + n k), and welfare over that of one payer is as in the closed form."""
    benefits = np.arange(1.0, payers + 1)
    found = risk_averse_provider(benefits, risk)
    assert found.actions.sum() == pytest.approx(benefits.sum() / (1 + payers * risk))
    assert found.welfare / found.joint_welfare == pytest.approx(ratio)
    assert found.price == pytest.approx(1 / ratio)


def test_shared_investment() -> None:
    """Only the largest share pays: its square of the best investment, and 2 s - s^2 of its worth."""
    found = shared_investment(30.0, np.array([0.4, 0.35, 0.25]))
    assert found.actions == pytest.approx([144, 0, 0])
    assert found.actions.sum() / 900 == pytest.approx(0.16)
    assert found.welfare / found.joint_welfare == pytest.approx(0.64)


@pytest.mark.parametrize(("players", "cost"), [(3, 11 / 6), (4, 25 / 12)])
def test_shared_network(players: int, cost: float) -> None:
    """Own costs 1, 1/2, ..., 1/n against a little more than 1 together: the only equilibrium costs H(n)."""
    found = shared_network(1 / np.arange(1.0, players + 1), 1.0001)
    assert found.costs_usd == pytest.approx([cost])
    assert not found.users.any()
    assert found.least_cost_usd == 1.0001


def test_shared_network_with_two_equilibria() -> None:
    """Three with own costs of 5 and a shared one of 9: all stay out or all join, never some."""
    found = shared_network(np.full(3, 5.0), 9.0)
    assert found.users.sum(axis=1).tolist() == [0, 3]
    assert found.costs_usd.tolist() == [15, 9]


def test_players_who_never_come_to_rest() -> None:
    """Answers that go in circles are reported, not waited for."""
    with pytest.raises(CritmassError, match="come to rest"):
        best_replies(lambda place, others: 1 - others if place else others, np.zeros(2))
