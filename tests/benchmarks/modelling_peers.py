"""One matrix, built and handed over to HiGHS as users of PuLP, Pyomo and linopy are told to do it.

Each peer is imported only when it is asked for. All start from what suits them, made before the clock starts:
Python lists for PuLP and Pyomo, arrays for linopy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import highspy
import numpy as np
import pandas as pd

from critmass.solve.highs import Problem

NO_LIMIT = float("inf")


@dataclass(frozen=True)
class Way:
    """How one library builds a model and hands it over.

    `sign` and `constant` say what became of the objective on the way: whether it was turned round, and whether
    its constant was left out.
    """

    package: str
    prepare: Callable[[Problem], Any]
    build: Callable[[Any], Any]
    hand_over: Callable[[Any], highspy.Highs]
    sign: float = 1.0
    constant: bool = True


@dataclass(frozen=True)
class Row:
    """Terms as (column, coefficient) between two sides."""

    terms: list[tuple[int, float]]
    low: float
    high: float


@dataclass(frozen=True)
class Lists:
    """A problem as plain Python values."""

    objective: list[tuple[int, float]]
    offset: float
    columns: list[tuple[float, float, bool]]
    rows: list[Row]


def as_lists(problem: Problem) -> Lists:
    """The same problem without arrays."""
    matrix = problem.matrix
    indices, data, starts = matrix.indices.tolist(), matrix.data.tolist(), matrix.indptr.tolist()
    terms = [list(zip(indices[a:b], data[a:b], strict=True)) for a, b in pairwise(starts)]
    sides = zip(terms, problem.row_lower.tolist(), problem.row_upper.tolist(), strict=True)
    bounds = zip(problem.lower.tolist(), problem.upper.tolist(), problem.integer.tolist(), strict=True)
    objective = [(column, value) for column, value in enumerate(problem.objective.tolist()) if value]
    return Lists(objective, problem.offset, list(bounds), [Row(*side) for side in sides])


# PuLP ---------------------------------------------------------------------------------------------------


def build_pulp(lists: Lists) -> Any:
    """A variable for each column, an expression from a list for each row: quicker than `lpSum` of products."""
    import pulp

    model = pulp.LpProblem("network", pulp.LpMaximize)
    x = [
        model.add_variable(f"x{place}", _finite(low), _finite(high), pulp.LpInteger if whole else pulp.LpContinuous)
        for place, (low, high, whole) in enumerate(lists.columns)
    ]
    model += pulp.LpAffineExpression([(x[column], value) for column, value in lists.objective], lists.offset)
    for row in lists.rows:
        terms = pulp.LpAffineExpression([(x[column], value) for column, value in row.terms])
        for constraint in _constraints(terms, row):
            model += constraint
    return model


def _finite(side: float) -> float | None:
    return side if abs(side) < NO_LIMIT else None


def _constraints(terms: Any, row: Row) -> Iterator[Any]:
    if row.low == row.high:
        yield terms == row.low
        return
    if row.low > -NO_LIMIT:
        yield terms >= row.low
    if row.high < NO_LIMIT:
        yield terms <= row.high


def hand_over_pulp(model: Any) -> highspy.Highs:
    """What `model.solve(pulp.HiGHS())` does before it runs."""
    import pulp

    solver = pulp.HiGHS(msg=False)
    solver.createAndConfigureSolver(model)
    solver.buildSolverModel(model)
    return model.solverModel


# Pyomo --------------------------------------------------------------------------------------------------


def build_pyomo(lists: Lists) -> Any:
    """A concrete model: indexed variables, and constraints by rule."""
    import pyomo.environ as pyo

    columns, rows = lists.columns, lists.rows
    model = pyo.ConcreteModel()
    model.columns, model.rows = pyo.RangeSet(0, len(columns) - 1), pyo.RangeSet(0, len(rows) - 1)
    kinds = [pyo.Integers if whole else pyo.Reals for _, _, whole in columns]
    model.x = pyo.Var(model.columns, within=lambda _, place: kinds[place], bounds=lambda _, place: columns[place][:2])
    x = model.x

    def constraint(_: Any, place: int) -> Any:
        row = rows[place]
        terms = pyo.quicksum(value * x[column] for column, value in row.terms)
        sides = list(_constraints(terms, row))
        return sides[0] if len(sides) == 1 else pyo.inequality(row.low, terms, row.high)

    model.constraints = pyo.Constraint(model.rows, rule=constraint)
    objective = pyo.quicksum(value * x[column] for column, value in lists.objective) + lists.offset
    model.objective = pyo.Objective(expr=objective, sense=pyo.maximize)
    return model


def hand_over_pyomo(model: Any) -> highspy.Highs:
    """Through Pyomo's newer interface to HiGHS, which is quicker than `appsi_highs`."""
    from pyomo.contrib.solver.solvers.highs import Highs

    solver = Highs()
    solver.set_instance(model)
    return solver._solver_model


