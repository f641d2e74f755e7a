"""The coverage matrix: expected dollars of small networks, and sums that reconcile to the cent."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from critmass.settlement.ledger import ledger
from critmass.settlement.ledger_costs import TARIFF
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.gaps.coverage import ORPHAN_SHARE, Coverage, coverage
from critmass.studies.plan import Plan
from critmass.studies.settle import plan_ledger
from gaps_instances import of, pays_calls, two_payer_plan
from plans import random_decisions, small_plan
from random_instances import random_instance
from small_instances import component

NORTH, SOUTH = 0, 1


def matrix(plan: Plan) -> Coverage:
    """The coverage matrix of a plan."""
    return coverage(Model(plan.network, plan.catalog, plan.scenario), plan.outcome.decisions, plan_ledger(plan))


def table(paid: list[list[float]], cost: list[list[float]]) -> Coverage:
    """A matrix written by hand, USD; the last row belongs to no workflow and everybody is served."""
    cents = [np.rint(np.array(rows) * 100).astype(np.int64) for rows in (paid, cost)]
    workflows = tuple("ABCDEF"[: len(paid) - 1])
    payers = ("north", "south")
    rows = pd.DataFrame({"payer": [], "program": [], "workflow": [], "amount_usd": []})
    nothing = np.zeros_like(cents[0])
    return Coverage(workflows, payers, np.ones(2), cents[0], nothing, cents[1], np.ones((len(workflows), 2)), rows)


def cents_of(rows: pd.DataFrame) -> int:
    """Ledger rows summed, each rounded to its cent."""
    return int(np.rint(rows["amount_usd"].to_numpy() * 100).sum())


def test_costs_fall_on_payers_whose_members_cause_them() -> None:
    """P1's 200 by 60:40, P2's 10 by 30:70, the hub's 140 by the patients it reaches at P2; no tariff is counted."""
    found = matrix(two_payer_plan(of("north", "N1", pays_calls()), joined={}))
    assert found.payers == ("north", "south") and found.workflows == ("calls",)
    assert found.cost[0].tolist() == [12_000 + 300 + 4_200, 8_000 + 700 + 9_800]
    assert found.cost[1].tolist() == [0, 0]
    assert found.served.tolist() == [[60 + 15, 40 + 35]]
    assert found.orphans == ("calls",) and not found.free_rides and not found.overlaps
    assert found.unpaid.tolist() == [16_500, 18_500]


def test_a_payer_that_pays_nothing_rides_on_the_other() -> None:
    """North pays 90 of 350; south causes 185/350 of the cost, so it rides free on 185/350 of the 90."""
    found = matrix(two_payer_plan(of("north", "N1", pays_calls()), joined={"N1": "P1 P2"}))
    assert found.paid.tolist() == [[9_000, 0], [0, 0]]
    (ride,) = found.free_rides
    assert (ride.payer, ride.workflow, ride.cost_usd, ride.paid_usd) == ("south", "calls", 185.0, 0.0)
    assert ride.share_of_cost == pytest.approx(185 / 350)
    assert ride.amount_usd == round(90 * 185 / 350, 2)
    assert found.orphans == ()
    assert found.unpaid.tolist() == [7_500, 18_500]


def test_a_payer_that_covers_its_members_does_not_ride() -> None:
    """South pays its whole 185 and more, which is less than its share of all that is paid, yet it owes nothing."""
    found = matrix(
        two_payer_plan(
            of("north", "N1", pays_calls(usd=10.0)), of("south", "S1", pays_calls(usd=1.7)),
            joined={"N1": "P1 P2", "S1": "P1 P2"},
        )
    )  # fmt: skip
    assert found.paid[0].tolist() == [90_000, 18_700]
    assert found.paid[0, SOUTH] < 185 / 350 * found.paid[0].sum()
    assert not found.free_rides
    (overlap,) = found.overlaps
    assert (overlap.paid_usd, overlap.cost_usd, overlap.above_cost_usd) == (1_087.0, 350.0, 737.0)
    assert [(part.payer, part.program, part.paid_usd) for part in overlap.paid_by] == [
        ("north", "N1", 900.0),
        ("south", "S1", 187.0),
    ]


