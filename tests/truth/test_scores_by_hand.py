"""Quality scores, hospital points and total scores by the shipped laws, worked out by hand: no published file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from law_books import lone_book
from wrong_laws import LAWS, OTHER_RULES, QUALITY_RULES, WrongRule

from critmass.catalog import load_catalog
from critmass.domain.catalog import CatalogFile
from critmass.domain.results_map import ResultsMap
from critmass.network.mapped import map_table
from critmass.published.hospital_value import hospital_catalog, hospital_map, read_hospital_measures
from critmass.published.quality_benchmarks import read_quality_benchmarks
from critmass.studies.entities import book_of, load_map, settle_file, settle_table

QUALITY_LAW = LAWS / "mssp_quality/2023.yaml"
TENTHS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
INVERSE = ("001", "479", "484")
UP = ("QualityID_318", "QualityID_110", "QualityID_226", "QualityID_134_WI", "QualityID_113", "QualityID_112",
      "QualityID_236_WI")  # fmt: skip
SURVEY = tuple(f"CAHPS_{number}" for number in (1, 2, 3, 4, 5, 6, 8, 9, 11))
DOWN = ("QualityID_001_WI", "Measure_484")
Row = dict[str, Any]


# Benchmarks where the rate is the percentile ----------------------------------------------------------


def table(name: str) -> Row:
    """A published benchmark by the id that a law names: 10 % is the 10th percentile, and so on."""
    measure, method, year = re.fullmatch(r"(.*)_([a-zA-Z]+)_(\d{4})", name).groups()  # type: ignore[union-attr]
    entry: Row = {"measureId": measure, "submissionMethod": method, "performanceYear": int(year)}
    entry |= {"benchmarkYear": int(year), "isToppedOut": False}
    scale, inverse = (0.01 if measure == "479" else 1), measure in INVERSE
    if int(year) < 2023:
        return entry | {"deciles": [scale * (100 - place if inverse else place) for place in TENTHS]}
    return entry | {"isInverse": inverse, "percentiles": {str(place): scale * place for place in (1, *TENTHS, 99)}}


@pytest.fixture(scope="module")
def benchmarks(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, CatalogFile]]:
    """All tables that the law of 2023 names, in the layouts of 2022 and 2023."""
    names = sorted(set(re.findall(r"[A-Z0-9_]+_[a-zA-Z]+_20\d\d", QUALITY_LAW.read_text())))
    folder = tmp_path_factory.mktemp("benchmarks")
    found = []
    for year in ("2022", "2023"):
        path = folder / f"benchmarks_{year}.json"
        path.write_text(json.dumps([table(name) for name in names if name.endswith(year)]))
        found.append((path.name, read_quality_benchmarks(path)))
    return found


def reported(percent: float, **others: object) -> Row:
    """Rates of every measure at one percentile of goodness, but for some."""
    usual = dict.fromkeys((*UP, *SURVEY), percent) | dict.fromkeys(DOWN, 100 - percent)
    return {**usual, "Measure_479": (100 - percent) / 100, "Report_WI": 1, "Report_eCQM_CQM": 0, "Recvd30p": 0} | others


FIVE_LOW_FOUR_HIGH = dict.fromkeys(SURVEY[:5], 10) | dict.fromkeys(SURVEY[5:], 90)
QUALITY: dict[str, tuple[Row, Row | None, float]] = {
    # The 50th percentile is 6 points of 10.
    "as last year": (reported(50), reported(50), 60),
    # 70 over 60 is a gain of 16.67 %.
    "improved": (reported(60), reported(50), 70 + 10 / 6),
    "fell": (reported(50), reported(70), 60),
    # 80 over 30 (the floor of three points in 2022) is a gain of 167 %.
    "improvement is at most 10": (reported(70), reported(10), 90),
    # 100 over 80 would add 2.5.
    "score is at most 100": (reported(90), reported(70), 100),
    "last year is not known": (reported(60), None, 70),
    "floor of one point": (reported(1), None, 10),
    # Halfway from the 1st percentile (1 point) to the 10th (2 points).
    "below the 10th percentile": (reported(5.5), None, 15),
    "above the 90th percentile": (reported(97), None, 100),
    "30th percentile after a disaster": (reported(1, Recvd30p=1), None, 65.76),
    "no less than one's own after a disaster": (reported(90, Recvd30p=1), None, 100),
    # Surveys are one term: (5 x 2 + 4 x 10) / 9; with ten terms of 6 points.
    "surveys count once": (reported(50, **FIVE_LOW_FOUR_HIGH), None, 10 * (60 + 50 / 9) / 11),
    "a survey that is missing": (reported(50, CAHPS_1="-", CAHPS_2=90), None, 10 * (60 + (10 + 7 * 6) / 8) / 11),
    # Nine terms of 6 points and one of 10.
    "a measure that is missing": (reported(50, QualityID_318=90, Measure_484="-"), None, 64),
}
"""This year, last year, and the score that it must be."""


def quality_scores(law: Path, benchmarks: list[tuple[str, CatalogFile]], folder: Path) -> dict[str, float]:
    """Scores of the made-up ACOs under a law."""
    this_year = [{"ACO_ID": name, **this} for name, (this, _, _) in QUALITY.items()]
    last_year = [{"ACO_ID": name, **last} for name, (_, last, _) in QUALITY.items() if last is not None]
    pd.DataFrame(this_year).to_csv(folder / "quality.csv", index=False)
    pd.DataFrame(last_year).to_csv(folder / "py2022.csv", index=False)
    text = (LAWS / "maps/mssp_quality_web_interface.yaml").read_text().replace("{last_year}", "2022")
    (folder / "map.yaml").write_text(text)
    found = settle_file(lone_book(law, benchmarks), folder / "quality.csv", load_map(folder / "map.yaml"))
    return dict(zip(found.table.names, found.scores["mssp_quality"].tolist(), strict=True))


def test_quality_scores(benchmarks: list[tuple[str, CatalogFile]], tmp_path: Path) -> None:
    """Every made-up ACO has the score that the hand worked out."""
    wanted = {name: score for name, (_, _, score) in QUALITY.items()}
    assert quality_scores(QUALITY_LAW, benchmarks, tmp_path) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.name) for rule in QUALITY_RULES])
def test_a_wrong_quality_rule_breaks_a_score(
    rule: WrongRule, benchmarks: list[tuple[str, CatalogFile]], tmp_path: Path
) -> None:
    """Every wrong law of the quality score gives some made-up ACO another score."""
    rule.write(tmp_path)
    wanted = {name: score for name, (_, _, score) in QUALITY.items()}
    assert quality_scores(tmp_path / rule.files[0], benchmarks, tmp_path) != pytest.approx(wanted, abs=0.03)


CAPPED = """
cite: {assumption: true, reason: made up}
scores:
  - id: topped_out
    label: Points of a topped-out measure
    driver:
      kind: points
      items:
        - measure: FALLS
          attainment: {kind: benchmark, benchmark: "318_cmsWebInterface_2023", at_least: 1, at_most: 7}
