"""Schedules: from what a contract looks at to what it pays."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal

from pydantic import Field, model_validator

from critmass.domain.quantities import Stratum
from critmass.domain.values import Cited, Frozen


class Step(Frozen):
    """One row of a step table: what is paid once the driver reaches `at_least`."""

    at_least: Cited
    pays: Cited


class Constant(Frozen):
    """The same rate whatever the driver."""

    kind: Literal["constant"]
    pays: Cited


class Steps(Frozen):
    """The `pays` of the last row whose threshold is reached, `otherwise` below the first.

    `inclusive: false` means that a threshold must be exceeded. For drivers where lower is better the
    thresholds fall from row to row and 'reached' means at or below.
    """

    kind: Literal["steps"]
    rows: tuple[Step, ...] = Field(min_length=1)
    otherwise: Cited = Cited(value=0.0)
    inclusive: bool = True
    descending: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Steps:
        thresholds = [float(row.at_least) for row in self.rows]
        wanted = sorted(set(thresholds), reverse=self.descending)
        if thresholds != wanted:
            direction = "fall" if self.descending else "rise"
            raise ValueError(f"thresholds must {direction} from row to row without repeats, found {thresholds}")
        return self


class Point(Frozen):
    """One corner of a piecewise linear schedule."""

    at: Cited
    pays: Cited


class PiecewiseLinear(Frozen):
    """Linear between corners, flat before the first and after the last.

    Where two corners share the same `at` the schedule jumps, and pays the later one once `at` is reached.
    `descending` corners fall from point to point, for drivers where lower is better. What is paid is
    rounded to the nearest multiple of `rounded_to`, halves up, where that is given.
    """

    kind: Literal["piecewise_linear"]
    points: tuple[Point, ...] = Field(min_length=2)
    descending: bool = False
    rounded_to: Cited | None = None

    @model_validator(mode="after")
    def _ordered(self) -> PiecewiseLinear:
        corners = [float(point.at) for point in self.points]
        if corners != sorted(corners, reverse=self.descending):
            direction = "fall" if self.descending else "rise"
            raise ValueError(f"'at' must {direction} from point to point, found {corners}")
        if self.rounded_to is not None and float(self.rounded_to) <= 0:
            raise ValueError(f"'rounded_to' must be above 0, found {float(self.rounded_to)}")
        return self

    @property
    def is_continuous(self) -> bool:
        """True when no two corners share the same `at` and nothing is rounded."""
        jumps = any(float(a.at) == float(b.at) for a, b in itertools.pairwise(self.points))
        return not jumps and self.rounded_to is None


class Linear(Frozen):
    """``base + per_unit x driver``, held between `at_least` and `at_most`."""

    kind: Literal["linear"]
    base: Cited = Cited(value=0.0)
    per_unit: Cited
    at_least: Cited | None = None
    at_most: Cited | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Linear:
        if self.at_least is not None and self.at_most is not None and float(self.at_least) > float(self.at_most):
            raise ValueError(f"'at_least' {float(self.at_least)} is above 'at_most' {float(self.at_most)}; swap them")
        return self


class BenchmarkPoints(Frozen):
    """The points of a benchmark table of the catalog, held between `at_least` and `at_most`.

    `at_least` is the floor of the scoring year, `at_most` the cap of a topped-out measure. `times` scales the
    points. Found in the catalog when it is loaded; everything after sees its corners.
    """

    kind: Literal["benchmark"]
    benchmark: str
    at_least: Cited | None = None
    at_most: Cited | None = None
    times: Cited = Cited(value=1.0)


class Bracket(Frozen):
    """A band of the driver up to `up_to` (open-ended when missing) and the marginal rate inside it."""

    up_to: Cited | None = None
    rate: Cited


class Brackets(Frozen):
    """Marginal bands, as in an income tax, symmetric around zero: the sum of rate times the part in each band."""

    kind: Literal["brackets"]
    bands: tuple[Bracket, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ordered(self) -> Brackets:
        ends = [float(band.up_to) if band.up_to is not None else float("inf") for band in self.bands]
        if ends != sorted(set(ends)) or ends[0] <= 0:
            raise ValueError(f"'up_to' must rise from band to band from above 0, and only the last is open: {ends}")
        return self


class ByStratum(Frozen):
    """A rate for each stratum; only with the quantities member_months and members."""

    kind: Literal["by_stratum"]
    rates: dict[Stratum, Cited]


Schedule = Annotated[
    Constant | Steps | PiecewiseLinear | Linear | BenchmarkPoints | Brackets | ByStratum,
    Field(discriminator="kind"),
]
DriverSchedule = Annotated[
    Constant | Steps | PiecewiseLinear | Linear | BenchmarkPoints | Brackets,
    Field(discriminator="kind"),
]
