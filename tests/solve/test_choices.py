"""What the search branches on, and what it may reuse."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from critmass.formulation.network_model import NetworkModel
from critmass.settlement.outcome import Pricer
from critmass.solve.candidates import Judge
from critmass.solve.columns import Pool, Stage
from critmass.solve.decided import decided_columns
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.masters import Masters
from critmass.solve.nodes import Node, organization_choices
from critmass.solve.passes import Passes
from critmass.solve.pricing import (
    Priced,
    Prices,
    PricingFromBases,
    claim_ranges,
    counted_on_payments,
    most_pooled_payments,
    no_prices,
    price_practices,
)
from critmass.solve.relaxation import Relaxation, branches, split_decisions
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})
LIMITS = SolveLimits(time_seconds=20, gap_absolute=1.0)


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Four practices: too few beneficiaries for the contracts that ask for 5,000."""
    return formulated(4)


def test_no_choice_holds_what_the_organization_may_not_join(model: NetworkModel) -> None:
    """Exclusive contracts are offered only where the organization's facts allow them."""
    programs = {program.id: program for program in model.shared.programs}
    grouped = [item for item in programs.values() if item.exclusive_group and item.join_level == "organization"]
    assert any(not model.shared.eligible(item, None) for item in grouped)
    for choice in organization_choices(model):
        held = [name[5:-1] for name, part in choice.items() if name.startswith("join[") and part == (1.0, 1.0)]
        assert all(model.shared.eligible(programs[name], None) for name in held)


def test_the_relaxation_keeps_what_the_block_rules_out(model: NetworkModel) -> None:
    """Fixing a contract that the organization may not join leaves no plan."""
    forbidden = next(
        item for item in model.shared.programs
        if item.join_level == "organization" and item.voluntary and not model.shared.eligible(item, None)
    )  # fmt: skip
    relaxation = Relaxation(model, STAGE)
    assert relaxation.solve({}) is not None
    assert relaxation.solve({f"join[{forbidden.id}]": (1.0, 1.0)}) is None


def test_known_results_under_lower_caps_are_those_of_solving_anew(model: NetworkModel) -> None:
    """Reused results and fresh ones have the same value, and only practices beyond their caps are solved."""
    choice = next(iter(organization_choices(model)))
    conditions = {name: part for name, part in choice.items() if name.startswith("condition[")}
    most = most_pooled_payments(model, choice)
    loose, tight = ([_caps(model, most, share, at) for at in range(4)] for share in (1.0, 0.6))
    prices = no_prices(model, STAGE)
    with ThreadPoolExecutor(1) as pool:
        first = price_practices(model, STAGE, prices, conditions, loose, LIMITS, PricingFromBases(pool).run)
        again = price_practices(model, STAGE, prices, conditions, tight, LIMITS, PricingFromBases(pool).run, first)
        fresh = price_practices(model, STAGE, prices, conditions, tight, LIMITS, PricingFromBases(pool).run)
    assert np.allclose([item.bound for item in again], [item.bound for item in fresh], atol=3.0)
    assert all(one.bound <= other.bound + 3.0 for one, other in zip(again, first, strict=True))


def _caps(model: NetworkModel, most: dict[str, float], share: float, place: int) -> dict[str, tuple[float, float]]:
    return claim_ranges(model, place, {name: share * value for name, value in most.items()})


def test_columns_of_a_judge_claim_no_more_than_they_need(model: NetworkModel) -> None:
    """A settled column keeps mass with the claims that are left to it."""
    shared = model.shared
    judge = Judge(model, Pricer(shared.model, shared.terms))
    choice = next(iter(organization_choices(model)))
    conditions = {name: part for name, part in choice.items() if name.startswith("condition[")}
    caps = [_caps(model, most_pooled_payments(model, choice), 1.0, at) for at in range(4)]
    with ThreadPoolExecutor(1) as pool:
        found = price_practices(
            model, STAGE, no_prices(model, STAGE), conditions, caps, LIMITS, PricingFromBases(pool).run
        )
    for item, column in zip(found, judge.columns([(item.block, item.points[0]) for item in found]), strict=True):
        position = model.blocks[item.block].position
        for name in caps[item.block]:
            assert column.x[position[name]] <= item.points[0][position[name]] + 1e-6


