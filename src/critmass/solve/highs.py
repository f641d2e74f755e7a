"""The one place that talks to HiGHS.

Statuses are reported as found and nothing is called optimal here on the solver's word alone: callers
check feasibility and objective outside.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
Termination = Literal["solved", "limit", "infeasible", "unbounded", "failed"]

INTEGRALITY = 1e-7

NEGLIGIBLE = 1e-9
"""What a row may be missed by without a look at its size."""


@dataclass(frozen=True)
class Problem:
    """maximize offset + objective @ x over row_lower <= matrix @ x <= row_upper, lower <= x <= upper."""

    objective: FloatArray
    offset: float
    lower: FloatArray
    upper: FloatArray
    integer: NDArray[np.bool_]
    matrix: sparse.csr_array
    row_lower: FloatArray
    row_upper: FloatArray


@dataclass(frozen=True)
class SolveLimits:
    """When to stop, how many of the points found on the way are kept beside the best one, and whether the model is
    simplified before it is solved."""

    time_seconds: float = 60.0
    gap_absolute: float = 1e-6
    gap_relative: float = 0.0
    nodes: int | None = None
    threads: int = 1
    seed: int = 1
    heuristics: bool = True
    keep_points: int = 0
    presolve: bool = True


@dataclass(frozen=True)
class Answer:
    """What a solve returned. `x` is None without a feasible point; `bound` is valid for the maximum, and infinite
    where the solve failed."""

    termination: Termination
    x: FloatArray | None
    objective: float
    bound: float
    row_duals: FloatArray | None = None
    other_points: tuple[FloatArray, ...] = ()


def solve(
    problem: Problem,
    limits: SolveLimits,
    start: FloatArray | None = None,
    stopped: Callable[[float], bool] | None = None,
) -> Answer:
    """Solve a model; every returned point was checked against its rows and bounds outside the solver.

    A model with yes/no decisions is solved until `stopped`, which is told what is proved so far, says so, at the latest
    until its limits.

    Where that check fails, or the solver gives up, what it simplified beforehand lost too much precision: the model is
    solved once more as it is.
    """
    if not len(problem.objective):
        return _empty(problem)
    begun = time.monotonic()
    answer = _run(load(problem, limits), problem, limits, start, stopped)
    left = limits.time_seconds - (time.monotonic() - begun)
    if answer.termination != "failed" or left <= 0 or not limits.presolve:
        return answer
    limits = replace(limits, time_seconds=left, presolve=False)
    return _run(load(problem, limits), problem, limits, start, stopped)


def both_sided(problem: Problem) -> Problem:
    """The same model with a second side for every row, beyond all that variables with two bounds can make of it.

    Rows of one side and yes/no decisions are strengthened by covers before a solve, one after the other, in a loop that
    looks at no clock: HiGHS 1.16 did not come back from choices of plans.
    """
    adds, takes = problem.matrix.maximum(0.0), (-problem.matrix).maximum(0.0)
    least = adds @ problem.lower - takes @ problem.upper
    most = adds @ problem.upper - takes @ problem.lower
    return replace(
        problem,
        row_lower=np.where(problem.row_lower == -np.inf, least - np.abs(least) - 1.0, problem.row_lower),
        row_upper=np.where(problem.row_upper == np.inf, most + np.abs(most) + 1.0, problem.row_upper),
    )


class Basis:
    """Where a linear solve ended, for another one over the same rows to begin there."""

    def __init__(self, found: highspy.HighsBasis) -> None:
        self.found = found

    def __reduce__(self) -> tuple[Callable[[bytes, bytes], Basis], tuple[bytes, bytes]]:
        """Statuses as numbers, for other processes."""
        return _basis, (bytes(map(int, self.found.col_status)), bytes(map(int, self.found.row_status)))


def _basis(columns: Sequence[int], rows: Sequence[int]) -> Basis:
    found = highspy.HighsBasis()
    found.col_status = [highspy.HighsBasisStatus(status) for status in columns]
    found.row_status = [highspy.HighsBasisStatus(status) for status in rows]
    found.valid = True
    return Basis(found)


def solve_linear(problem: Problem, limits: SolveLimits, basis: Basis | None) -> tuple[Answer, Basis | None]:
    """The linear relaxation of a model, and where its solve ended.

    It begins at the basis, if there is one, which takes a third of the time where only prices or bounds are others. The
    optimum is the same.
    """
    linear = replace(problem, integer=np.zeros_like(problem.integer))
    highs = load(linear, limits)
    if basis is not None:
        highs.setBasis(basis.found)
    answer = _run(highs, linear, limits, None, None)
    if answer.termination == "failed":
        return solve(linear, replace(limits, presolve=False)), None
    return answer, Basis(highs.getBasis()) if answer.termination == "solved" else None


def _run(
    highs: highspy.Highs,
    problem: Problem,
    limits: SolveLimits,
    start: FloatArray | None,
    stopped: Callable[[float], bool] | None,
) -> Answer:
    if stopped is not None:
        highs.cbMipInterrupt.subscribe(
            lambda event: event.interrupt() if stopped(event.data_out.mip_dual_bound) else None
        )
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = start.tolist()
        highs.setSolution(solution)
    highs.run()
    return _read(highs, problem, limits.keep_points)


def _empty(problem: Problem) -> Answer:
    """A model without variables, such as an organization's that has neither hub nor contracts: its rows hold or not."""
    if (problem.row_lower > INTEGRALITY).any() or (problem.row_upper < -INTEGRALITY).any():
        return Answer("infeasible", None, -np.inf, -np.inf)
    rows = problem.matrix.shape[0]
    return Answer("solved", np.zeros(0), problem.offset, problem.offset, np.zeros(rows))


