"""Scenarios in: read from YAML, and held against the network and the catalog that they speak of."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from critmass.catalog.common_measures import with_common_measures
from critmass.catalog.load import load_catalog
from critmass.catalog.overrides import override_problems, with_overrides
from critmass.catalog.schema_words import schema_problems
from critmass.catalog.yaml_file import read_yaml
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import CriticalMass, Lock, RateOverride, Scenario
from critmass.domain.suggest import closest
from critmass.network import load_network
from critmass.settlement.terms import terms_in_force

_PROGRAM_DECISIONS = ("joined", "declined")
_WORKFLOW_DECISIONS = ("in_place", "left_out")


@dataclass(frozen=True)
class Inputs:
    """What a study starts from. The scenario's overrides are already in the catalog."""

    network: Network
    catalog: Catalog
    scenario: Scenario


def read_inputs(network: Path, scenario: Path | None, catalog_dirs: Sequence[Path] = ()) -> Inputs:
    """Everything a study needs, from files: the shipped catalog with the user's folders, network, scenario.

    Raises:
        InputError: with every problem. A broken catalog is reported alone, as the rest is read against it;
            network and scenario are reported together.
    """
    catalog = load_catalog(catalog_dirs)
    problems: list[Problem] = []
    asked, found = Scenario(), None
    try:
        asked = Scenario() if scenario is None else load_scenario(scenario)
    except InputError as error:
        problems += error.problems
    try:
        found = load_network(network, catalog)
    except InputError as error:
        problems += error.problems
    if problems or found is None:
        raise InputError(problems)
    return Inputs(found, prepared(found, catalog, asked), asked)


def with_agreement(given: Inputs) -> Inputs:
    """The same with payers that agree on one specification of each measure."""
    scenario = given.scenario.model_copy(update={"common_measures": True})
    return Inputs(given.network, with_common_measures(given.catalog), scenario)


def prepared(network: Network, catalog: Catalog, scenario: Scenario) -> Catalog:
    """The catalog with the scenario's overrides and agreements, once the scenario is found to fit.

    Raises:
        InputError: with every id that does not exist and every override that does not fit.
    """
    check_scenario(scenario, network, catalog)
    found = with_overrides(catalog, scenario.overrides)
    return with_common_measures(found) if scenario.common_measures else found


# Reading ----------------------------------------------------------------------------------------------


def load_scenario(path: Path) -> Scenario:
    """The scenario in a YAML file; an empty file is the default scenario.

    Raises:
        InputError: with every unknown key and every value that does not fit.
    """
    try:
        return Scenario.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(_with_suggestions(schema_problems(error, path.name))) from None


def _with_suggestions(problems: list[Problem]) -> list[Problem]:
    """Unknown keys with the nearest known one, and locks counted from one."""
    keys = {
        **Scenario.model_fields,
        **CriticalMass.model_fields,
        **Lock.model_fields,
        **RateOverride.model_fields,
    }
    found: list[Problem] = []
    for item in problems:
        place = re.sub(r"\b(lock|override)s\.(\d+)\.?", lambda part: f"{part[1]} {int(part[2]) + 1}: ", item.place)
        key = re.split(r"[.:] ?", place)[-1]
        near = closest(key, keys) if item.message == "unknown key" else ""
        found.append(Problem(place, item.message, near or item.fix))
    return found


# Checking ---------------------------------------------------------------------------------------------


def check_scenario(scenario: Scenario, network: Network, catalog: Catalog) -> None:
    """Holds every id of the scenario against the network and the catalog.

    Raises:
        InputError: with every unknown practice, program, workflow and override path.
    """
    problems = override_problems(catalog, scenario.overrides)
    in_force = {program.id for program in terms_in_force(catalog, network, scenario).programs}
    for at, lock in enumerate(scenario.locks, start=1):
        problems += _lock_problems(f"scenario: lock {at}", lock, network, catalog, in_force)
    place = "scenario: exclude_programs"
    for name in scenario.exclude_programs:
        problems += _unknown(place, "program", name, catalog.programs)
    if problems:
        raise InputError(problems)


def _lock_problems(
    place: str, lock: Lock, network: Network, catalog: Catalog, in_force: Collection[str]
) -> Iterator[Problem]:
    if lock.practice == ORGANIZATION:
        yield Problem(place, f"{ORGANIZATION} is not a practice", "leave 'practice' out to mean all of them")
    elif lock.practice is not None:
        yield from _unknown(place, "practice", lock.practice, network.practices)
    if (lock.program is None) == (lock.workflow is None):
        yield Problem(place, "names no single decision", "give either 'program' or 'workflow'")
        return
    if lock.workflow is not None:
        yield from _unknown(place, "workflow", lock.workflow, catalog.workflows)
        yield from _misfit(place, "workflow", lock.decision, _WORKFLOW_DECISIONS)
    if lock.program is not None:
        yield from _unknown(place, "program", lock.program, catalog.programs)
        yield from _misfit(place, "program", lock.decision, _PROGRAM_DECISIONS)
        if lock.decision == "joined" and lock.program in catalog.programs and lock.program not in in_force:
            message = f"'{lock.program}' pays nothing to this network in the scenario's year"
            yield Problem(place, message, "remove the lock, or change 'terms' or 'exclude_programs'")


def _misfit(place: str, noun: str, decision: str, fitting: tuple[str, ...]) -> Iterator[Problem]:
    if decision not in fitting:
        yield Problem(place, f"a {noun} is not '{decision}'", f"write {' or '.join(fitting)}")


def _unknown(place: str, noun: str, name: str, known: Collection[str]) -> Iterator[Problem]:
    if name not in known:
        yield Problem(place, f"unknown {noun} '{name}'", closest(name, known) or f"name an existing {noun}")