def test_reporting_falls_on_the_programs_payer() -> None:
    """Reporting is no cost of a workflow; the payer that asks for it bears it."""
    plan = two_payer_plan(
        of("south", "S1", pays_calls(), reporting={"fixed_usd": 33.33, "per_measure_usd": 0}), joined={"S1": "P1 P2"}
    )
    found = matrix(plan)
    assert found.cost[-1].tolist() == [0, 6_666]


def test_credited_money_stands_apart() -> None:
    """Money that is credited pays for no workflow; withheld money counts, and may be negative."""
    plan = two_payer_plan(
        of("north", "N1", pays_calls(money="credited")),
        of("south", "S1", component("kept", rate={"kind": "constant", "pays": -1}, money="withheld")),
        joined={"N1": "P1", "S1": "P2"},
    )
    found = matrix(plan)
    assert found.paid.tolist() == [[0, 0], [0, -7_000]]
    assert found.credited.tolist() == [[6_000, 0], [0, 0]]
    assert found.unpaid[SOUTH] == 18_500


def test_the_orphan_share_is_a_limit() -> None:
    """A workflow that is paid exactly the limit is no orphan; a cent less makes it one; without cost there is none."""
    paid = [[100 * ORPHAN_SHARE, 0], [100 * ORPHAN_SHARE - 0.01, 0], [0, 0], [0, 0]]
    found = table(paid, [[60, 40], [60, 40], [0, 0], [0, 0]])
    assert found.orphans == ("B",)


def test_a_workflow_that_is_paid_its_cost_is_no_overlap() -> None:
    """Only a cent above the whole cost makes one; which payer pays it does not matter."""
    found = table([[100, 0], [100.01, 0], [0, 0]], [[50, 50], [50, 50], [0, 0]])
    assert [item.workflow for item in found.overlaps] == ["B"]
    assert found.overlaps[0].above_cost_usd == 0.01


def test_what_is_overpaid_for_one_workflow_does_not_pay_another() -> None:
    """Unpaid cost is summed over workflows without setting off."""
    assert table([[100, 0], [0, 0], [0, 0]], [[50, 10], [20, 5], [1, 0]]).unpaid.tolist() == [2_100, 1_500]


@pytest.mark.parametrize("seed", range(12))
def test_the_matrix_reconciles_to_the_cent(seed: int) -> None:
    """Dollars of workflows and none sum to the dollars paid, by payer too; costs to the ledger's costs, by workflow."""
    instance = random_instance(seed)
    model = Model(instance.network, instance.catalog, instance.scenario)
    terms = terms_in_force(instance.catalog, instance.network, instance.scenario)
    pricer = Pricer(model, terms)
    outcome = pricer.price(random_decisions(model, terms, seed))
    rows = ledger(pricer, outcome)
    found = coverage(model, outcome.decisions, rows)
    accrual, costs = rows[rows["kind"] == "accrual"], rows[rows["kind"] == "cost"]
    counted = accrual[accrual["status"] != "credited"]
    assert found.paid.sum() == cents_of(counted)
    assert found.credited.sum() == cents_of(accrual) - cents_of(counted)
    assert found.cost.sum() == -cents_of(costs)
    assert found.cost.min() >= 0
    for place, payer in enumerate(found.payers):
        assert found.paid[:, place].sum() == cents_of(counted[counted["payer"] == payer])
    for place, name in enumerate((*found.workflows, "")):
        own = costs[(costs["workflow"] == name) & (costs["component"] != TARIFF)]
        assert found.cost[place].sum() == -cents_of(own)
        assert found.paid[place].sum() == cents_of(counted[counted["workflow"] == name])


def test_every_free_rider_pays_below_both_lines() -> None:
    """On a larger plan: riders are served, pay below their share of the money and below their members' cost."""
    found = matrix(small_plan(6))
    assert found.free_rides
    for ride in found.free_rides:
        at, payer = found.workflows.index(ride.workflow), found.payers.index(ride.payer)
        assert found.served[at, payer] > 0
        share = found.cost[at, payer] / found.cost[at].sum()
        assert ride.amount_usd * 100 == pytest.approx(share * found.paid[at].sum() - found.paid[at, payer], abs=0.51)
        assert ride.paid_usd < ride.cost_usd and ride.amount_usd > 0
