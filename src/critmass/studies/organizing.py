"""What organizing is worth: lone practices against the organization, in total and by what it pools."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InfeasibleError, NoPlanInTimeError
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.settlement.outcome import CENT
from critmass.settlement.projection import Decisions
from critmass.solve.progress import Reporter, relative_gap, silent
from critmass.solve.whole import TINY
from critmass.studies.explain.difference import Comparison, levels_apart
from critmass.studies.explain.known import better_known
from critmass.studies.explain.resolve import WHOLE_GAP, Resolver, Started, not_told
from critmass.studies.explain.rules import Rules
from critmass.studies.lone import LonePractice, lone_practices, side_by_side
from critmass.studies.plan import Level, Plan, plan_network
from critmass.studies.pooling import Pooling, Source, may_be_left

Rung = Literal["held_alone", "together", "budget", "hub", "denominators", "savings"]
"""What a step of the ladder changes: contracts that practices held alone are given up; practices share TINs and
are compared with each other; then the sources in their order."""

_CENTS = 2


@dataclass(frozen=True)
class Reached:
    """What a plan, or several side by side, reaches; money in USD a year, to the cent.

    `reporting_usd` is what reporting costs, whoever pays for it.
    """

    levels: tuple[Level, ...]
    margin_usd: float
    members_at_mass: float
    practices_at_mass: int
    reporting_usd: float


@dataclass(frozen=True)
class Step:
    """One step of the ladder: what it adds, and what is reached after it. Several rungs where no plan lies between."""

    rungs: tuple[Rung, ...]
    gain: Comparison
    reached: Reached


@dataclass(frozen=True)
class TakenAway:
    """The organization less its best plan without some of its sources; `reasons` where there is no such plan."""

    sources: tuple[Source, ...]
    loss: Comparison | None
    programs: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Organizing:
    """What organizing is worth, from certified plans.

    `worth` is the organization's plan less the lone plans together. The `ladder` leads from these to that plan, and
    its steps add up to `worth`. `taken_away` is the organization less one source at a time; sources overlap, so these
    need not add up. `absent` says why a source is not there.
    """

    lone: tuple[LonePractice, ...]
    plan: Plan
    alone: Reached
    organized: Reached
    worth: Comparison
    ladder: tuple[Step, ...]
    taken_away: tuple[TakenAway, ...]
    absent: dict[Source, str]
    notes: tuple[str, ...]
    options: SolveOptions
    plans_made: int
    wall_seconds: float

    @property
    def worse(self) -> bool:
        """Whether the organization's plan that was found is worse than the lone plans together."""
        return self.worth.better


def organizing(
    network: Network, catalog: Catalog, scenario: Scenario | None = None, options: SolveOptions | None = None,
    report: Reporter = silent, started: Started = not_told,
) -> Organizing:  # fmt: skip
    """Plans each practice alone and all as an organization, and finds where the difference comes from.

    `options` are for each plan that is made, a minute and the usual gap by default; the gap of plans that are solved
    whole is tighter. `catalog` must have the scenario's overrides in it already. `started` is told what is planned.

    Raises:
        InfeasibleError: when the organization cannot keep the locks, or a practice alone cannot.
        NoPlanInTimeError: when the time limit came before any plan of either.
    """
    scenario = scenario or Scenario()
    options = options or SolveOptions(time_limit_seconds=60.0)
    return _Organizer(network, catalog, scenario, options, report, started).organizing()