class Quiet(highspy.Highs):
    """A solver object that says nothing on stdout, where plans and JSON go.

    From version 1.16 on HiGHS prints its name while it is being made, unless it was told to be quiet before callbacks
    are switched on.
    """

    def enableCallbacks(self) -> None:  # noqa: N802
        """As ever, but quietly."""
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def load(problem: Problem, limits: SolveLimits) -> highspy.Highs:
    """A solver object holding the model, for callers that change and re-solve it in place."""
    highs = Quiet()  # type: ignore[no-untyped-call]
    highs.setOptionValue("presolve", "choose" if limits.presolve else "off")
    highs.setOptionValue("threads", limits.threads)
    highs.setOptionValue("parallel", "off" if limits.threads == 1 else "choose")
    highs.setOptionValue("random_seed", limits.seed)
    highs.setOptionValue("time_limit", max(limits.time_seconds, 0.05))
    highs.setOptionValue("mip_rel_gap", limits.gap_relative)
    highs.setOptionValue("mip_abs_gap", limits.gap_absolute)
    highs.setOptionValue("mip_feasibility_tolerance", INTEGRALITY)
    highs.setOptionValue("primal_feasibility_tolerance", 1e-7)
    highs.setOptionValue("mip_improving_solution_save", limits.keep_points > 0)
    # A restart simplifies the model with its cuts anew, which looks at no clock: HiGHS 1.16 did not come back from one.
    highs.setOptionValue("mip_allow_restart", False)
    if limits.nodes is not None:
        highs.setOptionValue("mip_max_nodes", limits.nodes)
    if not limits.heuristics:
        for name in (
            "mip_heuristic_run_rins",
            "mip_heuristic_run_rens",
            "mip_heuristic_run_root_reduced_cost",
        ):
            highs.setOptionValue(name, False)
    _pass_model(highs, problem)
    return highs


def _pass_model(highs: highspy.Highs, problem: Problem) -> None:
    """By pointers to whole arrays: set one by one in a HighsLp, their numbers would become Python objects first."""
    rows, columns = problem.matrix.shape
    highs.passModel(
        columns, rows, problem.matrix.nnz, int(highspy.MatrixFormat.kRowwise), int(highspy.ObjSense.kMaximize),
        problem.offset, problem.objective, problem.lower, problem.upper, problem.row_lower, problem.row_upper,
        problem.matrix.indptr.astype(np.int32, copy=False), problem.matrix.indices.astype(np.int32, copy=False),
        problem.matrix.data,
        problem.integer.astype(np.int32),
    )  # fmt: skip


_TERMINATIONS: dict[highspy.HighsModelStatus, Termination] = {
    highspy.HighsModelStatus.kOptimal: "solved",
    highspy.HighsModelStatus.kInfeasible: "infeasible",
    highspy.HighsModelStatus.kUnbounded: "unbounded",
    highspy.HighsModelStatus.kUnboundedOrInfeasible: "infeasible",
    highspy.HighsModelStatus.kTimeLimit: "limit",
    highspy.HighsModelStatus.kIterationLimit: "limit",
    highspy.HighsModelStatus.kSolutionLimit: "limit",
    highspy.HighsModelStatus.kInterrupt: "limit",
}


def _read(highs: highspy.Highs, problem: Problem, keep_points: int) -> Answer:
    termination = _TERMINATIONS.get(highs.getModelStatus(), "failed")
    info, solution = highs.getInfo(), highs.getSolution()
    is_mip = bool(problem.integer.any())
    x = np.array(solution.col_value, dtype=np.float64) if solution.value_valid else None
    if x is not None:
        x = np.clip(x, problem.lower, problem.upper)
    if x is not None and violation(problem, x) > 1e-4:
        x, termination = None, "failed" if termination == "solved" else termination
    value = -np.inf if x is None else float(problem.offset + problem.objective @ x)
    bound = float(info.mip_dual_bound) if is_mip else value if termination == "solved" else np.inf
    if termination == "infeasible":
        bound = -np.inf
    elif termination == "failed":
        bound = np.inf
    duals = None
    if not is_mip and termination == "solved":
        duals = np.array(solution.row_dual, dtype=np.float64)
    return Answer(termination, x, value, max(bound, value), duals, _others(highs, problem, keep_points))


def _others(highs: highspy.Highs, problem: Problem, keep: int) -> tuple[FloatArray, ...]:
    """The last improving points before the best one, each checked."""
    if not keep:
        return ()
    found = [np.array(item.col_value, dtype=np.float64) for item in highs.getSavedMipSolutions()[-keep - 1 : -1]]
    return tuple(x for x in reversed(found) if len(x) == len(problem.lower) and violation(problem, x) <= 1e-4)


def violation(problem: Problem, x: FloatArray) -> float:
    """Largest violation of a row, bound or integrality at a point, relative to the row's size: its largest
    coefficient, or a thousandth of all that is added up in it, which is what rounding leaves of large sums, or one."""
    activity = problem.matrix @ x
    rows = np.maximum(problem.row_lower - activity, activity - problem.row_upper)
    beyond = np.flatnonzero(rows > NEGLIGIBLE)
    if beyond.size:
        parts = np.abs(problem.matrix[beyond])
        rows[beyond] /= np.maximum(1.0, np.maximum(parts.max(axis=1).toarray().ravel(), 1e-3 * (parts @ np.abs(x))))
    bounds = np.maximum(problem.lower - x, x - problem.upper)
    fractions = np.abs(x - np.round(x))[problem.integer]
    return float(max((part.max(initial=0.0) for part in (rows, bounds, fractions)), default=0.0))
