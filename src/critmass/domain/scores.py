"""Benchmark tables by year, and scores that programs look at by name."""

from __future__ import annotations

from pydantic import Field, model_validator

from critmass.domain.drivers import Driver
from critmass.domain.schedules import PiecewiseLinear, Point
from critmass.domain.values import Cite, Cited, Frozen


class BenchmarkRow(Frozen):
    """A rate, the percentile of practices or plans that it stands for, and the points that it earns."""

    rate: Cited
    percentile: Cited | None = None
    points: Cited


class Benchmark(Frozen):
    """A published table from a measure's rate to points.

    `performance_year` is the year that is scored, `benchmark_year` the year whose results the table was made
    of. Rows go from the fewest points to the most; where lower is better (`inverse`) their rates fall. Points
    are linear between rows, and rows with the same rate are a jump. `collection_type` tells tables of one
    measure and year apart, such as ecqm or registry. `measure` is an id of the catalog; tables of measures that
    it does not hold have their `published_id` alone.
    """

    id: str
    measure: str | None = None
    published_id: str = ""
    performance_year: int = Field(ge=2000, le=2100)
    benchmark_year: int = Field(ge=2000, le=2100)
    collection_type: str = ""
    inverse: bool = False
    topped_out: bool = False
    rows: tuple[BenchmarkRow, ...] = Field(min_length=2)
    cite: Cite | None = None

    @model_validator(mode="after")
    def _points_rise(self) -> Benchmark:
        points = [float(row.points) for row in self.rows]
        if points != sorted(points):
            raise ValueError(f"points must rise from row to row, found {points}")
        self.curve(points)
        return self

    def curve(self, heights: list[float]) -> PiecewiseLinear:
        """A schedule through the table's rates with other heights, such as percentiles."""
        corners = tuple(
            Point(at=row.rate, pays=Cited(value=height)) for row, height in zip(self.rows, heights, strict=True)
        )
        return PiecewiseLinear(kind="piecewise_linear", points=corners, descending=self.inverse)


class Score(Frozen):
    """A driver under a name of its own."""

    id: str
    label: str
    driver: Driver
    cite: Cite | None = None
