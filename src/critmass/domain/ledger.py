"""The ledger's columns: the one table at the centre, of which every view is a group-by."""

from __future__ import annotations

LEDGER_COLUMNS: tuple[str, ...] = (
    "practice",
    "payer",
    "program",
    "component",
    "measure",
    "workflow",
    "period",
    "kind",
    "amount_usd",
    "clause",
    "status",
    "confidence",
    "level",
)
"""`kind` is accrual, cash or cost; `status` is new, credited or withheld; costs are negative amounts."""
