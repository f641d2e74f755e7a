"""Any other solver, and `.lp` and `.mps` files, through PuLP: built from the same arrays, only when asked.

Nothing that PuLP says of a solve is taken over: a point is checked against the rows, its objective is
computed anew, and a bound is claimed only where the solver finished its proof.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pulp

from critmass.domain.errors import InputError
from critmass.domain.errors import Problem as Complaint
from critmass.formulation.network_model import NetworkModel
from critmass.solve.highs import (
    INTEGRALITY,
    Answer,
    FloatArray,
    Problem,
    SolveLimits,
    Termination,
    solve,
    violation,
)
from critmass.solve.lp_names import CONSTANT, readable_names
from critmass.solve.monolith import row_names, variable_names

UNSTATED_GAP = 1e-4
"""Relative gap granted to a solver that takes none through PuLP: the largest default of the common ones."""

CHECKED = 1e-4
"""Largest violation, relative to the row's size, at which a point counts as feasible."""

_OPTIMAL, _NOT_SOLVED, _INFEASIBLE, _UNBOUNDED, _UNDEFINED, _NUMERICAL = 1, 0, -1, -2, -3, -12
_PROVEN = 1


@dataclass(frozen=True)
class Names:
    """What a model, its variables and its rows are called, in the order of the arrays."""

    model: str
    variables: Sequence[str]
    rows: Sequence[str]


def network_names(model: NetworkModel, floors: Mapping[str, float] | None = None, name: str = "critmass") -> Names:
    """The names of a whole network's model as `critmass.solve.monolith.assemble` orders it."""
    return Names(name, variable_names(model), row_names(model, floors))


def to_pulp(problem: Problem, variable_names: Sequence[str], row_names: Sequence[str], name: str) -> pulp.LpProblem:
    """The same maximisation as a PuLP problem, with readable names. Rows without a side are left out.

    The objective's constant is the coefficient of `objective_constant`, a variable fixed at 1: files and
    solvers drop a bare constant. A row with two different sides becomes two rows, `name.low` and `name.high`.
    """
    model = pulp.LpProblem(readable_names([name])[0], pulp.LpMaximize)
    one = model.add_variable(CONSTANT, 1.0, 1.0)
    variables = [_variable(model, label, problem, place) for place, label in enumerate(readable_names(variable_names))]
    _add_objective(model, variables, one, problem)
    for place, label in enumerate(readable_names(row_names)):
        _add_row(model, variables, one, problem, place, label)
    return model


def _variable(model: pulp.LpProblem, name: str, problem: Problem, place: int) -> pulp.LpVariable:
    low, high = float(problem.lower[place]), float(problem.upper[place])
    kind = pulp.LpInteger if problem.integer[place] else pulp.LpContinuous
    return model.add_variable(name, low if np.isfinite(low) else None, high if np.isfinite(high) else None, kind)


def _add_objective(
    model: pulp.LpProblem, variables: Sequence[pulp.LpVariable], one: pulp.LpVariable, problem: Problem
) -> None:
    objective = pulp.lpSum([])
    objective.addterm(one, float(problem.offset))
    for place in np.flatnonzero(problem.objective).tolist():
        objective.addterm(variables[place], float(problem.objective[place]))
    model.setObjective(objective)


