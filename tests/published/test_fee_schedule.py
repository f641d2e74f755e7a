"""The physician fee schedule: plain tables, and the files as CMS publishes them under titles and stacked headers."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from published_files import refused, rows_file

from critmass.published.fee_schedule import local_fees, read_geographic_indices, read_relative_values
from critmass.studies.verify import verify

Rows = list[list[object]]
PLAIN: Rows = [
    ["hcpcs", "mod", "status", "work_rvu", "nonfac_pe_rvu", "fac_pe_rvu", "mp_rvu",
     "total_nonfac", "total_fac", "conv_factor"],
    ["99213", "", "A", 1.30, 1.35, 0.57, 0.10, 2.75, 1.97, 32.3465],
    ["93000", "26", "A", 0.17, 0.06, 0.06, 0.01, 0.24, 0.24, 32.3465],
]  # fmt: skip
OFFICIAL: Rows = [
    ["", "", "2025 National Physician Fee Schedule Relative Value File January Release"],
    ["", "", "Codes and descriptions only are copyright of their owners, all rights reserved"],
    ["", "", "RELEASED 12/20/2024"],
    [],
    ["", "", "", "", "NOT USED FOR"],
    ["", "", "", "STATUS", "MEDICARE", "WORK", "NON-FAC", "NON-FAC NA", "FACILITY", "FACILITY NA", "MP",
     "NON-FACILITY", "FACILITY", "PCTC", "GLOB", "CONV", "CALCULATION", "NON-FACILITY PE USED FOR OPPS"],
    ["HCPCS", "MOD", "DESCRIPTION", "CODE", "PAYMENT", "RVU", "PE RVU", "INDICATOR", "PE RVU", "INDICATOR", "RVU",
     "TOTAL", "TOTAL", "IND", "DAYS", "FACTOR", "FLAG", "PAYMENT AMOUNT"],
    ["99213", "", "Office visit", "A", "", 1.30, 1.35, "", 0.57, "", 0.10, 2.75, 1.97, 0, "XXX", 32.3465, 0, 0.00],
    ["93000", "26", "Report, tracing", "A", "", 0.17, 0.06, "", 0.06, "", 0.01, 0.24, 0.24, 0, "XXX", 32.3465, 0, 0.00],
]  # fmt: skip
SPELLED_OUT: Rows = [
    ["2025 National Physician Fee Schedule Relative Value File"],
    [
        "HCPCS", "MOD", "DESCRIPTION", "STATUS CODE", "NOT USED FOR MEDICARE PAYMENT", "WORK RVU", "NON-FAC PE RVU",
        "NON-FAC NA INDICATOR", "FACILITY PE RVU", "FACILITY NA INDICATOR", "MP RVU", "NON-FACILITY TOTAL",
        "FACILITY TOTAL", "PCTC IND", "GLOB DAYS", "CONV FACTOR", "CALCULATION FLAG", "NON-FACILITY PE USED FOR OPPS",
    ],
    *OFFICIAL[-2:],
]  # fmt: skip
ADDENDUM: list[object] = ["ADDENDUM E. FINAL CY 2025 GEOGRAPHIC PRACTICE COST INDICES BY STATE AND LOCALITY"]
INDEX_HEADER: list[object] = ["Medicare Administrative Contractor (MAC)", "State", "Locality Number", "Locality Name"]
FOOTNOTE: list[object] = ["*** The floor of 1.0 is from section 1848(e)(1)(E) of the Act, where it is in force"]


def indices(work: list[str], values: list[object]) -> Rows:
    """A file of indices as published: a title, a header, a place, and a footnote."""
    header: list[object] = [*INDEX_HEADER, *work, "2025 PE GPCI", "2025 MP GPCI"]
    return [ADDENDUM, [], header, ["08202", "MI", "01", "DETROIT**", *values, 0.995, 1.2], [], FOOTNOTE]


# Relative values --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows", [pytest.param(OFFICIAL, id="stacked header"), pytest.param(SPELLED_OUT, id="one header row")]
)
def test_official_and_plain_files_read_the_same(rows: Rows, tmp_path: Path) -> None:
    """Titles, stacked headers and columns that nobody asks for change nothing."""
    plain = read_relative_values(rows_file(tmp_path / "plain.csv", PLAIN))
    official = read_relative_values(rows_file(tmp_path / "PPRRVU25_JAN.csv", rows))
    pd.testing.assert_frame_equal(official.reset_index(drop=True), plain.reset_index(drop=True), check_like=True)


def test_every_column_is_the_one_of_its_name(tmp_path: Path) -> None:
    """Inside and outside facilities are not mixed up, codes and modifiers stay text."""
    found = read_relative_values(rows_file(tmp_path / "rvu.csv", OFFICIAL))
    assert found.iloc[0].to_dict() == {
        "code": "99213", "modifier": "", "work_rvu": 1.30, "nonfacility_pe_rvu": 1.35, "facility_pe_rvu": 0.57,
        "mp_rvu": 0.10, "nonfacility_total_rvu": 2.75, "facility_total_rvu": 1.97, "conversion_factor_usd": 32.3465,
    }  # fmt: skip
    assert found["modifier"].tolist() == ["", "26"]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """All columns that are looked for and not found are named at once."""
    spoiled = [[str(cell).replace("mp_rvu", "rvu_m").replace("conv_factor", "cf") for cell in row] for row in PLAIN]
    problems = refused(read_relative_values, rows_file(tmp_path / "rvu.csv", spoiled))
    assert [problem.message for problem in problems] == [
        "has no column for mp_rvu", "has no column for conversion_factor_usd",
    ]  # fmt: skip


def test_a_cell_that_is_not_a_number_is_named(tmp_path: Path) -> None:
    """Row and column are those of the file."""
    spoiled = [*OFFICIAL[:-1], [*OFFICIAL[-1][:5], "about 1", *OFFICIAL[-1][6:]]]
    [problem] = refused(read_relative_values, rows_file(tmp_path / "rvu.csv", spoiled))
    assert problem.place == "rvu.csv, row 9, column WORK RVU"
    assert "'about 1' is not a number" in problem.message


@pytest.mark.parametrize("read", [read_relative_values, read_geographic_indices])
def test_a_file_without_the_header_is_refused(read: object, tmp_path: Path) -> None:
    """Another table, and an empty file, have no header to find."""
    assert "has no header" in refused(read, rows_file(tmp_path / "other.csv", [["a", "b"], [1, 2]]))[0].message  # type: ignore[arg-type]
    (tmp_path / "empty.csv").write_text("")
    assert refused(read, tmp_path / "empty.csv")  # type: ignore[arg-type]


# Geographic indices -----------------------------------------------------------------------------------


def test_official_indices(tmp_path: Path) -> None:
    """The title above, the blank rows and the footnote below are not places."""
    rows = indices(["2025 PW GPCI (with 1.0 Floor)***"], [1.0])
    found = read_geographic_indices(rows_file(tmp_path / "GPCI2025.csv", rows))
    assert found.to_dict("records") == [
        {"state": "MI", "locality": "01", "name": "DETROIT**", "work_gpci": 1.0, "pe_gpci": 0.995, "mp_gpci": 1.2}
    ]


@pytest.mark.parametrize(
    ("work", "values", "index"),
    [
        (["2026 PW GPCI (without 1.0 Floor)", "2026 PW GPCI (with 1.0 Floor)"], [0.98, 1.0], 1.0),
        (["2026 PW GPCI (with 1.0 Floor)", "2026 PW GPCI (without 1.0 Floor)"], [1.0, 0.98], 1.0),
        (["2026 PW GPCI (without 1.0 Floor)"], [0.98], 0.98),
        (["2020 PW GPCI"], [0.97], 0.97),
    ],
)
def test_the_work_index_is_the_one_with_its_floor(
    work: list[str], values: list[object], index: float, tmp_path: Path
) -> None:
    """Where both are published, in whatever order, the one with the floor is paid; otherwise the one there is."""
    found = read_geographic_indices(rows_file(tmp_path / "GPCI.csv", indices(work, values)))
    assert found["work_gpci"].tolist() == [index]


def test_plain_indices(tmp_path: Path) -> None:
    """Short names in one header row are read as well."""
    rows: Rows = [["mac", "state", "locality", "name", "work_gpci_floor", "pe_gpci", "mp_gpci"]]
    rows.append(["08202", "MI", "01", "DETROIT", 1, 0.995, 1.2])
    found = read_geographic_indices(rows_file(tmp_path / "gpci.csv", rows))
    assert found.loc[found.index[0], ["locality", "work_gpci", "pe_gpci"]].tolist() == ["01", 1.0, 0.995]


# Fees -------------------------------------------------------------------------------------------------


def test_local_fees_are_rounded_to_the_cent_halves_up(tmp_path: Path) -> None:
    """Relative values times indices times the factor; without a place every index is 1."""
    codes = read_relative_values(rows_file(tmp_path / "rvu.csv", PLAIN))
    places = read_geographic_indices(rows_file(tmp_path / "gpci.csv", indices(["PW GPCI"], [1.1])))
    # 2.75 and 1.97 x 32.3465 = 88.952875 and 63.722605
    assert local_fees(codes).iloc[0].tolist() == ["99213", 88.95, 63.72]
    # (1.30 x 1.1 + 1.35 x 0.995 + 0.10 x 1.2) x 32.3465 = 93.58651…, and with 0.57 68.48236…
    assert local_fees(codes, places.iloc[0]).iloc[0].tolist() == ["99213", 93.59, 68.48]
    half = codes.assign(work_rvu=1.0, mp_rvu=0.0, nonfacility_pe_rvu=0.0, facility_pe_rvu=0.0)
    assert local_fees(half.assign(conversion_factor_usd=1.125))["facility_usd"].tolist() == [1.13, 1.13]


def test_official_files_verify(tmp_path: Path) -> None:
    """The official layout goes through `verify` whole: a modifier's own row is not taken for the code's fee."""
    folder = tmp_path / "fee_schedule"
    folder.mkdir()
    whole = ["99490", "", "Care", "A", "", 1.00, 0.90, "", 0.40, "", 0.10, 2.00, 1.50, 0, "XXX", 32.3465, 0, 0]
    part = ["99490", "26", "Care", "A", "", 0.01, 0.0, "", 0.0, "", 0.0, 0.01, 0.01, 0, "XXX", 32.3465, 0, 0]
    rows_file(folder / "rvu_2025_jan.csv", [*OFFICIAL, whole, part])
    rows_file(folder / "gpci_2025.csv", indices(["2025 PW GPCI (with 1.0 Floor)"], [1.0]))
    *formula, fees = verify(tmp_path, only=["fee_schedule"]).outcomes
    assert {item.check: (item.tried, item.matched) for item in formula} == {
        f"{where}_{setting}": (4, 4) for where in ("national", "by_place") for setting in ("facility", "nonfacility")
    }
    # 2.00 x 32.3465 for the made-up code, which is not what the catalog quotes
    assert [(fees.check, miss.entity, miss.published) for miss in fees.misses] == [("catalog_fees", "99490", 64.69)]
