"""Whether a contract pays at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.values import Cited
from critmass.settlement.evaluate.dispatch import TOLERANCE, driver, gate, gate_of
from critmass.settlement.evaluate.drivers import scheduled
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.view import View


@gate_of.register
def _(word: v.Test, view: View) -> BoolArray:
    return compare(word, driver(word.driver, view), threshold(word.threshold, view))


def compare(word: v.Test, found: FloatArray, limit: FloatArray) -> BoolArray:
    """The comparison itself; what misses a threshold by floating-point error still meets it."""
    distance = limit - found if word.opens_downward else found - limit
    return np.asarray(distance > TOLERANCE if word.strict else distance >= -TOLERANCE)


def threshold(word: Cited | v.DrivenValue, view: View) -> FloatArray:
    """A gate's threshold, which may itself depend on a driver."""
    if isinstance(word, v.DrivenValue):
        return scheduled(word.driver, word.schedule, view)
    return np.full((1, 1), float(word))


@gate_of.register
def _(word: v.WorkflowInPlace, view: View) -> BoolArray:
    return view.all_of_them(view.results.runs_workflow(word.workflow))


@gate_of.register
def _(word: v.ProgramJoined, view: View) -> BoolArray:
    joined = view.results.joined(word.program)
    return view.all_of_them(joined if word.joined else ~joined)


@gate_of.register
def _(word: v.AllOf, view: View) -> BoolArray:
    return all_open(word.of, view)


@gate_of.register
def _(word: v.AnyOf, view: View) -> BoolArray:
    opened = [gate(part, view) for part in word.of]
    if word.at_least == 1:
        return reduce(np.logical_or, opened)
    return np.asarray(sum(part.astype(np.int16) for part in opened) >= word.at_least)


def all_open(words: Sequence[v.Gate], view: View) -> BoolArray:
    """Whether every one of several gates is open; an empty list is."""
    opened = [gate(word, view) for word in words]
    return reduce(np.logical_and, opened) if opened else np.ones((1, 1), dtype=np.bool_)
