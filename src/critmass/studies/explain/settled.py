"""Prices a plan's decisions, or decisions near them, under the plan's contracts or changed ones; nothing is solved."""

from __future__ import annotations

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.settlement.outcome import CENT, Outcome, Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.plan import Plan, objective_stages

Values = tuple[float, ...]
"""What a plan reaches at the objective's levels, most important first."""


class Settler:
    """Settles decisions for the network of a plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.model = Model(plan.network, plan.catalog, plan.scenario)
        self.pricer = Pricer(self.model, plan.terms)

    def under(self, catalog: Catalog) -> Pricer:
        """A pricer with a catalog whose programs pay otherwise; workflows and measures must be the same."""
        return Pricer(self.model, terms_in_force(catalog, self.plan.network, self.plan.scenario))

    def with_rule(self, scenario: Scenario) -> Pricer:
        """A pricer with another rule of critical mass."""
        return Pricer(Model(self.plan.network, self.plan.catalog, scenario), self.plan.terms)

    def values(self, outcome: Outcome) -> list[Values]:
        """The objective's levels in each scenario of an outcome."""
        return values_of(self.plan.scenario, outcome)


def values_of(scenario: Scenario, outcome: Outcome) -> list[Values]:
    """The objective's levels in each scenario of an outcome."""
    worth = {
        "margin": outcome.margin,
        "members_at_mass": outcome.members_at_mass,
        "at_mass": outcome.practices_at_mass,
    }
    stages = [weights for _, weights in objective_stages(scenario)]
    levels = [np.sum([weight * worth[name] for name, weight in weights.items()], axis=0) for weights in stages]
    return [tuple(float(level[at]) for level in levels) for at in range(len(outcome.margin))]


def at_least(one: Values, other: Values) -> bool:
    """Whether one is as good as the other, to the cent, at the first level at which they differ."""
    for mine, theirs in zip(one, other, strict=True):
        if abs(mine - theirs) > CENT:
            return mine > theirs
    return True


def program_column(pricer: Pricer, program: str) -> int:
    """Place of a program on the decisions' program axis."""
    return pricer.program_ids.index(program)
