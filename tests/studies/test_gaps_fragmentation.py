"""Fragmentation by published definitions, with the published numbers as anchors."""

from __future__ import annotations

import itertools

import pytest

from critmass.studies.gaps.fragmentation import (
    MOST_SUBSETS,
    MeasureSet,
    at_fixed_number,
    effective_payers,
    fixed_numbers,
    fragmentation,
    jaccard,
    mean_reuse,
    measure_sets,
    solo_share,
    unique_share,
    weighted_overlap,
)
from gaps_instances import of, two_payer_plan
from small_instances import component


def sets_of(*rows: tuple[str, str]) -> list[MeasureSet]:
    """Programs of payers; each letter is a measure."""
    return [MeasureSet(payer, f"{payer}{at}", frozenset(letters)) for at, (payer, letters) in enumerate(rows)]


def bazinsky_and_bailit() -> list[MeasureSet]:
    """48 sets with 1,367 places and 509 measures, of which 102 stand in several sets, one of them in 30."""
    uses = [30, *[9] * 81, *[10] * 20]
    uses[1] += 1_367 - 407 - sum(uses)
    sets: list[set[str]] = [set() for _ in range(48)]
    start = itertools.cycle(range(48))
    for measure, times in enumerate(uses):
        first = next(start)
        for step in range(times):
            sets[(first + step) % 48].add(f"shared {measure}")
    for measure in range(407):
        sets[measure % 48].add(f"solo {measure}")
    return [
        MeasureSet(f"state {at}", f"set {at}", frozenset(names), modified=at < 40) for at, names in enumerate(sets)
    ]  # fmt: skip


def test_published_ratios_are_reproduced() -> None:
    """Boone 57.08 / 78.03 = 0.73; Bazinsky and Bailit 509 / 1367 = 0.37, 1367 / 509 = 2.69, one less 20 % = 0.80."""
    assert unique_share(57.08, 78.03) == pytest.approx(0.73, abs=0.005)
    assert unique_share(509, 1_367) == pytest.approx(0.37, abs=0.005)
    assert mean_reuse(509, 1_367) == pytest.approx(2.69, abs=0.005)
    assert solo_share(0.20 * 1_367, 1_367) == pytest.approx(0.80)


def test_sets_with_the_published_counts_give_the_published_indices() -> None:
    """Sets made with the counts of the 48 state sets: 0.37, 2.69, 0.80, 63 % and 83 %, from the sets themselves."""
    found = fragmentation(bazinsky_and_bailit(), {})
    assert (found.payers, found.sets, found.distinct_measures, found.slots) == (48, 48, 509, 1_367)
    assert found.unique_share == pytest.approx(0.37, abs=0.005)
    assert found.mean_reuse == pytest.approx(2.69, abs=0.005)
    assert found.solo_share == pytest.approx(0.80, abs=0.005)
    assert found.largest_adoption == 30 / 48 == pytest.approx(0.63, abs=0.0051)
    assert found.modified_share == pytest.approx(0.83, abs=0.005)


def test_effective_payers_are_one_over_the_sum_of_squares() -> None:
    """Equal shares of four payers are four; one payer with everything is one; nobody is nothing."""
    assert effective_payers(dict.fromkeys("abcd", 0.25)) == pytest.approx(4.0)
    assert effective_payers({"a": 1.0}) == 1.0
    assert effective_payers({}) is None


def test_the_overlap_is_normalised() -> None:
    """The same sets give 1 and sets apart 0, whatever the money; in between, pairs weigh by their dollars."""
    same, apart = {name: frozenset("MN") for name in "abc"}, {name: frozenset(name) for name in "abc"}
    weights = {"a": 0.5, "b": 0.3, "c": 0.2}
    assert weighted_overlap(same, weights) == pytest.approx(1.0)
    assert weighted_overlap(apart, weights) == 0.0
    mixed = {"a": frozenset("MN"), "b": frozenset("MN"), "c": frozenset("NO")}
    third = jaccard(mixed["a"], mixed["c"])
    assert third == pytest.approx(1 / 3)
    expected = (0.15 * 1 + 0.10 * third + 0.06 * third) / (0.15 + 0.10 + 0.06)
    assert weighted_overlap(mixed, weights) == pytest.approx(expected)
    assert weighted_overlap(mixed, {"a": 1.0}) is None


