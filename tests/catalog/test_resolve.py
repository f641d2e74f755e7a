"""Names of benchmark tables and scores are replaced at load by what they stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_catalog import Words, catalog_with, component, problems_of, the_problem

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.settlement import evaluate

SCREENING = {
    "id": "bcs_2026", "measure": "BCS", "performance_year": 2026, "benchmark_year": 2024,
    "rows": [
        {"rate": 0.4, "percentile": 10, "points": 1},
        {"rate": 0.6, "percentile": 50, "points": 5},
        {"rate": 0.6, "points": 6},
        {"rate": 0.8, "percentile": 90, "points": 10},
    ],
}  # fmt: skip
READMISSIONS = {
    "id": "pcr_2026", "measure": "PCR", "performance_year": 2026, "benchmark_year": 2024, "inverse": True,
    "rows": [
        {"rate": 0.2, "percentile": 25, "points": 2},
        {"rate": 0.1, "percentile": 75, "points": 8},
    ],
}  # fmt: skip
TABLES = {"benchmarks": [SCREENING, READMISSIONS]}
BCS = {"kind": "rate", "measure": "BCS"}


def points(name: str = "bcs_2026", **more: Any) -> Words:
    """A component whose rate is a benchmark table's points."""
    return component(driver={**BCS}, rate={"kind": "benchmark", "benchmark": name, **more})


def paid(catalog: Catalog, *rates: float) -> list[float]:
    """What the rate schedule of the small program pays at some rates."""
    table = catalog.programs["small"].components[0].rate
    found: list[float] = evaluate.schedule(table, np.array([rates]))[0].tolist()
    return found


def driver_of(catalog: Catalog) -> Any:
    """The driver of the small program."""
    return catalog.programs["small"].components[0].driver


# Benchmark tables -------------------------------------------------------------------------------------


def test_points_are_linear_between_rows_and_jump_where_a_rate_stands_twice() -> None:
    """40 % brings 1 point, 50 % brings 3, just below 60 % nearly 5, 60 % itself 6, 70 % brings 8."""
    catalog = catalog_with(points(), **TABLES)
    assert paid(catalog, 0.3, 0.4, 0.5, 0.599, 0.6, 0.7, 0.8, 0.95) == pytest.approx([1, 1, 3, 4.98, 6, 8, 10, 10])


def test_points_fall_with_the_rate_where_lower_is_better() -> None:
    """Readmissions of 20 % bring 2 points, 15 % bring 5, 10 % and less bring 8."""
    catalog = catalog_with(points("pcr_2026"), **TABLES)
    assert paid(catalog, 0.3, 0.2, 0.15, 0.1, 0.05) == pytest.approx([2, 2, 5, 8, 8])


def test_floor_and_cap_cut_the_curve_where_it_crosses_them() -> None:
    """At least 3 and at most 7 points: the floor ends at 50 %, the cap begins at 65 %."""
    catalog = catalog_with(points(at_least=3, at_most=7), **TABLES)
    assert paid(catalog, 0.3, 0.45, 0.5, 0.55, 0.6, 0.65, 0.66, 0.9) == pytest.approx([3, 3, 3, 4, 6, 7, 7, 7])


def test_a_cap_inside_the_jump_holds_on_both_sides() -> None:
    """At most 5.5 points: below 60 % up to 5, from 60 % on 5.5."""
    catalog = catalog_with(points(at_most=5.5), **TABLES)
    assert paid(catalog, 0.5, 0.599, 0.6, 0.8) == pytest.approx([3, 4.98, 5.5, 5.5])


def test_points_are_scaled_before_they_are_held() -> None:
    """Half of the points, and of that at most 4."""
    catalog = catalog_with(points(times=0.5, at_most=4), **TABLES)
    assert paid(catalog, 0.4, 0.6, 0.7, 0.8) == pytest.approx([0.5, 3, 4, 4])


def test_a_percentile_is_read_from_the_rows_that_give_one() -> None:
    """Half-way between the 10th and the 50th percentile is the 30th; the row without one is passed over."""
    driver = {"kind": "percentile", "measure": "BCS", "benchmark": "bcs_2026"}
    catalog = catalog_with(component(driver=driver, rate={"kind": "linear", "per_unit": 1}), **TABLES)
    (part,) = driver_of(catalog).parts
    assert part.driver == v.Rate(kind="rate", measure="BCS")
    found = evaluate.schedule(part.schedule, np.array([[0.3, 0.4, 0.5, 0.6, 0.7, 0.9]]))[0]
    assert found.tolist() == pytest.approx([10, 10, 30, 50, 70, 90])


def test_a_percentile_of_an_inverse_table_falls_with_the_rate() -> None:
    """15 % readmissions stand at the 50th percentile, 5 % at the last one known."""
    driver = {"kind": "percentile", "measure": "PCR", "benchmark": "pcr_2026"}
    catalog = catalog_with(component(driver=driver, rate={"kind": "linear", "per_unit": 1}), **TABLES)
    found = evaluate.schedule(driver_of(catalog).parts[0].schedule, np.array([[0.25, 0.15, 0.05]]))[0]
    assert found.tolist() == pytest.approx([25, 50, 75])


