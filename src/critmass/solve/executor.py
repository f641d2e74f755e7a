"""The one seam for many solves: any `concurrent.futures.Executor` will do.

Threads serve a model that fits one machine: the solver releases the interpreter while it runs. Processes and
a dask cluster need functions, tasks and results that are picklable and self-contained: a function of a
module, and in its task all that it works on. Nothing outside can stop a solve that has begun, on a
cluster least of all, so every task carries its own time limit for the solver.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

from critmass.domain.scenario import ExecutorKind
from critmass.solve.processes import process_pool

Task = TypeVar("Task")
Given = ParamSpec("Given")
Result = TypeVar("Result")

SECONDS_AT_EXIT = 15.0
"""How long the end of a process waits for threads that nobody waited for."""


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
    pool = _Threads(workers)
    try:
        yield pool
    except KeyboardInterrupt:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    finally:
        pool.shutdown()


class _Threads(Executor):
    """Threads that a process need not wait for to end: a solver may not come back from what it was asked.

    Once it is shut down without waiting, the end of its block does not wait either.
    """

    def __init__(self, workers: int) -> None:
        self._tasks = SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None]()
        self._waits, self._ended = True, False
        self._threads = [threading.Thread(target=self._work, name="solve", daemon=True) for _ in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        if self._ended:
            raise RuntimeError("the pool of threads has ended and takes no more tasks")
        future = Future[Result]()
        self._tasks.put((future, partial(fn, *args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._ended = True
        if not wait:
            self._waits = False
            atexit.register(self._wait_a_little)
        while cancel_futures and not self._tasks.empty():
            with suppress(Empty):
                _cancel(self._tasks.get_nowait())
        for _ in self._threads:
            self._tasks.put(None)
        if self._waits:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            future, call = task
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(call())
                except BaseException as error:
                    future.set_exception(error)
            # What a task worked on is not kept until the next one.
            del task, future, call

    def _wait_a_little(self) -> None:
        """An interpreter does not end well under a solver that is about to come back."""
        end = time.monotonic() + SECONDS_AT_EXIT
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))


def _cancel(task: tuple[Future[Any], Callable[[], Any]] | None) -> None:
    if task is not None:
        task[0].cancel()


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