def test_pricing_tasks_travel(model: NetworkModel) -> None:
    """Pricing in another process gives what pricing in threads gives: tasks hold all they need."""
    choice = next(iter(organization_choices(model)))
    conditions = {name: part for name, part in choice.items() if name.startswith("condition[")}
    caps = [_caps(model, most_pooled_payments(model, choice), 1.0, at) for at in range(4)]
    found = []
    for kind in ("threads", "processes"):
        with solve_pool(2, kind) as pool:
            found.append(
                price_practices(
                    model, STAGE, no_prices(model, STAGE), conditions, caps, LIMITS, PricingFromBases(pool).run
                )
            )
    assert [item.bound for item in found[0]] == pytest.approx([item.bound for item in found[1]])


@pytest.fixture(scope="module")
def large() -> NetworkModel:
    """Eight practices, enough for contracts with pooled savings."""
    return formulated(8)


def test_claims_have_no_price(large: NetworkModel) -> None:
    """The relaxation's prices of links that caps hold are zero, those of some other links are not."""
    held = large.held_by_caps
    assert held.any()
    found = Relaxation(large, STAGE).solve({})
    assert found is not None
    assert (found.prices.links[held] == 0).all()
    assert (found.prices.links[~held] > 0).any()


def test_a_payment_that_is_counted_on_gives_every_practice_its_claim(large: NetworkModel) -> None:
    """With caps from such a payment the claims still fit, with caps from any less they do not."""
    for choice in organization_choices(large):
        most = {name: max(value, 0.0) for name, value in most_pooled_payments(large, choice).items()}
        name = max(most, key=lambda item: most[item])
        if most[name] > 0:
            break
    needed = 0.5 * most[name]
    priced = [_claiming(large, place, {**most, name: needed}) for place in range(len(large.practices))]
    assert counted_on_payments(large, choice, priced)[name] == pytest.approx(needed)
    for value, fits in ((needed, True), (needed - 10.0, False)):
        caps = [claim_ranges(large, place, {**most, name: value}) for place in range(len(large.practices))]
        assert all(_fits(large, item, caps[item.block]) for item in priced) == fits


def _claiming(model: NetworkModel, place: int, paid: dict[str, float]) -> Priced:
    """A plan that claims all of the practice's shares of some pooled payments."""
    block = model.blocks[place]
    x = np.zeros(len(block.variables))
    for payer, parts in model.claim_shares[place].items():
        x[block.position[f"claim[{payer}]"]] = sum(share * paid[name] for name, share in parts.items())
    return Priced(place, (x,), 0.0)


def _fits(model: NetworkModel, item: Priced, caps: dict[str, tuple[float, float]]) -> bool:
    position = model.blocks[item.block].position
    return all(item.points[0][position[name]] <= high + 1e-6 for name, (_, high) in caps.items())


def test_a_service_that_is_not_offered_is_capped_in_every_practice(large: NetworkModel) -> None:
    """A node without a hub service holds it at nothing; results that used it are not taken for its own."""
    masters = Masters(large, Pool(len(large.blocks)), 1)
    name = next(name for name in large.organization.variables if name.startswith("hub_open["))
    closed, free = Node({name: (0.0, 0.0)}, np.inf, 0), Node({}, np.inf, 1)
    service = name.replace("hub_open[", "hub[")
    assert all(caps[service] == (0.0, 0.0) for caps in masters.claim_caps(closed))
    assert all(service not in caps for caps in masters.claim_caps(free))


def test_relaxed_passes_bound_exact_ones(large: NetworkModel) -> None:
    """Linear relaxations of practices never give a lower bound, and results are known under lower caps alone."""
    pool = Pool(len(large.blocks))
    masters = Masters(large, pool, 1)
    judge = Judge(large, Pricer(large.shared.model, large.shared.terms))
    choice = next(iter(organization_choices(large)))
    prices: Prices = no_prices(large, STAGE)
    with ThreadPoolExecutor(1) as workers:
        passes = Passes(large, masters, judge, pool, workers, 1)
        passes.begin(STAGE)
        node = Node(choice, np.inf, 0)
        exact, relaxed = (way(prices, node, LIMITS) for way in (passes.over_all, passes.relaxed))
    assert relaxed >= exact - 1.0
    assert passes.bound(node) == pytest.approx(exact)
    name = next(name for name in large.organization.variables if name.startswith("hub_open["))
    closed = Node({**choice, name: (0.0, 0.0)}, np.inf, 1)
    assert passes.known(prices, closed) is not None
    passes.begin(STAGE)
    assert passes.bound(node) == np.inf


