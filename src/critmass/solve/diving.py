"""Diving: a choice of plans made practice by practice, each from its whole block while the others mix their columns.

A linear master splits as many practices as there are links that bind, and among the columns at hand there is often no
choice that keeps these links and is worth nearly as much. A practice that decides anew beside a master that may answer
it loses next to nothing; what it decides is held, and the next ones follow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Judging, Valued
from critmass.solve.columns import Column, Stage
from critmass.solve.executor import run_all
from critmass.solve.highs import Answer, Problem, SolveLimits, solve
from critmass.solve.masters import LINEAR_SECONDS, WHOLE, WHOLE_GAP, Masters, PlanTask, firm, solve_firmly
from critmass.solve.nodes import Node
from critmass.solve.pricing import no_prices, priced_problem, under

TOGETHER = 2
"""Practices that decide beside the same master, however many cores there are: plans do not depend on that."""

WHOLE_SECONDS = 6.0
"""Time for what is decided first: the organization's whole decisions, and which practices are at mass."""

STEP_SECONDS = 6.0
"""Time for one practice; one that needs more is put off until the others have decided."""

LEAST_LEFT_SECONDS = 2.0
"""Time kept for choosing the rest among columns."""

LOSS = 0.25
"""What practices may lose in all beside their best answers, as a part of the gap asked for."""

ANSWERS = 5.0
"""Columns that are worse than a practice's best one at the master's prices by so many times that do not answer."""

TOO_MUCH = 10.0
"""From so many times that on it is worth another try."""

MASS_ROWS = ("mass_ratio_reached", "payer_brings_share")
"""Families of rows that say when a practice is at mass."""

MASS_ROOM_USD = 1.0
"""What a practice's reimbursement exceeds its mass by: settlement rounds every payment to cents."""


@dataclass(frozen=True)
class Step:
    """A practice that decides, its block last among the variables of the problem; solved in any process."""

    problem: Problem
    limits: SolveLimits


@dataclass(frozen=True)
class _State:
    """What is left to decide: a master in which practices that have decided are part of the rows' sides."""

    problem: Problem
    mixed: Answer
    plans: Mapping[int, Column] = field(default_factory=dict)


def decide(step: Step) -> Answer:
    """One practice's best plan beside a master that answers it."""
    return solve(step.problem, step.limits)


