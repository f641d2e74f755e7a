"""What lies between two certified plans: how much is known of it, and which decisions differ."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from critmass.settlement.projection import HUB
from critmass.settlement.results import BoolArray
from critmass.studies.explain.known import beats
from critmass.studies.plan import Level, Plan

EXACT = 1e-6
"""A level is known exactly when its limit lies above its value by less than this part of it."""

Move = Literal["joined", "left", "started", "dropped", "to_hub", "to_practice"]


@dataclass(frozen=True)
class Difference:
    """The plan less another one at one level of the objective, in the level's unit.

    `value` is between the two plans. The difference between the best plans there are lies between `least` and
    `most`; each is None where nothing is known.
    """

    level: str
    value: float
    least: float | None
    most: float | None


@dataclass(frozen=True)
class Comparison:
    """A plan less another one. `margin_usd`, `members_at_mass` and `practices_at_mass` are between these two
    plans, settled; `better` says that the other one beats the plan at the objective."""

    levels: tuple[Difference, ...]
    margin_usd: float
    members_at_mass: float
    practices_at_mass: int
    better: bool

    @property
    def first(self) -> Difference:
        """The difference at the objective's most important level."""
        return self.levels[0]


@dataclass(frozen=True)
class Changed:
    """One decision that differs: a program joined or left, or a workflow started, dropped or handed over."""

    practice: str
    move: Move
    program: str = ""
    workflow: str = ""


def compare(plan: Plan, other: Plan, *, restricts: bool) -> Comparison:
    """The plan less the other one. With `restricts` the other's question allows nothing that the plan's does not,
    so the best plan of the first cannot be worse than the best of the second."""
    return Comparison(
        levels_apart(plan.levels, other.levels, restricts=restricts),
        margin_usd=float(plan.outcome.margin[0] - other.outcome.margin[0]),
        members_at_mass=float(plan.outcome.members_at_mass[0] - other.outcome.members_at_mass[0]),
        practices_at_mass=int(plan.outcome.practices_at_mass[0] - other.outcome.practices_at_mass[0]),
        better=beats(other, plan),
    )


def levels_apart(mine: Sequence[Level], theirs: Sequence[Level], *, restricts: bool) -> tuple[Difference, ...]:
    """One's levels of the objective less another's, each with its interval; `restricts` as in `compare`."""
    levels, exact = [], True
    for place, (my, their) in enumerate(zip(mine, theirs, strict=True)):
        levels.append(_difference(my, their, restricts=restricts and place == 0, known=exact))
        exact = exact and _is_exact(my) and _is_exact(their)
    return tuple(levels)


def _difference(mine: Level, theirs: Level, *, restricts: bool, known: bool) -> Difference:
    """A later level's interval holds only where the earlier ones are known exactly in both plans."""
    value = mine.value - theirs.value
    if not known:
        return Difference(mine.name, value, None, None)
    if not restricts:
        return Difference(mine.name, value, _finite(mine.value - theirs.bound), _finite(mine.bound - theirs.value))
    best, limit = max(mine.value, theirs.value), min(mine.bound, theirs.bound)
    least = max(best - limit, 0.0)
    return Difference(mine.name, value, _finite(least), _finite(max(least, mine.bound - theirs.value)))


def _is_exact(level: Level) -> bool:
    return level.bound - level.value <= EXACT * max(abs(level.value), 1.0)


def _finite(value: float) -> float | None:
    return value + 0.0 if math.isfinite(value) else None


def decisions_changed(plan: Plan, other: Plan) -> tuple[Changed, ...]:
    """What the other plan decides otherwise, practice by practice. Reach alone is no decision of its own here."""
    return (*_programs_changed(plan, other), *_workflows_changed(plan, other))


def _programs_changed(plan: Plan, other: Plan) -> Iterator[Changed]:
    mine, theirs = joined_table(plan), joined_table(other)
    practices = plan.network.practices
    for program in sorted({*mine, *theirs}):
        nowhere = np.zeros(len(practices), dtype=np.bool_)
        before, after = mine.get(program, nowhere), theirs.get(program, nowhere)
        for place in np.flatnonzero(before != after):
            yield Changed(practices[place], "joined" if after[place] else "left", program=program)


def joined_table(plan: Plan) -> dict[str, BoolArray]:
    """Which practices take part in each program in force, by program id."""
    joined = plan.outcome.decisions.joined[0]
    return {program.id: joined[:, place] for place, program in enumerate(plan.terms.programs)}


def _workflows_changed(plan: Plan, other: Plan) -> Iterator[Changed]:
    before, after = plan.outcome.decisions.delivery[0], other.outcome.decisions.delivery[0]
    names = list(plan.catalog.workflows)
    for practice, workflow in np.argwhere(before != after):
        move = _move(int(before[practice, workflow]), int(after[practice, workflow]))
        yield Changed(plan.network.practices[practice], move, workflow=names[workflow])


def _move(before: int, after: int) -> Move:
    if after == 0:
        return "dropped"
    if before == 0:
        return "started"
    return "to_hub" if after == HUB else "to_practice"
