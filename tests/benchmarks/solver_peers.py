"""Our plan against whole-model solves by HiGHS, CBC and SCIP in the same wall time, and against the greedy plan.

    .venv/bin/python tests/benchmarks/solver_peers.py --practices 12 60 --seconds 120

The protocol is in README.md beside this file. Every solver runs in a process of its own. Whatever a solver
returns, settlement prices its decisions: the objective of every line is in settled dollars.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import bench_tools as tools
import numpy as np

from critmass.domain.errors import NoPlanInTimeError
from critmass.domain.scenario import SolveOptions
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Pricer
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.executor import available_cores
from critmass.solve.greedy import greedy_plan
from critmass.solve.highs import INTEGRALITY, FloatArray, Problem, SolveLimits, solve, violation
from critmass.solve.monolith import assemble, split
from critmass.solve.progress import Clock, relative_gap
from critmass.solve.pulp_bridge import CHECKED, network_names, solve_with
from critmass.studies.plan import plan_network

NO_PLAN = "no plan"
LEAST_SECONDS = 1.0
PATIENCE = 120.0
"""Seconds over its limit after which a solver's process is ended."""


@dataclass(frozen=True)
class Asked:
    """One question to all solvers: the network, the wall time from the domain objects on, and the gap to stop at."""

    practices: int
    seconds: float
    gap: float


@dataclass(frozen=True)
class Found:
    """What a solver returned: the settled objective of its plan and its proved bound, None where it has none."""

    value: float | None
    bound: float | None
    seconds: float
    at_mass: int | None = None


@dataclass(frozen=True)
class Whole:
    """The whole network as one model, what prices its solutions, and the clock that has run since before it."""

    model: NetworkModel
    judge: Judge
    stage: Stage
    problem: Problem
    clock: Clock

    def left(self) -> float:
        """Seconds that a solver may still use."""
        return max(self.clock.left(), LEAST_SECONDS)


def whole(asked: Asked) -> Whole:
    """Formulate and assemble, on the clock."""
    network, catalog, scenario = tools.instance(asked.practices)
    clock = Clock(asked.seconds)
    model = tools.formulated(network, catalog, scenario)
    judge, stage = Judge(model, Pricer(model.shared.model, model.shared.terms)), tools.only_stage(scenario)
    return Whole(model, judge, stage, assemble(model, stage.weights), clock)


def settled(stage: Stage, plan: Candidate | None, bound: float, seconds: float) -> Found:
    """A plan's objective as settlement prices it."""
    proved = bound if np.isfinite(bound) else None
    if plan is None:
        return Found(None, proved, seconds)
    return Found(stage.value(plan.worth), proved, seconds, int(plan.outcome.practices_at_mass[0]))


def answered(problem: Whole, x: FloatArray | None, bound: float) -> Found:
    """A solution of the whole model as a plan."""
    seconds = problem.clock.spent()
    plan = None if x is None else problem.judge.candidate(problem.model.decisions(split(problem.model, x)))
    return settled(problem.stage, plan, bound, seconds)


def by_critmass(asked: Asked) -> Found:
    """The product's own way."""
    network, catalog, scenario = tools.instance(asked.practices)
    clock = Clock(asked.seconds)
    options = SolveOptions(gap=asked.gap, time_limit_seconds=asked.seconds, seed=tools.SEED)
    try:
        plan = plan_network(network, catalog, scenario, options)
    except NoPlanInTimeError:
        return Found(None, None, clock.spent())
    seconds = clock.spent()
    again = whole(asked)
    priced = again.judge.candidate(plan.outcome.decisions)
    return settled(again.stage, priced, plan.bound, seconds)


def by_greedy(asked: Asked) -> Found:
    """Workflows by dollars per effort, one practice at a time."""
    problem = whole(asked)
    plan = greedy_plan(problem.judge, problem.stage)
    return settled(problem.stage, plan, np.inf, problem.clock.spent())


def by_highs(asked: Asked) -> Found:
    """HiGHS on the whole model, with every core."""
    problem = whole(asked)
    limits = SolveLimits(
        time_seconds=problem.left(), gap_relative=asked.gap, threads=available_cores(), seed=tools.SEED
    )
    answer = solve(problem.problem, limits)
    return answered(problem, answer.x, answer.bound)


def by_cbc(asked: Asked) -> Found:
    """CBC through the PuLP bridge, on one core; PuLP passes on no bound after a time limit."""
    problem = whole(asked)
    answer = solve_with(
        problem.problem, network_names(problem.model), "PULP_CBC_CMD",
        time_limit_seconds=problem.left(), gap_relative=asked.gap,
    )  # fmt: skip
    return answered(problem, answer.x, answer.bound)


def by_scip(asked: Asked) -> Found:
    """SCIP on the whole model, row by row from the matrix, on one core."""
    problem = whole(asked)
    model, columns = scip_model(problem.problem)
    model.setParam("limits/time", problem.left())
    model.setParam("limits/gap", asked.gap)
    model.setParam("randomization/randomseedshift", tools.SEED)
    model.optimize()
    solved = model.getStatus() in ("optimal", "gaplimit", "timelimit")
    bound = model.getDualbound() if solved and abs(model.getDualbound()) < model.infinity() else np.inf
    x = None
    if model.getNSols() > 0:
        best = model.getBestSol()
        x = np.array([model.getSolVal(best, column) for column in columns])
    return answered(problem, checked(problem.problem, x), bound)


