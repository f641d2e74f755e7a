"""The numbers of a program that a payer could change, each by its path in the catalog."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.programs import Component, Program
from critmass.domain.values import Cited

Role = Literal["amount", "target", "reporting", "all_amounts"]

FACTOR = 10.0
"""How far an amount is changed at most, up or down."""

_MONEY = (v.AllowedCharges, v.Savings, v.Expenditure, v.BenchmarkExpenditure, v.PaidBy, v.Combination)
"""Quantities in USD: what they are multiplied with is a share."""
_SHARE_DRIVERS = ("rate", "improvement", "composite", "savings_rate", "peer_percentile", "ratio", "gain", "score")
"""Drivers that are fractions."""
_COUNT_DRIVERS = ("measures_met", "denominator", "members")
"""Drivers that are whole numbers."""


@dataclass(frozen=True)
class ContractNumber:
    """One number, or with the role 'all_amounts' a factor on all amounts of a program together.

    `quantity` is the kind of what an amount is paid for, `driver` the kind of what a target looks at, `measure` the
    measure that it speaks of. `is_share` marks fractions. It may move between `low` and `high` in steps of `notch`.
    """

    program: str
    component: str
    role: Role
    paths: tuple[str, ...]
    value: float
    low: float
    high: float
    notch: float
    quantity: str = ""
    driver: str = ""
    measure: str = ""
    is_share: bool = False

    def values(self, number: float, catalog_values: dict[str, float]) -> dict[str, float]:
        """The values by path that this number stands for; `catalog_values` has those of today."""
        if self.role == "all_amounts":
            return {path: round(number * catalog_values[path], 6) for path in self.paths}
        return {self.paths[0]: number}


def contract_numbers(program: Program, catalog: Catalog) -> list[ContractNumber]:
    """Every number of a program that could be negotiated: amounts, targets, the cost of reporting.

    `program` is as the files have it. What is paid or taken without joining is no reason to join, and is left out,
    as are numbers of zero, which no factor changes.
    """
    known = {item.path for item in catalog.provenance if item.owner == program.id}
    found = [number for number in _numbers(program, catalog) if set(number.paths) <= known and number.value]
    amounts = [number for number in found if number.role == "amount"]
    return [*_together(program, amounts), *found] if len(amounts) > 1 else found


def _together(program: Program, amounts: list[ContractNumber]) -> Iterator[ContractNumber]:
    """A factor on all amounts, as large as the shares among them allow."""
    paths = tuple(path for number in amounts for path in number.paths)
    most = min((number.high / number.value for number in amounts if number.value > 0), default=FACTOR)
    yield ContractNumber(program.id, "", "all_amounts", paths, 1.0, 1.0 / FACTOR, most, 0.01)


def _numbers(program: Program, catalog: Catalog) -> Iterator[ContractNumber]:
    for name in ("fixed_usd", "per_measure_usd"):
        value = float(getattr(program.reporting, name))
        low, high = _around(value)
        path = f"{program.id}.reporting.{name}"
        yield ContractNumber(program.id, "", "reporting", (path,), value, low, high, notch_of(value, 2), quantity=name)
    for component in program.components:
        if component.applies == "joined":
            yield from _of_component(program, component, catalog)


def _of_component(program: Program, component: Component, catalog: Catalog) -> Iterator[ContractNumber]:
    at = f"{program.id}.components[{component.id}]"
    share = isinstance(component.quantity, _MONEY)
    for path, value in _paid(component.rate, f"{at}.rate"):
        yield _amount(program, component, path, value, share=share)
    if component.prepaid is not None:
        yield _amount(program, component, f"{at}.prepaid.rate", float(component.prepaid.rate), share=False)
    for place, limit in enumerate(component.limits):
        if isinstance(limit, v.Cap | v.Floor) and limit.usd is not None:
            yield _amount(
                program, component, f"{at}.limits[{place}].usd", float(limit.usd), share=False, quantity="limit"
            )
    looked_at = [*_thresholds(component.rate, f"{at}.rate", component.driver)]
    looked_at += _of_driver(component.driver, f"{at}.driver")
    for place, gate in enumerate(component.gates):
        looked_at += _of_gate(gate, f"{at}.gates[{place}]")
    for path, value, driver, measure in looked_at:
        if _may_move(driver, catalog):
            yield _target(program, component, path, value, driver, measure)


# Amounts ----------------------------------------------------------------------------------------------


def _amount(
    program: Program, component: Component, path: str, value: float, *, share: bool, quantity: str = ""
) -> ContractNumber:
    low, high = _around(value)
    if share and 0 < value <= 1:
        high = min(high, 1.0)
    kind = quantity or component.quantity.kind
    notch = notch_of(value, 2) if share else max(notch_of(value, 2), 0.01)
    return ContractNumber(
        program.id, component.id, "amount", (path,), value, low, high, notch, quantity=kind, is_share=share
    )


def _paid(schedule: v.Schedule, at: str) -> Iterator[tuple[str, float]]:
    """What a rate's schedule pays, row by row, with paths."""
    if isinstance(schedule, v.Constant):
        yield f"{at}.pays", float(schedule.pays)
    elif isinstance(schedule, v.ByStratum):
        yield from ((f"{at}.rates.{stratum}", float(rate)) for stratum, rate in schedule.rates.items())
    elif isinstance(schedule, v.Steps):
        yield from ((f"{at}.rows[{place}].pays", float(row.pays)) for place, row in enumerate(schedule.rows))
        yield f"{at}.otherwise", float(schedule.otherwise)
    elif isinstance(schedule, v.PiecewiseLinear):
        yield from ((f"{at}.points[{place}].pays", float(point.pays)) for place, point in enumerate(schedule.points))
    elif isinstance(schedule, v.Linear):
        yield f"{at}.base", float(schedule.base)
        yield f"{at}.per_unit", float(schedule.per_unit)
    elif isinstance(schedule, v.Brackets):
        yield from ((f"{at}.bands[{place}].rate", float(band.rate)) for place, band in enumerate(schedule.bands))


