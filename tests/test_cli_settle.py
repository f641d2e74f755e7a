"""`critmass settle` without a network: results tables and payout curves, and three mistakes that people make."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from critmass.cli import app

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
PROGRAM, RESULTS, MAP = (str(EXAMPLES / f"ridge_{name}") for name in ("2026.yaml", "results.csv", "map.yaml"))
TABLE = ("--program", PROGRAM, "--results", RESULTS, "--map", MAP)
CURVE = ("--program", PROGRAM, "--sweep", "savings_rate=-0.02:0.08:11")
MAPLE = ("--results", RESULTS, "--map", MAP, "--entity", "Maple Family Practice")


def read_workbook(path: Path) -> pd.DataFrame:
    """A workbook's first sheet."""
    return pd.read_excel(path, engine="openpyxl")


READERS = {".csv": pd.read_csv, ".xlsx": read_workbook, ".parquet": pd.read_parquet, ".json": pd.read_json}


def run(*words: str, columns: int = 100) -> Result:
    """The command's result on a terminal of some width."""
    return CliRunner().invoke(app, ["settle", *words], env={"COLUMNS": str(columns)})


def said(done: Result) -> str:
    """All that was said, without line breaks."""
    return " ".join(done.output.split())


@pytest.mark.parametrize("ending", READERS)
def test_a_results_table_is_settled_into_each_kind_of_file(ending: str, tmp_path: Path) -> None:
    """Five practices, $604,553.33 in all; Maple 14,700 x $2.50 + half of $230,000 saved, without a bonus."""
    out = tmp_path / f"paid{ending}"
    assert run(*TABLE, "--out", str(out)).exit_code == 0
    frame = READERS[ending](out).set_index("entity")
    assert frame["total_usd"].sum() == pytest.approx(604_553.33)
    assert frame.loc["Maple Family Practice", "total_usd"] == pytest.approx(14_700 * 2.5 + 115_000)
    assert frame.loc["Maple Family Practice", "ridge_2026.screening"] == 0.0


def test_the_summary_as_json() -> None:
    """Sums by component and in all, and which facts took the catalog's default."""
    document = json.loads(run(*TABLE, "--json").output)
    assert document["entities"] == 5
    assert document["total_usd"] == pytest.approx(604_553.33)
    assert sum(document["by_component_usd"].values()) == pytest.approx(document["total_usd"])
    assert document["facts_at_default"] == ["ridge_msr_rate"]


def test_a_payout_curve_has_its_cliff() -> None:
    """Half of 2 % of Maple's $6,240,000 target is $62,400, paid from the minimum savings rate on."""
    document = json.loads(run(*CURVE, *MAPLE, "--cost", "130350", "--json").output)
    (cliff,) = document["cliffs"]
    assert cliff["at"] == pytest.approx(0.02, abs=1e-6)
    assert cliff["after_usd"] - cliff["before_usd"] == pytest.approx(62_400, abs=0.5)
    assert document["break_even"]["ridge_2026"] == pytest.approx(0.03, abs=1e-6)
    assert len(document["values"]) == len(document["payouts_usd"]["ridge_2026"]) == 11


def test_a_curve_without_a_results_table(tmp_path: Path) -> None:
    """What stays put is named one by one, and the workbook holds the table."""
    at = ("members=1250", "benchmark_usd=6240000", "measures.BCS.rate=70%", "measures.BCS.denominator=175")
    out = tmp_path / "curve.xlsx"
    settings = [word for text in at for word in ("--at", text)]
    assert run(*CURVE, *settings, "--out", str(out)).exit_code == 0
    assert read_workbook(out)["ridge_2026.screening"].tolist() == [2_500.0] * 11


@pytest.mark.parametrize("words", [TABLE, (*CURVE, *MAPLE)], ids=["table", "curve"])
def test_a_narrow_terminal_is_enough(words: tuple[str, ...]) -> None:
    """No line is longer than the 60 columns of a small window."""
    done = run(*words, columns=60)
    assert done.exit_code == 0
    assert max(len(line.rstrip()) for line in done.output.splitlines()) <= 60


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            "at_least: 0.78",
            "at_least: 78",
            "no rate reaches the threshold 78 Fix: rates are fractions: write 0.78 for 78 %",
        ),
        ("measure: BCS}", "measure: BSC}", "unknown measure 'BSC'"),
        ("pays: 2.50", "pays: $2.50", "'$2.50' is not a number Fix: write a number"),
    ],
)
def test_mistakes_in_the_program(old: str, new: str, words: str, tmp_path: Path) -> None:
    """Percent for a fraction, a misspelt measure, a dollar sign: exit code 2, the fix, and no file."""
    (tmp_path / "mine.yaml").write_text(Path(PROGRAM).read_text().replace(old, new))
    out = tmp_path / "paid.csv"
    done = run("--program", str(tmp_path / "mine.yaml"), "--results", RESULTS, "--map", MAP, "--out", str(out))
    assert done.exit_code == 2
    assert words in said(done)
    assert "mine.yaml" in done.output
    assert not out.exists()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ((), "there is nothing to settle"),
        (("--program", PROGRAM), "a program is settled by --results with --map, or --sweep"),
        (("--program", PROGRAM, "--results", RESULTS), "--map"),
        (("network.xlsx", "--program", PROGRAM), "without --program"),
        ((*TABLE, "--out", "paid.doc"), "is not a kind of table that is written"),
        (("--program", PROGRAM, "--sweep", "savings_rate=0.1"), "write DRIVER=from:to:points"),
        ((*CURVE, *MAPLE[:4]), "which row a sweep starts from is not said"),
        ((*CURVE, *MAPLE[:4], "--entity", "Maple Familly Practice"), "did you mean 'Maple Family Practice'?"),
        ((*CURVE, "--at", "members"), "write NAME=value"),
    ],
)  # fmt: skip
def test_half_a_question_is_refused(words: tuple[str, ...], answer: str) -> None:
    """Exit code 2 and what to add."""
    done = run(*words)
    assert done.exit_code == 2
    assert answer in said(done)
