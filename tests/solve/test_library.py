"""The plan library: safe on disk, and a start that never costs a bound or a plan."""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from critmass import Plan, SolveOptions, sample_network
from critmass.catalog.overrides import with_overrides
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Lock, RateOverride, Scenario
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import formulate
from critmass.settlement.outcome import CENT
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.columns import Stage
from critmass.solve.library import FILES, PLANS, Entry, Library, StoredPrices
from critmass.solve.recall import usable_prices
from critmass.studies.explain.resolve import resolver_of
from critmass.studies.explain.rules import Rules
from critmass.studies.plan import plan_network

OPTIONS = SolveOptions(gap=0.02, time_limit_seconds=120, workers=1)


@pytest.fixture(scope="module")
def network(shipped_catalog: Catalog) -> Network:
    """Four practices: too many to be solved whole."""
    return sample_network(4, 1, shipped_catalog)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first plan leaves its library."""
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def first(network: Network, shipped_catalog: Catalog, folder: Path) -> Plan:
    """The plan that the library comes from."""
    return plan_network(network, shipped_catalog, Scenario(), OPTIONS, library=folder)


def small_entry(value: float = 1.0) -> Entry:
    """An entry that is quick to write."""
    prices = StoredPrices("margin", (("join[x]", 0.0, 1.0),), {"a": value}, {})
    return Entry({"p": ["x", "y"]}, {"p": np.full((2, 2), value)}, [prices], ("x",), ("w",))


def rate_of(plan: Plan) -> RateOverride:
    """A tenth less for the first dollar amount of a program that the plan joins anew."""
    more = (plan.outcome.decisions.joined[0] & ~plan.today.decisions.joined[0]).any(axis=0)
    ids = [item.id for item, is_new in zip(plan.terms.programs, more, strict=True) if is_new]
    found = (item for item in plan.catalog.provenance if item.owner in ids and "usd" in item.path)
    rate = next(item for item in found if isinstance(item.value, float) and item.value > 0)
    return RateOverride(path=rate.path, value=0.9 * rate.value)


def check(scenario: Scenario, catalog: Catalog, network: Network, folder: Path) -> Plan:
    """The plan from the library is certified, keeps the rules, and is not below the one made afresh."""
    fresh = plan_network(network, catalog, scenario, OPTIONS)
    again = plan_network(network, catalog, scenario, OPTIONS, library=folder)
    for mine, other in zip(again.levels, fresh.levels, strict=True):
        room = OPTIONS.gap * max(abs(other.bound), 1.0) + CENT
        assert mine.bound >= mine.value - CENT
        assert mine.bound >= other.value - CENT
        assert mine.value >= other.value - room
    assert Rules(network, catalog, scenario).keeps(again.outcome.decisions)
    return again


LINK_PRICES = {"a": -2.0, "b": -3.0, "c": np.inf, "passed_through_link[x]": 4.0}


# Planning again ---------------------------------------------------------------------------------------


def test_the_same_question_is_answered_no_worse(
    first: Plan, network: Network, shipped_catalog: Catalog, folder: Path
) -> None:
    """The library's plan is the first one, so the answer is at least as good."""
    again = plan_network(network, shipped_catalog, Scenario(), OPTIONS, library=folder)
    assert again.levels[0].value >= first.levels[0].value - CENT
    assert again.levels[0].bound >= again.levels[0].value - CENT


@pytest.mark.long
def test_a_changed_rate(first: Plan, network: Network, folder: Path) -> None:
    """Plans are settled anew under the changed catalog."""
    rate = rate_of(first)
    check(Scenario(overrides=(rate,)), with_overrides(first.catalog, [rate]), network, folder)


@pytest.mark.long
def test_a_changed_budget(first: Plan, network: Network, shipped_catalog: Catalog, folder: Path) -> None:
    """Less start-up money for the organization."""
    check(Scenario(organization_budget_usd=1000.0), shipped_catalog, network, folder)


@pytest.mark.long
def test_decisions_that_break_a_lock_are_not_used(
    first: Plan, network: Network, shipped_catalog: Catalog, folder: Path
) -> None:
    """A workflow that the stored plan starts is left out where the new question says so."""
    delivery, today = first.outcome.decisions.delivery[0], first.today.decisions.delivery[0]
    place, column = np.argwhere((delivery > 0) & (today == 0))[0]
    workflow = list(shipped_catalog.workflows)[column]
    lock = Lock(practice=network.practices[place], workflow=workflow, decision="left_out")
    again = check(Scenario(locks=(lock,)), shipped_catalog, network, folder)
    assert again.outcome.decisions.delivery[0, place, column] == 0


