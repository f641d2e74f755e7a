"""Fills blanks with what they mean, and puts the checked tables together as a Network."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from critmass.domain.network import SHEETS, Network, Sheet
from critmass.network.defaults import panel_defaults

STRATA = ("under_21", "risk_high", "risk_rising", "chronic_2_plus_qmb", "chronic_2_plus")
_MONTHS = 12


def complete_network(tables: Mapping[str, pd.DataFrame]) -> Network:
    """The network of checked tables: every blank filled, types final, hash taken.

    The Panel table has one column more than its sheet: `defaulted`, true where a stratum was blank and
    took a typical share.
    """
    filled = {sheet.name: tables[sheet.name].reset_index(drop=True) for sheet in SHEETS}
    filled["Organization"] = _fill_organization(filled["Organization"])
    filled["Practices"] = _fill_practices(filled["Practices"])
    filled["Panel"] = _fill_panel(filled["Panel"])
    filled["Baseline"] = _fill_baseline(filled["Baseline"])
    final = {sheet.name: _final_types(sheet, filled[sheet.name]) for sheet in SHEETS}
    organization = final["Organization"].iloc[0]
    populations = final["Panel"][["payer", "line_of_business"]].drop_duplicates()
    return Network(
        name=str(organization["name"]),
        synthetic=bool(organization["synthetic"]),
        startup_budget_usd=float(organization["startup_budget_usd"]),
        practices=tuple(final["Practices"]["practice"]),
        populations=tuple(sorted(populations.itertuples(index=False, name=None))),
        tables=final,
        hash=network_hash(final),
    )


def _fill_organization(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        startup_budget_usd=table["startup_budget_usd"].fillna(np.inf),
        synthetic=table["synthetic"].fillna(0.0),
    )


def _fill_practices(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        name=table["name"].where(table["name"] != "", table["practice"]),
        tin=table["tin"].where(table["tin"] != "", table["practice"]),
        startup_budget_usd=table["startup_budget_usd"].fillna(np.inf),
    )


def _fill_panel(table: pd.DataFrame) -> pd.DataFrame:
    """Strata are filled in the order of STRATA, each within what the given counts leave free."""
    members = table["members"]
    filled = table.assign(defaulted=table[list(STRATA)].isna().any(axis=1))
    filled["member_months"] = table["member_months"].fillna(_MONTHS * members)
    filled["members_low"] = table["members_low"].fillna(members)
    filled["members_high"] = table["members_high"].fillna(members)
    free = {
        "under_21": (0.0 * members, members),
        "risk_high": (0.0 * members, members - table["risk_rising"].fillna(0.0)),
        "chronic_2_plus_qmb": (0.0 * members, table["chronic_2_plus"].fillna(members)),
    }
    for stratum in STRATA:
        if stratum == "risk_rising":
            free[stratum] = (0.0 * members, members - filled["risk_high"])
        if stratum == "chronic_2_plus":
            free[stratum] = (filled["chronic_2_plus_qmb"], members)
        typical = _typical_count(table, stratum).clip(*free[stratum])
        filled[stratum] = table[stratum].fillna(typical)
    return filled


def _typical_count(table: pd.DataFrame, stratum: str) -> pd.Series:
    shares = table["line_of_business"].map(panel_defaults().shares(stratum)).astype(float).fillna(0.0)
    return (table["members"] * shares).round()


def _fill_baseline(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(
        prior_denominator=table["prior_denominator"].fillna(table["denominator"]),
        prior_numerator=table["prior_numerator"].fillna(table["numerator"]),
        carried_numerator=table["carried_numerator"].fillna(0.0),
    )


def _final_types(sheet: Sheet, table: pd.DataFrame) -> pd.DataFrame:
    types: dict[str, Any] = {"count": np.int64, "yes_no": bool, "text": str, "choice": str}
    return table.astype({column.name: types.get(column.kind, np.float64) for column in sheet.columns})


# Identity ---------------------------------------------------------------------------------------------


def network_hash(tables: Mapping[str, pd.DataFrame]) -> str:
    """sha256 of what the sheets say: neither row order, file format nor `defaulted` makes a difference."""
    digest = hashlib.sha256()
    for sheet in SHEETS:
        digest.update(f"{sheet.name}:{len(tables[sheet.name])}\0".encode())
        for content in _canonical_columns(sheet, tables[sheet.name]):
            digest.update(content)
    return digest.hexdigest()


def _canonical_columns(sheet: Sheet, table: pd.DataFrame) -> list[bytes]:
    """Each column as bytes, rows sorted by the sheet's key."""
    ranks = {name: pd.factorize(table[name].astype(str), sort=True) for name in sheet.key}
    order = np.lexsort([ranks[name][0] for name in reversed(sheet.key)])
    return [_canonical(table[column.name].iloc[order]) for column in sheet.columns]


def _canonical(cells: pd.Series) -> bytes:
    """Text as its sorted distinct values with a position for each row; numbers rounded to a millionth."""
    if isinstance(cells.dtype, pd.StringDtype):
        positions, values = pd.factorize(cells, sort=True)
        return "\0".join(values).encode() + b"\1" + positions.astype("<i8").tobytes()
    numbers = np.round(cells.to_numpy(dtype=np.float64), 6) + 0.0
    return numbers.astype("<f8").tobytes()
