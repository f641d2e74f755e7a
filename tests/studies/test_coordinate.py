"""The least bundle bonus: against enumeration, against a linear program, and with what the organization then does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.optimize import linprog

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError
from critmass.domain.scenario import CriticalMass, Scenario, SolveOptions
from critmass.formulation.bonus import NEED, OUTCOMES, OWN_VALUE
from critmass.network import sample_network
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import terms_in_force
from critmass.solve.candidates import Judge
from critmass.solve.columns import Pool
from critmass.solve.progress import Clock, silent
from critmass.studies.coordinate.benefit import Benefits, expenditure_usd
from critmass.studies.coordinate.bundle import BundleProblem, LeastBonus, bundle_problem, least_bundle_bonus
from critmass.studies.coordinate.coalitions import CoalitionValues, coalition_game, with_outcomes
from critmass.studies.coordinate.nearby import nearby_plans
from critmass.studies.coordinate.need import least_bonus
from critmass.studies.coordinate.offers import on_offer
from critmass.studies.coordinate.play import play
from critmass.studies.coordinate.propose import Coordination, coordinate, payers_of
from critmass.studies.coordinate.reconsider import best_without_bonus, reconsidered
from critmass.studies.coordinate.target import parse_target
from enumeration import Best, Enumeration
from random_instances import Instance, random_instance

RULES = (CriticalMass(), CriticalMass(payers=1, payer_share=0.0), CriticalMass(ratio=1.2, payers=3, payer_share=0.2))
LIMIT = 30.0
"""What payers may add in these tests, PMPM."""

MOST_DECISIONS = 1_500
"""Decisions that are judged one by one."""


# The need in closed form --------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES)
def test_need_is_least(rule: CriticalMass) -> None:
    """On random payments the closed form equals the best of one linear program for each set of payers with a share."""
    random = np.random.default_rng(7)
    for _ in range(60):
        paid, most = random.uniform(0, 60, 4).round(2), random.uniform(0, 60, 4).round(2)
        cost = round(float(random.uniform(20, 250)), 2)
        found, best = least_bonus(paid, cost, rule, most), _by_linear_programs(paid, cost, rule, most)
        assert (found is None) == (best is None)
        if found is not None and best is not None:
            assert float(found.sum()) == pytest.approx(best, abs=0.02)
            assert (found <= most + 0.01).all()


def _by_linear_programs(paid: FloatArray, cost: float, rule: CriticalMass, most: FloatArray) -> float | None:
    wanted, totals = rule.ratio * cost, list[float]()
    asked = rule.payers if rule.payer_share else 0
    for mask in range(16):
        chosen = [at for at in range(4) if mask >> at & 1]
        if len(chosen) != asked:
            continue
        low = np.zeros(4)
        low[chosen] = np.maximum(rule.payer_share * wanted - paid[chosen], 0.0)
        if (low > most).any():
            continue
        answer = linprog(
            np.ones(4), A_ub=-np.ones((1, 4)), b_ub=[paid.sum() - wanted],
            bounds=list(zip(low.tolist(), most.tolist(), strict=True)),
        )  # fmt: skip
        totals += [float(answer.fun)] if answer.status == 0 else []
    return min(totals, default=None)


# The search against enumeration -------------------------------------------------------------------------


def _problem(instance: Instance, own_usd: float | None, share: float) -> BundleProblem:
    every = Enumeration(instance)
    target = parse_target(f"{share}", instance.network)
    limits = dict.fromkeys(payers_of(instance.network), LIMIT)
    return bundle_problem(every.model, every.terms, target, limits, own_usd)


def _by_enumeration(instance: Instance, problem: BundleProblem) -> float:
    """The least bonus over every decision that keeps the rules; infinite where none reaches the target."""
    best = np.inf
    for batch in Enumeration(instance).batches():
        for at in range(len(batch.reach)):
            plan = problem.judge.candidate(batch.one(at))
            best = best if plan is None else min(best, plan.worth[NEED])
    return best


def _least(problem: BundleProblem) -> LeastBonus:
    with ThreadPoolExecutor(1) as pool:
        return least_bundle_bonus(
            problem, None, gap=0.0, clock=Clock(60.0), share_of_time=1.0, report=silent, executor=pool, seed=1
        )


def _check(instance: Instance, base: Best, share: float) -> None:
    """The bound never exceeds the least bonus; where the model is exact, the plan found has just that."""
    problem = _problem(instance, base.values[-1], share)
    least, found = _by_enumeration(instance, problem), _least(problem)
    assert found.bound_usd <= least + 0.5
    bonus = np.inf if found.plan is None else found.plan.worth[NEED]
    assert bonus >= least - 0.5
    if not problem.model.shared.inexact:
        assert bonus == pytest.approx(least, abs=1.0)


@pytest.mark.parametrize("seed", [0, 6, 12])
def test_an_organization_that_could_do_better_is_made_up_to(seed: int) -> None:
    """Where its own best plan is worth $1,000 more than was known, the bonus rises by that at most, and its plan is
    worth that much; what the library makes without any bonus is never more than the best of all decisions."""
    instance = random_instance(seed)
    base = Enumeration(instance).best()
    assert base is not None
    known = base.values[-1] - 1_000.0
    problem = _problem(instance, known, 1.0)
    least = _least(problem)
    without = best_without_bonus(problem, least.pool)
    assert without is not None
    assert _own_worth(problem, without) <= base.values[-1] + 0.5
    raised, again = reconsidered(problem, least, base.values[-1])
    assert raised.own_usd == base.values[-1]
    assert again.bound_usd == least.bound_usd
    if least.plan is not None:
        assert again.plan is not None
        assert again.plan.worth[OWN_VALUE] >= base.values[-1] - 0.01
        assert again.plan.worth[NEED] <= least.plan.worth[NEED] + 1_000.01


def _own_worth(problem: BundleProblem, decisions: Decisions) -> float:
    plan = Judge.candidate(problem.judge, decisions)
    assert plan is not None
    return plan.worth["margin"] + problem.judge.offered.usd_per_member_at_mass * plan.worth["members_at_mass"]


@pytest.mark.parametrize("seed", [0, 6, 12, 18, 24, 30])
def test_least_bonus_equals_enumeration(seed: int) -> None:
    """The search's bonus against the least over all decisions, on one practice."""
    instance = random_instance(seed)
    base = Enumeration(instance).best()
    assert base is not None
    _check(instance, base, 1.0)


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 80, 20))
def test_least_bonus_equals_enumeration_on_more(first: int) -> None:
    """The same on up to three practices with a hub and programs of the organization, of every twenty instances those
    whose decisions can be judged one by one."""
    checked = 0
    for seed in range(first, first + 20):
        instance = random_instance(seed)
        base = Enumeration(instance).best()
        if base is not None and base.examined <= MOST_DECISIONS:
            _check(instance, base, 0.5)
            checked += 1
    assert checked >= 8


