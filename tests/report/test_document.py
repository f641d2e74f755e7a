"""The plan document: its parts add up, it says what is proved, and it survives JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import CriticalMass, Scenario
from critmass.network import sample_network
from critmass.report.document import SYNTHETIC, plan_document, settlement_document
from critmass.report.schema import PlanDocument, SettlementDocument
from critmass.studies.plan import Plan
from critmass.studies.settle import plan_ledger, settle_network
from plans import plan_by_hand, small_plan, tiny_catalog


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A plan by hand for three practices."""
    return small_plan()


@pytest.fixture(scope="module")
def document(plan: Plan) -> PlanDocument:
    """Its document."""
    return plan_document(plan)


def cents(amount: float) -> object:
    """An amount that may differ by floating-point noise only."""
    return pytest.approx(amount, abs=1e-4)


def test_practices_and_organization_add_up_to_the_margin(document: PlanDocument) -> None:
    """Margins of practices and organization are the network's margin, to the cent."""
    parts = sum(practice.margin_usd for practice in document.practices) + document.organization.margin_usd
    assert parts == cents(document.money.margin_usd)


def test_money_is_new_plus_withheld_minus_cost(document: PlanDocument) -> None:
    """The totals follow from each other to the cent."""
    money = document.money
    assert money.new_usd + money.withheld_usd - money.cost_usd == cents(money.margin_usd)
    assert money.cash_in_year_usd + money.cash_later_usd == cents(money.new_usd + money.withheld_usd)


def test_programs_add_up(document: PlanDocument) -> None:
    """Programs, and the components of each, add up to the totals by status."""
    for status in ("new_usd", "credited_usd", "withheld_usd"):
        assert sum(getattr(line, status) for line in document.programs) == cents(getattr(document.money, status))
        for line in document.programs:
            assert sum(getattr(part, status) for part in line.components) == cents(getattr(line, status))


def test_workflows_add_up(plan: Plan, document: PlanDocument) -> None:
    """Workflows earn all but what no workflow moved, and cost all but reporting and idle staff."""
    earned = sum(line.funded_usd for line in document.workflows)
    total = document.money.new_usd + document.money.withheld_usd
    assert earned + document.money.not_earned_by_a_workflow_usd == cents(total)
    rows = plan_ledger(plan)
    idle = rows[(rows["kind"] == "cost") & (rows["workflow"] == "")]["amount_usd"].sum()
    assert sum(line.cost_usd for line in document.workflows) - idle == cents(document.money.cost_usd)


def test_payers_add_up_to_each_practice(document: PlanDocument) -> None:
    """A practice's payers add up to its reimbursement, and its shortfall to what the ratio asks for."""
    for practice in document.practices:
        assert sum(practice.by_payer.values()) == cents(practice.reimbursement_usd)
        short = max(practice.cost_usd - practice.reimbursement_usd, 0.0)
        assert practice.shortfall_usd == cents(short)


def test_document_agrees_with_the_settlement(plan: Plan, document: PlanDocument) -> None:
    """Mass, ratios and what is missing are the settlement's own."""
    for place, practice in enumerate(document.practices):
        assert practice.at_mass_after == plan.outcome.at_mass[0, place]
        assert practice.mass_ratio_after == pytest.approx(plan.outcome.mass_ratio[0, place], abs=1e-4)
        before = plan.today.mass_ratio[0, place] if plan.today.cost[0, place] > 0 else None
        assert practice.mass_ratio_before == (before if before is None else pytest.approx(before, abs=1e-4))
        assert (not practice.core_missing) == plan.outcome.core_in_place[0, place]


def test_unproved_levels_are_null(document: PlanDocument) -> None:
    """An infinite bound or gap is null, never a number, and the level is not called proved."""
    unproved, proved = document.levels
    assert (unproved.bound, unproved.gap, unproved.proved) == (None, None, False)
    assert proved.proved
    assert document.gap is None
    assert document.status == "feasible"


def test_json_round_trip(document: PlanDocument) -> None:
    """The document read back from its JSON is the same, and the JSON is strict: no NaN, no Infinity."""
    text = document.model_dump_json()
    assert PlanDocument.model_validate_json(text) == document
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))


