"""Ctrl-C as an early end of the time limit: a search ends where nothing is half done, and keeps what it has."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, InvalidStateError, wait
from contextlib import contextmanager, suppress
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

import numpy as np

from critmass.solve.executor import solve_pool
from critmass.solve.highs import Answer, FloatArray, Problem, SolveLimits, solve
from critmass.solve.progress import Clock

Given = ParamSpec("Given")
Result = TypeVar("Result")


class SearchStopped(Exception):  # noqa: N818
    """Raised where nothing is half done: a search that was stopped waits for no solve of the executor and brings it
    none, and bounds no further node once the time to wind up is over."""


@contextmanager
def stopped_by_ctrl_c(
    clock: Clock, executor: Executor, told: Callable[[], object] | None
) -> Iterator[Executor]:  # fmt: skip
    """An executor for a search that the first Ctrl-C inside the block stops; the second is a KeyboardInterrupt.

    The first one stops the clock, drops tasks that have not begun, and raises SearchStopped wherever the search waits
    for one; `told` is called, in another thread. The executor that was given goes on to work. At the end of a block
    that was stopped it is shut down, and nobody waits for what it still does.

    Without `told`, in another thread than the main one (which alone hears of Ctrl-C), and where something else than
    Python's usual handler answers it, the given executor comes back and Ctrl-C does what it did before.
    """
    is_ours = threading.current_thread() is threading.main_thread()
    if told is None or not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield executor
        return
    stoppable, asked = StoppableExecutor(executor), SimpleQueue[bool]()

    def first(*_: object) -> None:
        # The main thread may hold any lock here. None is needed: what has to be done is another thread's.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        clock.stop()
        asked.put(True)

    def stop_when_asked() -> None:
        if asked.get():
            stoppable.stop()
            told()

    waiting = threading.Thread(target=stop_when_asked, name="ctrl-c", daemon=True)
    waiting.start()
    signal.signal(signal.SIGINT, first)
    try:
        yield stoppable
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        asked.put(False)
        waiting.join()
        if clock.stopped_after is not None:
            executor.shutdown(wait=False, cancel_futures=True)


OVERDUE_SHARE = 0.1
OVERDUE_SECONDS = 30.0
"""A search is ended from outside this share of its time limit, and at least so many seconds, after it."""

SECONDS_BETWEEN = 1.0
"""Between two reports of what a solver has proved."""


def _grace(limit_seconds: float) -> float:
    return max(OVERDUE_SHARE * limit_seconds, OVERDUE_SECONDS)


@contextmanager
def ended_when_overdue(clock: Clock, executor: Executor) -> Iterator[StoppableExecutor]:
    """An executor for a search that ends, with SearchStopped, even where a solver does not come back.

    Solvers are given limits, and nearly always keep them. At the end of the block nobody waits for a task that has not
    come back.
    """
    guarded = StoppableExecutor(executor)
    timer = threading.Timer(max(clock.left(), 0.0) + _grace(clock.limit_seconds), guarded.stop)
    timer.daemon = True
    timer.start()
    try:
        yield guarded
    finally:
        timer.cancel()
        if guarded.is_busy:
            executor.shutdown(wait=False, cancel_futures=True)


class StoppableExecutor(Executor):
    """Hands tasks on to another executor, until it is stopped: then nothing waits for them any more."""

    def __init__(self, executor: Executor) -> None:
        self._executor, self._lock, self._stopped = executor, threading.Lock(), False
        self._open: dict[Future[Any], Future[Any]] = {}

    def submit(self, fn: Callable[Given, Result], /, *args: Given.args, **kwargs: Given.kwargs) -> Future[Result]:
        """As the executor behind; SearchStopped once it was stopped."""
        future = Future[Result]()
        with self._lock:
            if self._stopped:
                raise SearchStopped
            task = self._executor.submit(fn, *args, **kwargs)
            self._open[future] = task
        task.add_done_callback(partial(self._pass_on, future))
        future.add_done_callback(partial(_drop, task))
        return future

    @property
    def is_busy(self) -> bool:
        """Whether tasks have not come back."""
        with self._lock:
            return bool(self._open)

    @contextmanager
    def free_pool(self) -> Iterator[Executor]:
        """The executor behind, or threads of their own where that one still works on what nobody waits for."""
        if self.is_busy:
            with solve_pool(None) as pool:
                yield pool
        else:
            yield self._executor

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Of the executor behind."""
        self._executor.shutdown(wait, cancel_futures=cancel_futures)

    def stop(self) -> None:
        """Whoever waits for a task gets SearchStopped, as does whoever brings one. Not to be called by a signal's
        handler: the thread that it interrupts may hold the locks that are needed."""
        with self._lock:
            self._stopped, waited_for = True, list(self._open.items())
        for future, task in waited_for:
            with suppress(InvalidStateError):
                future.set_exception(SearchStopped())
            task.cancel()

    def _pass_on(self, future: Future[Any], task: Future[Any]) -> None:
        with self._lock:
            self._open.pop(future, None)
        # Dropped or stopped meanwhile, it takes no result.
        with suppress(InvalidStateError):
            if task.cancelled():
                future.cancel()
            elif (error := task.exception()) is not None:
                future.set_exception(error)
            else:
                future.set_result(task.result())


def _drop(task: Future[Any], future: Future[Any]) -> None:
    if future.cancelled():
        task.cancel()


def solve_until_stopped(
    problem: Problem, limits: SolveLimits, clock: Clock, *, start: FloatArray | None = None,
    enough: Callable[[float], bool] = lambda bound: False, told: Callable[[float], object] = lambda bound: None,
) -> Answer:  # fmt: skip
    """A solve that gives what it has when the clock is stopped or what is proved is `enough`, and ends early when an
    error leaves it behind. `told` hears every second what is proved.

    The solver has a thread of its own: while it works, the thread that called it hears of no signal. Nobody waits for
    one that does not come back long after its limit: then nothing is known.
    """
    proved, left_behind, end = [np.inf], threading.Event(), time.monotonic() + limits.time_seconds

    def stopped(bound: float) -> bool:
        proved[0] = bound
        return clock.stopped_after is not None or left_behind.is_set() or enough(bound)

    with solve_pool(1) as thread:
        answer = thread.submit(solve, problem, limits, start=start, stopped=stopped)
        try:
            while not _came_back(answer):
                told(proved[0])
                if time.monotonic() > end + _grace(limits.time_seconds):
                    thread.shutdown(wait=False)
                    return Answer("failed", None, -np.inf, np.inf)
            return answer.result()
        finally:
            left_behind.set()


def _came_back(answer: Future[Answer]) -> bool:
    return bool(wait([answer], timeout=SECONDS_BETWEEN).done)
