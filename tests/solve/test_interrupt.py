"""A search that is stopped: nothing waits, nothing is half done, and what was there stays."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from critmass.solve import interrupt, masters
from critmass.solve.executor import run_all, solve_pool
from critmass.solve.highs import Answer, Problem, SolveLimits
from critmass.solve.interrupt import (
    SearchStopped,
    StoppableExecutor,
    ended_when_overdue,
    solve_until_stopped,
    stopped_by_ctrl_c,
)
from critmass.solve.masters import LEAST_SECONDS, PlanTask, solve_plan_problem
from critmass.solve.progress import Clock

SECONDS = 30.0
"""What a test waits for at most."""


@pytest.fixture
def pool() -> Iterator[Executor]:
    """One thread, so that a second task waits."""
    with ThreadPoolExecutor(1) as threads:
        yield threads


class Busy:
    """A task that goes on until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self) -> int:
        self.begun.set()
        assert self.let_go.wait(SECONDS)
        return 1


def hard_problem(rows: int = 8, columns: int = 60) -> Problem:
    """A knapsack of many rows: plans are found at once, and the proof takes far longer than a test."""
    draw = np.random.default_rng(1)
    weights = draw.integers(5, 100, (rows, columns)).astype(float)
    return Problem(
        objective=weights.mean(axis=0) + draw.integers(1, 20, columns),
        offset=0.0,
        lower=np.zeros(columns),
        upper=np.ones(columns),
        integer=np.ones(columns, dtype=np.bool_),
        matrix=sparse.csr_array(weights),
        row_lower=np.full(rows, -np.inf),
        row_upper=weights.sum(axis=1) / 3,
    )


# Executor ---------------------------------------------------------------------------------------------


def test_stopping_wakes_whoever_waits(pool: Executor) -> None:
    """The wait for a task that runs ends with SearchStopped, and so does the next task that is brought."""
    stoppable, busy = StoppableExecutor(pool), Busy()
    threading.Thread(target=lambda: (busy.begun.wait(SECONDS), stoppable.stop())).start()
    with pytest.raises(SearchStopped):
        run_all(stoppable, lambda task: task(), [busy])
    with pytest.raises(SearchStopped):
        stoppable.submit(int)
    assert not busy.let_go.is_set()
    busy.let_go.set()


def test_stopping_drops_what_waits_and_keeps_what_is_done(pool: Executor) -> None:
    """A result that is there stays, a task that has not begun never runs, and the pool goes on to work."""
    stoppable, busy, ran = StoppableExecutor(pool), Busy(), list[int]()
    done = stoppable.submit(lambda: 7)
    assert done.result(SECONDS) == 7
    stoppable.submit(busy)
    waiting = stoppable.submit(ran.append, 1)
    assert busy.begun.wait(SECONDS)
    stoppable.stop()
    busy.let_go.set()
    assert done.result() == 7
    assert isinstance(waiting.exception(SECONDS), SearchStopped)
    assert pool.submit(lambda: 8).result(SECONDS) == 8
    assert ran == []