def test_origin(plan: Plan, document: PlanDocument) -> None:
    """The document names everything that it takes to run the plan again."""
    assert document.catalog_hash == plan.catalog.hash
    assert document.network_hash == plan.network.hash
    assert document.scenario == plan.scenario
    assert document.seed == plan.options.seed
    assert {"critmass", "python", "highspy", "numpy"} <= set(document.versions)


def test_synthetic_networks_say_so(document: PlanDocument) -> None:
    """A synthetic network is flagged, with a note in words."""
    assert document.synthetic
    assert SYNTHETIC in document.notes


def test_grounds(document: PlanDocument) -> None:
    """In a catalog of assumptions all new money rests on assumptions."""
    assert set(document.dollars_by_confidence) == {"assumption"}
    assert document.assumption_share == 1.0
    assert document.carried_forward_share == 0.0


def test_carried_forward_share() -> None:
    """Planned for a year without published terms, all money is on terms of an earlier year."""
    catalog = tiny_catalog()
    network = sample_network(3, 1, catalog)
    later = plan_by_hand(network, catalog, Scenario(performance_year=2027))
    assert plan_document(later).carried_forward_share == 1.0


def with_table(network: Network, sheet: str, rows: list[dict[str, object]]) -> Network:
    """The network with other rows in one sheet."""
    table = pd.DataFrame(rows, columns=network.table(sheet).columns)
    return replace(network, tables={**network.tables, sheet: table})


def test_decisions_of_programs() -> None:
    """A program is joined, declined, or not available with the reason."""
    catalog = tiny_catalog()
    network = sample_network(3, 1, catalog)
    signed: list[dict[str, object]] = [{"practice": ORGANIZATION, "program": "tiny_pmpm_2026", "status": "joined"}]
    scenario = Scenario(exclude_programs=("tiny_bounty_2026",))
    document = settled(with_table(network, "Contracts", signed), catalog, scenario)
    lines = {line.id: line for line in document.programs}
    assert lines["tiny_pmpm_2026"].decision == "joined"
    assert lines["tiny_pmpm_2026"].locked
    assert lines["tiny_steps_2026"].decision == "declined"
    assert lines["tiny_steps_2026"].withheld_usd < 0, "the withhold is taken whether or not one joins"
    assert lines["tiny_bounty_2026"].decision == "not_available"
    assert lines["tiny_bounty_2026"].reason == "excluded by the scenario"


def settled(network: Network, catalog: Catalog, scenario: Scenario) -> SettlementDocument:
    """The settlement document of things as they stand."""
    outcome, ledger = settle_network(network, catalog, scenario)
    return settlement_document(network, catalog, scenario, outcome, ledger)


def test_programs_of_an_earlier_year_are_not_in_force() -> None:
    """Under 'in_force' nothing of 2026 is available in 2030, and signed contracts for it are named."""
    catalog = tiny_catalog()
    signed: list[dict[str, object]] = [{"practice": ORGANIZATION, "program": "tiny_pmpm_2026", "status": "joined"}]
    network = with_table(sample_network(2, 1, catalog), "Contracts", signed)
    document = settled(network, catalog, Scenario(performance_year=2030, terms="in_force"))
    assert {line.decision for line in document.programs} == {"not_available"}
    assert {line.reason for line in document.programs} == {"is not in force in 2030"}
    assert any("tiny_pmpm_2026" in note for note in document.notes)
    assert document.money.new_usd == 0.0


def test_settlement_as_things_stand() -> None:
    """Without decisions, workflows in place run at today's reach and nothing is joined."""
    catalog = tiny_catalog()
    network = sample_network(3, 1, catalog)
    document = settled(network, catalog, Scenario())
    in_place = network.table("Workflows")
    for practice in document.practices:
        own = set(in_place.loc[in_place["practice"] == practice.id, "workflow"])
        assert set(practice.workflows) == own
        assert practice.programs == ()
    assert SettlementDocument.model_validate_json(document.model_dump_json()) == document


def test_credited_money_counts_only_when_asked() -> None:
    """With `count_credited` reimbursement may only grow."""
    catalog = tiny_catalog()
    network = sample_network(3, 1, catalog)
    usual = settled(network, catalog, Scenario())
    counted = settled(network, catalog, Scenario(critical_mass=CriticalMass(count_credited=True)))
    for one, other in zip(usual.practices, counted.practices, strict=True):
        assert other.reimbursement_usd == cents(one.reimbursement_usd + one.credited_usd)
