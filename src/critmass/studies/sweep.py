"""The payout curve of a program: what it pays as one of the things it looks at moves."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from critmass.domain.errors import InputError, Problem
from critmass.domain.programs import Program
from critmass.domain.results_map import MeasureCells
from critmass.domain.suggest import closest
from critmass.settlement.amounts import settle
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.table import TableResults, with_counts
from critmass.studies.entities import Book, needed_keys

SAVINGS_RATE = "savings_rate"
"""Moves expenditure so that savings are this share of the benchmark."""
MOST_POINTS = 100_001
_ENTITY = "sweep"
_HALVINGS = 60
_CENT = 0.01
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SWEEP = re.compile(rf"^([\w.\-]+)=({_NUMBER}):({_NUMBER}):(\d+)$")
_SETTING = re.compile(rf"^([\w.\-]+)=({_NUMBER})%?$")


@dataclass(frozen=True)
class Sweep:
    """A driver and the values that it takes."""

    driver: str
    start: float
    stop: float
    count: int

    def values(self) -> FloatArray:
        """The values in order, shape (point,)."""
        return np.linspace(self.start, self.stop, self.count)


@dataclass(frozen=True)
class Cliff:
    """A value of the driver at which a program's payout jumps, USD before and from there on."""

    program: str
    at: float
    before_usd: float
    after_usd: float


@dataclass(frozen=True)
class PayoutCurve:
    """What programs pay along a sweep. `components` has USD of each component, shape (component, point).

    `break_even` is where each program alone first pays a stated cost, without those that never do; `together`
    where all of them first do, None where they never do.
    """

    sweep: Sweep
    settings: Mapping[str, float]
    defaults: tuple[str, ...]
    programs: tuple[Program, ...]
    keys: tuple[tuple[str, str], ...]
    components: FloatArray
    cliffs: tuple[Cliff, ...]
    break_even: Mapping[str, float]
    together: float | None

    def payouts(self) -> dict[str, FloatArray]:
        """USD by program, shape (point,)."""
        return {
            program.id: self.components[[key[0] == program.id for key in self.keys]].sum(axis=0)
            for program in self.programs
        }

    def frame(self) -> pd.DataFrame:
        """One row for each value: USD by program, then by component where a program has several."""
        columns: dict[str, FloatArray] = {self.sweep.driver: self.sweep.values(), **self.payouts()}
        counts = [key[0] for key in self.keys]
        for place, (program, component) in enumerate(self.keys):
            if counts.count(program) > 1:
                columns[f"{program}.{component}"] = self.components[place]
        return pd.DataFrame(
            {name: np.round(column, 10 if name == self.sweep.driver else 2) for name, column in columns.items()}
        )


def parse_sweep(text: str) -> Sweep:
    """A sweep written as DRIVER=from:to:points.

    Raises:
        InputError: when it is not written so, or asks for fewer than two points or too many.
    """
    match = _SWEEP.match(text.strip())
    if match is None:
        fix = "write DRIVER=from:to:points, such as savings_rate=-0.05:0.10:61"
        raise InputError([Problem("--sweep", f"{text!r} is not a sweep", fix)])
    count = int(match[4])
    if not 2 <= count <= MOST_POINTS:
        raise InputError([Problem("--sweep", f"asks for {count:,} points", f"ask for 2 to {MOST_POINTS:,}")])
    if float(match[2]) >= float(match[3]):
        raise InputError([Problem("--sweep", f"{match[2]} is not below {match[3]}", "write the smaller value first")])
    return Sweep(match[1], float(match[2]), float(match[3]), count)


def parse_settings(texts: Sequence[str]) -> dict[str, float]:
    """Values that stay put, each written as NAME=value (a value may be a percentage).

    Raises:
        InputError: with every text that is not written so.
    """
    found, problems = {}, []
    for text in texts:
        match = _SETTING.match(text.strip())
        if match is None:
            problems.append(Problem("--at", f"{text!r} is not a value", "write NAME=value, such as members=5000"))
        else:
            found[match[1]] = float(match[2]) / (100.0 if text.strip().endswith("%") else 1.0)
    if problems:
        raise InputError(problems)
    return found


def payout_curve(book: Book, sweep: Sweep, settings: Mapping[str, float], cost_usd: float | None = None) -> PayoutCurve:
    """The curve with everything else as in `settings`; facts that are not set take the catalog's default.

    With `cost_usd`, where the payout of each program, and of all together, first reaches it.

    Raises:
        InputError: when the programs do not look at the driver, or look at something that is not set.
    """
    _check(book, sweep, settings)
    curve = _Curve(book, sweep, settings)
    components = curve.components(sweep.values())
    cliffs = tuple(cliff for program in book.programs for cliff in _cliffs(curve, program, components))
    alone, together = ({}, None) if cost_usd is None else _break_even(curve, components, cost_usd)
    return PayoutCurve(
        sweep, dict(settings), curve.defaults, book.programs, curve.keys, components, cliffs, alone, together
    )


