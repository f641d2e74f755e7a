"""Measures that payers specify or reward differently, and what the differences cost in reporting."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.programs import Component, Program
from critmass.domain.values import Cited
from critmass.domain.walk import words_in
from critmass.settlement.costs import reporting_usd
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import Terms

Basis = Literal["rate", "percentile", "improvement"]
Relation = Literal["same", "modified", "different"]


@dataclass(frozen=True, order=True)
class Threshold:
    """A value that a contract looks for: a rate or a gain (fractions), or a percentile (0 to 100)."""

    basis: Basis
    value: float


@dataclass(frozen=True)
class MeasureUse:
    """How one payer uses a measure: its programs, thresholds in rising order, and specification."""

    payer: str
    programs: tuple[str, ...]
    thresholds: tuple[Threshold, ...]
    specifications: tuple[str, ...]
    relation: Relation | None
    note: str


@dataclass(frozen=True)
class SharedMeasure:
    """A measure that at least two payers with members here use."""

    measure: str
    uses: tuple[MeasureUse, ...]

    @property
    def thresholds_differ(self) -> bool:
        """Whether payers that set thresholds set different ones."""
        return len({use.thresholds for use in self.uses if use.thresholds}) > 1

    @property
    def specifications_differ(self) -> bool:
        """Whether a payer changes the measure, or has it reported under another specification."""
        changed = any(use.relation in ("modified", "different") for use in self.uses)
        return changed or len({use.specifications for use in self.uses}) > 1


def shared_measures(terms: Terms) -> tuple[SharedMeasure, ...]:
    """Measures of the programs in force that at least two payers use, in order of their ids."""
    used: dict[str, dict[str, list[tuple[Program, Component]]]] = {}
    for clause in terms.clauses:
        for measure in clause.component.measures:
            used.setdefault(measure, {}).setdefault(clause.payer, []).append((clause.program, clause.component))
    return tuple(
        SharedMeasure(measure, tuple(_use(measure, payer, payers[payer], terms.catalog) for payer in sorted(payers)))
        for measure, payers in sorted(used.items())
        if len(payers) > 1
    )


def _use(measure: str, payer: str, parts: Sequence[tuple[Program, Component]], catalog: Catalog) -> MeasureUse:
    found = {threshold for _, component in parts for name, threshold in thresholds(component) if name == measure}
    row = next((row for row in catalog.crosswalk if (row.payer, row.measure) == (payer, measure)), None)
    return MeasureUse(
        payer=payer,
        programs=tuple(dict.fromkeys(program.id for program, _ in parts)),
        thresholds=tuple(sorted(found)),
        specifications=tuple(sorted({program.reporting.specification for program, _ in parts})),
        relation=None if row is None else row.relation,
        note="" if row is None else row.note,
    )


# Thresholds -------------------------------------------------------------------------------------------


def thresholds(component: Component) -> Iterator[tuple[str, Threshold]]:
    """Values of a measure's rate, percentile or gain that a component looks for, each with its measure."""
    for word in words_in(component):
        if isinstance(word, v.MeasureTarget):
            yield word.measure, Threshold("rate", float(word.target))
        elif isinstance(word, v.ScoredMeasure):
            yield from ((word.measure, Threshold("rate", at)) for at in _edges(word.attainment))
            yield from ((word.measure, Threshold("improvement", at)) for at in _edges(word.improvement))
        else:
            yield from _of_driver(word)


def _of_driver(word: BaseModel) -> Iterator[tuple[str, Threshold]]:
    """Thresholds of a word with a driver of its own: a gate, a component, a multiplier, a part of a score."""
    driver = getattr(word, "driver", None)
    if not isinstance(driver, v.Rate | v.Percentile | v.Improvement):
        return
    if isinstance(word, v.Test):
        values = [float(word.threshold)] if isinstance(word.threshold, Cited) else []
    else:
        values = [*_edges(getattr(word, "rate" if isinstance(word, Component) else "schedule", None))]
    yield from ((driver.measure, Threshold(driver.kind, value)) for value in values)


def _edges(schedule: object) -> Iterator[float]:
    """Where a schedule changes what it pays."""
    if isinstance(schedule, v.Steps):
        yield from (float(row.at_least) for row in schedule.rows)
    elif isinstance(schedule, v.PiecewiseLinear):
        yield from (float(point.at) for point in schedule.points)


# Reporting --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ReportingBurden:
    """What reporting for the joined programs costs, and what it would cost with one specification, USD a year.

    `common_usd` is the cost if every practice reported each measure once, under the dearest of the specifications
    that are asked of it. `of_specifications_usd` is what programs that practices join for themselves cost more than
    that; `of_organization_usd` is what reports of the organization repeat.
    """

    today_usd: float
    common_usd: float
    of_specifications_usd: float
    of_organization_usd: float

    @property
    def of_differences_usd(self) -> float:
        """What the differences cost together."""
        return round(self.of_specifications_usd + self.of_organization_usd, 2)


def reporting_burden(programs: Sequence[Program], joined: BoolArray, reporting: FloatArray) -> ReportingBurden:
    """The burden of programs that practices take part in.

    `joined` has shape (practice, program); `reporting` is what each practice pays to report, shape (practice,).
    """
    of_practices = np.array([program.join_level == "practice" for program in programs], dtype=np.bool_)
    own = float(reporting.sum())
    for_them = sum(
        reporting_usd(program) * int(joined[:, place].sum())
        for place, program in enumerate(programs)
        if program.join_level == "organization"
    )
    common_own = _common_usd(programs, joined & of_practices)
    common = _common_usd(programs, joined)
    return ReportingBurden(
        today_usd=round(own + for_them, 2),
        common_usd=round(common, 2),
        of_specifications_usd=round(own - common_own, 2),
        of_organization_usd=round(for_them - (common - common_own), 2),
    )


def _common_usd(programs: Sequence[Program], joined: BoolArray) -> float:
    """Reporting of all practices when each measure is reported once, at the dearest price asked of the practice."""
    total, dearest = 0.0, dict[str, FloatArray]()
    for place, program in enumerate(programs):
        takes_part = joined[:, place] * 1.0
        total += float(program.reporting.fixed_usd) * float(takes_part.sum())
        for measure in program.measures:
            price = takes_part * float(program.reporting.per_measure_usd)
            dearest[measure] = np.maximum(dearest.get(measure, np.zeros_like(price)), price)
    return total + float(sum(price.sum() for price in dearest.values()))
