"""What a point misses rows, bounds and whole numbers by."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from critmass.solve.highs import NEGLIGIBLE, Problem, violation


def problem_of(rows: list[list[float]], row_upper: list[float], *, integer: bool = False) -> Problem:
    """Rows that are at most something, over variables between 0 and 10,000."""
    matrix = sparse.csr_array(np.array(rows))
    columns = matrix.shape[1]
    low, high = np.zeros(columns), np.full(columns, 1e4)
    below = np.full(len(rows), -np.inf)
    return Problem(low, 0.0, low, high, np.full(columns, integer), matrix, below, np.array(row_upper))


@pytest.mark.parametrize(
    ("row", "upper", "x", "missed"),
    [
        ([1.0, 1.0], 2.0, [1.0, 1.0], 0.0),
        ([0.5, 0.0], 1.0, [3.0, 0.0], 0.5),
        ([100.0, 0.0], 100.0, [1.5, 0.0], 0.5),
        ([1.0, -1.0], 0.0, [8000.0, 7999.0], 1.0 / 15.999),
        ([1.0, 0.0], 1.0, [1.0 + NEGLIGIBLE / 2, 0.0], NEGLIGIBLE / 2),
    ],
)
def test_rows_are_missed_relative_to_their_size(row: list[float], upper: float, x: list[float], missed: float) -> None:
    """Of the largest coefficient, or a thousandth of what is added up; rows that hold beside it change nothing."""
    point = np.array(x)
    assert violation(problem_of([row], [upper]), point) == pytest.approx(missed, abs=1e-13)
    assert violation(problem_of([[1.0, 1.0], row], [1e6, upper]), point) == pytest.approx(missed, abs=1e-13)


def test_bounds_and_whole_numbers_count() -> None:
    """By the largest of all."""
    assert violation(problem_of([[1.0, 1.0]], [1e9]), np.array([-0.25, 1.0])) == pytest.approx(0.25)
    assert violation(problem_of([[1.0, 1.0]], [1e9], integer=True), np.array([0.7, 1.0])) == pytest.approx(0.3)
