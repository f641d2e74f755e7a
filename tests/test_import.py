"""`critmass import`: public files become catalog files and fee tables of one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from click.testing import Result
from typer.testing import CliRunner

from critmass.catalog import load_catalog
from critmass.cli import app

BENCHMARKS = [
    {"measureId": "236", "performanceYear": 2031, "benchmarkYear": 2029, "submissionMethod": "registry",
     "isInverse": False, "percentiles": {"1": 10, **{str(p): 20 + p for p in range(10, 100, 10)}, "99": 120}},
    {"measureId": "001", "performanceYear": 2031, "benchmarkYear": 2029, "submissionMethod": "registry",
     "isInverse": True, "percentiles": {"1": 2, **{str(p): p for p in range(10, 100, 10)}, "99": 99}},
]  # fmt: skip
CODES = (
    "hcpcs,mod,status,work_rvu,nonfac_pe_rvu,fac_pe_rvu,mp_rvu,total_nonfac,total_fac,conv_factor\n"
    "99490,,A,1.00,0.81,0.42,0.06,1.87,1.48,32.3465\n"
)
PLACES = "mac,state,locality,name,work_gpci_floor,pe_gpci,mp_gpci\n08202,MI,01,DETROIT,1.006,0.992,1.317\n"


def run(*words: str) -> Result:
    """The command's result."""
    return CliRunner().invoke(app, ["import", *words])


def written(folder: Path, name: str, text: str) -> str:
    """A file with this text."""
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


def test_benchmarks_become_a_catalog_file(tmp_path: Path) -> None:
    """Tables read back as they were published, rates as fractions, falling where lower is better."""
    file, out = written(tmp_path, "benchmarks_2031.json", json.dumps(BENCHMARKS)), tmp_path / "mine" / "tables.yaml"
    assert run("quality-benchmarks", file, "--out", str(out)).exit_code == 0
    tables = load_catalog([out]).benchmarks
    rates = [float(row.rate) for row in tables["001_registry_2031"].rows]
    assert rates == pytest.approx([0.99, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
    assert [float(row.points) for row in tables["236_registry_2031"].rows] == list(range(1, 11))


def test_fees_at_a_place(tmp_path: Path) -> None:
    """(1.00 x 1.006 + 0.81 x 0.992 + 0.06 x 1.317) x 32.3465 = 61.09; without a place the national 60.49."""
    codes, places = written(tmp_path, "rvu.csv", CODES), written(tmp_path, "gpci.csv", PLACES)
    out = tmp_path / "fees.csv"
    assert run("fee-schedule", codes, "--indices", places, "--place", "Detroit", "--out", str(out)).exit_code == 0
    assert pd.read_csv(out)["nonfacility_usd"].tolist() == [61.09]
    assert run("fee-schedule", codes, "--out", str(out)).exit_code == 0
    assert pd.read_csv(out)["nonfacility_usd"].tolist() == [60.49]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("quality-benchmarks", "codes", "--out", "x.yaml"), "is not JSON"),
        (("quality-benchmarks", "nothing", "--out", "x.yaml"), "no such file"),
        (("quality-benchmarks", "codes", "--out", "x.csv"), "end in .yaml"),
        (("star-cut-points", "codes", "--out", "x.yaml"), "holds no Star cut points"),
        (("fee-schedule", "places", "--out", "x.csv"), "has no header with 'hcpcs'"),
        (("fee-schedule", "codes", "--indices", "places", "--place", "Detroid", "--out", "x.csv"), "'DETROIT'?"),
        (("fee-schedule", "codes", "--place", "Detroit", "--out", "x.csv"), "--indices"),
    ],
)  # fmt: skip
def test_the_wrong_file_is_refused(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """Exit code 2, what is wrong and what to do, and nothing written."""
    names = {"codes": written(tmp_path, "rvu.csv", CODES), "places": written(tmp_path, "gpci.csv", PLACES)}
    outs = {"x.yaml": str(tmp_path / "x.yaml"), "x.csv": str(tmp_path / "x.csv")}
    done = run(*(names.get(word, outs.get(word, word)) for word in words))
    assert done.exit_code == 2
    assert said in " ".join(done.output.split())
    assert not (tmp_path / "x.yaml").exists()
    assert not (tmp_path / "x.csv").exists()
