"""The lists that cells with a choice must come from: the catalog's ids and the network's own practices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, SHEETS, Column, Sheet
from critmass.domain.programs import LineOfBusiness
from critmass.domain.suggest import closest
from critmass.network.findings import Findings
from critmass.network.structure import shorten

CONTRACT_STATUSES = ("joined", "declined")
_SUGGESTIONS_PER_COLUMN = 20

Choices = Mapping[str, Mapping[str, str]]
"""By list name: each allowed id with the label shown beside it."""


def choice_lists(catalog: Catalog, practices: Iterable[str] = ()) -> Choices:
    """Every list that a Column's `choices` may name, ids with labels."""
    own = dict.fromkeys(practices, "")
    return {
        "practice": own,
        "practice_or_hub": {ORGANIZATION: "the organization and its hub", **own},
        "payer": _labels(catalog.payers),
        "line_of_business": dict.fromkeys(get_args(LineOfBusiness), ""),
        "measure": _labels(catalog.measures),
        "code_set": _labels(catalog.code_sets),
        "role": _labels(catalog.roles),
        "workflow": _labels(catalog.workflows),
        "fact": _labels(catalog.facts),
        "program": _labels(catalog.programs),
        "contract_status": dict.fromkeys(CONTRACT_STATUSES, ""),
    }


def _labels(items: Mapping[str, Any]) -> dict[str, str]:
    return {name: item.label for name, item in sorted(items.items())}


def check_choices(tables: Mapping[str, pd.DataFrame], choices: Choices, findings: Findings) -> None:
    """Reports every cell whose id is not on its list, with the nearest id that is."""
    for sheet in SHEETS:
        for column in sheet.columns:
            needs_practices = column.name == "practice" and findings.lacks_any("Practices")
            if column.choices is not None and not needs_practices:
                cells = tables[sheet.name][column.name]
                _check_column(sheet, column, cells, choices[column.choices], findings)


def _check_column(
    sheet: Sheet, column: Column, cells: pd.Series, allowed: Mapping[str, str], findings: Findings
) -> None:
    unknown = cells[(cells != "") & ~cells.isin(list(allowed))]
    for position, (value, same) in enumerate(unknown.groupby(unknown, sort=False)):
        fix = _nearest(str(value), allowed) if position < _SUGGESTIONS_PER_COLUMN else ""
        message = f"unknown {column.name.replace('_', ' ')} '{shorten(str(value))}'"
        found = ((int(row), message) for row in same.index)
        findings.of_cells(sheet.name, column.name, found, fix or _where_listed(column))


def _nearest(value: str, allowed: Mapping[str, str]) -> str:
    """The nearest id by its own spelling or by its label."""
    by_label = {label.casefold(): name for name, label in allowed.items() if label}
    exact = by_label.get(value.casefold())
    return f"did you mean '{exact}'?" if exact else closest(value, allowed)


def _where_listed(column: Column) -> str:
    if column.name == "practice":
        return "add the practice to the Practices sheet, or correct its id"
    return "the Explanations sheet of the template lists the ids"
