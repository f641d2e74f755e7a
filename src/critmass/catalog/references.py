"""Every id that a catalog mentions must exist."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from critmass.domain.catalog import Catalog
from critmass.domain.errors import Problem
from critmass.domain.programs import Program
from critmass.domain.vocabulary import (
    AllOf,
    AllowedCharges,
    AnyOf,
    CreditAgainst,
    Events,
    Fact,
    FactAmount,
    Gate,
    PoolShare,
    ProgramJoined,
    ScoredFact,
    WorkflowInPlace,
)


def reference_problems(catalog: Catalog) -> list[Problem]:
    """One problem for each mention of a measure, payer, workflow, ... that no file defines."""
    problems = [problem for program in catalog.programs.values() for problem in _of_program(catalog, program)]
    for score in catalog.scores.values():
        problems += _of_node(catalog, f"score {score.id}", score.driver)
    for table in catalog.benchmarks.values():
        named = [] if table.measure is None else [table.measure]
        problems += _unknown(f"benchmark {table.id}", "measure", named, catalog.measures)
    for workflow in catalog.workflows.values():
        place = f"workflow {workflow.id}"
        problems += _unknown(place, "workflow", workflow.requires, catalog.workflows)
        problems += _unknown(place, "measure", (item.measure for item in workflow.effects), catalog.measures)
        problems += _unknown(place, "role", (item.role for item in workflow.staff), catalog.roles)
        problems += _unknown(place, "service", (item.service for item in workflow.services), catalog.services)
    for row in catalog.crosswalk:
        problems += _unknown("crosswalk", "payer", [row.payer], catalog.payers)
        problems += _unknown("crosswalk", "measure", [row.measure], catalog.measures)
    return problems


def _of_program(catalog: Catalog, program: Program) -> Iterator[Problem]:
    place = f"program {program.id}"
    payers = [program.payer, *(item.payer for item in program.components if item.payer)]
    yield from _unknown(place, "payer", payers, catalog.payers)
    yield from _unknown(place, "program", (*program.requires, *program.excludes), catalog.programs)
    names = [component.id for component in program.components]
    for name in {name for name in names if names.count(name) > 1}:
        yield Problem(place, f"component {name!r} is defined twice", "give each its own id")
    for node in (*program.components, *program.eligibility):
        yield from _of_node(catalog, place, node)
    yield from _level_problems(catalog, program)


def _level_problems(catalog: Catalog, program: Program) -> Iterator[Problem]:
    """What practices join one by one cannot settle on, or be needed for, what the organization decides."""
    place = f"program {program.id}"
    if program.join_level == "practice":
        for component in program.components:
            if component.level == "organization":
                yield Problem(
                    f"{place}: component {component.id}",
                    "settles at organization level in a program that practices join one by one",
                    "set 'join_level: organization', or settle the component at practice level",
                )
        return
    for other in program.requires:
        if other in catalog.programs and catalog.programs[other].join_level == "practice":
            yield Problem(place, f"requires {other!r}, which practices join one by one", "require it there instead")
    for component in program.components:
        if component.level == "organization":
            for name in _programs_asked(component.gates):
                if name in catalog.programs and catalog.programs[name].join_level == "practice":
                    yield Problem(
                        f"{place}: component {component.id}",
                        f"asks at organization level whether {name!r} is joined, which practices decide one by one",
                        "ask at practice level",
                    )


def _programs_asked(gates: tuple[Gate, ...]) -> Iterator[str]:
    for gate in gates:
        if isinstance(gate, ProgramJoined):
            yield gate.program
        elif isinstance(gate, AllOf | AnyOf):
            yield from _programs_asked(gate.of)


def _of_node(catalog: Catalog, place: str, node: object) -> Iterator[Problem]:
    if isinstance(node, tuple):
        for item in node:
            yield from _of_node(catalog, place, item)
    elif isinstance(node, BaseModel):
        yield from _mentions(catalog, place, node)
        for name in type(node).model_fields:
            yield from _of_node(catalog, place, getattr(node, name))


def _mentions(catalog: Catalog, place: str, node: BaseModel) -> Iterator[Problem]:
    measure = getattr(node, "measure", None)
    if measure is not None:
        yield from _unknown(place, "measure", [measure], catalog.measures)
    if isinstance(node, Events):
        yield from _unknown(place, "service", [node.service], catalog.services)
    if isinstance(node, AllowedCharges):
        yield from _unknown(place, "code set", [node.code_set], catalog.code_sets)
    if isinstance(node, FactAmount | Fact | ScoredFact):
        yield from _unknown(place, "fact", [node.name], catalog.facts)
    if isinstance(node, PoolShare) and node.outside_weight is not None:
        yield from _unknown(place, "fact", [node.outside_weight], catalog.facts)
    if isinstance(node, CreditAgainst):
        yield from _unknown(place, "fact", [node.fact], catalog.facts)
    if isinstance(node, WorkflowInPlace) or type(node).__name__ == "WorkflowShare":
        yield from _unknown(place, "workflow", [node.workflow], catalog.workflows)  # type: ignore[attr-defined]
    if isinstance(node, ProgramJoined):
        yield from _unknown(place, "program", [node.program], catalog.programs)


def _unknown(place: str, noun: str, mentioned: object, known: object) -> Iterator[Problem]:
    for name in dict.fromkeys(mentioned):  # type: ignore[call-overload]
        if name not in known:  # type: ignore[operator]
            yield Problem(place, f"unknown {noun} {name!r}", f"define the {noun} or check its spelling")
