"""The one seam for many solves: any `concurrent.futures.Executor` will do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def solve_pool(workers: int | None) -> Iterator[Executor]:
    """A pool for independent solves. Threads serve: the solver releases the interpreter while it runs."""
    with ThreadPoolExecutor(max_workers=workers or available_cores()) as pool:
        yield pool


def run_all(pool: Executor, function: Callable[[Task], Result], tasks: Iterable[Task]) -> list[Result]:
    """Results in the order of the tasks, whatever the number of workers."""
    return list(pool.map(function, tasks))