class Dive:
    """One dive under a node's decisions. `left` tells the seconds that are left."""

    def __init__(
        self, masters: Masters, judge: Judging[Valued], stage: Stage, node: Node, *, gap: float,
        left: Callable[[], float],
    ) -> None:  # fmt: skip
        self.masters, self.judge, self.stage, self.node, self.left = masters, judge, stage, node, left
        self.model: NetworkModel = masters.model
        problem, self.columns, self.offset = masters.plan_problem(stage, node)
        self.blocks = np.array([item.block for item in self.columns])
        limits = SolveLimits(time_seconds=STEP_SECONDS, gap_relative=WHOLE_GAP, seed=masters.seed)
        self.task = PlanTask(
            problem, tuple(self.blocks.tolist()), self.offset - len(self.columns), limits, False, STEP_SECONDS
        )
        self.gap, self.loss = gap, 0.0
        self._put_off: set[int] = set()
        self.promise = -np.inf
        """What the dive may be worth, in the stage's objective: practices mix plans, at mass or not."""
        self._first = self._begun()

    def run(self, executor: Executor) -> tuple[list[Column], FloatArray] | None:
        """A column for each practice, in order, beside a solution of the organization; None where no choice keeps the
        links. What the time does not reach is chosen among the columns at hand."""
        state = self._first
        while state is not None:
            open_ = self._split(state)
            if not open_:
                return self._picked(state, state.mixed)
            if self.left() <= LEAST_LEFT_SECONDS:
                return self._rest_chosen(state)
            further = self._further(state, open_[:TOGETHER], executor)
            if further is None:
                return self._rest_chosen(state)
            state = further
        return None

    def _begun(self) -> _State | None:
        """The master with the organization's decisions made, as they are best where every practice is at mass or not;
        practices' plans are mixed."""
        problem = firm(self.task)
        whole = problem.integer.copy()
        whole[: len(self.columns)] = False
        limits = replace(self.task.limits, time_seconds=max(min(WHOLE_SECONDS, 0.3 * self.left()), 0.2))
        answer = solve(self._with_mass(replace(problem, integer=whole)), limits)
        if answer.x is None:
            return None
        self.promise = answer.objective
        self.loss = LOSS * self.gap * max(abs(answer.objective), 1.0) / len(self.model.practices)
        lower, upper = problem.lower.copy(), problem.upper.copy()
        lower[whole] = upper[whole] = np.round(answer.x[: len(whole)][whole])
        return self._mixed(replace(problem, lower=lower, upper=upper, integer=np.zeros_like(whole)), {})

    def _with_mass(self, problem: Problem) -> Problem:
        """The master with a yes/no variable for each practice, the last ones: whether it mixes plans at mass alone."""
        count, (rows, width) = len(self.model.practices), problem.matrix.shape
        places = np.flatnonzero([item.worth["at_mass"] > 0.5 for item in self.columns])
        mass = sparse.csr_array((np.ones(len(places)), (self.blocks[places], places)), shape=(count, width))
        beside = sparse.hstack([problem.matrix, sparse.csr_array((rows, count))])
        return Problem(
            objective=np.concatenate([problem.objective, np.zeros(count)]), offset=problem.offset,
            lower=np.concatenate([problem.lower, np.zeros(count)]),
            upper=np.concatenate([problem.upper, np.ones(count)]),
            integer=np.concatenate([problem.integer, np.ones(count, dtype=np.bool_)]),
            matrix=sparse.csr_array(sparse.vstack([beside, sparse.hstack([mass, -sparse.eye_array(count)])])),
            row_lower=np.concatenate([problem.row_lower, np.zeros(count)]),
            row_upper=np.concatenate([problem.row_upper, np.zeros(count)]),
        )  # fmt: skip

    def _mixed(self, problem: Problem, plans: Mapping[int, Column]) -> _State | None:
        answer = solve(problem, SolveLimits(time_seconds=LINEAR_SECONDS, seed=self.masters.seed))
        return None if answer.x is None else _State(problem, answer, plans)

    def _split(self, state: _State) -> list[int]:
        """Practices of which the master mixes columns, those whose plans are worth most first; those put off only where
        no others are left."""
        assert state.mixed.x is not None
        weights = state.mixed.x[: len(self.columns)]
        most, worth = (np.zeros(len(self.model.practices)) for _ in range(2))
        np.maximum.at(most, self.blocks, weights)
        np.add.at(worth, self.blocks, np.abs(weights * state.problem.objective[: len(self.columns)]))
        found = [at for at in np.argsort(-worth, kind="stable").tolist() if most[at] < WHOLE and at not in state.plans]
        return [at for at in found if at not in self._put_off] or found

    def _further(self, state: _State, places: Sequence[int], executor: Executor) -> _State | None:
        """The state after some practices have decided: all of them, or the first alone where not all go together; None
        where that one does not go with what is held either."""
        answers = run_all(executor, decide, [self._step(state, place) for place in places])
        tried = set(self._put_off)
        settled = self._settled(dict(zip(places, answers, strict=True)))
        plans = {place: self._plan_of(state, place, settled) for place in places}
        self._put_off |= {place for place, plan in plans.items() if plan is None}
        decided = {place: plan for place, plan in plans.items() if plan is not None}
        found: _State | None = None
        for some in (list(decided), list(decided)[:1]):
            found = self._held(state, {place: decided[place] for place in some})
            if found is not None and found.mixed.objective >= state.mixed.objective - TOO_MUCH * self.loss * len(some):
                return found
        if found is None and not decided.keys() & tried:
            self._put_off |= decided.keys()
            return state
        return found

    def _settled(self, answers: Mapping[int, Answer]) -> dict[int, Column]:
        """What practices decided, settled at once, where it is near enough to the best or they had their second try;
        without what settlement does not find at mass as it should be."""
        near = TOO_MUCH * self.loss
        solutions = [
            (place, answer.x[-len(self.model.blocks[place].variables) :])
            for place, answer in answers.items()
            if answer.x is not None and (place in self._put_off or answer.bound - answer.objective <= near)
        ]
        found = dict[int, Column]()
        for (place, x), plan in zip(solutions, self.judge.columns(solutions) if solutions else (), strict=True):
            self.masters.pool.add(plan)
            if plan.worth["at_mass"] >= self.model.blocks[place].value("at_mass", x) - 0.5:
                found[place] = plan
        return found

    def _plan_of(self, state: _State, place: int, settled: Mapping[int, Column]) -> Column | None:
        """The practice's plan; nothing where it is to try again later. The second time it is the best of its columns
        where it has no other."""
        if place in settled or place not in self._put_off:
            return settled.get(place)
        return self._best_column(state, place)

    def _best_column(self, state: _State, place: int) -> Column:
        """The practice's column that the master answers best."""
        whole = np.zeros_like(state.problem.integer)
        whole[: len(self.columns)] = self.blocks == place
        answer = solve(replace(state.problem, integer=whole), self.task.limits)
        x = state.mixed.x if answer.x is None else answer.x
        assert x is not None
        weights = np.where(self.blocks == place, x[: len(self.columns)], -1.0)
        return self.columns[int(np.argmax(weights))]

    def _step(self, state: _State, place: int) -> Step:
        limits = SolveLimits(
            time_seconds=max(min(STEP_SECONDS, self.left()), 0.2), gap_absolute=self.loss, seed=self.masters.seed,
            heuristics=False,
        )  # fmt: skip
        return Step(self._beside(self._answering(state), place), limits)

    def _answering(self, state: _State) -> Problem:
        """The master with the columns that may answer a practice that decides: the others only take time."""
        problem, count = state.problem, len(self.columns)
        if state.mixed.row_duals is None:
            return problem
        reduced = (problem.objective - problem.matrix.T @ state.mixed.row_duals)[:count]
        best = np.full(len(self.model.practices), -np.inf)
        np.maximum.at(best, self.blocks, np.where(problem.upper[:count] > 0.0, reduced, -np.inf))
        upper = problem.upper.copy()
        upper[:count] = np.where(reduced < best[self.blocks] - ANSWERS * self.loss, 0.0, upper[:count])
        return replace(problem, upper=upper)

    def _beside(self, problem: Problem, place: int) -> Problem:
        """The master with one practice's block in the place of its columns."""
        block = self._with_room(place)
        matrix, constant = self._brings(place)
        without = self._without_columns(problem, place)
        rows, size = problem.matrix.shape[0], len(block.objective)
        below = sparse.csr_array((block.matrix.shape[0], problem.matrix.shape[1]))
        links = sparse.vstack([matrix, sparse.csr_array((rows - len(constant), size))])
        moved = np.concatenate([constant, np.zeros(rows - len(constant))])
        return Problem(
            objective=np.concatenate([without.objective, block.objective]), offset=without.offset + block.offset,
            lower=np.concatenate([without.lower, block.lower]), upper=np.concatenate([without.upper, block.upper]),
            integer=np.concatenate([without.integer, block.integer]),
            matrix=sparse.csr_array(sparse.vstack([
                sparse.hstack([without.matrix, links]), sparse.hstack([below, block.matrix]),
            ])),
            row_lower=np.concatenate([without.row_lower - moved, block.row_lower]),
            row_upper=np.concatenate([without.row_upper - moved, block.row_upper]),
        )  # fmt: skip

    def _with_room(self, place: int) -> Problem:
        """The practice's own problem under the node's decisions, mass with room for what settlement rounds."""
        held = {**self.node.conditions, **self.masters.claim_caps(self.node)[place]}
        priced = priced_problem(self.model, place, self.stage, no_prices(self.model, self.stage))
        problem = under(self.model, place, priced, held)
        of_mass = np.array([name.startswith(MASS_ROWS) for name in self.model.blocks[place].rows], dtype=np.bool_)
        return replace(problem, row_lower=problem.row_lower + MASS_ROOM_USD * of_mass)

    def _brings(self, place: int) -> tuple[sparse.csr_array, FloatArray]:
        """What a practice's variables bring to links and floors: matrix and constant."""
        links, block = self.model.link_matrices[place], self.model.blocks[place]
        floors = [block.expressions[name] for name in self.stage.floors]
        if not floors:
            return links.matrix, links.constant
        below = sparse.csr_array(np.stack([part for _, part in floors]))
        return sparse.csr_array(sparse.vstack([links.matrix, below])), np.concatenate(
            [links.constant, [constant for constant, _ in floors]]
        )

    def _without_columns(self, problem: Problem, place: int) -> Problem:
        """The master where one practice takes no column."""
        row = len(self.model.links) + len(self.stage.floors) + place
        upper, low, high = problem.upper.copy(), problem.row_lower.copy(), problem.row_upper.copy()
        upper[: len(self.columns)] = np.where(self.blocks == place, 0.0, upper[: len(self.columns)])
        low[row] = high[row] = 0.0
        return replace(problem, upper=upper, row_lower=low, row_upper=high)

    def _held(self, state: _State, plans: Mapping[int, Column]) -> _State | None:
        """The state with some practices' plans held."""
        problem = state.problem
        for place, plan in plans.items():
            brought = np.concatenate([plan.links, [plan.worth[name] for name in self.stage.floors]])
            problem = self._without_columns(problem, place)
            problem.row_lower[: len(brought)] -= brought
            problem.row_upper[: len(brought)] -= brought
            problem = replace(problem, offset=problem.offset + self.stage.value(plan.worth))
        return self._mixed(problem, {**state.plans, **plans}) if plans else state

    def _rest_chosen(self, state: _State) -> tuple[list[Column], FloatArray] | None:
        """The rest from the columns at hand."""
        whole = np.arange(len(state.problem.integer)) < len(self.columns)
        answer = solve_firmly(replace(self.task, problem=replace(state.problem, integer=whole)))
        return None if answer.x is None else self._picked(state, answer)

    def _picked(self, state: _State, answer: Answer) -> tuple[list[Column], FloatArray]:
        assert answer.x is not None
        chosen = {int(self.blocks[at]): self.columns[at] for at in np.flatnonzero(answer.x[: len(self.columns)] > 0.5)}
        picked = {**chosen, **state.plans}
        return [picked[place] for place in range(len(self.model.practices))], answer.x[self.offset :]
