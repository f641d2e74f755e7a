"""Turns a view into the document that leaves the program, with nothing in it that the role may not see."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from critmass.report.view_schema import Cell, PolicyWords, TableDocument, ViewDocument
from critmass.studies.confidentiality import View
from critmass.studies.confidentiality.policies import STATEMENT
from critmass.studies.confidentiality.tables import ViewTable

_SEES_HASH = ("pho_admin", "auditor")
"""Roles that see a release's hash: it is made of hashes of everybody's data, which a guess could be tried against."""


def view_document(view: View) -> ViewDocument:
    """The document of a view."""
    return ViewDocument(
        role=str(view.role),
        statement=STATEMENT,
        policy=PolicyWords(**view.policy.model_dump()),
        messenger=view.messenger,
        purpose=view.purpose,
        network=view.network,
        synthetic=view.synthetic,
        performance_year=view.performance_year,
        tables=tuple(_table(table) for table in view.tables),
        release_number=view.release.number,
        release_hash=view.release.hash if view.role.kind in _SEES_HASH else None,
    )


def _table(table: ViewTable) -> TableDocument:
    return TableDocument(
        name=table.name,
        title=table.title,
        basis=table.basis,
        columns=tuple(table.frame.columns),
        rows=tuple(tuple(_cell(value) for value in row) for row in _rows(table.frame)),
        hidden=table.hidden,
    )


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    return frame.astype(object).to_numpy().tolist()


def _cell(value: Any) -> Cell:
    if isinstance(value, str | int):
        return value
    return float(value) if math.isfinite(value) else None
