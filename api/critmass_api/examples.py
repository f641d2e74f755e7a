"""Requests that work and requests that show an error. The documentation shows them, the tests send them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

STATUS = "x-status"
"""Key of an example under which its expected HTTP status stands."""

_MAPLE = {"practice": "maple", "payer": "bcbsm", "line_of_business": "commercial"}
_MAPLE_MEDICARE = {"practice": "maple", "payer": "medicare", "line_of_business": "medicare_ffs"}
_OAK = {"practice": "oak", "payer": "meridian", "line_of_business": "medicaid"}
_OAK_MEDICARE = {"practice": "oak", "payer": "medicare", "line_of_business": "medicare_ffs"}

TABLES: dict[str, list[dict[str, Any]]] = {
    "Organization": [{"name": "Two practices", "startup_budget_usd": 40000, "synthetic": True}],
    "Practices": [
        {"practice": "maple", "name": "Maple Family Practice", "clinicians": 2},
        {"practice": "oak", "clinicians": 1.5, "startup_budget_usd": 15000},
    ],
    "Panel": [
        {**_MAPLE, "members": 1600, "risk_rising": 300, "risk_high": 80},
        {**_MAPLE_MEDICARE, "members": 700},
        {**_OAK, "members": 800},
        {**_OAK_MEDICARE, "members": 400},
    ],
    "Baseline": [
        {**_MAPLE, "measure": "BCS", "denominator": 300, "numerator": 210},
        {**_MAPLE_MEDICARE, "measure": "CBP", "denominator": 280, "numerator": 170},
        {**_OAK, "measure": "CBP", "denominator": 150, "numerator": 90},
    ],
    "Charges": [{**_MAPLE, "code_set": "pcp_office_visits", "allowed_usd": 420000}],
    "Facts": [{"practice": "ORGANIZATION", "fact": "pcmh_designated", "value": 1}],
    "Staff": [{"practice": "maple", "role": "medical_assistant", "fte": 0.5}],
    "Workflows": [{"practice": "maple", "workflow": "registry", "reach": 0.8}],
}
"""A synthetic network of two practices."""


def _misspelt() -> dict[str, list[dict[str, Any]]]:
    tables = deepcopy(TABLES)
    tables["Panel"][0]["payer"] = "bcbm"
    tables["Panel"][2]["members"] = -800
    return tables


def _example(summary: str, status: int, value: dict[str, Any]) -> dict[str, Any]:
    return {"summary": summary, STATUS: status, "value": value}


_BOTH_WAYS = [
    {"practice": "maple", "workflow": "registry", "decision": "left_out"},
    {"practice": "oak", "workflow": "outreach", "decision": "in_place"},
    {"practice": "oak", "workflow": "outreach", "decision": "left_out"},
]

NETWORK_EXAMPLES = {
    "two practices": _example("A network with nothing wrong in it", 200, {"tables": TABLES}),
    "two mistakes": _example("An unknown payer and a negative count", 422, {"tables": _misspelt()}),
}
SETTLEMENT_EXAMPLES = {
    "as things stand": _example("What the contracts pay today", 200, {"tables": TABLES}),
    "another payer share": _example(
        "Critical mass asked of a single payer",
        200,
        {"tables": TABLES, "scenario": {"critical_mass": {"payers": 1, "payer_share": 0}}},
    ),
    "unknown key": _example("A key that does not exist", 422, {"tables": TABLES, "scenarios": {}}),
}
PLAN_EXAMPLES = {
    "short search": _example(
        "A plan within ten seconds",
        202,
        {
            "tables": TABLES,
            "scenario": {"name": "first look", "performance_year": 2026},
            "options": {"time_limit_seconds": 10, "gap": 0.05},
        },
    ),
    "contradiction": _example(
        "Locks that cannot hold together", 409, {"tables": TABLES, "scenario": {"locks": _BOTH_WAYS}}
    ),
    "two mistakes": _example("A network with mistakes", 422, {"tables": _misspelt()}),
}
GAPS_EXAMPLES = {
    "as things stand": _example("What payers leave unpaid today", 202, {"tables": TABLES, "as_it_stands": True}),
    "no such payer": _example("A payer without members here", 422, {"tables": TABLES, "payer": "priority_health"}),
}
COORDINATION_EXAMPLES = {
    "both practices": _example(
        "What payers have to add for both practices",
        202,
        {"tables": TABLES, "target": "2", "options": {"time_limit_seconds": 20}},
    ),
    "too many practices": _example("A target out of reach", 422, {"tables": TABLES, "target": "3"}),
}
EXPLANATION_EXAMPLES = {
    "one workflow": _example(
        "What the registry is worth, and why",
        202,
        {"tables": TABLES, "workflow": "registry", "options": {"time_limit_seconds": 10}},
    ),
    "no such program": _example("A program that nobody knows", 422, {"tables": TABLES, "program": "pgip"}),
}
GAME_EXAMPLES = {
    "a joint cost": _example(
        "Three payers share what costs them less together",
        200,
        {
            "game": {"kind": "cost", "values": {"A": 60, "B": 70, "C": 80, "A+B": 90, "A+C": 100, "B+C": 110,
                                                "A+B+C": 150}},
            "rule": "shapley",
        },
    ),
    "unknown rule": _example("A rule that does not exist", 422, {"game": {"kind": "cost"}, "rule": "shapely"}),
}  # fmt: skip