def _around(value: float) -> tuple[float, float]:
    ends = sorted((value / FACTOR, value * FACTOR))
    return ends[0], ends[1]


def notch_of(value: float, digits: int) -> float:
    """The step in which a number is changed: its first significant digits count, `digits` after the first."""
    return 1.0 if value == 0 else float(10.0 ** (math.floor(math.log10(abs(value))) - digits))


# Targets ----------------------------------------------------------------------------------------------

_Looked = tuple[str, float, BaseModel, str]
"""A threshold: its path, its value, the driver that is compared, and the measure that it speaks of."""


def _target(
    program: Program, component: Component, path: str, value: float, driver: BaseModel, measure: str
) -> ContractNumber:
    kind = str(getattr(driver, "kind", "rate"))
    share = kind in _SHARE_DRIVERS and 0 <= value <= 1
    high = 1.0 if share else 100.0 if kind == "percentile" else FACTOR * abs(value)
    notch = max(notch_of(value, 1), 1.0) if kind in _COUNT_DRIVERS else notch_of(value, 1)
    return ContractNumber(
        program.id, component.id, "target", (path,), value, min(0.0, value), high, notch,
        driver=kind, measure=measure or str(getattr(driver, "measure", "")), is_share=share,
    )  # fmt: skip


def _may_move(driver: BaseModel, catalog: Catalog) -> bool:
    """A yes/no that a practice states is a fact, not a term."""
    return not isinstance(driver, v.Fact) or catalog.facts[driver.name].kind == "number"


def _thresholds(schedule: v.Schedule | None, at: str, driver: v.Driver | None, measure: str = "") -> Iterator[_Looked]:
    """Where a schedule's rows begin, with paths."""
    if driver is None:
        return
    if isinstance(schedule, v.Steps):
        for place, row in enumerate(schedule.rows):
            yield f"{at}.rows[{place}].at_least", float(row.at_least), driver, measure
    elif isinstance(schedule, v.PiecewiseLinear):
        for place, point in enumerate(schedule.points):
            yield f"{at}.points[{place}].at", float(point.at), driver, measure


def _of_driver(driver: v.Driver | None, at: str) -> Iterator[_Looked]:
    """Targets inside a count of measures met, and inside points and composites."""
    if isinstance(driver, v.MeasuresMet):
        for place, item in enumerate(driver.items):
            rate = v.Rate(kind="rate", measure=item.measure)
            yield f"{at}.items[{place}].target", float(item.target), rate, item.measure
    elif isinstance(driver, v.Points | v.Composite):
        for place, scored in enumerate(driver.items):
            rate = v.Rate(kind="rate", measure=scored.measure)
            yield from _thresholds(scored.attainment, f"{at}.items[{place}].attainment", rate, scored.measure)


def _of_gate(gate: v.Gate, at: str) -> Iterator[_Looked]:
    if isinstance(gate, v.Test) and isinstance(gate.threshold, Cited):
        yield f"{at}.{gate.comparison}", float(gate.threshold), gate.driver, ""
    elif isinstance(gate, v.AllOf | v.AnyOf):
        for place, part in enumerate(gate.of):
            yield from _of_gate(part, f"{at}.of[{place}]")
