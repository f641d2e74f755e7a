"""The user's network: practices, panels, baselines and what is already in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

ColumnKind = Literal["text", "count", "usd", "fraction", "number", "yes_no", "choice"]

ORGANIZATION = "ORGANIZATION"
"""The practice id that stands for the organization itself (its hub) in sheets keyed by practice."""


@dataclass(frozen=True)
class Column:
    """A column of a sheet. `choices` names the list that a cell must come from."""

    name: str
    kind: ColumnKind
    help: str
    required: bool = True
    choices: str | None = None


@dataclass(frozen=True)
class Sheet:
    """A sheet of the network workbook. `key` columns together name a row, and may not repeat."""

    name: str
    help: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = True


_PRACTICE = Column("practice", "choice", "Practice id, as in the Practices sheet", choices="practice")
_PAYER = Column("payer", "choice", "Payer id of the catalog", choices="payer")
_LOB = Column("line_of_business", "choice", "Line of business", choices="line_of_business")

SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "Organization",
        "One row about the organization as a whole.",
        ("name",),
        (
            Column("name", "text", "Name of the PHO, IPA or practice"),
            Column("startup_budget_usd", "usd", "Cash the organization can spend up front, USD", required=False),
            Column("synthetic", "yes_no", "yes when this is not a real network", required=False),
        ),
    ),
    Sheet(
        "Practices",
        "One row for each practice.",
        ("practice",),
        (
            Column("practice", "text", "Short id of the practice, used in every other sheet"),
            Column("name", "text", "Name shown in reports", required=False),
            Column("clinicians", "number", "Primary-care clinicians, FTE"),
            Column("tin", "text", "Tax number (TIN) that the practice bills under, any text", required=False),
            Column("startup_budget_usd", "usd", "Cash the practice can spend up front, USD", required=False),
        ),
    ),
    Sheet(
        "Panel",
        "Attributed members by practice, payer and line of business.",
        ("practice", "payer", "line_of_business"),
        (
            _PRACTICE,
            _PAYER,
            _LOB,
            Column("members", "count", "Attributed members, the number to plan with"),
            Column("member_months", "count", "Member-months; blank means 12 x members", required=False),
            Column("under_21", "count", "Members younger than 21", required=False),
            Column("risk_rising", "count", "Members at rising risk", required=False),
            Column("risk_high", "count", "Members at high risk", required=False),
            Column("chronic_2_plus", "count", "Members with two or more chronic conditions", required=False),
            Column("chronic_2_plus_qmb", "count", "Of those, Qualified Medicare Beneficiaries", required=False),
            Column("members_low", "count", "Lowest likely number of members", required=False),
            Column("members_high", "count", "Highest likely number of members", required=False),
        ),
    ),
    Sheet(
        "Baseline",
        "Where each measure stands, from the payers' last reports.",
        ("practice", "payer", "line_of_business", "measure"),
        (
            _PRACTICE,
            _PAYER,
            _LOB,
            Column("measure", "choice", "Measure id of the catalog", choices="measure"),
            Column("denominator", "count", "Eligible members this year"),
            Column("numerator", "count", "Members compliant if nothing changes"),
            Column("prior_denominator", "count", "Last year's denominator", required=False),
            Column("prior_numerator", "count", "Last year's numerator", required=False),
            Column("carried_numerator", "count", "Members already compliant on day one", required=False),
        ),
    ),
    Sheet(
        "Staff",
        "Staff already paid for population health work, by role.",
        ("practice", "role"),
        (
            Column("practice", "choice", "Practice id, or ORGANIZATION for the hub", choices="practice_or_hub"),
            Column("role", "choice", "Role id of the catalog", choices="role"),
            Column("fte", "number", "FTE in place"),
        ),
        required=False,
    ),
    Sheet(
        "Workflows",
        "Workflows that already run, and for what share of their patients.",
        ("practice", "workflow"),
        (
            _PRACTICE,
            Column("workflow", "choice", "Workflow id of the catalog", choices="workflow"),
            Column("reach", "fraction", "Share of eligible patients served today, 0 to 1"),
        ),
        required=False,
    ),
    Sheet(
        "Charges",
        "Allowed charges a year by code set, where a fee uplift needs them.",
        ("practice", "payer", "line_of_business", "code_set"),
        (
            _PRACTICE,
            _PAYER,
            _LOB,
            Column("code_set", "choice", "Code set id of the catalog", choices="code_set"),
            Column("allowed_usd", "usd", "Allowed charges, USD a year"),
        ),
        required=False,
    ),
    Sheet(
        "Spending",
        "Benchmark and expected total cost of care, where savings are shared.",
        ("practice", "payer", "line_of_business"),
        (
            _PRACTICE,
            _PAYER,
            _LOB,
            Column("benchmark_usd", "usd", "Benchmark expenditure for these members, USD a year"),
            Column("expenditure_usd", "usd", "Expected expenditure if nothing changes, USD a year"),
        ),
        required=False,
    ),
    Sheet(
        "Facts",
        "Yes/no and number answers that programs ask for. Blank answers take the catalog's default.",
        ("practice", "fact"),
        (
            Column("practice", "choice", "Practice id, or ORGANIZATION for all", choices="practice_or_hub"),
            Column("fact", "choice", "Fact id of the catalog", choices="fact"),
            Column("value", "number", "The answer: a number, or 1 for yes and 0 for no"),
        ),
        required=False,
    ),
    Sheet(
        "Contracts",
        "Programs already signed or ruled out.",
        ("practice", "program"),
        (
            Column("practice", "choice", "Practice id, or ORGANIZATION for all", choices="practice_or_hub"),
            Column("program", "choice", "Program id of the catalog", choices="program"),
            Column("status", "choice", "joined or declined", choices="contract_status"),
        ),
        required=False,
    ),
)
"""The workbook's sheets, in order: the one definition behind template, reader and sample."""

Population = tuple[str, str]
"""A payer id and a line of business: the cells that panels and baselines are counted in."""


@dataclass(frozen=True, eq=False)
class Network:
    """A checked network. Each table is a DataFrame with the sheet's columns, blanks filled.

    `practices` gives the order of the practice axis everywhere; `populations` the order of payer x line
    of business.
    """

    name: str
    synthetic: bool
    startup_budget_usd: float
    practices: tuple[str, ...]
    populations: tuple[Population, ...]
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    hash: str = ""

    def table(self, sheet: str) -> pd.DataFrame:
        """The rows of one sheet, with its columns even when it is empty."""
        return self.tables[sheet]
