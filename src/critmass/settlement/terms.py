"""Which programs and components are in force for a network and a scenario."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network, Population
from critmass.domain.programs import Component, Program
from critmass.domain.scenario import Scenario
from critmass.domain.values import Window
from critmass.domain.walk import numbers_of_words, words_in

MONTHS = 12


@dataclass(frozen=True)
class Clause:
    """A component in force: what it touches in this network, and for what part of the year.

    `year_share` is the fraction of the year's months in which the component is in force.
    """

    program: Program
    component: Component
    payer: str
    populations: tuple[Population, ...]
    year_share: float
    carried_forward: bool

    @property
    def key(self) -> tuple[str, str]:
        """Program id and component id."""
        return self.program.id, self.component.id

    @property
    def pooled(self) -> bool:
        """True when it settles on the organization's pooled results, all practices together."""
        return self.component.level == "organization"


@dataclass(frozen=True)
class Terms:
    """Everything that can pay or charge this network in the scenario's year, in a fixed order."""

    catalog: Catalog
    programs: tuple[Program, ...]
    clauses: tuple[Clause, ...]

    @cached_property
    def word_numbers(self) -> Mapping[int, int]:
        """A number for each word that is said more than once, by its identity; words that say the same share one."""
        components = [clause.component for clause in self.clauses]
        numbers = numbers_of_words(components)
        said = Counter(numbers.get(id(word)) for word in words_in(components))
        return {place: number for place, number in numbers.items() if said[number] > 1}

    def looks_aside(self, clause: Clause) -> bool:
        """Whether a clause looks at more than its own unit: its peers, or what its program pays elsewhere."""
        return clause.key in self._aside

    def is_asked_for(self, clause: Clause) -> bool:
        """Whether another component of its program looks at what it pays."""
        return clause.key in self._asked_for

    @cached_property
    def _asked_for(self) -> frozenset[tuple[str, str]]:
        return frozenset((clause.program.id, other) for clause in self.clauses for other in paid_by(clause.component))

    @cached_property
    def _aside(self) -> frozenset[tuple[str, str]]:
        asking = (v.PeerPercentile, v.PoolShare, v.PaidBy)
        return frozenset(
            clause.key
            for clause in self.clauses
            if any(isinstance(word, asking) for word in words_in(clause.component))
        )

    @cached_property
    def in_order_of_money(self) -> tuple[Clause, ...]:
        """The clauses, those that others of their program look at first."""
        depth = {clause.key: self._depth(clause) for clause in self.clauses}
        return tuple(sorted(self.clauses, key=lambda clause: depth[clause.key]))

    def _depth(self, clause: Clause) -> int:
        asked = set(paid_by(clause.component))
        others = [other for other in self.of(clause.program.id) if other.component.id in asked] if asked else []
        return 1 + max((self._depth(other) for other in others), default=-1)

    def of(self, program_id: str) -> tuple[Clause, ...]:
        """The clauses of one program."""
        return self._by_program.get(program_id, ())

    @cached_property
    def _by_program(self) -> Mapping[str, tuple[Clause, ...]]:
        found: dict[str, tuple[Clause, ...]] = {}
        for clause in self.clauses:
            found[clause.program.id] = (*found.get(clause.program.id, ()), clause)
        return found


def paid_by(component: Component) -> tuple[str, ...]:
    """Components of the same program whose payment this one looks at."""
    return tuple(word.component for word in words_in(component) if isinstance(word, v.PaidBy))


def terms_in_force(catalog: Catalog, network: Network, scenario: Scenario) -> Terms:
    """The programs that reach a population of the network under the scenario's rule for years."""
    programs = tuple(
        program
        for program in sorted(catalog.programs.values(), key=lambda item: item.id)
        if _in_scope(program, scenario) and program.id not in scenario.exclude_programs
    )
    clauses = tuple(clause for program in programs for clause in _clauses(program, network.populations, scenario))
    reached = {clause.program.id for clause in clauses}
    return Terms(catalog, tuple(program for program in programs if program.id in reached), clauses)


def _in_scope(program: Program, scenario: Scenario) -> bool:
    if scenario.terms == "in_force":
        return program.effective.touches(scenario.performance_year)
    return scenario.terms == "all" or not program.ended


def _clauses(program: Program, populations: tuple[Population, ...], scenario: Scenario) -> Iterable[Clause]:
    own_year = not program.effective.touches(scenario.performance_year)
    year = program.performance_year if own_year else scenario.performance_year
    for component in program.components:
        payer, lines = program.payer_of(component), program.lines_of(component)
        touched = tuple(pair for pair in populations if pair[0] == payer and pair[1] in lines)
        share = year_share(component.effective, year)
        if touched and share > 0:
            yield Clause(program, component, payer, touched, share, carried_forward=own_year)


def year_share(window: Window | None, year: int) -> float:
    """Fraction of the year's twelve months that begin inside the window."""
    if window is None:
        return 1.0
    first = (year, 1) if window.start is None else (window.start.year, window.start.month)
    last = (year, MONTHS) if window.end is None else (window.end.year, window.end.month)
    months = sum(first <= (year, month) <= last for month in range(1, MONTHS + 1))
    return months / MONTHS
