"""Times how long a whole network's matrix takes to build and hand over to HiGHS: ours, linopy, PuLP and Pyomo.

    .venv/bin/python tests/benchmarks/modelling_layer.py --practices 100

The protocol is in README.md beside this file. Every run is a process of its own, which first builds a small
instance and compares it with ours: that is its check, and it warms up imports.
"""

from __future__ import annotations

import argparse
import gc
import math
import pickle
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import bench_tools as tools
import highspy
import numpy as np
from modelling_peers import PEERS, Way
from scipy.optimize import Bounds, LinearConstraint, milp

from critmass.formulation.network_model import NetworkModel
from critmass.solve.highs import Problem, SolveLimits, load
from critmass.solve.monolith import assemble

OURS = "critmass"
WAYS = (OURS, *PEERS)
SMALL = 2
"""Practices of the instance on which every way is checked."""

RUNS = 3
DROPPED = 1e-9
"""HiGHS leaves out coefficients up to this size."""

AGREE = 1e-6
"""Largest relative difference between two values of the linear relaxation."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Facts:
    """What a model holds, and the value of its linear relaxation (only of the small instance).

    Columns count where a row or the objective has them: some libraries leave out the others.
    """

    columns: int
    rows: int
    nonzeros: int
    whole_columns: int
    value: float | None = None


@dataclass(frozen=True)
class Time:
    """Wall and processor seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Run:
    """One run of one way; `formulate` only of ours."""

    build: Time
    hand_over: Time
    formulate: Time | None = None


def whole_problem(model: NetworkModel) -> Problem:
    """One model of all blocks, as the relaxation uses it."""
    return assemble(model, tools.only_stage(model.shared.model.scenario).weights)


def facts_of(problem: Problem, *, with_value: bool) -> Facts:
    """The facts of the arrays, without any of the ways' code; the value by SciPy."""
    matrix = problem.matrix.copy()
    matrix.data[np.abs(matrix.data) <= DROPPED] = 0.0
    matrix.eliminate_zeros()
    used = (np.bincount(matrix.indices, minlength=matrix.shape[1]) > 0) | (problem.objective != 0)
    value = None
    if with_value:
        rows = LinearConstraint(problem.matrix, problem.row_lower, problem.row_upper)
        answer = milp(-problem.objective, constraints=rows, bounds=Bounds(problem.lower, problem.upper))
        value = problem.offset - float(answer.fun)
    return Facts(int(used.sum()), matrix.shape[0], int(matrix.nnz), int((used & problem.integer).sum()), value)


def facts_handed_over(highs: highspy.Highs, problem: Problem, way: Way | None, *, with_value: bool) -> Facts:
    """The same facts of what HiGHS received. The value needs a solve, after which the model is a linear one."""
    lp = highs.getLp()
    count = lp.num_col_
    whole = np.array([kind == highspy.HighsVarType.kInteger for kind in lp.integrality_] or [False] * count)
    used = np.array(lp.col_cost_) != 0
    inner = np.array(lp.a_matrix_.index_, dtype=np.int64)
    if lp.a_matrix_.format_ == highspy.MatrixFormat.kColwise:
        used |= np.diff(np.array(lp.a_matrix_.start_)) > 0
    else:
        used |= np.bincount(inner, minlength=count) > 0
    sizes = Facts(int(used.sum()), lp.num_row_, len(inner), int((used & whole).sum()))
    if not with_value:
        return sizes
    highs.setOptionValue("output_flag", False)
    highs.changeColsIntegrality(count, np.arange(count), np.full(count, highspy.HighsVarType.kContinuous))
    highs.run()
    value = float(highs.getInfo().objective_function_value)
    if way is not None:
        value = way.sign * value + (0.0 if way.constant else problem.offset)
    return replace(sizes, value=value)


def compare(name: str, found: Facts, expected: Facts) -> None:
    """Stop when a way's model is another one than ours."""
    agree = replace(found, value=None) == replace(expected, value=None)
    if found.value is not None and expected.value is not None:
        agree = agree and math.isclose(found.value, expected.value, rel_tol=AGREE, abs_tol=AGREE)
    if not agree:
        raise SystemExit(f"{name} handed over another model: {found} instead of {expected}")


