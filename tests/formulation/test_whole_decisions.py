"""Rows that whole decisions keep anyway: they change no plan's worth, and bring the linear relaxation nearer to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from critmass.formulation.block import Block
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import formulate
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.pricing import block_problem, fixed
from formulated import formulated
from random_instances import random_instance

TIGHTENING = ("threshold_needs_workflow", "threshold_needs_reach", "workflow_needs_staff", "staff_rounded_up")
EXACT = SolveLimits(gap_absolute=1e-4)


def _problem(block: Block) -> Problem:
    constant, margin = block.expressions["margin"]
    return block_problem(block, margin, constant)


def _without(block: Block) -> Block:
    kept = np.array([not row.startswith(TIGHTENING) for row in block.rows])
    rows = tuple(row for row, keep in zip(block.rows, kept, strict=True) if keep)
    ends = (block.row_lower[kept], block.row_upper[kept])
    return replace(block, rows=rows, row_lower=ends[0], row_upper=ends[1], matrix=block.matrix[kept])


def _relaxed(problem: Problem) -> float:
    return solve(replace(problem, integer=np.zeros_like(problem.integer)), EXACT).objective


def test_practices_of_the_sample_are_worth_the_same() -> None:
    """At mass and not. Each family is there, and together they bring down the relaxation."""
    for block in formulated(3).practices:
        assert {row.partition("[")[0] for row in block.rows} >= set(TIGHTENING)
        at_mass = block.position["at_mass"]
        for value in (0.0, 1.0):
            tight, loose = (fixed(_problem(item), at_mass, value) for item in (block, _without(block)))
            best, same = solve(tight, EXACT), solve(loose, EXACT)
            assert best.termination == same.termination
            assert best.x is None or best.objective == pytest.approx(same.objective, abs=0.01)
            assert _relaxed(tight) <= _relaxed(loose) + 0.01
        assert _relaxed(fixed(_problem(block), at_mass, 0.0)) < _relaxed(fixed(_problem(_without(block)), at_mass, 0.0))


def test_practices_of_random_instances_are_worth_the_same() -> None:
    """With workflows in place, staff in place, and strengths of all sizes; every family is among the rows."""
    families = set[str]()
    for seed in range(12):
        instance = random_instance(seed)
        terms = terms_in_force(instance.catalog, instance.network, instance.scenario)
        model = formulate(Shared(Model(instance.network, instance.catalog, instance.scenario), terms))
        for block in model.practices:
            families |= {row.partition("[")[0] for row in block.rows}
            found, other = (solve(_problem(item), EXACT) for item in (block, _without(block)))
            assert found.termination == other.termination, seed
            assert found.x is None or found.objective == pytest.approx(other.objective, abs=0.01), seed
    assert families >= set(TIGHTENING)
