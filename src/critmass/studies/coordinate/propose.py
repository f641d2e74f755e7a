"""The coordination of payers: the least bundle bonus, offered, and what the organization then does by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.suggest import closest
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import terms_in_force
from critmass.solve.executor import solve_pool
from critmass.solve.progress import Clock, Reporter, silent
from critmass.studies.coordinate.bundle import (
    DEFAULT_MOST_PMPM_USD,
    BundleProblem,
    LeastBonus,
    bundle_problem,
    least_bundle_bonus,
    member_months,
    puts_mass_first,
)
from critmass.studies.coordinate.judge import WithBonus
from critmass.studies.coordinate.offers import Offers, on_offer
from critmass.studies.coordinate.reconsider import best_without_bonus, reconsidered
from critmass.studies.coordinate.schemes import Compared, Scheme, schemes_from
from critmass.studies.coordinate.target import Target, members_of
from critmass.studies.explain.known import better_known
from critmass.studies.explain.resolve import Resolver, Started, not_told
from critmass.studies.explain.rules import Rules
from critmass.studies.explain.settled import values_of
from critmass.studies.plan import Plan, plan_network

BASE_SHARE, SEARCH_SHARE = 0.35, 0.3
"""Parts of the time for the organization's plan as things stand, and for the search; the rest verifies."""

ROUNDS = 3
"""Times that offers are raised where the organization would not go along."""

OVER_USD = 1.0
"""What offers are raised by beyond what the organization would gain by not going along, USD a practice."""


@dataclass(frozen=True)
class Proposal:
    """Offers, and the organization's own best plan under them.

    `verified` is set here alone: the organization planned anew with the offers in its catalog, and its best known plan
    reaches the target. `proved` says that no plan without the target can be its best, whatever the planner's gap.
    `rounds` counts how often it planned. Money is USD a year: `spend_usd` is what its plan draws of the offers,
    `change_usd` by how much other payments of all payers change against today's plan.
    """

    offers: Offers
    plan: Plan
    verified: bool
    proved: bool
    rounds: int
    spend_usd: float
    change_usd: float


@dataclass(frozen=True)
class Coordination:
    """What payers would have to add for a target.

    `today` is the organization's plan as things stand. `proposal` is None where the target is reached without any
    (`reached_today`), or where no offers were found that the organization goes along with. `bound_usd` is proved: less
    than this, within the payers' limits, brings no plan to the target that is worth as much to the organization as
    today's; infinite where nothing within the limits does. `schemes` are simpler ways to pay, on the same plans.
    """

    network: Network
    scenario: Scenario
    target: Target
    options: SolveOptions
    today: Plan
    reached_today: bool
    proposal: Proposal | None
    bound_usd: float
    schemes: tuple[Scheme, ...]
    most_pmpm_usd: Mapping[str, float]
    wall_seconds: float
    problem: BundleProblem | None = None
    least: LeastBonus | None = None


def payers_of(network: Network) -> tuple[str, ...]:
    """Payers with members in the network."""
    return tuple(sorted({payer for payer, _ in network.populations}))


def checked_limits(given: Mapping[str, float], network: Network) -> dict[str, float]:
    """The most that each payer may add, PMPM; the default for those that are not named.

    Raises:
        InputError: when a payer has no members here, or a limit is negative.
    """
    payers = payers_of(network)
    problems = [
        Problem(f"--most {name}", "has no members in this network", closest(name, payers) or ", ".join(payers))
        for name in given
        if name not in payers
    ]
    problems += [
        Problem(f"--most {name}", f"${usd:,.2f} is no limit", "give USD for each member and month, 0 or more")
        for name, usd in given.items()
        if not (math.isfinite(usd) and usd >= 0)
    ]
    if problems:
        raise InputError(problems)
    return {payer: given.get(payer, DEFAULT_MOST_PMPM_USD) for payer in payers}


