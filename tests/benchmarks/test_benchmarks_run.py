"""The benchmark scripts still run, and their checks can fail. What they measure is no test's business."""

from __future__ import annotations

from dataclasses import replace

import bench_tools as tools
import modelling_layer
import numpy as np
import pytest
import solver_peers
from modelling_peers import PEERS

from critmass.solve.highs import Problem


@pytest.fixture(scope="module")
def small() -> Problem:
    """The whole model of the instance on which ways are checked."""
    return modelling_layer.whole_problem(tools.formulated(*tools.instance(modelling_layer.SMALL)))


def test_the_modelling_layer_runs() -> None:
    """Ours and PuLP build and hand over the same model of two practices."""
    lines = modelling_layer.measure(2, ["PuLP"], times=1, anew=False).splitlines()
    assert lines[0].startswith("2 practices: ")
    assert [line.split("|")[1].split()[0] for line in lines[3:5]] == ["critmass", "PuLP"]


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that is missing is a line of the table."""
    second = modelling_layer.Time(1.0, 1.0)
    monkeypatch.setattr(tools, "installed", lambda package: False)
    monkeypatch.setattr(modelling_layer, "run_ours", lambda practices: modelling_layer.Run(second, second, second))
    last = modelling_layer.measure(modelling_layer.SMALL, ["Pyomo"], times=1, anew=False).splitlines()[-2]
    assert last.split("|")[1:3] == [" Pyomo               ", f" {tools.NOT_INSTALLED} "]


@pytest.mark.parametrize("change", ["a coefficient", "a side", "a row", "a kind", "a cost"])
def test_another_model_is_noticed(change: str, small: Problem, monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that hands over a slightly different model stops the benchmark."""
    monkeypatch.setitem(PEERS, "PuLP", replace(PEERS["PuLP"], prepare=lambda it: PULP.prepare(changed(it, change))))
    with pytest.raises(SystemExit, match="PuLP handed over another model"):
        modelling_layer.run_peer("PuLP", small, small)


PULP = PEERS["PuLP"]


def changed(problem: Problem, change: str) -> Problem:
    """Almost the same problem."""
    if change == "a row":
        return replace(
            problem,
            matrix=problem.matrix[:-1],
            row_lower=problem.row_lower[:-1],
            row_upper=problem.row_upper[:-1],
        )
    if change == "a kind":
        integer = problem.integer.copy()
        integer[problem.matrix.indices[0]] ^= True
        return replace(problem, integer=integer)
    if change == "a cost":
        return replace(problem, objective=1.001 * problem.objective)
    if change == "a coefficient":
        matrix = problem.matrix.copy()
        matrix.data[0] = 0.0
        return replace(problem, matrix=matrix)
    return replace(problem, row_lower=problem.row_lower - 1.0, row_upper=problem.row_upper - 1.0)


def test_solver_peers_run() -> None:
    """The greedy plan of three practices, as settlement prices it, is a line of the table."""
    lines = solver_peers.measure(solver_peers.Asked(3, 5.0, 0.02), ["greedy"], anew=False).splitlines()
    assert lines[0].startswith("3 practices")
    assert lines[3].split("|")[1].strip() == "greedy plan"
    assert "$" in lines[3]
    assert len(lines) == 4


def test_a_solver_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """SCIP is not needed to measure the others."""
    monkeypatch.setattr(tools, "installed", lambda package: False)
    table = solver_peers.measure(solver_peers.Asked(3, 5.0, 0.02), ["scip"], anew=False)
    assert tools.NOT_INSTALLED in table


def test_a_bound_below_a_plan_is_said() -> None:
    """A plan that is worth more than what another solver proved is called a contradiction."""
    found = {"highs": solver_peers.Found(90.0, 100.0, 1.0), "critmass": solver_peers.Found(100.0, 110.0, 1.0)}
    assert solver_peers.contradictions(found) == []
    found["critmass"] = solver_peers.Found(101.0, 110.0, 1.0)
    assert len(solver_peers.contradictions(found)) == 1


@pytest.mark.skipif(not tools.installed("pyscipopt"), reason="pyscipopt is not installed")
def test_scip_gets_the_same_model(small: Problem) -> None:
    """SCIP's relaxation of the two-practice model is worth what ours is."""
    model, columns = solver_peers.scip_model(replace(small, integer=np.zeros_like(small.integer)))
    model.optimize()
    assert len(columns) == len(small.objective)
    expected = modelling_layer.facts_of(small, with_value=True).value
    assert model.getObjVal() == pytest.approx(expected, rel=1e-6)
