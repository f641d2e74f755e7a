"""Networks of many practices: searched on a sample first, links of one practice left out."""

from __future__ import annotations

import time
from concurrent.futures import Executor
from dataclasses import replace
from typing import Literal

import numpy as np
import pytest

from critmass.catalog import load_catalog
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.formulation.links import PREFIX
from critmass.formulation.network_model import NetworkModel
from critmass.network import sample_network
from critmass.solve import sample_first, sampling
from critmass.solve.candidates import Candidate, Judge, Pricer
from critmass.solve.columns import Stage, column, without_mass
from critmass.solve.decomposition import Search
from critmass.solve.executor import solve_pool
from critmass.solve.highs import Answer
from critmass.solve.interrupt import SearchStopped
from critmass.solve.nodes import Node, StageResult
from critmass.solve.pricing import Prices, no_prices
from critmass.solve.progress import Clock, silent
from critmass.solve.relaxation import Relaxation, Relaxed
from critmass.solve.sample_first import TUNING_PASSES, Trial
from critmass.solve.sampled_search import SampledSearch
from critmass.solve.sampling import FACTORS, TOKEN, SampleJudge, calibrated, carried_over, evenly, renamed, with_tokens
from critmass.studies import plan
from critmass.studies.plan import plan_network
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Five practices."""
    return formulated(5)


@pytest.fixture(scope="module")
def eight() -> NetworkModel:
    """Eight practices: a sample of three has several choices of contracts."""
    return formulated(8)


def test_leaving_out_links_of_one_practice_only_loosens(model: NetworkModel) -> None:
    """The relaxation without them is worth no less, and the links that stay are those of all practices."""
    lean = model.with_shared_links_only()
    assert 0 < len(lean.links) < len(model.links)
    values = [Relaxation(item, STAGE).solve({}) for item in (model, lean)]
    assert values[0] is not None
    assert values[1] is not None
    assert values[1].value >= values[0].value - 1e-3


def test_a_block_may_stand_for_many(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Objective and shared links count a block as often as it stands for practices; its own links and rows once."""
    monkeypatch.setattr(sampling, "SAMPLE", 2)
    found = evenly(model, np.arange(5.0))
    assert found.places == (1, 3)
    assert (found.stands_for > 0.0).all()
    for block, place, share in zip(found.model.practices, found.places, found.stands_for, strict=True):
        whole = model.blocks[place]
        assert block.matrix is whole.matrix
        for name in whole.expressions:
            times = 1.0 if "condition_copy" in name or "passed_through" in name or "hub_open" in name else share
            assert np.allclose(block.expressions[name][1], times * whole.expressions[name][1])
            assert block.expressions.constant(name) == pytest.approx(times * whole.expressions.constant(name))


def test_a_sample_brings_about_what_the_network_does_in_all() -> None:
    """Calibrated, a sample meets each total to a thousandth, where drawing alone misses some by a tenth; the practices
    stand for no more or less than they may."""
    draw = np.random.default_rng(1)
    sizes = draw.lognormal(0.0, 0.8, 1000)
    parts = np.column_stack([np.ones(1000), sizes, *(sizes * draw.uniform(0.2, 1.8, 1000) for _ in range(12))])
    chosen = np.argsort(sizes)[np.arange(8, 1000, 17)]
    found = calibrated(parts, chosen)
    mean, whole = 1000 / len(chosen), parts.sum(axis=0)
    drawn, met = (part / whole - 1.0 for part in (mean * parts[chosen].sum(axis=0), found @ parts[chosen]))
    assert np.abs(drawn).max() > 0.05
    assert np.abs(met).max() < 2e-3
    assert (found >= FACTORS[0] * mean - 1e-9).all()
    assert (found <= FACTORS[1] * mean + 1e-9).all()


