"""The one seam for many solves: any `concurrent.futures.Executor` will do.

Threads serve a model that fits one machine: the solver releases the interpreter while it runs. Processes and
a dask cluster need functions, tasks and results that are picklable and self-contained: a function of a
module, and in its task all that it works on. Nothing outside can stop a solve that has begun, on a
cluster least of all, so every task carries its own time limit for the solver.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TypeVar

from critmass.domain.scenario import ExecutorKind
from critmass.solve.processes import process_pool

Task = TypeVar("Task")
Result = TypeVar("Result")


def available_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def solve_pool(
    workers: int | None, kind: ExecutorKind = "threads", scheduler: str | None = None
) -> AbstractContextManager[Executor]:
    """A pool for independent solves, which lasts as long as the `with` block.

    `workers` is the number of threads or processes, by default one for each core that may be used; a
    cluster brings its own. `scheduler` is the address of a dask scheduler.

    Raises:
        InputError: when the cluster cannot be used: no `distributed` installed, an address that is refused
            or does not answer, certificates missing, or workers with another version of critmass.
        LostWorkError: from the block, when a task ended its workers three times.
    """
    if kind == "dask":
        # Only here: the cluster's packages are an extra.
        from critmass.solve.cluster import cluster_pool

        return cluster_pool(scheduler)
    if kind == "processes":
        return process_pool(workers or available_cores())
    return _thread_pool(workers or available_cores())


@contextmanager
def _thread_pool(workers: int) -> Iterator[Executor]:
    pool = _Threads(workers, thread_name_prefix="solve")
    try:
        yield pool
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        pool.shutdown()


class _Threads(ThreadPoolExecutor):
    """Once it is shut down without waiting, the end of its block does not wait either."""

    _waits = True

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._waits = self._waits and wait
        super().shutdown(wait=self._waits, cancel_futures=cancel_futures)


def run_all(
    pool: Executor, function: Callable[[Task], Result], tasks: Iterable[Task], report: Callable[[int], object] = int
) -> list[Result]:
    """Results in the order of the tasks, whatever the number of workers. `report` is told how many are there.

    An error of a task, or Ctrl-C, is raised at once, and tasks that have not begun are dropped. Those that
    have begun run on in threads and on a cluster, until their own time limit; processes are ended with the
    pool.
    """
    futures = []
    try:
        for task in tasks:
            futures.append(pool.submit(function, task))
        results = []
        for future in futures:
            results.append(future.result())
            report(len(results))
        return results
    except BaseException:
        for future in futures:
            future.cancel()
        raise
