"""Checks that rows agree with each other and with the catalog, each naming every row that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import get_args

import numpy as np
import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, SHEETS
from critmass.domain.programs import LineOfBusiness
from critmass.network.findings import Findings

Tables = Mapping[str, pd.DataFrame]

POPULATION = ["practice", "payer", "line_of_business"]
_BY_POPULATION = ("Panel", "Baseline", "Charges", "Spending")
LINES_OF_BUSINESS = get_args(LineOfBusiness)
_RISK = ("risk_rising", "risk_high")

_AT_MOST = (
    ("Panel", "under_21", "members"),
    ("Panel", "risk_rising", "members"),
    ("Panel", "risk_high", "members"),
    ("Panel", "chronic_2_plus", "members"),
    ("Panel", "chronic_2_plus_qmb", "members"),
    ("Panel", "chronic_2_plus_qmb", "chronic_2_plus"),
    ("Panel", "members_low", "members"),
    ("Baseline", "numerator", "denominator"),
    ("Baseline", "prior_numerator", "prior_denominator"),
    ("Baseline", "carried_numerator", "numerator"),
)
"""Sheet, the column that may not be larger, and the column that bounds it."""


def check_rows(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """Runs every check between rows and cells.

    Cells that are blank or were already refused are skipped, and so are checks whose sheet, or one of its
    required columns, is missing.
    """
    whole = {name: table for name, table in tables.items() if not findings.lacks_any(name)}
    for check, needed in _CHECKS:
        if set(needed) <= set(whole):
            check(whole, catalog, findings)


def check_duplicates(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """A sheet's key columns name a row once."""
    for sheet in (sheet for sheet in SHEETS if sheet.name in tables):
        table, key = tables[sheet.name], list(sheet.key)
        keyed = table[(table[key] != "").all(axis=1)]
        repeated = keyed[keyed.duplicated(key, keep=False)]
        rows = repeated.index.to_series()
        first = rows.groupby([repeated[name] for name in key], sort=False).transform("min")
        for row, original in zip(rows[rows != first], first[rows != first], strict=True):
            named = ", ".join(str(repeated.at[row, name]) for name in key)
            findings.of_row(sheet.name, int(row), f"repeats row {original} ({named})", "keep one of the rows")


