"""A mixed-integer model as named arrays, and the builder that fills it.

Every constraint row is named ``family[index]``; every family is made by one function of this package,
described in `models/`, with a golden `.lp`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]

NOTHING = 1e-13
"""Coefficients below this part of a row's largest one are left out."""

SMALL = 1e-6
"""Rows with smaller coefficients than this are scaled."""


@dataclass(slots=True)
class Affine:
    """A constant plus coefficients on variables of one block. Never changed once made (not frozen: making them
    is a tenth of formulating, and a frozen one takes twice as long)."""

    constant: float = 0.0
    terms: Mapping[int, float] = field(default_factory=dict)

    def __add__(self, other: Affine | float) -> Affine:
        if not isinstance(other, Affine):
            return Affine(self.constant + other, self.terms)
        merged = dict(self.terms)
        for index, coefficient in other.terms.items():
            merged[index] = merged.get(index, 0.0) + coefficient
        return Affine(self.constant + other.constant, merged)

    def __mul__(self, factor: float) -> Affine:
        return Affine(self.constant * factor, {index: item * factor for index, item in self.terms.items()})

    def __neg__(self) -> Affine:
        return self * -1.0

    def __sub__(self, other: Affine | float) -> Affine:
        if not isinstance(other, Affine):
            return Affine(self.constant - other, self.terms)
        merged = dict(self.terms)
        for index, coefficient in other.terms.items():
            merged[index] = merged.get(index, 0.0) - coefficient
        return Affine(self.constant - other.constant, merged)

    def bounds(self, lower: Sequence[float] | FloatArray, upper: Sequence[float] | FloatArray) -> tuple[float, float]:
        """Least and largest value between the variables' bounds."""
        low = high = self.constant
        for index, coefficient in self.terms.items():
            if coefficient > 0.0:
                low += coefficient * lower[index]
                high += coefficient * upper[index]
            elif coefficient < 0.0:
                low += coefficient * upper[index]
                high += coefficient * lower[index]
        return low, high

    @property
    def is_constant(self) -> bool:
        """True when no variable matters."""
        return not any(self.terms.values())


def total(parts: list[Affine]) -> Affine:
    """Sum of expressions, linear in their length."""
    constant, terms = 0.0, dict[int, float]()
    for part in parts:
        constant += part.constant
        for index, coefficient in part.terms.items():
            terms[index] = terms.get(index, 0.0) + coefficient
    return Affine(constant, terms)


def coefficients(parts: Sequence[Affine]) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatArray]:
    """How many terms each expression has, shape (expression,), and the variables and coefficients of all of them, one
    expression after the other, shape (term,)."""
    lengths = np.array([len(part.terms) for part in parts], dtype=np.int32)
    places = np.fromiter(chain.from_iterable(part.terms for part in parts), np.int32, lengths.sum())
    values = np.fromiter(chain.from_iterable(part.terms.values() for part in parts), np.float64, lengths.sum())
    return lengths, places, values


@dataclass(frozen=True)
class Block:
    """A finished model: rows `row_lower <= matrix @ x <= row_upper`, bounds, and integrality per variable.

    `expressions` are named affine functions of the variables (objectives, links).
    """

    name: str
    variables: tuple[str, ...]
    lower: FloatArray
    upper: FloatArray
    integer: NDArray[np.bool_]
    rows: tuple[str, ...]
    row_lower: FloatArray
    row_upper: FloatArray
    matrix: sparse.csr_array
    position: Mapping[str, int]
    expressions: Expressions

    def value(self, expression: str, x: FloatArray) -> float:
        """A named expression at a point."""
        return self.expressions.value(expression, x)

    def bounds(self, expression: str) -> tuple[float, float]:
        """Least and largest value of a named expression over the variables' bounds; zeros where there is none."""
        if expression not in self.expressions:
            return 0.0, 0.0
        part = self.expressions.affine(expression)
        return part.bounds(self.lower, self.upper)


