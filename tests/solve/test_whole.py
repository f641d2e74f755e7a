"""Few practices: what a search leaves open, a solver closes on the whole model."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from critmass.domain.scenario import CriticalMass, Scenario
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Pricer
from critmass.solve import whole
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.decomposition import Search
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Answer, SolveLimits, solve
from critmass.solve.monolith import assemble, split
from critmass.solve.nodes import StageResult
from critmass.solve.progress import Clock, Progress, silent
from critmass.solve.whole import search_then_whole
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})
GAP = 1e-4
SEARCHED = 4.0
"""Seconds that a search has here: too few for a proof."""


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Four practices, some of which can be at mass."""
    return formulated(4, Scenario(critical_mass=CriticalMass(ratio=0.7)))


@pytest.fixture(scope="module")
def optimum(model: NetworkModel) -> Answer:
    """What the solver makes of the whole model by itself."""
    return solve(assemble(model, STAGE.weights), SolveLimits(time_seconds=200.0, gap_relative=GAP / 10))


@pytest.fixture
def search(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[Search[Candidate]]:
    """A search with little time, and with a clock of its own that leaves the whole model enough."""
    monkeypatch.setattr(whole, "SEARCH_SECONDS", (SEARCHED, SEARCHED))
    judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
    with solve_pool(1) as executor:
        yield Search(model, judge, gap=GAP, seed=1, clock=Clock(200.0), report=silent, executor=executor)


def test_the_whole_model_closes_what_the_search_leaves_open(search: Search[Candidate], optimum: Answer) -> None:
    """The plan is the optimum as settled, the bound is its own, and reports tell of the way there."""
    assert optimum.x is not None
    parts = split(search.model, optimum.x)
    heard = list[Progress]()
    searched = search.run
    found = list[float]()

    def noted(stage: Stage, share: float) -> StageResult[Candidate]:
        result = searched(stage, share)
        found.append(result.gap)
        return result

    search.run = noted  # type: ignore[method-assign,assignment]
    result = search_then_whole(search, STAGE, 1.0, clock=search.clock, report=heard.append)
    settled = search.judge.choice(search.judge.columns(list(enumerate(parts[:-1]))), parts[-1])
    assert settled is not None
    assert found[0] > result.gap
    assert result.value == pytest.approx(STAGE.value(settled.worth), rel=GAP)
    assert optimum.objective <= result.bound + 1e-3
    assert result.bound == pytest.approx(optimum.bound, rel=GAP)
    assert result.plan is search.plan
    assert set(search.improving.picked) == set(range(4))
    assert heard[-1].step == "whole model"
    assert heard[-1].bound == result.bound


def test_a_solver_that_contradicts_a_settled_plan_is_not_believed(
    search: Search[Candidate], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bound a little below the plan in hand is rounding; one far below, or no plan at all, is an error."""
    result = search.run(STAGE, SEARCHED / 200.0)
    bound, value = result.bound, result.value
    assert bound > value
    for found, expected in ((np.inf, bound), (-np.inf, bound), (value - 1.0, bound), (value - 1e-3, value)):
        answer = Answer("infeasible" if found == -np.inf else "limit", None, -np.inf, found)
        monkeypatch.setattr(whole, "solve_until_stopped", lambda *given, answer=answer, **named: answer)
        whole._solve_on(search, result, 1.0, search.clock, silent)
        assert result.bound == expected


@pytest.mark.parametrize(
    ("seconds", "searched"),
    [(20.0, 20.0), (60.0, 60.0), (179.0, 179.0), (180.0, 60.0), (300.0, 100.0), (3600.0, 120.0)],
)
def test_the_whole_model_gets_time_only_where_it_is_enough(seconds: float, searched: float) -> None:
    """Within three minutes the search has all of it."""
    assert whole._part_for_search(seconds) * seconds == pytest.approx(searched)
