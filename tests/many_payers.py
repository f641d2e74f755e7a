"""A network of many payers of like size, so that sums over them pass the floor."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.network import ORGANIZATION, Network
from critmass.network.fill import complete_network
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.confidentiality import ConsentLedger
from critmass.studies.confidentiality.consents import Consent, Field
from critmass.studies.plan import Plan
from plans import TINY, plan_by_hand
from random_instances import tables_of

PAYERS = tuple(f"payer_{number}" for number in range(1, 9))
LINE = "commercial"
Row = dict[str, Any]


def _program(payer: str, pays: float) -> Row:
    return {
        "id": f"pmpm_of_{payer}", "label": payer, "payer": payer, "performance_year": 2026,
        "lines_of_business": [LINE], "effective": {"from": "2026-01-01", "to": "2026-12-31"}, "status": "complete",
        "components": [
            {
                "id": "fee", "label": "fee", "clause": f"Clause of {payer}", "payment_stream": "ccf",
                "apm_category": "2A", "quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": pays},
                "workflows": [{"workflow": "registry", "share": 0.5}, {"workflow": "outreach", "share": 0.5}],
            },
        ],
    }  # fmt: skip


def catalog_of_many(**rates: float) -> Catalog:
    """The tiny catalog's care with one program a payer, at $20 a member unless `rates` say otherwise."""
    file = CatalogFile.model_validate(
        {
            "cite": {"assumption": True, "reason": "made up for tests"},
            "payers": [{"id": name, "label": name, "lines_of_business": [LINE]} for name in PAYERS],
            "programs": [_program(name, rates.get(name, 20.0)) for name in PAYERS],
        }
    )
    return load_catalog([TINY / "care.yaml"], shipped=False, parsed=[("many.yaml", file)])


def network_of_many(practices: int = 12, seed: int = 1) -> Network:
    """Practices with 100 to 150 members of each payer, all of which are in every program."""
    random = np.random.default_rng(seed)
    names = [f"P{number:02d}" for number in range(1, practices + 1)]
    cells = [{"practice": name, "payer": payer, "line_of_business": LINE} for name in names for payer in PAYERS]
    rows: dict[str, list[Row]] = {
        "Organization": [{"name": "Many", "synthetic": 1.0}],
        "Practices": [{"practice": name, "name": name, "clinicians": 1.0} for name in names],
        "Panel": [
            {**cell, "members": float(random.integers(100, 150)), "risk_high": 10.0, "risk_rising": 20.0}
            for cell in cells
        ],
        "Workflows": [{"practice": name, "workflow": "registry", "reach": 0.5} for name in names],
        "Contracts": [
            {"practice": ORGANIZATION, "program": f"pmpm_of_{payer}", "status": "joined"} for payer in PAYERS
        ],
        **{name: [] for name in ("Baseline", "Staff", "Charges", "Spending", "Facts")},
    }
    return complete_network(tables_of(rows))


def consents_of_all(purpose: str) -> ConsentLedger:
    """Every payer lets everything be used for a purpose, from the first of 2026 on."""
    first = datetime.date(2026, 1, 1)
    return ConsentLedger(
        tuple(Consent(payer, field, purpose, first) for payer in PAYERS for field in get_args(Field))
    )  # fmt: skip


def plan_of_many(catalog: Catalog | None = None, network: Network | None = None) -> Plan:
    """A plan by hand in which every practice joins every program."""
    catalog = catalog or catalog_of_many()
    plan = plan_by_hand(network or network_of_many(), catalog)
    decisions = replace(plan.outcome.decisions, joined=np.ones_like(plan.outcome.decisions.joined))
    terms = terms_in_force(catalog, plan.network, plan.scenario)
    outcome = Pricer(Model(plan.network, catalog, plan.scenario), terms).price(decisions)
    return replace(plan, outcome=outcome, terms=terms)