def coordinate(
    network: Network, catalog: Catalog, scenario: Scenario, target: Target, options: SolveOptions | None = None,
    most_pmpm_usd: Mapping[str, float] | None = None, report: Reporter = silent, started: Started = not_told,
    uniform: bool = False,
) -> Coordination:  # fmt: skip
    """The least joint bonus with which the organization's own best plan reaches the target.

    `options.time_limit_seconds` is for all of it. `most_pmpm_usd` limits what payers may add. `uniform` asks for one
    PMPM at every practice that runs the bundle; else each practice is offered what it needs.

    Raises:
        InfeasibleError: when no plan keeps the scenario's locks.
        NoPlanInTimeError: when the time limit passed before any plan was found.
    """
    options = options or SolveOptions(time_limit_seconds=60.0)
    limits = checked_limits(most_pmpm_usd or {}, network)
    began = time.monotonic()
    started("the organization as things stand")
    total = options.time_limit_seconds
    base = plan_network(network, catalog, scenario, _within(options, BASE_SHARE * total), report)
    state = _State(network, catalog, scenario, target, options, limits, base, report, started, began, uniform)
    if target.reached(base.outcome.at_mass[0]):
        return state.result(None, 0.0, (), None, None)
    return state.run()


def _within(options: SolveOptions, seconds: float) -> SolveOptions:
    return options.model_copy(update={"time_limit_seconds": max(seconds, 1.0)})


