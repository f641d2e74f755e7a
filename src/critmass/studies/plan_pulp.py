"""A plan from any solver that PuLP can start: the whole network as one model, for tiny networks only.

It is the cross-check of the decomposition, and the way to use a solver that one trusts or owns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InfeasibleError, InputError, NoPlanInTimeError
from critmass.domain.errors import Problem as Complaint
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.candidates import Candidate, Judge, best_of, meets_floors
from critmass.solve.columns import Stage
from critmass.solve.highs import Answer, Problem, SolveLimits, solve
from critmass.solve.monolith import assemble, split
from critmass.solve.progress import Clock, Progress, Reporter, relative_gap, silent
from critmass.solve.pulp_bridge import network_names, solve_with
from critmass.studies.locks import lock_conflicts
from critmass.studies.plan import FIRST_LEVEL_SHARE, Level, Plan, objective_stages, today

MOST_PRACTICES = 3
"""Beyond this a whole network in one model is out of reach of solvers in useful time."""

SOLVER_SHARE_OF_GAP = 0.5
"""Share of the asked gap for the solver; the rest is for what settlement prices below the model."""


def plan_with_solver(
    network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions, solver_name: str,
    report: Reporter = silent,
) -> Plan:  # fmt: skip
    """The best plan that a solver of the user's choice finds, priced by settlement like any other plan.

    One solve for each level of the objective, with the levels before it as floors. A level's bound is
    infinite unless the solver ended with a proof: PuLP passes no bound on after a time limit.

    Raises:
        InputError: when the network has more than three practices, or the solver is not available.
        InfeasibleError: when the locks contradict each other, or the solver finds that no plan keeps them.
        NoPlanInTimeError: when the solver returned no plan that holds, in the time it had.
    """
    _check_size(network)
    clock = Clock(options.time_limit_seconds)
    model, terms = Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)
    shared = Shared(model, terms)
    conflicts = lock_conflicts(shared)
    if conflicts:
        raise InfeasibleError(conflicts)
    pricer = Pricer(model, terms)
    search = _Search(formulate(shared), pricer, options, solver_name, clock, report)
    levels, best = search.run(objective_stages(scenario))
    return Plan(
        network=network, catalog=catalog, scenario=scenario, options=options, terms=terms,
        outcome=best.outcome, today=pricer.price(today(shared)), levels=levels,
        wall_seconds=clock.spent(), first_plan_seconds=search.first_plan_seconds, settlement_checks=(),
    )  # fmt: skip


def _check_size(network: Network) -> None:
    count = len(network.practices)
    if count > MOST_PRACTICES:
        message = f"another solver plans at most {MOST_PRACTICES} practices, found {count}"
        fix = f"leave the solver out, or plan {MOST_PRACTICES} practices at a time"
        raise InputError([Complaint("solver", message, fix)])


SECOND_OPINION_SECONDS = 10.0
"""How long our own solver looks for a plan where the other one says that there is none."""


@dataclass(frozen=True)
class _Solved:
    """A level's stage, the bound proved on it, and what the model promised of the level's own worth."""

    stage: Stage
    bound: float
    promised: float


class _Search:
    """Solves the levels one after the other and keeps the best plan."""

    def __init__(
        self, model: NetworkModel, pricer: Pricer, options: SolveOptions, solver_name: str, clock: Clock,
        report: Reporter,
    ) -> None:  # fmt: skip
        self.model, self.judge = model, Judge(model, pricer)
        self.options, self.solver_name, self.clock, self.report = options, solver_name, clock, report
        self.best: Candidate | None = None
        self.first_plan_seconds = float("inf")

    def run(self, stages: list[tuple[str, dict[str, float]]]) -> tuple[tuple[Level, ...], Candidate]:
        """All levels, and the plan that the last one leaves."""
        solved: list[_Solved] = []
        floors: dict[str, float] = {}
        for place, (name, weights) in enumerate(stages):
            share = 1.0 if place == len(stages) - 1 else FIRST_LEVEL_SHARE
            solved.append(self._level(Stage(name, weights, dict(floors)), share))
            if name in weights and self.best is not None:
                floors[name] = min(self.best.worth[name], solved[-1].promised)
        if self.best is None:
            raise NoPlanInTimeError(
                f"{self.solver_name} returned no plan that holds within the time limit; "
                "raise --time-limit or leave the solver out"
            )
        best = self.best
        return tuple(_level(item, best.worth) for item in solved), best

    def _level(self, stage: Stage, share_of_time: float) -> _Solved:
        problem = assemble(self.model, stage.weights, stage.floors)
        answer = self._solve(problem, stage, share_of_time)
        if answer.termination == "infeasible":
            if self.best is None and solve(problem, SolveLimits(time_seconds=SECOND_OPINION_SECONDS)).x is None:
                raise InfeasibleError([f"{self.solver_name} finds no plan that keeps every lock, budget and contract"])
            answer = Answer("failed", None, -np.inf, np.inf)
        if answer.x is not None:
            found = self.judge.candidate(self.model.decisions(split(self.model, answer.x)))
            self.best = best_of([item for item in (self.best, found) if item and meets_floors(item, stage)], stage)
            self.first_plan_seconds = min(self.first_plan_seconds, self.clock.spent())
        self._say(stage, answer)
        return _Solved(stage, answer.bound, answer.objective)

    def _solve(self, problem: Problem, stage: Stage, share_of_time: float) -> Answer:
        return solve_with(
            problem,
            network_names(self.model, stage.floors, stage.name),
            self.solver_name,
            time_limit_seconds=max(share_of_time * self.clock.left(), 1.0),
            gap_relative=SOLVER_SHARE_OF_GAP * self.options.gap,
        )

    def _say(self, stage: Stage, answer: Answer) -> None:
        value = -np.inf if self.best is None else stage.value(self.best.worth)
        gap = relative_gap(value, answer.bound)
        self.report(
            Progress(
                stage.name,
                self.solver_name,
                _known(value),
                _known(answer.bound),
                _known(gap),
                self.clock.spent(),
            )
        )


def _known(number: float) -> float | None:
    return number if np.isfinite(number) else None


def _level(solved: _Solved, worth: Mapping[str, float]) -> Level:
    value = solved.stage.value(worth)
    bound = max(solved.bound, value)
    return Level(solved.stage.name, value, bound, relative_gap(value, bound))
