"""Hospital Value-Based Purchasing results as CMS publishes them: thresholds, benchmarks and rates side by side.

Attainment is 9 x (rate - threshold) / (benchmark - threshold) + 0.5, improvement 10 x (rate - baseline) /
(benchmark - baseline) - 0.5, both rounded halves up, at most 10 and 9. Source: 42 CFR 412.165(a).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from critmass.domain import vocabulary as v
from critmass.domain.care import Measure
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.results_map import Cell, MeasureCells, ResultsMap
from critmass.domain.scores import Score
from critmass.domain.values import Cite, Cited
from critmass.network.mapped import parse_numbers
from critmass.network.table_file import read_table_file
from critmass.published.source import published_source

_THRESHOLD = " Achievement Threshold"
_BENCHMARK = " Benchmark"
ENTITY = "Facility ID"


@dataclass(frozen=True)
class HospitalMeasure:
    """A measure's threshold and benchmark of the fiscal year; where the benchmark is lower, lower is better."""

    name: str
    threshold: float
    benchmark: float

    @property
    def higher_is_better(self) -> bool:
        """Direction."""
        return self.benchmark > self.threshold

    @property
    def id(self) -> str:
        """An id for catalogs."""
        return self.name.replace("-", "_")

    def attainment(self) -> v.PiecewiseLinear:
        """Points of the rate alone."""
        return _rounded(
            [(self.threshold, 0.0), (self.threshold, 0.5), (self.benchmark, 9.5), (self.benchmark, 10.0)],
            descending=not self.higher_is_better,
        )

    def scored(self) -> v.ScoredMeasure:
        """The larger of attainment and improvement."""
        return v.ScoredMeasure(
            measure=self.id, attainment=self.attainment(), improvement=_IMPROVEMENT,
            improvement_basis="target_share", improvement_target=Cited(value=self.benchmark),
        )  # fmt: skip


def _rounded(corners: list[tuple[float, float]], *, descending: bool) -> v.PiecewiseLinear:
    points = tuple(v.Point(at=Cited(value=at), pays=Cited(value=pays)) for at, pays in corners)
    return v.PiecewiseLinear(kind="piecewise_linear", points=points, descending=descending, rounded_to=Cited(value=1.0))


_IMPROVEMENT = _rounded([(0.0, -0.5), (1.0, 9.5), (1.0, 9.0)], descending=False)
"""Nothing without a gain; at the benchmark nine, as ten are kept for attainment."""


def read_hospital_measures(path: Path) -> tuple[HospitalMeasure, ...]:
    """The measures of a results file.

    Raises:
        InputError: when the file has no thresholds, one without a benchmark, or one that differs from row to row.
    """
    frame = read_table_file(path)
    names = [str(column).removesuffix(_THRESHOLD) for column in frame.columns if str(column).endswith(_THRESHOLD)]
    if not names:
        fix = "name the clinical outcomes file of the Hospital VBP program"
        raise InputError([Problem(path.name, f"has no column that ends in {_THRESHOLD.strip()!r}", fix)])
    return tuple(_measure_of(frame, name, path.name) for name in names)


def _measure_of(frame: pd.DataFrame, name: str, file: str) -> HospitalMeasure:
    threshold, benchmark = (_one_number(frame, f"{name}{end}", file) for end in (_THRESHOLD, _BENCHMARK))
    if threshold == benchmark:
        fix = "name the file as it was published"
        raise InputError([Problem(f"{file}, {name}", "the benchmark is the threshold itself", fix)])
    return HospitalMeasure(name, threshold, benchmark)


def _one_number(frame: pd.DataFrame, column: str, file: str) -> float:
    if column not in frame.columns:
        raise InputError([Problem(file, f"has no column {column!r}", "name the file as it was published")])
    numbers = np.unique(parse_numbers(frame[column])[0])
    numbers = numbers[~np.isnan(numbers)]
    if len(numbers) != 1:
        raise InputError([Problem(f"{file}, column {column}", f"holds {len(numbers)} values", "one is expected")])
    return float(numbers[0])


def hospital_catalog(measures: tuple[HospitalMeasure, ...], title: str) -> CatalogFile:
    """Three scores for each measure: its attainment, its improvement, and the larger of them."""
    source = published_source(title, "https://data.cms.gov/provider-data/topics/hospitals")
    return CatalogFile(
        sources={"file": source},
        cite=Cite(source="file", confidence="quoted"),
        measures=tuple(_measure(item) for item in measures),
        scores=tuple(score for item in measures for score in _scores(item)),
    )


def _measure(item: HospitalMeasure) -> Measure:
    direction = "higher_is_better" if item.higher_is_better else "lower_is_better"
    return Measure(id=item.id, label=f"Hospital measure {item.name}", direction=direction, domain="hospital")  # type: ignore[arg-type]


def _scores(item: HospitalMeasure) -> tuple[Score, ...]:
    rate = v.ScoredPart(driver=v.Rate(kind="rate", measure=item.id), schedule=item.attainment())
    nothing = v.Constant(kind="constant", pays=Cited(value=0.0))
    gain = item.scored().model_copy(update={"attainment": nothing})
    return (
        Score(id=f"{item.id}_attainment", label="Attainment points", driver=v.Sum(kind="sum", parts=(rate,))),
        Score(id=f"{item.id}_improvement", label="Improvement points", driver=v.Points(kind="points", items=(gain,))),
        Score(id=f"{item.id}_score", label="Measure score", driver=v.Points(kind="points", items=(item.scored(),))),
    )


def hospital_map(measures: tuple[HospitalMeasure, ...]) -> ResultsMap:
    """Where a results file has each measure's rate and baseline."""
    return ResultsMap(
        entity=ENTITY,
        measures={
            item.id: MeasureCells(
                rate=Cell(column=(f"{item.name} Performance Rate",)),
                prior_rate=Cell(column=(f"{item.name} Baseline Rate",)),
            )
            for item in measures
        },
    )
