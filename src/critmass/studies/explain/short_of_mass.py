"""What holds a practice short of critical mass, and what would bring it there: settled, not promised."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from critmass.domain.scenario import Lock, Scenario
from critmass.settlement.outcome import CENT, Outcome
from critmass.settlement.projection import Decisions
from critmass.studies.explain.difference import Changed, Comparison, compare, decisions_changed
from critmass.studies.explain.questions import Asker, Question
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.settled import Settler
from critmass.studies.explain.support import (
    Support,
    dearer,
    gap_by_payer,
    payers_at,
    settled_with,
    support_of,
    supported,
)
from critmass.studies.explain.worth import ask
from critmass.studies.plan import Plan

EAGER = 10.0
"""How much more a member at mass counts where a plan is sought that brings the practice closer."""
UNLIMITED_USD = 1e9
"""A start-up budget that limits nothing."""

LeverKind = Literal["decisions", "money", "ratio"]


@dataclass(frozen=True)
class Standing:
    """Where a practice stands under the plan. Money is USD a year.

    `short_by_payer` is what the payers nearest to their share lack; `locks` are those of the scenario and of
    contracts that decide something here against mass; `startup_usd` is the cash that the missing core workflows and
    what they need ask for, `startup_left_usd` what of the practice's own budget the plan leaves (None: no limit).
    """

    practice: str
    at_mass: bool
    mass_ratio: float | None
    asked_ratio: float
    reimbursement_usd: float
    cost_usd: float
    shortfall_usd: float
    payers_asked: int
    payers_bringing: int
    share_usd: float
    by_payer: Mapping[str, float]
    core_missing: tuple[str, ...]
    locks: tuple[Lock, ...]
    startup_usd: float
    startup_left_usd: float | None


@dataclass(frozen=True)
class Lever:
    """One way to bring the practice to mass, settled again and found to do so.

    `decisions`: other decisions alone. `money`: the `support`, a PMPM of payers, beside them. `ratio`: a lower mass
    ratio, `ratio`. The last two come with the decisions in `changed`. `margin_lost_usd` is the plan's net margin less
    that of the lever without the support; `members_gained` counts members at mass over the whole organization,
    `others_lost` names practices that fall out of mass. `smallest` says that, with these decisions, a cent of PMPM
    less or a hundredth of ratio more does not do. `comparison` is given where decisions alone do. `chosen_freely` says
    whether, with the support on offer, the best plan for the organization as a whole brings the practice to mass by
    itself; None where that was not planned. `plan` holds the decisions, without support and under today's ratio.
    """

    kind: LeverKind
    margin_lost_usd: float
    members_gained: float
    others_lost: tuple[str, ...]
    changed: tuple[Changed, ...]
    ratio: float | None = None
    support: Support | None = None
    smallest: bool = False
    comparison: Comparison | None = None
    chosen_freely: bool | None = None
    notes: tuple[str, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True)
class ShortOfMass:
    """Where a practice stands and the levers that were found, the cheapest first.

    `reasons` say what rules levers out. `budget_usd` is the start-up budget of the organization that a plan with the
    practice's core workflows was made with, where today's budgets do not allow them: every lever then rests on it.
    """

    standing: Standing
    levers: tuple[Lever, ...] = ()
    reasons: tuple[str, ...] = ()
    budget_usd: float | None = None
    better: Plan | None = None


@dataclass(frozen=True)
class _Candidate:
    """Decisions with every core workflow in place at the practice, and what they are worth."""

    plan: Plan
    outcome: Outcome
    notes: tuple[str, ...]
    comparison: Comparison | None


@dataclass
class _Finder:
    """Looks for levers of one practice."""

    plan: Plan
    place: int
    asker: Asker
    resolver: Resolver
    reasons: list[str] = field(default_factory=list)
    budget_usd: float | None = None
    better: Plan | None = None

    def __post_init__(self) -> None:
        self.practice = self.plan.network.practices[self.place]
        self.settler = Settler(self.plan)
        self.months = payers_at(self.settler.model, self.place)

    def levers(self) -> Iterator[Lever]:
        """Every lever that settlement confirms."""
        candidates = self._candidates()
        there = [item for item in candidates if item.outcome.at_mass[0, self.place]]
        if there:
            yield self._by_decisions(there)
            return
        money = [found for item in candidates if (found := self._by_money(item))]
        ratios = [found for item in candidates if (found := self._by_ratio(item))]
        if money:
            yield self._on_offer(min(money, key=_price))
        elif candidates:
            self.reasons.append("too few payers have members here for the shares that are asked for")
        if ratios:
            yield max(ratios, key=lambda lever: lever.ratio or 0.0)

    # Decisions with the core in place ---------------------------------------------------------------

    def _candidates(self) -> list[_Candidate]:
        """Decisions to start from: the best plan with the core in place, and one that leans more towards mass."""
        core = [workflow.id for workflow in self.settler.model.workflows if workflow.core]
        asked = self.asker.with_workflows(core, self.practice, f"core workflows at {self.practice}")
        found = ask(asked, self.resolver)
        if found.plan is None:
            self.reasons += found.why or ("no plan with its core workflows was found within the time limit",)
            asked = self._within_need(asked)
            found = ask(asked, self.resolver) if self.budget_usd is not None else found
        if found.plan is None:
            return []
        plans = [found.plan, ask(_eager(asked), self.resolver).plan]
        candidates = [self._candidate(plan, asked, own=at == 0) for at, plan in enumerate(plans) if plan is not None]
        if self.plan.outcome.core_in_place[0, self.place]:
            candidates.insert(0, _Candidate(self.plan, self.plan.outcome, (), None))
        return candidates

    def _candidate(self, plan: Plan, asked: Question, *, own: bool) -> _Candidate:
        """A plan with the core in place; only one of the same objective and budget can be compared."""
        comparable = own and self.budget_usd is None
        compared = compare(self.plan, plan, restricts=asked.restricts) if comparable else None
        if compared is not None and compared.better and asked.restricts:
            self.better = plan
        return _Candidate(plan, plan.outcome, asked.notes, compared)

    def _within_need(self, asked: Question) -> Question:
        """The question with the budget that the best plan without limits needs, where cash is what is missing."""
        free = ask(_budget(asked, UNLIMITED_USD), self.resolver).plan
        if free is None:
            return asked
        self.budget_usd = float(math.ceil(startup_need_usd(free) - CENT))
        return _budget(asked, self.budget_usd)

    # Levers -----------------------------------------------------------------------------------------

    def _by_decisions(self, there: list[_Candidate]) -> Lever:
        best = min(there, key=lambda item: float(self.plan.outcome.margin[0] - item.outcome.margin[0]))
        return self._lever("decisions", best.plan, best.outcome, notes=best.notes, comparison=best.comparison)

    def _by_money(self, item: _Candidate) -> Lever | None:
        missing = gap_by_payer(item.outcome, self.place, self.plan.scenario, self.months)
        if not missing:
            return None
        support = support_of(self.practice, missing, self.months)
        for _ in range(MOST_CENTS):
            outcome = self._settled(support, item.plan.outcome.decisions)
            if outcome.at_mass[0, self.place]:
                return self._money_lever(item, support, outcome)
            support = dearer(support, self.months)
        return None

    def _money_lever(self, item: _Candidate, support: Support, outcome: Outcome) -> Lever:
        less = self._settled(dearer(support, self.months, -1), item.plan.outcome.decisions)
        smallest = not less.at_mass[0, self.place]
        return self._lever("money", item.plan, outcome, support=support, smallest=smallest, notes=item.notes)

    def _on_offer(self, lever: Lever) -> Lever:
        """The lever with what the organization would choose if the support were on offer and nothing forced."""
        assert lever.support is not None
        question = supported(self.plan.network, self.plan.catalog, self.plan.scenario, lever.support)
        free = self.resolver.solve(
            self._scenario(), network=question.network, catalog=question.catalog, name=f"support at {self.practice}"
        )
        return (
            lever if free.plan is None else replace(lever, chosen_freely=bool(free.plan.outcome.at_mass[0, self.place]))
        )

    def _scenario(self) -> Scenario:
        if self.budget_usd is None:
            return self.plan.scenario
        return self.plan.scenario.model_copy(update={"organization_budget_usd": self.budget_usd})

    def _settled(self, support: Support, decisions: Decisions) -> Outcome:
        question = supported(self.plan.network, self.plan.catalog, self.plan.scenario, support)
        return settled_with(support, decisions, self.settler.pricer.program_ids, question, self.plan.scenario)

    def _by_ratio(self, item: _Candidate) -> Lever | None:
        value = self._ratio_reached(item.outcome)
        if value <= 0:
            return None
        decisions = item.plan.outcome.decisions
        outcome = self.settler.with_rule(_ratio(self.plan.scenario, value)).price(decisions)
        above = self.settler.with_rule(_ratio(self.plan.scenario, round(value + 0.01, 2))).price(decisions)
        if not outcome.at_mass[0, self.place]:
            return None
        smallest = not above.at_mass[0, self.place]
        return self._lever("ratio", item.plan, outcome, ratio=value, smallest=smallest, notes=item.notes)

    def _ratio_reached(self, outcome: Outcome) -> float:
        """The largest ratio, in hundredths, that the practice and its payers' shares meet."""
        rule, cost = self.plan.scenario.critical_mass, float(outcome.cost[0, self.place])
        paid = np.sort(outcome.reimbursement[0, self.place])[::-1]
        reached = float(paid.sum()) / cost if cost > 0 else 0.0
        if rule.payer_share:
            nth = float(paid[rule.payers - 1]) if len(paid) >= rule.payers else 0.0
            reached = min(reached, nth / (rule.payer_share * cost)) if cost > 0 else 0.0
        return math.floor(reached * 100 + 1e-7) / 100

    def _lever(self, kind: LeverKind, plan: Plan, outcome: Outcome, **more: object) -> Lever:
        before, after = self.plan.outcome.at_mass[0], outcome.at_mass[0]
        names = self.plan.network.practices
        return Lever(
            kind,
            margin_lost_usd=float(self.plan.outcome.margin[0] - plan.outcome.margin[0]),
            members_gained=float(outcome.members_at_mass[0] - self.plan.outcome.members_at_mass[0]),
            others_lost=tuple(names[at] for at in np.flatnonzero(before & ~after)),
            changed=decisions_changed(self.plan, plan),
            plan=plan,
            **more,  # type: ignore[arg-type]
        )