# linopy -------------------------------------------------------------------------------------------------


def as_arrays(problem: Problem) -> Problem:
    """linopy takes arrays as they are."""
    import linopy

    linopy.options["semantics"] = "v1"  # what its sparse models ask for
    return problem


def build_linopy(problem: Problem) -> Any:
    """Arrays of variables, rows as grouped sums of terms; sparse, as other models pad each row to the longest."""
    import linopy

    model = linopy.Model(sparse=True)
    kinds = {"continuous": ~problem.integer, "whole": problem.integer}
    parts = [
        1 * model.add_variables(
            _labelled(problem.lower, chosen, "column"), _labelled(problem.upper, chosen, "column"),
            name=name, integer=name == "whole",
        )
        for name, chosen in kinds.items()
    ]  # fmt: skip
    x = linopy.merge(parts, dim="column", cls=linopy.LinearExpression)
    equal = problem.row_lower == problem.row_upper
    least, most = ~equal & np.isfinite(problem.row_lower), ~equal & np.isfinite(problem.row_upper)
    if equal.any():
        model.add_constraints(_sums(x, problem, equal) == _labelled(problem.row_lower, equal, "row"), name="equal")
    if least.any():
        model.add_constraints(_sums(x, problem, least) >= _labelled(problem.row_lower, least, "row"), name="least")
    if most.any():
        model.add_constraints(_sums(x, problem, most) <= _labelled(problem.row_upper, most, "row"), name="most")
    places = np.flatnonzero(problem.objective)
    worth = x.sel(column=places) * _labelled(problem.objective, problem.objective != 0, "column")
    model.add_objective(worth.sum(), sense="max")
    return model


def _labelled(values: Any, chosen: Any, name: str) -> Any:
    return pd.Series(values[chosen], index=pd.Index(np.flatnonzero(chosen), name=name))


def _sums(x: Any, problem: Problem, chosen: Any) -> Any:
    """The terms of some rows, summed by row."""
    import linopy
    import xarray as xr

    rows = np.repeat(np.arange(len(chosen)), np.diff(problem.matrix.indptr))
    kept = chosen[rows]
    term = {"term": pd.RangeIndex(int(kept.sum()))}
    columns = xr.DataArray(problem.matrix.indices[kept], dims="term", coords=term)
    taken = linopy.LinearExpression(x.sel(column=columns).data.drop_vars("column"), x.model)
    terms = taken * xr.DataArray(problem.matrix.data[kept], dims="term", coords=term)
    return terms.groupby(pd.Series(rows[kept], index=pd.RangeIndex(len(rows[kept]), name="term"), name="row")).sum()


def hand_over_linopy(model: Any) -> highspy.Highs:
    """linopy's own export."""
    return model.to_highspy()


PEERS = {
    "linopy": Way("linopy", as_arrays, build_linopy, hand_over_linopy, constant=False),
    "PuLP": Way("pulp", as_lists, build_pulp, hand_over_pulp, sign=-1.0, constant=False),
    "Pyomo": Way("pyomo", as_lists, build_pyomo, hand_over_pyomo),
}
"""The peers by the names that tables print."""
