"""The organization's own best plan, looked at again with the plans of practices that the search for a bonus met."""

from __future__ import annotations

from dataclasses import replace

from critmass.formulation.bonus import COUNTED, NEED, OWN_VALUE
from critmass.settlement.outcome import CENT
from critmass.settlement.projection import Decisions
from critmass.solve.candidates import Candidate
from critmass.solve.columns import Column, Pool, Stage, without_mass
from critmass.studies.coordinate.bundle import BundleProblem, LeastBonus
from critmass.studies.coordinate.judge import WithBonus
from critmass.studies.coordinate.library import chosen_from

SECONDS = 2.0
"""Time for one choice of plans."""


def best_without_bonus(problem: BundleProblem, pool: Pool) -> Decisions | None:
    """What the organization would do without any bonus, on the plans of the library; None where no choice is found."""

    def changed(item: Column) -> Column:
        if item.worth[NEED] < CENT / 2:
            return item
        plain = without_mass(problem.model, item)
        return replace(plain, worth={**plain.worth, NEED: 0.0, COUNTED: 0.0, OWN_VALUE: plain.worth["margin"]})

    stage = Stage("own value without a bonus", {OWN_VALUE: 1.0, NEED: -1.0})
    found = chosen_from(problem.model, pool, stage, changed, SECONDS)
    return None if found is None else problem.model.decisions([*(item.x for item in found.picked), found.organization])


def reconsidered(problem: BundleProblem, least: LeastBonus, own_usd: float) -> tuple[BundleProblem, LeastBonus]:
    """The problem where the organization turns out to be worth more without the target, and the least bonus for that on
    the plans of the library. The bound stays: less money was not enough for less either."""
    raised = replace(problem, own_usd=own_usd)
    problem.judge.wanted = replace(problem.judge.wanted, own_usd=own_usd)
    stage = Stage(NEED, {NEED: -1.0}, {COUNTED: problem.target.least, OWN_VALUE: own_usd})
    choice = chosen_from(problem.model, least.pool, stage, lambda item: item, SECONDS)
    found = [] if choice is None else [problem.judge.choice(choice.picked, choice.organization)]
    before = [] if least.plan is None else [problem.judge.candidate(least.plan.decisions)]
    return raised, replace(least, plan=_cheapest([*before, *found]))


def _cheapest(plans: list[Candidate | None]) -> WithBonus | None:
    bonuses = [plan for plan in plans if isinstance(plan, WithBonus)]
    return min(bonuses, key=lambda plan: plan.worth[NEED], default=None)
