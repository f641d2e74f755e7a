"""`critmass check payouts`: what it prints, as text and as JSON, and how it ends."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from critmass.catalog import load_catalog
from critmass.cli import app

PROGRAM = """
cite: {assumption: true, reason: made up for a test}
payers:
  - {id: ridge, label: Ridge Health, lines_of_business: [commercial]}
programs:
  - id: ridge_gaps_2026
    label: Ridge gaps 2026
    payer: ridge
    performance_year: 2026
    lines_of_business: [commercial]
    effective: {from: 2026-01-01, to: 2026-12-31}
    status: complete
    components:
      - &bounty
        id: "bounty [bcs]"
        label: Gaps
        clause: x
        payment_stream: p4p
        apm_category: 2C
        quantity: {kind: gaps_closed, measure: BCS}
        rate: {kind: constant, pays: 30}
      - {<<: *bounty, id: shared, quantity: {kind: expenditure}, rate: {kind: constant, pays: 0.01}}
      - <<: *bounty
        id: odd
        quantity: {kind: members}
        driver: {kind: rate, measure: BCS}
        rate: {kind: steps, rows: [{at_least: 0.5, pays: 2}, {at_least: 0.9, pays: 1}]}
"""


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What stdout holds, which must be JSON and nothing else."""
        return json.loads(self.out)


def run(*arguments: str | Path, width: int = 80) -> Ended:
    """Runs `check payouts` in this process."""
    words = ["check", "payouts", *map(str, arguments)]
    result = CliRunner().invoke(app, words, env={"COLUMNS": str(width)})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, result.stderr)


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a program whose three components fall, one in each way."""
    path = tmp_path_factory.mktemp("mine") / "ridge.yaml"
    path.write_text(PROGRAM)
    return path


@pytest.fixture(scope="module")
def narrow(mine: Path) -> Ended:
    """The report on a narrow terminal."""
    return run("--catalog", mine, width=60)


def lines_of(ended: Ended, component: str) -> list[list[str]]:
    """Cells of the lines that begin with a component's name."""
    return [line.split()[1:] for line in ended.out.splitlines() if line.startswith(f"  {component} ")]


def test_text_is_readable_at_sixty_columns(narrow: Ended) -> None:
    """It ends with 0, stays within 60 columns, and gives each component one line in each way that it falls."""
    assert narrow.code == 0
    assert max(map(len, narrow.out.splitlines())) <= 60
    assert lines_of(narrow, "odd") == [
        ["BCS", "84.5%", "85%", "$1,000", "D"],
        ["BCS", "89.5%", "90%", "$1,000", "D"],
    ]
    assert lines_of(narrow, "shared") == [["savings_rate", "-20%", "20%", "$4,000", "G"]]


def test_text_is_aligned(narrow: Ended) -> None:
    """In each table all cells of a column end or begin at one place, names in brackets as they are."""
    table = narrow.out.split("From year to year")[1].split("Within the year")[0].splitlines()
    rows = [line for line in table if line.startswith("  ") and "$" in line]
    assert any("bounty [bcs]" in row for row in rows)
    assert len(rows) > 100
    assert len({row.rindex("%") for row in rows}) == 1
    assert len({row.rindex("$") + len(row[row.rindex("$") :].split()[0]) for row in rows}) == 1


def test_text_says_why_and_what_it_means(narrow: Ended) -> None:
    """The letters in use are explained, and the closing sentence is about planning."""
    said = " ".join(narrow.out.split())
    assert "B counts gaps that were open when the year began" in said
    assert "G counts expenditure, which savings lower" in said
    assert "H a penalty" not in said
    assert "These contracts are as their payers wrote them. For planning:" in said
    assert "As savings grow" in said


def test_json_has_every_fall(mine: Path) -> None:
    """With --json stdout is the document alone: program, component, driver, way, values, USD and reasons."""
    ended = run("--catalog", mine, "--json")
    document = ended.json()
    assert (ended.code, document["kind"]) == (0, "payouts")
    assert document["catalog_hash"] == load_catalog([mine]).hash
    found = {
        (fall["component"], fall["way"]): fall for fall in document["falls"] if fall["program"] == "ridge_gaps_2026"
    }
    assert set(found) == {
        ("bounty [bcs]", "year_to_year"), ("odd", "within_year"), ("odd", "year_to_year"), ("shared", "savings"),
    }  # fmt: skip
    odd = found["odd", "within_year"]
    assert (odd["driver"], odd["members"], odd["fall_usd"]) == ("BCS", 1000, 1000)
    assert odd["stretches"] == [{"from": 0.895, "to": 0.9, "before_usd": 2000, "after_usd": 1000, "fall_usd": 1000}]
    assert odd["why"] == ["a table that falls: the best performance is paid less"]


def test_progress_goes_to_stderr(monkeypatch: pytest.MonkeyPatch, mine: Path) -> None:
    """A search that takes long says how far it is, beside the document."""
    monkeypatch.setattr("critmass.cli.check._SILENT_SECONDS", 0.0)
    ended = run("--catalog", mine, "--json")
    assert ended.json()["kind"] == "payouts"
    assert f"{ended.json()['components']} of {ended.json()['components']} components looked at" in ended.err


def test_a_catalog_that_cannot_be_read(tmp_path: Path) -> None:
    """Problems of the catalog end with 2 and are named, as everywhere."""
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(PROGRAM.replace("measure: BCS", "measure: BSC"))
    ended = run("--catalog", wrong)
    assert ended.code == 2
    assert "BSC" in ended.err
