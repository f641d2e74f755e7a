"""Why the plan declines a program: what is lost when it is joined all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from critmass.domain.programs import Program
from critmass.studies.explain.difference import Changed, Comparison, compare, decisions_changed, joined_table
from critmass.studies.explain.questions import Asker
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.settled import Settler, many, program_column, with_joined
from critmass.studies.explain.worth import ask
from critmass.studies.plan import Plan

MOST_PRACTICES = 3
"""Practices that are tried one by one; settlement says which are the most promising."""


@dataclass(frozen=True)
class Forced:
    """The best plan in which some practices join a program that the plan declines.

    `practices` are those that must join; `comparison` is the plan less that one, None where there is none, for
    `reasons`, or where the time limit came first.
    """

    practices: tuple[str, ...]
    comparison: Comparison | None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    plan: Plan | None = None
    restricts: bool = True


@dataclass(frozen=True)
class WhyNot:
    """Why a program is declined.

    `alone` is the practice where joining costs least among those tried one by one, `everywhere` all practices that
    may join and do not; for a program that the organization joins as a whole both are the same. `tried` counts the
    practices tried one by one, `available` those that may join and do not.
    """

    program: str
    available: tuple[str, ...]
    tried: int
    alone: Forced | None
    everywhere: Forced | None

    @property
    def better(self) -> Plan | None:
        """A plan for the same question that beats the plan, where one came up."""
        for item in (self.alone, self.everywhere):
            if item is not None and item.comparison is not None and item.comparison.better and item.restricts:
                return item.plan
        return None


def declined(plan: Plan, asker: Asker) -> Iterator[Program]:
    """Programs that some practice may join and none does."""
    for program in asker.shared.programs:
        if program.voluntary and not joined_table(plan)[program.id].any() and asker.available(program):
            yield program


def why_not(program: Program, plan: Plan, asker: Asker, resolver: Resolver) -> WhyNot:
    """What is lost when the program is joined: by the best single practice, and by all that may."""
    names = plan.network.practices
    free = [place for place in asker.available(program) if not joined_table(plan)[program.id][place]]
    available = tuple(names[place] for place in free)
    if not free:
        return WhyNot(program.id, available, 0, None, None)
    everywhere = forced(program, free, plan, asker, resolver)
    if program.join_level == "organization" or len(free) == 1:
        return WhyNot(program.id, available, 1, everywhere, everywhere)
    chosen = promising(program, free, plan)[:MOST_PRACTICES]
    tried = [forced(program, [place], plan, asker, resolver) for place in chosen]
    return WhyNot(program.id, available, len(tried), _cheapest(tried), everywhere)


def forced(program: Program, places: Sequence[int], plan: Plan, asker: Asker, resolver: Resolver) -> Forced:
    """The best plan in which these practices join."""
    names = tuple(plan.network.practices[place] for place in places)
    where = "" if program.join_level == "organization" else f" at {names[0] if len(names) == 1 else len(names)}"
    asked = asker.with_program(program, places, f"with {program.id}{where}")
    answer = ask(asked, resolver)
    if answer.plan is None:
        return Forced(names, None, answer.reasons, asked.notes, restricts=asked.restricts)
    return Forced(
        names, compare(plan, answer.plan, restricts=asked.restricts),
        notes=asked.notes, changed=decisions_changed(plan, answer.plan), plan=answer.plan, restricts=asked.restricts,
    )  # fmt: skip


def promising(program: Program, places: Sequence[int], plan: Plan) -> list[int]:
    """Places by what joining alone would add, all other decisions kept: the best first. Settlement says so."""
    settler = Settler(plan)
    column = program_column(settler.pricer, program.id)
    tried = many([with_joined(plan.outcome.decisions, column, [place], joined=True) for place in places])
    values = settler.values(settler.pricer.price(tried))
    order = sorted(range(len(places)), key=lambda at: values[at], reverse=True)
    return [places[at] for at in order]


def _cheapest(tried: Sequence[Forced]) -> Forced:
    found = [item for item in tried if item.comparison is not None]
    if not found:
        return tried[0]
    return min(found, key=_loss)


def _loss(item: Forced) -> list[float]:
    return [level.value for level in item.comparison.levels] if item.comparison else []
