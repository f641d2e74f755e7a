"""Bounds from a plan library: they bound the changed question, and a wrong one is found out."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from critmass import Plan, SolveOptions, sample_network
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Lock, Scenario
from critmass.formulation.block import Block
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.outcome import CENT, Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.candidates import Judge
from critmass.solve.columns import Stage
from critmass.solve.executor import solve_pool
from critmass.solve.highs import SolveLimits
from critmass.solve.kept import Kept, KeptPricing
from critmass.solve.library import Entry, Library, StoredSplit
from critmass.solve.pricing import Prices, PricingTask, block_problem, price_practice
from critmass.solve.progress import Clock, silent
from critmass.solve.recall import cut
from critmass.solve.warm import WarmSearch
from critmass.studies.plan import objective_stages, plan_network
from enumeration import Enumeration
from random_instances import Instance, random_instance

OPTIONS = SolveOptions(gap=0.001, time_limit_seconds=60, workers=1)
ROUGH = SolveOptions(gap=0.02, time_limit_seconds=120, workers=1)
NO_PRICES = Prices(np.zeros(0), {})


@pytest.fixture(scope="module")
def network(shipped_catalog: Catalog) -> Network:
    """Four practices: too many to be solved whole."""
    return sample_network(4, 1, shipped_catalog)


@pytest.fixture(scope="module")
def model(network: Network, shipped_catalog: Catalog) -> NetworkModel:
    """Their model."""
    scenario = Scenario()
    terms = terms_in_force(shipped_catalog, network, scenario)
    return formulate(Shared(Model(network, shipped_catalog, scenario), terms))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first plan leaves its library."""
    return tmp_path_factory.mktemp("library")


@pytest.fixture(scope="module")
def first(network: Network, shipped_catalog: Catalog, folder: Path) -> Plan:
    """The plan that the library comes from."""
    return plan_network(network, shipped_catalog, Scenario(), ROUGH, library=folder)


def task_of(model: NetworkModel) -> tuple[PricingTask, Block]:
    """The first practice, to be priced for its margin."""
    block = model.blocks[0]
    constant, margin = block.expressions["margin"]
    limits = SolveLimits(time_seconds=20, gap_absolute=1.0, heuristics=False)
    return PricingTask(0, block_problem(block, margin, constant), block.position["at_mass"], True, limits), block


def copy_of(folder: Path, to: Path) -> Path:
    """The library, to be written to freely."""
    return Path(shutil.copytree(folder, to / "library"))


# A bound belongs to its problem ------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["objective", "lower", "upper", "offset", "rewarded", "row", "coefficient"])
def test_another_number_is_another_problem(part: str, model: NetworkModel) -> None:
    """No number of a problem can change without its bound being lost; claims' caps are compared instead."""
    task, block = task_of(model)
    kept = KeptPricing()
    before = kept.key(task, block)
    at = block.position["at_mass"]
    if part == "rewarded":
        task = replace(task, rewarded=False)
    elif part == "offset":
        task = replace(task, problem=replace(task.problem, offset=task.problem.offset + 1.0))
    elif part == "row":
        block = replace(block, row_lower=block.row_lower + np.eye(len(block.row_lower))[0])
    elif part == "coefficient":
        block = replace(block, matrix=block.matrix * 1.0000001)
    else:
        moved = getattr(task.problem, part) + 0.5 * np.eye(len(block.lower))[at]
        task = replace(task, problem=replace(task.problem, **{part: moved}))
    assert kept.key(task, block) != before


def test_a_bound_holds_under_lower_caps_only(model: NetworkModel) -> None:
    """A cap that is higher than the kept one brings another solve, and so does one that the best plan exceeds."""
    task, block = task_of(model)
    kept, key = KeptPricing(), KeptPricing().key(task, block)
    found = price_practice(task)
    caps = kept.caps(task, block)
    kept.add(key, Kept(caps - 10.0, found.bound, found.points[0]), NO_PRICES)
    assert kept.get(task, key, block) is None
    kept.add(key, Kept(caps, found.bound, found.points[0]), NO_PRICES)
    again = kept.get(task, key, block)
    assert again is not None
    assert again.bound == found.bound
    beyond = np.where([name.startswith("claim[") for name in block.variables], 1e9, found.points[0])
    kept.found[key] = [Kept(caps, found.bound, beyond)]
    assert kept.get(task, key, block) is None


def test_a_bound_below_its_own_plan_is_not_used(model: NetworkModel) -> None:
    """A kept plan that is worth more than the kept bound shows that the two do not belong together."""
    task, block = task_of(model)
    kept, found = KeptPricing(), price_practice(task)
    key = kept.key(task, block)
    kept.found[key] = [Kept(kept.caps(task, block), found.bound - 1e5 - abs(found.bound), found.points[0])]
    assert kept.get(task, key, block) is None


# The parts of a stored split cover the whole -------------------------------------------------------------


@pytest.mark.parametrize(
    ("upper", "lower", "held", "covers"),
    [
        ((1.0, 1.0), (0.0, 0.0), None, True),
        ((1.0, 9.0), (-9.0, 0.0), None, True),
        ((1.0, 1.0), (0.0, 0.0), (1.0, 1.0), False),
        ((2.0, 2.0), (0.0, 0.0), None, False),
        ((0.7, 1.0), (0.0, 0.3), None, False),
    ],
)
def test_a_stored_split_covers_or_is_not_used(
    upper: tuple[float, float], lower: tuple[float, float], held: tuple[float, float] | None, covers: bool,
    model: NetworkModel,
) -> None:  # fmt: skip
    """Whatever a file says, the two parts of a yes/no decision are yes and no."""
    block = model.organization
    name = next(name for name, at in block.position.items() if block.integer[at] and block.upper[at] == 1.0)
    assert block.lower[block.position[name]] == 0.0
    found = cut(block, StoredSplit("margin", (), name, upper, lower), held)
    assert (found is not None) == covers
    if found is not None:
        assert found[0][0] <= found[1][1] + 1.0
        assert (found[1][0], found[0][1]) == (block.lower[block.position[name]], block.upper[block.position[name]])


