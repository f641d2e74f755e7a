"""`critmass settle` and its files: what --out replaces and leaves alone, JSON of errors, and mistakes in a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from critmass.cli import app
from critmass.studies.entities import Book, read_book

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
PROGRAM, RESULTS, MAP = (EXAMPLES / f"ridge_{name}" for name in ("2026.yaml", "results.csv", "map.yaml"))
ENDINGS = (".csv", ".xlsx", ".parquet", ".json")
CURVE = ("--sweep", "savings_rate=-2%:8%:11", "--entity", "Elm Street Medicine")


@cache
def example_book() -> Book:
    """The example's program, read once for all tests of this file."""
    return read_book([PROGRAM])


@pytest.fixture(autouse=True)
def _read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("critmass.cli.settle.read_book", lambda files, catalogs: example_book())


def run(*words: str | Path, columns: int = 100) -> Result:
    """The command's result on a terminal of some width."""
    return CliRunner().invoke(app, ["settle", *map(str, words)], env={"COLUMNS": str(columns)})


def settled(*more: str | Path, results: Path = RESULTS, results_map: Path = MAP, columns: int = 100) -> Result:
    """The example settled."""
    return run("--program", PROGRAM, "--results", results, "--map", results_map, *more, columns=columns)


def said(done: Result) -> str:
    """All that was said, without line breaks."""
    return " ".join(done.output.split())


# Files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), CURVE], ids=["table", "curve"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_an_older_file_is_replaced_whole(ending: str, more: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing of a longer older file is left, and nothing else lies in the folder."""
    out, fresh = tmp_path / f"old{ending}", tmp_path / f"new{ending}"
    out.write_bytes(b"older and longer " * 100_000)
    assert settled(*more, "--out", out).exit_code == settled(*more, "--out", fresh).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([out.name, fresh.name])
    assert out.stat().st_size == pytest.approx(fresh.stat().st_size, abs=16)
    assert b"older and longer" not in out.read_bytes()


@pytest.mark.parametrize("ending", ENDINGS)
def test_nothing_is_written_where_the_input_is_refused(ending: str, tmp_path: Path) -> None:
    """An older file stays as it was, and a new one does not appear, when the table has a mistake."""
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(RESULTS.read_text().replace("640,", "many,"))
    out, older = tmp_path / f"paid{ending}", tmp_path / f"older{ending}"
    older.write_text("older")
    assert settled("--out", out, results=wrong).exit_code == settled("--out", older, results=wrong).exit_code == 2
    assert not out.exists()
    assert older.read_text() == "older"


def test_a_write_that_fails_half_way_leaves_the_older_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the disk is full the older file is untouched, no fragment is left, and the exit code is 2."""

    def half(self: pd.DataFrame, path: Path, **options: Any) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", half)
    out = tmp_path / "paid.csv"
    out.write_text("older")
    done = settled("--out", out)
    assert (done.exit_code, out.read_text()) == (2, "older")
    assert [path.name for path in tmp_path.iterdir()] == ["paid.csv"]
    assert "No space left on device" in said(done)


def test_a_workbook_that_is_too_small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """More rows than a worksheet holds are refused instead of cut off, with another ending to use."""
    monkeypatch.setattr("critmass.report.entities._WORKBOOK_ROWS", 4)
    done = settled("--out", tmp_path / "paid.xlsx")
    assert done.exit_code == 2
    assert "a workbook holds at most 4 rows, and there are 5 Fix: let the name end in .csv or .parquet" in said(done)
    assert list(tmp_path.iterdir()) == []


# Screens and JSON -------------------------------------------------------------------------------------


def test_a_curve_says_where_a_cost_is_covered_and_that_it_never_is() -> None:
    """'never' is said in words within 60 columns, and is null in JSON."""
    done = settled(*CURVE, "--cost", "1e9", columns=60)
    assert done.exit_code == 0
    assert "ridge_2026: never pays $1,000,000,000.00 between savings_rate = -0.02 and 0.08." in said(done)
    assert max(len(line.rstrip()) for line in done.output.splitlines()) <= 60
    document = json.loads(settled(*CURVE, "--cost", "1e9", "--json").stdout)
    assert (document["cost_usd"], document["break_even"], document["break_even_together"]) == (1e9, {}, None)
    assert "first pays $0.00 at savings_rate = -0.02, where the sweep begins." in said(settled(*CURVE, "--cost", "0"))


def test_errors_as_json() -> None:
    """With --json a refusal is a document with every problem: place, message and fix; the exit code is 2."""
    done = settled("--sweep", "savings_rate=0:1:0", "--entity", "Nobody", "--json")
    document = json.loads(done.stdout)
    assert (done.exit_code, document["kind"], document["status"], document["exit_code"]) == (2, "error", "invalid", 2)
    assert all(problem["fix"] for problem in document["problems"])


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        (("--at", "members=5"), "--at goes with --sweep"),
        (("--entity", "Elm Street Medicine"), "--entity goes with --sweep"),
        (("--cost", "5"), "--cost goes with --sweep"),
        ((*CURVE, "--cost", "nan"), "nan is not a cost Fix: write dollars a year, 0 or more"),
        ((*CURVE, "--at", "facts.ridge_msr=2%"), "did you mean 'facts.ridge_msr_rate'?"),
    ],
)
def test_no_option_is_passed_over_in_silence(more: tuple[str, ...], answer: str) -> None:
    """An option that would change nothing is refused with what it goes with."""
    done = settled(*more)
    assert done.exit_code == 2
    assert answer in said(done)


def test_an_entity_without_a_table_is_refused() -> None:
    """A row cannot be named where no table is."""
    done = run("--program", PROGRAM, *CURVE)
    assert (done.exit_code, "--entity goes with --results and --map" in said(done)) == (2, True)


# What an administrator does ---------------------------------------------------------------------------


def semicolons(text: str) -> str:
    """As Excel saves CSV where the comma is the decimal mark."""
    return text.replace('"', "").replace(",", ";")


def more_done_than_eligible(text: str) -> str:
    """Two columns pasted the wrong way round."""
    return text.replace("BCS eligible,BCS done", "BCS done,BCS eligible")


def with_a_total(text: str) -> str:
    """The sum of all rows left below the table."""
    return text + 'Total,"5,410","63,820",736,571,"$27,250,000","$26,310,000"\n'


def other_header(text: str) -> str:
    """A column under a slightly other name than last year."""
    return text.replace("Target spend", "Target spending")


@pytest.mark.parametrize(
    ("mistake", "answer"),
    [
        (semicolons, "its columns are not separated by commas Fix: save it as CSV with commas"),
        (more_done_than_eligible, "measures.BCS.numerator is larger than its denominator"),
        (
            with_a_total,
            "row 7 'Total' is no entity but a sum of others Fix: delete the row, or leave it out",
        ),
        (other_header, "has no column 'Target spend' Fix: did you mean 'Target spending'?"),
    ],
)
@pytest.mark.parametrize("columns", [60, 100])
def test_mistakes_in_the_table(mistake: Callable[[str], str], answer: str, columns: int, tmp_path: Path) -> None:
    """What goes wrong in a real office is told in words that say what to do, in a small window too."""
    wrong = tmp_path / "ours.csv"
    wrong.write_text(mistake(RESULTS.read_text()))
    done = settled(results=wrong, columns=columns)
    assert done.exit_code == 2
    assert answer in said(done)
    assert max(len(line.rstrip()) for line in done.output.splitlines()) <= columns