class BlockBuilder:
    """Collects variables, rows and named expressions of one block."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._names: list[str] = []
        self._lower: list[float] = []
        self._upper: list[float] = []
        self._integer: list[bool] = []
        self._rows: list[tuple[str, Mapping[int, float], float, float]] = []
        self._expressions: dict[str, Affine] = {}
        self._position: dict[str, int] = {}
        self._decisions: set[int] = set()

    def variable(
        self, name: str, lower: float, upper: float, *, integer: bool = False, decision: bool = False
    ) -> Affine:
        """A new variable. Its name is unique in the block.

        A `decision` is what somebody does. All others stand for what follows from decisions: rows hold them
        from above only, so that a solver may also leave them lower.
        """
        if name in self._position:
            raise ValueError(f"variable {name!r} exists already in block {self.name!r}")
        name = sys.intern(name)
        self._position[name] = len(self._names)
        self._names.append(name)
        self._lower.append(lower)
        self._upper.append(upper)
        self._integer.append(integer)
        if decision:
            self._decisions.add(len(self._names) - 1)
        return Affine(0.0, {len(self._names) - 1: 1.0})

    def binary(self, name: str, *, decision: bool = False) -> Affine:
        """A new 0/1 variable."""
        return self.variable(name, 0.0, 1.0, integer=True, decision=decision)

    def has(self, name: str) -> bool:
        """Whether the variable exists."""
        return name in self._position

    def get(self, name: str) -> Affine:
        """An existing variable."""
        return Affine(0.0, {self._position[name]: 1.0})

    def fix(self, name: str, value: float) -> None:
        """Fix an existing variable."""
        self._lower[self._position[name]] = self._upper[self._position[name]] = value

    def is_binary(self, index: int) -> bool:
        """Whether a variable is 0/1."""
        return self._integer[index] and self._lower[index] >= 0.0 and self._upper[index] <= 1.0

    def rises(self, value: Affine) -> bool:
        """True when no variable that may be left lower than what follows from decisions makes the value larger."""
        return all(item >= 0.0 or index in self._decisions for index, item in value.terms.items())

    def follows(self, value: Affine) -> bool:
        """True when decisions alone make the value."""
        return self.rises(value) and self.rises(-value)

    def at_least(self, name: str, left: Affine, right: Affine | float = 0.0) -> None:
        """Row left >= right. Rows that their bounds already ensure are left out."""
        difference = left - right if right else left
        self._row(name, difference.terms, difference.constant)

    def at_most(self, name: str, left: Affine, right: Affine | float = 0.0) -> None:
        """Row left <= right."""
        merged = {index: -coefficient for index, coefficient in left.terms.items()}
        if not isinstance(right, Affine):
            self._row(name, merged, right - left.constant)
            return
        for index, coefficient in right.terms.items():
            merged[index] = merged.get(index, 0.0) + coefficient
        self._row(name, merged, right.constant - left.constant)

    def _row(self, name: str, terms: Mapping[int, float], constant: float) -> None:
        """Row terms + constant >= 0. One loop looks at bounds and sizes: rows are a third of formulating."""
        lower, upper, low = self._lower, self._upper, constant
        largest, smallest = 0.0, np.inf
        for index, coefficient in terms.items():
            if coefficient > 0.0:
                low, size = low + coefficient * lower[index], coefficient
            elif coefficient < 0.0:
                low, size = low + coefficient * upper[index], -coefficient
            else:
                size = 0.0
            if size > largest:
                largest = size
            if size < smallest:
                smallest = size
        if low >= 0.0 and largest > 0.0:
            return
        factor = 1.0
        if smallest < SMALL:
            terms, factor = _scaled(terms, largest)
        self._rows.append((name, terms, -constant * factor, np.inf))

    def express(self, name: str, value: Affine) -> None:
        """Name an expression of the block (an objective or a link)."""
        self._expressions[name] = value

    def bounds(self, value: Affine) -> tuple[float, float]:
        """Least and largest value of an expression over the variables' bounds."""
        return value.bounds(self._lower, self._upper)

    def finish(self) -> Block:
        """The block as arrays."""
        count = len(self._names)
        lengths, indices, data = coefficients([Affine(0.0, terms) for _, terms, _, _ in self._rows])
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
        matrix = sparse.csr_array((data, indices, indptr), shape=(len(self._rows), count))
        matrix.sort_indices()
        return Block(
            name=self.name,
            variables=tuple(self._names),
            lower=np.array(self._lower, dtype=np.float64),
            upper=np.array(self._upper, dtype=np.float64),
            integer=np.array(self._integer, dtype=np.bool_),
            rows=tuple(sys.intern(name) for name, _, _, _ in self._rows),
            row_lower=np.array([low for _, _, low, _ in self._rows], dtype=np.float64),
            row_upper=np.array([high for _, _, _, high in self._rows], dtype=np.float64),
            matrix=matrix,
            position=self._position,
            expressions=Expressions(self._expressions, count),
        )


