"""What must hold of plans whatever the catalog and the network, on random tiny instances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import Phase, assume, given, reject, settings
from hypothesis import strategies as st

from critmass import InfeasibleError, Plan, SolveOptions, plan, sample_network
from critmass.domain.programs import Program
from critmass.domain.scenario import Lock
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.terms import terms_in_force
from instance_changes import (
    at_least,
    solved,
    values_of,
    with_more_cash,
    with_practices_in_order,
    with_rows_shuffled,
    with_scenario,
)
from plans import tiny_catalog
from random_instances import Instance, random_instance

SEEDS = st.integers(10_000, 99_999)
FEW = settings(max_examples=20, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
"""No shrinking: a seed does not get simpler by getting smaller."""


def unlocked(seed: int) -> Instance:
    """An instance with the default objective and nothing decided beforehand."""
    return with_scenario(random_instance(seed), objective="members_then_margin", locks=())


def planned(instance: Instance) -> Plan:
    """The plan of an instance; one that no plan can meet is not looked at further."""
    try:
        return solved(instance)
    except InfeasibleError:
        reject()


def is_pure_offer(program: Program) -> bool:
    """Whether the program is voluntary and takes nothing from those who stay out."""
    return program.voluntary and all(component.applies == "joined" for component in program.components)


@FEW
@given(seed=SEEDS, practice_usd=st.integers(0, 20_000), organization_usd=st.integers(0, 20_000))
def test_more_startup_cash_never_lowers_the_optimum(seed: int, practice_usd: int, organization_usd: int) -> None:
    """Larger start-up budgets leave every earlier plan possible."""
    before = unlocked(seed)
    after = with_more_cash(before, practice_usd, organization_usd)
    earlier = values_of(planned(before))
    assert at_least(values_of(solved(after)), earlier)


@FEW
@given(seed=SEEDS, which=st.integers(0, 9))
def test_another_voluntary_program_never_lowers_the_optimum(seed: int, which: int) -> None:
    """An offer that takes nothing from those who decline it can be declined."""
    instance = unlocked(seed)
    offers = [program.id for program in instance.catalog.programs.values() if is_pure_offer(program)]
    assume(len(offers) > 1)
    left_out = (offers[which % len(offers)],)
    without = with_scenario(instance, exclude_programs=left_out)
    earlier = values_of(planned(without))
    assert at_least(values_of(solved(instance)), earlier)


@FEW
@given(seed=SEEDS, which=st.integers(0, 9), joined=st.booleans(), everywhere=st.booleans())
def test_removing_a_lock_never_lowers_the_optimum(seed: int, which: int, joined: bool, everywhere: bool) -> None:
    """A plan that keeps a lock remains possible without it."""
    free = unlocked(seed)
    programs = [p.id for p in free.catalog.programs.values() if p.voluntary and p.join_level == "practice"]
    assume(programs)
    practice = None if everywhere else free.network.practices[0]
    program = programs[which % len(programs)]
    lock = Lock(practice=practice, program=program, decision="joined" if joined else "declined")
    locked = planned(with_scenario(free, locks=(lock,)))
    assert at_least(values_of(solved(free)), values_of(locked))


@FEW
@given(seed=SEEDS, shuffle=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(seed: int, shuffle: int) -> None:
    """Payers and panel rows in another order are the same network, and give the same plan."""
    instance = unlocked(seed)
    shuffled = with_rows_shuffled(instance, shuffle)
    one, other = planned(instance), solved(shuffled)
    assert shuffled.network.hash == instance.network.hash
    assert one.plan_hash == other.plan_hash
    np.testing.assert_allclose(one.outcome.settled.practice, other.outcome.settled.practice, rtol=0, atol=1e-9)


@FEW
@given(seed=SEEDS, backwards=st.booleans())
def test_the_order_of_practices_changes_nothing(seed: int, backwards: bool) -> None:
    """Practices in another order get the same optimum, and their decisions the same dollars."""
    instance = unlocked(seed)
    count = len(instance.network.practices)
    order = list(range(count))[::-1] if backwards else [*range(1, count), 0]
    one, other = planned(instance), solved(with_practices_in_order(instance, order))
    assert at_least(values_of(one), values_of(other))
    assert at_least(values_of(other), values_of(one))
    back = np.argsort(order)
    decisions = other.outcome.decisions
    same = Decisions(decisions.delivery[:, back], decisions.reach[:, back], decisions.joined[:, back])
    settled = pricer_of(instance).price(same).settled
    np.testing.assert_allclose(settled.practice, other.outcome.settled.practice[:, :, back], rtol=0, atol=1e-6)


@pytest.mark.parametrize("practices", [4, 6])
def test_the_number_of_workers_changes_nothing(practices: int) -> None:
    """The same seed gives the same plan and the same bound with one worker and with two."""
    catalog = tiny_catalog()
    network = sample_network(practices, 1, catalog)
    options = SolveOptions(gap=0.01, time_limit_seconds=120, seed=3)
    found = [plan(network, catalog, options=options.model_copy(update={"workers": n})) for n in (1, 2)]
    assert all(item.wall_seconds < options.time_limit_seconds for item in found)
    assert found[0].plan_hash == found[1].plan_hash
    assert found[0].levels == found[1].levels


def pricer_of(instance: Instance) -> Pricer:
    """The settlement of an instance."""
    model = Model(instance.network, instance.catalog, instance.scenario)
    return Pricer(model, terms_in_force(instance.catalog, instance.network, instance.scenario))
