"""What must hold of settled dollars whatever the contract, on random tiny instances."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component, Program
from critmass.domain.values import Cited
from critmass.domain.vocabulary import Constant, MemberMonths
from critmass.domain.walk import words_in
from critmass.settlement.amounts import Settled, settle
from critmass.settlement.projection import OWN, Decisions, Model, ProjectedResults
from critmass.settlement.terms import Clause, paid_by, terms_in_force
from instance_changes import with_better_results, with_tables
from random_instances import Instance, random_instance

SEEDS = st.integers(100_000, 999_999)
FEW = settings(max_examples=30, deadline=None, derandomize=True, phases=(Phase.explicit, Phase.generate))
"""No shrinking: a seed does not get simpler by getting smaller."""


def settled(instance: Instance, running: float = 0.0) -> Settled:
    """The instance settled with everything joined and every workflow at one reach."""
    model = Model(instance.network, instance.catalog, instance.scenario)
    terms = terms_in_force(instance.catalog, instance.network, instance.scenario)
    shape = (1, len(instance.network.practices), len(model.workflows))
    reach = np.maximum(np.full(shape, running), model.reach_in_place[None])
    joined = np.ones((*shape[:2], len(terms.programs)), dtype=np.bool_)
    decisions = Decisions(np.where(reach > 0, OWN, 0).astype(np.int8), reach, joined)
    return settle(terms, ProjectedResults(model, tuple(program.id for program in terms.programs), decisions))


def with_terms(instance: Instance, **fields: object) -> Instance:
    """The instance with the same fields changed in every component of every program."""

    def changed(program: Program) -> Program:
        components = tuple(component.model_copy(update=fields) for component in program.components)
        return program.model_copy(update={"components": components})

    programs = {name: changed(program) for name, program in instance.catalog.programs.items()}
    return replace(instance, catalog=replace(instance.catalog, programs=programs))


def with_member_months(instance: Instance, times: int) -> Instance:
    """The instance with that many times every panel row's member-months."""

    def change(sheet: str, table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(member_months=times * table["member_months"]) if sheet == "Panel" else table

    return with_tables(instance, change)


PMPM = {
    "quantity": MemberMonths(kind="member_months"),
    "rate": Constant(kind="constant", pays=Cited(value=2.5)),
    "gates": (),
    "multipliers": (),
    "limits": (),
    "prepaid": None,
}
"""An ungated PMPM in place of every component's own terms."""


@FEW
@given(seed=SEEDS, part=st.integers(1, 99))
def test_a_pmpm_is_linear_in_member_months(seed: int, part: int) -> None:
    """A panel's PMPM is the sum of what the two parts of its member-months bring."""
    instance = with_terms(random_instance(seed), **PMPM)
    parts = [settled(with_member_months(instance, times)).practice for times in (part, 100 - part)]
    whole = settled(with_member_months(instance, 100)).practice
    np.testing.assert_allclose(parts[0] + parts[1], whole, rtol=1e-12, atol=1e-6)


@FEW
@given(seed=SEEDS, running=st.floats(0, 1))
def test_doubling_a_rate_doubles_the_payout(seed: int, running: float) -> None:
    """A constant rate without caps, floors, credits or prepayments pays in proportion, whatever it is paid for.

    What is taken back of another payment doubles with that one as well.
    """
    instance = with_terms(random_instance(seed), limits=(), prepaid=None)
    programs = {name: _doubled(program) for name, program in instance.catalog.programs.items()}
    doubled = replace(instance, catalog=replace(instance.catalog, programs=programs))
    one, two = settled(instance, running), settled(doubled, running)
    factor = np.array([growth(one, clause) for clause in one.terms.clauses])
    np.testing.assert_allclose(two.practice, one.practice * factor[:, None, None], rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(two.organization, one.organization * factor[:, None], rtol=1e-12, atol=1e-9)


def growth(settled: Settled, clause: Clause) -> float:
    """How many times as much a clause pays once every constant rate is doubled."""
    own = 1.0 + isinstance(clause.component.rate, Constant)
    others = {other.component.id: other for other in settled.terms.of(clause.program.id)}
    return own * float(np.prod([growth(settled, others[name]) for name in paid_by(clause.component)]))


def _doubled(program: Program) -> Program:
    return program.model_copy(update={"components": tuple(_twice(item) for item in program.components)})


def _twice(component: Component) -> Component:
    rate = component.rate
    if not isinstance(rate, Constant):
        return component
    pays = rate.pays.model_copy(update={"value": 2 * rate.pays.value})
    return component.model_copy(update={"rate": rate.model_copy(update={"pays": pays})})


def rises_with_results(settled: Settled, clause: Clause) -> bool:
    """Whether better results cannot lower what a clause pays: it takes nothing back, and compares with nobody.

    A gain over this year's rate of another measure, a combination that takes some of it off, and a loss that
    a factor makes larger may fall.
    """
    component = clause.component
    factored = bool(component.multipliers) and isinstance(component.quantity, v.Savings | v.GapsClosed)
    return not (settled.terms.looks_aside(clause) or factored or any(map(takes_off, words_in(component))))


def takes_off(word: object) -> bool:
    """Whether a word subtracts something that better results raise."""
    if isinstance(word, v.Combination):
        return any(float(part.rate) < 0 and not isinstance(part.of, v.Expenditure) for part in word.parts)
    return isinstance(word, v.Gain) and not isinstance(word.over, v.LastYear)


def rising(settled: Settled) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """What the clauses pay in all that rise with results."""
    rows = [row for row, clause in enumerate(settled.terms.clauses) if rises_with_results(settled, clause)]
    return np.asarray(settled.total()[rows])


@FEW
@given(seed=SEEDS, running=st.floats(0, 1), hundredths=st.integers(1, 100))
def test_better_results_never_pay_less(seed: int, running: float, hundredths: int) -> None:
    """Under contracts whose schedules rise with performance, better rates lower no payment."""
    instance = random_instance(seed)
    before, after = (
        settled(instance, running),
        settled(with_better_results(instance, hundredths / 100), running),
    )
    assert (rising(after) >= rising(before) - 1e-6).all()


@FEW
@given(seed=SEEDS, low=st.floats(0, 1), high=st.floats(0, 1))
def test_more_reach_never_pays_less(seed: int, low: float, high: float) -> None:
    """Under such contracts serving more patients lowers no payment, as long as the same workflows run."""
    low, high = sorted((max(low, 0.01), max(high, 0.01)))
    instance = random_instance(seed)
    assert (rising(settled(instance, high)) >= rising(settled(instance, low)) - 1e-6).all()


@FEW
@given(seed=SEEDS, running=st.floats(0, 1))
def test_scenarios_side_by_side_settle_as_they_do_alone(seed: int, running: float) -> None:
    """Pricing many scenarios at once gives each the dollars that it has alone."""
    instance = random_instance(seed)
    model = Model(instance.network, instance.catalog, instance.scenario)
    terms = terms_in_force(instance.catalog, instance.network, instance.scenario)
    ids = tuple(program.id for program in terms.programs)
    rng = np.random.default_rng(seed)
    shape = (5, len(instance.network.practices), len(model.workflows))
    reach = rng.integers(0, 2, shape).astype(np.float64) * max(running, 0.01)
    joined = rng.integers(0, 2, (*shape[:2], len(ids))).astype(np.bool_)
    many = Decisions(np.where(reach > 0, OWN, 0).astype(np.int8), reach, joined)
    together = settle(terms, ProjectedResults(model, ids, many))
    for place in range(5):
        alone = settle(terms, ProjectedResults(model, ids, many.one(place)))
        np.testing.assert_allclose(alone.practice[:, 0], together.practice[:, place], rtol=1e-12, atol=1e-9)
