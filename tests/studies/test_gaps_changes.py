"""The one change of each payer: expected dollars by hand, and every figure against a full settlement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from critmass.catalog.overrides import with_overrides
from critmass.domain.scenario import CriticalMass, RateOverride
from critmass.formulation.levels import Shared
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.explain.rules import Rules
from critmass.studies.gaps import as_it_stands
from critmass.studies.gaps.changes import STEP_RATE, Change, best_changes, missing_usd
from critmass.studies.plan import Plan, today
from gaps_instances import of, pays_calls, two_payer_plan
from plans import plan_by_hand, small_plan
from random_instances import random_instance
from small_instances import component


def test_missing_money_by_hand() -> None:
    """A practice of 100 with 60 paid lacks 40; where two payers must bring 20 each and one brings 5, 15 more."""
    rule = CriticalMass(ratio=1.0, payers=2, payer_share=0.2)
    paid = np.array([[55.0, 5.0], [80.0, 20.0], [100.0, 0.0], [-10.0, 30.0]])
    assert missing_usd(paid, np.full(4, 100.0), rule).tolist() == [40 + 15, 0, 20, 80 + 30]
    alone = CriticalMass(ratio=1.0, payers=2, payer_share=0.0)
    assert missing_usd(paid, np.full(4, 100.0), alone).tolist() == [40, 0, 0, 80]


def test_the_best_change_by_hand() -> None:
    """North's dollar is raised to 1.25: P1 lacks 140 of 200 and P2 75 of 105, of which 15 and 7.50 more are closed."""
    plan = two_payer_plan(of("north", "N1", pays_calls()), joined={"N1": "P1 P2"})
    found = best_changes(plan)
    assert found.missing_usd == 140 + 75
    change = found.best["north"]
    assert change is not None and found.tried == {"north": 1, "south": 0} and found.best["south"] is None
    assert change.number.paths == ("N1.components[pay].rate.pays",)
    assert (change.number.value, change.raised_to) == (1.0, 1.25)
    assert (change.added_usd, change.missing_less_usd, change.each_dollar) == (22.5, 22.5, 1.0)
    assert (change.members_gained, change.joined, change.joining_less_usd) == (0.0, (), 0.0)


def test_money_where_it_is_lacking_beats_money_anywhere() -> None:
    """Of two amounts, the one whose dollars reach a practice that lacks them wins, though it brings less in total."""
    plan = two_payer_plan(
        of("north", "N1", pays_calls(usd=3.2)), of("north", "N2", pays_calls(usd=0.1)),
        joined={"N1": "P1 P2", "N2": "P1"},
    )  # fmt: skip
    short = missing_usd(plan.outcome.reimbursement[0], plan.outcome.cost[0], plan.scenario.critical_mass)
    assert short.tolist() == pytest.approx([200 - 192 - 6, 105 - 96])
    change = best_changes(plan).best["north"]
    assert change is not None and change.number.program == "N2"
    assert (change.added_usd, change.missing_less_usd) == (1.5, 1.5)


def test_a_declined_program_is_joined_for_it() -> None:
    """South's program is first joined by both: 110 at today's rate, which also bring the 30.50 that one payer's share
    asks for; the raise itself adds 27.50."""
    plan = two_payer_plan(of("south", "S1", pays_calls()), joined={})
    change = best_changes(plan).best["south"]
    assert change is not None and change.joined == ("P1", "P2")
    assert (change.added_usd, change.missing_less_usd, change.each_dollar) == (27.5, 27.5, 1.0)
    assert (change.joining_added_usd, change.joining_less_usd) == (110.0, 140.5)


def test_rules_keep_a_program_out() -> None:
    """A program that excludes one that is joined cannot be joined beside it, so its amounts are not tried."""
    plan = two_payer_plan(
        of("north", "N1", pays_calls()), of("south", "S1", pays_calls(), excludes=["N1"]), joined={"N1": "P1 P2"}
    )
    assert best_changes(plan).tried == {"north": 1, "south": 0}


def test_a_change_that_helps_nobody_is_not_shown() -> None:
    """Practices that lack nothing need no change; a larger penalty is none either."""
    rich = two_payer_plan(of("north", "N1", pays_calls(usd=9)), joined={"N1": "P1 P2"})
    assert best_changes(rich).best == {"north": None, "south": None}
    kept = component("kept", rate={"kind": "constant", "pays": -1}, money="withheld")
    assert best_changes(two_payer_plan(of("north", "N1", kept), joined={"N1": "P1"})).best["north"] is None