# Proposals ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coordinated(shipped_catalog: Catalog) -> Coordination:
    """Five practices, all of whose members are to be at critical mass, which no plan of the organization's own brings
    them to, however long it is looked for."""
    network = sample_network(5, 107, shipped_catalog)
    target = parse_target("100%", network)
    options = SolveOptions(time_limit_seconds=12.0, gap=0.02)
    return coordinate(network, shipped_catalog, Scenario(), target, options)


def test_proposal_reaches_its_target(coordinated: Coordination) -> None:
    """The organization's own plan under the offers reaches the target, and draws no more than was offered."""
    proposal = coordinated.proposal
    assert not coordinated.reached_today
    assert proposal is not None
    assert proposal.verified
    assert coordinated.target.reached(proposal.plan.outcome.at_mass[0])
    assert proposal.spend_usd <= proposal.offers.total_usd + 0.005
    assert coordinated.bound_usd <= proposal.spend_usd + 1.0


def test_offers_are_contracts(coordinated: Coordination, shipped_catalog: Catalog) -> None:
    """Settlement pays the offers like any other program, to practices with the whole bundle alone, to the cent."""
    proposal = coordinated.proposal
    assert proposal is not None
    question = on_offer(coordinated.network, shipped_catalog, coordinated.scenario, proposal.offers)
    terms = terms_in_force(question.catalog, question.network, coordinated.scenario)
    outcome = proposal.plan.outcome
    drawn = proposal.offers.usd[outcome.core_in_place[0]].sum()
    bonus = [at for at, clause in enumerate(terms.clauses) if clause.program.id.startswith("bundle_bonus_")]
    assert sum(float(outcome.settled.practice[at].sum()) for at in bonus) == pytest.approx(float(drawn), abs=0.005)