def _add_row(
    model: pulp.LpProblem, variables: Sequence[pulp.LpVariable], one: pulp.LpVariable, problem: Problem,
    row: int, name: str,
) -> None:  # fmt: skip
    low, high = float(problem.row_lower[row]), float(problem.row_upper[row])
    matrix, terms = problem.matrix, pulp.lpSum([])
    places = range(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
    for place in places:
        terms.addterm(variables[matrix.indices[place]], float(matrix.data[place]))
    if not places:  # a row without variables still says whether anything is feasible
        low, high = low + 1.0, high + 1.0
        terms.addterm(one, 1.0)
    if low == high:
        model.addConstraint(terms == low, name)
    elif np.isfinite(low) and np.isfinite(high):
        model.addConstraint(terms.copy() >= low, f"{name}.low")
        model.addConstraint(terms <= high, f"{name}.high")
    elif np.isfinite(low):
        model.addConstraint(terms >= low, name)
    elif np.isfinite(high):
        model.addConstraint(terms <= high, name)


def write_lp(problem: Problem, names: Names, path: Path) -> None:
    """Write the model as an `.lp` file with readable names."""
    to_pulp(problem, names.variables, names.rows, names.model).writeLP(str(path))


def write_mps(problem: Problem, names: Names, path: Path) -> None:
    """Write the model as a free `.mps` file that states that the objective is maximised."""
    to_pulp(problem, names.variables, names.rows, names.model).writeMPS(str(path), with_objsense=True)


def available_solvers() -> list[str]:
    """Solvers that PuLP can start here, by the names that `solve_with` takes."""
    with _without_warnings():
        return list(pulp.listSolvers(onlyAvailable=True))


def solve_with(
    problem: Problem, names: Names, solver_name: str, *, time_limit_seconds: float = 60.0,
    gap_relative: float = 0.0, gap_absolute: float = 1e-6,
) -> Answer:  # fmt: skip
    """Solve with any solver that PuLP can start.

    The answer's point satisfies all rows, its objective is computed from it, and its bound is finite only
    where the solver ended with a proof: the better of its point and ours, plus the gap that it was allowed.
    'infeasible' is the solver's word, which no point of its own contradicts.

    Raises:
        InputError: when no such solver is available, with those that are.
    """
    solver, allowed = _solver(solver_name, time_limit_seconds, gap_relative, gap_absolute)
    model = to_pulp(problem, names.variables, names.rows, names.model)
    said = _run(model, solver)
    if said == "failed":
        return Answer("failed", None, -np.inf, np.inf)
    raw = _values(model, problem, names)
    x = _checked_point(problem, raw)
    if (said == "solved" and x is None) or (said == "infeasible" and x is not None):
        said = "failed"
    value = -np.inf if x is None else _objective(problem, x)
    return Answer(said, x, value, _bound(said, max(value, _objective(problem, raw)), allowed, gap_absolute))


def _bound(said: Termination, best: float, gap_relative: float, gap_absolute: float) -> float:
    """What the solver proved: its objective and the gap it was allowed, or nothing."""
    if said == "infeasible":
        return -np.inf
    if said != "solved":
        return np.inf
    return best + max(gap_absolute, gap_relative * abs(best) / (1.0 - min(gap_relative, 0.5)))


def _objective(problem: Problem, x: FloatArray) -> float:
    return float(problem.offset + problem.objective @ x)


def _solver(name: str, seconds: float, gap_relative: float, gap_absolute: float) -> tuple[pulp.LpSolver, float]:
    """The solver, and the relative gap at which it may call a plan optimal."""
    offered = available_solvers()
    found = next((item for item in offered if item.casefold() == name.casefold()), None)
    if found is None:
        fix = f"use one of {', '.join(offered)}, or install {name} so that PuLP finds it"
        raise InputError([Complaint("solver", f"no solver {name!r} is available here", fix)])
    wanted = {"timeLimit": seconds, "gapRel": gap_relative, "gapAbs": gap_absolute, "threads": 1}
    with _without_warnings():
        known = inspect.signature(type(pulp.getSolver(found, msg=False)).__init__).parameters
        taken = {key: value for key, value in wanted.items() if key in known}
        return pulp.getSolver(found, msg=False, **taken), gap_relative if "gapRel" in taken else UNSTATED_GAP


@contextmanager
def _without_warnings() -> Iterator[None]:
    """PuLP warns of solvers that it will drop; that choice is the user's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _run(model: pulp.LpProblem, solver: pulp.LpSolver) -> Termination:
    """Run, and say what the solver claims: after a time limit only `sol_status` tells the truth."""
    try:
        with _without_warnings():
            returned = model.solve(solver)
    except (pulp.PulpError, KeyError, IndexError):
        return "failed"
    status = int(getattr(returned, "status", returned))
    if status == _OPTIMAL:
        return "solved" if getattr(model, "sol_status", _PROVEN) == _PROVEN else "limit"
    if status in (_UNDEFINED, _NUMERICAL):
        return "failed"
    claims: dict[int, Termination] = {_INFEASIBLE: "infeasible", _UNBOUNDED: "unbounded"}
    return claims.get(status, "limit")


def _values(model: pulp.LpProblem, problem: Problem, names: Names) -> FloatArray:
    """Values as the solver left them; variables that no row and no objective holds stay at their least."""
    found = {variable.name: variable.value() for variable in model.variables()}
    least = np.clip(0.0, problem.lower, problem.upper)
    values = [found.get(name) for name in readable_names(names.variables)]
    return np.array(
        [low if value is None else value for value, low in zip(values, least, strict=True)], dtype=np.float64
    )


def _checked_point(problem: Problem, raw: FloatArray) -> FloatArray | None:
    """A point that satisfies all rows and bounds, with whole numbers where they are asked for, or None.

    Solvers that answer through files give about eight digits, too few for rows in dollars: the whole
    decisions are kept, and the rest is computed anew.
    """
    whole = np.round(raw)
    if np.abs(raw - whole)[problem.integer].max(initial=0.0) > 10 * INTEGRALITY:
        return None
    x = np.clip(np.where(problem.integer, whole, raw), problem.lower, problem.upper)
    if violation(problem, x) <= INTEGRALITY:
        return x
    fixed = replace(
        problem,
        lower=np.where(problem.integer, x, problem.lower),
        upper=np.where(problem.integer, x, problem.upper),
        integer=np.zeros_like(problem.integer),
    )
    answer = solve(fixed, SolveLimits())
    good = answer.x is not None and violation(problem, answer.x) <= CHECKED
    return answer.x if good else None
