"""The sample networks in data/networks are what the sample command makes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from critmass import load_network
from critmass.cli import app
from critmass.domain.catalog import Catalog

ROOT = Path(__file__).parents[2]
RECIPE = re.compile(r"critmass (sample --practices (\d+) --seed \d+ --out) \$\(NETWORKS\)/(\w+\.xlsx)")
SAMPLES = RECIPE.findall((ROOT / "Makefile").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("command", "practices", "name"), SAMPLES, ids=[name for _, _, name in SAMPLES])
def test_make_sample_gives_the_shipped_network(
    command: str, practices: str, name: str, shipped_catalog: Catalog, tmp_path: Path
) -> None:
    """`make sample` writes each network again, whatever the bytes of the workbook."""
    done = CliRunner().invoke(app, [*command.split(), str(tmp_path / name)])
    assert done.exit_code == 0, done.output
    shipped = load_network(ROOT / "data" / "networks" / name, shipped_catalog)
    assert load_network(tmp_path / name, shipped_catalog).hash == shipped.hash
    assert len(shipped.practices) == int(practices)
    assert shipped.synthetic


def test_solo_is_a_practice_of_two_clinicians(shipped_catalog: Catalog) -> None:
    """The smallest sample is one practice with two clinicians."""
    solo = load_network(ROOT / "data" / "networks" / "solo.xlsx", shipped_catalog)
    assert solo.table("Practices")["clinicians"].tolist() == [2.0]


def test_every_sample_is_made_by_the_makefile() -> None:
    """No workbook in data/networks lacks a command that makes it."""
    shipped = {path.name for path in (ROOT / "data" / "networks").glob("*.xlsx")}
    assert {name for _, _, name in SAMPLES} == shipped
