"""Decisions that are known already, as answers to a question that the planner was asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from critmass.domain.scenario import SolveOptions
from critmass.settlement.outcome import CENT, Outcome
from critmass.settlement.projection import Decisions
from critmass.solve.progress import relative_gap
from critmass.studies.explain.rules import Rules
from critmass.studies.explain.settled import Values, at_least, values_of
from critmass.studies.plan import Level, Plan, objective_stages, today

Known = tuple[tuple[str, ...], Decisions]
"""Decisions, and the ids of the programs that they are about, in order."""


def better_known(known: Sequence[Known], plan: Plan | None, rules: Rules, options: SolveOptions) -> Plan | None:
    """The best of known decisions as a plan, where it beats the plan that was found or none was; else None.

    It keeps the limits that were proved for the plan; without one nothing is proved of it.
    """
    kept = [item for item in (rules.aligned(decisions, ids) for ids, decisions in known) if rules.keeps(item)]
    if not kept:
        return None
    values = values_of(rules.model.scenario, rules.pricer.price(Decisions.side_by_side(kept)))
    best = 0
    for place in range(1, len(kept)):
        best = best if at_least(values[best], values[place]) else place
    if plan is not None and at_least(tuple(level.value for level in plan.levels), values[best]):
        return None
    outcome = rules.pricer.price(kept[best])
    return (
        _restated(plan, outcome, values[best]) if plan is not None else _unproved(rules, options, outcome, values[best])
    )


def _restated(plan: Plan, outcome: Outcome, values: Values) -> Plan:
    """The plan with better decisions, and the limits that were proved for its question."""
    levels = []
    for level, value in zip(plan.levels, values, strict=True):
        bound = max(level.bound, value)
        levels.append(replace(level, value=value, bound=bound, gap=relative_gap(value, bound)))
    return replace(plan, outcome=outcome, levels=tuple(levels))


def _unproved(rules: Rules, options: SolveOptions, outcome: Outcome, values: Values) -> Plan:
    """A plan of which nothing is proved."""
    model, names = rules.model, [name for name, _ in objective_stages(rules.model.scenario)]
    return Plan(
        network=model.network, catalog=model.catalog, scenario=model.scenario, options=options, terms=rules.terms,
        outcome=outcome, today=rules.pricer.price(today(rules.shared)),
        levels=tuple(Level(name, value, math.inf, math.inf) for name, value in zip(names, values, strict=True)),
        wall_seconds=0.0, first_plan_seconds=0.0, settlement_checks=(),
    )  # fmt: skip


def beats(one: Plan, other: Plan) -> bool:
    """Whether a plan is better by more than a cent at the first level at which the two differ."""
    for mine, theirs in zip(one.levels, other.levels, strict=True):
        if abs(mine.value - theirs.value) > CENT:
            return mine.value > theirs.value
    return False