def test_a_relaxed_pass_bounds_other_nodes_too(large: NetworkModel) -> None:
    """A node under the same conditions is bounded by it; what it found is not taken for practices' plans."""
    pool = Pool(len(large.blocks))
    masters, judge = Masters(large, pool, 1), Judge(large, Pricer(large.shared.model, large.shared.terms))
    choice = next(iter(organization_choices(large)))
    with ThreadPoolExecutor(1) as workers:
        passes = Passes(large, masters, judge, pool, workers, 1)
        passes.begin(STAGE)
        found = passes.relaxed(no_prices(large, STAGE), Node(choice, np.inf, 0), LIMITS)
    other = Node(choice, np.inf, 1)
    assert passes.bound(other) == pytest.approx(found)
    assert passes.known(no_prices(large, STAGE), other) is None
    assert (passes.count, passes.exact) == (1, 0)


def test_the_hub_decision_that_is_split_lowers_the_master_most(large: NetworkModel) -> None:
    """Of all hub decisions that the linear master splits, none has two ranges that both lower it by more."""
    pool = Pool(len(large.blocks))
    masters, judge = Masters(large, pool, 1), Judge(large, Pricer(large.shared.model, large.shared.terms))
    choice = next(iter(organization_choices(large)))
    relaxed, node = Relaxation(large, STAGE).solve(choice), Node(choice, np.inf, 0)
    assert relaxed is not None
    with ThreadPoolExecutor(1) as workers:
        passes = Passes(large, masters, judge, pool, workers, 1)
        passes.begin(STAGE)
        passes.over_all(relaxed.prices, node, LIMITS)
    problem, _, offset = masters.plan_problem(STAGE, node)
    linear = replace(problem, integer=np.zeros_like(problem.integer))
    before = solve(linear, SolveLimits())
    assert before.x is not None
    drops = {}
    for name in split_decisions(large, before.x[offset:]):
        at, ends = offset + large.organization.position[name], branches(large, name, before.x[offset:], choice)
        drops[name] = min(before.objective - _held(linear, at, part) for part in ends)
    assert len(drops) > 1
    name, ranges, drop = masters.hub_split(STAGE, node)
    assert drop == pytest.approx(max(drops.values()), rel=1e-6, abs=0.01)
    assert drops[name] == pytest.approx(drop, rel=1e-6, abs=0.01)
    assert ranges[0][0] == ranges[1][1] + 1.0


def _held(problem: Problem, at: int, part: tuple[float, float]) -> float:
    lower, upper = problem.lower.copy(), problem.upper.copy()
    lower[at], upper[at] = part
    return solve(replace(problem, lower=lower, upper=upper), SolveLimits()).objective


def test_decisions_that_are_known_become_columns(model: NetworkModel) -> None:
    """Columns that are worked out from decisions decide the same, and are worth no less than those they came from."""
    choice = next(iter(organization_choices(model)))
    conditions = {name: part for name, part in choice.items() if name.startswith("condition[")}
    caps = [_caps(model, most_pooled_payments(model, choice), 0.0, at) for at in range(4)]
    with ThreadPoolExecutor(1) as pool:
        priced = price_practices(
            model, STAGE, no_prices(model, STAGE), conditions, caps, LIMITS, PricingFromBases(pool).run
        )
    judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
    first = judge.columns([(item.block, item.points[0]) for item in priced])
    decisions = model.decisions([*(item.x for item in first), np.zeros(len(model.organization.variables))])
    again = decided_columns(model, judge, decisions, choice, seed=1)
    assert [item.block for item in again] == [0, 1, 2, 3]
    for before, after in zip(first, again, strict=True):
        one, other = (model.practice_decisions(item.block, item.x) for item in (before, after))
        assert (one.delivery == other.delivery).all()
        assert (one.joined == other.joined).all()
        assert np.allclose(one.reach, other.reach, atol=1e-4)
        assert after.worth["margin"] == pytest.approx(before.worth["margin"], abs=200.0)
        assert after.worth["at_mass"] >= before.worth["at_mass"]
