"""Every kind of wrong cell, row and sheet is named with its place, and all of them at once."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from network_book import Book, problems_of

from critmass.domain.catalog import Catalog
from critmass.domain.network import SHEETS
from critmass.network import load_network, write_network
from critmass.network.defaults import panel_defaults
from critmass.network.fill import STRATA

Complaints = Callable[[], list[str]]


# A good network ---------------------------------------------------------------------------------------


def test_good_workbook_loads_with_blanks_filled(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """Blanks take their documented meaning: 12 months, no limit, this year's counts, the practice id."""
    network = load_network(book.save(tmp_path / "good.xlsx"), catalog)
    assert network.practices == ("maple", "oak")
    assert network.populations == (
        ("bcbsm", "commercial"),
        ("medicare", "medicare_ffs"),
        ("meridian", "medicaid"),
    )
    assert (network.name, network.synthetic, network.startup_budget_usd) == ("Two practices", True, 40000)
    practices = network.table("Practices").set_index("practice")
    assert practices.loc["oak", "name"] == "oak"
    assert practices.loc["oak", "startup_budget_usd"] == np.inf
    panel = network.table("Panel")
    assert panel["member_months"].tolist() == [12000, 4800, 9600, 3600]
    assert panel["members_low"].tolist() == [900, 400, 700, 300]
    baseline = network.table("Baseline")
    assert baseline["prior_denominator"].tolist() == [190, 250, 160, 40]
    assert baseline["prior_numerator"].tolist() == [130, 150, 100, 6]
    assert baseline["carried_numerator"].tolist() == [70, 0, 40, 0]


