"""Plans against every decision there is: tiny instances, enumerated and priced by settlement alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from agreement import check_plan, check_whole_model
from random_instances import random_instance

SHARE = 25
"""Instances in one test."""


def shares(first: int, last: int) -> list[range]:
    """Seeds from first to last, cut into tests."""
    return [range(start, min(start + SHARE, last)) for start in range(first, last, SHARE)]


@pytest.mark.parametrize("seeds", shares(0, 50), ids=str)
def test_no_decision_beats_the_plan(seeds: Iterable[int]) -> None:
    """Of all decisions on 50 random tiny instances none is better than the plan, and bounds hold."""
    for seed in seeds:
        check_plan(random_instance(seed))


@pytest.mark.parametrize("seeds", shares(200, 250), ids=str)
def test_the_whole_model_has_the_enumerated_optimum(seeds: Iterable[int]) -> None:
    """Clauses modelled exactly give, on 50 further instances, the settlement's dollars and optimum."""
    for seed in seeds:
        check_whole_model(random_instance(seed))


@pytest.mark.long
@pytest.mark.parametrize("seeds", [*shares(50, 200), *shares(400, 1_400)], ids=str)
def test_no_decision_beats_the_plan_on_many(seeds: Iterable[int]) -> None:
    """The same claim on 1,150 further instances."""
    for seed in seeds:
        check_plan(random_instance(seed))


@pytest.mark.long
@pytest.mark.parametrize("seeds", [*shares(250, 400), *shares(1_400, 4_400)], ids=str)
def test_the_whole_model_has_the_enumerated_optimum_on_many(seeds: Iterable[int]) -> None:
    """The same claim on 3,150 further instances."""
    for seed in seeds:
        check_whole_model(random_instance(seed))
