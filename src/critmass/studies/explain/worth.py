"""What the plan would lose without one of the things it holds: a program, a workflow, a payer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from critmass.studies.explain.difference import Changed, Comparison, compare, decisions_changed, joined_table
from critmass.studies.explain.questions import Asker, NotAsked, Question
from critmass.studies.explain.resolve import Answer, Resolver
from critmass.studies.plan import Plan

Kind = Literal["program", "workflow", "payer"]


@dataclass(frozen=True)
class Worth:
    """What one thing is worth to the plan, confirmed by planning without it.

    `comparison` is the plan less the best plan without it, None where there is no such plan; `reasons` then say
    why, or are empty where the time limit came first. `changed` is what that plan decides otherwise, `without` that
    plan itself.
    """

    kind: Kind
    id: str
    comparison: Comparison | None
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    without: Plan | None = None
    restricts: bool = True

    @property
    def better(self) -> Plan | None:
        """A plan for the same question that beats the plan, where one came up."""
        found = self.comparison is not None and self.comparison.better and self.restricts
        return self.without if found else None


def worth_of(kind: Kind, name: str, plan: Plan, asker: Asker, resolver: Resolver) -> Worth:
    """The worth of one program, workflow or payer by its id."""
    asked = _question(kind, name, asker)
    if isinstance(asked, NotAsked):
        return Worth(kind, name, None, (asked.reason,))
    return _worth(kind, name, plan, asked, ask(asked, resolver))


def ask(question: Question, resolver: Resolver) -> Answer:
    """The answer to a changed question."""
    return resolver.solve(question.scenario, network=question.network, name=question.name, hints=question.hints)


def _question(kind: Kind, name: str, asker: Asker) -> Question | NotAsked:
    if kind == "workflow":
        return asker.without_workflow(name, f"without {name}")
    programs = [p for p in asker.shared.programs if name == (p.id if kind == "program" else p.payer)]
    if not programs:
        return NotAsked("pays nothing here in the scenario's year")
    return asker.without_programs(programs, f"without {name}")


def _worth(kind: Kind, name: str, plan: Plan, asked: Question, answer: Answer) -> Worth:
    if answer.plan is None:
        return Worth(kind, name, None, answer.why, asked.notes, restricts=asked.restricts)
    return Worth(
        kind, name, compare(plan, answer.plan, restricts=asked.restricts),
        notes=asked.notes, changed=decisions_changed(plan, answer.plan), without=answer.plan,
        restricts=asked.restricts,
    )  # fmt: skip


def held(plan: Plan, asker: Asker) -> Iterator[tuple[Kind, str]]:
    """Everything that the plan holds by choice: joined programs, workflows that it starts, payers of the programs."""
    joined = [p for p in asker.shared.programs if joined_table(plan)[p.id].any() and p.voluntary]
    yield from (("program", program.id) for program in joined)
    new = (plan.outcome.decisions.delivery[0] > 0) & (asker.shared.model.reach_in_place <= 0)
    for place in np.flatnonzero(new.any(axis=0)):
        yield "workflow", asker.shared.model.workflows[place].id
    yield from (("payer", payer) for payer in dict.fromkeys(program.payer for program in joined))
