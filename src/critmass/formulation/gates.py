"""Gates as 0/1 expressions of a block."""

from __future__ import annotations

from functools import singledispatch

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.values import Cited
from critmass.formulation.block import Affine, FloatArray
from critmass.formulation.curves import EQUAL
from critmass.formulation.dispatch import driver
from critmass.formulation.drivers import scheduled, stepped
from critmass.formulation.reading import Reading
from critmass.formulation.steps import height_of, needed_parts
from critmass.settlement import evaluate


@singledispatch
def gate(word: object, reading: Reading, *, adverse: bool) -> list[Affine]:
    """Expressions in 0..1 that must all be 1 for the gate to be open.

    `adverse` says that an open gate costs money, so that the model must be forced to open it.
    """
    raise TypeError(f"no such gate: {word!r}")


@gate.register
def _(word: v.WorkflowInPlace, reading: Reading, *, adverse: bool) -> list[Affine]:
    return [reading.level.runs_workflow(word.workflow, reading.populations)]


@gate.register
def _(word: v.ProgramJoined, reading: Reading, *, adverse: bool) -> list[Affine]:
    joined = reading.level.joined(word.program)
    return [joined if word.joined else -joined + 1.0]


@gate.register
def _(word: v.AllOf, reading: Reading, *, adverse: bool) -> list[Affine]:
    shortcut = _organization_condition(word, reading)
    if shortcut is not None:
        return [shortcut]
    return gates_open(word.of, reading, adverse=adverse)


@gate.register
def _(word: v.AnyOf, reading: Reading, *, adverse: bool) -> list[Affine]:
    """Family `enough_gates_open`."""
    shortcut = _organization_condition(word, reading)
    if shortcut is not None:
        return [shortcut]
    if word.at_least == 1:
        word = word.model_copy(update={"of": _grouped(word.of, reading, joined=True)})
    parts = [_one(reading, gate(item, reading, adverse=adverse)) for item in word.of]
    opened = Affine()
    for part in parts:
        opened = opened + part
    if opened.is_constant:
        return [Affine(float(opened.constant >= word.at_least - EQUAL))]
    chosen = reading.level.builder.binary(f"any[{reading.fresh('any')}]")
    reading.level.builder.at_most(f"enough_gates_open[{reading.fresh('row')}]", chosen * word.at_least, opened)
    reading.approximate(not adverse)
    return [chosen]


def gates_open(words: tuple[v.Gate, ...], reading: Reading, *, adverse: bool) -> list[Affine]:
    """Expressions in 0..1 that must all be 1 for all the gates to be open."""
    grouped = _grouped(words, reading, joined=False)
    if len(grouped) == 1 and isinstance(grouped[0], v.AllOf) and grouped[0].of == words:
        grouped = words
    return [part for item in grouped for part in gate(item, reading, adverse=adverse)]


def _grouped(words: tuple[v.Gate, ...], reading: Reading, *, joined: bool) -> tuple[v.Gate, ...]:
    """Gates on what the organization joins, put together: they are one condition of the organization."""
    by_organization = reading.level.shared.organization_programs
    together = tuple(
        word
        for word in words
        if isinstance(word, v.ProgramJoined) and word.joined == joined and word.program in by_organization
    )
    if len(together) < 2:
        return words
    rest = tuple(word for word in words if word not in together)
    one: v.Gate = v.AnyOf(kind="any", of=together) if joined else v.AllOf(kind="all", of=together)
    return (*rest, one)


def _organization_condition(word: v.AnyOf | v.AllOf, reading: Reading) -> Affine | None:
    """A gate that only asks what the organization joins is one condition of the organization."""
    named = [item for item in word.of if isinstance(item, v.ProgramJoined)]
    in_force = set(reading.level.shared.program_ids)
    if len(named) != len(word.of) or len({item.joined for item in named}) != 1:
        return None
    joined, at_least = named[0].joined, word.at_least if isinstance(word, v.AnyOf) else len(named)
    programs = tuple(item.program for item in named if item.program in in_force)
    if not joined:
        at_least = len(named) - at_least + 1
    if len(programs) < at_least:
        return Affine(0.0 if joined else 1.0)
    condition = reading.level.enough_joined(programs, at_least)
    return condition if condition is None or joined else -condition + 1.0


