"""Two practices, two payers and one workflow, small enough to work out by hand what is paid and what it costs."""

from __future__ import annotations

from typing import Any

import numpy as np

from critmass.domain.network import ORGANIZATION
from critmass.domain.scenario import CriticalMass, Scenario, SolveOptions
from critmass.network.fill import complete_network
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import HUB, OWN, Decisions, Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.plan import Level, Plan
from random_clauses import Row
from random_instances import catalog_of, tables_of
from small_instances import component, program, workflow

MEMBERS = {("P1", "north"): 60.0, ("P1", "south"): 40.0, ("P2", "north"): 30.0, ("P2", "south"): 70.0}
LINES = {"north": "commercial", "south": "medicaid"}
CALLS = workflow(
    "calls", core=True, delivery="either", fixed_usd=100, unit_usd=1, hub_fixed_usd=90, hub_practice_fixed_usd=10
)


def pays_calls(name: str = "pay", usd: float = 1.0, **terms: Any) -> Row:
    """A component that pays so much a member, for the calls."""
    whole = [{"workflow": "calls", "share": 1.0}]
    return component(name, rate={"kind": "constant", "pays": usd}, workflows=whole, **terms)


def of(payer: str, name: str, *components: Row, **more: Any) -> Row:
    """A program of one of the two payers."""
    return program(name, *components, **{"payer": payer, "lines_of_business": [LINES[payer]], **more})


def two_payer_plan(*programs: Row, joined: dict[str, str], crosswalk: tuple[Row, ...] = (), **rule: Any) -> Plan:
    """P1 runs the calls for all itself; the hub runs them for half of P2. `joined` maps programs to practices.

    The calls cost P1 200 USD and P2 10 USD beside the tariff, and the hub 90 + 50 USD.
    """
    catalog, _ = catalog_of(_tree(programs, crosswalk))
    network = complete_network(tables_of(_rows()))
    scenario = Scenario(objective="margin", critical_mass=CriticalMass(**{"payers": 1, "payer_share": 0.1, **rule}))
    model, terms = Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)
    takes_part = [[name in joined.get(one.id, "").split() for one in terms.programs] for name in network.practices]
    decisions = Decisions(
        delivery=np.array([[[OWN], [HUB]]], dtype=np.int8),
        reach=np.array([[[1.0], [0.5]]]),
        joined=np.array([takes_part], dtype=np.bool_).reshape(1, 2, len(terms.programs)),
    )
    outcome = Pricer(model, terms).price(decisions)
    margin = float(outcome.margin[0])
    return Plan(
        network=network, catalog=catalog, scenario=scenario, options=SolveOptions(), terms=terms, outcome=outcome,
        today=outcome, levels=(Level("margin", margin, margin, 0.0),), wall_seconds=0.0, first_plan_seconds=0.0,
        settlement_checks=(),
    )  # fmt: skip


def _tree(programs: tuple[Row, ...], crosswalk: tuple[Row, ...]) -> Row:
    measures = [
        {
            "id": name, "label": name, "direction": "higher_is_better", "domain": "test", "ceiling": 0.5,
            "typical_rate": 0.5, "eligible_share": 0.5,
        }
        for name in ("M", "N")
    ]  # fmt: skip
    return {
        "cite": {"assumption": True, "reason": "made up for tests"},
        "measures": measures,
        "crosswalk": list(crosswalk),
        "workflows": [CALLS],
        "payers": [{"id": name, "label": name, "lines_of_business": [line]} for name, line in LINES.items()],
        "programs": list(programs),
    }


def _rows() -> dict[str, list[Row]]:
    cells = [
        {"practice": practice, "payer": payer, "line_of_business": LINES[payer], "members": members}
        for (practice, payer), members in MEMBERS.items()
    ]
    baseline = [
        {
            **{name: cell[name] for name in ("practice", "payer", "line_of_business")}, "measure": measure,
            "denominator": 20.0, "numerator": 10.0, "prior_denominator": 20.0, "prior_numerator": 10.0,
            "carried_numerator": 0.0,
        }
        for cell in cells
        for measure in ("M", "N")
    ]  # fmt: skip
    rows: dict[str, list[Row]] = {
        "Organization": [{"name": "Two", "synthetic": 1.0}],
        "Practices": [{"practice": name, "name": name, "clinicians": 1.0} for name in ("P1", "P2")],
        "Panel": [{**cell, "member_months": 12 * float(cell["members"])} for cell in cells],
        "Baseline": baseline,
        "Facts": [{"practice": ORGANIZATION, "fact": "unused", "value": 0.0}][:0],
    }
    return {**rows, **{name: [] for name in ("Staff", "Workflows", "Charges", "Contracts", "Spending")}}
