"""Sets whose law is a program file and whose columns are found by a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from critmass.domain.errors import InputError, Problem
from critmass.domain.results_map import ResultsMap
from critmass.domain.verification import PublishedCheck
from critmass.network.mapped import MappedTable, map_table, missing_columns, parse_numbers
from critmass.settlement.results import FloatArray
from critmass.studies.entities import Book, EntitySettlement, map_problems, settle_table
from critmass.studies.verify.outcome import CheckOutcome, Comparison, outcome


def first_fitting(results: Path, maps: Sequence[tuple[str, ResultsMap]], book: Book) -> MappedTable:
    """The results by the first of the maps whose facts the law knows and whose columns are all there.

    Raises:
        InputError: of the map that came nearest, when none fits; or with the cells of the one that does.
    """
    unlike_law, unlike_table = [], []
    for place, results_map in maps:
        problems = map_problems(book, results_map, place)
        if problems:
            unlike_law.append(problems)
            continue
        problems = _lacking(results, results_map, place)
        if not problems:
            return map_table(results, results_map, place)
        unlike_table.append(problems)
    raise InputError(min(unlike_table or unlike_law, key=len))


def _lacking(results: Path, results_map: ResultsMap, place: str) -> list[Problem]:
    try:
        return missing_columns(results, results_map, place)
    except InputError as error:
        return list(error.problems)


def check_table(
    set_id: str, year: str, book: Book, table: MappedTable, checks: Sequence[PublishedCheck]
) -> list[CheckOutcome]:
    """Every check of a settled table."""
    settled = settle_table(book, table)
    return [
        outcome(set_id, year, check.id, check.label, compared(settled, check))
        for check in checks
        if check.published in table.frame.columns
    ]


def compared(settled: EntitySettlement, check: PublishedCheck) -> Comparison:
    """A check's computed and published numbers."""
    table = settled.table
    computed = computed_numbers(settled, check.computes)
    ends = [computed_numbers(_shifted(settled, check.rounding, sign), check.computes) for sign in _signs(check)]
    return Comparison(
        names=table.names,
        computed=computed,
        published=parse_numbers(table.frame[check.published])[0] * check.times,
        within=check.within,
        low=np.minimum.reduce(ends) if ends else None,
        high=np.maximum.reduce(ends) if ends else None,
        at_least=check.at_least,
        asked=_asked(settled, check),
        causes=check.causes,
        joined=_masks(table.joined),
    )


def _masks(joined: Mapping[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] | None) -> Mapping[str, np.ndarray]:
    return joined or {}


def _signs(check: PublishedCheck) -> tuple[float, ...]:
    return (-1.0, 1.0) if check.rounding else ()


def _shifted(settled: EntitySettlement, rounding: Mapping[str, float], sign: float) -> EntitySettlement:
    """The same settlement with the rounded inputs at one end of what they may have been."""
    values = dict(settled.table.values)
    for key, half in rounding.items():
        values[key] = values[key] + sign * half
    return settle_table(settled.book, replace(settled.table, values=values))


def computed_numbers(settled: EntitySettlement, what: str) -> FloatArray:
    """Totals, one component's money, or a score; shape (row,)."""
    if what == "total_usd":
        return settled.totals()
    kind, _, name = what.partition(".")
    if kind == "score":
        return settled.scores[name]
    places = [place for place, clause in enumerate(settled.settled.terms.clauses) if clause.component.id == name]
    return np.asarray(settled.settled.paid[places, 0, :].sum(axis=0))


def _asked(settled: EntitySettlement, check: PublishedCheck) -> np.ndarray[tuple[int], np.dtype[np.bool_]] | None:
    if check.known is not None:
        return ~np.isnan(settled.scores[check.known])
    return None if check.unknown is None else np.isnan(settled.scores[check.unknown])
