"""Answers of the solver: held against the model outside of it, and asked for again where they fail."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from scipy import sparse

from critmass.solve import highs
from critmass.solve.highs import FloatArray, Problem, SolveLimits, both_sided, solve

Column = tuple[float, float, bool, float]
"""Least and largest value, whether whole, and what one is worth."""


def problem(columns: Mapping[str, Column], rows: list[tuple[Mapping[str, float], float]]) -> Problem:
    """A model whose rows are at least something."""
    lower, upper, integer, objective = (np.array(part) for part in zip(*columns.values(), strict=True))
    matrix = np.array([[terms.get(name, 0.0) for name in columns] for terms, _ in rows])
    least = np.array([low for _, low in rows])
    return Problem(
        objective=objective, offset=0.0, lower=lower, upper=upper, integer=integer.astype(np.bool_),
        matrix=sparse.csr_array(matrix), row_lower=least, row_upper=np.full(len(rows), np.inf),
    )  # fmt: skip


def knapsack() -> Problem:
    """The best of 3 + 2 that weigh 2 + 1, where 2 may be carried."""
    return problem(
        {"one": (0.0, 1.0, True, 3.0), "other": (0.0, 1.0, True, 2.0)}, [({"one": -2.0, "other": -1.0}, -2.0)]
    )


def test_a_point_that_fails_the_check_outside_is_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what the solver simplifies beforehand."""
    checks = iter([1.0, 0.0])
    asked: list[bool] = []
    load = highs.load

    def noted(of: Problem, limits: SolveLimits) -> object:
        asked.append(limits.presolve)
        return load(of, limits)

    def next_check(of: Problem, x: FloatArray) -> float:
        return next(checks)

    monkeypatch.setattr(highs, "violation", next_check)
    monkeypatch.setattr(highs, "load", noted)
    answer = solve(knapsack(), SolveLimits())
    assert (answer.termination, answer.objective, asked) == ("solved", 3.0, [True, False])


def test_nothing_is_proved_where_every_point_fails_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """No point, and no bound."""
    monkeypatch.setattr(highs, "violation", lambda of, x: 1.0)
    answer = solve(knapsack(), SolveLimits())
    assert (answer.termination, answer.x, answer.bound) == ("failed", None, np.inf)


def test_doing_nothing_is_found_where_it_is_best() -> None:
    """HiGHS 1.15 called -18,711 the optimum: its presolve cut off the plan that leaves everything at 0."""
    columns: dict[str, Column] = {
        "hub_1": (0, 1, True, 0), "reach_1": (0, 1, False, 0), "fee_1": (0, 9_500, False, 1),
        "hub_2": (0, 1, True, 0), "reach_2": (0, 1, False, 0), "own_2": (0, 1, False, -20),
        "saved": (0, 97_000, False, 0), "pool": (-9_400, 19_300, False, 0), "gate": (0, 1, True, 0),
        "paid": (-9_400, 19_300, False, 1), "staff": (0, 1, True, -42_000),
    }  # fmt: skip
    rows: list[tuple[Mapping[str, float], float]] = [
        ({"hub_1": 1, "reach_1": -1}, 0), ({"hub_1": -1, "reach_1": 1}, 0), ({"reach_1": 4_000, "fee_1": -1}, 0),
        ({"hub_2": 1, "reach_2": -1}, 0), ({"hub_2": -1, "reach_2": 1}, 0),
        ({"saved": 0.3, "pool": -1}, 9_400), ({"saved": 0.294, "pool": -1}, 9_200),
        ({"saved": 0.0026, "gate": -232}, 0), ({"pool": 1, "paid": -1}, -9_400), ({"gate": 19_300, "paid": -1}, 0),
        ({"reach_2": 79_000, "own_2": 18_000, "saved": -1}, 0),
        ({"reach_1": -0.0035, "reach_2": -0.0044, "staff": 1}, 0),
    ]  # fmt: skip
    answer = solve(problem(columns, rows), SolveLimits())
    assert answer.objective == pytest.approx(0.0, abs=1e-6)


def test_a_threshold_missed_by_less_than_the_tolerance_is_met_without_presolve() -> None:
    """A step needs 6e-10 more than a fixed reach brings: settlement lets that pass, and so does the plain model."""
    reach, weight = 0.9441305, 0.43
    needs = weight * reach * (1 + 6e-10)
    columns = {"reach": (reach, reach, False, 0.0), "step": (0.0, 1.0, True, 1.0)}
    rows = [({"reach": weight, "step": -needs}, 0.0)]
    answer = solve(problem(columns, rows), SolveLimits(presolve=False))
    assert answer.objective == pytest.approx(1.0)


def test_a_second_side_cuts_nothing_off() -> None:
    """It lies beyond every corner of the variables' bounds, and is missing where these have none; given sides stay."""
    random = np.random.default_rng(3)
    matrix = random.normal(size=(6, 9)) * (random.random((6, 9)) < 0.7)
    matrix[4:, :2] = 0.0
    lower, upper = random.uniform(-3.0, 0.0, 9), random.uniform(0.0, 3.0, 9)
    lower[0], upper[1] = -np.inf, np.inf
    row_lower = np.array([-np.inf, -1.0, -np.inf, 0.5, -2.0, -np.inf])
    row_upper = np.array([2.0, np.inf, 1.0, 0.5, np.inf, np.inf])
    given = Problem(
        np.zeros(9), 0.0, lower, upper, np.zeros(9, dtype=np.bool_), sparse.csr_array(matrix), row_lower, row_upper
    )  # fmt: skip
    found = both_sided(given)
    corners = np.where(random.random((2000, 9)) < 0.5, lower, upper)
    made = corners[np.isfinite(corners).all(axis=1)] @ matrix.T
    lower_added, upper_added = np.isinf(row_lower), np.isinf(row_upper)
    assert (made[:, lower_added] > found.row_lower[lower_added]).all()
    assert (made[:, upper_added] < found.row_upper[upper_added]).all()
    assert (found.row_lower[~lower_added] == row_lower[~lower_added]).all()
    assert (found.row_upper[~upper_added] == row_upper[~upper_added]).all()
    downward, upward = ((matrix[:, 0] > 0) | (matrix[:, 1] < 0)), ((matrix[:, 0] < 0) | (matrix[:, 1] > 0))
    assert (np.isinf(found.row_lower) == (lower_added & downward)).all()
    assert (np.isinf(found.row_upper) == (upper_added & upward)).all()
    assert 0 < np.isinf(found.row_upper).sum() < upper_added.sum()
