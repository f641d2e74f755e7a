"""Rows whose coefficients a solver would take for zero."""

from __future__ import annotations

import numpy as np

from critmass.formulation.block import SMALL, BlockBuilder
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.pricing import block_problem


def test_a_rate_of_a_large_sum_still_opens_its_gate() -> None:
    """A gate on savings over a billion dollars of benchmark: solvers drop 1e-9, and the gate would stay shut."""
    builder = BlockBuilder("organization")
    savings = builder.variable("savings", 0.0, 40e6)
    gate = builder.binary("gate")
    builder.at_least("gate_needs_driver[gate]", savings * 5e-10, gate * 0.01)
    builder.express("margin", gate * 1e6 + savings * -0.01)
    block = builder.finish()
    constant, margin = block.expressions["margin"]
    found = solve(block_problem(block, margin, constant), SolveLimits())
    assert np.abs(block.matrix.data).min() >= SMALL
    assert found.x is not None
    assert found.x.tolist() == [20e6, 1.0]


def test_what_rounding_left_of_zeros_is_no_coefficient() -> None:
    """A coefficient that is nothing beside the others is left out, and does not scale the row."""
    builder = BlockBuilder("practice")
    parts = [builder.variable(name, 0.0, 1.0) for name in ("one", "other")]
    builder.at_least("row[x]", parts[0] + parts[1] * 1e-15, 0.5)
    block = builder.finish()
    assert block.matrix.toarray().tolist() == [[1.0, 0.0]]
    assert block.row_lower.tolist() == [0.5]
