"""Whose business each column is: of the ledger and of the network's sheets."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class DataClass(StrEnum):
    """Who may see a column's values as they are; everybody else sees them in sums that pass a floor, or not at all."""

    PUBLIC = "public"
    """Anybody: published terms, names and ids that the product itself defines."""
    OWN_PAYER = "own_payer"
    """The payer that the row is of, the practice that the row is of, and the organization."""
    OWN_PRACTICE = "own_practice"
    """The practice that the row is of, and the organization."""
    ORGANIZATION = "organization"
    """The organization."""
    AGGREGATE = "aggregate"
    """Sums over several parties, shown where they pass the floor."""


_PUBLIC, _PAYER, _PRACTICE, _ORGANIZATION = (
    DataClass.PUBLIC, DataClass.OWN_PAYER, DataClass.OWN_PRACTICE, DataClass.ORGANIZATION,
)  # fmt: skip

LEDGER_CLASSES: Mapping[str, DataClass] = {
    "practice": _PAYER,
    "payer": _PAYER,
    "program": _PAYER,
    "component": _PAYER,
    "measure": _PAYER,
    "workflow": _PRACTICE,
    "period": _PUBLIC,
    "kind": _PUBLIC,
    "amount_usd": _PAYER,
    "clause": _PAYER,
    "status": _PAYER,
    "confidence": _PAYER,
    "level": _PAYER,
}
"""The class of each column of the ledger. Which practice takes part with which payer is the payer's business too."""

_KEY = {"practice": _PAYER, "payer": _PAYER, "line_of_business": _PAYER}

SHEET_CLASSES: Mapping[str, Mapping[str, DataClass]] = {
    "Organization": {"name": _PUBLIC, "startup_budget_usd": _ORGANIZATION, "synthetic": _PUBLIC},
    "Practices": {
        "practice": _PUBLIC,
        "name": _PUBLIC,
        "clinicians": _PRACTICE,
        "tin": _PAYER,
        "startup_budget_usd": _PRACTICE,
    },
    "Panel": {
        **_KEY,
        "members": _PAYER,
        "member_months": _PAYER,
        "under_21": _PAYER,
        "risk_rising": _PAYER,
        "risk_high": _PAYER,
        "chronic_2_plus": _PAYER,
        "chronic_2_plus_qmb": _PAYER,
        "members_low": _PAYER,
        "members_high": _PAYER,
    },
    "Baseline": {
        **_KEY,
        "measure": _PAYER,
        "denominator": _PAYER,
        "numerator": _PAYER,
        "prior_denominator": _PAYER,
        "prior_numerator": _PAYER,
        "carried_numerator": _PAYER,
    },
    "Staff": {"practice": _PRACTICE, "role": _PRACTICE, "fte": _PRACTICE},
    "Workflows": {"practice": _PRACTICE, "workflow": _PRACTICE, "reach": _PRACTICE},
    "Charges": {**_KEY, "code_set": _PAYER, "allowed_usd": _PAYER},
    "Spending": {**_KEY, "benchmark_usd": _PAYER, "expenditure_usd": _PAYER},
    "Facts": {"practice": _PRACTICE, "fact": _PRACTICE, "value": _PRACTICE},
    "Contracts": {"practice": _PAYER, "program": _PAYER, "status": _PAYER},
}
"""The class of each column of the network's sheets."""


def columns_for(columns: Mapping[str, DataClass], *allowed: DataClass) -> tuple[str, ...]:
    """The columns of a table whose class is one of those allowed, in their order."""
    return tuple(name for name, held in columns.items() if held in allowed)