class _Organizer:
    """Makes the plans, each question once, and puts them together."""

    def __init__(
        self, network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions, report: Reporter,
        started: Started,
    ) -> None:  # fmt: skip
        self.network, self.catalog, self.scenario = network, catalog, scenario
        self.whole = options.model_copy(update={"gap": min(options.gap, WHOLE_GAP)})
        self.options = self.whole if len(network.practices) <= TINY else options
        self.report, self.started, self.start = report, started, time.monotonic()
        self.pooling = Pooling(network, catalog, scenario)
        self.resolver = Resolver(network, catalog, scenario, self.options, report, started)
        self.lone_plans = 0
        self.notes: list[str] = []
        self.found: dict[frozenset[Source], Plan | None] = {}

    def organizing(self) -> Organizing:
        lone = self._lone(())
        bare = self._bare(lone)
        plan = self._organization(bare or lone)
        self._ask(bare or lone, plan)
        plan = self.found[self._all] or plan
        alone, organized = together(lone), together_of([plan])
        return Organizing(
            lone=lone, plan=plan, alone=alone, organized=organized,
            worth=apart(organized, alone, restricts=False),
            ladder=tuple(self._ladder(alone, lone, bare)), taken_away=tuple(self._taken_away(organized)),
            absent=self.pooling.absent, notes=(*self._lifted(), *self.notes), options=self.options,
            plans_made=self.lone_plans + 1 + self.resolver.solved, wall_seconds=time.monotonic() - self.start,
        )  # fmt: skip

    @property
    def _all(self) -> frozenset[Source]:
        return frozenset(self.pooling.sources)

    # Plans ------------------------------------------------------------------------------------------

    def _lone(self, without: Sequence[str], practices: Sequence[str] | None = None) -> tuple[LonePractice, ...]:
        found = lone_practices(
            self.network, self.catalog, self.scenario, self.whole, self.started, without, practices
        )  # fmt: skip
        self.lone_plans += len(found)
        return found

    def _bare(self, lone: tuple[LonePractice, ...]) -> tuple[LonePractice, ...] | None:
        """The lone plans without contracts made for organizations; None where a practice has no such plan."""
        names = sorted(self.pooling.pooled)
        anyway = not all(may_be_left(self.catalog.programs[name]) for name in names)
        holding = [item.practice for item in lone if item.holds or anyway]
        if not names or not holding:
            return lone
        try:
            other = {item.practice: item for item in self._lone(names, holding)}
        except (InfeasibleError, NoPlanInTimeError) as error:
            self.notes.append(f"Not known: lone practices without pooled contracts. {error}")
            return None
        return tuple(other.get(item.practice, item) for item in lone)

    def _organization(self, lone: Sequence[LonePractice]) -> Plan:
        """The organization's plan, or the lone plans together where they are allowed and better."""
        self.started("the organization")
        plan = None
        with suppress(NoPlanInTimeError):
            plan = plan_network(self.network, self.catalog, self.scenario, self.options, self.report)
        rules = Rules(self.network, self.catalog, self.scenario)
        ids = rules.shared.program_ids
        best = better_known([(ids, side_by_side(lone, ids, self.pooling.pooled))], plan, rules, self.options) or plan
        if best is None:
            raise NoPlanInTimeError("no plan of the organization was found within the time limit; raise --time-limit")
        self.resolver.remember(best)
        return best

    def _ask(self, lone: Sequence[LonePractice], plan: Plan) -> None:
        """Every question that the ladder and the sources need; then each gets the best plan found for any."""
        hints = self._hints(lone, plan)
        for kept in self._questions():
            left = self.pooling.with_only(kept)
            name = "the organization without " + (", ".join(s for s in self.pooling.sources if s not in kept) or "-")
            answer = self.resolver.solve(left.scenario, network=left.network, name=name, hints=hints)
            self.found[kept] = answer.plan
            if answer.plan is None:
                why = "; ".join(answer.why) or "no plan within the time limit"
                self.notes.append(f"Not known: {name} ({why}).")
        for kept, found in self.found.items():
            if found is not None:
                self.found[kept] = self.resolver.best_known(found) or found
        for kept, found in self.found.items():
            self.found[kept] = self._limited(kept, found)

    def _limited(self, kept: frozenset[Source], plan: Plan | None) -> Plan | None:
        """The plan with the tightest limit on its first level that is proved for it, or for a question that allows
        all that its question allows."""
        if plan is None:
            return None
        wider = [
            other.levels[0].bound
            for more, other in self.found.items()
            if other is not None and kept < more and self.pooling.restricts(more - kept)
        ]
        first, *later = plan.levels
        bound = max(min([first.bound, *wider]), first.value)
        if bound >= first.bound:
            return plan
        return replace(plan, levels=(replace(first, bound=bound, gap=relative_gap(first.value, bound)), *later))

    def _hints(self, lone: Sequence[LonePractice], plan: Plan) -> list[Decisions]:
        """The lone plans side by side, without pooled contracts and with those of the organization's plan."""
        ids = tuple(program.id for program in plan.terms.programs)
        bare = side_by_side(lone, ids, self.pooling.pooled)
        joined = bare.joined.copy()
        columns = [place for place, name in enumerate(ids) if name in self.pooling.pooled]
        joined[:, :, columns] = plan.outcome.decisions.joined[:, :, columns]
        return [bare, replace(bare, joined=joined)]

    def _questions(self) -> Iterator[frozenset[Source]]:
        yield self._all
        yield from (kept for _, kept in self._rungs())
        yield from (self._all - frozenset(gone) for gone in self._without())

    def _rungs(self) -> Iterator[tuple[Rung, frozenset[Source]]]:
        """The rungs that are plans of the organization, and which sources each has."""
        if not self.pooling.separable() or not self.pooling.sources:
            yield "together", frozenset()
        for place, source in enumerate(self.pooling.sources, start=1):
            yield source, frozenset(self.pooling.sources[:place])

    def _without(self) -> Iterator[tuple[Source, ...]]:
        """Which sources are taken away: one at a time, and the contracts of both kinds."""
        yield from ((source,) for source in self.pooling.sources)
        contracts: tuple[Source, ...] = ("denominators", "savings")
        if set(contracts) <= self._all:
            yield contracts

    # Differences ------------------------------------------------------------------------------------

    def _ladder(
        self, alone: Reached, lone: tuple[LonePractice, ...], bare: tuple[LonePractice, ...] | None
    ) -> Iterator[Step]:
        """Steps between the rungs that are known; a rung without a plan is passed over."""
        rungs: list[tuple[Rung, Reached | None, bool]] = []
        if bare is not lone:
            rungs.append(("held_alone", together(bare) if bare else None, False))
        for rung, kept in self._rungs():
            plan = self.found[kept]
            adds = rung != "together" and self.pooling.restricts(frozenset({rung}))  # type: ignore[arg-type]
            rungs.append((rung, together_of([plan]) if plan else None, adds))
        before, passed = alone, list[Rung]()
        for rung, reached, adds in rungs:
            passed.append(rung)
            if reached is not None:
                yield Step(tuple(passed), apart(reached, before, restricts=adds and len(passed) == 1), reached)
                before, passed = reached, []

    def _taken_away(self, organized: Reached) -> Iterator[TakenAway]:
        for gone in self._without():
            plan = self.found[self._all - frozenset(gone)]
            programs = tuple(name for source in gone for name in self.pooling.programs.get(source, ()))
            if plan is None:
                yield TakenAway(gone, None, programs, ("no plan was found without it",))
                continue
            loss = apart(organized, together_of([plan]), restricts=self.pooling.restricts(frozenset(gone)))
            yield TakenAway(gone, loss, programs)

    def _lifted(self) -> Iterator[str]:
        """Signed or locked contracts of the organization, which no practice can hold alone."""
        contracts = self.network.table("Contracts")
        signed = set(contracts["program"][contracts["status"] == "joined"])
        locked = {lock.program for lock in self.scenario.locks if lock.decision == "joined" and lock.program}
        for name in sorted((signed | locked) & self.pooling.pooled):
            if self.catalog.programs[name].join_level == "organization":
                yield f"{name} is the organization's contract; it is lifted where practices are planned alone."


