"""A practice at typical values, under which anything that a component looks at can be moved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import numpy as np
from pydantic import BaseModel

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.values import Cited
from critmass.domain.walk import words_in
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Clause

Setting = Literal["typical", "good", "costly"]
"""Typical values; everything else good, so that gates open; more spent than the benchmark, so that losses are owed."""
SETTINGS: tuple[Setting, ...] = ("typical", "good", "costly")
"""In the order in which they are tried, until a component pays something."""

MEMBERS = 1000.0
DENOMINATOR = 200
BENCHMARK_USD = 1_000_000.0
EXPENDITURE = "expenditure_usd"
SAVINGS_WORDS = (v.Savings, v.SavingsRate, v.Expenditure)
"""Words that look at what the practice's members cost."""

_RATES = {"typical": (0.7, 0.15), "good": (0.95, 0.01), "costly": (0.7, 0.15)}
_SAVED = {"typical": 0.1, "good": 0.1, "costly": -0.1}
_AMOUNT = 1000.0
_EVENTS, _ALLOWED_USD = 500.0, 200_000.0
_BEYOND = 0.01
_PEERS = 9
_PEER_SPREAD = 0.1
_ASIDE = (v.PeerPercentile, v.PoolShare)
_STRATA = {
    "under_21": 0.25, "age_21_plus": 0.75, "risk_low": 0.6, "risk_rising": 0.3, "risk_high": 0.1,
    "chronic_0_1": 0.6, "chronic_2_plus": 0.3, "chronic_2_plus_qmb": 0.1,
}  # fmt: skip


class Typical:
    """What a practice that takes part looks like to some components of one program.

    It has 1,000 members, or as many as gates ask for. Benchmark and expenditure are $1M, except that components
    which look at savings find a tenth saved, or overspent, so that quality has something to be multiplied with.
    Numbers that users supply are the catalog's defaults; what is asked as yes or no is answered so that gates
    open. Where units are compared there are peers beside it.
    """

    def __init__(self, catalog: Catalog, clauses: Sequence[Clause], setting: Setting = "typical") -> None:
        words = tuple(words_in([clause.component for clause in clauses]))
        aside = any(isinstance(word, _ASIDE) for word in words)
        self.names = ("practice", *(f"peer {number + 1}" for number in range(_PEERS if aside else 0)))
        self.members = _members(words)
        numbers = dict(_numbers(words, self.members, _SAVED[setting])) | _facts(catalog, words, setting)
        self.values = {key: np.full((1, len(self.names)), number) for key, number in numbers.items()}
        for measure in measures_of(words):
            rates = self._spread(typical_rate(catalog, measure, setting))
            self.values |= {key: row[None, :] for key, row in measure_counts(measure, rates, rates).items()}
        outside = _outside(clauses, words)
        self.joined = {name: np.full((1, len(self.names)), name not in outside) for name in catalog.programs}

    def with_moved(self, moved: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Everything by key, shape (point or 1, unit), with the practice's numbers of `moved`, shape (point,)."""
        return self.values | {key: self._first_moved(key, numbers) for key, numbers in moved.items()}

    def _first_moved(self, key: str, numbers: FloatArray) -> FloatArray:
        rows = np.repeat(self.values[key], len(numbers), axis=0)
        rows[:, 0] = numbers
        return rows

    def _spread(self, rate: float) -> FloatArray:
        """The practice's own rate, then its peers' around it, shape (unit,)."""
        around = np.linspace(rate - _PEER_SPREAD, rate + _PEER_SPREAD, _PEERS)
        return np.concatenate([[rate], around])[: len(self.names)]


def _outside(clauses: Sequence[Clause], words: Iterable[BaseModel]) -> set[str]:
    """Programs that are not joined, because components pay only those that stay outside."""
    left = {word.program for word in words if isinstance(word, v.ProgramJoined) and not word.joined}
    return left | {clause.program.id for clause in clauses if clause.component.applies == "not_joined"}


def measures_of(words: Iterable[BaseModel]) -> tuple[str, ...]:
    """Measures that words look at or count, in the order in which they are first mentioned."""
    named = (getattr(word, "measure", None) for word in words)
    return tuple(dict.fromkeys(name for name in named if name is not None))


def typical_rate(catalog: Catalog, measure: str, setting: Setting = "typical") -> float:
    """A rate in the middle of what practices reach, or a good one, a fraction."""
    higher, lower = _RATES[setting]
    return higher if catalog.measures[measure].higher_is_better else lower


def measure_counts(measure: str, rates: FloatArray, before: FloatArray) -> dict[str, FloatArray]:
    """Counts by key from this year's and last year's rates, all of one shape.

    Who was compliant at the end of last year is compliant on day one.
    """
    size = np.full_like(rates, float(DENOMINATOR))
    place = f"measures.{measure}"
    return {
        f"{place}.denominator": size,
        f"{place}.numerator": rates * size,
        f"{place}.prior_denominator": size,
        f"{place}.prior_numerator": before * size,
        f"{place}.carried_numerator": before * size,
    }


def _members(words: Iterable[BaseModel]) -> float:
    """Members: as many as gates ask for."""
    count = MEMBERS
    for word in words:
        if isinstance(word, v.Test) and isinstance(word.driver, v.MembersCount) and isinstance(word.threshold, Cited):
            count = _opening(word, float(word.threshold), count)
    return count


def _numbers(words: Sequence[BaseModel], members: float, saved: float) -> Iterator[tuple[str, float]]:
    """Numbers that are the same for all units, by key."""
    looks_at_savings = any(isinstance(word, SAVINGS_WORDS) for word in words)
    yield from (("members", members), ("benchmark_usd", BENCHMARK_USD))
    yield EXPENDITURE, BENCHMARK_USD * (1.0 - saved * looks_at_savings)
    yield from ((f"strata.{name}", share * members) for name, share in _STRATA.items())
    for word in words:
        if isinstance(word, v.Events):
            yield f"events.{word.service}", _EVENTS
        elif isinstance(word, v.AllowedCharges):
            yield f"allowed_usd.{word.code_set}", _ALLOWED_USD
        elif isinstance(word, v.WorkflowInPlace):
            yield f"workflows.{word.workflow}", 1.0


def _facts(catalog: Catalog, words: Sequence[BaseModel], setting: Setting) -> dict[str, float]:
    """Answers by key: yes, or the catalog's number, unless a gate asks for another."""
    found = {
        name: 1.0 if question.kind == "yes_no" else float(question.default) for name, question in catalog.facts.items()
    }
    if setting == "good":
        amounts = {word.name for word in words if isinstance(word, v.FactAmount)}
        found = {name: number or (_AMOUNT if name in amounts else 1.0) for name, number in found.items()}
    for word in words:
        if isinstance(word, v.Test) and isinstance(word.driver, v.Fact) and isinstance(word.threshold, Cited):
            found[word.driver.name] = _opening(word, float(word.threshold), found[word.driver.name])
    return {f"facts.{name}": number for name, number in found.items()}


def _opening(gate: v.Test, threshold: float, answer: float) -> float:
    """The answer itself where it opens the gate, otherwise the nearest that does."""
    beyond = _BEYOND if gate.strict else 0.0
    if gate.opens_downward:
        return min(answer, threshold - beyond)
    return max(answer, threshold + beyond)
