"""Masters over columns: room below thresholds of pooled rates, and prices for what whole decisions lack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Pricer
from critmass.solve.candidates import Judge
from critmass.solve.columns import Column, Pool, SlackCosts, Stage
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Problem
from critmass.solve.masters import ROOM, Masters
from critmass.solve.nodes import Node, organization_choices
from critmass.solve.pricing import Prices
from critmass.solve.start import self_sufficient_columns
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Five practices under the shipped catalog."""
    return formulated(5)


@pytest.fixture(scope="module")
def pool(model: NetworkModel) -> Pool:
    """A plan of each practice that needs nothing from the organization."""
    found = Pool(len(model.blocks))
    judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
    with solve_pool(1) as executor:
        for item in self_sufficient_columns(model, judge, list(organization_choices(model))[:1], 0, executor):
            found.add(item)
    return found


def test_pooled_rates_have_room_in_choices_of_plans(model: NetworkModel, pool: Pool) -> None:
    """What columns bring to them counts for a little less; other links and the organization's part are as they are."""
    problem, chosen, offset = Masters(model, pool, 0).plan_problem(STAGE, Node({}, np.inf, 0))
    brought = 0
    for row, link in enumerate(model.links):
        counted = problem.matrix[[row], : len(chosen)].toarray()[0]
        room = ROOM if link.startswith("pooled_gap_link[") else 0.0
        assert counted == pytest.approx([(1.0 - room) * item.links[row] for item in chosen], rel=1e-12)
        brought += bool(room) and counted.any()
        own = model.link_matrices[-1].matrix[[row], :].toarray()[0]
        assert problem.matrix[[row], offset:].toarray()[0] == pytest.approx(own)
    assert brought


class Gated(Masters):
    """Masters in which one yes/no decision of the organization is worth ten million."""

    decision = ""

    def penalty(self, stage: Stage) -> SlackCosts:
        """So dear that no such decision is paid for by it."""
        costs = super().penalty(stage)
        return replace(costs, short=1e4 * costs.short)

    def plan_problem(
        self, stage: Stage, node: Node, slack_costs: SlackCosts | None = None
    ) -> tuple[Problem, list[Column], int]:
        """As ever, with that worth."""
        problem, chosen, offset = super().plan_problem(stage, node, slack_costs)
        objective = problem.objective.copy()
        objective[offset + self.model.organization.position[self.decision]] += 1e7
        return replace(problem, objective=objective), chosen, offset


def test_what_half_a_decision_needs_has_a_price(model: NetworkModel, pool: Pool) -> None:
    """A step that columns reach in part is worth nothing whole, and the rate that it needs is dearer than where
    decisions are mixed; there are no prices where whole decisions are worth as much as mixed ones."""
    node = Node({}, np.inf, 0)
    assert Masters(model, pool, 0).prices_to_be_whole(STAGE, node, 5.0) is None
    masters, priced = Gated(model, pool, 0), 0
    steps = [name for name in model.organization.variables if name.startswith("step[")]
    for masters.decision in steps:
        measure, populations = masters.decision[len("step[") : -1].rsplit(",", 2)[0].split(",", 1)
        prices = masters.prices_to_be_whole(STAGE, node, 5.0)
        if prices is not None:
            priced += 1
            rate = model.links.index(f"pooled_gap_link[{measure},{populations}]")
            assert prices.links[rate] > 2.0 * _mixed(masters).links[rate] > 0.0
    assert priced


def _mixed(masters: Masters) -> Prices:
    """Prices where the organization's decisions may be mixed, wherever these are."""
    nothing = Prices(np.zeros(len(masters.model.links)), {})
    node = Node({}, np.inf, 0, centre=nothing)
    return masters.dual_prices(STAGE, node, masters.penalty(STAGE).short)