# Sums and differences ---------------------------------------------------------------------------------


def together(lone: Sequence[LonePractice]) -> Reached:
    """What lone practices reach together."""
    return together_of([item.plan for item in lone])


def together_of(plans: Sequence[Plan]) -> Reached:
    """What plans of separate networks reach together: sums of values and of proved limits."""
    outcomes = [plan.outcome for plan in plans]
    reporting = sum(
        float(item.costs.reporting.sum()) + float(item.costs.organization_reporting.sum()) for item in outcomes
    )
    return Reached(
        levels=tuple(_summed(levels) for levels in zip(*(plan.levels for plan in plans), strict=True)),
        margin_usd=round(sum(float(item.margin[0]) for item in outcomes), _CENTS),
        members_at_mass=round(sum(float(item.members_at_mass[0]) for item in outcomes), _CENTS),
        practices_at_mass=int(sum(float(item.practices_at_mass[0]) for item in outcomes)),
        reporting_usd=round(reporting, _CENTS),
    )


def _summed(levels: Sequence[Level]) -> Level:
    value = round(sum(level.value for level in levels), _CENTS)
    bound = max(sum(level.bound for level in levels), value)
    return Level(levels[0].name, value, bound, relative_gap(value, bound))


def apart(one: Reached, other: Reached, *, restricts: bool) -> Comparison:
    """One less the other, at each level of the objective with what is certain of it; differences to the cent.

    With `restricts` the other's question allows nothing that the first's does not.
    """
    levels = [
        replace(item, value=round(item.value, _CENTS) + 0.0)
        for item in levels_apart(one.levels, other.levels, restricts=restricts)
    ]
    differing = [item.value for item in levels if abs(item.value) > CENT]
    return Comparison(
        tuple(levels),
        margin_usd=round(one.margin_usd - other.margin_usd, _CENTS) + 0.0,
        members_at_mass=round(one.members_at_mass - other.members_at_mass, _CENTS) + 0.0,
        practices_at_mass=one.practices_at_mass - other.practices_at_mass,
        better=bool(differing) and differing[0] < 0,
    )
