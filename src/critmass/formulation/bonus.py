"""Money that payers could add where a practice reaches critical mass: the bundle bonus as variables.

With it, a model answers the payers' question: what is the least that has to be added for a target to be reached?
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from critmass.formulation.block import Affine, total
from critmass.settlement.results import FloatArray

if TYPE_CHECKING:
    from critmass.formulation.organization import OrganizationLevel
    from critmass.formulation.practice import PracticeLevel

NEED = "bonus"
"""Block expression: money that payers add in all, USD a year."""
COUNTED = "counted"
"""Block expression: what practices at mass count towards the target."""
OWN_VALUE = "own_value"
"""Block expression: what the plan is worth to the organization, with the money added, USD a year."""
OUTCOMES = "outcomes"
"""Block expression: what outcomes are worth to the payers, USD a year."""


@dataclass(frozen=True)
class OutcomeWorth:
    """What outcomes are worth to all payers, USD a year: `reach_usd`, shape (practice, workflow), for reach beyond
    what is in place, from none to everybody; `closed_usd`, by measure, shape (practice,), for closing the whole gap."""

    reach_usd: FloatArray
    closed_usd: Mapping[str, FloatArray]


@dataclass(frozen=True)
class BundleBonus:
    """What payers may add at practices at critical mass, and what the practices count for.

    `most_usd` has shape (practice, payer) over `payers`: the most a payer may add there (0 without members).
    `counted` (practice,) is what a practice at mass counts towards the target: its members, one, or one where it is
    named. `most_beyond_usd` limits what may be added beyond what mass needs, so that the organization prefers the
    plan. `usd_per_member_at_mass` is what the organization itself gives for a member at mass. `outcomes` are what
    payers get for it.
    """

    payers: tuple[str, ...]
    most_usd: FloatArray
    counted: FloatArray
    most_beyond_usd: float
    usd_per_member_at_mass: float
    outcomes: OutcomeWorth


def bonus_variables(level: PracticeLevel, at_mass: Affine) -> Mapping[str, Affine]:
    """What each payer adds at the practice. Family `bonus_needs_mass`."""
    offered = level.shared.bonus
    if offered is None:
        return {}
    added = {}
    for payer, most in zip(offered.payers, offered.most_usd[level.index].tolist(), strict=True):
        if most > 0:
            added[payer] = level.builder.variable(f"bonus[{payer}]", 0.0, most, decision=True)
            level.builder.at_most(f"bonus_needs_mass[{payer}]", added[payer], at_mass * most)
    return added


def practice_bonus(level: PracticeLevel, margin: Affine, members: Affine) -> None:
    """Expressions `bonus`, `counted`, `own_value` and `outcomes` of a practice."""
    offered, builder = level.shared.bonus, level.builder
    if offered is None:
        return
    added = total([builder.get(f"bonus[{payer}]") for payer in offered.payers if builder.has(f"bonus[{payer}]")])
    builder.express(NEED, added)
    builder.express(COUNTED, builder.get("at_mass") * float(offered.counted[level.index]))
    builder.express(OWN_VALUE, margin + members * offered.usd_per_member_at_mass + added)
    builder.express(OUTCOMES, _outcomes(level, offered.outcomes))


def _outcomes(level: PracticeLevel, worth: OutcomeWorth) -> Affine:
    """Worth of reach beyond what is in place, and of gaps closed."""
    at = level.index
    reach = level.extra_reach()
    reached = [
        reach[place] * float(worth.reach_usd[at, place]) for place in map(int, np.flatnonzero(worth.reach_usd[at]))
    ]
    closed = [level.closed(name, ()) * float(usd[at]) for name, usd in worth.closed_usd.items() if usd[at]]
    return total([*reached, *closed])


def organization_bonus(level: OrganizationLevel, margin: Affine) -> None:
    """The same of the organization: money beyond the need of mass, which makes it prefer the plan."""
    offered = level.shared.bonus
    if offered is None:
        return
    beyond = level.builder.variable("bonus_beyond_need", 0.0, offered.most_beyond_usd)
    level.builder.express(NEED, beyond)
    level.builder.express(COUNTED, Affine())
    level.builder.express(OWN_VALUE, margin + beyond)
    level.builder.express(OUTCOMES, Affine())
