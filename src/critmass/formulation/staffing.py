"""Staff of one practice, in whole steps, and what whole steps mean for a workflow alone and for all together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from critmass.formulation.block import Affine, BlockBuilder, total
from critmass.formulation.curves import EQUAL

if TYPE_CHECKING:
    from critmass.formulation.practice import PracticeLevel

NO_PART = 1e-3
"""A need nearer than this to a whole step of staff is left as it is: what rounding it brings is nothing, or would
need coefficients that are too large."""


def staff_covers_minutes(level: PracticeLevel) -> None:
    """Staff in whole steps covers the minutes that the practice delivers. Family `staff_covers_minutes`."""
    rates, model, builder = level.shared.rates, level.shared.model, level.builder
    in_place = level.shared.staff_in_place[level.index]
    for role_place, role in enumerate(model.catalog.roles):
        minutes = rates.minutes[level.index, :, role_place]
        parts = {
            place: builder.get(f"reach_own[{workflow.id}]") * float(minutes[place])
            for place, workflow in enumerate(model.workflows)
            if minutes[place] and builder.has(f"reach_own[{workflow.id}]")
        }
        level.costs.append(_staff_cost(level, role, role_place, parts, float(in_place[role_place])))
        level.margin_costs.append(level.costs[-1])


def _staff_cost(level: PracticeLevel, role: str, place: int, minutes: dict[int, Affine], in_place: float) -> Affine:
    """Cost of a role: what is in place is paid in any case, whole steps beyond it are a decision. `minutes` by
    workflow."""
    rates, builder = level.shared.rates, level.builder
    fte_minutes, step = float(rates.minutes_per_fte[place]), float(rates.step_fte[place])
    paid_in_place, all_minutes = Affine(in_place * float(rates.fte_usd[place])), total(list(minutes.values()))
    most = np.ceil((builder.bounds(all_minutes)[1] / fte_minutes - in_place) / step - 1e-7)
    if most <= 0:
        return paid_in_place
    steps = builder.variable(f"staff_steps[{role}]", 0.0, float(most), integer=True)
    builder.at_least(f"staff_covers_minutes[{role}]", steps * step + in_place, all_minutes * (1.0 / fte_minutes))
    each = 1.0 / (fte_minutes * step)
    staff_rounded_up(builder, role, steps, all_minutes * each - in_place / step)
    for at, part in minutes.items():
        least = builder.bounds(part)[1] * each * level.least_reach(at) - in_place / step
        workflow_needs_staff(builder, role, steps, level.shared.model.workflows[at].id, least)
    return paid_in_place + steps * (step * float(rates.fte_usd[place]))


def workflow_needs_staff(builder: BlockBuilder, role: str, steps: Affine, workflow: str, steps_at_least: float) -> None:
    """Whole steps of staff that a delivered workflow's least reach takes. Family `workflow_needs_staff`."""
    whole = np.ceil(steps_at_least - EQUAL)
    if whole > 0 and whole - steps_at_least > EQUAL:
        builder.at_least(f"workflow_needs_staff[{role},{workflow}]", steps, builder.get(f"own[{workflow}]") * whole)


def staff_rounded_up(builder: BlockBuilder, role: str, steps: Affine, needed: Affine) -> None:
    """The last step of staff is begun by a part of itself: mixed-integer rounding of `staff_covers_minutes` (Nemhauser
    and Wolsey 1990), from full reach downwards. `needed` are steps. Family `staff_rounded_up`."""
    most = builder.bounds(needed)[1]
    part = float(most - np.floor(most))
    if NO_PART < part < 1.0 - NO_PART:
        builder.at_least(f"staff_rounded_up[{role}]", steps, (needed - most) * (1.0 / part) + float(np.ceil(most)))
