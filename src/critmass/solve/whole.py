"""The whole network as one model: at once where practices are tiny in number, and after a search where they are few.

A solver without the search's prices needs minutes for a dozen practices, far more for each one more, and tells little
before its end; then its proof leaves no gap. A search is near after half a minute, and comes no nearer for long.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Candidate, Judge, best_of
from critmass.solve.columns import Stage
from critmass.solve.decomposition import Search
from critmass.solve.highs import Answer, Problem, SolveLimits
from critmass.solve.interrupt import solve_until_stopped
from critmass.solve.monolith import assemble, split
from critmass.solve.nodes import StageResult
from critmass.solve.progress import Clock, Progress, Reporter, relative_gap

TINY = 3
"""Most practices that are solved whole at once."""

FEW = 15
"""Most practices that are solved whole after a search."""

SEARCH_SHARE, SEARCH_SECONDS = 1 / 3, (60.0, 120.0)
"""Part of the time that the search has then, and seconds at least and at most."""

WHOLE_SECONDS, LEAST_SECONDS = 120.0, 60.0
"""Where the whole model would have less than the first, all of a level's time is the search's; with less than the
second it is not begun."""

FLOOR_ROOM = 1e-6
"""What the whole model may miss a floor by, in the floor's own unit."""

ROUNDING = 1e-6
"""Part of a plan's worth that a bound may lie below it for rounding."""

_log = logging.getLogger(__name__)


def solve_whole(
    model: NetworkModel, judge: Judge, stage: Stage, known: Candidate | None, *, gap: float, seed: int,
    clock: Clock, report: Reporter,
) -> StageResult[Candidate]:  # fmt: skip
    """One stage as a single model, its plan settled; the bound is the solver's own."""
    limits = SolveLimits(time_seconds=clock.left(), gap_absolute=1e-4, gap_relative=gap / 2, seed=seed)
    result = StageResult[Candidate](stage, known, np.inf)
    answer = solve_until_stopped(_problem(model, stage), limits, clock, told=_teller(result, clock, report))
    plans = [known]
    if answer.x is not None:
        plans.append(judge.candidate(model.decisions(split(model, answer.x))))
    result.plan = best_of(plans, stage)
    result.bound = _proved(answer, result)
    _teller(result, clock, report)(np.inf)
    return result


def search_then_whole(
    search: Search[Candidate], stage: Stage, share_of_time: float, *, clock: Clock, report: Reporter
) -> StageResult[Candidate]:
    """A stage of few practices: searched, and where the gap stays open and time is left, solved whole from the
    search's plan on."""
    seconds, began = share_of_time * clock.left(), clock.spent()
    result = search.run(stage, share_of_time * _part_for_search(seconds))
    left = min(seconds - (clock.spent() - began), clock.left())
    if result.gap > search.gap and left >= LEAST_SECONDS:
        _solve_on(search, result, left, clock, report)
    return result


def _part_for_search(seconds: float) -> float:
    """Which part of a stage's time the search may use."""
    least, most = SEARCH_SECONDS
    searched = min(max(SEARCH_SHARE * seconds, least), most)
    return 1.0 if seconds - searched < WHOLE_SECONDS else searched / seconds


def _solve_on(
    search: Search[Candidate], result: StageResult[Candidate], seconds: float, clock: Clock, report: Reporter
) -> None:
    """The whole model from the search's plan on, until both together close the gap."""
    limits = SolveLimits(time_seconds=seconds, gap_absolute=1e-4, gap_relative=search.gap / 2, seed=search.seed)
    model, told = search.model, _teller(result, clock, report)

    def enough(bound: float) -> bool:
        return relative_gap(result.value, bound) <= search.gap

    answer = solve_until_stopped(
        _problem(model, result.stage), limits, clock, start=search.improving.solution, enough=enough, told=told
    )
    _adopt(search, answer, result)
    told(np.inf)


def _adopt(search: Search[Candidate], answer: Answer, result: StageResult[Candidate]) -> None:
    """The solver's plan is the search's, as settled, if it is better; the lower bound counts."""
    if answer.x is not None:
        search.improving.adopt(split(search.model, answer.x), result)
    result.bound = max(min(result.bound, _proved(answer, result)), result.value)


def _proved(answer: Answer, result: StageResult[Candidate]) -> float:
    """The solver's bound, at least what the plan in hand is worth; a solver that says that there is no such plan is
    wrong, and proves nothing."""
    if answer.bound < result.value - ROUNDING * max(abs(result.value), 1.0):
        _log.warning(
            "whole model: a bound below the plan in hand is ignored (%s, %.2f)", answer.termination, answer.bound
        )
        return np.inf
    return max(answer.bound, result.value)


def _problem(model: NetworkModel, stage: Stage) -> Problem:
    floors = {name: floor - FLOOR_ROOM for name, floor in stage.floors.items()}
    return assemble(model, stage.weights, floors)


def _teller(result: StageResult[Candidate], clock: Clock, report: Reporter) -> Callable[[float], None]:
    """Reports of a stage while the solver has a bound of its own."""

    def told(bound: float) -> None:
        proved = min(bound, result.bound)
        found = (result.value, proved, relative_gap(result.value, proved))
        value, bound_now, gap = (item if np.isfinite(item) else None for item in found)
        report(Progress(result.stage.name, "whole model", value, bound_now, gap, clock.spent()))

    return told