MOST_CENTS = 5
"""Cents by which a PMPM is raised at most where rounding left it short."""


def short_of_mass(practice: str, plan: Plan, asker: Asker, resolver: Resolver) -> ShortOfMass:
    """Where a practice stands, and the levers that bring it to mass; none when it is there already."""
    place = plan.network.practices.index(practice)
    standing = standing_of(place, plan, asker)
    if standing.at_mass:
        return ShortOfMass(standing)
    finder = _Finder(plan, place, asker, resolver)
    levers = sorted(finder.levers(), key=_price)
    reasons = tuple(dict.fromkeys(finder.reasons))
    return ShortOfMass(standing, tuple(levers), reasons, finder.budget_usd, finder.better)


def _price(lever: Lever) -> tuple[float, float]:
    """Money from outside and margin lost together, then money from outside alone, USD a year."""
    outside = lever.support.usd if lever.support is not None else 0.0
    return outside + lever.margin_lost_usd, outside


def standing_of(place: int, plan: Plan, asker: Asker) -> Standing:
    """Where a practice stands under the plan."""
    outcome, rule, model = plan.outcome, plan.scenario.critical_mass, asker.shared.model
    cost, paid = float(outcome.cost[0, place]), outcome.reimbursement[0, place]
    missing = [
        workflow.id
        for workflow, how in zip(model.workflows, outcome.decisions.delivery[0, place], strict=True)
        if workflow.core and not how
    ]
    budget = float(asker.shared.startup_budgets[place]) if plan.scenario.practice_budgets else math.inf
    left = budget - float(outcome.costs.startup[0, place].sum())
    return Standing(
        practice=plan.network.practices[place],
        at_mass=bool(outcome.at_mass[0, place]),
        mass_ratio=float(outcome.mass_ratio[0, place]) if cost > 0 else None,
        asked_ratio=rule.ratio,
        reimbursement_usd=float(paid.sum()),
        cost_usd=cost,
        shortfall_usd=max(rule.ratio * cost - float(paid.sum()), 0.0),
        payers_asked=rule.payers if rule.payer_share else 0,
        payers_bringing=int(outcome.payers_bringing_share[0, place]),
        share_usd=rule.payer_share * rule.ratio * cost,
        by_payer={payer: float(usd) for payer, usd in zip(outcome.payers, paid, strict=True)},
        core_missing=tuple(missing),
        locks=tuple(_against(plan, asker, place)),
        startup_usd=_startup_of(missing, place, plan, asker),
        startup_left_usd=left if math.isfinite(left) else None,
    )  # fmt: skip


