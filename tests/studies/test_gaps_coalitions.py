"""Critical coalitions against every set written out, on random tables and on a network worked out by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from critmass.domain.scenario import CriticalMass
from critmass.settlement.results import FloatArray
from critmass.studies.gaps.coalitions import MOST_PAYERS, MOST_SETS, Coalitions, Search, carries, critical_coalitions
from gaps_instances import of, pays_calls, two_payer_plan

NAMES = tuple("abcdefghijklmnopqrst")


def holds(chosen: tuple[int, ...], paid: FloatArray, cost: float, rule: CriticalMass) -> bool:
    """Whether some payers carry a practice, straight from the rule."""
    money = [float(paid[place]) for place in chosen]
    needed = rule.ratio * cost
    bringing = sum(usd >= rule.payer_share * needed - 0.005 for usd in money)
    return sum(money) >= needed - 0.005 and (rule.payer_share == 0 or bringing >= rule.payers)


def smallest(payers: int, good: dict[tuple[int, ...], bool]) -> set[tuple[int, ...]]:
    """Good sets without a good proper part."""
    sets = [chosen for chosen, flag in good.items() if flag]
    assert len(good) == 2**payers
    return {one for one in sets if not any(set(other) < set(one) for other in sets)}


def every_set(payers: int) -> list[tuple[int, ...]]:
    """All sets of payers."""
    return [chosen for size in range(payers + 1) for chosen in combinations(range(payers), size)]


def indices(found: Coalitions) -> set[tuple[int, ...]]:
    """Coalitions by the places of their payers."""
    return {tuple(NAMES.index(name) for name in names) for names in found.sets}


@pytest.mark.parametrize("seed", range(20))
def test_practices_agree_with_brute_force(seed: int) -> None:
    """Minimal sets of random money, some of it negative, under random rules."""
    random = np.random.default_rng(seed)
    payers = int(random.integers(1, 7))
    rule = CriticalMass(
        ratio=float(random.choice([0.8, 1.0, 1.3])), payers=int(random.integers(1, 4)),
        payer_share=float(random.choice([0.0, 0.1, 0.3])),
    )  # fmt: skip
    paid = np.round(random.normal(30, 40, (5, payers)), 2)
    cost = np.round(random.uniform(0, 120, 5), 2)
    search = Search(NAMES[:payers])
    carried = carries(search.table, paid, cost, rule)
    for practice in range(5):
        good = {chosen: holds(chosen, paid[practice], cost[practice], rule) for chosen in every_set(payers)}
        found = search.minimal(carried[:, practice])
        assert found.exact and indices(found) == smallest(payers, good)
        assert [len(item) for item in found.sets] == sorted(len(item) for item in found.sets)
        everywhere = set.intersection(*(set(item) for item in found.sets)) if found.sets else set()
        assert set(found.always) == everywhere


@pytest.mark.parametrize("seed", range(10))
def test_any_family_of_sets_agrees_with_brute_force(seed: int) -> None:
    """Families that are not closed upward, as networks with negative money make them."""
    random = np.random.default_rng(seed)
    payers = int(random.integers(2, 6))
    search = Search(NAMES[:payers])
    flags = random.random(2**payers) < 0.3
    good = {tuple(np.flatnonzero(row).tolist()): bool(flag) for row, flag in zip(search.table, flags, strict=True)}
    assert indices(search.minimal(flags)) == smallest(payers, good)


def test_the_network_by_hand() -> None:
    """P1 costs 200 and north pays it 204; P2 costs 105, north pays it 102 and south 140: each holds one of them."""
    plan = two_payer_plan(
        of("north", "N1", pays_calls(usd=3.4)), of("south", "S1", pays_calls(usd=2.0)),
        joined={"N1": "P1 P2", "S1": "P1 P2"},
    )  # fmt: skip
    assert plan.outcome.cost[0].tolist() == [200.0, 105.0]
    members = np.array([100.0, 100.0])
    own, network = critical_coalitions(plan.outcome, plan.scenario.critical_mass, ("P1", "P2"), members)
    assert {item.practice: item.coalitions.sets for item in own} == {"P1": (("north",),), "P2": (("south",),)}
    assert [(item.kept_share, item.members) for item in network] == [(1.0, 200.0), (0.8, 160.0), (0.5, 100.0)]
    assert network[0].coalitions.sets == network[1].coalitions.sets == (("north", "south"),)
    assert network[0].coalitions.always == ("north", "south")
    assert network[2].coalitions.sets == (("north",), ("south",)) and network[2].coalitions.always == ()


def test_without_a_practice_at_mass_there_is_no_coalition() -> None:
    """Nothing holds, so nobody is needed."""
    plan = two_payer_plan(of("north", "N1", pays_calls()), joined={})
    assert critical_coalitions(plan.outcome, plan.scenario.critical_mass, ("P1", "P2"), np.ones(2)) == ((), ())


def test_up_to_twelve_payers_all_sets_are_looked_at() -> None:
    """2^12 sets for twelve payers; beyond, all sets up to the size that fits, and the answer says so."""
    assert len(Search(NAMES[:MOST_PAYERS]).table) == MOST_SETS
    wide = Search(NAMES)
    assert len(wide.table) <= MOST_SETS and wide.largest == 3
    paid = np.array([[100.0, 60.0, 50.0, *[5.0] * 17]])
    found = wide.minimal(carries(wide.table, paid, np.array([105.0]), CriticalMass(payers=1, payer_share=0.1))[:, 0])
    assert not found.exact and found.largest == 3
    assert ("a", "b") in found.sets and ("b", "c") in found.sets
