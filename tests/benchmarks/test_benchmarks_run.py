"""The benchmark scripts still run, and their checks can fail. What they measure is no test's business."""

from __future__ import annotations

from dataclasses import replace

import bench_tools as tools
import growth
import modelling_layer
import numpy as np
import overhead
import pytest
import replan_times
import solver_peers
from modelling_peers import PEERS

from critmass.solve.highs import Problem
from critmass.solve.passes import Passes


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


def test_time_in_the_solver_is_seen_and_counted_once() -> None:
    """Planning one practice solves something; where spans overlap, wall time counts once; nothing stays wrapped."""
    before = dict(vars(overhead.highspy.Highs))
    run = overhead.run_here(1, 5.0)
    assert dict(vars(overhead.highspy.Highs)) == before
    assert run.solves > 0
    assert run.solving_wall > 0
    assert 0 < run.idle_wall < run.wall
    assert overhead.covered([(3.0, 4.0), (0.0, 2.0), (1.0, 2.5), (3.5, 3.6)]) == pytest.approx(3.5)
    assert len(overhead.row(1, [run])) == len(overhead.HEADER)


def test_growth_is_fitted() -> None:
    """A figure that grows with the square of the practices has exponent 2; what is unknown is left out."""
    sizes = [
        growth.Size(n, growth.Formulated(n**2.0, n * 10**6), growth.Planned(None, None, 9.0, None, None), stopped=True)
        for n in (10, 20, 50)
    ]
    assert growth.exponent(sizes, growth.COLUMNS["formulate"]) == pytest.approx(2.0)
    assert growth.exponent(sizes, growth.COLUMNS["total"]) is None
    last = [cell.strip() for cell in growth.report(sizes).splitlines()[-1].strip("|").split("|")]
    assert last == ["exponent", "2.00", "-", "-", "-", "1.00", "-", "-"]


def test_passes_over_everyone_are_timed() -> None:
    """A plan of six practices makes passes over six, none over five, and leaves the class as it was."""
    over_all = Passes.over_all
    with growth.timed_passes(6) as six, growth.timed_passes(5) as five:
        planned = growth.run_plan(6, 20.0)
    assert six
    assert not five
    assert planned.pass_seconds == pytest.approx(six[0], rel=0.5)
    assert Passes.over_all is over_all


def test_medians_of_questions() -> None:
    """A question without a certified gap counts as infinite, and so does a median of such."""
    runs = [replan_times.Run(float(n), 2.0 * n, None if n > 1 else 0.01, 10 * n, n) for n in (1, 2, 3)]
    line = replan_times.medians([(run, run) for run in runs])
    assert line == ["median", "2.00 s", "4.00 s", "-", "20", "2", "- (2.00 s)"]
    assert replan_times.medians([(runs[0], runs[0])])[3] == "1.00%"
    assert len(line) == len(replan_times.row("one", runs[0], None)) == len(replan_times.HEADER)


def test_tables_are_aligned() -> None:
    """Every line of a table is as wide as the others, whatever is in it."""
    lines = tools.table(["what", "how much"], [["a longer name", "1"], ["b", "12,345,678 s"]]).splitlines()
    assert len({len(line) for line in lines}) == 1