def _scaled(terms: Mapping[int, float], largest: float) -> tuple[dict[int, float], float]:
    """A row's coefficients without what rounding left of zeros, and by what they were multiplied.

    Rates beside dollars leave coefficients that a solver takes for zero; such a row is scaled to even sizes.
    """
    nothing = NOTHING * largest
    kept = {index: value for index, value in terms.items() if value > nothing or value < -nothing}
    smallest = min(map(abs, kept.values()), default=1.0)
    if smallest >= SMALL:
        return kept, 1.0
    factor = 2.0 ** float(-round(np.log2(np.sqrt(smallest * largest))))
    return {index: value * factor for index, value in kept.items()}, factor


@dataclass(frozen=True)
class Terms:
    """Some expressions of a block: their constants and how many terms each has, shape (expression,), and the variables
    and coefficients of all of them, one expression after the other, shape (term,)."""

    constants: FloatArray
    lengths: NDArray[np.int32]
    places: NDArray[np.int32]
    values: FloatArray


class Expressions(Mapping[str, tuple[float, FloatArray]]):
    """Named affine functions of a block's variables, read as a constant and dense coefficients.

    They are kept sparse: dense, they would take ten times the memory of everything else in a block.
    """

    def __init__(self, parts: Mapping[str, Affine], count: int) -> None:
        self._row, self._count = {name: row for row, name in enumerate(parts)}, count
        lengths, self._places, self._values = coefficients(list(parts.values()))
        self._ends = np.concatenate([[0], np.cumsum(lengths)])
        self._constants = np.array([part.constant for part in parts.values()], dtype=np.float64)

    def __getitem__(self, name: str) -> tuple[float, FloatArray]:
        (places, values), found = self.terms(name), np.zeros(self._count)
        found[places] = values
        return self.constant(name), found

    def __iter__(self) -> Iterator[str]:
        return iter(self._row)

    def __len__(self) -> int:
        return len(self._row)

    def times(self, factors: Mapping[str, float]) -> Expressions:
        """The same expressions, each multiplied by its factor."""
        found, factor = copy(self), np.array([factors[name] for name in self._row], dtype=np.float64)
        found._constants = self._constants * factor
        found._values = self._values * np.repeat(factor, np.diff(self._ends))
        return found

    def affine(self, name: str) -> Affine:
        """One expression."""
        places, values = self.terms(name)
        return Affine(self.constant(name), dict(zip(places.tolist(), values.tolist(), strict=True)))

    def value(self, name: str, x: FloatArray) -> float:
        """One expression at a point."""
        places, values = self.terms(name)
        pairs: Iterator[tuple[float, float]] = zip(x[places].tolist(), values.tolist(), strict=True)
        return self.constant(name) + sum(amount * value for amount, value in pairs)

    def some(self, names: Sequence[str]) -> Terms:
        """Several expressions at once."""
        rows = np.array([self._row[name] for name in names], dtype=np.int64)
        starts, lengths = self._ends[rows], self._ends[rows + 1] - self._ends[rows]
        at = np.arange(lengths.sum()) + np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
        return Terms(self._constants[rows], lengths.astype(np.int32), self._places[at], self._values[at])

    def constant(self, name: str) -> float:
        """The constant of one expression."""
        return float(self._constants[self._row[name]])

    def terms(self, name: str) -> tuple[NDArray[np.int32], FloatArray]:
        """The variables and coefficients of one expression, shape (term,)."""
        row = self._row[name]
        part = slice(self._ends[row], self._ends[row + 1])
        return self._places[part], self._values[part]