# Whole plans ---------------------------------------------------------------------------------------------


def changes(instance: Instance) -> list[Scenario]:
    """The question as it was, with less and with no start-up money, and with the first workflow locked out of the first
    practice and into the last."""
    scenario, names = instance.scenario, instance.network.practices
    workflow = next(iter(instance.catalog.workflows))
    out = Lock(practice=names[0], workflow=workflow, decision="left_out")
    in_place = Lock(practice=names[-1], workflow=workflow, decision="in_place")
    return [
        scenario,
        scenario.model_copy(update={"organization_budget_usd": 500.0}),
        scenario.model_copy(update={"organization_budget_usd": 0.0}),
        scenario.model_copy(update={"locks": (*scenario.locks, out)}),
        scenario.model_copy(update={"locks": (*scenario.locks, in_place)}),
    ]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 6))])
def test_bounds_from_a_library_hold(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No decision at all is worth more than the bound of a plan from the library, and none of the plan's is unreal."""
    monkeypatch.setattr("critmass.studies.plan.TINY", 0)
    instance = random_instance(seed)
    for place, scenario in enumerate([instance.scenario, *changes(instance)]):
        best = Enumeration(replace(instance, scenario=scenario)).best()
        if best is None:
            continue
        library = tmp_path / "library"
        found = plan_network(instance.network, instance.catalog, scenario, OPTIONS, library=library)
        level, value = found.levels[0], best.values[0]
        assert level.bound >= value - CENT - 1e-6 * abs(value), (place, scenario)
        assert level.value <= value + CENT + 1e-6 * abs(value)


def test_the_same_question_solves_next_to_nothing(
    first: Plan, network: Network, shipped_catalog: Catalog, folder: Path, tmp_path: Path
) -> None:
    """What was priced is not priced again; the bound is the one that was proved."""
    again = plan_network(network, shipped_catalog, Scenario(), ROUGH, library=copy_of(folder, tmp_path))
    assert again.levels[0].bound <= first.levels[0].bound + CENT
    assert again.pricing.kept > 0
    assert again.pricing.checked > 0
    assert again.pricing.solved < first.pricing.solved / 2


def test_bounds_are_left_while_any_time_is(model: NetworkModel) -> None:
    """What relaxations put aside is bounded for later searches even where only time for plans is left; without any time
    it is not."""
    judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
    with solve_pool(1) as executor:
        search = WarmSearch(
            [], judge, gap=0.05, seed=1, clock=Clock(600.0), report=silent, executor=executor, known=None
        )  # fmt: skip
        search.run(Stage(*objective_stages(Scenario())[0]))
        put_aside = next(node for node in search._opened if node.relaxed is not None)
        put_aside.centre = None
        search._until, end = search.clock.spent(), search._end
        search._end = search.clock.spent()
        search._bound_put_aside()
        assert not search._aside
        search._end = end
        search._bound_put_aside()
    (prices,) = search._aside.values()
    assert put_aside.relaxed is not None
    assert prices is put_aside.relaxed.prices


LIES: list[Callable[[Kept], Kept]] = [
    lambda item: replace(item, bound=item.bound - 0.0005 * abs(item.bound) - 1.0),
    lambda item: replace(item, bound=item.bound - 0.5 * abs(item.bound) - 1e5),
    lambda item: replace(item, bound=-1e9, point=np.zeros(len(item.point))),
]


@pytest.mark.parametrize("lie", LIES)
def test_wrong_bounds_are_found_out(
    lie: Callable[[Kept], Kept], first: Plan, network: Network, shipped_catalog: Catalog, folder: Path, tmp_path: Path
) -> None:
    """A file under its right name with bounds that are too low: the plan is proved without them."""
    library = Library(tmp_path, network, Scenario())
    entry = Library(folder, network, Scenario()).entries()[0]
    entry.priced = {key: [lie(item) for item in items] for key, items in entry.priced.items()}
    library.add(entry)
    again = plan_network(network, shipped_catalog, Scenario(), ROUGH, library=tmp_path)
    assert again.levels[0].bound >= first.levels[0].value - CENT
    assert again.pricing.solved > 0


def test_pricing_results_come_back_as_they_were(network: Network, tmp_path: Path) -> None:
    """Bounds, caps and plans are those that were written, to the last digit."""
    library = Library(tmp_path, network, Scenario())
    kept = {
        "a": [Kept(np.array([1.0, np.inf]), 1 / 3, np.array([0.1, 0.2]))],
        "b": [Kept(np.zeros(0), 2.0, np.zeros(0))],
    }
    split = StoredSplit("margin", (("join[x]", 0.0, 1.0),), "join[y]", (1.0, 1.0), (0.0, 0.0))
    library.add(Entry(priced=kept, splits=[split], chosen=("p",)))
    (found,) = library.entries()
    assert list(found.splits) == [split]
    assert found.chosen == ("p",)
    for key, (item,) in found.priced.items():
        assert item.bound == kept[key][0].bound
        assert item.caps.tolist() == kept[key][0].caps.tolist()
        assert item.point.tolist() == kept[key][0].point.tolist()
