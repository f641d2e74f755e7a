"""Whether a plan, the whole model and the enumeration of all decisions agree on an instance."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from critmass import InfeasibleError, SolveOptions, plan
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import formulate
from critmass.solve.highs import SolveLimits, solve
from critmass.solve.monolith import assemble, split
from critmass.studies.plan import objective_stages
from enumeration import Enumeration, levels_of
from random_instances import Instance

OPTIONS = SolveOptions(gap=1e-6, time_limit_seconds=20)
LIMITS = SolveLimits(time_seconds=20, gap_absolute=1e-4)


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
