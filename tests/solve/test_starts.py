"""What pricing begins with: plans that are known, and that a practice cannot be at mass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from critmass.formulation.network_model import NetworkModel
from critmass.solve.columns import Pool, column
from critmass.solve.highs import SolveLimits, violation
from critmass.solve.kept import NeverAtMass
from critmass.solve.pricing import PricingTask, block_problem, price_practice
from formulated import formulated

CAN, CANNOT = 0, 4

EXACT = SolveLimits(time_seconds=20, gap_absolute=0.01, heuristics=False)


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Seven practices, of which `CAN` may be at mass and `CANNOT` may not."""
    return formulated(7)


def task_of(model: NetworkModel, place: int, reward_usd: float = 50_000.0) -> PricingTask:
    """A practice, to be priced for its margin and a reward for mass."""
    block = model.blocks[place]
    objective = block.expressions["margin"][1] + reward_usd * block.expressions["at_mass"][1]
    problem = block_problem(block, objective, block.expressions["margin"][0])
    return PricingTask(place, problem, block.position["at_mass"], True, EXACT)


def pool_of(model: NetworkModel, task: PricingTask) -> Pool:
    """All that pricing the task finds."""
    pool = Pool(len(model.blocks))
    for x in price_practice(task).points:
        pool.add(column(model, task.block, x))
    return pool


@pytest.mark.parametrize("place", [CAN, CANNOT])
def test_a_start_changes_no_bound(place: int, model: NetworkModel) -> None:
    """The best plan, a poor one, and one that breaks rows: the value and the bound stay what they are."""
    task = task_of(model, place)
    plain = price_practice(task)
    best, nothing = plain.points[0], task.problem.lower
    for start in (best, nothing, task.problem.upper):
        found = price_practice(replace(task, starts=(start, start)))
        assert found.bound == pytest.approx(plain.bound, abs=0.05)
        worths = [task.problem.offset + task.problem.objective @ item.points[0] for item in (found, plain)]
        assert worths[0] == pytest.approx(worths[1], abs=0.05)


def test_the_best_known_plan_is_the_best_at_the_problems_prices(model: NetworkModel) -> None:
    """Of plans that hold the asked value and keep the bounds, the one that is worth most; none where there is none."""
    task = task_of(model, CAN)
    pool = pool_of(model, task)
    known = np.array([item.x for item in pool.columns[CAN]])
    for value in (0.0, 1.0):
        held = known[np.abs(known[:, task.at_mass] - value) < 1e-6]
        found = pool.best_point(task.problem, CAN, task.at_mass, value)
        if not len(held):
            assert found is None
            continue
        assert found is not None
        assert violation(task.problem, found) <= 1e-4
        assert task.problem.objective @ found == pytest.approx((held @ task.problem.objective).max())
    assert pool.best_point(task_of(model, CANNOT).problem, CANNOT, task.at_mass, 0.0) is None


def test_a_plan_beyond_the_bounds_is_moved_to_them(model: NetworkModel) -> None:
    """Where no known plan keeps the bounds, the nearest is a start still, for the solver to complete."""
    task = task_of(model, CAN)
    pool = pool_of(model, task)
    best = pool.columns[CAN][0].x
    moved = int(np.flatnonzero((best > 0.5) & (np.arange(len(best)) != task.at_mass))[0])
    upper = task.problem.upper.copy()
    upper[moved] = 0.0
    narrow = replace(task, problem=replace(task.problem, upper=upper))
    pool.columns[CAN] = pool.columns[CAN][:1]
    found = pool.best_point(narrow.problem, CAN, task.at_mass, float(best[task.at_mass]))
    assert found is not None
    assert found[moved] == 0.0
    started = price_practice(replace(narrow, starts=(found, found)))
    assert started.bound == pytest.approx(price_practice(narrow).bound, abs=0.05)


def test_that_a_practice_cannot_be_at_mass_is_remembered_under_tighter_bounds_only(model: NetworkModel) -> None:
    """What was found holds at all prices and where variables have less room, and nowhere else."""
    free = task_of(model, CANNOT)
    assert price_practice(free).never_at_mass
    assert not price_practice(task_of(model, CAN)).never_at_mass
    wider = free.problem.lower.copy()
    wider[int(np.flatnonzero(wider < free.problem.upper)[0])] -= 1.0
    never = NeverAtMass()
    never.add(free)
    assert never.covers(replace(free, problem=replace(free.problem, objective=-free.problem.objective)))
    assert never.covers(replace(free, problem=replace(free.problem, upper=free.problem.upper - 1e-3)))
    assert not never.covers(replace(free, problem=replace(free.problem, lower=wider)))
    assert not never.covers(task_of(model, CAN))
    unasked = price_practice(replace(free, rewarded=False))
    assert unasked.bound == pytest.approx(price_practice(free).bound, abs=0.05)
    assert not unasked.never_at_mass
