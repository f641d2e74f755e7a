"""Plans that are nearly as good and decide something real otherwise: one decision reversed, the rest planned again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from critmass.studies.explain.difference import Changed, Comparison, Move, compare, decisions_changed, joined_table
from critmass.studies.explain.questions import Asker, NotAsked, Question
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.why_not import promising
from critmass.studies.explain.worth import ask
from critmass.studies.plan import Plan

MOST_REVERSED = 12
"""Decisions that are reversed by planning again; settlement says which ones cost least."""
MOST_SHOWN = 5
"""Alternatives that are kept."""


@dataclass(frozen=True)
class Alternative:
    """A plan near the best one. `comparison` is the plan less this one; `reversed` is the decision that was asked for,
    `changed` everything that differs."""

    reversed: Changed
    comparison: Comparison
    changed: tuple[Changed, ...]
    plan: Plan
    restricts: bool = True

    @property
    def better(self) -> Plan | None:
        """This plan, where it answers the same question and beats the plan."""
        return self.plan if self.comparison.better and self.restricts else None


@dataclass(frozen=True)
class _Reversal:
    """A decision to reverse, and the question."""

    what: Changed
    question: Question


def alternatives(plan: Plan, asker: Asker, resolver: Resolver, most: int = MOST_REVERSED) -> list[Alternative]:
    """The nearest plans that differ in a program joined or a workflow run, the one that loses least first."""
    found: dict[str, Alternative] = {}
    reversals = list(_reversals(plan, asker))
    for at in promising([item.question.hints[0] for item in reversals], plan)[:most]:
        item = reversals[at]
        other = ask(item.question, resolver).plan
        if other is None:
            continue
        changed = decisions_changed(plan, other)
        compared = compare(plan, other, restricts=item.question.restricts)
        if changed:
            key = repr(sorted(changed, key=repr))
            found.setdefault(key, Alternative(item.what, compared, changed, other, item.question.restricts))
    return sorted(found.values(), key=lambda item: [level.value for level in item.comparison.levels])[:MOST_SHOWN]


def _reversals(plan: Plan, asker: Asker) -> Iterator[_Reversal]:
    for program in asker.shared.programs:
        if program.voluntary:
            yield from _of_program(program.id, plan, asker)
    for workflow in asker.shared.model.workflows:
        yield from _of_workflow(workflow.id, plan, asker)


def _of_program(name: str, plan: Plan, asker: Asker) -> Iterator[_Reversal]:
    """The program left where it is joined and joined where it is not, practice by practice."""
    program, joined = asker.program(name), joined_table(plan)[name]
    assert program is not None
    whole = program.join_level == "organization"
    for place in _places(asker.available(program), whole=whole):
        practice = plan.network.practices[place]
        move: Move = "left" if joined[place] else "joined"
        if joined[place]:
            asked = asker.without_program_at(program, None if whole else practice, f"{practice} without {name}")
        else:
            asked = asker.with_program(program, [place], f"{practice} with {name}")
        yield _Reversal(Changed(practice, move, program=name), asked)


def _places(places: Iterable[int], *, whole: bool) -> list[int]:
    found = list(places)
    return found[:1] if whole else found


def _of_workflow(name: str, plan: Plan, asker: Asker) -> Iterator[_Reversal]:
    """The workflow dropped where the plan starts it and started where it does not run, practice by practice."""
    column, practices = asker.shared.model.workflow_position[name], plan.network.practices
    for place in asker.startable(name):
        runs = plan.outcome.decisions.delivery[0, place, column] > 0
        if runs:
            asked = asker.without_workflow(name, f"{practices[place]} without {name}", [place])
        else:
            asked = asker.with_workflows([name], practices[place], f"{practices[place]} with {name}")
        if not isinstance(asked, NotAsked):
            changed = Changed(practices[place], "dropped" if runs else "started", workflow=name)
            yield _Reversal(changed, asked)
