"""Plans that are nearly as good and decide something real otherwise: one decision reversed, the rest planned again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from critmass.settlement.projection import HUB, OWN, Decisions
from critmass.studies.explain.difference import Changed, Comparison, Move, compare, decisions_changed, joined_table
from critmass.studies.explain.questions import Asker, NotAsked, Question
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.settled import Settler, many, program_column, with_joined
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


@dataclass(frozen=True)
class _Reversal:
    """A decision to reverse, the question, and the decisions with nothing else changed."""

    what: Changed
    question: Question
    decisions: Decisions


def alternatives(plan: Plan, asker: Asker, resolver: Resolver, most: int = MOST_REVERSED) -> list[Alternative]:
    """The nearest plans that differ in a program joined or a workflow run, the one that loses least first."""
    found: dict[str, Alternative] = {}
    for item in _most_promising(list(_reversals(plan, asker)), plan)[:most]:
        other = ask(item.question, resolver).plan
        if other is None:
            continue
        changed = decisions_changed(plan, other)
        compared = compare(plan, other, restricts=item.question.restricts)
        if changed:
            found.setdefault(repr(sorted(changed, key=repr)), Alternative(item.what, compared, changed, other))
    return sorted(found.values(), key=lambda item: [level.value for level in item.comparison.levels])[:MOST_SHOWN]


def _most_promising(reversals: list[_Reversal], plan: Plan) -> list[_Reversal]:
    """Those that settlement prices best with nothing else changed, first."""
    if not reversals:
        return []
    settler = Settler(plan)
    values = settler.values(settler.pricer.price(many([item.decisions for item in reversals])))
    order = sorted(range(len(reversals)), key=lambda at: values[at], reverse=True)
    return [reversals[at] for at in order]


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
    column = program_column(Settler(plan).pricer, name)
    for place in _places(asker.available(program), whole=whole):
        practice = plan.network.practices[place]
        move: Move = "left" if joined[place] else "joined"
        rows = list(range(len(joined))) if whole else [place]
        decisions = with_joined(plan.outcome.decisions, column, rows, joined=not joined[place])
        if joined[place]:
            asked = asker.without_program_at(program, None if whole else practice, f"{practice} without {name}")
        else:
            asked = asker.with_program(program, [place], f"{practice} with {name}")
        yield _Reversal(Changed(practice, move, program=name), asked, decisions)


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
            yield _Reversal(changed, asked, _switched(plan, asker, place, name, on=not runs))


def _switched(plan: Plan, asker: Asker, place: int, workflow: str, *, on: bool) -> Decisions:
    """Decisions with one workflow switched at one practice, with what it needs or with what needs it."""
    decisions, model = plan.outcome.decisions, asker.shared.model
    delivery, reach = decisions.delivery.copy(), decisions.reach.copy()
    for name in _chain(asker, workflow, needs=on):
        column = model.workflow_position[name]
        if on and delivery[0, place, column] == 0:
            delivery[0, place, column] = HUB if model.catalog.workflows[name].delivery == "hub" else OWN
            reach[0, place, column] = 1.0
        elif not on and model.reach_in_place[place, column] <= 0:
            delivery[0, place, column], reach[0, place, column] = 0, 0.0
    return replace(decisions, delivery=delivery, reach=reach)


def _chain(asker: Asker, workflow: str, *, needs: bool) -> set[str]:
    """A workflow with everything it needs, or with everything that needs it."""
    workflows = asker.shared.model.catalog.workflows
    found, front = set[str](), [workflow]
    while front:
        name = front.pop()
        if name not in found:
            found.add(name)
            front += workflows[name].requires if needs else [w.id for w in workflows.values() if name in w.requires]
    return found