def _one(reading: Reading, parts: list[Affine]) -> Affine:
    """One 0/1 expression for 'all of these'. Family `all_gates_open`."""
    if len(parts) == 1:
        return parts[0]
    if all(part.is_constant for part in parts):
        return Affine(min((part.constant for part in parts), default=1.0))
    both = reading.level.builder.binary(f"all[{reading.fresh('all')}]")
    for part in parts:
        reading.level.builder.at_most(f"all_gates_open[{reading.fresh('row')}]", both, part)
    return both


@gate.register
def _(word: v.Test, reading: Reading, *, adverse: bool) -> list[Affine]:
    if isinstance(word.driver, v.Rate | v.Improvement) and isinstance(word.threshold, Cited):
        reading.approximate(not adverse)
        return [_measure_test(word, word.driver, reading)]
    value = driver(word.driver, reading)
    if value.is_constant and isinstance(word.threshold, Cited):
        return [Affine(float(_holds(word, np.array([value.constant]))[0]))]
    return [_tested(word, value, reading, adverse=adverse)]


def _holds(word: v.Test, value: FloatArray) -> FloatArray:
    """The comparison itself, with the settlement's tolerance."""
    return np.asarray(evaluate.compare(word, value, np.array([_limit_of(word)])), dtype=np.float64)


def _limit_of(word: v.Test) -> float:
    assert isinstance(word.threshold, Cited)
    return float(word.threshold)


def _measure_test(word: v.Test, tested: v.Rate | v.Improvement, reading: Reading) -> Affine:
    measure = tested.measure
    counts = reading.level.counts(measure, reading.populations)
    better = reading.level.shared.directions[measure]

    def value(closed: FloatArray) -> FloatArray:
        rate = counts.rate(closed)
        if isinstance(tested, v.Rate):
            return rate
        return counts.gain(rate, tested.basis, higher_is_better=better)

    ends = value(np.array([0.0, 1.0]))
    corners = [] if ends[1] == ends[0] else [float((_limit_of(word) - ends[0]) / (ends[1] - ends[0]))]
    return stepped(reading, measure, corners, lambda closed: _holds(word, value(closed)))


def _tested(word: v.Test, value: Affine, reading: Reading, *, adverse: bool) -> Affine:
    """Families `gate_needs_driver`, `gate_needs_part` and, where an open gate costs money, `gate_forced_open`."""
    builder, downward = reading.level.builder, word.opens_downward
    low, high = builder.bounds(value)
    limit = _driven_limit(word, reading) if isinstance(word.threshold, v.DrivenValue) else _limit_of(word)
    strict = EQUAL if word.strict else -EQUAL
    certain = low >= limit + strict if not downward else high <= limit - strict
    impossible = high < limit + strict if not downward else low > limit - strict
    if certain or impossible:
        return Affine(float(certain))
    name = reading.fresh("gate")
    opened = builder.binary(f"gate[{name}]")
    if downward and adverse:
        builder.at_least(f"gate_forced_open[{name}]", value, opened * (low - limit) + limit)
    elif downward:
        builder.at_most(f"gate_needs_driver[{name}]", value, opened * (limit - high) + high)
        reading.approximate(False)
    else:
        inclusive, scale = word.comparison != "above", max(1.0, abs(limit))
        reach = height_of(builder, value, limit, inclusive=inclusive, scale=scale)
        builder.at_least(f"gate_needs_driver[{name}]", value, opened * (reach - low) + low)
        for index, part in needed_parts(builder, value, reach):
            builder.at_most(f"gate_needs_part[{name},{index}]", opened, part)
        reading.approximate(not adverse and builder.rises(value))
    return opened


def _driven_limit(word: v.Test, reading: Reading) -> float:
    """A threshold that moves with decisions is taken where the gate opens most easily."""
    assert isinstance(word.threshold, v.DrivenValue)
    rate = scheduled(reading, word.threshold.schedule, word.threshold.driver)
    if not rate.is_constant:
        reading.approximate(False)
    return reading.level.builder.bounds(rate)[1 if word.opens_downward else 0]
