"""One plan for each practice: the best that keeps every link, against all choices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import sparse

from critmass.settlement.results import FloatArray
from critmass.solve import masters
from critmass.solve.highs import Answer, Problem, SolveLimits
from critmass.solve.masters import ROUNDING, PlanTask, solve_plan_problem

BLOCKS, PLANS, LINKS = 4, 3, 2
LIMITS = SolveLimits(time_seconds=10.0, gap_absolute=1e-6)


def drawn(seed: int, least: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Worths of the plans, what they bring to links, and how much of each link is asked."""
    random = np.random.default_rng(seed)
    count = BLOCKS * PLANS
    return random.uniform(0, 100, count), random.uniform(-10, 10, (LINKS, count)), np.full(LINKS, least)


def task(worth: FloatArray, links: FloatArray, least: FloatArray, *, many: bool = False) -> PlanTask:
    """A choice with links that may be missed at $1,000 a unit, as in a restricted master."""
    blocks = np.repeat(np.arange(BLOCKS), PLANS)
    convexity = (np.arange(BLOCKS)[:, None] == blocks).astype(float)
    slack = np.hstack([np.eye(LINKS), -np.eye(LINKS)])
    rows = np.vstack([np.hstack([links, slack]), np.hstack([convexity, np.zeros((BLOCKS, 2 * LINKS))])])
    problem = Problem(
        objective=np.concatenate([worth, np.full(LINKS, -1000.0), np.zeros(LINKS)]),
        offset=0.0,
        lower=np.zeros(rows.shape[1]),
        upper=np.concatenate([np.ones(len(worth)), np.full(LINKS, np.inf), np.zeros(LINKS)]),
        integer=np.concatenate([np.ones(len(worth), dtype=bool), np.zeros(2 * LINKS, dtype=bool)]),
        matrix=sparse.csr_array(rows),
        row_lower=np.concatenate([least, np.ones(BLOCKS)]),
        row_upper=np.concatenate([np.full(LINKS, np.inf), np.ones(BLOCKS)]),
    )
    return PlanTask(problem, tuple(blocks.tolist()), 2 * LINKS, LIMITS, many, 20.0)


def best(worth: FloatArray, links: FloatArray, least: FloatArray) -> float:
    """The best of all choices that keep the links; minus infinity where none does."""
    found = -np.inf
    for picked in itertools.product(range(PLANS), repeat=BLOCKS):
        at = np.arange(BLOCKS) * PLANS + np.array(picked)
        if (links[:, at].sum(axis=1) >= least - ROUNDING).all():
            found = max(found, float(worth[at].sum()))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_the_best_choice_that_keeps_every_link(seed: int) -> None:
    """Equal to the best of all 81 choices."""
    parts = drawn(seed, 8.0)
    found, wanted = solve_plan_problem(task(*parts)), best(*parts)
    if wanted == -np.inf:
        assert found.x is None
    else:
        assert found.x is not None
        assert found.objective == pytest.approx(wanted, abs=1e-4)
        assert (parts[1] @ found.x[: BLOCKS * PLANS] >= 8.0 - 2 * ROUNDING).all()


def test_rows_of_choices_have_two_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver did not come back from simplifying rows of one."""
    given, solve = list[Problem](), masters.solve

    def noted(problem: Problem, limits: SolveLimits, start: FloatArray | None = None) -> Answer:
        given.append(problem)
        return solve(problem, limits, start)

    monkeypatch.setattr(masters, "solve", noted)
    solve_plan_problem(task(*drawn(0, 8.0)))
    assert any(problem.integer.any() for problem in given)
    for problem in given:
        assert np.isfinite([problem.row_lower, problem.row_upper]).all()


def test_where_no_choice_keeps_them() -> None:
    """Of few practices there is none; of many, where most are held to what the master gave them, the nearest one."""
    parts = drawn(1, 1000.0)
    assert solve_plan_problem(task(*parts)).x is None
    nearest = solve_plan_problem(task(*parts, many=True))
    assert nearest.x is not None
    assert nearest.x[: BLOCKS * PLANS].sum() == pytest.approx(BLOCKS)
    assert nearest.objective < 0
