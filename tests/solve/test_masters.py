"""Masters over columns: room below thresholds of pooled rates, and prices for what whole decisions lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Pricer
from critmass.solve import masters as masters_module
from critmass.solve.candidates import Judge
from critmass.solve.columns import Column, Pool, SlackCosts, Stage
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Answer, Problem, SolveLimits, solve
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


class Bought(Gated):
    """The same where a unit that falls short costs so much that taking all of the decision loses the `loss`, USD."""

    loss, missing, part = 0.0, 1.0, 0.0

    def penalty(self, stage: Stage) -> SlackCosts:
        """The rest is worth its share of ten million, and needs what is missing."""
        costs = Masters.penalty(self, stage)
        rest = 1.0 - self.part
        return replace(costs, short=np.full_like(costs.short, (1e7 * rest + self.loss) / self.missing))


@pytest.mark.parametrize("loss", [1e4, 1e6])
def test_decisions_are_taken_whole_where_that_loses_little(
    model: NetworkModel, pool: Pool, monkeypatch: pytest.MonkeyPatch, loss: float
) -> None:
    """No solver looks for whole decisions then; where it loses more than a hundredth one does. Either way they are
    whole, and worth no more than mixed ones."""
    masters, asked = Bought(model, pool, 0), []
    masters.decision = next(_in_part(model, pool))
    masters.loss, masters.part, masters.missing = loss, *_missing(model, pool, masters.decision)

    def looking(problem: Problem, limits: SolveLimits) -> Answer:
        asked.append(bool(problem.integer.any()))
        return solve(problem, limits)

    monkeypatch.setattr(masters_module, "solve", looking)
    problem, chosen, offset = masters.plan_problem(STAGE, Node({}, np.inf, 0))
    found = masters._whole(problem, chosen, 5.0)
    assert asked == ([False, False] if loss < 1e5 else [False, False, True])
    assert found.x is not None
    assert not masters._split(found.x[offset:])
    mixed = solve(replace(problem, integer=np.zeros_like(problem.integer)), SolveLimits())
    assert mixed.x is not None
    assert masters._split(mixed.x[offset:])
    assert found.objective <= min(found.bound, mixed.objective) + 1.0
    if loss < 1e5:
        assert found.bound == pytest.approx(mixed.objective, abs=1.0)
        assert found.objective == pytest.approx(mixed.objective - loss, abs=1.0)


def _in_part(model: NetworkModel, pool: Pool) -> Iterator[str]:
    """Steps that columns reach in part."""
    masters = Gated(model, pool, 0)
    for masters.decision in model.organization.variables:
        if masters.decision.startswith("step[") and 0.1 < _missing(model, pool, masters.decision)[0] < 0.9:
            yield masters.decision


def _missing(model: NetworkModel, pool: Pool, decision: str) -> tuple[float, float]:
    """What part of a decision columns reach, and by how much they fall short of all of it, of every link."""
    masters = Gated(model, pool, 0)
    masters.decision = decision
    problem, chosen, offset = masters.plan_problem(STAGE, Node({}, np.inf, 0))
    mixed = replace(problem, integer=np.zeros_like(problem.integer))
    found = solve(mixed, SolveLimits())
    assert found.x is not None
    whole = masters._taken_whole(mixed, found.x, offset)
    assert whole.x is not None
    return float(found.x[offset + model.organization.position[decision]]), float(whole.x[len(chosen) : offset].sum())


def _mixed(masters: Masters) -> Prices:
    """Prices where the organization's decisions may be mixed, wherever these are."""
    nothing = Prices(np.zeros(len(masters.model.links)), {})
    node = Node({}, np.inf, 0, centre=nothing)
    return masters.dual_prices(STAGE, node, masters.penalty(STAGE).short)
