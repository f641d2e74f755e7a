"""Fronts: what more of one aim costs in another, as lists of certified plans without the dominated ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from critmass.settlement.outcome import CENT
from critmass.studies.explain.questions import Asker, NotAsked
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.settled import Settler
from critmass.studies.explain.worth import Worth, ask
from critmass.studies.plan import Plan

USD_PER_MEMBER = (0.0, 30.0, 60.0, 120.0, 240.0)
"""What a year of a member at mass is made to count, USD, along the front of mass."""
MOST_STEPS = 8
"""Plans along the front of effort."""
_MINUTES_PER_HOUR = 60.0


@dataclass(frozen=True)
class Point:
    """A certified plan on a front. Money is USD a year.

    `asked` says what was asked for: a weight of members at mass, or workflows that are not started. `starts` counts
    workflows that a practice starts, `fte_added` staff beyond today's, practices and hub together, and
    `hours_added` their productive hours a year. `gap` is proved for the plan's own question.
    """

    plan: Plan
    margin_usd: float
    members_at_mass: float
    practices_at_mass: int
    starts: int
    fte_added: float
    hours_added: float
    usd_per_member: float | None = None
    left_out: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """Largest relative gap of the plan."""
        return self.plan.gap


def front_of_mass(plan: Plan, resolver: Resolver, weights: Sequence[float] = USD_PER_MEMBER) -> list[Point]:
    """Members at mass against net margin, the most members first: one plan for each weight of a member at mass."""
    own = plan.scenario.usd_per_member_at_mass if plan.scenario.objective == "mass_and_margin" else None
    points = [replace(_point(plan), usd_per_member=own)]
    for usd in weights:
        update = {"objective": "mass_and_margin", "usd_per_member_at_mass": usd}
        found = resolver.solve(plan.scenario.model_copy(update=update), name=f"${usd:,.0f} a member at mass").plan
        if found is not None:
            points.append(replace(_point(found), usd_per_member=usd))
    kept = _undominated(points, lambda point: (point.members_at_mass, point.margin_usd))
    return sorted(kept, key=lambda point: (-point.members_at_mass, -point.margin_usd))


def front_of_effort(plan: Plan, worths: Sequence[Worth], asker: Asker, resolver: Resolver) -> list[Point]:
    """Money and mass against effort, the most effort first.

    `worths` are those of the workflows that the plan starts. They are left out one after the other, the one worth
    least first, and everything else is planned again; so each plan is the best without those workflows, and better
    ones with as little effort may lie between them.
    """
    points = [_point(plan)]
    started = [item for item in worths if item.kind == "workflow"]
    points += [replace(_point(item.without), left_out=(item.id,)) for item in started if item.without is not None]
    ranked = [item.id for item in sorted(started, key=_loss)]
    for count in _steps(len(ranked)):
        left_out = tuple(ranked[:count])
        found = _without(left_out, asker, resolver)
        if found is not None:
            points.append(replace(_point(found), left_out=left_out))
    kept = _undominated(
        points, lambda point: (point.members_at_mass, point.margin_usd, -point.starts, -point.fte_added)
    )
    return sorted(kept, key=lambda point: (-point.starts, -point.fte_added, -point.margin_usd))


def _loss(worth: Worth) -> list[float]:
    return [level.value for level in worth.comparison.levels] if worth.comparison else [np.inf]


def _steps(workflows: int) -> list[int]:
    """How many workflows are left out along the front, from two to all of them."""
    return sorted({round(count) for count in np.linspace(2, workflows, min(MOST_STEPS, max(workflows - 1, 0)))})


def _without(workflows: Sequence[str], asker: Asker, resolver: Resolver) -> Plan | None:
    """The best plan in which none of the workflows is started."""
    asked = asker.without_workflows(workflows, f"without {', '.join(workflows)}")
    return None if isinstance(asked, NotAsked) else ask(asked, resolver).plan


def _point(plan: Plan) -> Point:
    settler, outcome = Settler(plan), plan.outcome
    arrays, rates = settler.model.arrays, settler.pricer.rates
    in_place = arrays.staff_in_place.sum(axis=0) + arrays.hub_staff_in_place
    added = outcome.costs.staff_fte[0].sum(axis=0) + outcome.costs.hub_fte[0] - in_place
    new = (outcome.decisions.delivery[0] > 0) & (settler.model.reach_in_place <= 0)
    return Point(
        plan,
        margin_usd=float(outcome.margin[0]),
        members_at_mass=float(outcome.members_at_mass[0]),
        practices_at_mass=int(outcome.practices_at_mass[0]),
        starts=int(new.sum()),
        fte_added=float(added.sum()),
        hours_added=float(added @ rates.minutes_per_fte / _MINUTES_PER_HOUR),
    )


def _undominated(points: Sequence[Point], aims: Callable[[Point], tuple[float, ...]]) -> list[Point]:
    """Points that no other beats: none is as good in every aim and better in one. Of equal points the first stays."""
    kept: list[Point] = []
    for point in points:
        mine = aims(point)
        others = [aims(other) for other in points if other is not point]
        beaten = any(_as_good(other, mine) and not _as_good(mine, other) for other in others)
        if not beaten and not any(_as_good(aims(other), mine) for other in kept):
            kept.append(point)
    return kept


def _as_good(one: Sequence[float], other: Sequence[float]) -> bool:
    """Whether the first is no worse in any aim, to the cent."""
    return all(mine >= theirs - CENT for mine, theirs in zip(one, other, strict=True))
