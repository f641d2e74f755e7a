"""Why the plan declines a program, or does not start a workflow: what is lost when it does all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from critmass.domain.programs import Program
from critmass.settlement.projection import Decisions
from critmass.studies.explain.difference import Changed, Comparison, compare, decisions_changed, joined_table
from critmass.studies.explain.questions import Asker, Question
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.settled import Settler
from critmass.studies.explain.worth import ask
from critmass.studies.plan import Plan

MOST_PRACTICES = 3
"""Practices that are tried one by one; settlement says which are the most promising."""


@dataclass(frozen=True)
class Forced:
    """The best plan in which some practices join a program, or run a workflow, that the plan leaves aside.

    `practices` are those that must; `comparison` is the plan less that one, None where there is none, for
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
    """Why a program is declined, or a workflow not started.

    `alone` is the practice where it costs least among those tried one by one, `everywhere` all practices that may and
    do not; for a program that the organization joins as a whole both are the same. `tried` counts the practices tried
    one by one, `available` those that may and do not.
    """

    kind: Literal["program", "workflow"]
    id: str
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
    joined, whole = joined_table(plan)[program.id], program.join_level == "organization"
    free = [place for place in asker.available(program) if not joined[place]]

    def question(places: Sequence[int]) -> Question:
        where = "" if whole else f" at {_named(plan, places)}"
        return asker.with_program(program, places, f"with {program.id}{where}")

    return _why_not("program", program.id, free, plan, resolver, question, one_by_one=not whole)


def why_not_workflow(workflow: str, plan: Plan, asker: Asker, resolver: Resolver) -> WhyNot:
    """What is lost when the workflow is started: by the best single practice, and by all in which it does not run."""
    column = asker.shared.model.workflow_position[workflow]
    free = [place for place, how in enumerate(plan.outcome.decisions.delivery[0, :, column]) if not how]

    def question(places: Sequence[int]) -> Question:
        names = [plan.network.practices[place] for place in places]
        return asker.with_workflow(workflow, names, f"with {workflow} at {_named(plan, places)}")

    return _why_not("workflow", workflow, free, plan, resolver, question, one_by_one=True)


def _named(plan: Plan, places: Sequence[int]) -> str:
    return plan.network.practices[places[0]] if len(places) == 1 else f"{len(places):,} practices"


def _why_not(
    kind: Literal["program", "workflow"], name: str, free: Sequence[int], plan: Plan, resolver: Resolver,
    question: Callable[[Sequence[int]], Question], *, one_by_one: bool,
) -> WhyNot:  # fmt: skip
    """`one_by_one` says that practices decide for themselves."""
    available = tuple(plan.network.practices[place] for place in free)
    if not free:
        return WhyNot(kind, name, available, 0, None, None)
    everywhere = _forced(available, plan, question(free), resolver)
    if not one_by_one or len(free) == 1:
        return WhyNot(kind, name, available, 1, everywhere, everywhere)
    questions = [question([place]) for place in free]
    chosen = promising([asked.hints[0] for asked in questions], plan)[:MOST_PRACTICES]
    tried = [_forced((available[at],), plan, questions[at], resolver) for at in chosen]
    return WhyNot(kind, name, available, len(tried), _cheapest(tried), everywhere)


def _forced(names: tuple[str, ...], plan: Plan, asked: Question, resolver: Resolver) -> Forced:
    """The best plan that answers a question."""
    answer = ask(asked, resolver)
    if answer.plan is None:
        return Forced(names, None, answer.why, asked.notes, restricts=asked.restricts)
    return Forced(
        names, compare(plan, answer.plan, restricts=asked.restricts),
        notes=asked.notes, changed=decisions_changed(plan, answer.plan), plan=answer.plan, restricts=asked.restricts,
    )  # fmt: skip


def promising(decisions: Sequence[Decisions], plan: Plan) -> list[int]:
    """Places of decisions in the order in which settlement prices them, the best first."""
    if not decisions:
        return []
    settler = Settler(plan)
    values = settler.values(settler.pricer.price(Decisions.side_by_side(decisions)))
    return sorted(range(len(decisions)), key=lambda at: values[at], reverse=True)


def _cheapest(tried: Sequence[Forced]) -> Forced:
    found = [item for item in tried if item.comparison is not None]
    if not found:
        return tried[0]
    return min(found, key=_loss)


def _loss(item: Forced) -> list[float]:
    return [level.value for level in item.comparison.levels] if item.comparison else []
