"""How planning grows with the network: time to formulate, of a pass, to the first plan, in all, and memory.

    .venv/bin/python tests/benchmarks/growth.py --practices 50 100 200 500 1000 --seconds 120

The protocol is in README.md beside this file. Formulation and planning of each size run in a process of their
own. An exponent of 1.0 means twice the practices, twice the figure.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import bench_tools as tools
import numpy as np

from critmass.domain.errors import NoPlanInTimeError
from critmass.domain.scenario import SolveOptions
from critmass.solve.highs import SolveLimits
from critmass.solve.nodes import Node
from critmass.solve.passes import Passes
from critmass.solve.pricing import Prices
from critmass.studies.plan import plan_network

PATIENCE = 600.0
"""Seconds over the limit after which a planning process is ended."""

MEGABYTE = 2**20


@dataclass(frozen=True)
class Formulated:
    """Seconds to formulate, and the most memory of the process that only did this."""

    seconds: float
    peak_bytes: int


@dataclass(frozen=True)
class Planned:
    """A plan within the time limit. None where it has no such figure."""

    pass_seconds: float | None
    first_plan_seconds: float | None
    total_seconds: float
    gap: float | None
    peak_bytes: int | None


@dataclass(frozen=True)
class Size:
    """All that was measured of one size."""

    practices: int
    formulated: Formulated
    planned: Planned
    stopped: bool
    """Whether the time limit ended the search."""


def peak_bytes() -> int:
    """The most memory that this process has held."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def run_formulate(practices: int) -> Formulated:
    """Formulate in this process."""
    parts = tools.instance(practices)
    start = time.perf_counter()
    tools.formulated(*parts)
    return Formulated(time.perf_counter() - start, peak_bytes())


def run_plan(practices: int, seconds: float) -> Planned:
    """Plan in this process."""
    network, catalog, scenario = tools.instance(practices)
    start = time.perf_counter()
    with timed_passes(practices) as passes:
        try:
            options = SolveOptions(time_limit_seconds=seconds, seed=tools.SEED)
            plan = plan_network(network, catalog, scenario, options)
        except NoPlanInTimeError:
            return Planned(next(iter(passes), None), None, time.perf_counter() - start, None, peak_bytes())
    total = time.perf_counter() - start
    gap = plan.gap if np.isfinite(plan.gap) else None
    return Planned(next(iter(passes), None), plan.first_plan_seconds, total, gap, peak_bytes())


@contextmanager
def timed_passes(practices: int) -> Iterator[list[float]]:
    """Seconds of the passes that price so many practices exactly, as they are made: not of those over a sample."""
    found: list[float] = []
    over_all = Passes.over_all

    def timed(passes: Passes, prices: Prices, node: Node, limits: SolveLimits) -> float:
        start = time.perf_counter()
        bound = over_all(passes, prices, node, limits)
        if len(passes.model.practices) == practices:
            found.append(time.perf_counter() - start)
        return bound

    Passes.over_all = timed  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Passes.over_all = over_all  # type: ignore[method-assign]


def measure(practices: int, seconds: float) -> Size:
    """Both processes of one size."""
    ask = ["--practices", practices, "--seconds", seconds, "--one"]
    formulated = tools.in_fresh_process(__file__, [*ask, "formulate"])
    assert formulated is not None
    planned = tools.in_fresh_process(__file__, [*ask, "plan"], seconds + PATIENCE)
    none = Planned(None, None, seconds + PATIENCE, None, None)
    found = none if planned is None else Planned(**planned)
    return Size(practices, Formulated(**formulated), found, found.total_seconds >= seconds)


COLUMNS: dict[str, Callable[[Size], float | None]] = {
    "formulate": lambda size: size.formulated.seconds,
    "first pass": lambda size: size.planned.pass_seconds,
    "first plan": lambda size: size.planned.first_plan_seconds,
    "total": lambda size: None if size.stopped else size.planned.total_seconds,
    "memory, formulate": lambda size: size.formulated.peak_bytes,
    "memory, plan": lambda size: size.planned.peak_bytes,
}
"""What is fitted. A total that the time limit cut is no measure of growth, so it is printed but not fitted."""


def exponent(sizes: Sequence[Size], figure: Callable[[Size], float | None]) -> float | None:
    """The slope of the least-squares line through the logarithms, of two sizes or more."""
    points = [(size.practices, value) for size in sizes if (value := figure(size))]
    if len({practices for practices, _ in points}) < 2:
        return None
    practices, values = np.log(np.array(points, dtype=np.float64)).T
    return float(np.polyfit(practices, values, 1)[0])


def _memory(size: int | None) -> str:
    return tools.UNKNOWN if size is None else f"{size / MEGABYTE:,.0f} MiB"


def row(size: Size) -> list[str]:
    """A line of the table."""
    total = tools.seconds_text(size.planned.total_seconds)
    return [
        f"{size.practices:,}",
        tools.seconds_text(size.formulated.seconds),
        tools.seconds_text(size.planned.pass_seconds),
        tools.seconds_text(size.planned.first_plan_seconds),
        f"{total} (limit)" if size.stopped else total,
        _memory(size.formulated.peak_bytes),
        _memory(size.planned.peak_bytes),
        tools.UNKNOWN if size.planned.gap is None else f"{size.planned.gap:.1%}",
    ]


def report(sizes: Sequence[Size]) -> str:
    """The table with the fitted exponents as its last line."""
    slopes = [exponent(sizes, figure) for figure in COLUMNS.values()]
    last = ["exponent", *(tools.UNKNOWN if slope is None else f"{slope:.2f}" for slope in slopes), tools.UNKNOWN]
    return tools.table(["practices", *COLUMNS, "gap"], [*map(row, sizes), last])


def main() -> None:
    """Measure every size in turn, or with --one a single process's part, printed as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, nargs="+", default=[50, 100, 200, 500])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--one", choices=("formulate", "plan"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        practices = asked.practices[0]
        found: Any = run_formulate(practices) if asked.one == "formulate" else run_plan(practices, asked.seconds)
        tools.say_as_json(asdict(found))
        return
    tools.say(tools.versions("critmass", "highspy", "numpy", "scipy"))
    tools.say(f"{asked.seconds:,.0f} s of planning at most, one run of each size")
    tools.say(report([measure(practices, asked.seconds) for practices in asked.practices]))


if __name__ == "__main__":
    main()