def settled_fully(plan: Plan, change: Change) -> tuple[Outcome, Outcome]:
    """Everything settled anew with the change in the catalog, and today's outcome."""
    value = RateOverride(path=change.number.paths[0], value=change.raised_to)
    catalog = with_overrides(plan.catalog, [value])
    terms = terms_in_force(catalog, plan.network, plan.scenario)
    pricer = Pricer(Model(plan.network, catalog, plan.scenario), terms)
    joined = plan.outcome.decisions.joined.copy()
    names = np.isin(plan.network.practices, change.joined)
    joined[0, names, pricer.program_ids.index(change.number.program)] = True
    return pricer.price(replace(plan.outcome.decisions, joined=joined)), plan.outcome


def paid_by(outcome: Outcome, payer: str) -> float:
    """What a payer pays that is not credited."""
    clauses = outcome.settled.terms.clauses
    mine = [at for at, item in enumerate(clauses) if item.payer == payer and item.component.money != "credited"]
    return float(outcome.settled.total()[mine, 0].sum())


def random_plan(seed: int) -> Plan:
    """Random decisions on a random instance, or for seed 0 on a network of four practices."""
    if seed == 0:
        return small_plan(4)
    found = random_instance(seed)
    return plan_by_hand(found.network, found.catalog, found.scenario, seed=seed)


@pytest.mark.parametrize("seed", [0, 3, 4, 5, 7])
def test_every_figure_is_that_of_a_full_settlement(seed: int) -> None:
    """Added dollars, missing money and members gained agree with all contracts settled anew."""
    plan = random_plan(seed)
    found = [change for change in best_changes(plan).best.values() if change is not None]
    assert found
    rule = plan.scenario.critical_mass
    for change in found:
        then, before = settled_fully(plan, change)
        assert change.raised_to <= change.number.value * (1 + STEP_RATE) + 1e-9
        added = change.added_usd + change.joining_added_usd
        assert added == pytest.approx(paid_by(then, change.payer) - paid_by(before, change.payer), abs=0.021)
        lack = [missing_usd(item.reimbursement[0], item.cost[0], rule).sum() for item in (before, then)]
        assert change.missing_less_usd + change.joining_less_usd == pytest.approx(lack[0] - lack[1], abs=0.021)
        assert change.members_gained == then.members_at_mass[0] - before.members_at_mass[0]
        assert change.practices_gained == then.practices_at_mass[0] - before.practices_at_mass[0]


@pytest.mark.parametrize("seed", range(6))
def test_practices_that_may_join_keep_the_rules(seed: int) -> None:
    """From things as they stand, joining where it is said to be allowed keeps every rule, and only there."""
    instance = random_instance(seed)
    plan = as_it_stands(instance.network, instance.catalog, instance.scenario)
    rules = Rules(plan.network, plan.catalog, plan.scenario)
    start = today(Shared(rules.model, rules.terms))
    assert rules.keeps(start)
    for column, program in enumerate(rules.terms.programs):
        allowed = rules.may_join(program, start)
        places = range(len(allowed)) if program.join_level == "practice" else [np.flatnonzero(allowed)]
        for place in places:
            joined = start.joined.copy()
            joined[0, place, column] = True
            if program.join_level == "practice" and not start.joined[0, place, column]:
                reached = any(
                    rules.model.arrays.members()[place, rules.model.arrays.columns(item.populations)].sum() > 0
                    for item in rules.terms.of(program.id)
                )
                assert allowed[place] == (reached and rules.keeps(replace(start, joined=joined)))
            elif allowed.any():
                assert rules.keeps(replace(start, joined=joined))


def test_a_trifle_does_not_beat_what_matters() -> None:
    """Two dollars a dollar on a cent's worth comes after one dollar a dollar that closes ten times as much."""
    plan = two_payer_plan(
        of("north", "N1", pays_calls(usd=1.0)), of("south", "S1", pays_calls(usd=0.3)),
        of("south", "S2", pays_calls(usd=0.002)), joined={"N1": "P1 P2", "S1": "P2", "S2": "P1"}, payers=2,
    )  # fmt: skip
    change = best_changes(plan).best["south"]
    assert change is not None and change.number.program == "S1" and change.each_dollar == 1.0


def test_joining_that_hurts_must_be_made_up_for() -> None:
    """South's program costs each practice 60 to report and pays less: no raise by a quarter makes joining worth it."""
    reporting = {"fixed_usd": 60, "per_measure_usd": 0}
    plan = two_payer_plan(of("south", "S1", pays_calls(usd=0.5), reporting=reporting), joined={})
    found = best_changes(plan)
    assert found.tried["south"] == 1 and found.best["south"] is None
