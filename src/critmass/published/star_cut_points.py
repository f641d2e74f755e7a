"""Medicare Advantage Star cut points: tidy tables of bounds, and the tables of text ranges that CMS publishes.

Where higher is better a star holds from its lower bound (included) up to the next; where lower is better it
holds down from its upper bound (included): (lower, upper].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from critmass.catalog.schema_words import schema_problems
from critmass.domain import vocabulary as v
from critmass.domain.care import FactQuestion
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.scores import Score
from critmass.domain.values import Cite, Cited
from critmass.network.mapped import FloatArray, parse_numbers
from critmass.network.table_file import read_cells, read_table_file
from critmass.published.source import published_source

_NUMBERS = ("stars", "lower_bound", "upper_bound")
_TIDY = ("cut_point_type", "measure_id", "stars", "lower_bound", "upper_bound", "higher_is_better")
_MEASURE = re.compile(r"^([CD]\d{2})\b")
_STAR = re.compile(r"^([1-5])\s*stars?$", re.IGNORECASE)
_SIDE = re.compile(r"(<=|>=|≤|≥|<|>)\s*(-?[\d.,]+)\s*(%?)")
_NO_BOUND = 999_999.0
_URL = "https://www.cms.gov/medicare/health-drug-plans/part-c-d-performance-data"


@dataclass(frozen=True)
class CutPoints:
    """Cut points of one measure for one type of contract. `bounds` are by star: lower, upper."""

    contract_type: str
    measure: str
    higher_is_better: bool
    bounds: dict[int, tuple[float, float]]

    def steps(self) -> v.Steps:
        """Stars by the measure's value; below the lowest star that is listed nothing is earned."""
        stars = sorted(self.bounds)
        lowest = stars[0]
        rows, otherwise = [], 0.0
        for star in stars:
            edge = self.bounds[star][0] if self.higher_is_better else self.bounds[star][1]
            if abs(edge) >= _NO_BOUND and star == lowest:
                otherwise = float(star)
            else:
                rows.append(v.Step(at_least=Cited(value=edge), pays=Cited(value=float(star))))
        return v.Steps(
            kind="steps", rows=tuple(rows), otherwise=Cited(value=otherwise), descending=not self.higher_is_better
        )


def fact_id(measure: str) -> str:
    """The fact that holds a contract's value of a measure."""
    return f"star_value_{measure.lower()}"


def score_id(contract_type: str, measure: str) -> str:
    """The score that holds the stars of a measure for a type of contract."""
    return f"stars_{re.sub(r'[^a-z0-9]+', '_', contract_type.lower()).strip('_')}_{measure.lower()}"


def read_star_cut_points(path: Path) -> tuple[CutPoints, ...]:
    """All cut points of a file.

    Raises:
        InputError: when the file holds none, or a range cannot be read.
    """
    cells = read_cells(path)
    tidy = not cells.empty and set(_TIDY) <= set(cells.iloc[0].str.strip())
    found = tuple(_tidy(read_table_file(path), path.name) if tidy else _published(cells, path.name))
    if not found:
        fix = "name CMS's cut point table, or a table with the columns " + ", ".join(_TIDY)
        raise InputError([Problem(path.name, "holds no Star cut points", fix)])
    problems = [problem for item in found for problem in _out_of_order(item, path.name)]
    if problems:
        raise InputError(problems)
    return found


def _out_of_order(item: CutPoints, name: str) -> list[Problem]:
    try:
        item.steps()
    except ValidationError as error:
        return schema_problems(error, f"{name}: {item.contract_type}, {item.measure}")
    return []


def star_catalog(cut_points: Iterable[CutPoints], title: str) -> CatalogFile:
    """Scores of every measure and type of contract, and the facts that hold the values."""
    points = tuple(cut_points)
    nothing = Cited(value=0.0, cite=Cite(assumption=True, reason="given for every contract that is scored"))
    measures = sorted({item.measure for item in points})
    return CatalogFile(
        sources={"file": published_source(title, _URL)},
        facts=tuple(
            FactQuestion(id=fact_id(name), label=f"Value of Star measure {name}", kind="number", default=nothing)
            for name in measures
        ),
        scores=tuple(_score(item) for item in points),
    )