"""


def test_a_topped_out_measure_is_capped(benchmarks: list[tuple[str, CatalogFile]], tmp_path: Path) -> None:
    """`at_most: 7` leaves six points as they are, and makes seven of every number above."""
    law, results = tmp_path / "capped.yaml", tmp_path / "rates.csv"
    law.write_text(CAPPED)
    results.write_text("name,rate\nsix,0.50\nseven,0.60\neight,0.70\nten,0.95\n")
    asked = ResultsMap.model_validate({"entity": "name", "measures": {"FALLS": {"rate": "rate"}}})
    found = settle_file(lone_book(law, benchmarks), results, asked)
    assert found.scores["topped_out"].tolist() == pytest.approx([6, 7, 7, 7])


# Hospitals --------------------------------------------------------------------------------------------

HOSPITALS = {
    # Baseline, rate, attainment, improvement, score; from 0.10 (threshold) to 0.91 (benchmark).
    "below the threshold": (0.05, 0.09, 0, 0, 0),
    "at the threshold": ("Not Available", 0.10, 1, 0, 1),
    # 9 x 1/3 + 0.5 = 3.5
    "half a point is rounded up": ("Not Available", 0.37, 4, 0, 4),
    # 9 x 0.8 + 0.5 = 7.7; 10 x (0.748 - 0.01) / 0.90 - 0.5 = 7.7
    "both the same": (0.01, 0.748, 8, 8, 8),
    # 9 x 0.1 / 0.81 + 0.5 = 1.61; 10 x (0.20 - 0.01) / 0.90 - 0.5 = 1.61
    "early on": (0.01, 0.20, 2, 2, 2),
    # 9 x 0.7 / 0.81 + 0.5 = 8.28; a fall earns nothing.
    "fell": (0.85, 0.80, 8, 0, 8),
    # 9 x 0.41 / 0.81 + 0.5 = 5.06; 10 x (0.51 - 0.11) / 0.80 - 0.5 = 4.5, rounded up
    "half a point of improvement": (0.11, 0.51, 5, 5, 5),
    # 9 x 0.05 / 0.81 + 0.5 = 1.06; 10 x 0.15 / 0.91 - 0.5 = 1.15
    "below the threshold before": (0.0, 0.15, 1, 1, 1),
    # 9 x 0.27 / 0.81 + 0.5 = 3.5; 10 x (0.37 - -0.09) / 1.00 - 0.5 = 4.1
    "at the benchmark": (0.20, 0.91, 10, 9, 10),
    "above the benchmark": (0.20, 0.99, 10, 9, 10),
    "not scored": ("Not Available", "Not Available", None, None, None),
}


def hospital_file(folder: Path) -> Path:
    """The hospitals as a results file, once where higher is better and once mirrored."""
    rows = [
        {"Facility ID": name, **measure("MORT", 0.10, 0.91, base, rate)}
        | measure("COMP", 0.90, 0.09, mirrored(base), mirrored(rate))
        for name, (base, rate, *_) in HOSPITALS.items()
    ]
    pd.DataFrame(rows).to_csv(folder / "hospitals.csv", index=False)
    return folder / "hospitals.csv"


def measure(name: str, threshold: float, benchmark: float, base: object, rate: object) -> Row:
    """A measure's published columns."""
    return {
        f"{name} Achievement Threshold": threshold, f"{name} Benchmark": benchmark,
        f"{name} Baseline Rate": base, f"{name} Performance Rate": rate,
    }  # fmt: skip


