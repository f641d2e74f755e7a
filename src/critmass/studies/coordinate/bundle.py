"""The least bundle bonus for a target, as one mixed-integer search with a proved bound.

The organization's hub, budget and pooled payments take part as they are. A plan that meets the target and is worth
no less to the organization, with the bonus, than its best plan without one, is what a proposal starts from. The least
bonus of such plans is a bound on every conditional bonus: with less money the organization would stay where it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from critmass.domain.scenario import Scenario
from critmass.formulation.bonus import COUNTED, NEED, OWN_VALUE, BundleBonus
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Terms
from critmass.solve.candidates import Candidate
from critmass.solve.columns import Pool, Stage
from critmass.solve.decomposition import Search
from critmass.solve.progress import Clock, Reporter
from critmass.solve.whole import TINY, solve_whole
from critmass.studies.coordinate.benefit import Benefits
from critmass.studies.coordinate.judge import BonusJudge, Wanted, WithBonus
from critmass.studies.coordinate.target import Target

DEFAULT_MOST_PMPM_USD = 15.0
"""What a payer adds at most, by default, for each of its members and month."""


LIBRARY_SECONDS = 3.0
"""Time for the plans of practices that other questions choose from, where so few practices are solved as a whole."""


@dataclass(frozen=True)
class BundleProblem:
    """Everything that a search for the least bonus needs; made once for a network, a target and the payers."""

    model: NetworkModel
    judge: BonusJudge
    target: Target
    own_usd: float | None


@dataclass(frozen=True)
class LeastBonus:
    """What was found: the cheapest plan with its bonus (None when none was), and a proved bound, USD a year.

    `pool` holds every plan of every practice that was met on the way: the plan library of the coordination.
    """

    plan: WithBonus | None
    bound_usd: float
    pool: Pool


def member_months(model: Model, payers: tuple[str, ...]) -> FloatArray:
    """Member-months by practice and payer, shape (practice, payer)."""
    months = model.arrays.member_months()
    table = np.zeros((len(months), len(payers)))
    for column, (payer, _) in enumerate(model.network.populations):
        if payer in payers:
            table[:, payers.index(payer)] += months[:, column]
    return table


def bundle_problem(
    model: Model, terms: Terms, target: Target, most_pmpm_usd: Mapping[str, float], own_usd: float | None
) -> BundleProblem:
    """The problem for payers that may add up to so much PMPM at each practice."""
    payers = tuple(sorted(most_pmpm_usd))
    limits = np.array([most_pmpm_usd[payer] for payer in payers])
    most = member_months(model, payers) * limits
    scenario = model.scenario
    weight = scenario.usd_per_member_at_mass if scenario.objective == "mass_and_margin" else 0.0
    benefits = Benefits(model, terms, payers, "mid")
    bonus = BundleBonus(payers, most, target.counted, float(most.sum()), weight, benefits.worth)
    formulated = formulate(Shared(model, terms, bonus))
    judge = BonusJudge(formulated, Pricer(model, terms), Wanted(target.least, own_usd), benefits)
    return BundleProblem(formulated, judge, target, own_usd)


def puts_mass_first(scenario: Scenario) -> bool:
    """Whether the organization takes any mass it can have, at any price."""
    return scenario.objective in ("members_then_margin", "practices_then_margin")


def least_bundle_bonus(
    problem: BundleProblem, known: Decisions | None, *, gap: float, clock: Clock, share_of_time: float,
    report: Reporter, executor: Executor, seed: int,
) -> LeastBonus:  # fmt: skip
    """The cheapest plan with its bonus that the time allows, and a bound on the bonus of all."""
    floors = {COUNTED: problem.target.least}
    if problem.own_usd is not None:
        floors[OWN_VALUE] = problem.own_usd
    stage = Stage(NEED, {NEED: -1.0}, floors)
    met: Candidate | None = None if known is None else problem.judge.candidate(known)
    proved = np.inf
    if len(problem.model.practices) <= TINY:
        exact = solve_whole(
            problem.model, problem.judge, stage, met, gap=gap, seed=seed, clock=clock, report=report
        )  # fmt: skip
        proved, met, clock = exact.bound, exact.plan, Clock(LIBRARY_SECONDS)
    search = Search[Candidate](
        problem.model, problem.judge, gap=gap, seed=seed, clock=clock, report=report, executor=executor, known=met
    )
    found = search.run(stage, share_of_time)
    return LeastBonus(_kept(found.plan, stage), max(-min(proved, found.bound), 0.0), search.pool)


def _kept(plan: Candidate | None, stage: Stage) -> WithBonus | None:
    """The plan where it keeps the floors."""
    meets = plan is not None and all(plan.worth[name] >= floor - 1e-4 for name, floor in stage.floors.items())
    return plan if meets and isinstance(plan, WithBonus) else None
