"""Quality benchmarks as the JSON files of qpp-measures-data have them: deciles until 2022, percentiles after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from published_files import refused

from critmass.catalog import load_catalog
from critmass.domain import vocabulary as v
from critmass.domain.catalog import CatalogFile
from critmass.domain.scores import Benchmark
from critmass.published.quality_benchmarks import read_quality_benchmarks
from critmass.published.write import catalog_text
from critmass.settlement import evaluate

TENTHS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
RISING = [float(place) for place in TENTHS]


def entry(measure: str = "236", year: int = 2022, method: str = "registry", **more: object) -> dict[str, Any]:
    """A published benchmark with the keys that both layouts have."""
    usual = {"measureId": measure, "performanceYear": year, "benchmarkYear": year - 2, "submissionMethod": method}
    return {**usual, "isToppedOut": False, "isHighPriority": True, "isToppedOutByProgram": False, **more}


def percentiles(rates: dict[int, float], **more: Any) -> dict[str, Any]:
    """A benchmark in the layout from 2023 on."""
    table = {str(place): rate for place, rate in rates.items()}
    return entry(**{"year": 2023, "isInverse": False, "averagePerformanceRate": None, **more}, percentiles=table)


def written(folder: Path, *entries: object) -> Path:
    """A benchmarks file."""
    path = folder / "benchmarks.json"
    path.write_text(json.dumps(list(entries)))
    return path


def read_one(folder: Path, item: dict[str, Any]) -> Benchmark:
    """The one table of a file."""
    [found] = read_quality_benchmarks(written(folder, item)).benchmarks
    return found


def points(table: Benchmark, *rates: float) -> list[float]:
    """Points of rates by a table."""
    curve: v.PiecewiseLinear = table.curve([float(row.points) for row in table.rows])
    return [float(number) for number in evaluate.schedule(curve, np.array(rates))]


# Deciles ----------------------------------------------------------------------------------------------


def test_deciles_are_lower_ends_of_the_second_to_the_tenth(tmp_path: Path) -> None:
    """Nine rates are worth 2 to 10 points, linear inside a decile; ids name measure, method and year."""
    table = read_one(tmp_path, entry(deciles=RISING))
    assert table.id == "236_registry_2022"
    assert (table.published_id, table.performance_year, table.benchmark_year) == ("236", 2022, 2020)
    assert (table.collection_type, table.inverse, table.topped_out) == ("registry", False, False)
    assert points(table, 0.10, 0.45, 0.899, 0.9, 0.99) == pytest.approx([2, 5.5, 9.99, 10, 10])


def test_ten_deciles_start_at_one_point(tmp_path: Path) -> None:
    """A table that also lists the first decile starts at 1 point."""
    table = read_one(tmp_path, entry(deciles=[2, *RISING]))
    assert points(table, 0.02, 0.06, 0.10) == pytest.approx([1, 1.5, 2])


def test_falling_deciles_are_inverse(tmp_path: Path) -> None:
    """Where rates fall from decile to decile, lower is better."""
    table = read_one(tmp_path, entry(deciles=RISING[::-1]))
    assert table.inverse
    assert points(table, 0.90, 0.55, 0.10, 0.01) == pytest.approx([2, 5.5, 10, 10])


def test_ties_are_jumps(tmp_path: Path) -> None:
    """A rate that two deciles share earns the points of the later; those in between are never earned."""
    up = read_one(tmp_path, entry(deciles=[10, 20, 30, 40, 50, 60, 100, 100, 100]))
    assert points(up, 0.60, 0.80, 0.999, 1.0) == pytest.approx([7, 7.5, 7.9975, 10])
    down = read_one(tmp_path, entry(deciles=[100, 100, 70, 60, 50, 40, 30, 20, 10]))
    assert points(down, 1.0, 0.85, 0.70) == pytest.approx([3, 3.5, 4])


# Percentiles ------------------------------------------------------------------------------------------

LADDER = {place: float(place) for place in (1, *TENTHS, 99)}


def test_percentiles_start_at_the_first(tmp_path: Path) -> None:
    """1 point at the 1st percentile, 2 at the 10th, 10 at the 90th; the 99th plays no part."""
    table = read_one(tmp_path, percentiles(LADDER, isToppedOut=True))
    assert (table.id, table.inverse, table.topped_out) == ("236_registry_2023", False, True)
    assert points(table, 0.005, 0.01, 0.055, 0.10, 0.85, 0.90, 0.95) == pytest.approx([1, 1, 1.5, 2, 9.5, 10, 10])
    assert [float(row.percentile) for row in table.rows if row.percentile] == [1, *TENTHS]


def test_inverse_percentiles_are_read_from_the_other_end(tmp_path: Path) -> None:
    """Rates always rise; with the flag the 99th percentile is 1 point and the 10th is 10."""
    table = read_one(tmp_path, percentiles(LADDER, isInverse=True))
    assert table.inverse
    assert points(table, 0.995, 0.99, 0.90, 0.45, 0.10, 0.01) == pytest.approx([1, 1, 2, 6.5, 10, 10])


def test_constant_tables(tmp_path: Path) -> None:
    """Where everybody has the best rate, it earns all points and anything less the fewest, in both directions."""
    full = read_one(tmp_path, percentiles(dict.fromkeys(LADDER, 100.0)))
    assert points(full, 1.0, 0.999) == pytest.approx([10, 1])
    none = read_one(tmp_path, percentiles(dict.fromkeys(LADDER, 0.0), isInverse=True))
    assert points(none, 0.0, 0.001) == pytest.approx([10, 1])


def test_tied_percentiles(tmp_path: Path) -> None:
    """Ties at the top are reached at once."""
    table = read_one(tmp_path, percentiles({**LADDER, 70: 100.0, 80: 100.0, 90: 100.0, 99: 100.0}))
    assert points(table, 0.60, 0.80, 1.0) == pytest.approx([7, 7.5, 10])


# Scales and what is left out --------------------------------------------------------------------------


def test_claims_rates_may_be_fractions(tmp_path: Path) -> None:
    """Of administrative claims tables those up to 1 are fractions, others in percent as everywhere else."""
    fractions = [0.1712, 0.1655, 0.1613, 0.1578, 0.1544, 0.151, 0.1471, 0.1427, 0.1369]
    readmissions = read_one(tmp_path, entry("479", method="administrativeClaims", deciles=fractions))
    assert [float(row.rate) for row in readmissions.rows] == fractions
    admissions = read_one(tmp_path, entry("484", method="administrativeClaims", deciles=RISING[::-1]))
    assert float(admissions.rows[0].rate) == 0.9
    small = read_one(tmp_path, entry(method="registry", deciles=[0.1 * place for place in range(1, 10)]))
    assert float(small.rows[0].rate) == pytest.approx(0.001)


def test_cost_measures_and_empty_tables_are_left_out(tmp_path: Path) -> None:
    """Benchmarks in dollars, and entries without any cut, are no tables of rates."""
    path = written(
        tmp_path, entry("COST_D_1", deciles=RISING), entry("TPCC_1", deciles=RISING), entry("MSPB_1", deciles=RISING),
        entry("001"), entry("002", deciles=[]), entry("003", deciles=RISING),
    )  # fmt: skip
    assert [table.published_id for table in read_quality_benchmarks(path).benchmarks] == ["003"]


def test_what_is_read_can_be_written_and_named_by_a_program(tmp_path: Path) -> None:
    """The catalog file as YAML reads back as itself, and loads beside others."""
    found = read_quality_benchmarks(written(tmp_path, entry(deciles=RISING), percentiles(LADDER, isInverse=True)))
    path = tmp_path / "benchmarks.yaml"
    path.write_text(catalog_text(found, "made up"))
    assert CatalogFile.model_validate(yaml.safe_load(path.read_text())) == found
    assert set(load_catalog((path,), shipped=False).benchmarks) == {"236_registry_2022", "236_registry_2023"}


# What is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoiled", "place"),
    [
        (entry(deciles=[10, float("nan"), 30]), "deciles.1"),
        (entry(deciles=[10, float("inf"), 30]), "deciles.1"),
        (entry(deciles=[10, None, 30]), "deciles.1"),
        (entry(deciles="10, 20"), "deciles"),
        (entry(deciles={"decile3": 10}), "deciles"),
        (percentiles({**LADDER, 50: float("nan")}), "percentiles.50"),
        (entry(percentiles={"fifty": 50}), "percentiles.fifty"),
        ({**entry(deciles=RISING), "performanceYear": "soon"}, "performanceYear"),
        ({**entry(deciles=RISING), "measureId": 236}, "measureId"),
        ("236", "benchmarks.json[1]"),
        (entry(deciles=[10, 30, 20, 40]), "benchmarks.json[1]"),
        (percentiles({**LADDER, 40: 60.0}), "benchmarks.json[1]"),
        (entry(deciles=RISING, performanceYear=9999), "benchmarks.json[1]"),
    ],
)
def test_a_spoiled_entry_is_refused_with_its_place(spoiled: object, place: str, tmp_path: Path) -> None:
    """The message names the entry by its number in the file, and the key; the other entries are not to blame."""
    problems = refused(read_quality_benchmarks, written(tmp_path, entry(deciles=RISING), spoiled))
    assert all(problem.place.startswith("benchmarks.json[1]") for problem in problems)
    assert any(place in problem.place for problem in problems)


def test_every_spoiled_entry_is_named(tmp_path: Path) -> None:
    """All problems come in one pass."""
    path = written(tmp_path, entry(deciles="none"), entry(deciles=RISING), entry(deciles=[1, None]))
    assert [problem.place[:18] for problem in refused(read_quality_benchmarks, path)] == [
        "benchmarks.json[0]", "benchmarks.json[2]",
    ]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), [("{", "is not JSON"), ('{"a": 1}', "is not a list of benchmarks")])
def test_other_files_are_refused(text: str, said: str, tmp_path: Path) -> None:
    """What is not a list of benchmarks is named as such."""
    path = tmp_path / "benchmarks.json"
    path.write_text(text)
    assert said in refused(read_quality_benchmarks, path)[0].message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The path is named."""
    assert "no such file" in refused(read_quality_benchmarks, tmp_path / "none.json")[0].message