def test_a_sample_keeps_shared_links_and_those_of_its_practices(
    model: NetworkModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claims of the sample's practices stay tied to the payments, others have no row there."""
    monkeypatch.setattr(sampling, "SAMPLE", 2)
    found, names = evenly(model, np.arange(5.0)).model, model.shared.model.network.practices
    assert set(model.with_shared_links_only().links) < set(found.links)
    own = [link for link in found.links if link.startswith("passed_through_link")]
    assert own
    assert all(
        link.startswith((f"passed_through_link[{names[1]},", f"passed_through_link[{names[3]},")) for link in own
    )


def test_a_sample_of_all_practices_is_the_network(model: NetworkModel) -> None:
    """Where the sample holds everyone, each stands for itself: its relaxation is the same, but for opening hubs."""
    found = evenly(model, np.arange(5.0))
    assert np.allclose(found.stands_for, 1.0)
    kept = [not name.startswith("hub_open_link") for name in model.links]
    links = tuple(name for name, keep in zip(model.links, kept, strict=True) if keep)
    without = replace(model, links=links, equal=model.equal[kept])
    whole, part = (Relaxation(item, STAGE).solve({}) for item in (without, found.model))
    assert whole is not None
    assert part is not None
    assert part.value == pytest.approx(whole.value)


def test_nodes_carry_prices_over_and_no_bounds(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a sample proves is only an order to look in: bounds are infinite, prices are by name, and a node that the
    sample could not keep has those of the best one."""
    monkeypatch.setattr(sampling, "SAMPLE", 2)
    part, lean = evenly(model, np.arange(5.0)).model, model.with_shared_links_only()
    prices = Prices(np.arange(float(len(part.links))), {})
    frontier = [Node({}, -np.inf, 0), Node({"join[mssp_enhanced_2026]": (1.0, 1.0)}, 7.0, 1, centre=prices)]
    found = carried_over(frontier, part, lean, STAGE)
    assert [node.bound for node in found] == [np.inf, np.inf]
    assert [node.promise for node in found] == [7.0, -np.inf]
    for node in found:
        assert node.relaxed is not None
        by_name = dict(zip(lean.links, node.relaxed.prices.links, strict=True))
        assert by_name == {name: prices.links[part.links.index(name)] for name in lean.links}


def test_a_trial_tells_contracts_apart_by_prices(eight: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """The choices come best first, the first one's prices tuned: its bound at them is below the relaxation's. Tuning
    another one lowers its bound too, and every choice holds contracts of its own."""
    monkeypatch.setattr(sampling, "SAMPLE", 3)
    judge = Judge(eight.with_shared_links_only(), Pricer(eight.shared.model, eight.shared.terms))
    sample = evenly(eight, np.arange(8.0))
    with solve_pool(1) as executor:
        trial = Trial(
            sample.model, SampleJudge(sample, judge), gap=0.05, seed=1, clock=Clock(120.0), report=silent,
            executor=executor,
        )  # fmt: skip
        found = trial.choices(STAGE, 1.0)
        assert [item.bound for item in found] == sorted((item.bound for item in found), reverse=True)
        best, other = found[0], next(item for item in found[1:] if item.leaf_passes < TUNING_PASSES)
        assert best.leaf_passes == TUNING_PASSES
        assert best.relaxed is not None
        assert best.bound < best.relaxed.value
        before = other.bound
        trial.tune(other)
        assert other.leaf_passes == TUNING_PASSES
        assert other.bound <= before
    assert len({tuple(sorted(item.fixed.items())) for item in found}) == len(found)


def search_of(model: NetworkModel, clock: Clock, executor: Executor) -> SampledSearch:
    """A search over a network as one of many practices."""
    lean = model.with_shared_links_only()
    judge = Judge(lean, Pricer(model.shared.model, model.shared.terms))
    return SampledSearch(lean, judge, gap=0.05, seed=1, clock=clock, report=silent, executor=executor)


def sampled(model: NetworkModel, clock: Clock, executor: Executor) -> tuple[SampledSearch, StageResult[Candidate]]:
    """Such a search that has told contracts apart on its sample, and its result, still without a plan."""
    search = search_of(model, clock, executor)
    search._begin(STAGE, 1.0)
    result = StageResult[Candidate](STAGE, None, np.inf)
    search._nodes = search._first_nodes(result)
    return search, result


def test_no_pooled_rate_is_for_nothing(model: NetworkModel) -> None:
    """All that practices can bring to a rate is worth a token at least; dearer rates and all other links keep their
    prices, and so does a rate that nobody can bring anything to. The bound is higher by no more than the tokens."""
    lean, worth = model.with_shared_links_only(), 2e6
    reach = {name: sum(block.bounds(PREFIX + name)[1] for block in lean.practices) for name in lean.links}
    rates = [name for name in lean.links if name.startswith("pooled_gap_link") and reach[name] > 0.0]
    dear, cheap = rates[0], rates[1:]
    before = no_prices(lean, STAGE)
    before.links[lean.links.index(dear)] = 10.0 * TOKEN * worth / reach[dear]
    after = with_tokens(before, lean, worth)
    gained = {name: more for name, more in zip(lean.links, after.links - before.links, strict=True) if more}
    assert set(gained) == set(cheap) != set()
    assert all(gained[name] * reach[name] == pytest.approx(TOKEN * worth) for name in cheap)
    nobody = replace(lean, blocks=(lean.organization,))
    assert (with_tokens(before, nobody, worth).links == before.links).all()
    with solve_pool(1) as executor:
        search, result = sampled(model, Clock(120.0), executor)
        bounds = [search._pass(prices, search._nodes[0], result) for prices in (before, after)]
    assert bounds[1] - bounds[0] <= len(cheap) * TOKEN * worth + 1.0


def test_the_first_pass_over_everyone_has_tokens(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """No pooled rate that practices can bring up is for nothing in it; later passes are at the sample's own prices."""
    monkeypatch.setattr(sampling, "SAMPLE", 3)
    with solve_pool(1) as executor:
        search, result = sampled(model, Clock(120.0), executor)
        node = search._nodes[0]
        rates = [at for at, name in enumerate(search.model.links) if name.startswith("pooled_gap_link")]
        search._price_once(node, result)
        first = search.passes._archive[0].prices
        assert search._trial is not None
        tuned = search._untuned[node.order]
        assert tuned.centre is not None
        own = renamed(tuned.centre, search._trial.model, search.model)
        assert (first.links == with_tokens(own, search.model, tuned.bound).links).all()
        assert (first.links[rates] > own.links[rates]).any()
        search._take_tuned_prices(node, result)
        assert node.relaxed is not None
        assert (node.relaxed.prices.links == own.links).all()


def test_what_has_to_earn_more_is_priced_at_prices_of_the_sample(
    model: NetworkModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part of a payment's range gets prices of its own from a sample, is priced at them once they are tuned, and its
    bound holds what the whole range's bound holds."""
    monkeypatch.setattr(sampling, "SAMPLE", 3)
    with solve_pool(1) as executor:
        search, result = sampled(model, Clock(120.0), executor)
        node = search._nodes[0]
        search._price_once(node, result)
        name = next(item for item in model.pooled_payments if item in model.organization.position)
        part = search._earning_more(node, name, (0.0, np.inf), 99)
        assert part.centre is None
        assert part.relaxed is not None
        assert part.bound <= node.bound
        mine = search._untuned[99]
        search._price_once(part, result)
        assert mine.leaf_passes > 0
        assert part.centre is not None
        assert part.centre_bound < np.inf


def test_everyone_is_priced_where_the_sample_promises_most(
    eight: NetworkModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A choice of contracts that the sample's prices put behind another one waits, and the other one is priced."""
    monkeypatch.setattr(sampling, "SAMPLE", 3)
    monkeypatch.setattr(sample_first, "SAMPLE_TIME", 0.03)
    with solve_pool(1) as executor:
        search, result = sampled(eight, Clock(120.0), executor)
        first, second = sorted(search._nodes, key=lambda node: -node.promise)[:2]

        def disappointing(mine: Node, least: float) -> None:
            assert mine.relaxed is not None
            mine.centre, mine.bound = mine.relaxed.prices, least - 1.0

        assert search._trial is not None
        monkeypatch.setattr(search._trial, "tune", disappointing)
        search._price_once(first, result)
        assert first.centre is None
        assert search.passes.count == 0
        assert search._next_node(result) is second
        monkeypatch.undo()
        while not search.passes.count:
            search._price_once(search._next_node(result), result)
        (priced,) = [node for node in search._nodes if node.centre is not None]
        assert priced.promise == max(node.promise for node in search._nodes)


def test_tuning_ends_where_a_node_is_worth_less(eight: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once the sample finds less in it than asked, no pass is spent on a choice of contracts."""
    monkeypatch.setattr(sampling, "SAMPLE", 3)
    monkeypatch.setattr(sample_first, "SAMPLE_TIME", 0.03)
    with solve_pool(1) as executor:
        search, _ = sampled(eight, Clock(120.0), executor)
        trial = search._trial
        assert trial is not None
        node = next(item for item in search._untuned.values() if item.leaf_passes < TUNING_PASSES)
        passes = trial.passes.count
        trial.tune(node, node.bound + 1.0)
        assert trial.passes.count == passes
        trial.tune(node, node.bound)
        assert trial.passes.count > passes


@pytest.mark.parametrize("another", [False, True])
def test_a_choice_beside_a_node_is_taken_after_it(
    another: bool, model: NetworkModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun before a node's work is taken after it, and what was begun in it goes on."""
    result = StageResult[Candidate](STAGE, None, np.inf)
    with solve_pool(1) as executor:
        search = search_of(model, Clock(120.0), executor)
        before, later = (executor.submit(Answer, "limit", None, -np.inf, np.inf) for _ in range(2))
        search.improving._begun = before, [], 0, time.monotonic() + 60.0

        def work(*_: object) -> None:
            if another:
                search.improving._begun = later, [], 0, time.monotonic() + 60.0

        monkeypatch.setattr(Search, "_work_on", work)
        assert search._work_on(Node({}, np.inf, 0), result, 1) is None
    assert search.improving.begun is (later if another else None)


def test_a_first_pass_is_expected_to_take_what_the_sample_took(
    model: NetworkModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Passes over a sample of two of five practices tell how long one over all will take: it is not begun, nor is one
    of those that aim at a plan, where the limit would be overrun."""
    monkeypatch.setattr(sampling, "SAMPLE", 2)
    clock = Clock(120.0)
    with solve_pool(1) as executor:
        search, result = sampled(model, clock, executor)
        assert search._trial is not None
        expected = search.passes.seconds
        assert expected == pytest.approx(2.5 * search._trial.passes.seconds)
        search._price_once(search._nodes[0], result)
        assert search.passes.count >= 2
        search._begin(STAGE, 1.0)
        search._nodes = search._first_nodes(result)
        clock.limit_seconds = search._until = clock.spent()
        search._price_once(search._nodes[0], result)
        assert search.passes.count == 1


def test_where_a_pass_has_no_time_a_quick_one_bounds_a_choice(model: NetworkModel) -> None:
    """With half of a pass left a search is not over while a choice of contracts has no bound: it gets one from linear
    relaxations, and no practice is priced exactly any more. What takes a part of a pass is begun still."""
    clock = Clock(1000.0)
    with solve_pool(1) as executor:
        search = search_of(model, clock, executor)
        search._begin(STAGE, 1.0)
        result, prices = StageResult[Candidate](STAGE, None, np.inf), no_prices(search.model, STAGE)
        relaxed = Relaxed(1e9, prices, np.zeros(len(model.organization.variables)))
        first, other = (Node(choice, np.inf, 0, relaxed=relaxed) for choice in [search._regimes[0]] * 2)
        first.caps = [dict.fromkeys(caps, (0.0, 0.0)) for caps in search.masters.claim_caps(other)]
        search._pass_at_relaxed(first, result)
        search.passes.seconds = 2000.0
        search._nodes = [first, other]
        assert search.passes.bound(other) == np.inf
        assert not search._finished(result)
        assert not search._work_on(other, result, 2)
        assert first.bound <= other.bound + 1.0 < np.inf
        assert search.passes.exact == 1
        assert not search._finished(result)
        with pytest.raises(SearchStopped):
            search._work_on(other, result, 2)
        assert first.centre is not None
        assert search.passes.part(first.centre, first) == 0.0
        assert search.passes.part(no_prices(search.model, STAGE), first) == 1.0
        assert search._pass(first.centre, first, result) == pytest.approx(first.bound)
        search.passes.seconds = 1e5
        assert search._finished(result)


def test_a_plan_that_is_not_counted_at_mass_asks_for_no_claims(model: NetworkModel) -> None:
    """The twin of a column at mass has the same margin and neither mass nor claims."""
    lean = model.with_shared_links_only()
    assert lean.claims_untied
    assert not model.claims_untied
    block = lean.blocks[0]
    at_mass = column(lean, 0, block.upper.copy(), {"margin": 5.0, "at_mass": 1.0, "members_at_mass": 900.0})
    found = without_mass(lean, at_mass)
    assert found.worth == {"margin": 5.0, "at_mass": 0.0, "members_at_mass": 0.0}
    assert all(found.x[block.position[f"claim[{payer}]"]] == 0.0 for payer in lean.claim_shares[0])
    assert np.allclose(found.links, at_mass.links)


@pytest.mark.parametrize("tied", [4, 5])
@pytest.mark.parametrize("objective", ["mass_and_margin", pytest.param("members_then_margin", marks=pytest.mark.long)])
def test_many_and_few_agree(
    objective: Literal["mass_and_margin", "members_then_margin"], tied: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned as if five practices were many, from a sample of three, with links of their own or without: neither way's
    plan is above the other's bound."""
    catalog = load_catalog()
    network, scenario = sample_network(5, 1, catalog), Scenario(objective=objective)
    options = SolveOptions(time_limit_seconds=5, gap=0.05)
    few = plan_network(network, catalog, scenario, options)
    monkeypatch.setattr(sampling, "SAMPLE", 3)
    monkeypatch.setattr(plan, "MANY", 4)
    monkeypatch.setattr(plan, "TIED", tied)
    many = plan_network(network, catalog, scenario, options)
    assert many.outcome.decisions.reach.any()
    for one, other in ((few, many), (many, few)):
        assert np.isfinite(one.levels[0].bound)
        assert one.levels[0].value <= other.levels[0].bound + 0.01


@pytest.mark.long
@pytest.mark.parametrize("practices", [100, 160])
def test_a_plan_for_many_practices(practices: int) -> None:
    """A plan comes with a bound that is not far, and beats doing nothing new."""
    catalog = load_catalog()
    found = plan_network(
        sample_network(practices, 1, catalog), catalog, options=SolveOptions(time_limit_seconds=300, gap=0.05)
    )
    assert found.gap < 0.15
    assert found.objective > float(found.today.margin[0])
