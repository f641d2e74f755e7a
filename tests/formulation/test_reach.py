"""How far pooled rates reach: as far as practices' rows let them, so that no step beyond is ever chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from critmass.formulation.links import PREFIX
from critmass.formulation.network_model import NetworkModel
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.pricing import block_problem
from formulated import formulated

RATES = "pooled_gap_link["


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Five practices under the shipped catalog."""
    return formulated(5)


def _most(model: NetworkModel, link: str) -> float:
    """The most that practices bring to a link, by the linear relaxations of their blocks."""
    most = 0.0
    for block in model.practices:
        if PREFIX + link in block.expressions:
            constant, brought = block.expressions[PREFIX + link]
            problem = block_problem(block, brought, constant)
            linear = replace(problem, integer=np.zeros_like(problem.integer))
            most += solve(linear, SolveLimits(time_seconds=10.0)).objective
    return most


def test_a_pooled_rate_reaches_what_practices_bring(model: NetworkModel) -> None:
    """No workflow is delivered twice, by the practice and the hub, and the bounds of rates know it."""
    links = [link for link in model.links if link.startswith(RATES)]
    assert links
    for link in links:
        bounds = model.organization.bounds("link:" + link)
        assert -bounds[0] == pytest.approx(_most(model, link), rel=1e-6)


def test_every_step_of_a_pooled_rate_is_in_reach(model: NetworkModel) -> None:
    """A bonus that no plan earns is not there to be chosen."""
    steps = [name for name in model.organization.variables if name.startswith("step[")]
    assert steps
    for name in steps:
        measure, populations, height, _ = name[len("step[") : -1].rsplit(",", 3)
        assert float(height) <= _most(model, f"{RATES}{measure},{populations}]") + 1e-6
