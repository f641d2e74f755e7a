"""MIPS quality benchmarks, as the JSON files of CMS's qpp-measures-data have them.

From 2023 on a table lists the rates at percentiles 1, 10, ..., 90, 99, always rising, with a flag for
measures where lower is better. Before, it lists the lower ends of deciles in the order of rising points.
Points are linear inside a decile: 1 at the lowest percentile, 2 at the 10th, 10 at the 90th and above.
Source: 42 CFR 414.1380(b)(1).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from critmass.catalog.schema_words import schema_problems
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.scores import Benchmark, BenchmarkRow
from critmass.domain.values import Cite, Cited, Frozen
from critmass.published.source import published_source

_COST = ("COST_", "MSPB", "TPCC")
"""Measures whose benchmarks are dollars or ratios, not rates."""
_TENTHS = (10, 20, 30, 40, 50, 60, 70, 80, 90)
_MOST_POINTS = 10
_AS_FRACTION = "administrativeClaims"
"""The one collection type that publishes some rates as fractions; all others are in percent."""


class _Published(Frozen):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)
    measure: str = Field(alias="measureId")
    performance_year: int = Field(alias="performanceYear")
    benchmark_year: int = Field(alias="benchmarkYear")
    method: str = Field(alias="submissionMethod")
    topped_out: bool = Field(default=False, alias="isToppedOut")
    inverse: bool | None = Field(default=None, alias="isInverse")
    percentiles: dict[int, float] | None = None
    deciles: tuple[float, ...] | None = None


def read_quality_benchmarks(path: Path) -> CatalogFile:
    """Benchmark tables of one performance year, rates as fractions; ids are 'measure_method_year'.

    Cost measures, and tables without any cut, are left out.

    Raises:
        InputError: with every entry that is not a benchmark.
    """
    if not path.is_file():
        raise InputError([Problem(str(path), "no such file", "name an existing file")])
    try:
        entries = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError([Problem(path.name, f"is not JSON ({error})", "fetch the file again")]) from None
    if not isinstance(entries, list):
        raise InputError([Problem(path.name, "is not a list of benchmarks", "name a benchmarks file")])
    problems: list[Problem] = []
    tables = [table for place, item in enumerate(entries) for table in _table(item, f"{path.name}[{place}]", problems)]
    if problems:
        raise InputError(problems)
    source = published_source(f"CMS quality benchmarks, {path.name}", "https://github.com/CMSgov/qpp-measures-data")
    return CatalogFile(sources={"file": source}, benchmarks=tuple(tables))


def _table(item: Any, place: str, problems: list[Problem]) -> list[Benchmark]:
    try:
        found = _Published.model_validate(item)
        cuts = _cuts(found)
        return [] if len(cuts) < 2 or found.measure.startswith(_COST) else [_benchmark(found, cuts)]
    except ValidationError as error:
        problems += schema_problems(error, place)
        return []


def _benchmark(found: _Published, cuts: list[tuple[float, float, float]]) -> Benchmark:
    scale = 1.0 if found.method == _AS_FRACTION and max(rate for rate, _, _ in cuts) <= 1.0 else 0.01
    return Benchmark(
        id=f"{found.measure}_{found.method}_{found.performance_year}", published_id=found.measure,
        performance_year=found.performance_year, benchmark_year=found.benchmark_year,
        collection_type=found.method, inverse=_is_inverse(found), topped_out=found.topped_out,
        rows=tuple(_row(rate * scale, percentile, points) for rate, percentile, points in cuts),
        cite=Cite(source="file", confidence="quoted"),
    )  # fmt: skip


def _row(rate: float, percentile: float, points: float) -> BenchmarkRow:
    return BenchmarkRow(
        rate=Cited(value=round(rate, 12)), percentile=Cited(value=percentile), points=Cited(value=points)
    )


def _is_inverse(found: _Published) -> bool:
    if found.inverse is not None:
        return found.inverse
    cuts = found.deciles or (0.0,)
    return cuts[0] > cuts[-1]


def _cuts(found: _Published) -> list[tuple[float, float, float]]:
    """Rate, percentile of goodness, and points of each cut, in the order of rising points."""
    if found.percentiles is not None:
        inverse, low = _is_inverse(found), 1
        order = (low, *_TENTHS)
        rates = [found.percentiles.get(100 - place if inverse else place) for place in order]
        return [
            (rate, float(place), float(points))
            for points, (place, rate) in enumerate(zip(order, rates, strict=True), start=1)
            if rate is not None
        ]
    deciles = found.deciles or ()
    first = _MOST_POINTS + 1 - len(deciles)
    return [(rate, 10.0 * (points - 1), float(points)) for points, rate in enumerate(deciles, start=first)]
