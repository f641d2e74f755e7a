"""Star cut points: tidy tables of bounds, and wide tables of text ranges, both give the same stars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from published_files import refused, rows_file

from critmass.catalog import load_catalog
from critmass.domain.catalog import CatalogFile
from critmass.published.star_cut_points import CutPoints, read_star_cut_points, score_id, star_catalog
from critmass.published.write import catalog_text
from critmass.settlement import evaluate

TIDY_COLUMNS: list[object] = [
    "star_year", "cut_point_type", "measure_id", "stars", "lower_bound", "upper_bound", "higher_is_better",
]  # fmt: skip
NONE_BELOW, NONE_ABOVE = -1_000_000.0, 1_000_000.0
Bounds = list[tuple[float, float]]
RISING: Bounds = [(NONE_BELOW, 0.39), (0.39, 0.63), (0.63, 0.74), (0.74, 0.83), (0.83, NONE_ABOVE)]
FALLING: Bounds = [(0.17, NONE_ABOVE), (0.12, 0.17), (0.09, 0.12), (0.06, 0.09), (NONE_BELOW, 0.06)]

PART_C: list[list[object]] = [
    ["2024 Star Ratings Cut Points, Part C"],
    ["", "Staying Healthy", "", "Plan Responsiveness"],
    ["Number of Stars", "C01: Breast Cancer Screening", "C26: Complaints about the Plan", "C27: Plan Improvement"],
    ["", "01/01/2022 - 12/31/2022", "01/01/2023 - 06/30/2023", "Not Applicable"],
    ["1 Star", "< 39 %", "> 0.17", "< -0.166667"],
    ["2 Stars", ">= 39 % to < 63 %", "> 0.12 to <= 0.17", ">= -0.166667 to < 0"],
    ["3 Stars", ">= 63 % to < 74 %", "> 0.09 to <= 0.12", ">= 0 to < 0.2"],
    ["4 Stars", "≥ 74% to < 83%", "> 0.06 to ≤ 0.09", ">= 0.2 to < 0.45"],
    ["5 Stars", ">= 83 %", "<= 0.06", ">= 0.45"],
]
PART_D: list[list[object]] = [
    ["2024 Star Ratings Cut Points, Part D"],
    ["Org Type", "Number of Stars", "D02: Complaints about the Drug Plan", "D08: Medication Adherence"],
    ["MA-PD", "1 star", "> 1.5", "< 82 %"],
    ["MA-PD", "2 stars", "> 0.5 to <= 1.5", ">= 82 % to < 85 %"],
    ["MA-PD", "3 stars", "> 0.3 to <= 0.5", ">= 85 % to < 88 %"],
    ["MA-PD", "4 stars", "> 0.1 to <= 0.3", ">= 88 % to < 91 %"],
    ["MA-PD", "5 stars", "<= 0.1", ">= 91 %"],
    ["PDP", "1 star", "> 1,000.5", "< 84 %"],
    ["PDP", "2 stars", "> 0.4 to <= 1,000.5", ">= 84 % to < 86 %"],
    ["PDP", "3 stars", "> 0.2 to <= 0.4", ">= 86 % to < 87 %"],
    ["PDP", "4 stars", "> 0.05 to <= 0.2", ">= 87 % to < 89 %"],
    ["PDP", "5 stars", "<= 0.05", ">= 89 %"],
]


def tidy_file(folder: Path, kind: str, measures: dict[str, tuple[Bounds, object]]) -> Path:
    """A tidy table: one row for each measure and star."""
    rows = [
        [2016, kind, measure, star, low, high, better]
        for measure, (bounds, better) in measures.items()
        for star, (low, high) in enumerate(bounds, start=1)
    ]
    return rows_file(folder / "ranges.csv", [TIDY_COLUMNS, *rows])


def by_measure(path: Path) -> dict[tuple[str, str], CutPoints]:
    """What a file holds."""
    return {(point.contract_type, point.measure): point for point in read_star_cut_points(path)}


def stars(point: CutPoints, *values: float) -> list[float]:
    """Stars of values of a measure."""
    return [float(number) for number in evaluate.schedule(point.steps(), np.array(values))]


# Two layouts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("better", ["True", "1", "yes", "TRUE"])
def test_tidy_table_where_higher_is_better(better: str, tmp_path: Path) -> None:
    """A star holds from its lower bound, included, up to the next."""
    point = by_measure(tidy_file(tmp_path, "Part C", {"C01": (RISING, better)}))["Part C", "C01"]
    assert point.higher_is_better
    assert stars(point, 0.0, 0.3899, 0.39, 0.74, 0.8299, 0.83, 1.0) == [1, 1, 2, 4, 4, 5, 5]


def test_tidy_table_where_lower_is_better(tmp_path: Path) -> None:
    """A star holds down from its upper bound, included: (lower, upper]."""
    point = by_measure(tidy_file(tmp_path, "Part C", {"C26": (FALLING, "False")}))["Part C", "C26"]
    assert not point.higher_is_better
    assert stars(point, 0.0, 0.06, 0.0601, 0.09, 0.12, 0.17, 0.1701, 9.0) == [5, 5, 4, 4, 3, 2, 1, 1]


def test_text_ranges_of_part_c(tmp_path: Path) -> None:
    """Percent signs make fractions, signs with and without a space are read, and numbers may be below zero."""
    found = by_measure(rows_file(tmp_path / "part_c.csv", PART_C))
    assert set(found) == {("Part C", "C01"), ("Part C", "C26"), ("Part C", "C27")}
    assert stars(found["Part C", "C01"], 0.3899, 0.39, 0.74, 0.83) == [1, 2, 4, 5]
    assert stars(found["Part C", "C27"], -0.2, -0.166667, 0.0, 0.2, 0.45) == [1, 2, 3, 4, 5]


def test_both_layouts_give_the_same_stars(tmp_path: Path) -> None:
    """The same cut points, tidy or as text, give the same stars on and around every cut, in both directions."""
    wide = by_measure(rows_file(tmp_path / "part_c.csv", PART_C))
    tidy = by_measure(tidy_file(tmp_path, "Part C", {"C01": (RISING, "True"), "C26": (FALLING, "False")}))
    for measure, bounds in (("C01", RISING), ("C26", FALLING)):
        cuts = [low for low, _ in bounds if low > NONE_BELOW]
        around = [cut + step for cut in cuts for step in (-1e-4, 0.0, 1e-4)]
        assert stars(wide["Part C", measure], *around) == stars(tidy["Part C", measure], *around)
        assert wide["Part C", measure].higher_is_better == tidy["Part C", measure].higher_is_better


def test_text_ranges_of_part_d_differ_by_type_of_contract(tmp_path: Path) -> None:
    """MA-PD and PDP rows are two sets of cut points; thousands have commas."""
    found = by_measure(rows_file(tmp_path / "part_d.csv", PART_D))
    assert {kind for kind, _ in found} == {"Part D MA-PD", "Part D PDP"}
    assert stars(found["Part D MA-PD", "D08"], 0.8199, 0.82, 0.91) == [1, 2, 5]
    assert stars(found["Part D PDP", "D08"], 0.8399, 0.84, 0.89) == [1, 2, 5]
    assert stars(found["Part D MA-PD", "D02"], 0.05, 0.1, 0.3, 1.5, 1.51) == [5, 5, 4, 2, 1]
    assert stars(found["Part D PDP", "D02"], 0.05, 0.1, 1000.5, 1000.6) == [5, 4, 2, 1]


def test_a_merged_cell_holds_for_the_rows_below(tmp_path: Path) -> None:
    """Where the type of contract stands in the first of its rows only, as merged cells export, it holds on."""
    first, rows = PART_D[:2], PART_D[2:]
    merged = first + [[row[0] if row[1] == "1 star" else "", *row[1:]] for row in rows]
    assert by_measure(rows_file(tmp_path / "merged.csv", merged)) == by_measure(
        rows_file(tmp_path / "part_d.csv", PART_D)
    )


def test_windows_text_is_read(tmp_path: Path) -> None:
    """Public files are not all UTF-8."""
    dashed = [[str(cell).replace("≥", ">=").replace("≤", "<=").replace(" - ", " – ") for cell in row] for row in PART_C]
    found = by_measure(rows_file(tmp_path / "part_c.csv", dashed, encoding="cp1252"))
    assert stars(found["Part C", "C01"], 0.74) == [4]


def test_a_blank_bound_is_none(tmp_path: Path) -> None:
    """Tidy tables may leave the outer ends blank instead of writing a number beyond all values."""
    open_ended = [("", 0.39), *RISING[1:4], (0.83, "")]
    found = by_measure(tidy_file(tmp_path, "Part C", {"C01": (open_ended, "True")}))  # type: ignore[dict-item]
    assert stars(found["Part C", "C01"], -5, 0.39, 5) == [1, 2, 5]


# As a catalog -----------------------------------------------------------------------------------------


def test_cut_points_become_scores_of_facts(tmp_path: Path) -> None:
    """One fact a measure, one score a measure and type of contract; the file loads and reads back as itself."""
    points = read_star_cut_points(rows_file(tmp_path / "part_d.csv", PART_D))
    found = star_catalog(points, "made up")
    assert [fact.id for fact in found.facts] == ["star_value_d02", "star_value_d08"]
    assert {score.id for score in found.scores} == {score_id(item.contract_type, item.measure) for item in points}
    assert score_id("Part D MA-PD", "D08") == "stars_part_d_ma_pd_d08"
    path = tmp_path / "stars.yaml"
    path.write_text(catalog_text(found, "made up"))
    assert CatalogFile.model_validate(yaml.safe_load(path.read_text())) == found
    assert len(load_catalog((path,), shipped=False).scores) == len(points)


# What is refused --------------------------------------------------------------------------------------


def test_a_range_that_cannot_be_read_is_refused_with_its_place(tmp_path: Path) -> None:
    """The message names measure and star."""
    spoiled = [[str(cell).replace("63 % to < 74 %", "6.3.1 % to < 74 %") for cell in row] for row in PART_C]
    [problem] = refused(read_star_cut_points, rows_file(tmp_path / "part_c.csv", spoiled))
    assert problem.place == "part_c.csv: C01, 3 stars"
    assert "is not a range" in problem.message


def test_a_bound_that_is_not_a_number_is_refused_with_its_place(tmp_path: Path) -> None:
    """A tidy table's bounds and stars must be numbers."""
    bounds = [(NONE_BELOW, 0.39), ("about 0.39", 0.63)]
    path = tidy_file(tmp_path, "Part C", {"C01": (bounds, "True")})  # type: ignore[dict-item]
    [problem] = refused(read_star_cut_points, path)
    assert problem.place == "ranges.csv, row 3, column lower_bound"


def test_cuts_out_of_order_are_refused(tmp_path: Path) -> None:
    """Text ranges whose cuts do not rise or fall from star to star are named by their measure."""
    spoiled = [[str(cell).replace(">= 63 % to < 74 %", ">= 93 % to < 94 %") for cell in row] for row in PART_C]
    [problem] = refused(read_star_cut_points, rows_file(tmp_path / "part_c.csv", spoiled))
    assert "C01" in problem.place


@pytest.mark.parametrize("rows", [[["a", "b"], [1, 2]], [["C01: Screening"], ["none"]], [TIDY_COLUMNS]])
def test_a_file_without_cut_points_is_refused(rows: list[list[object]], tmp_path: Path) -> None:
    """What is asked for is named."""
    assert refused(read_star_cut_points, rows_file(tmp_path / "other.csv", rows))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """Nothing in it, nothing read."""
    (tmp_path / "empty.csv").write_text("")
    assert "holds no" in refused(read_star_cut_points, tmp_path / "empty.csv")[0].message
