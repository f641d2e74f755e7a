"""At which terms the plan would join a program that it declines: found by settlement, confirmed by planning again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from critmass.domain.programs import Program
from critmass.settlement.outcome import CENT
from critmass.settlement.projection import Decisions
from critmass.studies.explain.changed_terms import ChangedTerms
from critmass.studies.explain.contract_numbers import ContractNumber
from critmass.studies.explain.difference import joined_table
from critmass.studies.explain.nearby import everything_runs, with_joined
from critmass.studies.explain.number_line import NumberLine
from critmass.studies.explain.questions import Asker
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.settled import at_least, program_column
from critmass.studies.explain.worth import ask
from critmass.studies.plan import Plan

MOST_TERMS = 3
"""Numbers of a program that are tried by planning again."""
MOST_PLANS = 12
"""Plans for one number before its place is given as an interval."""


@dataclass(frozen=True)
class Flip:
    """At which value of one number the plan joins the program.

    At `at` the plan that was made joins (`joined`, in `practices`), or decisions that join are as good as it to the
    cent; `gap` is that plan's. At `not_at`, the nearest value to it on the way back to today's that was planned, it
    does not. Without `at` no value up to `tried`, the most favourable one, was found to flip the program.
    """

    number: ContractNumber
    at: float | None
    not_at: float
    tried: float
    smallest: bool = False
    joined: bool = False
    practices: tuple[str, ...] = ()
    plans: int = 0
    plan: Plan | None = None

    @property
    def gap(self) -> float | None:
        """Relative gap of the plan at `at`; None without one."""
        return None if self.plan is None else self.plan.gap


@dataclass
class _Search:
    """Places that flip from `high` on as far as is known (beyond the last: none), and not up to `low`."""

    line: NumberLine
    joining: list[Decisions]
    declining: list[Decisions]
    low: int = 0
    high: int = 0
    plans: int = 0
    stalls: int = 0
    found: dict[int, Plan] = field(default_factory=dict)

    @property
    def flips(self) -> bool:
        """Whether any place was found to flip."""
        return self.high <= self.line.last

    @property
    def done(self) -> bool:
        """Whether nothing is left to find out, or enough was tried."""
        return self.high - self.low <= 1 or self.plans >= MOST_PLANS


class Flips:
    """Searches the terms of one program that a plan declines. `known` are decisions of plans that join it."""

    def __init__(self, plan: Plan, program: Program, asker: Asker, resolver: Resolver) -> None:
        self.plan, self.program, self.asker, self.resolver = plan, program, asker, resolver
        self.terms = ChangedTerms(plan, program.id)

    def search(self, known: Sequence[Decisions], most: int = MOST_TERMS) -> list[Flip]:
        """The most telling numbers of the program, each with where it flips the plan."""
        ranked = sorted(self._favourable(known[0]), key=lambda item: -item[0])
        flips = [self._along(NumberLine(number, end), known) for _, number, end in ranked[:most]]
        return sorted(flips, key=lambda flip: flip.at is None)

    # Which numbers count ----------------------------------------------------------------------------

    def _favourable(self, joining: Decisions) -> list[tuple[float, ContractNumber, float]]:
        """Numbers that can help, with what they add at their best end, USD, and that end.

        They are tried on a plan that joins, and on one where everybody joins and every workflow runs.
        """
        column = program_column(self.terms.settler.pricer, self.program.id)
        places = self.asker.available(self.program)
        tried = [joining, everything_runs(with_joined(joining, column, places, joined=True))]
        ends = (self._better_end(number, tried) for number in self.terms.numbers())
        return [item for item in ends if item[0] > CENT]

    def _better_end(self, number: ContractNumber, tried: Sequence[Decisions]) -> tuple[float, ContractNumber, float]:
        """What the number adds at most at its better end, USD, and that end."""
        today = [self.terms.margin(number, number.value, item) for item in tried]
        found = []
        for end in (self._farthest(number, number.high), self._farthest(number, number.low)):
            gains = [self.terms.margin(number, end, item) - was for item, was in zip(tried, today, strict=True)]
            found.append((max(gains), number, end))
        return max(found, key=lambda item: item[0])

    def _farthest(self, number: ContractNumber, end: float) -> float:
        """The farthest value towards an end that the catalog allows."""
        line = NumberLine(number, end)
        if end == number.value or self.terms.fits(number, end):
            return end
        low, high = 0, line.last
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.terms.fits(number, line.value(middle)) else (low, middle)
        return line.value(low)

    # Where one number flips -------------------------------------------------------------------------

    def _along(self, line: NumberLine, known: Sequence[Decisions]) -> Flip:
        """Plans at one place after the other until the first that flips is known."""
        search = _Search(line, list(known), [self.plan.outcome.decisions], high=line.last + 1)
        while not search.done:
            place = self._next(search)
            if self._joins(search, place):
                search.high = place
            else:
                search.low = place
        return self._flip(search)

    def _next(self, search: _Search) -> int:
        """Where settlement says that known decisions become as good; else next to what flips; else half way."""
        settled = self._crossing(search)
        if settled is not None:
            return settled
        if not search.flips:
            return search.line.last
        search.stalls += 1
        return search.high - 1 if search.stalls == 1 else (search.low + search.high) // 2

    def _crossing(self, search: _Search) -> int | None:
        """The first place below those that flip at which known decisions that join are as good as those that do
        not, as far as settlement can tell."""
        low, high = search.low, min(search.high - 1, search.line.last)
        if high <= low or not self._as_good(search, high):
            return None
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._as_good(search, middle) else (middle, high)
        return high

    def _as_good(self, search: _Search, place: int) -> bool:
        number, value = search.line.number, search.line.value(place)
        joining = self.terms.best(number, value, search.joining)
        return at_least(joining, self.terms.best(number, value, search.declining))

    def _joins(self, search: _Search, place: int) -> bool:
        """Whether the program is joined at a place: a plan made there, or decisions known from before, join it, and
        nothing that is known and declines it settles better."""
        number, value = search.line.number, search.line.value(place)
        scenario, catalog = self.terms.question(number, value)
        search.plans += 1
        found = self.resolver.solve(
            scenario,
            network=self.plan.network,
            catalog=catalog,
            name=f"{self.program.id} at {value:g}",
            hints=[*search.joining, *search.declining],
        ).plan
        if found is None:
            return False
        joins = bool(joined_table(found)[self.program.id].any())
        (search.joining if joins else search.declining).append(found.outcome.decisions)
        as_good = self._as_good(search, place)
        if joins and as_good:
            search.found[place] = found
        return as_good

    def _flip(self, search: _Search) -> Flip:
        line = search.line
        if not search.flips:
            return Flip(line.number, None, line.value(search.low), line.end, plans=search.plans)
        plan = search.found.get(search.high)
        joined = [] if plan is None else list(joined_table(plan)[self.program.id])
        return Flip(
            line.number, line.value(search.high), line.value(search.low), line.end,
            smallest=search.high - search.low == 1, joined=plan is not None,
            practices=tuple(name for name, flag in zip(self.plan.network.practices, joined, strict=False) if flag),
            plans=search.plans, plan=plan,
        )  # fmt: skip


@dataclass(frozen=True)
class Terms:
    """What it would take for the plan to join a program that it declines.

    `lifted` says what keeps it out beside money: a lock, a contract. `joins_then` is true where the plan joins as
    soon as that is lifted; `flips` are of the question without it.
    """

    flips: tuple[Flip, ...]
    lifted: tuple[str, ...] = ()
    joins_then: bool = False


def terms_that_flip(
    program: Program, known: Sequence[Decisions], plan: Plan, asker: Asker, resolver: Resolver
) -> Terms:
    """Terms at which the plan joins a program that it declines. `known` are decisions of plans that join it."""
    offered = asker.offered(program)
    if offered.notes:
        found = ask(offered, resolver).plan
        if found is None or joined_table(found)[program.id].any():
            return Terms((), offered.notes, joins_then=found is not None)
        plan, asker = found, Asker(found)
    flips = Flips(plan, program, asker, resolver).search(known) if known else []
    return Terms(tuple(flips), offered.notes)