def mirrored(rate: object) -> object:
    """The rate of the opposite."""
    return 1 - rate if isinstance(rate, float) else rate


def hospital_points(path: Path, build: Callable[..., CatalogFile]) -> dict[str, list[list[float | None]]]:
    """Attainment, improvement and score of each hospital, by measure; None where unknown."""
    measures = read_hospital_measures(path)
    whole = load_catalog(shipped=False, parsed=[(path.name, build(measures, "made up"))])
    book = book_of(whole, load_catalog(shipped=False))
    scores = settle_table(book, map_table(path, hospital_map(measures), "map")).scores
    parts = ("attainment", "improvement", "score")
    found = {}
    for measure_id in ("MORT", "COMP"):
        columns = [unknown(scores[f"{measure_id}_{part}"].tolist()) for part in parts]
        found[measure_id] = [list(row) for row in zip(*columns, strict=True)]
    return found


def unknown(numbers: list[float]) -> list[float | None]:
    """None instead of NaN, which equals nothing."""
    return [None if number != number else number for number in numbers]


def test_hospital_points(tmp_path: Path) -> None:
    """Attainment, improvement and the larger of them, the same where lower is better."""
    wanted = [list(points) for _, _, *points in HOSPITALS.values()]
    found = hospital_points(hospital_file(tmp_path), hospital_catalog)
    assert found["MORT"] == wanted
    assert found["COMP"] == wanted


@pytest.mark.parametrize(
    "rule", [pytest.param(rule, id=rule.name) for rule in OTHER_RULES if rule.built_by == "hospital_catalog"]
)
def test_a_wrong_hospital_rule_breaks_points(rule: WrongRule, tmp_path: Path) -> None:
    """Also rounding halves down, which no published row notices, gives some hospital other points."""
    wanted = [list(points) for _, _, *points in HOSPITALS.values()]
    assert hospital_points(hospital_file(tmp_path), rule.wrapped(hospital_catalog))["MORT"] != wanted


TOTALS = {
    # Four quarters; three thirds; two halves; one alone.
    "all": ((40, 60, 20, 0), 30.0),
    "without safety": ((30, 54, "Not Available", 0), 28.0),
    "two": ((30, "Not Available", 50, "Not Available"), 40.0),
    "one": (("Not Available", "Not Available", "Not Available", 70), 70.0),
}


def hospital_totals(map_path: Path, folder: Path) -> list[float]:
    """Total scores of the made-up hospitals by a map."""
    domains = [cell.columns[0] for cell in load_map(map_path).facts.values()]
    rows = [{"Facility ID": name, **dict(zip(domains, scores, strict=True))} for name, (scores, _) in TOTALS.items()]
    pd.DataFrame(rows).to_csv(folder / "totals.csv", index=False)
    book = lone_book(LAWS / "hvbp/total_performance.yaml")
    return list(settle_file(book, folder / "totals.csv", load_map(map_path)).scores["hvbp_total"])


def test_a_missing_domain_gives_its_weight_to_the_others(tmp_path: Path) -> None:
    """The total is the mean of the domains that are there; counting a missing one as 0 is lower."""
    assert hospital_totals(LAWS / "maps/hvbp_total.yaml", tmp_path) == pytest.approx([30, 28, 40, 70])
    rule = next(rule for rule in OTHER_RULES if rule.set_id == "hvbp_total")
    rule.write(tmp_path)
    assert hospital_totals(tmp_path / rule.files[0], tmp_path) == pytest.approx([30, 21, 20, 17.5])