def test_a_table_without_percentiles_gives_none() -> None:
    """The place, the table and the two ways out are named."""
    bare = {**SCREENING, "rows": [{"rate": 0.4, "percentile": 10, "points": 1}, {"rate": 0.6, "points": 5}]}
    driver = {"kind": "percentile", "measure": "BCS", "benchmark": "bcs_2026"}
    found = the_problem(component(driver=driver, rate={"kind": "linear", "per_unit": 1}), benchmarks=[bare])
    assert (found.place, found.message) == ("small.yaml: program small", "benchmark 'bcs_2026' has no percentiles")
    assert found.fix == "give 'percentile' in at least two rows, or use its points"


def test_an_unknown_table_is_named() -> None:
    """Both for points and for percentiles, once for each program."""
    driver = {"kind": "percentile", "measure": "BCS", "benchmark": "bsc"}
    found = the_problem(component(driver=driver, rate={"kind": "benchmark", "benchmark": "bsc"}))
    assert (found.place, found.message) == ("small.yaml: program small", "unknown benchmark 'bsc'")
    assert found.fix == "define the benchmark or check its spelling"


def test_a_table_of_an_unknown_measure_is_named() -> None:
    """A benchmark's own measure must exist."""
    found = the_problem(component(), benchmarks=[{**SCREENING, "measure": "XYZ"}])
    assert (found.place, found.message) == ("small.yaml: benchmark bcs_2026", "unknown measure 'XYZ'")


# Scores -----------------------------------------------------------------------------------------------

INNER = {
    "id": "domain", "label": "Domain",
    "driver": {
        "kind": "composite",
        "items": [{"measure": "BCS", "attainment": {"kind": "benchmark", "benchmark": "bcs_2026"}}],
    },
}  # fmt: skip
OUTER = {
    "id": "whole", "label": "Whole",
    "driver": {"kind": "sum", "parts": [{"driver": {"kind": "score", "score": "domain"}, "weight": 10}]},
}  # fmt: skip


def scored(name: str, component_id: str = "bonus") -> Words:
    """A component that looks at a named score."""
    return component(component_id, driver={"kind": "score", "score": name}, rate={"kind": "linear", "per_unit": 1})


def test_a_score_stands_for_its_driver() -> None:
    """A score inside a score, with a table inside that: nothing is left to look up."""
    catalog = catalog_with(scored("whole"), scores=[OUTER, INNER], **TABLES)
    driver = driver_of(catalog)
    assert isinstance(driver, v.Sum)
    inner = driver.parts[0].driver
    assert isinstance(inner, v.Composite)
    assert isinstance(inner.items[0].attainment, v.PiecewiseLinear)
    assert catalog.scores["whole"].driver == driver
    written = catalog.written_programs["small"].components[0].driver
    assert written == v.NamedScore(kind="score", score="whole")


def test_programs_share_a_score() -> None:
    """Two components that name one score hold the same object, so that it is evaluated once."""
    catalog = catalog_with(scored("whole"), scored("whole", "second"), scores=[OUTER, INNER], **TABLES)
    one, two = catalog.programs["small"].components
    assert one.driver is two.driver


def test_an_unknown_score_is_named() -> None:
    """With the program that looks at it."""
    found = the_problem(scored("hole"), scores=[OUTER, INNER], **TABLES)
    assert (found.place, found.message) == ("small.yaml: program small", "unknown score 'hole'")
    assert found.fix == "define the score or check its spelling"


def test_scores_in_a_circle_are_refused() -> None:
    """The whole circle is told, and nothing recurses for ever."""
    back = {**INNER, "driver": {"kind": "sum", "parts": [{"driver": {"kind": "score", "score": "whole"}}]}}
    found = problems_of(scored("whole"), scores=[OUTER, back])
    assert found
    assert all("scores name each other in a circle: " in item.message for item in found)
    assert any("domain -> whole -> domain" in item.message for item in found)
    assert {item.fix for item in found} == {"break the circle"}


def test_a_score_mentions_only_what_exists() -> None:
    """An unknown measure is found in a score that nobody looks at yet."""
    stray = {"id": "stray", "label": "Stray", "driver": {"kind": "rate", "measure": "XYZ"}}
    found = the_problem(component(), scores=[stray])
    assert (found.place, found.message) == ("small.yaml: score stray", "unknown measure 'XYZ'")


def test_the_weight_elsewhere_is_a_fact_that_exists() -> None:
    """A pool's weight of peers elsewhere is looked up like any other fact."""
    pool = {
        "kind": "pool_share", "pool_usd": {"kind": "fact", "name": "quality_rank"},
        "weight": {"of": {"kind": "members"}}, "outside_weight": "elsewhere",
    }  # fmt: skip
    found = the_problem(component(quantity=pool))
    assert (found.place, found.message) == ("small.yaml: program small", "unknown fact 'elsewhere'")
