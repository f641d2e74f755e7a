"""Explains a plan as a whole, or one program, practice, workflow or payer of it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from critmass.domain.errors import InputError, Problem
from critmass.domain.network import ORGANIZATION
from critmass.domain.scenario import SolveOptions
from critmass.domain.suggest import closest
from critmass.solve.progress import Reporter, silent
from critmass.studies.explain.alternatives import Alternative, alternatives
from critmass.studies.explain.difference import joined_table
from critmass.studies.explain.flips import Terms, terms_that_flip
from critmass.studies.explain.fronts import Point, front_of_effort, front_of_mass
from critmass.studies.explain.known import beats
from critmass.studies.explain.money import Books, MoneyTrail
from critmass.studies.explain.questions import Asker
from critmass.studies.explain.resolve import Resolver, Started, not_told, reference, resolver_of
from critmass.studies.explain.short_of_mass import ShortOfMass, short_of_mass, standing_of
from critmass.studies.explain.why_not import WhyNot, declined, why_not, why_not_workflow
from critmass.studies.explain.worth import Worth, held, worth_of
from critmass.studies.plan import Plan

SubjectKind = Literal["plan", "program", "practice", "workflow", "payer"]


@dataclass(frozen=True)
class Subject:
    """What is explained: the plan as a whole, or one program, practice, workflow or payer by its id."""

    kind: SubjectKind
    id: str = ""


@dataclass(frozen=True)
class Explanation:
    """What was found out about a plan. Parts that were not asked for are empty.

    `plan` is the one asked about, with the tightest limits that are known. `better` is a plan for the same question
    that beats it, where one came up. `terms` are by program id. `solved` counts the plans that were made.
    """

    plan: Plan
    subject: Subject
    worths: tuple[Worth, ...] = ()
    why_nots: tuple[WhyNot, ...] = ()
    terms: tuple[tuple[str, Terms], ...] = ()
    practices: tuple[ShortOfMass, ...] = ()
    money: MoneyTrail | None = None
    alternatives: tuple[Alternative, ...] = ()
    front_of_mass: tuple[Point, ...] = ()
    front_of_effort: tuple[Point, ...] = ()
    better: Plan | None = None
    solved: int = 0
    wall_seconds: float = 0.0
    options: SolveOptions | None = None


def explain(
    plan: Plan, *, program: str | None = None, practice: str | None = None, workflow: str | None = None,
    payer: str | None = None, fronts: bool = False, options: SolveOptions | None = None,
    report: Reporter = silent, started: Started = not_told,
) -> Explanation:  # fmt: skip
    """Explains a plan; with an id one program, practice, workflow or payer of it.

    `fronts` adds money against effort and members at mass against margin. `options` are those of each plan that is
    made on the way: by default the plan's own, with a smaller gap where the network is small. `started` hears the
    name of each question before it is solved.

    Raises:
        InputError: when an id is not known here, with the nearest that is, or when several are given.
    """
    begun = time.monotonic()
    subject = subject_of(plan, program=program, practice=practice, workflow=workflow, payer=payer)
    resolver = resolver_of(plan, options, report, started)
    known = reference(plan, resolver)
    found = _Explainer(known.plan, subject, resolver).explained(fronts=fronts)
    others = [known.better, resolver.best_known(known.plan), *_better(found)]
    better = _best([item for item in others if item is not None])
    return replace(
        found, better=better, solved=resolver.solved, wall_seconds=time.monotonic() - begun, options=resolver.options
    )


def _better(found: Explanation) -> Iterator[Plan]:
    """Plans for the same question that beat the plan, out of everything that was asked."""
    parts: list[Sequence[_MayBeat]] = [found.worths, found.why_nots, found.practices, found.alternatives]
    for part in parts:
        yield from (item.better for item in part if item.better is not None)


class _MayBeat(Protocol):
    """Something that may have come upon a better plan."""

    @property
    def better(self) -> Plan | None:
        """The better plan, or None."""


def _best(plans: list[Plan]) -> Plan | None:
    best: Plan | None = None
    for plan in plans:
        if best is None or beats(plan, best):
            best = plan
    return best


# What is asked about ----------------------------------------------------------------------------------


def subject_of(
    plan: Plan, *, program: str | None = None, practice: str | None = None, workflow: str | None = None,
    payer: str | None = None,
) -> Subject:  # fmt: skip
    """What is asked about.

    Raises:
        InputError: when an id is not known, or several are given.
    """
    known: list[tuple[SubjectKind, str | None, Collection[str]]] = [
        ("program", program, plan.catalog.programs),
        ("practice", practice, (*plan.network.practices, ORGANIZATION)),
        ("workflow", workflow, plan.catalog.workflows),
        ("payer", payer, plan.catalog.payers),
    ]
    asked = [(kind, name, names) for kind, name, names in known if name is not None]
    if len(asked) > 1:
        both = " and ".join(f"--{kind}" for kind, _, _ in asked)
        raise InputError([Problem(both, "are given together", "ask about one at a time")])
    for kind, name, names in asked:
        if name not in names:
            fix = closest(str(name), names) or f"name an existing {kind}"
            raise InputError([Problem(f"--{kind}", f"unknown {kind} '{name}'", fix)])
        return Subject(kind, str(name))
    return Subject("plan")


class _Explainer:
    """Puts together what an explanation holds."""

    def __init__(self, plan: Plan, subject: Subject, resolver: Resolver) -> None:
        self.plan, self.subject, self.resolver = plan, subject, resolver
        self.asker = Asker(plan)

    def explained(self, *, fronts: bool) -> Explanation:
        """What is to be said of the subject."""
        makers = {
            "plan": self._of_plan,
            "program": self._of_program,
            "practice": self._of_practice,
            "workflow": self._of_workflow,
            "payer": self._of_payer,
        }
        found = makers[self.subject.kind](Explanation(self.plan, self.subject))
        return self._with_fronts(found) if fronts else found

    def _of_plan(self, blank: Explanation) -> Explanation:
        worths = tuple(self._worth(kind, name) for kind, name in held(self.plan, self.asker))
        reasons = tuple(why_not(item, self.plan, self.asker, self.resolver) for item in declined(self.plan, self.asker))
        places = range(len(self.plan.network.practices))
        practices = tuple(ShortOfMass(standing_of(place, self.plan, self.asker)) for place in places)
        near = tuple(alternatives(self.plan, self.asker, self.resolver))
        return replace(blank, worths=worths, why_nots=reasons, practices=practices, alternatives=near)

    def _of_program(self, blank: Explanation) -> Explanation:
        name = self.subject.id
        money = Books(self.plan).trail(program=name)
        program = self.asker.program(name)
        if program is None:
            return replace(blank, money=money)
        joined = bool(joined_table(self.plan)[name].any())
        worths = (self._worth("program", name),) if joined else ()
        if not program.voluntary or not self.asker.available(program):
            return replace(blank, money=money, worths=worths)
        reason = why_not(program, self.plan, self.asker, self.resolver)
        terms: tuple[tuple[str, Terms], ...] = ()
        if not joined:
            forced = [item for item in (reason.alone, reason.everywhere) if item is not None and item.plan is not None]
            decisions = [item.plan.outcome.decisions for item in forced if item.plan is not None]
            terms = ((name, terms_that_flip(program, decisions, self.plan, self.asker, self.resolver)),)
        return replace(blank, money=money, worths=worths, why_nots=(reason,), terms=terms)

    def _of_practice(self, blank: Explanation) -> Explanation:
        money = Books(self.plan).trail(practice=self.subject.id)
        if self.subject.id == ORGANIZATION:
            return replace(blank, money=money)
        standing = short_of_mass(self.subject.id, self.plan, self.asker, self.resolver)
        return replace(blank, money=money, practices=(standing,))

    def _of_workflow(self, blank: Explanation) -> Explanation:
        name = self.subject.id
        column = self.asker.shared.model.workflow_position[name]
        runs = bool((self.plan.outcome.decisions.delivery[0, :, column] > 0).any())
        reason = why_not_workflow(name, self.plan, self.asker, self.resolver)
        worths = (self._worth("workflow", name),) if runs else ()
        return replace(blank, worths=worths, why_nots=(reason,))

    def _of_payer(self, blank: Explanation) -> Explanation:
        name = self.subject.id
        mine = {program.id for program in self.asker.shared.programs if program.payer == name}
        parts = [(kind, item) for kind, item in held(self.plan, self.asker) if item in mine]
        worths = (self._worth("payer", name), *(self._worth(kind, item) for kind, item in parts))
        others = [program for program in declined(self.plan, self.asker) if program.id in mine]
        reasons = tuple(why_not(item, self.plan, self.asker, self.resolver) for item in others)
        return replace(blank, money=Books(self.plan).trail(payer=name), worths=worths, why_nots=reasons)

    def _with_fronts(self, found: Explanation) -> Explanation:
        workflows = [name for kind, name in held(self.plan, self.asker) if kind == "workflow"]
        worths = [self._worth("workflow", name) for name in workflows]
        return replace(
            found,
            front_of_mass=tuple(front_of_mass(self.plan, self.resolver)),
            front_of_effort=tuple(front_of_effort(self.plan, worths, self.asker, self.resolver)),
        )

    def _worth(self, kind: Literal["program", "workflow", "payer"], name: str) -> Worth:
        return worth_of(kind, name, self.plan, self.asker, self.resolver)