def _against(plan: Plan, asker: Asker, place: int) -> Iterator[Lock]:
    """Locks and contracts that forbid something at the practice which could bring it nearer to mass."""
    for lock in asker.shared.locks:
        here = lock.practice in (None, plan.network.practices[place])
        if here and lock.decision in ("declined", "left_out"):
            yield lock


def _startup_of(missing: list[str], place: int, plan: Plan, asker: Asker) -> float:
    """Cash to start workflows and what they need at a practice, beyond what the plan starts there, USD."""
    workflows = plan.catalog.workflows
    wanted: set[str] = set()
    front = list(missing)
    while front:
        name = front.pop()
        if name not in wanted:
            wanted.add(name)
            front += workflows[name].requires
    model, delivered = asker.shared.model, plan.outcome.decisions.delivery[0, place]
    rates = asker.shared.rates.startup_usd[place]
    places = [model.workflow_position[name] for name in wanted]
    return float(sum(rates[at] for at in places if not delivered[at]))


def startup_need_usd(plan: Plan) -> float:
    """Cash that a plan asks of the organization: the hub's start-up, and what practices lack of theirs."""
    costs, model = plan.outcome.costs, Settler(plan).model
    own = model.arrays.startup_budgets_usd
    if not plan.scenario.practice_budgets:
        own = np.full_like(own, np.inf)
    short = np.maximum(costs.startup[0].sum(axis=1) - own, 0.0)
    return float(costs.hub_startup[0].sum() + short.sum())


def _eager(asked: Question) -> Question:
    """The same question where members at mass count more."""
    more = {"usd_per_member_at_mass": EAGER * max(asked.scenario.usd_per_member_at_mass, 1.0)}
    return _changed(asked, f"{asked.name}, closer to mass", {**more, "objective": "mass_and_margin"})


def _budget(asked: Question, usd: float) -> Question:
    """The same question with another start-up budget of the organization."""
    return _changed(asked, f"{asked.name}, start-up ${usd:,.0f}", {"organization_budget_usd": usd})


def _changed(asked: Question, name: str, update: dict[str, object]) -> Question:
    scenario = asked.scenario.model_copy(update=update)
    return replace(asked, name=name, scenario=scenario)


def _ratio(scenario: Scenario, ratio: float) -> Scenario:
    return scenario.model_copy(update={"critical_mass": scenario.critical_mass.model_copy(update={"ratio": ratio})})
