"""Two answers or none: a plan's payments by the model's rows against the settlement engine's."""

from __future__ import annotations

from collections.abc import Set
from concurrent.futures import Executor
from dataclasses import dataclass, replace

import numpy as np

from critmass.domain.errors import SettlementMismatchError
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import CENT, Outcome
from critmass.settlement.projection import HUB, OWN
from critmass.settlement.terms import Clause, paid_by
from critmass.solve.executor import run_all
from critmass.solve.highs import Answer, Problem, SolveLimits, solve
from critmass.solve.pricing import block_problem

REACH_ROUNDING = 1e-6
"""Reach is known to one eligible patient in a million. Where a plan stands on a threshold, rows and settlement may see
it on different sides by less than that: at one practice of 10,000 that is likely."""


@dataclass(frozen=True)
class Difference:
    """Where the model and the settlement price one component of one practice differently, USD a year."""

    practice: str
    program: str
    component: str
    model_usd: float
    settled_usd: float
    exact: bool

    @property
    def jumps(self) -> bool:
        """Whether it is more than reach within its rounding brings where there is no threshold."""
        return not abs(self.model_usd - self.settled_usd) <= CENT + _brought(REACH_ROUNDING, self.settled_usd)


@dataclass(frozen=True)
class Part:
    """Clauses of one practice that are compared, where the `paying` ones are paid as much as the rows allow."""

    place: int
    compared: list[Clause]
    paying: list[Clause]


@dataclass(frozen=True)
class Look:
    """How practices are compared: reach free by `room` to both sides, rows `simplified` before they are solved."""

    room: float = 0.0
    simplified: bool = False


def audit(model: NetworkModel, outcome: Outcome, executor: Executor) -> tuple[Difference, ...]:
    """Re-prices a plan by the rows of every practice's block, its decisions fixed.

    Returns the differences on components that are modelled from above only (a grid or a hull). Where an exactly
    modelled one jumps, it is looked at more closely, at last with reach free within its rounding, and counts only if it
    still differs then.

    Raises:
        SettlementMismatchError: when an exactly modelled component differs by more than a cent.
    """
    looking = {clause.key for clause in model.shared.terms.clauses if paid_by(clause.component)}
    parts = [part for place in range(len(model.practices)) for part in _parts(model, place, looking)]
    found = _compared(model, outcome, parts, executor, Look(simplified=True))
    for closer in (Look(), Look(room=REACH_ROUNDING)):
        unsure = [at for at, items in enumerate(found) if any(item.exact and item.jumps for item in items)]
        again = _compared(model, outcome, [parts[at] for at in unsure], executor, closer)
        for at, items in zip(unsure, again, strict=True):
            sure = [item for item in found[at] if not (item.exact and item.jumps)]
            found[at] = sure + [item for item in items if item.exact]
    differences = [item for items in found for item in items]
    wrong = [item for item in differences if item.exact]
    if wrong:
        lines = [
            f"{item.practice}: {item.program}.{item.component}: model ${item.model_usd:,.2f}, "
            f"settlement ${item.settled_usd:,.2f}"
            for item in wrong
        ]
        raise SettlementMismatchError("the model and the settlement disagree:\n" + "\n".join(lines))
    return tuple(differences)


def _compared(
    model: NetworkModel, outcome: Outcome, parts: list[Part], executor: Executor, look: Look
) -> list[list[Difference]]:
    """The differences of each part."""
    problems = [_with_decisions_fixed(model, outcome, part, look.room) for part in parts]
    solved = _solved_simplified if look.simplified else _solved
    answers = run_all(executor, solved, problems)
    return [_of_part(model, outcome, part, answer, look.room) for part, answer in zip(parts, answers, strict=True)]


def _solved(problem: Problem) -> Answer:
    """Solved as it stands: a plan's reach is rounded to seven digits, and simplifying rows beforehand takes a threshold
    for missed that is missed by less than what the solver, and settlement, let pass."""
    return solve(problem, SolveLimits(time_seconds=30, presolve=False))


def _solved_simplified(problem: Problem) -> Answer:
    """In half the time, and not always right: what differs is solved as it stands."""
    return solve(problem, SolveLimits(time_seconds=30))