def test_money_that_is_taken_back_has_no_weight() -> None:
    """Payers that pay nothing, or take back, weigh nothing."""
    found = fragmentation(sets_of(("a", "M"), ("b", "M"), ("c", "N")), {"a": 100.0, "b": 100.0, "c": -50.0})
    assert found.effective_payers == pytest.approx(2.0)
    assert found.overlap == pytest.approx(1.0)


def test_indices_at_a_fixed_number_are_means_over_all_groups() -> None:
    """Each group of payers keeps all of its payers' programs; every group is written out here."""
    sets = sets_of(("a", "MN"), ("a", "NO"), ("b", "NP"), ("c", "MQ"), ("d", "N"))
    for size in (1, 2, 3, 4):
        shares, reuses, solos = [], [], []
        for group in itertools.combinations("abcd", size):
            mine = [item.measures for item in sets if item.payer in group]
            slots, distinct = sum(map(len, mine)), frozenset[str]().union(*mine)
            shares.append(len(distinct) / slots)
            reuses.append(slots / len(distinct))
            solos.append(sum(sum(name in item for item in mine) == 1 for name in distinct) / len(distinct))
        found = at_fixed_number(sets, size)
        assert found.groups == len(shares)
        assert found.unique_share == pytest.approx(sum(shares) / len(shares))
        assert found.mean_reuse == pytest.approx(sum(reuses) / len(reuses))
        assert found.solo_share == pytest.approx(sum(solos) / len(solos))


def test_adding_payers_like_those_that_are_there_leaves_the_index_at_a_fixed_number() -> None:
    """The plain index falls with every payer that is added; the index of two payers does not change."""
    few, many = ([MeasureSet(str(at), str(at), frozenset("MN")) for at in range(number)] for number in (3, 9))
    assert fragmentation(many, {}).unique_share != fragmentation(few, {}).unique_share
    assert at_fixed_number(many, 2).unique_share == at_fixed_number(few, 2).unique_share == 0.5


def test_up_to_twelve_payers_every_number_is_exact() -> None:
    """12 payers have 924 groups of six, and all are looked at; what cannot be is refused, not sampled."""
    twelve, twenty = ([MeasureSet(f"{at:02}", "p", frozenset({f"{at}", "M"})) for at in range(n)] for n in (12, 20))
    assert [item.payers for item in fixed_numbers(twelve)] == list(range(1, 13))
    assert at_fixed_number(twelve, 6).groups == MOST_SUBSETS
    assert 10 not in [item.payers for item in fixed_numbers(twenty)]
    for wrong in (0, 10, 21):
        with pytest.raises(ValueError, match="groups"):
            at_fixed_number(twenty, wrong)


def test_nothing_is_no_index() -> None:
    """Without programs there is nothing to say, and no division by zero."""
    found = fragmentation([], {})
    assert (found.payers, found.unique_share, found.solo_share, found.overlap, found.at_fixed_number) == (
        0, None, None, None, (),
    )  # fmt: skip


def test_sets_come_from_programs_in_force() -> None:
    """A program's measures are those that its components look at; one without measures is no set."""
    rate = {"driver": {"kind": "rate", "measure": "M"}}
    steps = {"kind": "steps", "rows": [{"at_least": 0.6, "pays": 1}]}
    counted = component("b", quantity={"kind": "numerator", "measure": "N"})
    plan = two_payer_plan(
        of("north", "N1", component("a", rate=steps, **rate), counted),
        of("south", "S1", component("c", rate=steps, **rate)),
        of("south", "S2", component("d")),
        joined={},
        crosswalk=({"payer": "south", "measure": "M", "relation": "modified", "note": "other ages"},),
    )  # fmt: skip
    assert measure_sets(plan.terms) == (
        MeasureSet("north", "N1", frozenset("MN"), modified=False),
        MeasureSet("south", "S1", frozenset("M"), modified=True),
    )
