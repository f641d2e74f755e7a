"""Plans whose search Ctrl-C ended: what they hold is proved, and only who asks for them gets them."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from critmass import Plan, SolveOptions, sample_network
from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.report.document import plan_document
from critmass.settlement.outcome import CENT
from critmass.solve import improving, interrupt, progress
from critmass.solve.candidates import Judge
from critmass.solve.highs import Answer, Problem, SolveLimits
from critmass.solve.library import Library
from critmass.solve.progress import Progress
from critmass.studies import plan as planning
from critmass.studies.explain.rules import Rules
from critmass.studies.plan import plan_network

OPTIONS = SolveOptions(gap=0.0, time_limit_seconds=3600, workers=1)

Asked = Callable[..., Plan]

pytestmark = pytest.mark.usefixtures("usual_ctrl_c")


class Finger:
    """Presses Ctrl-C once, when a search has reported so many times."""

    def __init__(self, reports: int = 1) -> None:
        self.left = reports

    def __call__(self, progress: Progress) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def ask(shipped_catalog: Catalog) -> Asked:
    """Plans a network of so many practices."""

    def asked(practices: int = 4, scenario: Scenario | None = None, **more: object) -> Plan:
        network = sample_network(practices, 1, shipped_catalog)
        return plan_network(network, shipped_catalog, scenario, OPTIONS, **more)  # type: ignore[arg-type]

    return asked


def check(plan: Plan) -> None:
    """The plan keeps the rules, its bounds are above it, and it says when it was stopped."""
    assert plan.status == "feasible"
    assert plan.stopped_after_seconds is not None
    assert 0 < plan.stopped_after_seconds <= plan.wall_seconds
    assert all(level.bound >= level.value - CENT for level in plan.levels)
    assert Rules(plan.network, plan.catalog, plan.scenario).keeps(plan.outcome.decisions)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_asks_gets_the_plan(ask: Asked, shipped_catalog: Catalog, tmp_path: Path) -> None:
    """The best plan so far comes back with a proved bound, and its library is there for the next search."""
    told = list[int]()
    plan = ask(report=Finger(), library=tmp_path, on_ctrl_c=lambda: told.append(1))
    check(plan)
    assert np.isfinite(plan.bound)
    assert told == [1]
    (entry,) = Library(tmp_path, plan.network, Scenario()).entries()
    assert entry.decisions is not None
    assert (entry.decisions.joined == plan.outcome.decisions.joined).all()


def test_the_bound_of_a_stopped_search_holds(ask: Asked) -> None:
    """No plan that a longer search finds is above the bound of one that was stopped."""
    early, late = (ask(report=Finger(reports), on_ctrl_c=int) for reports in (1, 3))
    check(early)
    check(late)
    assert early.bound >= late.objective - CENT
    assert early.bound >= late.bound - CENT


def test_later_levels_are_reached_too(ask: Asked) -> None:
    """Stopped in its first level, a search still has every level, and margin has a bound."""
    plan = ask(scenario=Scenario(objective="members_then_margin"), report=Finger(), on_ctrl_c=int)
    check(plan)
    assert [level.name for level in plan.levels] == ["members_at_mass", "margin"]
    assert np.isfinite(plan.bound)


def test_what_is_not_proved_is_not_claimed(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where winding up leaves no time to bound a level, it has no bound, in the document null."""
    monkeypatch.setattr(progress, "WIND_UP_SECONDS", -1.0)
    plan = ask(scenario=Scenario(objective="members_then_margin"), report=Finger(), on_ctrl_c=int)
    check(plan)
    assert (np.isfinite(plan.levels[0].bound), plan.levels[1].bound) == (True, np.inf)
    document = plan_document(plan)
    assert (document.bound, document.gap, document.levels[1].bound) == (None, None, None)


def test_others_get_an_interrupt(ask: Asked) -> None:
    """Without being asked, Ctrl-C stays a KeyboardInterrupt: it also ends what goes on around the plan."""
    with pytest.raises(KeyboardInterrupt):
        ask(report=Finger())


def test_a_second_one_is_an_interrupt(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a stopped search winds up, Ctrl-C is a KeyboardInterrupt."""
    monkeypatch.setattr(planning, "audit", lambda *_: signal.raise_signal(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        ask(report=Finger(), on_ctrl_c=int)


def test_without_a_plan_it_is_an_interrupt(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that was stopped before it had any plan has nothing to give."""
    monkeypatch.setattr(planning, "greedy_plan", lambda *_: None)
    monkeypatch.setattr(Judge, "candidate", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        ask(report=Finger(), on_ctrl_c=int)


def pressing(problem: Problem, limits: SolveLimits, *, start: None, stopped: Callable[[float], bool]) -> Answer:
    """A solve in which Ctrl-C is pressed before it has anything."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    end = time.monotonic() + 60
    while not stopped(np.inf):
        assert time.monotonic() < end
        time.sleep(0.01)
    return Answer("limit", None, -np.inf, np.inf)


def test_a_tiny_network(ask: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few practices, solved whole: Ctrl-C in the solve gives the plan known before, and no bound is claimed."""
    monkeypatch.setattr("critmass.solve.interrupt.solve", pressing)
    said = list[Progress]()
    plan = ask(practices=2, report=said.append, on_ctrl_c=int)
    check(plan)
    assert plan.bound == np.inf
    assert {(item.bound, item.gap) for item in said} == {(None, None)}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_solver_that_does_not_come_back(
    workers: int, shipped_catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some time after the limit there is a certified, audited plan all the same, which nobody stopped."""
    let_go = threading.Event()
    monkeypatch.setattr(improving, "solve_plan_problem", lambda task: let_go.wait(100.0))
    monkeypatch.setattr(improving, "PATIENCE", 0.1)
    monkeypatch.setattr(interrupt, "OVERDUE_SECONDS", 1.0)
    network = sample_network(4, 1, shipped_catalog)
    options = SolveOptions(gap=0.0, time_limit_seconds=9.0, workers=workers)
    began = time.monotonic()
    try:
        plan = plan_network(network, shipped_catalog, options=options)
    finally:
        let_go.set()
    assert time.monotonic() - began < 45.0
    assert plan.stopped_after_seconds is None
    assert np.isfinite(plan.gap)
