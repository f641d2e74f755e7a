"""Linear relaxations that begin where the last ones ended."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import highspy
import numpy as np
import pytest

from critmass.formulation.network_model import NetworkModel
from critmass.solve import highs
from critmass.solve import pricing as pricing_module
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Problem, SolveLimits, load, solve, solve_linear
from critmass.solve.pricing import (
    NO_BASES,
    Priced,
    PricingFromBases,
    PricingTask,
    block_problem,
    fixed,
    price_practice,
)
from formulated import formulated

LIMITS = SolveLimits(time_seconds=20)
PRACTICES = 7


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Seven practices, of which some cannot be at mass."""
    return formulated(PRACTICES)


def tasks_at(model: NetworkModel, reward_usd: float, *, relaxed: bool = True) -> list[PricingTask]:
    """Every practice, to be priced for its margin and a reward for mass."""
    tasks = []
    for place, block in enumerate(model.practices):
        constant, margin = block.expressions["margin"]
        problem = block_problem(block, margin + reward_usd * block.expressions["at_mass"][1], constant)
        tasks.append(PricingTask(place, problem, block.position["at_mass"], True, LIMITS, relaxed))
    return tasks


@pytest.fixture
def pricing() -> Iterator[PricingFromBases]:
    """In one thread."""
    with ThreadPoolExecutor(1) as pool:
        yield PricingFromBases(pool)


def test_a_relaxation_that_begins_elsewhere_ends_at_the_same_optimum(
    model: NetworkModel, pricing: PricingFromBases
) -> None:
    """At other prices, and under other bounds, after relaxations and after exact pricing."""
    capped = [
        replace(task, problem=replace(task.problem, upper=np.minimum(task.problem.upper, 5e4)))
        for task in tasks_at(model, 2e5)
    ]
    asked = [tasks_at(model, 1e4), tasks_at(model, 2e5, relaxed=False), tasks_at(model, 0.0), capped]
    for tasks in asked:
        found = pricing.run(tasks)
        with ThreadPoolExecutor(1) as pool:
            fresh = PricingFromBases(pool).run(tasks)
        assert [item.bound for item in found] == pytest.approx([item.bound for item in fresh], rel=1e-9, abs=0.02)


def test_it_begins_where_the_last_one_ended(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then nothing is left to do; a basis outlives being sent to another process."""
    loaded = []

    def noted(problem: Problem, limits: SolveLimits) -> highspy.Highs:
        loaded.append(load(problem, limits))
        return loaded[-1]

    monkeypatch.setattr(highs, "load", noted)
    problem = tasks_at(model, 1e4)[0].problem
    first, basis = solve_linear(problem, LIMITS, None)
    assert loaded[-1].getInfo().simplex_iteration_count > 0
    assert basis is not None
    for known in (basis, pickle.loads(pickle.dumps(basis))):
        again, _ = solve_linear(problem, LIMITS, known)
        assert loaded[-1].getInfo().simplex_iteration_count == 0
        assert again.objective == pytest.approx(first.objective)


def test_pricing_begins_there(model: NetworkModel, pricing: PricingFromBases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Relaxations, and those that decide about a second solve: each practice's own, from its last."""
    begun: list[PricingTask] = []

    def noted(task: PricingTask) -> Priced:
        begun.append(task)
        return price_practice(task)

    monkeypatch.setattr(pricing_module, "price_practice", noted)
    first = pricing.run(tasks_at(model, 1e4))
    exact = pricing.run(tasks_at(model, 1e4, relaxed=False))
    pricing.run(tasks_at(model, 2e4))
    assert [task.bases for task in begun[:PRACTICES]] == [NO_BASES] * PRACTICES
    assert [task.bases for task in begun[PRACTICES : 2 * PRACTICES]] == [item.bases for item in first]
    for task, before, last in zip(begun[2 * PRACTICES :], first, exact, strict=True):
        assert task.bases == (last.bases[0] or before.bases[0], before.bases[1])
    assert any(item.bases[0] is not None for item in exact)


def test_a_relaxation_without_a_plan_leaves_no_basis(model: NetworkModel) -> None:
    """And is infeasible from a basis too."""
    problem = tasks_at(model, 1e4)[0].problem
    _, basis = solve_linear(problem, LIMITS, None)
    nothing = replace(problem, row_upper=np.minimum(problem.row_upper, -1e9))
    for start in (None, basis):
        answer, ended = solve_linear(nothing, LIMITS, start)
        assert answer.termination == solve(nothing, LIMITS).termination == "infeasible"
        assert ended is None


def test_processes_begin_there_too(model: NetworkModel) -> None:
    """Bases go there and back."""
    with solve_pool(2, "processes") as pool:
        pricing = PricingFromBases(pool)
        first = pricing.run(tasks_at(model, 1e4))
        second = pricing.run(tasks_at(model, 1e4))
    assert any(basis is not None for item in first for basis in item.bases)
    assert [item.bound for item in second] == pytest.approx([item.bound for item in first])


@pytest.mark.parametrize("reward_usd", [1.0, 1e4, 2e5])
def test_a_practice_is_worth_the_better_of_at_mass_and_not(model: NetworkModel, reward_usd: float) -> None:
    """Whichever it is: a solve is left out only where its relaxation is no better than what was found."""
    better_without = 0
    for task in tasks_at(model, reward_usd, relaxed=False):
        both = [solve(fixed(task.problem, task.at_mass, value), LIMITS).objective for value in (0.0, 1.0)]
        found = price_practice(task)
        worth = float(task.problem.offset + task.problem.objective @ found.points[0])
        assert found.bound == pytest.approx(max(both), rel=1e-6, abs=0.05)
        assert worth == pytest.approx(max(both), rel=1e-6, abs=0.05)
        better_without += np.isfinite(both[1]) and both[0] > both[1] + 1.0
    assert better_without or reward_usd > 1.0
