"""Puts what programs only name (a benchmark table, a score) in its place, so that no engine looks up names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.scores import Benchmark
from critmass.domain.values import Cited

FEWEST_PERCENTILES = 2
"""Rows that a curve of percentiles needs."""


def resolved(catalog: Catalog) -> Catalog:
    """The catalog with programs and scores that name no benchmark and no score any more.

    Raises:
        InputError: when a name is not defined, or scores name each other in a circle.
    """
    finder = _Finder(catalog)
    scores = {name: finder.whole(score) for name, score in catalog.scores.items()}
    programs = {name: finder.whole(program) for name, program in catalog.written_programs.items()}
    if finder.problems:
        raise InputError(finder.problems)
    return replace(catalog, programs=programs, scores=scores)


class _Finder:
    """Replaces names by what they stand for. The same name always gives the same object."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._known: dict[object, Any] = {}
        self._open: list[str] = []
        self._owner = ""
        self.problems: list[Problem] = []

    def whole(self, item: Any) -> Any:
        """A program or a score with nothing left to look up."""
        self._owner = f"{type(item).__name__.lower()} {item.id}"
        return _rebuilt(item, self._found)

    def _found(self, node: BaseModel) -> BaseModel:
        if isinstance(node, v.NamedScore):
            return self._score(node)
        if isinstance(node, v.BenchmarkPoints):
            return self._from_table(node, node.benchmark, points_schedule)
        if isinstance(node, v.Percentile) and self._has_percentiles(node.benchmark):
            return self._from_table(node, node.benchmark, _percentile)
        return node

    def _has_percentiles(self, name: str) -> bool:
        table = self._table(name)
        known = table is not None and sum(row.percentile is not None for row in table.rows) >= FEWEST_PERCENTILES
        if table is not None and not known:
            fix = "give 'percentile' in at least two rows, or use its points"
            self._say(f"benchmark {name!r} has no percentiles", fix)
        return known

    def _from_table(self, node: Any, name: str, make: Callable[[Benchmark, Any], BaseModel]) -> BaseModel:
        table = self._table(name)
        if table is None:
            found: BaseModel = node
            return found
        return self._once(node, lambda: make(table, node))

    def _once(self, node: BaseModel, make: Callable[[], BaseModel]) -> BaseModel:
        key = node.model_dump_json()
        if key not in self._known:
            self._known[key] = make()
        found: BaseModel = self._known[key]
        return found

    def _score(self, node: v.NamedScore) -> BaseModel:
        name = node.score
        if name in self._open:
            self._say(f"scores name each other in a circle: {' -> '.join([*self._open, name])}", "break the circle")
            return node
        if name not in self._catalog.scores:
            self._say(f"unknown score {name!r}", "define the score or check its spelling")
            return node
        key = ("score", name)
        if key not in self._known:
            self._open.append(name)
            self._known[key] = _rebuilt(self._catalog.scores[name].driver, self._found)
            self._open.pop()
        found: BaseModel = self._known[key]
        return found

    def _table(self, name: str) -> Benchmark | None:
        table = self._catalog.benchmarks.get(name)
        if table is None:
            self._say(f"unknown benchmark {name!r}", "define the benchmark or check its spelling")
        return table

    def _say(self, message: str, fix: str) -> None:
        problem = Problem(self._owner, message, fix)
        if problem not in self.problems:
            self.problems.append(problem)


def points_schedule(table: Benchmark, word: v.BenchmarkPoints) -> v.PiecewiseLinear:
    """A table's points as a schedule, scaled, then held between floor and cap."""
    heights = [float(word.times) * float(row.points) for row in table.rows]
    curve = table.curve(heights)
    for bound, keep in ((word.at_least, max), (word.at_most, min)):
        if bound is not None:
            curve = _held(curve, float(bound), keep)
    return curve


def _held(curve: v.PiecewiseLinear, bound: float, keep: Callable[[float, float], float]) -> v.PiecewiseLinear:
    """A curve on one side of a bound, with a corner where it crosses."""
    points: list[v.Point] = []
    for point in curve.points:
        if points and (float(points[-1].pays) - bound) * (float(point.pays) - bound) < 0:
            low, high = points[-1], point
            part = (bound - float(low.pays)) / (float(high.pays) - float(low.pays))
            at = float(low.at) + part * (float(high.at) - float(low.at))
            points.append(v.Point(at=Cited(value=at), pays=Cited(value=bound)))
        points.append(point)
    held = tuple(v.Point(at=point.at, pays=Cited(value=keep(float(point.pays), bound))) for point in points)
    return curve.model_copy(update={"points": held})


def _percentile(table: Benchmark, word: v.Percentile) -> v.Sum:
    """A rate's percentile as a curve through the table's percentiles."""
    rows = [row for row in table.rows if row.percentile is not None]
    thinner = table.model_copy(update={"rows": tuple(rows)})
    curve = thinner.curve([float(row.percentile or 0.0) for row in rows])
    part = v.ScoredPart(driver=v.Rate(kind="rate", measure=word.measure), schedule=curve)
    return v.Sum(kind="sum", parts=(part,))


def _rebuilt(node: Any, change: Callable[[BaseModel], BaseModel]) -> Any:
    """A tree of models with every node passed through `change`, from the leaves up; shared where unchanged."""
    if isinstance(node, Cited):
        return node
    if isinstance(node, BaseModel):
        update = {name: _rebuilt(getattr(node, name), change) for name in type(node).model_fields if name != "cite"}
        kept = all(value is getattr(node, name) for name, value in update.items())
        return change(node if kept else node.model_copy(update=update))
    if isinstance(node, tuple):
        items = tuple(_rebuilt(item, change) for item in node)
        return node if all(new is old for new, old in zip(items, node, strict=True)) else items
    if isinstance(node, Mapping):
        pairs = {key: _rebuilt(item, change) for key, item in node.items()}
        return node if all(value is node[key] for key, value in pairs.items()) else pairs
    return node
