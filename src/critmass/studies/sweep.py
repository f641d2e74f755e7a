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
from critmass.studies.entities import Book, is_given, needed_keys

SAVINGS_RATE = "savings_rate"
"""Moves expenditure so that savings are this share of the benchmark."""
MOST_POINTS = 100_001
_ENTITY = "sweep"
_HALVINGS = 60
_CENT = 0.01
_STRETCHES = 2_000
"""Into at least so many stretches a sweep is cut before cliffs are looked for in each."""
_MOST_STRETCHES = 50_000
"""So many stretches are followed at once; of more, those with the largest change."""
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SWEEP = re.compile(rf"^([\w.\-]+)=({_NUMBER}%?):({_NUMBER}%?):(\d+)$")
_SETTING = re.compile(rf"^([\w.\-]+)=({_NUMBER}%?)$")


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
    cost_usd: float | None = None

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
    """A sweep written as DRIVER=from:to:points (from and to may be percentages).

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
    start, stop = _number(match[2]), _number(match[3])
    if not np.isfinite([start, stop]).all():
        raise InputError([Problem("--sweep", f"{text!r} has an end too large to count with", "write a smaller one")])
    if start >= stop:
        raise InputError([Problem("--sweep", f"{match[2]} is not below {match[3]}", "write the smaller value first")])
    return Sweep(match[1], start, stop, count)


def _number(text: str) -> float:
    return round(float(text[:-1]) / 100.0, 12) if text.endswith("%") else float(text)


def parse_settings(texts: Sequence[str]) -> dict[str, float]:
    """Values that stay put, each written as NAME=value (a value may be a percentage).

    Raises:
        InputError: with every text that is not written so.
    """
    found: dict[str, float] = {}
    problems = []
    for text in texts:
        match = _SETTING.match(text.strip())
        if match is None or not np.isfinite(_number(match[2])):
            fix = "write NAME=value without commas or signs of money, such as members=5000"
            problems.append(Problem("--at", f"{text!r} is not a value", fix))
        elif match[1] in found:
            problems.append(Problem("--at", f"{match[1]} is given twice", "keep one"))
        else:
            found[match[1]] = _number(match[2])
    if problems:
        raise InputError(problems)
    return found


def payout_curve(book: Book, sweep: Sweep, settings: Mapping[str, float], cost_usd: float | None = None) -> PayoutCurve:
    """The curve with everything else as in `settings`; facts that are not set take the catalog's default.

    With `cost_usd`, where the payout of each program, and of all together, first reaches it.

    Raises:
        InputError: when the programs do not look at the driver, or look at something that is not set.
    """
    settings = _without_rivals(sweep.driver, settings)
    _check(book, sweep, settings)
    if cost_usd is not None and not (np.isfinite(cost_usd) and cost_usd >= 0):
        raise InputError([Problem("--cost", f"{cost_usd} is not a cost", "write dollars a year, 0 or more")])
    curve = _Curve(book, sweep, settings)
    components = curve.components(sweep.values())
    cliffs = tuple(cliff for program in book.programs for cliff in _cliffs(curve, program, components))
    alone, together = ({}, None) if cost_usd is None else _break_even(curve, components, cost_usd)
    return PayoutCurve(
        sweep, dict(settings), curve.defaults, book.programs, curve.keys, components, cliffs, alone, together, cost_usd
    )


def _without_rivals(driver: str, settings: Mapping[str, float]) -> dict[str, float]:
    """Settings without what says the same as the driver in another way: a rate beside a numerator, and back."""
    measure, _, part = driver.rpartition(".")
    rivals = {
        "rate": "numerator",
        "numerator": "rate",
        "prior_rate": "prior_numerator",
        "prior_numerator": "prior_rate",
    }
    rival = f"{measure}.{rivals.get(part, part)}"
    return {key: number for key, number in settings.items() if key not in (driver, rival)}


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
        if not key.startswith("facts.") and not is_given(key, given)
    ]
    ends = [("--sweep", sweep.driver, end) for end in (sweep.start, sweep.stop)]
    at = [("--at", key, number) for key, number in settings.items()]
    problems += [problem for one in (*ends, *at) for problem in _impossible(*one)]
    if problems:
        raise InputError(problems)


def _impossible(place: str, key: str, number: float) -> Iterator[Problem]:
    """Numbers that a results table would not be allowed to hold either."""
    if number < 0 and key != SAVINGS_RATE and not key.startswith("facts."):
        yield Problem(place, f"{key} is negative: {number:,.10g}", "write 0 or more")
    if number > 1 and key.startswith("measures.") and key.endswith("rate"):
        yield Problem(place, f"{key} is above 1: {number:,.10g}", "write 0.7 or 70% for seventy percent")


def _measure_keys(wanted: Mapping[str, str]) -> Iterator[str]:
    for key in wanted:
        if key.startswith("measures.") and key.count(".") == 1:
            yield from (f"{key}.{part}" for part in MeasureCells.model_fields)


def _example(key: str) -> str:
    if key.startswith("measures."):
        part = key.rpartition(".")[2]
        return f"{key}.rate=0.7" if key.count(".") == 1 else f"{key}={'0.6' if part == 'prior_rate' else '100'}"
    return f"{key}=1000000" if key.endswith("_usd") else f"{key}=100"


# Cliffs and break-even --------------------------------------------------------------------------------


def _cliffs(curve: _Curve, program: Program, components: FloatArray) -> Iterator[Cliff]:
    """Jumps of a program's payout.

    The sweep is cut into stretches, and every stretch in two again and again. One in whose middle the payout is
    the mean of its ends is straight, and is done with; what is left when nothing can be cut any more is a jump.
    """
    mine = curve.of(program)
    low, high, below, above = _stretches(curve, mine, components)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        paid = curve.payout(mine, middle) if len(middle) else middle
        bent = np.flatnonzero(np.abs(paid - (below + above) / 2) >= _CENT / 4)
        low, middle, high, below, paid, above = (side[bent] for side in (low, middle, high, below, paid, above))
        low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
        below, above = np.concatenate([below, paid]), np.concatenate([paid, above])
        kept = np.argsort(-np.abs(above - below), kind="stable")[:_MOST_STRETCHES]
        low, high, below, above = (side[kept] for side in (low, high, below, above))
    jumps = np.flatnonzero(np.abs(above - below) >= _CENT)
    for place in jumps[np.argsort(high[jumps])].tolist():
        yield Cliff(program.id, _round_at(high[place], curve.sweep), float(below[place]), float(above[place]))


def _stretches(
    curve: _Curve, mine: BoolArray, components: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The sweep in short stretches: their ends, and what is paid at both."""
    points, paid = _fine(curve, mine, components)
    return points[:-1], points[1:], paid[:-1], paid[1:]