def test_blank_strata_take_typical_shares_and_say_so(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """300 Medicaid members without strata become 60 at rising and 15 at high risk, marked as defaulted."""
    for column in ("under_21", "chronic_2_plus", "chronic_2_plus_qmb"):
        book.sheets["Panel"][0].append(column)
        for row in book.sheets["Panel"][1:]:
            row.append(0 if row[2] == "commercial" else None)
    panel = load_network(book.save(tmp_path / "good.xlsx"), catalog).table("Panel")
    oak = panel[panel["line_of_business"] == "medicaid"].iloc[0]
    assert (oak["risk_rising"], oak["risk_high"], oak["under_21"]) == (60, 15, 135)
    assert panel["defaulted"].tolist() == [False, True, False, True]


def test_defaults_never_exceed_what_given_counts_leave_free(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """With 390 of 400 members at rising risk only 10 can be at high risk, not the typical 20."""
    book.cell("Panel", 3, "risk_rising", 390)
    panel = load_network(book.save(tmp_path / "good.xlsx"), catalog).table("Panel")
    assert (panel["risk_rising"].iloc[1], panel["risk_high"].iloc[1]) == (390, 10)


def test_types_are_final(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """Counts are integers, ids are text, yes/no is boolean; every column of every sheet is there."""
    network = load_network(book.save(tmp_path / "good.xlsx"), catalog)
    for sheet in SHEETS:
        table = network.table(sheet.name)
        assert [column.name for column in sheet.columns] == list(table.columns[: len(sheet.columns)])
        for column in sheet.columns:
            kind = {"count": "int64", "yes_no": "bool", "text": "str", "choice": "str"}
            assert table[column.name].dtype == kind.get(column.kind, "float64"), (sheet.name, column.name)


def test_numbers_written_as_text_are_understood(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """'1,000', '$180,000.50', '80%' and 'yes' mean what a person means by them."""
    book.cell("Panel", 2, "members", " 1,000 ")
    book.cell("Charges", 2, "allowed_usd", "$180,000.50")
    book.cell("Workflows", 2, "reach", "80%")
    book.cell("Facts", 2, "value", "yes")
    network = load_network(book.save(tmp_path / "good.xlsx"), catalog)
    assert network.table("Panel").loc[0, "members"] == 1000
    assert network.table("Charges").loc[0, "allowed_usd"] == 180000.5
    assert network.table("Workflows").loc[0, "reach"] == 0.8
    assert network.table("Facts").loc[0, "value"] == 1


def test_case_and_spaces_of_names_do_not_matter(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """A sheet 'PANEL' with a column 'Line of Business' is the panel; blank rows and notes are passed over."""
    book.sheets["PANEL "] = book.sheets.pop("Panel")
    book.rename("PANEL ", "line_of_business", "Line of Business")
    book.sheets["PANEL "].insert(2, [None] * 8)
    book.sheets["Notes of Jane"] = [["anything", None], [None, "goes here"]]
    assert load_network(book.save(tmp_path / "good.xlsx"), catalog).table("Panel").shape[0] == 4


def test_numeric_practice_ids_are_text(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """A spreadsheet turns 101 into 101.0; the practice is still '101' in every sheet."""
    for rows in book.sheets.values():
        for row in rows:
            row[0] = 101 if row[0] == "maple" else row[0]
    assert load_network(book.save(tmp_path / "good.xlsx"), catalog).practices == ("101", "oak")


def test_folder_of_csv_files_loads_without_optional_sheets(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """Staff, Workflows, Charges, Spending, Facts and Contracts may be missing and are then empty."""
    for sheet in ("Staff", "Workflows", "Charges", "Spending", "Facts", "Contracts"):
        del book.sheets[sheet]
    network = load_network(book.save_folder(tmp_path / "csv"), catalog)
    assert network.table("Staff").empty
    assert list(network.table("Staff").columns) == ["practice", "role", "fte"]


# Sheets and columns -----------------------------------------------------------------------------------


def test_missing_sheet_is_named_once(book: Book, complaints: Complaints) -> None:
    """Without the Practices sheet there is one complaint, not one for every practice mentioned elsewhere."""
    del book.sheets["Practices"]
    assert [text.split(" Fix")[0] for text in complaints()] == ["sheet Practices: is missing"]


def test_unknown_sheet_gets_a_suggestion(book: Book, complaints: Complaints) -> None:
    """A misspelt optional sheet is refused rather than silently left out."""
    book.sheets["Charge"] = book.sheets.pop("Charges")
    assert complaints() == ["sheet Charge: is not a sheet of a network Fix: did you mean 'Charges'?"]


def test_misspelt_column_is_missing_and_unknown(book: Book, complaints: Complaints) -> None:
    """The missing column and the likely misspelling are both named, without one complaint for each row."""
    book.rename("Panel", "members", "membrs")
    found = complaints()
    assert len(found) == 2
    assert found[0].startswith("sheet Panel, column membrs: is not a column of this sheet")
    assert "did you mean 'members'?" in found[0]
    assert found[1].startswith("sheet Panel, column members: is missing")


def test_column_twice_is_refused(book: Book, complaints: Complaints) -> None:
    """Two columns of one name leave open which is meant."""
    book.rename("Panel", "members_high", "Members Low")
    assert complaints() == ["sheet Panel, column members_low: is there twice Fix: keep one"]


def test_values_without_a_header_are_refused(book: Book, complaints: Complaints) -> None:
    """A column of numbers without a name would otherwise be ignored."""
    book.sheets["Staff"][1].append(3)
    book.sheets["Staff"][0].append(None)
    assert complaints()[0].startswith("sheet Staff: column 4 holds values but has no header")


# Cells ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sheet", "column", "value", "says"),
    [
        ("Panel", "members", "abc", "'abc' is not a whole number"),
        ("Panel", "members", "12,50", "'12,50' is not a whole number"),
        ("Panel", "members", "45%", "'45%' is not a whole number"),
        ("Panel", "members", True, "'True' is not a whole number"),
        ("Panel", "members", "nan", "'nan' is not a whole number"),
        ("Panel", "members", datetime.datetime(2025, 3, 1), "is not a whole number"),
        ("Panel", "members", 12.5, "12.5 is not a whole number"),
        ("Panel", "members", -3, "-3 is negative"),
        ("Panel", "members", 1e15, "1000000000000000 is too large to be true"),
        ("Practices", "clinicians", "two", "'two' is not a number"),
        ("Practices", "startup_budget_usd", "lots", "'lots' is not an amount in dollars"),
        ("Workflows", "reach", 1.2, "1.2 is larger than 1"),
        ("Workflows", "reach", "120%", "120% is larger than 1"),
        ("Organization", "synthetic", "maybe", "'maybe' is not yes or no"),
        ("Practices", "practice", datetime.datetime(2025, 3, 1), "was turned into the date 2025-03-01"),
        ("Panel", "members", None, "is blank but needs a value"),
        ("Panel", "payer", "  ", "is blank but needs a value"),
    ],
)
def test_wrong_cell_is_named_by_sheet_row_and_column(
    book: Book, complaints: Complaints, sheet: str, column: str, value: object, says: str
) -> None:
    """Each wrong cell is found in row 2 of its sheet, quoted, and comes with a way to mend it."""
    book.cell(sheet, 2, column, value)
    found = [text for text in complaints() if text.startswith(f"sheet {sheet}, row 2, column {column}: ")]
    assert len(found) == 1
    assert says in found[0]
    assert " Fix: " in found[0]


@pytest.mark.parametrize("column", ["members", "member_months"])
@pytest.mark.parametrize(
    ("value", "says"), [("=100*4", "a formula that was never calculated"), ("#N/A", "the error #N/A")]
)
def test_formula_without_a_value_is_not_a_blank(
    book: Book, complaints: Complaints, column: str, value: str, says: str
) -> None:
    """Uncalculated formulas and errors read as blank; they are reported even where blanks are allowed."""
    book.sheets["Panel"][0].append("member_months")
    for row in book.sheets["Panel"][1:]:
        row.append(None)
    book.cell("Panel", 3, column, value)
    found = complaints()
    assert f"sheet Panel, row 3, column {column}: holds {says}" in found[0]
    assert not any("is blank" in text for text in found)


def test_long_cells_are_quoted_short(book: Book, complaints: Complaints) -> None:
    """A page of text pasted into a cell does not fill the report."""
    book.cell("Panel", 2, "members", "x" * 5000)
    book.cell("Panel", 3, "payer", "y" * 5000)
    assert all(len(text) < 200 for text in complaints())


def test_all_problems_are_reported_in_one_pass(book: Book, complaints: Complaints) -> None:
    """Wrong cells, unknown ids and contradictions of several sheets come together, in workbook order."""
    book.cell("Contracts", 2, "status", "signed")
    book.cell("Panel", 3, "members", "many")
    book.cell("Baseline", 2, "numerator", 300)
    book.cell("Practices", 3, "clinicians", -1)
    places = [text.split(":")[0] for text in complaints()]
    assert places == [
        "sheet Practices, row 3, column clinicians",
        "sheet Panel, row 3, column members",
        "sheet Baseline, row 2, column numerator",
        "sheet Contracts, row 2, column status",
    ]


# Ids --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sheet", "column", "value", "fix"),
    [
        ("Panel", "payer", "medicar", "did you mean 'medicare'?"),
        ("Panel", "payer", "Blue Cross of Michigan", "did you mean 'bcbsm'?"),
        ("Panel", "line_of_business", "comercial", "did you mean 'commercial'?"),
        ("Baseline", "practice", "mapel", "did you mean 'maple'?"),
        ("Baseline", "measure", "bcs", "did you mean 'BCS'?"),
        ("Staff", "role", "nurse", "did you mean 'registered_nurse'?"),
        ("Workflows", "workflow", "register", "did you mean 'registry'?"),
        ("Charges", "code_set", "pcp_visits", "did you mean 'pcp_office_visits'?"),
        ("Facts", "fact", "pcmh", "did you mean 'pcmh_designated'?"),
        ("Contracts", "program", "tiny_pmpm_2025", "did you mean 'tiny_pmpm_2026'?"),
        ("Contracts", "status", "join", "did you mean 'joined'?"),
        ("Staff", "practice", "zzz", "add the practice to the Practices sheet"),
    ],
)
def test_unknown_id_gets_a_suggestion(
    book: Book, complaints: Complaints, sheet: str, column: str, value: str, fix: str
) -> None:
    """Every list is checked, and the nearest id or label is offered."""
    book.cell(sheet, 2, column, value)
    found = [text for text in complaints() if text.startswith(f"sheet {sheet}, row 2, column {column}")]
    assert f"unknown {column.replace('_', ' ')} '{value}'" in found[0]
    assert fix in found[0]


def test_hub_may_have_staff_but_no_panel(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """ORGANIZATION stands for the hub in Staff, and is refused as a practice."""
    book.cell("Staff", 2, "practice", "ORGANIZATION")
    assert load_network(book.save(tmp_path / "good.xlsx"), catalog).table("Staff").shape[0] == 1
    book.cell("Practices", 3, "practice", "ORGANIZATION")
    found = [str(problem) for problem in problems_of(book.save(tmp_path / "bad.xlsx"), catalog)]
    assert any("ORGANIZATION names the hub, not a practice" in text for text in found)


def test_line_of_business_must_be_offered(book: Book, complaints: Complaints) -> None:
    """Medicare has no commercial members."""
    book.cell("Panel", 3, "line_of_business", "commercial")
    wrong = next(text for text in complaints() if "row 3, column line_of_business" in text)
    assert "payer 'medicare' does not offer 'commercial'" in wrong
    assert "it offers medicare_ffs" in wrong


# Rows -------------------------------------------------------------------------------------------------


def test_repeated_row_names_the_first(book: Book, complaints: Complaints) -> None:
    """The second row of one practice, payer and line of business points back to the first."""
    book.sheets["Panel"].append(list(book.sheets["Panel"][1]))
    assert complaints() == ["sheet Panel, row 6: repeats row 2 (maple, bcbsm, commercial) Fix: keep one of the rows"]


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "says"),
    [
        ("Baseline", 2, "numerator", 201, "201 is more than denominator (200)"),
        ("Baseline", 2, "prior_numerator", 191, "191 is more than prior_denominator (190)"),
        ("Baseline", 2, "carried_numerator", 141, "141 is more than numerator (140)"),
        ("Baseline", 2, "denominator", 1001, "1,001 is more than the panel's 1,000 members"),
        ("Panel", 2, "risk_rising", 1001, "1,001 is more than members (1,000)"),
        ("Panel", 2, "members_low", 1001, "1,001 is more than members (1,000)"),
        ("Panel", 2, "members_high", 999, "999 is less than members (1,000)"),
        ("Facts", 2, "value", 0.5, "0.5 is neither yes (1) nor no (0)"),
        ("Practices", 2, "clinicians", 0, "no clinicians"),
    ],
)
def test_counts_that_contradict_each_other(
    book: Book, complaints: Complaints, sheet: str, row: int, column: str, value: float, says: str
) -> None:
    """A part is never larger than its whole."""
    book.cell(sheet, row, column, value)
    assert complaints() == [next(text for text in complaints() if says in text and f"column {column}" in text)]


def test_strata_must_fit_together(book: Book, complaints: Complaints) -> None:
    """Rising and high risk exclude each other, and QMB members are among those with two conditions."""
    book.cell("Panel", 2, "risk_rising", 600)
    book.cell("Panel", 2, "risk_high", 500)
    book.sheets["Panel"][0] += ["chronic_2_plus", "chronic_2_plus_qmb"]
    book.sheets["Panel"][1] += [100, 101]
    found = complaints()
    assert len(found) == 2
    assert any("risk_rising and risk_high add up to 1,100 of 1,000 members" in text for text in found)
    assert any("101 is more than chronic_2_plus (100)" in text for text in found)


def test_half_of_last_year_is_refused(book: Book, complaints: Complaints) -> None:
    """A prior numerator without its denominator says nothing."""
    book.cell("Baseline", 3, "prior_numerator", 10)
    assert "row 3, column prior_denominator: is blank although prior_numerator is given" in complaints()[0]


def test_baseline_needs_members(book: Book, complaints: Complaints) -> None:
    """A baseline, charge or spending row of members that the panel does not have is refused."""
    book.cell("Spending", 2, "practice", "oak")
    assert complaints()[0].startswith(
        "sheet Spending, row 2: the Panel sheet has no members for oak medicare medicare_ffs"
    )


@pytest.mark.parametrize(
    ("column", "value"), [("payer", "bcbs"), ("line_of_business", "comercial"), ("practice", "mapel")]
)
def test_one_slip_in_the_panel_is_one_complaint(book: Book, complaints: Complaints, column: str, value: str) -> None:
    """A misspelt id in the panel does not turn its baselines and charges into further complaints."""
    book.cell("Panel", 2, column, value)
    assert len(complaints()) == 1


def test_every_practice_needs_members(book: Book, complaints: Complaints) -> None:
    """A practice without a panel row, or with only zeros, cannot be planned for."""
    book.sheets["Practices"].append(["elm", "Elm", 2, None])
    assert complaints()[0].startswith("sheet Practices, row 4: practice 'elm' has no members")


def test_empty_network_is_refused(book: Book, complaints: Complaints) -> None:
    """Headers alone are no network."""
    book.sheets = {name: rows[:1] for name, rows in book.sheets.items()}
    found = complaints()
    assert found[0].startswith("sheet Organization: has 0 rows, needs one")
    assert found[1].startswith("sheet Practices: has no practices")


def test_empty_panel_is_said_once(book: Book, complaints: Complaints) -> None:
    """A panel without rows is one complaint, whatever else depends on it."""
    book.sheets["Panel"] = book.sheets["Panel"][:1]
    assert complaints() == ["sheet Panel: has no rows Fix: write the members of each practice by payer"]


def test_two_organizations_are_refused(book: Book, complaints: Complaints) -> None:
    """A network belongs to one organization."""
    book.sheets["Organization"].append(["Another", None, None])
    assert complaints()[0].startswith("sheet Organization: has 2 rows, needs one")


# The same network in every format ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["again.xlsx", "again", "again.parquet"])
def test_round_trip_keeps_the_hash(book: Book, catalog: Catalog, tmp_path: Path, name: str) -> None:
    """Workbook, CSV folder and Parquet folder hold the same network, down to its hash."""
    network = load_network(book.save(tmp_path / "good.xlsx"), catalog)
    write_network(tmp_path / name, network)
    again = load_network(tmp_path / name, catalog)
    assert again.hash == network.hash
    for sheet in SHEETS:
        columns = [column.name for column in sheet.columns]
        pd.testing.assert_frame_equal(again.table(sheet.name)[columns], network.table(sheet.name)[columns])


def test_hash_ignores_row_order_but_no_value(book: Book, catalog: Catalog, tmp_path: Path) -> None:
    """Shuffled rows are the same network; one member more is another."""
    network = load_network(book.save(tmp_path / "good.xlsx"), catalog)
    book.sheets["Panel"][1:] = book.sheets["Panel"][:0:-1]
    book.sheets["Practices"][1:] = book.sheets["Practices"][:0:-1]
    shuffled = load_network(book.save(tmp_path / "shuffled.xlsx"), catalog)
    assert shuffled.hash == network.hash
    assert shuffled.practices == ("oak", "maple")
    book.cell("Panel", 2, "members", 301)
    assert load_network(book.save(tmp_path / "other.xlsx"), catalog).hash != network.hash


def test_panel_defaults_have_reasons_and_fit() -> None:
    """Each typical share says why it may be believed, and the risk strata leave room for the rest."""
    defaults = panel_defaults()
    for stratum in STRATA:
        for line, share in getattr(defaults, stratum).items():
            assert share.cite is not None, (stratum, line)
            assert 0 <= share.value <= 1
    for line, rising in defaults.shares("risk_rising").items():
        assert rising + defaults.shares("risk_high")[line] < 1
