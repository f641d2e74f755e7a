"""A stored plan mended for a changed question: practices change to other plans of theirs while settlement, which
prices hundreds of changes at once, finds the whole network better off."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Outcome
from critmass.settlement.projection import Decisions
from critmass.settlement.results import BoolArray
from critmass.solve.candidates import Judge
from critmass.solve.columns import Column, Stage
from critmass.solve.nodes import exactly
from critmass.solve.pricing import Range

Places = NDArray[np.int64]

ROUNDS = 40
"""Rounds of changes at most."""

AT_ONCE = 24
"""Changes that are tried together in a round, best first."""

SCENARIOS = 400
"""Plans that settlement prices at once."""

OVERDRAWN = 1e3
"""What a dollar over a start-up budget costs while plans are compared, USD."""

NEAR_MISSES = (0.01, 0.002, 0.0)
"""By which part of the ratio of mass a practice may miss it and still count in part, phase by phase."""

NEAR_MISS = 0.9
"""What the nearest miss counts for."""

LEAST_GAIN = 1.0
"""A round that brings less is the last one, USD."""


@dataclass(frozen=True)
class Choices:
    """Plans that each practice may change to, first the one it starts from, and the organization's programs."""

    columns: Sequence[Sequence[Column]]
    organization: BoolArray


def organization_holding(model: NetworkModel, held: Set[str]) -> tuple[BoolArray, dict[str, Range]]:
    """The organization's programs among those held, as a row over programs, and as decisions with their conditions."""
    ids, position = model.shared.program_ids, model.organization.position
    whole = [program.join_level == "organization" for program in model.shared.programs]
    row = np.array([name in held and is_whole for name, is_whole in zip(ids, whole, strict=True)], dtype=np.bool_)
    fixed = {f"join[{name}]": exactly(bool(on)) for name, on in zip(ids, row, strict=True)}
    for (programs, at_least), condition in model.conditions.items():
        fixed[condition] = exactly(sum(name in held for name in programs) >= at_least)
    return row, {name: part for name, part in fixed.items() if name in position}


def mended(judge: Judge, stage: Stage, choices: Choices, out_of_time: Callable[[], bool]) -> list[int]:
    """The place of each practice's plan after as many changes as make the network better off.

    A little less of a pooled payment takes mass from many practices at once, and no single change gives it back. So
    near misses of mass count in part at first, then less and less.
    """
    parts = _parts(judge, choices)
    chosen = np.zeros(len(choices.columns), dtype=np.int64)
    for near in NEAR_MISSES:
        chosen = climbed(partial(_values, judge, stage, parts, near), parts, chosen, out_of_time)
    return [int(at) for at in chosen]


def climbed(
    values: Callable[[Places], FloatArray], parts: Sequence[Decisions], chosen: Places, out_of_time: Callable[[], bool]
) -> Places:
    """The best choice of one plan for each practice that single changes, made together as far as that helps, lead to.

    `values` has the value of choices, shape (choice, practice): of places in each practice's `parts`, side by side.
    """
    others = [(place, at) for place, part in enumerate(parts) for at in range(1, len(part.delivery))]
    value = values(chosen[None])[0]
    for _ in range(ROUNDS if others else 0):
        if out_of_time():
            break
        tried = np.repeat(chosen[None], len(others), axis=0)
        for row, (place, at) in enumerate(others):
            tried[row, place] = 0 if chosen[place] == at else at
        together = _together(chosen, tried, values(tried) - value)
        if not len(together):
            break
        found = values(together)
        best = int(np.argmax(found))
        if found[best] < value + LEAST_GAIN:
            break
        chosen, value = together[best], float(found[best])
    return chosen


def _together(chosen: Places, tried: Places, gains: FloatArray) -> Places:
    """The best change, the best two of different practices, the best three, and so on."""
    now, found, moved = chosen.copy(), list[Places](), set[int]()
    for row in np.argsort(-gains, kind="stable"):
        place = int(np.argmax(tried[row] != chosen))
        if gains[row] < LEAST_GAIN or len(found) == AT_ONCE:
            break
        if place not in moved:
            moved.add(place)
            now = now.copy()
            now[place] = tried[row, place]
            found.append(now)
    return np.array(found, dtype=np.int64).reshape(len(found), len(chosen))


def _parts(judge: Judge, choices: Choices) -> list[Decisions]:
    """By practice: its plans' decisions side by side, shape (plan, 1, ...)."""
    parts = []
    for place, columns in enumerate(choices.columns):
        each = [judge.model.practice_decisions(place, item.x) for item in columns]
        joined = np.concatenate([item.joined for item in each]) | choices.organization
        delivery, reach = (np.concatenate([getattr(item, name) for item in each]) for name in ("delivery", "reach"))
        parts.append(Decisions(delivery, reach, joined))
    return parts


def _values(
    judge: Judge, stage: Stage, parts: Sequence[Decisions], near: float, chosen: Places
) -> FloatArray:  # fmt: skip
    """The stage's objective of each choice of plans, less what breaks the start-up budgets.

    A practice that misses the ratio of mass by less than the part `near` of it counts in part.
    """
    found = list[FloatArray]()
    for start in range(0, len(chosen), SCENARIOS):
        some = chosen[start : start + SCENARIOS]
        decisions = put_together(parts, some)
        outcome = judge.pricer.price(decisions)
        at_mass = outcome.at_mass.astype(np.float64)
        if near:
            ratio = outcome.mass_ratio / judge.model.shared.model.scenario.critical_mass.ratio
            part = np.clip((ratio - 1.0 + near) / near, 0.0, 1.0) * outcome.core_in_place
            at_mass = np.where(outcome.at_mass, 1.0, NEAR_MISS * np.nan_to_num(part))
        worth = {
            "margin": outcome.margin,
            "members_at_mass": at_mass @ judge.pricer.members,
            "at_mass": at_mass.sum(axis=1),
        }
        value: FloatArray = sum((weight * worth[name] for name, weight in stage.weights.items()), np.zeros(len(some)))
        found.append(value - OVERDRAWN * overdrawn_usd(judge, outcome))
    return np.concatenate(found)


def overdrawn_usd(judge: Judge, outcome: Outcome) -> FloatArray:
    """By how much plans overdraw the start-up budgets, shape (scenario,), USD."""
    shared = judge.model.shared
    short = np.maximum(outcome.costs.startup.sum(axis=2) - shared.startup_budgets, 0.0).sum(axis=1)
    if not shared.model.scenario.practice_budgets:
        short = np.zeros(len(short))
    if np.isfinite(shared.organization_budget):
        short = np.maximum(short + outcome.costs.hub_startup.sum(axis=1) - shared.organization_budget, 0.0)
    return np.asarray(short)


def put_together(parts: Sequence[Decisions], chosen: Places) -> Decisions:
    """Decisions of the whole network, one scenario for each choice of plans."""
    return Decisions(
        *(
            np.concatenate([getattr(part, name)[chosen[:, place]] for place, part in enumerate(parts)], axis=1)
            for name in ("delivery", "reach", "joined")
        )
    )
