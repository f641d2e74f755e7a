"""What brings a practice to mass, and what makes a contradictory question possible: settled and planned again."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from critmass import InfeasibleError, Scenario, SolveOptions, plan, sample_network
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Lock
from critmass.network.fill import network_hash
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import Model
from critmass.studies.explain.conflict import Conflict, Conflicts, Term, conflict_of
from critmass.studies.explain.short_of_mass import Lever, short_of_mass
from critmass.studies.explain.support import payers_at
from explaining import CENT, Case, case_of, random_case
from plans import tiny_catalog
from random_instances import random_instance

EXISTS = SolveOptions(gap=1.0, time_limit_seconds=20)


# Levers to mass ---------------------------------------------------------------------------------------


def by_hand(outcome: Outcome, place: int, scenario: Scenario, more: dict[str, float]) -> bool:
    """Whether a practice is at mass with more money from payers, by the definition written out again."""
    rule = scenario.critical_mass
    paid = dict(zip(outcome.payers, outcome.reimbursement[0, place].tolist(), strict=True))
    paid = {payer: paid.get(payer, 0.0) + more.get(payer, 0.0) for payer in {*paid, *more}}
    needed = rule.ratio * float(outcome.cost[0, place])
    bringing = sum(usd >= rule.payer_share * needed - CENT for usd in paid.values())
    enough = rule.payer_share == 0 or bringing >= rule.payers
    return bool(sum(paid.values()) >= needed - CENT and enough and outcome.core_in_place[0, place])


def check_lever(lever: Lever, practice: str, case: Case) -> None:
    """A lever brings its practice to mass, and a little less of it does not where that is claimed."""
    assert lever.plan is not None
    scenario, place = case.plan.scenario, case.plan.network.practices.index(practice)
    outcome = lever.plan.outcome
    assert lever.margin_lost_usd == pytest.approx(float(case.plan.outcome.margin[0] - outcome.margin[0]), abs=CENT)
    if lever.support is not None:
        months = payers_at(Model(lever.plan.network, lever.plan.catalog, scenario), place)
        money = {payer: rate * months[payer] for payer, rate in lever.support.pmpm.items()}
        less = {payer: (rate - 0.01) * months[payer] for payer, rate in lever.support.pmpm.items()}
        assert lever.support.usd == pytest.approx(sum(money.values()), abs=CENT)
        assert by_hand(outcome, place, scenario, money)
        assert not lever.smallest or not by_hand(outcome, place, scenario, less)
    elif lever.ratio is not None:
        for ratio, reached in ((lever.ratio, True), (lever.ratio + 0.01, not lever.smallest)):
            rule = scenario.critical_mass.model_copy(update={"ratio": ratio})
            changed = scenario.model_copy(update={"critical_mass": rule})
            assert by_hand(outcome, place, changed, {}) == reached
            again = Pricer(Model(case.plan.network, case.plan.catalog, changed), case.plan.terms)
            assert again.price(outcome.decisions).at_mass[0, place] == reached
    else:
        assert by_hand(outcome, place, scenario, {})


def levers_checked(case: Case) -> list[str]:
    """Checks the levers of every practice; their kinds."""
    kinds = []
    for practice in case.plan.network.practices:
        found = short_of_mass(practice, case.plan, case.asker, case.resolver)
        assert found.levers or found.reasons or found.standing.at_mass
        for lever in found.levers:
            check_lever(lever, practice, case)
            kinds.append(lever.kind)
    return kinds


def test_levers_bring_practices_to_mass() -> None:
    """On the tiny sample and on random instances every lever that is named does what it says."""
    catalog = tiny_catalog()
    kinds = levers_checked(case_of(sample_network(2, 1, catalog), catalog))
    for seed in (3, 4, 6):
        found = random_case(seed)
        assert found is not None
        kinds += levers_checked(found[1])
    assert set(kinds) == {"money", "ratio", "decisions"}


@pytest.mark.long
@pytest.mark.parametrize("first", range(300, 340, 10))
def test_levers_bring_practices_to_mass_on_many(first: int) -> None:
    """The same on forty further instances."""
    found = [random_case(seed) for seed in range(first, first + 10)]
    assert sum(len(levers_checked(case)) for _, case in filter(None, found)) >= 10


def test_a_budget_that_is_too_small_is_named() -> None:
    """Where cash keeps the core workflows out, the budget with which a plan has them is named."""
    catalog = tiny_catalog()
    network = sample_network(2, 1, catalog)
    poor = with_cash(network, 100.0)
    case = case_of(poor, catalog, Scenario(organization_budget_usd=500.0))
    found = short_of_mass("P002", case.plan, case.asker, case.resolver)
    assert found.budget_usd is not None and found.levers
    assert found.standing.startup_usd > 100.0
    core = [Lock(practice="P002", workflow=w.id, decision="in_place") for w in catalog.workflows.values() if w.core]
    enough = Scenario(locks=tuple(core), organization_budget_usd=found.budget_usd)
    assert plan(poor, catalog, enough, EXISTS).outcome.core_in_place[0, 1]


def with_cash(network: Network, usd: float) -> Network:
    """The network with another start-up budget for every practice."""
    tables = {**network.tables, "Practices": network.table("Practices").assign(startup_budget_usd=usd)}
    return replace(network, tables=tables, hash=network_hash(tables))


# Conflicts --------------------------------------------------------------------------------------------


def exists(network: Network, catalog: Catalog, scenario: Scenario) -> bool:
    """Whether the planner finds any plan."""
    try:
        plan(network, catalog, scenario, EXISTS)
    except InfeasibleError:
        return False
    return True


def check_conflict(conflict: Conflict, network: Network, catalog: Catalog, scenario: Scenario) -> None:
    """The terms contradict each other, no smaller set of them does, and every repair makes a plan possible."""
    asker = Conflicts(network, catalog, scenario)

    def possible(terms: list[Term]) -> bool:
        kept, changed = asker.with_terms(terms)
        return exists(kept, catalog, changed)

    terms = list(conflict.terms)
    assert not possible(terms)
    assert conflict.minimal
    for term in terms:
        assert possible([item for item in terms if item is not term]), term
    for repair in conflict.repairs:
        assert [level.value for level in repair.plan.levels] == pytest.approx(list(repair.value))
    if conflict.fewest == 1:
        alone = {term for term in terms if possible([item for item in asker.terms if item != term])}
        assert {repair.dropped[0] for repair in conflict.repairs} == alone


def lock(decision: str, practice: str | None = None, **what: str) -> Lock:
    """A lock in few words."""
    return Lock.model_validate({"practice": practice, "decision": decision, **what})


QUESTIONS = {
    "a prerequisite left out": (
        (
            lock("in_place", workflow="outreach"), lock("left_out", "P002", workflow="registry"),
            lock("joined", program="tiny_bounty_2026"),
        ),
        {"lock"}, {"requires_workflow"},
    ),
    "what runs today left out": ((lock("left_out", "P001", workflow="registry"),), {"lock"}, {"already_runs"}),
    "joined and declined": (
        (lock("joined", program="tiny_bounty_2026"), lock("declined", "P002", program="tiny_bounty_2026")),
        {"lock"}, set(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", QUESTIONS)
def test_conflicts_are_minimal_and_can_be_repaired(name: str) -> None:
    """The smallest conflict of locks, its facts, and every single change that resolves it."""
    locks, kinds, facts = QUESTIONS[name]
    catalog = tiny_catalog()
    network, scenario = sample_network(2, 1, catalog), Scenario(locks=locks)
    found = conflict_of(network, catalog, scenario)
    assert found is not None and found.fewest == 1
    assert {term.kind for term in found.terms} == kinds
    assert facts <= {fact.kind for fact in found.facts}
    check_conflict(found, network, catalog, scenario)


def test_the_least_budget_is_a_dollar_above_what_fails() -> None:
    """A start-up budget against a workflow that must run: the repair names the least budget, to the dollar."""
    catalog = tiny_catalog()
    network = with_cash(sample_network(2, 1, catalog), 0.0)
    locks = (lock("in_place", "P002", workflow="care_management"),)
    scenario = Scenario(locks=locks, organization_budget_usd=500.0)
    found = conflict_of(network, catalog, scenario)
    assert found is not None and {term.kind for term in found.terms} >= {"lock", "organization_budget"}
    check_conflict(found, network, catalog, scenario)
    budget = next(repair for repair in found.repairs if repair.usd is not None)
    assert budget.usd is not None
    for usd, possible in ((budget.usd, True), (budget.usd - 1, False)):
        asked = scenario.model_copy(update={"organization_budget_usd": usd})
        assert exists(network, catalog, asked) == possible


def test_signed_contracts_can_be_in_conflict() -> None:
    """A contract that is signed against a lock: both are negotiable, and giving up either is a way out."""
    catalog = tiny_catalog()
    network = sample_network(2, 1, catalog)
    row = pd.DataFrame({"practice": ["P001"], "program": ["tiny_steps_2026"], "status": ["joined"]})
    tables = {**network.tables, "Contracts": row.astype(str)}
    signed = replace(network, tables=tables, hash=network_hash(tables))
    scenario = Scenario(locks=(lock("declined", program="tiny_steps_2026"),))
    found = conflict_of(signed, catalog, scenario)
    assert found is not None and {term.kind for term in found.terms} == {"lock", "contract"}
    assert len(found.repairs) == 2
    check_conflict(found, signed, catalog, scenario)


def test_two_conflicts_need_two_changes() -> None:
    """Where one change is not enough, every way of giving up a term of each conflict is listed, the best plan first."""
    catalog = tiny_catalog()
    both = ("joined", "declined")
    locks = [lock(decision, program=name) for name in ("tiny_bounty_2026", "tiny_pmpm_2026") for decision in both]
    found = conflict_of(sample_network(2, 1, catalog), catalog, Scenario(locks=tuple(locks)))
    assert found is not None and found.fewest == 2
    assert len(found.repairs) == 4
    for repair in found.repairs:
        assert {term.program for term in repair.dropped} == {"tiny_bounty_2026", "tiny_pmpm_2026"}
    assert [repair.value for repair in found.repairs] == sorted((item.value for item in found.repairs), reverse=True)


def test_what_is_possible_has_no_conflict() -> None:
    """A question that has a plan has no conflict."""
    catalog = tiny_catalog()
    assert conflict_of(sample_network(1, 1, catalog), catalog, Scenario()) is None


def conflicts_checked(seeds: range) -> int:
    """Checks the conflicts of random instances that have no plan; how many there were."""
    checked = 0
    for seed in seeds:
        instance = random_instance(seed)
        if exists(instance.network, instance.catalog, instance.scenario):
            continue
        found = conflict_of(instance.network, instance.catalog, instance.scenario)
        assert found is not None
        if found.terms:
            check_conflict(found, instance.network, instance.catalog, instance.scenario)
        checked += 1
    return checked


@pytest.mark.parametrize("seed", [140, 170, 211])
def test_random_conflicts_are_minimal(seed: int) -> None:
    """Conflicts of random instances: of facts alone, of a lock, of a lock and budgets."""
    assert conflicts_checked(range(seed, seed + 1)) == 1


@pytest.mark.long
def test_random_conflicts_are_minimal_on_many() -> None:
    """The same for every instance among two hundred that has no plan."""
    assert conflicts_checked(range(200, 400)) >= 4
