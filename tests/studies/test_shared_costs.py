"""Games of practices: the hub's cost and a bad year's losses for every set of them, against settlement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from critmass.domain.catalog import Catalog
from critmass.network import sample_network
from critmass.settlement.projection import HUB, Decisions
from critmass.studies.plan import Plan
from critmass.studies.shared_costs import Downside, HubCosts, NoGameError
from critmass.studies.sharing.shapley import sampled_shapley, shapley
from plans import plan_by_hand, tiny_catalog


@pytest.fixture(scope="module")
def plan(shipped_catalog: Catalog) -> Plan:
    """Random decisions of five practices under the shipped programs; all contracts of organizations are held."""
    return plan_by_hand(sample_network(5, 1, shipped_catalog), shipped_catalog, seed=3)


def test_everybody_costs_what_the_hub_costs(plan: Plan) -> None:
    """The whole of the game is the hub's cost in the plan's own settlement, less what it costs without anybody."""
    costs = HubCosts(plan)
    nobody = float(costs.cost_usd(np.zeros((1, len(costs.names)), dtype=np.bool_))[0])
    assert costs.game().total_usd + nobody == pytest.approx(float(plan.outcome.costs.hub_total()[0]))


def test_more_practices_cost_the_hub_no_less(plan: Plan) -> None:
    """Serving one more practice never makes the hub cheaper."""
    game = HubCosts(plan).game()
    for mask in range(len(game.values)):
        for at in range(game.size):
            assert game.values[mask | 1 << at] >= game.values[mask] - 1e-6


def test_sampled_and_listed_games_agree(plan: Plan) -> None:
    """Coalitions asked for one by one have the listed amounts, so a sample of orders covers the Shapley value."""
    costs = HubCosts(plan)
    exact, found = shapley(costs.game()), sampled_shapley(costs.sampled(), 200, 1)
    assert (found.low_usd - 1e-6 <= exact).all()
    assert (exact <= found.high_usd + 1e-6).all()


def test_a_bad_year_owes_what_settlement_says(plan: Plan) -> None:
    """All together owe the negative of the pooled payments of a year with dearer care and low effects."""
    losses = Downside(plan, 0.2)
    outcome = losses.pricer.price(plan.outcome.decisions)
    paid = float(outcome.settled.sum_of(losses.pooled, passed_through=False).sum())
    assert losses.game().total_usd == pytest.approx(max(-paid, 0.0))


def test_a_worse_year_owes_no_less(plan: Plan) -> None:
    """Dearer care never lowers what everybody owes."""
    owed = [Downside(plan, rate).game().total_usd for rate in (0.0, 0.1, 0.3)]
    assert owed == sorted(owed)


def test_without_a_hub_there_is_nothing_to_share() -> None:
    """A plan that the hub does not serve is refused in words."""
    network = sample_network(3, 1, tiny_catalog())
    found = plan_by_hand(network, tiny_catalog())
    decisions = found.outcome.decisions
    alone = Decisions(
        np.where(decisions.delivery == HUB, 0, decisions.delivery).astype(np.int8), decisions.reach, decisions.joined
    )
    with pytest.raises(NoGameError, match="fewer than two practices"):
        HubCosts(replace(found, outcome=replace(found.outcome, decisions=alone)))
