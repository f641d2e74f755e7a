"""Questions about tiny plans, asked again independently of the explanations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from critmass import InfeasibleError, Plan, Scenario, SolveOptions, plan
from critmass.catalog.overrides import with_overrides
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Lock, RateOverride
from critmass.studies.explain.questions import Asker
from critmass.studies.explain.resolve import Resolver, reference, resolver_of
from random_instances import Instance, random_instance

OPTIONS = SolveOptions(gap=1e-6, time_limit_seconds=20)
CENT = 0.01


@dataclass(frozen=True)
class Case:
    """A planned network with everything that explanations start from."""

    plan: Plan
    asker: Asker
    resolver: Resolver


def case_of(network: Network, catalog: Catalog, scenario: Scenario | None = None) -> Case:
    """A planned network."""
    found = plan(network, catalog, scenario, OPTIONS)
    resolver = resolver_of(found)
    known = reference(found, resolver).plan
    return Case(known, Asker(known), resolver)


def random_case(seed: int) -> tuple[Instance, Case] | None:
    """A random instance with its plan; None where it has none."""
    instance = random_instance(seed)
    try:
        return instance, case_of(instance.network, instance.catalog, instance.scenario)
    except InfeasibleError:
        return None


def locked(scenario: Scenario, *locks: Lock) -> Scenario:
    """The scenario with more locks."""
    return scenario.model_copy(update={"locks": (*scenario.locks, *locks)})


def replan(case: Case, scenario: Scenario, overrides: Sequence[RateOverride] = ()) -> Plan:
    """The case's network planned afresh under another scenario, and with other numbers in the catalog."""
    catalog = with_overrides(case.plan.catalog, overrides)
    return plan(case.plan.network, catalog, scenario, OPTIONS)


def changed(instance: Instance, *locks: Lock, overrides: Sequence[RateOverride] = ()) -> Instance:
    """The instance with more locks and other numbers."""
    catalog = with_overrides(instance.catalog, overrides)
    return replace(instance, scenario=locked(instance.scenario, *locks), catalog=catalog)


def values(found: Plan) -> list[float]:
    """What a plan reaches at the objective's levels."""
    return [level.value for level in found.levels]


def slack(value: float) -> float:
    """How far two prices of the same plan may lie apart."""
    return CENT + 1e-6 * abs(value)
