"""How a node's prices move from pass to pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from critmass.domain.scenario import CriticalMass, Scenario
from critmass.settlement.outcome import Pricer
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.decomposition import Search
from critmass.solve.executor import solve_pool
from critmass.solve.nodes import FAR, POOLED_PASSES, Node, StageResult, pooled_alone
from critmass.solve.pricing import Prices
from critmass.solve.progress import Clock, silent
from critmass.solve.repricing import FAILED, MASTER_WEIGHT, WORTH_A_PASS
from critmass.solve.sampled_search import SampledSearch
from critmass.solve.tied_search import TiedSearch
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})


@dataclass(frozen=True)
class Case:
    """A search over five practices, and the node with the best bound after its first pass."""

    search: Search[Candidate]
    first: Node
    result: StageResult[Candidate]

    @property
    def node(self) -> Node:
        """The node as it was then, with prices of pooled links that are far too high."""
        assert self.first.centre is not None
        links = self.first.centre.links
        dear = replace(self.first.centre, links=np.where(self.search._pooled, 2.0 * links + 1.0, links))
        return replace(self.first, centre=dear)


@pytest.fixture(scope="module")
def case() -> Iterator[Case]:
    """Begun once."""
    model = formulated(5, Scenario(critical_mass=CriticalMass(ratio=0.7)))
    judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
    with solve_pool(1) as executor:
        search = Search(model, judge, gap=0.0, seed=1, clock=Clock(600.0), report=silent, executor=executor)
        result = StageResult[Candidate](STAGE, None, np.inf)
        search._begin(STAGE, 1.0)
        search._gets_start, search.pooled_first = True, True
        search._nodes = [Node(choice, np.inf, place) for place, choice in enumerate(search._regimes)]
        node = max(search._first_nodes(result), key=lambda item: item.bound)
        search._price_once(node, result)
        yield Case(search, node, result)


def _moved(before: Prices | None, after: Prices | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    assert before is not None
    assert after is not None
    return before.links != after.links


def test_prices_of_pooled_links_move_first_and_alone(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the linear master would make of the others. The box for later passes stays as it is."""
    node, asked = case.node, list[Prices]()
    before, own = node.centre, case.search._own_box(node)
    node.centre_bound = node.bound = 1e12  # so that the pass is an improvement
    monkeypatch.setattr(case.search, "_pass", lambda prices, *_: asked.append(prices) or 1e11)
    case.search._pass_again(node, case.result)
    moved = _moved(before, asked[0])
    assert moved.any()
    assert not moved[~case.search._pooled].any()
    assert node.centre is asked[0]
    assert node.pooled_passes == POOLED_PASSES - 1
    assert node.box is not None
    assert np.array_equal(node.box, own)