def test_a_resolver_takes_the_library_of_its_plan(first: Plan, folder: Path) -> None:
    """Explanations start from what the plan left; without a library they start afresh."""
    assert first.library == folder
    assert resolver_of(first)._library == folder


def test_another_network_or_meaning_finds_nothing(first: Plan, shipped_catalog: Catalog, folder: Path) -> None:
    """Locks, rates and budgets do not matter to what may be started from; networks and mass do."""
    other = sample_network(5, 2, shipped_catalog)
    assert Library(folder, first.network, Scenario(organization_budget_usd=1.0)).entries()
    assert not Library(folder, other, Scenario()).entries()
    assert not Library(folder, first.network, Scenario(hub=False)).entries()


def test_prices_are_only_prices(network: Network, shipped_catalog: Catalog) -> None:
    """Unknown links are ignored, missing and infinite ones cost nothing, inequalities are not negative, and claims
    have no price."""
    stored = StoredPrices("margin", (), {**LINK_PRICES, "gone": 9.0}, {"margin": -1.0})
    stage = Stage("margin", {"margin": 1.0}, {"margin": 0.0, "at_mass": 0.0})
    terms = terms_in_force(shipped_catalog, network, Scenario())
    whole = formulate(Shared(Model(network, shipped_catalog, Scenario()), terms))
    links, equal = ("a", "b", "c", "new", "passed_through_link[x]"), np.array([False, True, False, False, False])
    found = usable_prices(stored, replace(whole, links=links, equal=equal), stage)
    assert found.links.tolist() == [0.0, -3.0, 0.0, 0.0, 0.0]
    assert found.floors == {"margin": 0.0, "at_mass": 0.0}


# On disk ----------------------------------------------------------------------------------------------


def test_an_entry_comes_back_as_it_was(network: Network, tmp_path: Path) -> None:
    """Plans and prices are those that were written."""
    library = Library(tmp_path, network, Scenario())
    library.add(small_entry(2.5))
    (found,) = library.entries()
    assert found.plans["p"].tolist() == [[2.5, 2.5], [2.5, 2.5]]
    assert found.prices == small_entry(2.5).prices
    assert found.decisions is None


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_damaged_file_is_ignored(
    network: Network, tmp_path: Path, caplog: pytest.LogCaptureFixture, kept: int
) -> None:
    """A truncated file is named in the log, and the others are still read."""
    library = Library(tmp_path, network, Scenario())
    path = library.add(small_entry())
    library.add(small_entry(2.0))
    path.write_bytes(path.read_bytes()[:kept])
    assert [item.plans["p"][0, 0] for item in library.entries()] == [2.0]
    assert path.name in caplog.text


def test_nothing_is_unpickled(network: Network, tmp_path: Path) -> None:
    """A file with objects in it is not trusted, even under its right name."""
    library = Library(tmp_path, network, Scenario())
    library.add(small_entry())
    buffer = io.BytesIO()
    np.savez(buffer, head=np.array([{"practices": []}], dtype=object))
    content = buffer.getvalue()
    (library.folder / f"{hashlib.sha256(content).hexdigest()}.npz").write_bytes(content)
    assert len(library.entries()) == 1


def test_writers_at_once_lose_nothing(network: Network, tmp_path: Path) -> None:
    """Every entry of writers that run together is there, whole, and no temporary file stays."""
    library = Library(tmp_path, network, Scenario())
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(library.add, [small_entry(float(value)) for value in range(FILES)]))
    assert sorted(item.plans["p"][0, 0] for item in library.entries()) == list(range(FILES))
    assert not list(library.folder.glob("*.part"))


def test_sizes_are_limited(network: Network, tmp_path: Path) -> None:
    """The newest files stay, and the first rows of each practice."""
    library = Library(tmp_path, network, Scenario())
    for value in range(FILES + 3):
        entry = small_entry(float(value))
        entry.plans = {"p": np.full((PLANS + 5, 2), float(value))}
        library.add(entry)
    found = library.entries()
    assert len(found) == FILES
    assert all(len(item.plans["p"]) == PLANS for item in found)
