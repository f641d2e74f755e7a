"""Plans chosen practice by practice, each from its whole block beside a master that answers it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from critmass.domain.scenario import CriticalMass, Scenario
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Pricer
from critmass.solve import decomposition, diving
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Column, Pool, Stage
from critmass.solve.decomposition import Search
from critmass.solve.diving import Dive, Step
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Answer, SolveLimits
from critmass.solve.masters import Masters, PlanTask, solve_firmly
from critmass.solve.nodes import Node, StageResult
from critmass.solve.progress import Clock, silent
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})
GAP = 0.01


@dataclass(frozen=True)
class Case:
    """Five practices, some of which can be at mass, columns of a short search, and the node with the best bound."""

    model: NetworkModel
    judge: Judge
    pool: Pool
    node: Node

    def dive(self, seconds: float = 60.0, stage: Stage = STAGE) -> Dive:
        """A dive from these columns, which are left as they are."""
        pool = Pool(len(self.model.blocks))
        for item in self.pool.flat():
            pool.add(item)
        node = replace(self.node, caps=None)
        return Dive(Masters(self.model, pool, 1), self.judge, stage, node, gap=GAP, left=lambda: seconds)

    def plan(self, dive: Dive, workers: int = 1) -> tuple[Candidate, list[Column]]:
        """What the dive ends with."""
        with solve_pool(workers) as executor:
            found = dive.run(executor)
        assert found is not None
        plan = self.judge.choice(*found)
        assert plan is not None
        return plan, found[0]


@pytest.fixture(scope="module")
def case() -> Case:
    """Begun once. The node holds the contracts of the one with the best bound, whatever else that one held."""
    model = formulated(5, Scenario(critical_mass=CriticalMass(ratio=0.7)))
    judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
    with solve_pool(1) as executor:
        search = Search(model, judge, gap=0.05, seed=1, clock=Clock(8.0), report=silent, executor=executor)
        bound = search.run(STAGE).bound
    nodes = [node for node in (*search._nodes, *search._closed) if node.centre is not None]
    best = max(nodes, key=lambda node: node.bound)
    contracts = {name: part for name, part in best.fixed.items() if name.startswith(("join[", "condition["))}
    return Case(model, judge, search.pool, Node(contracts, bound, 0, centre=best.centre))


def test_a_dive_is_worth_more_than_the_best_choice_among_the_columns(case: Case) -> None:
    """And no more than the node's bound; the master that practices decide beside foretells what settlement finds."""
    dive = case.dive()
    task = replace(dive.task, limits=SolveLimits(time_seconds=20.0), seconds=20.0)
    chosen = solve_firmly(PlanTask(task.problem, task.blocks, task.slacks, task.limits, False, 20.0))
    plan, picked = case.plan(dive)
    value = STAGE.value(plan.worth)
    assert value >= chosen.objective - GAP * abs(chosen.objective)
    assert value <= case.node.bound + 0.01
    assert [item.block for item in picked] == list(range(5))


def test_settlement_finds_at_mass_what_decided_to_be(case: Case) -> None:
    """Reimbursement has room for what settlement rounds to cents."""
    plan, picked = case.plan(case.dive())
    assert [item.worth["at_mass"] > 0.5 for item in picked] == plan.outcome.at_mass[0].tolist()


def test_the_number_of_cores_does_not_matter(case: Case) -> None:
    """Two practices decide at a time, whoever solves them."""
    one, two = (case.plan(case.dive(), workers)[0] for workers in (1, 2))
    assert np.array_equal(one.decisions.reach, two.decisions.reach)
    assert np.array_equal(one.decisions.delivery, two.decisions.delivery)


def test_without_time_the_columns_have_to_do(case: Case) -> None:
    """A dive that cannot begin to decide still ends with a plan, made of the columns at hand."""
    dive = case.dive(seconds=diving.LEAST_LEFT_SECONDS)
    _, picked = case.plan(dive)
    assert {item.key() for item in picked} <= {item.key() for item in case.pool.flat()}


def test_who_has_no_plan_in_time_takes_a_column(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A practice is put off once, and then takes the best of its columns."""
    monkeypatch.setattr(diving, "decide", no_answer)
    _, picked = case.plan(case.dive())
    assert {item.key() for item in picked} <= {item.key() for item in case.pool.flat()}


def no_answer(_step: Step) -> Answer:
    """A solver that found nothing in its time."""
    return Answer("limit", None, -np.inf, np.inf)


def test_what_no_choice_keeps_promises_nothing(case: Case) -> None:
    """A floor that all practices together miss."""
    dive = case.dive(stage=Stage("margin", {"margin": 1.0}, {"at_mass": 6.0}))
    assert dive.promise == -np.inf
    with solve_pool(1) as executor:
        assert dive.run(executor) is None


def test_columns_of_a_dive_are_chosen_among_once_more(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dive holds what it decided first; all its columns and the others together may hold a better choice."""
    dive = case.dive()
    chosen = solve_firmly(replace(dive.task, limits=SolveLimits(time_seconds=20.0), seconds=20.0))
    with solve_pool(1) as executor:
        search = Search(case.model, case.judge, gap=0.0, seed=1, clock=Clock(60.0), report=silent, executor=executor)
        monkeypatch.setattr(search.improving, "dive", lambda *_: [search.pool.add(item) for item in case.pool.flat()])
        search._begin(STAGE, 1.0)
        search._nodes, result = [replace(case.node, caps=None)], StageResult[Candidate](STAGE, None, np.inf)
        search._dive_last(result)
    assert result.value == pytest.approx(chosen.objective, rel=1e-3)


def test_time_that_no_dive_uses_is_for_nodes(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all the time was kept for dives and none can begin, the search goes on as if none had been kept."""
    monkeypatch.setattr(Search, "dive_share", 1.0)
    monkeypatch.setattr(decomposition, "DIVE_SECONDS", 100.0)
    monkeypatch.setattr(Search, "_dive_last", lambda *_: None)
    with solve_pool(2) as executor:
        search = Search(case.model, case.judge, gap=0.05, seed=1, clock=Clock(8.0), report=silent, executor=executor)
        result = search.run(STAGE)
    assert search.passes.count > 0
    assert result.gap < np.inf


def test_no_dive_at_the_end_that_promises_far_less_than_the_plan_in_hand(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it may find beyond its promise is little."""
    plan, _ = case.plan(case.dive())
    asked = list[float]()
    with solve_pool(1) as executor:
        search = Search(case.model, case.judge, gap=0.0, seed=1, clock=Clock(60.0), report=silent, executor=executor)
        monkeypatch.setattr(search.improving, "dive", lambda result, nodes, least, left: asked.append(least))
        search._begin(STAGE, 1.0)
        search._nodes, result = [], StageResult[Candidate](STAGE, plan, np.inf)
        search._dive_last(result)
    assert asked == [pytest.approx((1.0 - decomposition.DIVE_GAINS) * result.value)]


def test_floors_are_kept(case: Case) -> None:
    """As many practices at mass as an earlier level reached, for the largest margin."""
    plan, _ = case.plan(case.dive(stage=Stage("margin", {"margin": 1.0}, {"at_mass": 1.0})))
    assert plan.worth["at_mass"] >= 1.0
