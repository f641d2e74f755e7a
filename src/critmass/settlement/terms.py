"""Which programs and components are in force for a network and a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from critmass.domain.catalog import Catalog
from critmass.domain.network import Network, Population
from critmass.domain.programs import Component, Program
from critmass.domain.scenario import Scenario
from critmass.domain.values import Window

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
        """True when it settles on the organization's pooled results."""
        return self.component.level == "organization"


@dataclass(frozen=True)
class Terms:
    """Everything that can pay or charge this network in the scenario's year, in a fixed order."""

    catalog: Catalog
    programs: tuple[Program, ...]
    clauses: tuple[Clause, ...]

    def of(self, program_id: str) -> tuple[Clause, ...]:
        """The clauses of one program."""
        return tuple(clause for clause in self.clauses if clause.program.id == program_id)


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
