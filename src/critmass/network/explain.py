"""What each column of the workbook means to the person who fills it: unit, example, and what a blank says."""

from __future__ import annotations

from critmass.domain.network import Column, ColumnKind, Sheet

UNITS: dict[ColumnKind, str] = {
    "text": "text",
    "choice": "one id of the list",
    "count": "whole number",
    "usd": "US dollars",
    "fraction": "share from 0 to 1",
    "number": "number",
    "yes_no": "yes or no",
}

_EXAMPLES: dict[str, str] = {
    "name": "Maple Family Practice",
    "synthetic": "no",
    "startup_budget_usd": "45000",
    "practice": "maple",
    "clinicians": "3.5",
    "tin": "38-1234567",
    "payer": "bcbsm",
    "line_of_business": "commercial",
    "members": "1250",
    "member_months": "14700",
    "under_21": "330",
    "risk_rising": "250",
    "risk_high": "60",
    "chronic_2_plus": "220",
    "chronic_2_plus_qmb": "0",
    "members_low": "1180",
    "members_high": "1320",
    "measure": "BCS",
    "denominator": "175",
    "numerator": "122",
    "prior_denominator": "170",
    "prior_numerator": "115",
    "carried_numerator": "60",
    "role": "medical_assistant",
    "fte": "0.5",
    "workflow": "registry",
    "reach": "0.8",
    "code_set": "pcp_office_visits",
    "allowed_usd": "225000",
    "benchmark_usd": "4600000",
    "expenditure_usd": "4550000",
    "fact": "pcmh_designated",
    "value": "1",
    "program": "(an id of the list)",
    "status": "joined",
}

_TYPICAL = "a typical share of members for the line of business; the plan says so"
_BLANK_MEANS: dict[tuple[str, str], str] = {
    ("Organization", "startup_budget_usd"): "no limit",
    ("Organization", "synthetic"): "no: this is a real network",
    ("Practices", "name"): "the practice id is shown",
    ("Practices", "tin"): "the practice bills alone",
    ("Practices", "startup_budget_usd"): "no limit",
    ("Panel", "member_months"): "12 x members",
    ("Panel", "under_21"): _TYPICAL,
    ("Panel", "risk_rising"): _TYPICAL,
    ("Panel", "risk_high"): _TYPICAL,
    ("Panel", "chronic_2_plus"): _TYPICAL,
    ("Panel", "chronic_2_plus_qmb"): _TYPICAL,
    ("Panel", "members_low"): "the same as members",
    ("Panel", "members_high"): "the same as members",
    ("Baseline", "prior_denominator"): "the same as this year's",
    ("Baseline", "prior_numerator"): "the same as this year's",
    ("Baseline", "carried_numerator"): "0: every member's gap is open when the year begins",
}

MISSING_SHEET_MEANS: dict[str, str] = {
    "Staff": "no staff in place",
    "Workflows": "no workflow runs yet",
    "Charges": "no charges: fee uplifts pay nothing",
    "Spending": "no savings are shared",
    "Facts": "the catalog's default answers",
    "Contracts": "every program is open to choose",
}


def blank_means(sheet: Sheet, column: Column) -> str:
    """What an empty cell says; empty for a required column, where a blank is refused."""
    return "" if column.required else _BLANK_MEANS[sheet.name, column.name]


def example_of(column: Column) -> str:
    """A plausible entry."""
    return _EXAMPLES[column.name]
