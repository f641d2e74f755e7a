"""How much of planning is not solving: the time of `plan_network` against the time inside HiGHS `run()`.

    .venv/bin/python tests/benchmarks/overhead.py --practices 12 60 --seconds 60

The protocol is in README.md beside this file. `run()` is wrapped from here, in this process, with threads as
workers; each solve uses one thread, so its processor time is that of the thread that called it.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from typing import Any

import bench_tools as tools
import highspy

from critmass.domain.scenario import SolveOptions
from critmass.solve.executor import available_cores
from critmass.studies.plan import plan_network

RUNS = 3


@dataclass(frozen=True)
class Run:
    """One plan: seconds of wall and processor time, the same inside `run()` summed over threads, wall seconds
    in which no solve ran, and the number of solves."""

    wall: float
    cpu: float
    solving_wall: float
    solving_cpu: float
    idle_wall: float
    solves: float


class Meter:
    """Counts the time inside `run()`, whichever thread calls it."""

    def __init__(self, run: Callable[[highspy.Highs], Any]) -> None:
        self._run, self._lock = run, threading.Lock()
        self.spans: list[tuple[float, float]] = []
        self.cpu = 0.0

    def __call__(self, highs: highspy.Highs) -> Any:
        """`run()`, measured."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            return self._run(highs)
        finally:
            spent = time.thread_time() - cpu
            with self._lock:
                self.spans.append((wall, time.perf_counter()))
                self.cpu += spent


@contextmanager
def metered() -> Iterator[Meter]:
    """`highspy.Highs.run`, measured for as long as the block lasts."""
    inherited = "run" not in vars(highspy.Highs)
    meter = Meter(original := highspy.Highs.run)

    def run(highs: highspy.Highs) -> Any:
        return meter(highs)

    highspy.Highs.run = run
    try:
        yield meter
    finally:
        if inherited:
            del highspy.Highs.run
        else:
            highspy.Highs.run = original


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """Seconds that at least one span covers."""
    total, end = 0.0, float("-inf")
    for start, stop in sorted(spans):
        total += max(stop - max(start, end), 0.0)
        end = max(end, stop)
    return total


def run_here(practices: int, seconds: float) -> Run:
    """One plan of the sample network in this process."""
    network, catalog, scenario = tools.instance(practices)
    options = SolveOptions(time_limit_seconds=seconds, seed=tools.SEED, workers=available_cores())
    with metered() as meter:
        wall, cpu = time.perf_counter(), time.process_time()
        plan_network(network, catalog, scenario, options)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if not meter.spans:
        raise SystemExit("no solve was seen: they run where this benchmark cannot measure them")
    solving = sum(stop - start for start, stop in meter.spans)
    return Run(wall, cpu, solving, meter.cpu, wall - covered(meter.spans), len(meter.spans))


def run_anew(practices: int, seconds: float) -> Run:
    """One plan in a process of its own."""
    found = tools.in_fresh_process(__file__, ["--one", "--practices", practices, "--seconds", seconds])
    assert found is not None
    return Run(**found)


HEADER = [
    "practices", "solves", "wall", "CPU", "run(), wall", "run(), CPU", "CPU / run() CPU", "overhead, CPU",
    "wall without a solve", "overhead, wall",
]  # fmt: skip


def row(practices: int, runs: Sequence[Run]) -> list[str]:
    """A line of the table: medians of the runs."""
    at = Run(*(statistics.median(getattr(run, field.name) for run in runs) for field in fields(Run)))
    return [
        f"{practices:,}",
        f"{at.solves:,.0f}",
        *(tools.seconds_text(seconds) for seconds in (at.wall, at.cpu, at.solving_wall, at.solving_cpu)),
        f"{at.cpu / at.solving_cpu:.2f}",
        f"{1.0 - at.solving_cpu / at.cpu:.1%}",
        tools.seconds_text(at.idle_wall),
        f"{at.idle_wall / at.wall:.1%}",
    ]


def main() -> None:
    """Measure every network, or with --one run a single plan and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, nargs="+", default=[12, 60])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        tools.say_as_json(asdict(run_here(asked.practices[0], asked.seconds)))
        return
    tools.say(tools.versions("critmass", "highspy"))
    tools.say(f"{available_cores()} workers, {asked.seconds:,.0f} s at most, medians of {asked.runs}")
    lines = [row(count, [run_anew(count, asked.seconds) for _ in range(asked.runs)]) for count in asked.practices]
    tools.say(tools.table(HEADER, lines))


if __name__ == "__main__":
    main()