def _fine(curve: _Curve, mine: BoolArray, components: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The sweep's points with more between them where they are few, and what is paid at each."""
    points = curve.sweep.values()
    parts = -(-_STRETCHES // (len(points) - 1))
    if parts == 1:
        return points, components[mine].sum(axis=0)
    places = np.arange((len(points) - 1) * parts + 1) / parts
    points = np.interp(places, np.arange(len(points)), points)
    return points, curve.payout(mine, points)


def _round_at(value: float, sweep: Sweep) -> float:
    """A cliff's place without the last digits of halving: to a ten-millionth of the sweep."""
    digits = int(np.clip(7 - np.ceil(np.log10(sweep.stop - sweep.start)), 0, 15))
    return float(np.round(value, digits))


def _break_even(curve: _Curve, components: FloatArray, cost_usd: float) -> tuple[dict[str, float], float | None]:
    """Where each program alone first pays the cost, without those that never do, and where all together do."""
    programs = curve.book.programs
    alone = {program.id: _paid_from(curve, curve.of(program), components, cost_usd) for program in programs}
    together = _paid_from(curve, curve.of(*programs), components, cost_usd)
    return {name: value for name, value in alone.items() if value is not None}, together


def _paid_from(curve: _Curve, mine: BoolArray, components: FloatArray, cost_usd: float) -> float | None:
    """The first value at which some components together pay the cost."""
    points, paid = _fine(curve, mine, components)
    enough = paid >= cost_usd
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
