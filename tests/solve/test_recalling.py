"""The tree of an earlier search: the order in which its nodes are priced anew, and by no more passes than it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from critmass import sample_network
from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.executor import solve_pool
from critmass.solve.greedy import greedy_plan
from critmass.solve.library import Entry, Fixed, StoredPrices, StoredSplit
from critmass.solve.nodes import Node, StageResult, organization_choices
from critmass.solve.pricing import Range
from critmass.solve.progress import Clock, silent
from critmass.solve.recall import key_of
from critmass.solve.recalling import BY_RELAXATION
from critmass.solve.warm import WarmSearch
from critmass.studies.plan import objective_stages, today

PROGRAM = "mssp_enhanced_2026"
JOIN, PAID = f"join[{PROGRAM}]", f"paid[{PROGRAM}.shared_savings]"
MIDDLE_USD = 200_000.0
STAGE = Stage(*objective_stages(Scenario())[0])


@pytest.fixture(scope="module")
def model(shipped_catalog: Catalog) -> NetworkModel:
    """Twelve practices, enough for the organization to hold a contract with a pooled payment."""
    network, scenario = sample_network(12, 1, shipped_catalog), Scenario()
    terms = terms_in_force(shipped_catalog, network, scenario)
    return formulate(Shared(Model(network, shipped_catalog, scenario), terms))


@pytest.fixture
def executor() -> Iterator[Executor]:
    """Two workers."""
    with solve_pool(2) as pool:
        yield pool


def regimes_of(model: NetworkModel) -> tuple[Mapping[str, Range], Mapping[str, Range]]:
    """The organization's contracts with the program alone, and none at all."""
    held = {frozenset(name for name, part in item.items() if part[0] > 0 and name.startswith("join[")): item
            for item in organization_choices(model)}  # fmt: skip
    return held[frozenset([JOIN])], held[frozenset()]


def entry_of(model: NetworkModel) -> Entry:
    """A tree of three nodes: without the program, and with it, paid more or less than the middle. The stored plan holds
    the program."""
    most = float(model.organization.upper[model.organization.position[PAID]])
    assert most > 2 * MIDDLE_USD
    with_it, without = (key_of(STAGE, item)[1] for item in regimes_of(model))
    more, less = (PAID, MIDDLE_USD, most), (PAID, 0.0, MIDDLE_USD)
    leaves: list[Fixed] = [without, tuple(sorted([*with_it, less])), tuple(sorted([*with_it, more]))]
    split = StoredSplit(STAGE.name, with_it, PAID, more[1:], less[1:])
    shared = model.shared
    decisions = today(shared)
    decisions.joined[0, :, shared.program_ids.index(PROGRAM)] = True
    workflows = tuple(item.id for item in shared.model.workflows)
    prices = [StoredPrices(STAGE.name, leaf, {}, {}) for leaf in leaves]
    return Entry({}, {}, prices, tuple(shared.program_ids), workflows, decisions, [split])


@dataclass
class Seen:
    """A search over that tree, and what it did, in its order."""

    search: WarmSearch
    done: list[tuple[str, Node]] = field(default_factory=list)

    def names(self) -> list[str]:
        """By node: whether it holds the program, and the upper end of what it is paid."""
        return [f"{what} {self.leaf(node)}" for what, node in self.done]

    @staticmethod
    def leaf(node: Node) -> str:
        """The node in a word."""
        if node.fixed[JOIN] == (0.0, 0.0):
            return "without"
        return "less" if node.fixed[PAID][1] == MIDDLE_USD else "more"


def watched(
    model: NetworkModel, executor: Executor, monkeypatch: pytest.MonkeyPatch, known: Candidate | None, judge: Judge
) -> Seen:  # fmt: skip
    """The search until nothing that is recalled waits any more; passes and renewals are noted."""
    search = WarmSearch(
        [entry_of(model)], judge, gap=0.02, seed=1, clock=Clock(120.0), report=silent, executor=executor, known=known
    )  # fmt: skip
    search._regimes = list(regimes_of(model))
    seen = Seen(search)

    def note(owner: Any, name: str, word: str) -> None:
        action = getattr(owner, name)

        def noted(prices: Any, node: Node, *rest: Any) -> Any:
            seen.done.append((word, node))
            return action(prices, node, *rest)

        monkeypatch.setattr(owner, name, noted)

    note(search.passes, "over_all", "pass")
    note(search.passes, "closing", "close")
    monkeypatch.setattr(search, "_renew", lambda priced, _: seen.done.append(("renew", priced[0])))
    monkeypatch.setattr(search, "_finished", lambda _: not search._wait(BY_RELAXATION))
    return seen


def judge_of(model: NetworkModel) -> Judge:
    """Settles and judges plans of the model."""
    return Judge(model, Pricer(model.shared.model, model.shared.terms))


def explore(seen: Seen) -> StageResult[Candidate]:
    """The stage's nodes, as `run` looks at them."""
    search = seen.search
    search._begin(STAGE, 1.0)
    result = StageResult[Candidate](STAGE, None, np.inf)
    search.improving.consider(search.plan, result)
    search._explore(result)
    return result


def test_nodes_like_the_stored_plan_come_first_and_then_it_is_renewed(
    model: NetworkModel, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those with the higher caps first. Without a plan to close them with, every node is priced in full, and the plan
    is renewed once, before other programs are looked at."""
    seen = watched(model, executor, monkeypatch, None, judge_of(model))
    result = explore(seen)
    monkeypatch.setattr(seen.search, "_finished", lambda _: False)
    seen.search._settle_bound(result)
    assert seen.names() == ["pass more", "pass less", "renew more", "pass without"]


def test_the_last_node_of_a_rank_is_only_closed(
    model: NetworkModel, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a plan in hand only a node that others wait for is priced in full: its pass may close them too."""
    judge = judge_of(model)
    known = greedy_plan(judge, STAGE)
    seen = watched(model, executor, monkeypatch, known, judge)
    explore(seen)
    assert seen.names() == ["pass more", "close less", "renew more", "close without"]


def test_a_node_that_another_pass_closes_is_not_priced(
    model: NetworkModel, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first pass bounds the nodes with lower caps under the same conditions too: where that is enough, none is made
    there."""
    judge = judge_of(model)
    seen = watched(model, executor, monkeypatch, greedy_plan(judge, STAGE), judge)
    monkeypatch.setattr(seen.search, "_closed_bound", lambda _: 1e9)
    explore(seen)
    assert seen.names() == ["pass more", "close without"]
    assert len(seen.search._closed) == 3
