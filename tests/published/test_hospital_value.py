"""Hospital value-based purchasing files: measures found by their columns, thresholds that hold for all rows."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from published_files import refused, rows_file

from critmass.domain.catalog import CatalogFile
from critmass.network.mapped import map_table
from critmass.published.hospital_value import HospitalMeasure, hospital_catalog, hospital_map, read_hospital_measures
from critmass.published.write import catalog_text
from critmass.studies.verify import verify

PARTS = ("Achievement Threshold", "Benchmark", "Baseline Rate", "Performance Rate", "Achievement Points",
         "Improvement Points", "Measure Score")  # fmt: skip
Cells = list[object]
HEADER: Cells = ["Fiscal Year", "Facility ID", "State"]
HEADER += [f"{name} {part}" for name in ("MORT-30-AMI", "COMP-HIP-KNEE") for part in PARTS]
NOTHING: Cells = ["Not Available"] * 5
UP, DOWN = (0.80, 0.90), (0.0250, 0.0150)

# 9 x 0.5 + 0.5 = 5; 10 x (0.85 - 0.80) / (0.90 - 0.80) - 0.5 = 4.5, rounded up
HALFWAY: Cells = [0.80, 0.85, "5 out of 10", "5 out of 9", "5 out of 10"]
# Lower is better: 9 x 0.8 + 0.5 = 7.7; 10 x (0.0270 - 0.0170) / (0.0270 - 0.0150) - 0.5 = 7.83
LOWER: Cells = [0.0270, 0.0170, "8 out of 10", "8 out of 9", "8 out of 10"]


def hospital_file(folder: Path, *rows: Cells) -> Path:
    """A results file as published."""
    (folder / "hvbp").mkdir(exist_ok=True)
    return rows_file(folder / "hvbp/clinical_outcomes_fy2024.csv", [HEADER, *rows])


def hospital(
    name: str, first: list[object] = HALFWAY, second: list[object] = LOWER, up: object = UP[0]
) -> list[object]:
    """A row with two measures."""
    return [2024, name, "MI", up, UP[1], *first, *DOWN, *second]


def test_measures_are_found_by_their_columns(tmp_path: Path) -> None:
    """Name, threshold and benchmark of each; where the benchmark is lower, lower is better."""
    first, second = read_hospital_measures(hospital_file(tmp_path, hospital("010001"), hospital("010002")))
    assert (first, second) == (HospitalMeasure("MORT-30-AMI", *UP), HospitalMeasure("COMP-HIP-KNEE", *DOWN))
    assert (first.higher_is_better, second.higher_is_better) == (True, False)
    assert (first.id, second.id) == ("MORT_30_AMI", "COMP_HIP_KNEE")


def test_a_threshold_may_be_missing_in_some_rows(tmp_path: Path) -> None:
    """'Not Available' beside a number leaves the number."""
    path = hospital_file(tmp_path, hospital("010001", up="Not Available"), hospital("010002"))
    assert read_hospital_measures(path)[0].threshold == UP[0]


def test_points_of_both_directions_are_verified(tmp_path: Path) -> None:
    """'5 out of 10' is 5; hospitals without a rate are not tried; identifiers keep their zeros."""
    hospital_file(tmp_path, hospital("010001"), hospital("010002", NOTHING), hospital("010003", HALFWAY, NOTHING))
    found = {item.check: (item.tried, item.matched) for item in verify(tmp_path, only=["hvbp_clinical"]).outcomes}
    assert found == {
        f"{measure}_{part}": (2, 2)
        for measure in ("MORT_30_AMI", "COMP_HIP_KNEE")
        for part in ("attainment", "improvement", "score")
    }


def test_wrong_points_are_missed(tmp_path: Path) -> None:
    """A point more than the thresholds give is a miss that names the hospital."""
    too_many: Cells = [0.80, 0.85, "6 out of 10", "5 out of 9", "6 out of 10"]
    hospital_file(tmp_path, hospital("010001", too_many))
    outcomes = verify(tmp_path, only=["hvbp_clinical"]).outcomes
    misses = {item.check: (miss.entity, miss.computed, miss.published) for item in outcomes for miss in item.misses}
    assert misses == dict.fromkeys(("MORT_30_AMI_attainment", "MORT_30_AMI_score"), ("010001", 5.0, 6.0))


def test_missing_rates_are_unknown(tmp_path: Path) -> None:
    """The map makes nothing of 'Not Available', neither 0 nor a refusal."""
    path = hospital_file(tmp_path, hospital("010001", NOTHING), hospital("010002"))
    values = map_table(path, hospital_map(read_hospital_measures(path)), "map").values
    rates = values["measures.MORT_30_AMI.rate"].tolist()
    assert (rates[0] != rates[0], rates[1]) == (True, 0.85)


def test_the_catalog_reads_back_as_itself(tmp_path: Path) -> None:
    """Three scores a measure, with its direction."""
    found = hospital_catalog(read_hospital_measures(hospital_file(tmp_path, hospital("010001"))), "made up")
    assert [measure.direction for measure in found.measures] == ["higher_is_better", "lower_is_better"]
    assert len(found.scores) == 6
    assert CatalogFile.model_validate(yaml.safe_load(catalog_text(found, "made up"))) == found


# What is refused --------------------------------------------------------------------------------------


def test_thresholds_that_differ_are_refused(tmp_path: Path) -> None:
    """One fiscal year has one threshold; a file of two years is named by its column."""
    path = hospital_file(tmp_path, hospital("010001"), hospital("010002", up=0.81))
    [problem] = refused(read_hospital_measures, path)
    assert problem.place == "clinical_outcomes_fy2024.csv, column MORT-30-AMI Achievement Threshold"
    assert "holds 2 values" in problem.message


def test_a_threshold_that_no_row_has_is_refused(tmp_path: Path) -> None:
    """Without any number there is nothing to score against."""
    [problem] = refused(read_hospital_measures, hospital_file(tmp_path, hospital("010001", up="Not Available")))
    assert "holds 0 values" in problem.message


def test_a_threshold_without_its_benchmark_is_refused(tmp_path: Path) -> None:
    """The column that is missing is named."""
    path = hospital_file(tmp_path, hospital("010001"))
    path.write_text(path.read_text().replace("COMP-HIP-KNEE Benchmark", "COMP-HIP-KNEE Target"))
    [problem] = refused(read_hospital_measures, path)
    assert "COMP-HIP-KNEE Benchmark" in str(problem)


def test_a_benchmark_at_its_threshold_is_refused(tmp_path: Path) -> None:
    """There is no way from one to the other to share out, and no direction."""
    [problem] = refused(read_hospital_measures, hospital_file(tmp_path, hospital("010001", up=UP[1])))
    assert "MORT-30-AMI" in problem.place


@pytest.mark.parametrize("header", ["Facility ID,State", "MORT-30-AMI Benchmark"])
def test_another_file_is_refused(header: str, tmp_path: Path) -> None:
    """A file without thresholds is not the one that is meant."""
    path = tmp_path / "other.csv"
    path.write_text(f"{header}\n1,2\n" if "," in header else f"{header}\n1\n")
    assert "Achievement Threshold" in refused(read_hospital_measures, path)[0].message
