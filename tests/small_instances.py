"""One practice with one payer, and whatever programs and workflows a test needs."""

from __future__ import annotations

from typing import Any

from critmass.domain.network import ORGANIZATION
from critmass.domain.scenario import Scenario
from critmass.network.fill import complete_network
from random_clauses import Row
from random_instances import Instance, catalog_of, tables_of

CELL: Row = {"practice": "P1", "payer": "north", "line_of_business": "commercial"}


def small_instance(*programs: Row, workflows: tuple[Row, ...] = (), ceiling: float = 0.5, **scenario: Any) -> Instance:
    """An instance of 100 members, 60 of them eligible for M: 45 met it last year, 44 this year.

    The benchmark is 100,000 USD, and so is expenditure.
    """
    catalog, text = catalog_of(_tree(programs, workflows, ceiling))
    rows: dict[str, list[Row]] = {
        "Organization": [{"name": "Small", "synthetic": 1.0}],
        "Practices": [{"practice": "P1", "name": "P1", "clinicians": 1.0}],
        "Panel": [{**CELL, "members": 100.0, "member_months": 1_200.0}],
        "Baseline": [
            {
                **CELL, "measure": "M", "denominator": 60.0, "numerator": 44.0, "prior_denominator": 60.0,
                "prior_numerator": 45.0, "carried_numerator": 0.0,
            }
        ],
        "Spending": [{**CELL, "benchmark_usd": 100_000.0, "expenditure_usd": 100_000.0}],
        "Facts": [{"practice": ORGANIZATION, "fact": "advance", "value": 1_000.0}],
    }  # fmt: skip
    network = complete_network(
        tables_of({**rows, **{name: [] for name in ("Staff", "Workflows", "Charges", "Contracts")}})
    )
    return Instance(0, catalog, network, Scenario(objective="margin", **scenario), text)


def component(name: str = "pay", **terms: Any) -> Row:
    """A component that pays one dollar a member unless the terms say otherwise."""
    return {
        "id": name, "label": name, "clause": name, "payment_stream": "p4p", "apm_category": "2C",
        "quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": 1}, **terms,
    }  # fmt: skip


def program(name: str, *components: Row, cost_usd: float = 0.0, **more: Any) -> Row:
    """A program of the whole year whose reporting costs so much."""
    return {
        "id": name, "label": name, "payer": "north", "performance_year": 2026, "lines_of_business": ["commercial"],
        "effective": {}, "status": "complete", "reporting": {"fixed_usd": cost_usd, "per_measure_usd": 0},
        "components": list(components), **more,
    }  # fmt: skip


def workflow(name: str, **more: Any) -> Row:
    """A workflow that costs ten dollars and is done for everybody or not at all."""
    return {
        "id": name, "label": name, "stage": "deliver", "core": False, "requires": [], "delivery": "practice",
        "minimum_reach": 1.0, "eligible": [{"stratum": "all", "share": 1.0}], "fixed_usd": 10, "unit_usd": 0,
        "startup_usd": 0, "startup_years": 5, "effects": [], **more,
    }  # fmt: skip


def effect(closed_share: float) -> Row:
    """What a workflow closes of M's gap by itself."""
    return {"measure": "M", "closed_share": closed_share, "low": closed_share, "high": closed_share}


def savings(saved_share: float) -> Row:
    """What a workflow saves of expenditure."""
    return {
        "lines_of_business": ["commercial"], "saved_share": saved_share, "low": saved_share, "high": saved_share,
    }  # fmt: skip


def _tree(programs: tuple[Row, ...], workflows: tuple[Row, ...], ceiling: float) -> Row:
    measure = {
        "id": "M", "label": "M", "direction": "higher_is_better", "domain": "test", "ceiling": ceiling,
        "typical_rate": 0.5, "eligible_share": 0.5,
    }  # fmt: skip
    return {
        "cite": {"assumption": True, "reason": "made up for tests"},
        "measures": [measure],
        "workflows": list(workflows or [workflow("idle")]),
        "facts": [{"id": "advance", "label": "Advance", "kind": "number", "default": 1_000}],
        "payers": [{"id": "north", "label": "north", "lines_of_business": ["commercial"]}],
        "programs": list(programs),
    }