def test_no_scheme_is_cheaper(coordinated: Coordination) -> None:
    """One rate for all, or one payer alone, costs at least what the least bonus does."""
    least = coordinated.least
    assert least is not None
    assert least.plan is not None
    spends = [item.spend_usd for item in coordinated.schemes if item.spend_usd is not None]
    assert spends
    assert min(spends) >= least.plan.worth[NEED] - 1.0


@pytest.mark.long
@pytest.mark.parametrize("seed", range(50))
def test_no_scheme_is_cheaper_on_random_networks(seed: int, shipped_catalog: Catalog) -> None:
    """The same on 50 random networks of four or five practices, and every proposal is verified."""
    network = sample_network(4 + seed % 2, 100 + seed, shipped_catalog)
    target = parse_target("100%", network)
    found = coordinate(network, shipped_catalog, Scenario(), target, SolveOptions(time_limit_seconds=20.0))
    if found.reached_today or found.least is None or found.least.plan is None:
        return
    spends = [item.spend_usd for item in found.schemes if item.spend_usd is not None]
    assert min(spends, default=np.inf) >= found.least.plan.worth[NEED] - 1.0
    if found.proposal is not None:
        assert found.proposal.verified
        assert target.reached(found.proposal.plan.outcome.at_mass[0])


def test_outcomes_are_searched_as_they_are_counted(shipped_catalog: Catalog) -> None:
    """What the model says that outcomes of a plan are worth is what they come to, or less where nothing asks for more;
    a search for outcomes finds plans where the two agree."""
    network, scenario = sample_network(4, 2, shipped_catalog), Scenario()
    model, terms = Model(network, shipped_catalog, scenario), terms_in_force(shipped_catalog, network, scenario)
    limits = dict.fromkeys(payers_of(network), LIMIT)
    problem = bundle_problem(model, terms, parse_target("2", network), limits, None)
    nothing = LeastBonus(None, 0.0, Pool(len(problem.model.blocks)))
    doing_nothing = problem.model.shared.baseline.decisions
    pool = with_outcomes(problem, nothing, doing_nothing, SolveOptions(), 5.0, silent)
    values = CoalitionValues(problem, pool, terms, payers_of(network), doing_nothing, "mid")
    counted = np.array([values.of(item).sum() for item in values.columns])
    said = np.array([item.worth[OUTCOMES] for item in values.columns])
    assert (said <= counted + 1.0).all()
    for block in range(4):
        mine = np.array([item.block == block for item in values.columns])
        best = np.flatnonzero(mine)[np.argmax(counted[mine])]
        assert said[best] == pytest.approx(counted[best], abs=1.0)
        assert counted[best] > 10_000.0


@pytest.mark.parametrize("seed", [0, 6, 12])
def test_plans_near_todays_are_no_better_than_every_decision(seed: int) -> None:
    """What all payers gain by changes of a plan is at most the best over all decisions, each with what makes the
    organization no worse off; a plan that stays as it is brings nothing."""
    instance = random_instance(seed)
    base = Enumeration(instance).best()
    assert base is not None
    problem = _problem(instance, base.values[-1], 1.0)
    judge, nothing = problem.judge, problem.model.shared.baseline.decisions
    everyone = np.ones(len(judge.benefits.payers))
    near = nearby_plans(problem, _least(problem).pool, judge.benefits, nothing, [everyone], 2.0)
    found = near.best(everyone)
    assert found is not None
    best = max(
        float(judge.benefits.usd(one).sum()) - max(base.values[-1] - _own_worth(problem, one), 0.0)
        for batch in Enumeration(instance).batches()
        for one in (batch.one(at) for at in range(len(batch.reach)))
        if Judge.candidate(judge, one) is not None
    )
    assert float(found[0].sum()) - found[1] <= best + 1.0
    assert near.outcomes_usd[0][0] == pytest.approx(np.zeros(len(everyone)))


@pytest.mark.long
def test_coalitions_grow(coordinated: Coordination) -> None:
    """More payers can do no less; nobody can do nothing."""
    problem, least = coordinated.problem, coordinated.least
    assert problem is not None
    assert least is not None
    payers = payers_of(coordinated.network)[:3]
    terms, today = coordinated.today.terms, coordinated.today.outcome.decisions
    values = CoalitionValues(problem, least.pool, terms, payers, today, "mid")
    game = coalition_game(values, 0.2).game
    assert game.values[0] == 0.0
    for mask in range(8):
        for at in range(3):
            assert game.values[mask | 1 << at] >= game.values[mask] - 1e-6