class _Curve:
    """Settles the programs at any values of the driver, all at once."""

    def __init__(self, book: Book, sweep: Sweep, settings: Mapping[str, float]) -> None:
        self.book, self.sweep, self.settings = book, sweep, settings
        self.terms = book.terms
        self.keys = tuple(clause.key for clause in self.terms.clauses)
        given = {sweep.driver, *settings}
        self.defaults = tuple(key for key in needed_keys(book) if key.startswith("facts.") and key not in given)

    def components(self, values: FloatArray) -> FloatArray:
        """USD of each component at each value, shape (component, value)."""
        given = {key: np.full((1, 1), number) for key, number in self.settings.items()}
        given.setdefault("members", np.ones((1, 1)))
        given |= self._moved(values[:, None], given)
        joined = {program.id: np.ones((1, 1), dtype=np.bool_) for program in self.book.programs}
        results = TableResults((_ENTITY,), with_counts(given), joined, self.book.catalog)
        return np.asarray(settle(self.terms, results).paid[:, :, 0])

    def _moved(self, values: FloatArray, given: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        if self.sweep.driver == SAVINGS_RATE:
            return {"expenditure_usd": given["benchmark_usd"] * (1.0 - values)}
        return {self.sweep.driver: values}

    def of(self, *programs: Program) -> BoolArray:
        """Which components belong to one of the programs."""
        wanted = {program.id for program in programs}
        return np.array([key[0] in wanted for key in self.keys], dtype=np.bool_)

    def payout(self, mine: BoolArray, values: FloatArray) -> FloatArray:
        """USD of some components together at each value."""
        return np.asarray(self.components(values)[mine].sum(axis=0))


def _check(book: Book, sweep: Sweep, settings: Mapping[str, float]) -> None:
    wanted = dict(needed_keys(book))
    named = {key for key in wanted if not key.startswith("measures.")} | set(_measure_keys(wanted))
    known = named | {"members", "member_months"} | ({SAVINGS_RATE} if "benchmark_usd" in wanted else set())
    problems = [
        Problem(
            place, f"the program does not look at {key!r}", closest(key, known) or f"one of {', '.join(sorted(known))}"
        )
        for place, key in (("--sweep", sweep.driver), *(("--at", key) for key in settings))
        if key not in known
    ]
    given = {sweep.driver, *settings} | ({"expenditure_usd"} if sweep.driver == SAVINGS_RATE else set())
    problems += [
        Problem("--at", f"{owner} looks at {key}, and nothing is said of it", f"add --at {_example(key)}")
        for key, owner in wanted.items()
        if not key.startswith("facts.") and not _is_given(key, given)
    ]
    if problems:
        raise InputError(problems)


def _measure_keys(wanted: Mapping[str, str]) -> Iterator[str]:
    for key in wanted:
        if key.startswith("measures."):
            yield from (f"{key}.{part}" for part in MeasureCells.model_fields)


def _is_given(key: str, given: set[str]) -> bool:
    return key in given or any(name.startswith(f"{key}.") for name in given)


def _example(key: str) -> str:
    if key.startswith("measures."):
        return f"{key}.rate=0.7"
    return f"{key}=1000000" if key.endswith("_usd") else f"{key}=100"


# Cliffs and break-even --------------------------------------------------------------------------------


def _cliffs(curve: _Curve, program: Program, components: FloatArray) -> Iterator[Cliff]:
    """Jumps between neighbouring points, found by halving every stretch towards its larger change at once."""
    points = curve.sweep.values()
    low, high = points[:-1].copy(), points[1:].copy()
    mine = curve.of(program)
    ends = components[mine].sum(axis=0)
    below, above = ends[:-1].copy(), ends[1:].copy()
    candidates = np.flatnonzero(np.abs(above - below) >= _CENT)
    low, high, below, above = (side[candidates] for side in (low, high, below, above))
    for _ in range(_HALVINGS if len(candidates) else 0):
        middle = (low + high) / 2
        paid = curve.payout(mine, middle)
        left = np.abs(paid - below) >= np.abs(above - paid)
        high, above = np.where(left, middle, high), np.where(left, paid, above)
        low, below = np.where(left, low, middle), np.where(left, below, paid)
    for place in np.flatnonzero(np.abs(above - below) >= _CENT).tolist():
        yield Cliff(program.id, _round_at(high[place], curve.sweep), float(below[place]), float(above[place]))


def _round_at(value: float, sweep: Sweep) -> float:
    """A cliff's place without the last digits of halving."""
    scale = max(abs(sweep.start), abs(sweep.stop))
    digits = int(np.clip(7 - np.ceil(np.log10(scale)), 0, 12)) if scale > 0 else 7
    return float(np.round(value, digits))


def _break_even(curve: _Curve, components: FloatArray, cost_usd: float) -> tuple[dict[str, float], float | None]:
    """Where each program alone first pays the cost, without those that never do, and where all together do."""
    programs = curve.book.programs
    alone = {program.id: _paid_from(curve, curve.of(program), components, cost_usd) for program in programs}
    together = _paid_from(curve, curve.of(*programs), components, cost_usd)
    return {name: value for name, value in alone.items() if value is not None}, together


def _paid_from(curve: _Curve, mine: BoolArray, components: FloatArray, cost_usd: float) -> float | None:
    """The first value at which some components together pay the cost."""
    points = curve.sweep.values()
    enough = components[mine].sum(axis=0) >= cost_usd
    if not enough.any():
        return None
    first = int(np.argmax(enough))
    return float(points[0]) if first == 0 else _crossing(curve, mine, points[first - 1 : first + 1], cost_usd)


def _crossing(curve: _Curve, mine: BoolArray, ends: FloatArray, cost_usd: float) -> float:
    low, high = float(ends[0]), float(ends[1])
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        enough = bool(curve.payout(mine, np.array([middle]))[0] >= cost_usd)
        low, high = (low, middle) if enough else (middle, high)
    return high