def test_tasks_pass_through(pool: Executor) -> None:
    """Results, errors and cancelling are those of the executor behind."""
    stoppable, busy, ran = StoppableExecutor(pool), Busy(), list[int]()
    assert run_all(stoppable, lambda number: number + 1, [1, 2, 3]) == [2, 3, 4]
    with pytest.raises(ZeroDivisionError):
        stoppable.submit(lambda: 1 // 0).result(SECONDS)
    stoppable.submit(busy)
    assert stoppable.submit(ran.append, 1).cancel()
    busy.let_go.set()
    assert stoppable.submit(lambda: 4).result(SECONDS) == 4
    assert ran == []


# Solvers that do not come back ------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.0, 0.5])
def test_a_search_does_not_wait_for_ever(limit: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some time after its limit the search is ended, the block with its pool does not wait either, and work goes on in
    other threads."""
    monkeypatch.setattr(interrupt, "OVERDUE_SECONDS", 1.0)
    clock, busy = Clock(limit), Busy()
    with solve_pool(1) as threads, ended_when_overdue(clock, threads) as guarded:
        with pytest.raises(SearchStopped):
            run_all(guarded, lambda task: task(), [busy])
        assert clock.spent() >= limit + 0.9
        assert guarded.is_busy
        with guarded.free_pool() as free:
            assert free.submit(lambda: 3).result(SECONDS) == 3
    assert not busy.let_go.is_set()
    busy.let_go.set()


def test_a_search_within_its_limit_is_left_alone(pool: Executor) -> None:
    """Nothing is stopped, and work goes on in the pool that was given."""
    with ended_when_overdue(Clock(0.0), pool) as guarded:
        assert guarded.submit(lambda: 7).result(SECONDS) == 7
        wait_until_free(guarded)
        with guarded.free_pool() as free:
            assert free is pool
    assert pool.submit(lambda: 8).result(SECONDS) == 8


def wait_until_free(guarded: StoppableExecutor) -> None:
    """A result is there a moment before the task is known to be done."""
    end = time.monotonic() + SECONDS
    while guarded.is_busy and time.monotonic() < end:
        time.sleep(0.01)


# Ctrl-C -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("usual_ctrl_c")
def test_the_first_stops_and_the_second_interrupts(pool: Executor) -> None:
    """The first Ctrl-C stops the clock and is told, the second is a KeyboardInterrupt, and then all is as before."""
    clock, told = Clock(1000.0), threading.Event()
    with pytest.raises(KeyboardInterrupt), stopped_by_ctrl_c(clock, pool, told.set) as stoppable:
        signal.raise_signal(signal.SIGINT)
        assert told.wait(SECONDS)
        assert clock.left() <= 0
        assert clock.stopped_after is not None
        with pytest.raises(SearchStopped):
            stoppable.submit(int)
        assert pool.submit(int).result(SECONDS) == 0
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("usual_ctrl_c")
def test_who_answers_ctrl_c_otherwise_goes_on_to(pool: Executor) -> None:
    """Without being asked, in another thread, and where another handler is set, nothing is changed."""
    clock, given = Clock(1.0), list[Executor]()

    def enter() -> None:
        with stopped_by_ctrl_c(clock, pool, print) as found:
            given.append(found)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join(SECONDS)
    with stopped_by_ctrl_c(clock, pool, None) as found, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    given.append(found)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    enter()
    assert given == [pool, pool, pool]
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    assert clock.stopped_after is None


# Solves -----------------------------------------------------------------------------------------------


def test_a_whole_solve_gives_what_it_has() -> None:
    """Stopped in the middle, a solve returns its best point and a bound above it, long before its limit."""
    clock = Clock(300.0)
    timer = threading.Timer(1.0, clock.stop)
    timer.start()
    answer = solve_until_stopped(hard_problem(), SolveLimits(time_seconds=300.0), clock)
    timer.join()
    assert answer.termination == "limit"
    assert answer.x is not None
    assert answer.objective < answer.bound < np.inf
    assert clock.spent() < 100


@pytest.mark.usefixtures("usual_ctrl_c")
def test_an_interrupt_leaves_no_whole_solve_behind() -> None:
    """A KeyboardInterrupt while the solver works comes through, and the solver ends too."""
    clock, main = Clock(300.0), threading.main_thread().ident or 0
    timer = threading.Timer(1.0, lambda: signal.pthread_kill(main, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        solve_until_stopped(hard_problem(), SolveLimits(time_seconds=300.0), clock)
    assert clock.spent() < 100
    while [thread for thread in threading.enumerate() if thread.name == "solve"]:
        assert clock.spent() < 100
        time.sleep(0.1)


def test_a_whole_solve_ends_where_enough_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells what is proved, and asks for no more than that."""
    monkeypatch.setattr(interrupt, "SECONDS_BETWEEN", 1e-3)
    clock, heard = Clock(300.0), list[float]()
    limits = SolveLimits(time_seconds=300.0)
    answer = solve_until_stopped(hard_problem(), limits, clock, enough=lambda bound: bound < np.inf, told=heard.append)
    assert answer.x is not None
    assert answer.objective < answer.bound < np.inf
    assert heard
    assert all(bound >= answer.bound for bound in heard)
    assert clock.spent() < 100


def test_a_whole_solve_that_does_not_come_back_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for it much longer than its limit."""
    busy, clock = Busy(), Clock(300.0)
    monkeypatch.setattr(interrupt, "solve", lambda *given, **named: busy())
    monkeypatch.setattr(interrupt, "OVERDUE_SECONDS", 0.1)
    monkeypatch.setattr(interrupt, "SECONDS_BETWEEN", 0.1)
    answer = solve_until_stopped(hard_problem(), SolveLimits(time_seconds=0.1), clock)
    assert clock.spent() < SECONDS
    assert (answer.termination, answer.x, answer.bound) == ("failed", None, np.inf)
    busy.let_go.set()


def test_a_choice_of_columns_keeps_to_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linear master and both choices share the time that is left, whatever each of them may take."""
    now, given = [0.0], list[float]()

    def slow(problem: Problem, limits: SolveLimits, start: object = None) -> Answer:
        given.append(limits.time_seconds)
        now[0] += 2.0
        return Answer("limit", None, -np.inf, np.inf)

    monkeypatch.setattr(masters, "time", SimpleNamespace(monotonic=lambda: now[0]))
    monkeypatch.setattr(masters, "solve", slow)
    solve_plan_problem(PlanTask(hard_problem(), (), 0, SolveLimits(time_seconds=4.0), False, seconds=3.0))
    assert given == [3.0, 1.0, LEAST_SECONDS]
    given.clear()
    solve_plan_problem(PlanTask(hard_problem(), (), 0, SolveLimits(time_seconds=4.0), False, seconds=100.0))
    assert given == [100.0, 4.0, 4.0]