def scip_model(problem: Problem) -> tuple[Any, list[Any]]:
    """The same model for SCIP, and its columns in order."""
    from pyscipopt import Model, quicksum

    model, matrix = Model(), problem.matrix
    model.hideOutput()
    bounds = zip(problem.lower.tolist(), problem.upper.tolist(), problem.integer.tolist(), strict=True)
    columns = [model.addVar(lb=_side(low), ub=_side(high), vtype="I" if whole else "C") for low, high, whole in bounds]
    for row, (low, high) in enumerate(zip(problem.row_lower.tolist(), problem.row_upper.tolist(), strict=True)):
        part = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
        pairs = zip(matrix.data[part].tolist(), matrix.indices[part].tolist(), strict=True)
        terms = quicksum(value * columns[place] for value, place in pairs)
        if low == high:
            model.addCons(terms == low)
            continue
        if np.isfinite(low):
            model.addCons(terms >= low)
        if np.isfinite(high):
            model.addCons(terms <= high)
    costs = ((place, problem.objective[place]) for place in np.flatnonzero(problem.objective))
    objective = quicksum(float(value) * columns[place] for place, value in costs)
    model.setObjective(objective + float(problem.offset), sense="maximize")
    return model, columns


def _side(value: float) -> float | None:
    return value if np.isfinite(value) else None


def checked(problem: Problem, x: FloatArray | None) -> FloatArray | None:
    """A point that holds in all rows, its whole numbers made whole, or None."""
    if x is None:
        return None
    rounded = np.where(problem.integer, np.round(x), x)
    near = np.abs(rounded - x).max(initial=0.0) <= 100 * INTEGRALITY
    return rounded if near and violation(problem, rounded) <= CHECKED else None


@dataclass(frozen=True)
class Solver:
    """A way to a plan: its label, what runs it, the package that it needs, and the cores that it uses."""

    label: str
    run: Callable[[Asked], Found]
    package: str
    cores: int


SOLVERS = {
    "critmass": Solver("critmass", by_critmass, "critmass", available_cores()),
    "highs": Solver("HiGHS, whole model", by_highs, "highspy", available_cores()),
    "cbc": Solver("CBC, whole model", by_cbc, "pulp", 1),
    "scip": Solver("SCIP, whole model", by_scip, "pyscipopt", 1),
    "greedy": Solver("greedy plan", by_greedy, "critmass", 1),
}


def run_anew(name: str, asked: Asked) -> Found | None:
    """A solver in a process of its own; None when it went far over its time."""
    arguments = ["--one", name, "--practices", asked.practices, "--seconds", asked.seconds, "--gap", asked.gap]
    found = tools.in_fresh_process(__file__, arguments, asked.seconds + PATIENCE)
    return None if found is None else Found(**found)


def row(solver: Solver, found: Found, ours: Found | None) -> list[str]:
    """A line of the table."""
    known = found.value is not None and ours is not None and ours.value is not None
    gap = relative_gap(found.value, found.bound) if found.value is not None and found.bound is not None else np.inf
    return [
        solver.label,
        str(solver.cores),
        _usd(found.value, NO_PLAN),
        f"{found.value - ours.value:+,.0f}" if known and ours is not found else tools.UNKNOWN,
        tools.UNKNOWN if found.at_mass is None else f"{found.at_mass:,}",
        _usd(found.bound, "none"),
        f"{gap:.1%}" if np.isfinite(gap) else tools.UNKNOWN,
        tools.seconds_text(found.seconds),
    ]


def _usd(amount: float | None, nothing: str = tools.UNKNOWN) -> str:
    return nothing if amount is None else f"${amount:,.0f}" if amount >= 0 else f"-${-amount:,.0f}"


HEADER = ["solver", "cores", "objective", "against ours, USD", "at mass", "bound", "gap", "seconds"]


def measure(asked: Asked, names: Sequence[str], *, anew: bool = True) -> str:
    """The table of one network, and what in it cannot be."""
    rows, found = [], dict[str, Found]()
    for name in names:
        solver = SOLVERS[name]
        if not tools.installed(solver.package):
            rows.append([solver.label, str(solver.cores), tools.NOT_INSTALLED, *[tools.UNKNOWN] * 5])
            continue
        answer = run_anew(name, asked) if anew else solver.run(asked)
        found[name] = answer or Found(None, None, asked.seconds + PATIENCE)
        rows.append(row(solver, found[name], found.get("critmass")))
    title = f"{asked.practices:,} practices, {asked.seconds:,.0f} s of wall time, gap asked {asked.gap:.1%}"
    return "\n".join([title, tools.table(HEADER, rows), *contradictions(found)])


def contradictions(found: dict[str, Found]) -> list[str]:
    """Proved bounds that a settled plan exceeds: one of the two must be wrong."""
    return [
        f"CONTRADICTION: {SOLVERS[prover].label} proves at most {_usd(proof.bound)}, "
        f"{SOLVERS[planner].label} has a plan of {_usd(plan.value)}"
        for prover, proof in found.items()
        for planner, plan in found.items()
        if proof.bound is not None and plan.value is not None
        if plan.value > proof.bound + tools.ROUNDING * max(abs(plan.value), 1.0)
    ]


def main() -> None:
    """Measure every network in turn, or with --one run a single solver and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, nargs="+", default=[12, 60])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--gap", type=float, default=0.02)
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=list(SOLVERS))
    parser.add_argument("--one", choices=SOLVERS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    questions = [Asked(practices, given.seconds, given.gap) for practices in given.practices]
    if given.one:
        tools.say_as_json(asdict(SOLVERS[given.one].run(questions[0])))
        return
    tools.say(tools.versions("critmass", "highspy", "pulp", "pyscipopt"))
    for asked in questions:
        tools.say(measure(asked, given.solvers))


if __name__ == "__main__":
    main()