def _parts(model: NetworkModel, place: int, keys: Set[tuple[str, str]]) -> list[Part]:
    """A practice's own clauses, those apart that look at what others of their program pay (`keys`).

    Such a clause may take back what another one pays. Together the two may be worth most where the rows leave the
    other one lower than it is, so that the other is priced without it.
    """
    expressions = model.blocks[place].expressions
    clauses = [clause for clause in model.shared.terms.clauses if not clause.pooled and _paid(clause) in expressions]
    alone = [clause for clause in clauses if clause.key not in keys]
    looking = [clause for clause in clauses if clause.key in keys]
    return [Part(place, alone, alone), *([Part(place, looking, clauses)] if looking else [])]


def _paid(clause: Clause) -> str:
    return f"paid[{clause.program.id}.{clause.component.id}]"


def _with_decisions_fixed(model: NetworkModel, outcome: Outcome, part: Part, room: float) -> Problem:
    """A practice's block at the plan's decisions, reach free by `room`, the part's clauses paying as much as its rows
    allow."""
    block = model.blocks[part.place]
    objective = np.zeros(len(block.lower))
    for clause in part.paying:
        objective += block.expressions[_paid(clause)][1]
    problem = block_problem(block, objective, 0.0)
    lower, upper = problem.lower.copy(), problem.upper.copy()
    for name, value in _fixed_decisions(model, outcome, part.place).items():
        if name in block.position:
            wide = room if name.startswith("reach_") and value > 0.0 else 0.0
            at = block.position[name]
            lower[at], upper[at] = max(value - wide, 0.0), min(value + wide, 1.0)
    return replace(problem, lower=lower, upper=upper)


def _of_part(model: NetworkModel, outcome: Outcome, part: Part, answer: Answer, room: float) -> list[Difference]:
    block, rows = model.blocks[part.place], {clause.key: row for row, clause in enumerate(model.shared.terms.clauses)}
    if answer.x is None and not room:
        return [Difference(block.name, "", "", np.nan, np.nan, exact=True)]
    if answer.x is None:
        raise SettlementMismatchError(f"{block.name}: the model has no room for the plan's own decisions")
    differences = []
    for clause in part.compared:
        by_rows = block.value(_paid(clause), answer.x)
        settled = float(outcome.settled.paid[rows[clause.key], 0, part.place])
        if abs(by_rows - settled) > CENT + 1e-7 * abs(settled) + _brought(room, settled):
            exact = clause.key not in model.shared.inexact
            differences.append(Difference(block.name, *clause.key, by_rows, settled, exact))
    return differences


def _brought(room: float, settled_usd: float) -> float:
    """What a little more reach may bring of a payment that depends on several workflows, USD."""
    return 10.0 * room * abs(settled_usd)


def _fixed_decisions(model: NetworkModel, outcome: Outcome, place: int) -> dict[str, float]:
    decisions, shared = outcome.decisions, model.shared
    fixed: dict[str, float] = {"at_mass": 0.0}
    for column, workflow in enumerate(shared.model.workflows):
        for mode, code in (("own", OWN), ("hub", HUB)):
            chosen = decisions.delivery[0, place, column] == code
            fixed[f"{mode}[{workflow.id}]"] = float(chosen)
            fixed[f"reach_{mode}[{workflow.id}]"] = float(decisions.reach[0, place, column]) * float(chosen)
    joined = dict(zip(shared.program_ids, decisions.joined[0, place].astype(np.float64), strict=True))
    for program in shared.programs:
        if program.join_level == "practice":
            fixed[f"join[{program.id}]"] = joined[program.id]
    held = _organization_joined(model, outcome)
    for (programs, at_least), name in model.conditions.items():
        fixed[name] = float(sum(held[program] for program in programs) >= at_least)
    return fixed


def _organization_joined(model: NetworkModel, outcome: Outcome) -> dict[str, bool]:
    anywhere = outcome.decisions.joined[0].any(axis=0)
    return dict(zip(model.shared.program_ids, anywhere.tolist(), strict=True))
