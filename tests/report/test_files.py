"""Files of a plan: complete or absent, and safe to open."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pandas as pd
import pytest

from critmass.domain.errors import InputError
from critmass.report.schema import PlanDocument
from critmass.report.workbook import MOST_LEDGER_ROWS, write_workbook
from critmass.report.write import check_folder, write_files, write_plan
from critmass.studies.plan import Plan
from critmass.studies.settle import plan_ledger
from plans import small_plan

SHEETS = ["Summary", "Practices", "Programs", "Payments", "Workflows", "Money trail", "Assumptions"]


@pytest.fixture(scope="module")
def plan() -> Plan:
    """A plan by hand for three practices, one of them with a name that looks like a formula."""
    found = small_plan()
    practices = found.network.table("Practices").copy()
    practices.loc[practices.index[0], "name"] = "=1+1"
    network = replace(found.network, tables={**found.network.tables, "Practices": practices})
    return replace(found, network=network)


@pytest.fixture(scope="module")
def folder(plan: Plan, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the plan was written to."""
    path = tmp_path_factory.mktemp("plan") / "new" / "folder"
    write_plan(plan, path)
    return path


def test_the_files(folder: Path) -> None:
    """The folder holds the workbook, the document, the ledger and the inputs, and no remains of writing them."""
    assert sorted(path.name for path in folder.iterdir()) == ["inputs.json", "ledger.parquet", "plan.json", "plan.xlsx"]


def test_files_agree(plan: Plan, folder: Path) -> None:
    """Document, ledger file and money trail hold the same dollars."""
    document = PlanDocument.model_validate_json((folder / "plan.json").read_text())
    ledger = pd.read_parquet(folder / "ledger.parquet")
    earned = ledger[(ledger["kind"] == "accrual") & (ledger["status"] != "credited")]["amount_usd"].sum()
    assert earned == pytest.approx(document.money.new_usd + document.money.withheld_usd, abs=1e-4)
    trail = pd.read_excel(folder / "plan.xlsx", sheet_name="Money trail", engine="openpyxl")
    assert trail["amount_usd, USD"].sum() == pytest.approx(ledger["amount_usd"].sum(), abs=1e-4)
    assert len(trail) == len(ledger) == len(plan_ledger(plan))


def test_workbook(folder: Path) -> None:
    """The sheets are there, headers stay in sight, text stays text, and there is a chart."""
    book = openpyxl.load_workbook(folder / "plan.xlsx")
    assert book.sheetnames == SHEETS
    assert {book[name].freeze_panes for name in SHEETS[1:]} == {"B2"}
    names = [cell.value for cell in book["Practices"]["B"]]
    assert "=1+1" in names
    assert book["Practices"]["B2"].data_type == "s"
    with zipfile.ZipFile(folder / "plan.xlsx") as archive:
        assert "xl/charts/chart1.xml" in archive.namelist()


def test_dollars_have_separators(folder: Path) -> None:
    """Dollar cells show thousands separators and cents."""
    book = openpyxl.load_workbook(folder / "plan.xlsx")
    page = book["Practices"]
    header = [cell.value for cell in page[1]]
    cell = page.cell(2, header.index("Cost, USD") + 1)
    assert cell.number_format.startswith("#,##0.00")


def test_many_practices_are_charted_by_band(tmp_path: Path) -> None:
    """Beyond a readable number of columns, the chart counts practices by band, all of them."""
    many = small_plan(practices=60)
    document = write_plan(many, tmp_path)
    page = openpyxl.load_workbook(tmp_path / "plan.xlsx")["Summary"]
    rows = list(page.iter_rows(values_only=True))
    top = next(at for at, row in enumerate(rows) if row[0] == "Mass ratio")
    counted = sum(int(str(row[2])) for row in rows[top + 1 :] if row[0])
    assert counted == sum(practice.mass_ratio_after is not None for practice in document.practices)


def test_a_long_money_trail_is_summed_over_practices(tmp_path: Path) -> None:
    """A ledger that no sheet should hold is shown without practices, with the same sum."""
    plan = small_plan()
    ledger = plan_ledger(plan)
    copies = MOST_LEDGER_ROWS // len(ledger) + 1
    long = pd.concat([ledger] * copies, ignore_index=True)
    document = write_plan(plan, tmp_path)
    write_workbook(tmp_path / "long.xlsx", document, long, plan.catalog)
    trail = pd.read_excel(tmp_path / "long.xlsx", sheet_name="Money trail", engine="openpyxl")
    assert "practice" not in trail.columns
    assert len(trail) <= len(ledger)
    assert trail["amount_usd, USD"].sum() == pytest.approx(long["amount_usd"].sum(), abs=0.01)


def test_nothing_is_half_written(tmp_path: Path) -> None:
    """When a later file fails, earlier ones keep their old contents and nothing is left behind."""
    (tmp_path / "first.json").write_text("old")

    def fail(path: Path) -> None:
        path.write_text("half")
        raise RuntimeError("out of ideas")

    with pytest.raises(RuntimeError, match="out of ideas"):
        write_files(tmp_path, {"first.json": lambda path: path.write_text("new"), "second.json": fail})
    assert [path.name for path in tmp_path.iterdir()] == ["first.json"]
    assert (tmp_path / "first.json").read_text() == "old"


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    """A path that cannot be a folder is refused before anything is computed."""
    (tmp_path / "taken").write_text("")
    with pytest.raises(InputError, match="cannot be written to"):
        check_folder(tmp_path / "taken")


def test_a_folder_that_is_only_checked_is_not_left_behind(tmp_path: Path) -> None:
    """Neither the folder nor those above it; one that was there stays, with what is in it."""
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "plan.json").write_text("old")
    check_folder(tmp_path / "there" / "new" / "newer")
    check_folder(tmp_path / "there")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["there", "there/plan.json"]


def test_json_is_strict(folder: Path) -> None:
    """The JSON file holds no NaN and no Infinity."""
    text = (folder / "plan.json").read_text()
    json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is not JSON"))
