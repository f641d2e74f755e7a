"""Plans against every decision there is: tiny instances, enumerated and priced by settlement alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from critmass import InfeasibleError, SolveOptions, plan
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import formulate
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.monolith import assemble, split
from critmass.studies.plan import objective_stages
from enumeration import Enumeration, levels_of
from random_instances import Instance, random_instance

SHARE = 25
"""Instances in one test."""

OPTIONS = SolveOptions(gap=1e-6, time_limit_seconds=20)
LIMITS = SolveLimits(time_seconds=20, gap_absolute=1e-4)


def shares(first: int, last: int) -> list[range]:
    """Seeds from first to last, cut into tests."""
    return [range(start, min(start + SHARE, last)) for start in range(first, last, SHARE)]


def same(found: Sequence[float], wanted: Sequence[float]) -> bool:
    """All levels of an objective equal within a cent and a millionth."""
    return all(abs(a - b) <= slack(b) for a, b in zip(found, wanted, strict=True))


def slack(value: float) -> float:
    """How far two prices of the same plan may lie apart."""
    return 0.01 + 1e-6 * abs(value)


def name_of(instance: Instance, **found: object) -> str:
    """How to get a failing instance back, and what disagreed."""
    return f"random_instance({instance.seed}) gives {found}\n{instance.scenario}\n{instance.text}"


def is_exact(instance: Instance) -> bool:
    """Whether every clause is modelled exactly, so that the model and the settlement must agree."""
    everything = Enumeration(instance)
    shared = Shared(everything.model, everything.terms)
    formulate(shared)
    return not shared.inexact


def check_plan(instance: Instance) -> None:
    """The plan reaches the enumerated optimum, and no bound lies below it."""
    best = Enumeration(instance).best()
    if best is None:
        with pytest.raises(InfeasibleError):
            plan(instance.network, instance.catalog, instance.scenario, OPTIONS)
        return
    found = plan(instance.network, instance.catalog, instance.scenario, OPTIONS)
    values, bounds = [level.value for level in found.levels], [level.bound for level in found.levels]
    text = name_of(instance, plan=values, bounds=bounds, enumerated=best.values)
    assert bounds[0] >= best.values[0] - slack(best.values[0]), text
    if is_exact(instance):
        assert same(values, best.values), text
        assert all(b >= v - slack(v) for b, v in zip(bounds, best.values, strict=True)), text
        assert found.gap <= OPTIONS.gap, text


def check_whole_model(instance: Instance) -> None:
    """The whole network as one model has the enumerated optimum, in the model's dollars and settled."""
    everything = Enumeration(instance)
    best = everything.best()
    shared = Shared(everything.model, everything.terms)
    model = formulate(shared)
    floors: dict[str, float] = {}
    answer = None
    for name, weights in objective_stages(instance.scenario):
        answer = solve(assemble(model, weights, floors), LIMITS)
        if answer.x is None:
            break
        floors[name] = answer.objective - 1e-6
    assert answer is not None
    assert (answer.x is None) == (best is None), name_of(instance, model=answer.termination, enumerated=best)
    if answer.x is None or best is None or shared.inexact:
        return
    outcome = everything.pricer.price(model.decisions(split(model, answer.x)))
    settled = [float(level[0]) for level in levels_of(instance.scenario, outcome)]
    text = name_of(instance, settled=settled, model=floors, enumerated=best.values)
    assert same(settled, best.values), text
    assert same(list(floors.values()), best.values), text


@pytest.mark.parametrize("seeds", shares(0, 200), ids=str)
def test_no_decision_beats_the_plan(seeds: Iterable[int]) -> None:
    """Of all decisions on 200 random tiny instances none is better than the plan, and bounds hold."""
    for seed in seeds:
        check_plan(random_instance(seed))


@pytest.mark.parametrize("seeds", shares(200, 400), ids=str)
def test_the_whole_model_has_the_enumerated_optimum(seeds: Iterable[int]) -> None:
    """Clauses modelled exactly give, on 200 further instances, the settlement's dollars and optimum."""
    for seed in seeds:
        check_whole_model(random_instance(seed))


@pytest.mark.long
@pytest.mark.parametrize("seeds", shares(400, 1_400), ids=str)
def test_no_decision_beats_the_plan_on_many(seeds: Iterable[int]) -> None:
    """The same claim on 1,000 further instances."""
    for seed in seeds:
        check_plan(random_instance(seed))


@pytest.mark.long
@pytest.mark.parametrize("seeds", shares(1_400, 4_400), ids=str)
def test_the_whole_model_has_the_enumerated_optimum_on_many(seeds: Iterable[int]) -> None:
    """The same claim on 3,000 further instances."""
    for seed in seeds:
        check_whole_model(random_instance(seed))