def clocked(action: Callable[[], Result]) -> tuple[Result, Time]:
    """What an action returns, and how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = action()
    return result, Time(time.perf_counter() - wall, time.process_time() - cpu)


def run_ours(practices: int) -> Run:
    """The small instance, checked; then the large one: formulated, which is told apart, assembled, handed over."""
    _ours(SMALL, with_value=True)
    return _ours(practices, with_value=False)


def _ours(practices: int, *, with_value: bool) -> Run:
    parts = tools.instance(practices)
    gc.collect()
    model, formulate = clocked(lambda: tools.formulated(*parts))
    problem, build = clocked(lambda: whole_problem(model))
    highs, hand_over = clocked(lambda: load(problem, SolveLimits()))
    found = facts_handed_over(highs, problem, None, with_value=with_value)
    compare(OURS, found, facts_of(problem, with_value=with_value))
    return Run(build, hand_over, formulate)


def run_peer(name: str, small: Problem, large: Problem) -> Run:
    """A peer on the small instance, checked, and then on the large one, timed and counted."""
    way = PEERS[name]
    found = facts_handed_over(way.hand_over(way.build(way.prepare(small))), small, way, with_value=True)
    compare(name, found, facts_of(small, with_value=True))
    prepared = way.prepare(large)
    gc.collect()
    built, build = clocked(lambda: way.build(prepared))
    highs, hand_over = clocked(lambda: way.hand_over(built))
    compare(name, facts_handed_over(highs, large, way, with_value=False), facts_of(large, with_value=False))
    return Run(build, hand_over)


def run_here(name: str, practices: int, small: Problem, large: Problem) -> Run:
    """One run in this process."""
    return run_ours(practices) if name == OURS else run_peer(name, small, large)


def run_anew(name: str, practices: int, problems: Path) -> Run:
    """One run in a process of its own."""
    found = tools.in_fresh_process(__file__, ["--practices", practices, "--one", name, "--problems", problems])
    assert found is not None
    return Run(**{part: Time(**times) if times else None for part, times in found.items()})


def median(times: Sequence[Time]) -> Time:
    """The medians of wall and processor seconds."""
    return Time(statistics.median(t.wall for t in times), statistics.median(t.cpu for t in times))


def total(run: Run) -> Time:
    """Build and hand-over together."""
    return Time(run.build.wall + run.hand_over.wall, run.build.cpu + run.hand_over.cpu)


def row(name: str, runs: Sequence[Run], ours: Time) -> list[str]:
    """A line of the table; each figure is the median of the runs."""
    label = name if name == OURS else f"{name} {tools.version(PEERS[name].package)}" if runs else name
    if not runs:
        return [label, tools.NOT_INSTALLED, *[tools.UNKNOWN] * 5]
    both = median([total(run) for run in runs])
    return [
        label,
        tools.seconds_text(median([run.build for run in runs]).wall),
        tools.seconds_text(median([run.hand_over for run in runs]).wall),
        tools.seconds_text(both.wall),
        f"{both.wall / ours.wall:,.1f}",
        tools.seconds_text(both.cpu),
        f"{both.cpu / ours.cpu:,.1f}",
    ]


def report(practices: int, large: Problem, runs: dict[str, list[Run]]) -> str:
    """The table, and our formulation apart from it."""
    facts, ours = facts_of(large, with_value=False), median([total(run) for run in runs[OURS]])
    formulate = median([run.formulate for run in runs[OURS] if run.formulate])
    header = ["build and hand over", "build", "hand over", "both, wall", "times ours", "both, CPU", "times ours"]
    return "\n".join([
        f"{practices:,} practices: {facts.columns:,} columns ({facts.whole_columns:,} whole), {facts.rows:,} rows, "
        f"{facts.nonzeros:,} non-zeros",
        tools.table(header, [row(name, found, ours) for name, found in runs.items()]),
        f"Not in any row, as every library would need it first: working out the coefficients from practices, "
        f"contracts and workflows (`formulate`) takes us {tools.seconds_text(formulate.wall)} wall, "
        f"{tools.seconds_text(formulate.cpu)} CPU.",
    ])  # fmt: skip


def measure(practices: int, names: Sequence[str], *, times: int = RUNS, anew: bool = True) -> str:
    """Run every way that is installed in turn, several times, and report."""
    small = whole_problem(tools.formulated(*tools.instance(SMALL)))
    large = small if practices == SMALL else whole_problem(tools.formulated(*tools.instance(practices)))
    names = list(dict.fromkeys([OURS, *names]))
    runs: dict[str, list[Run]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        problems = Path(folder) / "problems.pickle"
        problems.write_bytes(pickle.dumps((small, large)))
        for _ in range(times):
            for name in names:
                if name == OURS or tools.installed(PEERS[name].package):
                    run = run_anew(name, practices, problems) if anew else run_here(name, practices, small, large)
                    runs[name].append(run)
    return report(practices, large, runs)


def main() -> None:
    """Measure, or with --one run a single way and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, default=100)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS)
    parser.add_argument("--one", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--problems", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        problems: tuple[Any, Any] = pickle.loads(asked.problems.read_bytes())
        tools.say_as_json(asdict(run_here(asked.one, asked.practices, *problems)))
        return
    tools.say(tools.versions("critmass", "highspy", "numpy", "scipy", *(way.package for way in PEERS.values())))
    tools.say(measure(asked.practices, asked.ways))


if __name__ == "__main__":
    main()
