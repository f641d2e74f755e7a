"""Published results of Medicare programs and payment vectors, reproduced row by row by the laws in data."""

from __future__ import annotations

import pytest
from published_truth import PublishedTruth, all_sets
from wrong_laws import LAWS

from critmass.domain.results_map import ResultsMap
from critmass.studies.entities import load_map
from critmass.studies.verify import CheckOutcome, Miss

COUNTS = [
    ("mssp_settlement", "2017", "earned", 472, 472),
    ("mssp_settlement", "2022", "earned", 482, 481),
    ("mssp_quality", "2023", "quality_score", 166, 164),
    ("mssp_quality", "2023", "quality_score_floor", 12, 12),
    ("reach", "2021", "shared_savings", 53, 53),
    ("reach", "2022", "shared_savings", 99, 99),
    ("reach", "2021", "sequestered", 53, 53),
    ("reach", "2022", "sequestered", 99, 98),
    ("hvbp_total", "2021", "total", 1300, 1300),
    ("fee_schedule", "2025", "national_nonfacility", 43, 43),
    ("fee_schedule", "2025", "national_facility", 43, 43),
    ("fee_schedule", "2025", "by_place_nonfacility", 43 * 109, 43 * 109),
    ("fee_schedule", "2025", "by_place_facility", 43 * 109, 43 * 109),
    ("payment_vectors", "vectors", "cents", 17, 17),
]
"""Set, year, check, rows tried, and rows that must match at least."""

WHOLE_SETS = [("hvbp_clinical", 18, 33_357), ("stars", 48, 13_048)]
"""Sets with a check for each measure: checks, and rows tried, all of which must match."""


def of_check(found: list[CheckOutcome], year: str, check: str) -> CheckOutcome:
    """One check of one year."""
    return next(item for item in found if (item.year, item.check) == (year, check))


def misses(found: list[CheckOutcome]) -> list[tuple[str, str, Miss]]:
    """Every row that did not match, with its year and check."""
    return [(item.year, item.check, miss) for item in found for miss in item.misses]


@pytest.mark.parametrize(("set_id", "year", "check", "tried", "matched"), COUNTS)
def test_rows_match(set_id: str, year: str, check: str, tried: int, matched: int, truth: PublishedTruth) -> None:
    """As many rows are tried as the file has, and no fewer match than ever did."""
    found = of_check(truth.checks(set_id), year, check)
    assert (found.tried, found.matched >= matched) == (tried, True)


@pytest.mark.parametrize(("set_id", "checks", "tried"), WHOLE_SETS)
def test_every_row_of_every_measure_matches(set_id: str, checks: int, tried: int, truth: PublishedTruth) -> None:
    """Points of every hospital measure, and stars of every Star measure, are all equal."""
    found = truth.checks(set_id)
    assert len(found) == checks
    assert sum(item.tried for item in found) == sum(item.matched for item in found) == tried


def test_catalog_fees_are_the_published_ones(truth: PublishedTruth) -> None:
    """Fees that the shipped catalog quotes for single codes equal the published amounts to the cent."""
    found = of_check(truth.checks("fee_schedule"), "2025", "catalog_fees")
    assert found.tried == found.matched > 0


def test_the_one_missed_settlement_lacks_its_revenue_limit(truth: PublishedTruth) -> None:
    """The only ACO that differs is A1070 in 2022, whose loss limit rests on revenue that is not published."""
    [(year, _, miss)] = misses(truth.checks("mssp_settlement"))
    assert (year, miss.entity) == ("2022", "A1070")
    assert miss.computed < miss.published
    assert "revenue" in miss.cause


def test_quality_scores_match_where_last_year_is_known(truth: PublishedTruth) -> None:
    """At least 97 % are within 0.03 of the published score, and no score lies below its attainment."""
    found = truth.checks("mssp_quality")
    known, floor = (of_check(found, "2023", name) for name in ("quality_score", "quality_score_floor"))
    assert known.matched >= 0.97 * known.tried
    assert floor.misses == ()


def test_the_one_missed_reach_amount_is_published_as_nothing(truth: PublishedTruth) -> None:
    """Shared savings match in all 152 ACO-years, and after the sequester in all but one, published as 0."""
    [(_, check, miss)] = misses(truth.checks("reach"))
    assert (check, miss.published) == ("sequestered", 0.0)
    assert miss.computed > 0


@pytest.mark.parametrize("set_id", sorted(all_sets()))
def test_no_miss_is_without_a_cause(set_id: str, truth: PublishedTruth) -> None:
    """Every set is tried, and each row that does not match has a cause in an input that is not published."""
    found = truth.checks(set_id)
    assert sum(item.tried for item in found) > 0
    assert [miss for _, _, miss in misses(found) if not miss.cause] == []


MAPPED = [(set_id, name) for set_id, item in sorted(all_sets().items()) for name in item.maps]


@pytest.mark.parametrize(("set_id", "name"), MAPPED)
def test_no_answer_is_among_the_inputs(set_id: str, name: str) -> None:
    """A map reads none of the columns that its set is compared with."""
    results_map: ResultsMap = load_map(LAWS / name)
    read = {column for _, cell in results_map.cells() for column in cell.columns}
    assert read.isdisjoint(check.published for check in all_sets()[set_id].checks)