def _score(item: CutPoints) -> Score:
    part = v.ScoredPart(driver=v.Fact(kind="fact", name=fact_id(item.measure)), schedule=item.steps())
    return Score(
        id=score_id(item.contract_type, item.measure), label=f"Stars of {item.measure}, {item.contract_type}",
        driver=v.Sum(kind="sum", parts=(part,)), cite=Cite(source="file", confidence="quoted"),
    )  # fmt: skip


def _tidy(frame: pd.DataFrame, name: str) -> Iterator[CutPoints]:
    numbers = pd.DataFrame(
        {column: _numbers(frame, column, name) for column in ("stars", "lower_bound", "upper_bound")}
    )
    numbers = numbers.fillna({"lower_bound": -np.inf, "upper_bound": np.inf}).set_axis(frame.index, axis=0)
    for (kind, measure), rows in frame.groupby(["cut_point_type", "measure_id"], sort=True):
        better = str(rows["higher_is_better"].iloc[0]).strip().lower() in ("true", "1", "yes")
        bounds = {int(star): (low, high) for star, low, high in numbers.loc[rows.index].itertuples(index=False)}
        yield CutPoints(str(kind), str(measure), better, bounds)


def _numbers(frame: pd.DataFrame, column: str, name: str) -> FloatArray:
    """Numbers of a column; a blank bound is none, a blank star is refused."""
    numbers, unread = parse_numbers(frame[column])
    wrong = unread | (np.isnan(numbers) if column == "stars" else False)
    if wrong.any():
        row, text = frame.index[wrong][0], str(frame[column][wrong].iloc[0])
        raise InputError([Problem(f"{name}, row {row}, column {column}", f"{text!r} is not a number", "correct it")])
    return numbers


# Tables of text ranges --------------------------------------------------------------------------------


def _published(cells: pd.DataFrame, name: str) -> Iterator[CutPoints]:
    """Measures side by side ('C01: ...'), one row for each star ('1 Star'), perhaps by type of contract.

    A type that stands in the first of its rows only, as merged cells are exported, holds on.
    """
    columns = _measure_columns(cells)
    part = "Part D" if any(measure.startswith("D") for measure in columns.values()) else "Part C"
    ranges: dict[tuple[str, str], dict[int, str]] = {}
    kind = part
    for _, row in cells.iterrows():
        star = next((int(match[1]) for cell in row if (match := _STAR.match(cell.strip()))), None)
        if star is not None:
            kind = next((f"{part} {cell.strip()}" for cell in row if cell.strip() in ("MA-PD", "PDP")), kind)
            for column, measure in columns.items():
                ranges.setdefault((kind, measure), {})[star] = str(row.iloc[column])
    for (kind, measure), texts in ranges.items():
        bounds = {
            star: _bounds(text, f"{name}: {measure}, {star} stars")
            for star, text in texts.items()
            if _SIDE.search(text)
        }
        if bounds:
            yield CutPoints(kind, measure, _rises(bounds), bounds)


def _measure_columns(cells: pd.DataFrame) -> dict[int, str]:
    for _, row in cells.iterrows():
        found = {place: match[1] for place, cell in enumerate(row) if (match := _MEASURE.match(cell.strip()))}
        if found:
            return found
    return {}


def _bounds(text: str, place: str) -> tuple[float, float]:
    """The ends of '>= 39 % to < 63 %', '< 39 %', '> 0.17'; an end that is not named lies beyond all values."""
    low, high = -np.inf, np.inf
    for sign, digits, percent in _SIDE.findall(text):
        try:
            number = float(digits.replace(",", "")) / (100.0 if percent else 1.0)
        except ValueError:
            raise InputError([Problem(place, f"{text!r} is not a range", "correct the cell")]) from None
        if sign in (">", ">=", "≥"):
            low = round(number, 12)
        else:
            high = round(number, 12)
    return low, high


def _rises(bounds: dict[int, tuple[float, float]]) -> bool:
    """More stars for higher values."""
    stars = sorted(bounds)
    return bounds[stars[-1]][0] > bounds[stars[0]][0]
