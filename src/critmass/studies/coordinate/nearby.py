"""Plans near today's, all settled: practices change to other plans of the library, one at a time and then together.

What the organization does today is often more than a plan made of a library's columns can say. So coalitions also look
at changes from there: each brings payers outcomes, and costs what makes the organization no worse off.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from critmass.settlement.projection import Decisions
from critmass.settlement.results import FloatArray
from critmass.solve.columns import Column, Pool
from critmass.solve.mending import OVERDRAWN, Places, climbed, overdrawn_usd, put_together
from critmass.studies.coordinate.benefit import Benefits
from critmass.studies.coordinate.bundle import BundleProblem
from critmass.studies.coordinate.judge import benefits_of

PLANS = 40
"""Other plans that each practice may change to."""


@dataclass
class Nearby:
    """Plans that were settled: outcomes beyond today's plan by payer, shape (plan, payer); what each is worth to the
    organization, which has today's `own_usd` anyway; and members at mass, each (plan,). Money is USD a year."""

    own_usd: float
    outcomes_usd: list[FloatArray] = field(default_factory=list)
    worth_usd: list[FloatArray] = field(default_factory=list)
    members_at_mass: list[FloatArray] = field(default_factory=list)

    def best(self, inside: FloatArray) -> tuple[FloatArray, float, float] | None:
        """Outcomes by payer, bonus and members at mass of the plan that is worth most to the payers of a coalition,
        1 for each of them; None without plans.

        The bonus makes the organization no worse off than in any plan that was met, as it could have that one.
        """
        if not self.worth_usd:
            return None
        outcomes, worth = np.concatenate(self.outcomes_usd), np.concatenate(self.worth_usd)
        bonus = max(self.own_usd, float(worth.max())) - worth
        at = int(np.argmax(outcomes @ inside - bonus))
        return outcomes[at] * inside, float(bonus[at]), float(np.concatenate(self.members_at_mass)[at])


def nearby_plans(
    problem: BundleProblem, pool: Pool, priced: Benefits, today: Decisions, coalitions: Sequence[FloatArray],
    seconds: float,
) -> Nearby:  # fmt: skip
    """Plans that are met on the way from today's to what each of some coalitions, 1 for each payer in it, likes best.

    The organization keeps its contracts of today. Without a worth of its own to keep to there is nothing to compare.
    """
    if problem.own_usd is None:
        return Nearby(0.0)
    found = Nearby(problem.own_usd)
    parts = _parts(problem, pool, priced, today)
    already, began = priced.usd(today)[0].sum(axis=0), time.monotonic()
    for place, inside in enumerate(coalitions, 1):
        values = partial(_values, problem, priced, already, parts, inside, found)
        end = began + seconds * place / len(coalitions)
        climbed(values, parts, np.zeros(len(parts), dtype=np.int64), partial(_is_past, end))
    return found


def _is_past(moment: float) -> bool:
    return time.monotonic() >= moment


def _parts(problem: BundleProblem, pool: Pool, priced: Benefits, today: Decisions) -> list[Decisions]:
    """By practice: what it does today, then the plans that bring most for what they cost the practice, side by side."""
    organization = [program.join_level == "organization" for program in problem.model.shared.programs]
    held = today.joined[:1].any(axis=1, keepdims=True) & np.array(organization)
    parts = []
    for place, columns in enumerate(pool.columns[:-1]):
        each = [problem.model.practice_decisions(place, item.x) for item in _worth_most(problem, priced, columns)]
        parts.append(
            Decisions(
                np.concatenate([today.delivery[:1, place : place + 1], *(item.delivery for item in each)]),
                np.concatenate([today.reach[:1, place : place + 1], *(item.reach for item in each)]),
                np.concatenate([today.joined[:1, place : place + 1], *(item.joined | held for item in each)]),
            )
        )
    return parts


def _worth_most(problem: BundleProblem, priced: Benefits, columns: Sequence[Column]) -> list[Column]:
    """Of a practice's plans those that bring most, outcomes and its own margin together; equal decisions once."""
    outcomes = benefits_of(problem.model, priced, columns).sum(axis=1)
    worth = outcomes + np.array([item.worth["margin"] for item in columns])
    kept = dict[bytes, Column]()
    for at in np.argsort(-worth, kind="stable").tolist():
        one = problem.model.practice_decisions(columns[at].block, columns[at].x)
        key = one.delivery.tobytes() + np.round(one.reach, 4).tobytes() + one.joined.tobytes()
        kept.setdefault(key, columns[at])
    return list(kept.values())[:PLANS]


def _values(
    problem: BundleProblem, priced: Benefits, already: FloatArray, parts: Sequence[Decisions], inside: FloatArray,
    found: Nearby, chosen: Places,
) -> FloatArray:  # fmt: skip
    """What choices of plans are worth to a coalition; all of them are noted."""
    judge = problem.judge
    decisions = put_together(parts, chosen)
    outcome = judge.pricer.price(decisions)
    members = outcome.at_mass @ judge.pricer.members
    own = outcome.margin + judge.offered.usd_per_member_at_mass * members
    worth = np.asarray(own - OVERDRAWN * overdrawn_usd(judge, outcome))
    outcomes = priced.usd(decisions).sum(axis=1) - already
    found.outcomes_usd.append(outcomes)
    found.worth_usd.append(worth)
    found.members_at_mass.append(np.asarray(members, dtype=np.float64))
    return np.asarray(outcomes @ inside - np.maximum(found.own_usd - worth, 0.0))
