"""How the columns of a results table become what a program looks at: the map that comes with an extract."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field, model_validator

from critmass.domain.quantities import Stratum
from critmass.domain.values import Frozen


class Cell(Frozen):
    """Where a number stands in a row. Written as a text it is a column, as a number a constant.

    `column` may list several: the first that is filled counts. `mean_of` and `sum_of` take several columns
    together, leaving blanks out; `minus` takes columns off. `values` turns texts into numbers, `otherwise`
    those that it does not list. The number is multiplied by `times`. A blank is unknown, or `missing` where
    that is given.
    """

    column: tuple[str, ...] = ()
    mean_of: tuple[str, ...] = ()
    sum_of: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    constant: float | None = None
    values: dict[str, float] = Field(default_factory=dict)
    otherwise: float | None = None
    times: float = 1.0
    missing: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_short_forms(cls, data: Any) -> Any:
        if isinstance(data, str):
            return {"column": (data,)}
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"constant": data}
        if isinstance(data, dict) and isinstance(data.get("column"), str):
            return {**data, "column": (data["column"],)}
        return data

    @model_validator(mode="after")
    def _one_place(self) -> Cell:
        given = [bool(self.column), bool(self.mean_of), bool(self.sum_of), self.constant is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of 'column', 'mean_of', 'sum_of', 'constant'")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that is looked at."""
        return (*(self.column or self.mean_of or self.sum_of), *self.minus)


class MeasureCells(Frozen):
    """A measure's columns: a rate, or counts. A rate alone stands for one eligible member."""

    rate: Cell | None = None
    denominator: Cell | None = None
    numerator: Cell | None = None
    prior_rate: Cell | None = None
    prior_denominator: Cell | None = None
    prior_numerator: Cell | None = None
    carried_numerator: Cell | None = None

    @model_validator(mode="after")
    def _rate_or_counts(self) -> MeasureCells:
        if (self.rate is None) == (self.numerator is None):
            raise ValueError("give either 'rate', or 'numerator' with 'denominator'")
        if self.numerator is not None and self.denominator is None:
            raise ValueError("a 'numerator' needs its 'denominator'")
        if self.prior_numerator is not None and self.prior_denominator is None:
            raise ValueError("a 'prior_numerator' needs its 'prior_denominator'")
        if self.prior_rate is not None and self.prior_numerator is not None:
            raise ValueError("give last year as 'prior_rate' or as counts, not both")
        return self


class Joined(Frozen):
    """Which programs a row takes part in: by the text of a column, or by columns that hold a yes."""

    column: str | None = None
    values: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    flags: dict[str, str] = Field(default_factory=dict, description="Program by the column that says 1 or yes.")
    flags_where_present: dict[str, str] = Field(
        default_factory=dict, description="The same for columns that not every file has."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Joined:
        if (self.column is None) == (not self.flags):
            raise ValueError("give 'column' with 'values', or 'flags'")
        if self.flags_where_present and not self.flags:
            raise ValueError("'flags_where_present' goes with 'flags'")
        return self


class Lookup(Frozen):
    """Another table whose columns are added, by the value of a column of both; theirs get `prefix`."""

    table: str
    by: str
    their_column: str | None = None
    prefix: str


class Spread(Frozen):
    """A long table made wide: one row for each `row`, one column for each text of `column`.

    The columns are filled by the first of `values`; those of a further one are named '<text> <value>'.
    """

    row: tuple[str, ...] = Field(min_length=1)
    column: str
    values: tuple[str, ...] = Field(min_length=1)


class ResultsMap(Frozen):
    """The map of a results table. Every row is an entity that is settled by itself.

    `only` keeps the rows whose column holds one of the texts. `joined` missing means that every row takes part
    in every program of the file.
    """

    entity: str | Annotated[tuple[str, ...], Field(min_length=1)]
    only: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    spread: Spread | None = None
    lookups: tuple[Lookup, ...] = ()
    joined: Joined | None = None
    tin: str | None = Field(default=None, description="Column whose text groups rows for what settles by TIN.")
    organization: str | None = Field(
        default=None, description="Column whose text groups rows for what settles by organization; else each alone."
    )
    members: Cell = Cell(constant=1.0)
    member_months: Cell | None = None
    strata: dict[Stratum, Cell] = Field(default_factory=dict)
    benchmark_usd: Cell | None = None
    expenditure_usd: Cell | None = None
    facts: dict[str, Cell] = Field(default_factory=dict)
    measures: dict[str, MeasureCells] = Field(default_factory=dict)
    events: dict[str, Cell] = Field(default_factory=dict)
    allowed_usd: dict[str, Cell] = Field(default_factory=dict)
    workflows: dict[str, Cell] = Field(default_factory=dict)

    @property
    def entity_columns(self) -> tuple[str, ...]:
        """The columns that together name a row."""
        return (self.entity,) if isinstance(self.entity, str) else self.entity

    def cells(self) -> Iterator[tuple[str, Cell]]:
        """Every cell with its place in the map, such as 'facts.quality_score' or 'measures.BCS.rate'."""
        for name in ("members", "member_months", "benchmark_usd", "expenditure_usd"):
            if getattr(self, name) is not None:
                yield name, getattr(self, name)
        for family in ("strata", "facts", "events", "allowed_usd", "workflows"):
            for key, cell in getattr(self, family).items():
                yield f"{family}.{key}", cell
        for measure, parts in self.measures.items():
            for name in MeasureCells.model_fields:
                if getattr(parts, name) is not None:
                    yield f"measures.{measure}.{name}", getattr(parts, name)