def check_organization(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """There is one organization."""
    rows = len(tables["Organization"])
    if rows != 1:
        fix = "write one row with the name of the PHO, IPA or practice"
        findings.of_sheet("Organization", f"has {rows} rows, needs one", fix)


def check_practices(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """There are practices, each with clinicians and with members."""
    practices, panel = tables["Practices"], tables["Panel"]
    if practices.empty:
        findings.of_sheet("Practices", "has no practices", "write one row for each practice")
    reserved = practices.index[practices["practice"] == ORGANIZATION]
    found = ((int(row), f"{ORGANIZATION} names the hub, not a practice") for row in reserved)
    findings.of_cells("Practices", "practice", found, "give the practice another id")
    idle = ((int(row), "no clinicians") for row in practices.index[practices["clinicians"] == 0])
    findings.of_cells("Practices", "clinicians", idle, "write the FTE, such as 2.5, or remove the practice")
    if panel.empty:
        findings.of_sheet("Panel", "has no rows", "write the members of each practice by payer")
        return
    members = panel.groupby("practice")["members"].sum()
    counted = set(members.index[members > 0]) | set(panel.loc[panel["members"].isna(), "practice"])
    named = practices[(practices["practice"] != "") & ~practices["practice"].isin(counted)]
    for row, practice in named["practice"].items():
        fix = "add its payers and members to the Panel sheet, or remove the practice"
        findings.of_row("Practices", int(str(row)), f"practice '{practice}' has no members", fix)


def check_lines_of_business(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """A payer is only paired with the lines of business that it offers."""
    offered = {(name, line): True for name, payer in catalog.payers.items() for line in payer.lines_of_business}
    for name in (name for name in _BY_POPULATION if name in tables):
        pairs = tables[name][["payer", "line_of_business"]]
        known = pairs[pairs["payer"].isin(list(catalog.payers)) & pairs["line_of_business"].isin(LINES_OF_BUSINESS)]
        for (payer, line), same in known.groupby(["payer", "line_of_business"], sort=False):
            if (str(payer), str(line)) not in offered:
                lines = ", ".join(catalog.payers[str(payer)].lines_of_business)
                found = ((int(row), f"payer '{payer}' does not offer '{line}'") for row in same.index)
                findings.of_cells(name, "line_of_business", found, f"it offers {lines}")


def check_bounds(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """Counts of a part stay within the whole."""
    for sheet, part, whole in (bound for bound in _AT_MOST if bound[0] in tables):
        table = tables[sheet]
        wrong = table[table[part] > table[whole]]
        found = (
            (int(row), f"{small:,.0f} is more than {whole} ({large:,.0f})")
            for row, small, large in zip(wrong.index, wrong[part], wrong[whole], strict=True)
        )
        findings.of_cells(sheet, part, found, f"correct {part} or {whole}")


def check_panel(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """The risk strata fit into the panel together; the highest likely count is not below the planned one."""
    panel = tables["Panel"].assign(at_risk=lambda rows: rows[list(_RISK)].sum(axis=1))
    fits_alone = ~panel[list(_RISK)].gt(panel["members"], axis=0).any(axis=1)
    crowded = panel[(panel["at_risk"] > panel["members"]) & fits_alone]
    for row, at_risk, members in zip(crowded.index, crowded["at_risk"], crowded["members"], strict=True):
        message = f"risk_rising and risk_high add up to {at_risk:,.0f} of {members:,.0f} members"
        findings.of_row("Panel", int(row), message, "count each member in one risk stratum")
    low = panel[panel["members_high"] < panel["members"]]
    found = (
        (int(row), f"{high:,.0f} is less than members ({members:,.0f})")
        for row, high, members in zip(low.index, low["members_high"], low["members"], strict=True)
    )
    findings.of_cells("Panel", "members_high", found, "correct members_high or members")


def check_prior_year(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """Last year is given with both its counts or not at all."""
    baseline = tables["Baseline"]
    pair = ("prior_denominator", "prior_numerator")
    for given, missing in (pair, pair[::-1]):
        alone = baseline.index[baseline[given].notna() & baseline[missing].isna()]
        found = ((int(row), f"is blank although {given} is given") for row in alone)
        findings.of_cells("Baseline", missing, found, "give both counts of last year, or neither")


def check_populations(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """Baselines, charges and spending belong to members of the panel, and denominators fit among them."""
    if tables["Panel"].empty:
        return
    panel = tables["Panel"].drop_duplicates(POPULATION)[[*POPULATION, "members"]].assign(listed=True)
    misread = _misread_rows(tables, catalog)
    for name in (name for name in _BY_POPULATION[1:] if name in tables):
        table = tables[name]
        joined = table.merge(panel, on=POPULATION, how="left").set_index(table.index)
        complete = (table[POPULATION] != "").all(axis=1)
        alone = table[joined["listed"].isna() & complete]
        for row in alone.index[~_resembles(alone, misread)]:
            who = " ".join(str(table.at[row, key]) for key in POPULATION)
            fix = "add the row to the Panel sheet, or remove this one"
            findings.of_row(name, int(row), f"the Panel sheet has no members for {who}", fix)
        if name == "Baseline":
            _check_denominators(joined, findings)


def _misread_rows(tables: Tables, catalog: Catalog) -> pd.DataFrame:
    """Panel rows with an unknown id, which was reported: others may mean them."""
    panel = tables["Panel"]
    known = panel["payer"].isin(list(catalog.payers)) & panel["line_of_business"].isin(LINES_OF_BUSINESS)
    if "Practices" in tables:
        known &= panel["practice"].isin(tables["Practices"]["practice"])
    return panel.loc[~known, POPULATION]


def _resembles(rows: pd.DataFrame, misread: pd.DataFrame) -> pd.Series:
    """Which rows agree with a misread panel row in two of its three ids."""
    alike = pd.Series(False, index=rows.index)
    for pair in combinations(POPULATION, 2):
        ids = list(pair)
        alike |= pd.MultiIndex.from_frame(rows[ids]).isin(pd.MultiIndex.from_frame(misread[ids]))
    return alike


def _check_denominators(joined: pd.DataFrame, findings: Findings) -> None:
    wrong = joined[joined["denominator"] > joined["members"]]
    found = (
        (int(row), f"{eligible:,.0f} is more than the panel's {members:,.0f} members")
        for row, eligible, members in zip(wrong.index, wrong["denominator"], wrong["members"], strict=True)
    )
    findings.of_cells("Baseline", "denominator", found, "correct the denominator or the Panel sheet")


def check_fact_answers(tables: Tables, catalog: Catalog, findings: Findings) -> None:
    """Questions with yes or no are answered so."""
    facts = tables["Facts"]
    yes_no = [name for name, fact in catalog.facts.items() if fact.kind == "yes_no"]
    wrong = facts[facts["fact"].isin(yes_no) & ~facts["value"].isin([0.0, 1.0, np.nan])]
    found = (
        (int(row), f"{value:g} is neither yes (1) nor no (0)")
        for row, value in zip(wrong.index, wrong["value"], strict=True)
    )
    findings.of_cells("Facts", "value", found, "write 1 for yes or 0 for no")


_CHECKS: tuple[tuple[Callable[[Tables, Catalog, Findings], None], tuple[str, ...]], ...] = (
    (check_duplicates, ()),
    (check_organization, ("Organization",)),
    (check_practices, ("Practices", "Panel")),
    (check_lines_of_business, ()),
    (check_bounds, ()),
    (check_panel, ("Panel",)),
    (check_prior_year, ("Baseline",)),
    (check_populations, ("Panel",)),
    (check_fact_answers, ("Facts",)),
)
"""Every check with the sheets without which it has nothing to say."""
