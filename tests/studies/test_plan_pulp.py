"""Plans from other solvers: the same as ours on tiny networks, and refused where they cannot serve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from critmass.catalog import load_catalog
from critmass.domain.errors import InfeasibleError, InputError
from critmass.domain.scenario import CriticalMass, Lock, Scenario, SolveOptions
from critmass.network import sample_network
from critmass.solve.highs import Answer
from critmass.solve.progress import Progress
from critmass.studies import plan_pulp
from critmass.studies.plan_pulp import plan_with_solver

CATALOG = load_catalog((Path(__file__).parents[1] / "data" / "tiny_catalog",), shipped=False)
LEVELS = Scenario(objective="members_then_margin")
OPTIONS = SolveOptions(gap=1e-6, time_limit_seconds=30)


@pytest.mark.parametrize("seed", [1, 3])
def test_two_solvers_reach_the_same_plan_value(seed: int) -> None:
    """HiGHS and CBC prove the same number of members at mass and the same margin, to the cent."""
    network = sample_network(2, seed, CATALOG)
    one, other = (plan_with_solver(network, CATALOG, LEVELS, OPTIONS, name) for name in ("HiGHS", "PULP_CBC_CMD"))
    assert [level.name for level in one.levels] == ["members_at_mass", "margin"]
    for left, right in zip(one.levels, other.levels, strict=True):
        assert left.value == pytest.approx(right.value, abs=0.01)
    assert one.status == other.status == "optimal"


def test_settlement_prices_the_plan() -> None:
    """The margin reported is the settlement's, and the levels' bounds hold for it."""
    plan = plan_with_solver(sample_network(2, 3, CATALOG), CATALOG, LEVELS, OPTIONS, "HiGHS")
    assert plan.objective == float(plan.outcome.margin[0])
    assert plan.levels[0].value == float(plan.outcome.members_at_mass[0])
    assert all(level.bound >= level.value for level in plan.levels)


@pytest.mark.parametrize("objective", ["margin", "practices_then_margin", "mass_and_margin"])
def test_every_objective_has_its_levels(objective: str) -> None:
    """Each objective of a scenario is solved level by level and reported while it runs."""
    scenario = Scenario.model_validate({"objective": objective, "usd_per_member_at_mass": 5.0})
    heard: list[Progress] = []
    plan = plan_with_solver(sample_network(1, 3, CATALOG), CATALOG, scenario, OPTIONS, "HiGHS", heard.append)
    assert [item.stage for item in heard] == [level.name for level in plan.levels]
    assert np.isfinite(plan.bound)


def test_large_networks_are_refused_with_the_fix() -> None:
    """Beyond three practices the way out is named before anything is solved."""
    with pytest.raises(InputError, match=r"at most 3 practices, found 4.*leave the solver out"):
        plan_with_solver(sample_network(4, 1, CATALOG), CATALOG, Scenario(), OPTIONS, "HiGHS")


def test_locks_that_nothing_can_keep_are_said_to_be_so() -> None:
    """A workflow that must run beside a prerequisite that must not, found before the solver is asked."""
    locks = (Lock(workflow="outreach", decision="in_place"), Lock(workflow="registry", decision="left_out"))
    with pytest.raises(InfeasibleError, match="registry"):
        plan_with_solver(sample_network(1, 1, CATALOG), CATALOG, Scenario(locks=locks), OPTIONS, "HiGHS")


def test_nothing_is_claimed_without_a_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver stopped by the clock leaves a feasible plan with an infinite bound."""
    full = plan_pulp.solve_with

    def stopped(*args: object, **options: object) -> Answer:
        answer = full(*args, **options)  # type: ignore[arg-type]
        return Answer("limit", answer.x, answer.objective, np.inf)

    monkeypatch.setattr(plan_pulp, "solve_with", stopped)
    scenario = Scenario(critical_mass=CriticalMass(ratio=0.5))
    plan = plan_with_solver(sample_network(1, 3, CATALOG), CATALOG, scenario, OPTIONS, "HiGHS")
    assert plan.status == "feasible"
    assert plan.bound == np.inf