def test_nothing_is_offered_where_nothing_is_needed(shipped_catalog: Catalog) -> None:
    """A target that the organization reaches by itself costs nobody anything."""
    network = sample_network(4, 1, shipped_catalog)
    scenario = Scenario(
        critical_mass=CriticalMass(ratio=0.01, payers=1, payer_share=0.0),
        objective="margin",
    )
    at_mass_anyway = scenario.model_copy(update={"objective": "members_then_margin"})
    target = parse_target("1", network)
    found = coordinate(network, shipped_catalog, at_mass_anyway, target, SolveOptions(time_limit_seconds=5.0))
    assert found.bound_usd == 0.0
    assert found.reached_today or (found.proposal is not None and found.proposal.spend_usd == 0.0)


# Benefits and play --------------------------------------------------------------------------------------


def test_benefits_add_up_by_hand(shipped_catalog: Catalog) -> None:
    """Care management everywhere saves each payer its share of spending; nothing new is worth nothing."""
    network, scenario = sample_network(4, 1, shipped_catalog), Scenario()
    model = Model(network, shipped_catalog, scenario)
    terms = terms_in_force(shipped_catalog, network, scenario)
    payers = payers_of(network)
    priced = Benefits(model, terms, payers, "mid")
    today = Decisions(
        (model.reach_in_place > 0).astype(np.int8)[None], model.reach_in_place[None],
        np.zeros((1, 4, len(terms.programs)), dtype=np.bool_),
    )  # fmt: skip
    assert priced.usd(today) == pytest.approx(np.zeros((1, 4, len(payers))))
    place = model.workflow_position["care_management"]
    reach = model.reach_in_place.copy()
    reach[:, place] = 1.0
    worth = priced.usd(Decisions(today.delivery, reach[None], today.joined))[0]
    saved = model.saved_shares[place] * expenditure_usd(model) * (reach - model.reach_in_place)[:, [place]]
    assert (worth.sum(axis=1) >= saved.sum(axis=1) - 0.01).all()
    assert saved.sum() > 0


def test_payers_alone_are_stuck() -> None:
    """Three payers of 96, 84 and 60 and a need of 150: nobody starts, 54 from a convener would set them going."""
    played = play(
        ("P1", "P2"), ("a", "b", "c"), np.array([150.0, 0.0]), np.array([[96.0, 84.0, 60.0], [9.0, 9.0, 9.0]])
    )
    (item,) = played.practices
    assert item.stuck
    assert (played.worst_usd, played.best_usd, played.together_usd) == (0.0, 90.0, 90.0)
    assert played.jump_start_usd == pytest.approx(54.0)
    assert played.price_of_fragmentation is None
    assert item.critical == (("a", "b"), ("a", "c"))


# What users write ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0%", "above 0 %"),
        ("120%", "at most 100 %"),
        ("99", "has 4 practices"),
        ("0", "from 1 to 4"),
        ("P001,P0O2", "'P0O2' is no practice"),
        (" , ", "is empty"),
        ("most", "is no practice"),
    ],
)
def test_wrong_targets(text: str, words: str, shipped_catalog: Catalog) -> None:
    """Each mistake is named with what to write instead."""
    with pytest.raises(InputError, match=words):
        parse_target(text, sample_network(4, 1, shipped_catalog))


def test_targets(shipped_catalog: Catalog) -> None:
    """Shares count members, numbers count practices, names count themselves."""
    network = sample_network(4, 1, shipped_catalog)
    half, two, named = (parse_target(text, network) for text in ("50%", "2", "P002, P004"))
    everybody = np.ones(4, dtype=np.bool_)
    assert half.reached(everybody)
    assert half.least == pytest.approx(0.5 * half.counted.sum())
    assert not two.reached(np.array([True, False, False, False]))
    assert named.reached(np.array([False, True, False, True]))
    assert not named.reached(np.array([True, True, True, False]))


def test_one_decision_alone(shipped_catalog: Catalog) -> None:
    """Doing nothing reaches no target, so it has no bonus."""
    network = sample_network(4, 1, shipped_catalog)
    instance = Instance(0, shipped_catalog, network, Scenario(), "")
    problem = _problem(instance, None, 1.0)
    nothing = problem.model.shared.baseline.decisions
    assert problem.judge.candidate(Decisions(nothing.delivery, nothing.reach, nothing.joined)) is None