def test_all_prices_move_after_that(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of hub staff or of opening a hub too."""
    node, asked = case.node, list[Prices]()
    before = node.centre
    node.pooled_passes, node.bound = 0, 1e12
    monkeypatch.setattr(case.search, "_pass", lambda prices, *_: asked.append(prices) or 1e11)
    case.search._pass_again(node, case.result)
    assert _moved(before, asked[0])[~case.search._pooled].any()


@pytest.mark.parametrize(("missed", "left"), [(False, 0), (True, POOLED_PASSES - 1)])
def test_pooled_prices_move_on_where_they_went_too_far(
    case: Case, monkeypatch: pytest.MonkeyPatch, *, missed: bool, left: int
) -> None:
    """A pass that brings next to nothing ends it; one that overshoots brings the columns that the master had missed."""
    node = case.node
    node.bound = node.centre_bound = 1e12
    monkeypatch.setattr(case.search, "_pass", lambda *_: 2e12 if missed else 1e12)
    case.search._pass_again(node, case.result)
    assert node.pooled_passes == left


def test_no_pass_is_made_that_can_bring_next_to_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mixed plans are worth as much as the bound: nothing is priced, and the node is as good as tried."""
    monkeypatch.setattr(case.search, "gap", 1e9)
    monkeypatch.setattr(case.search, "_pass", lambda *_: pytest.fail("a pass was made"))
    node = case.node
    case.search._pass_again(node, case.result)
    assert node.failed == FAILED
    assert node.leaf_passes == case.first.leaf_passes + 1
    assert node.bound == case.first.bound


def test_a_decision_that_matters_much_is_split_before_payments(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that matters little after them, once passes bring nothing; its parts start from the node's prices. Of many
    practices payments come first."""
    organization = case.search.model.organization
    name = organization.variables[int(np.flatnonzero(organization.integer)[0])]
    ranges, payments = ((1.0, 1.0), (0.0, 0.0)), [case.first]
    node = replace(case.first, needs_prices=False, contracts_tried=True)
    node.bound = 1e9
    monkeypatch.setattr(case.search, "_closed_bound", lambda _: 0.0)
    monkeypatch.setattr(case.search, "_split_payment", lambda *_: payments)
    monkeypatch.setattr(case.search, "_price_leaf", lambda *_: None)

    def work(drop: float) -> list[Node] | None:
        monkeypatch.setattr(case.search.masters, "hub_split", lambda *_: (name, ranges, drop))
        return case.search._work_on(node, case.result, 7)

    much = work(2.0 * WORTH_A_PASS * node.bound)
    assert much is not None
    assert [(child.fixed[name], child.order, child.needs_prices) for child in much] == [
        ((1.0, 1.0), 7, True), ((0.0, 0.0), 8, True),
    ]  # fmt: skip
    assert all(child.centre is node.centre for child in much)
    assert work(0.5 * WORTH_A_PASS * node.bound) is payments
    payments.clear()
    assert work(0.5 * WORTH_A_PASS * node.bound) is None
    node.failed = FAILED
    late = work(0.0)
    assert late is not None
    assert [child.fixed[name] for child in late] == list(ranges)
    payments.append(node)
    monkeypatch.setattr(type(case.search), "many", True)
    assert work(2.0 * WORTH_A_PASS * node.bound) is payments


@pytest.mark.parametrize("between", [True, False])
def test_plans_are_chosen_practice_by_practice_before_the_end_only_where_that_pays(
    case: Case, monkeypatch: pytest.MonkeyPatch, *, between: bool
) -> None:
    """Not from 81 practices on."""
    asked = list[Node]()
    monkeypatch.setattr(case.search, "_pass_again", lambda *_: None)
    monkeypatch.setattr(case.search, "_improve", lambda *_, **named: None)
    monkeypatch.setattr(case.search.improving, "dive_if_near", lambda result, node, *_, **named: asked.append(node))
    monkeypatch.setattr(type(case.search), "dives_between", between)
    case.search._price_leaf(case.node, case.result)
    assert len(asked) == between
    assert not TiedSearch.dives_between
    assert not SampledSearch.dives_between


def test_pooled_prices_may_move_far_others_not_at_all() -> None:
    """By a multiple of the price, beside what the box allows; floors are like pooled links."""
    centre = Prices(np.array([10.0, 20.0]), {"at_mass": 5.0})
    found = pooled_alone(np.array([1.0, 2.0, 3.0]), centre, np.array([True, False]))
    assert found.tolist() == [FAR * 10.0 + 1.0, 0.0, FAR * 5.0 + 3.0]


def test_a_box_learns_from_passes_at_all_prices() -> None:
    """It grows where prices ran into it and the bound fell, and shrinks where they moved and it did not."""
    node = Node({}, 100.0, 0, centre=Prices(np.zeros(2), {}), centre_bound=100.0, box=np.ones(2), pooled_passes=0)
    node.passed(Prices(np.array([MASTER_WEIGHT, 0.0]), {}), 90.0, MASTER_WEIGHT)
    assert node.box is not None
    assert node.box.tolist() == [2.0, 1.0]
    assert (node.bound, node.last_drop, node.failed) == (90.0, 10.0, 0)
    node.passed(Prices(np.array([1.5, 0.0]), {}), 95.0, MASTER_WEIGHT)
    assert node.box.tolist() == [1.0, 1.0]
    assert (node.bound, node.last_drop, node.failed) == (90.0, 0.0, 1)