@dataclass
class _State:
    """One coordination under way."""

    network: Network
    catalog: Catalog
    scenario: Scenario
    target: Target
    options: SolveOptions
    limits: Mapping[str, float]
    base: Plan
    report: Reporter
    started: Started
    began: float
    uniform: bool

    def run(self) -> Coordination:
        """Search for the least bonus, compare simpler ways to pay, and verify."""
        model = Model(self.network, self.catalog, self.scenario)
        own = None if puts_mass_first(self.scenario) else self.base.levels[-1].value
        problem = bundle_problem(model, terms_in_force(self.catalog, self.network, self.scenario), self.target,
                                 self.limits, own)  # fmt: skip
        self.started("the least bonus")
        seconds = SEARCH_SHARE * self.options.time_limit_seconds
        with solve_pool(self.options.workers, self.options.executor, self.options.scheduler) as executor:
            least = least_bundle_bonus(
                problem, self.base.outcome.decisions, gap=self.options.gap, clock=Clock(seconds), share_of_time=1.0,
                report=self.report, executor=executor, seed=self.options.seed,
            )  # fmt: skip
        problem, least = self._reconsidered(problem, least)
        self.started("simpler ways to pay")
        compared = schemes_from(problem, least, self.limits)
        first = self._first_offers(problem, compared)
        proposal = None if first is None else self._verified(problem, *first)
        return self.result(
            proposal, least.bound_usd, compared.schemes, problem, replace(least, plan=compared.cheapest)
        )  # fmt: skip

    def _reconsidered(self, problem: BundleProblem, least: LeastBonus) -> tuple[BundleProblem, LeastBonus]:
        """With today's plan better than the planner found it, where the plans that the search met make a better one."""
        known = best_without_bonus(problem, least.pool)
        if known is None:
            return problem, least
        ids = tuple(program.id for program in self.base.terms.programs)
        rules = Rules(self.network, self.catalog, self.scenario)
        better = better_known([(ids, known)], self.base, rules, self.options)
        if better is None:
            return problem, least
        self.base = better
        if problem.own_usd is None:
            return problem, least
        return reconsidered(problem, least, better.levels[-1].value)

    def _first_offers(self, problem: BundleProblem, compared: Compared) -> tuple[WithBonus, Offers] | None:
        """The plan to start from, and its offers: by practice, or one PMPM at all of them."""
        if not self.uniform:
            return None if compared.cheapest is None else (compared.cheapest, offers_of(problem, compared.cheapest))
        if compared.uniform is None:
            return None
        plan, rate = compared.uniform
        months = member_months(problem.model.shared.model, problem.judge.payers)
        return plan, Offers.of(self.network.practices, problem.judge.payers, months * rate)

    def result(
        self, proposal: Proposal | None, bound_usd: float, schemes: tuple[Scheme, ...], problem: BundleProblem | None,
        least: LeastBonus | None,
    ) -> Coordination:  # fmt: skip
        """What was found, with what it was asked of."""
        return Coordination(
            network=self.network, scenario=self.scenario, target=self.target, options=self.options, today=self.base,
            reached_today=self.target.reached(self.base.outcome.at_mass[0]), proposal=proposal, bound_usd=bound_usd,
            schemes=schemes, most_pmpm_usd=self.limits, wall_seconds=time.monotonic() - self.began, problem=problem,
            least=least,
        )  # fmt: skip

    # Verifying --------------------------------------------------------------------------------------

    def _verified(self, problem: BundleProblem, found: WithBonus, offers: Offers) -> Proposal | None:
        """Offers that the organization goes along with by itself; None when it does not within the rounds."""
        for number in range(1, ROUNDS + 1):
            self.started(f"the organization with the offers, round {number}")
            plan = self._replanned(offers, found.decisions, ROUNDS + 1 - number)
            if plan is None:
                return None
            if self.target.reached(plan.outcome.at_mass[0]):
                return self._proposal(offers, plan, number)
            raised = self._raised(problem, offers, found, plan)
            if raised is None:
                return None
            offers = raised
        return None

    def _replanned(self, offers: Offers, decisions: Decisions, rounds_left: int) -> Plan | None:
        """The organization's own best plan under the offers: what its planner finds, or the proposal's plan where that
        is worth more to it."""
        left = self.options.time_limit_seconds - (time.monotonic() - self.began)
        options = _within(self.options, max(left, 3.0) / (1 if rounds_left == 1 else 2))
        question = on_offer(self.network, self.catalog, self.scenario, offers)
        resolver = Resolver(self.network, self.catalog, self.scenario, options, self.report)
        resolver.keep(self.base)
        return resolver.solve(
            network=question.network, catalog=question.catalog, name="offers", hints=[decisions]
        ).plan  # fmt: skip

    def _raised(self, problem: BundleProblem, offers: Offers, found: WithBonus, plan: Plan) -> Offers | None:
        """Offers raised by what the organization gains by not going along, at the practices that it leaves out."""
        question = on_offer(self.network, self.catalog, self.scenario, offers)
        value = worth_under(question.network, question.catalog, self.scenario, found.decisions, self.base)
        short = plan.levels[-1].value - value
        left_out = found.chosen & ~plan.outcome.at_mass[0]
        room = np.where(left_out[:, None], problem.judge.most_usd - offers.usd, 0.0).clip(0.0)
        wanted = max(short, 0.0) + OVER_USD * max(int(left_out.sum()), 1)
        if float(room.sum()) < wanted:
            return None
        if self.uniform:
            months = member_months(problem.model.shared.model, problem.judge.payers)
            return offers.raised(months * (wanted / float(months[left_out].sum())))
        return offers.raised(room * (wanted / float(room.sum())))

    def _proposal(self, offers: Offers, plan: Plan, rounds: int) -> Proposal:
        drawn = offers.usd[plan.outcome.core_in_place[0]].sum()
        others = float(plan.outcome.reimbursement.sum()) - float(drawn)
        return Proposal(
            offers=offers, plan=plan, verified=True, proved=puts_mass_first(self.scenario) and self._same_mass(),
            rounds=rounds, spend_usd=float(drawn),
            change_usd=others - float(self.base.outcome.reimbursement.sum()),
        )  # fmt: skip

    def _same_mass(self) -> bool:
        """Whether what the organization puts first is what the target counts."""
        members = self.scenario.objective == "members_then_margin"
        wanted = members_of(self.network) if members else np.ones(len(self.network.practices))
        return bool(np.allclose(self.target.counted, wanted))


def offers_of(problem: BundleProblem, found: WithBonus) -> Offers:
    """The bonus of a plan as offers; what goes beyond the need is split over what is left of the limits."""
    judge = problem.judge
    room: FloatArray = np.where(found.chosen[:, None], judge.most_usd - found.bonus_usd, 0.0).clip(0.0)
    part = min(found.beyond_usd / float(room.sum()), 1.0) if found.beyond_usd > 0 and room.any() else 0.0
    return Offers.of(judge.pricer.model.network.practices, judge.payers, found.bonus_usd + part * room)


def worth_under(
    network: Network, catalog: Catalog, scenario: Scenario, decisions: Decisions, plan: Plan
) -> float:  # fmt: skip
    """What decisions about a plan's programs are worth to the organization under another catalog, in its last level."""
    rules = Rules(network, catalog, scenario)
    aligned = rules.aligned(decisions, tuple(program.id for program in plan.terms.programs))
    return values_of(scenario, rules.pricer.price(aligned))[0][-1]
