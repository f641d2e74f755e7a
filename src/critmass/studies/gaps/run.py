"""All gaps of one outcome: of the plan that is made for a network, or of the network as it stands."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.domain.suggest import closest
from critmass.formulation.levels import Shared
from critmass.settlement.ledger_rows import CENTS
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve.progress import Reporter, silent
from critmass.studies.explain.settled import values_of
from critmass.studies.gaps.burden import ReportingBurden, SharedMeasure, reporting_burden, shared_measures
from critmass.studies.gaps.changes import Changes, best_changes
from critmass.studies.gaps.coalitions import NetworkCoalitions, PracticeCoalitions, critical_coalitions
from critmass.studies.gaps.coverage import Coverage, coverage
from critmass.studies.gaps.fragmentation import Fragmentation, fragmentation, measure_sets
from critmass.studies.plan import Level, Plan, objective_stages, plan_network, today
from critmass.studies.settle import plan_ledger


@dataclass(frozen=True)
class Gaps:
    """What payers leave unpaid under a plan's decisions, or, with `planned` false, as things stand.

    `held` is the fragmentation of programs that somebody takes part in, `offered` of all in force here.
    """

    plan: Plan
    planned: bool
    coverage: Coverage
    measures: tuple[SharedMeasure, ...]
    burden: ReportingBurden
    held: Fragmentation
    offered: Fragmentation
    practice_coalitions: tuple[PracticeCoalitions, ...]
    network_coalitions: tuple[NetworkCoalitions, ...]
    changes: Changes


def gaps(
    network: Network,
    catalog: Catalog,
    scenario: Scenario | None = None,
    options: SolveOptions | None = None,
    report: Reporter = silent,
    *,
    standing: bool = False,
) -> Gaps:
    """The gaps of the best plan that is found, or with `standing` of the network as it is today, without planning.

    Raises:
        InfeasibleError: when no plan can keep the scenario's locks.
        NoPlanInTimeError: when the time limit passed before any plan was found.
    """
    if standing:
        return gaps_of(as_it_stands(network, catalog, scenario), planned=False)
    return gaps_of(plan_network(network, catalog, scenario, options, report))


def gaps_of(plan: Plan, *, planned: bool = True, started: Callable[[str], object] = lambda name: None) -> Gaps:
    """The gaps of a plan that is made already. `started` is called with each program whose amounts are changed."""
    model, outcome = Model(plan.network, plan.catalog, plan.scenario), plan.outcome
    members = model.arrays.members().sum(axis=1)
    found = coverage(model, outcome.decisions, plan_ledger(plan))
    joined = outcome.decisions.joined[0]
    own, together = critical_coalitions(outcome, plan.scenario.critical_mass, plan.network.practices, members)
    held = {program.id for place, program in enumerate(plan.terms.programs) if joined[:, place].any()}
    offered = measure_sets(plan.terms)
    paid_usd = dict(zip(found.payers, (found.paid.sum(axis=0) / CENTS).tolist(), strict=True))
    return Gaps(
        plan=plan,
        planned=planned,
        coverage=found,
        measures=shared_measures(plan.terms),
        burden=reporting_burden(plan.terms.programs, joined, outcome.costs.reporting[0].sum(axis=1)),
        held=fragmentation([item for item in offered if item.program in held], paid_usd),
        offered=fragmentation(offered, paid_usd),
        practice_coalitions=own,
        network_coalitions=together,
        changes=best_changes(plan, started),
    )


def as_it_stands(network: Network, catalog: Catalog, scenario: Scenario | None = None) -> Plan:
    """The network as it stands today, in the form of a plan of which nothing is proved."""
    scenario = scenario or Scenario()
    model, terms = Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)
    outcome = Pricer(model, terms).price(today(Shared(model, terms)))
    names = [name for name, _ in objective_stages(scenario)]
    values = values_of(scenario, outcome)[0]
    return Plan(
        network=network, catalog=catalog, scenario=scenario, options=SolveOptions(), terms=terms, outcome=outcome,
        today=outcome, levels=tuple(Level(*pair, math.inf, math.inf) for pair in zip(names, values, strict=True)),
        wall_seconds=0.0, first_plan_seconds=np.inf, settlement_checks=(),
    )  # fmt: skip


def known_payer(payer: str, network: Network) -> str:
    """The payer, once it is found to have members here.

    Raises:
        InputError: when no member of the network is its own, with the closest payer that has some.
    """
    here = sorted({name for name, _ in network.populations})
    if payer in here:
        return payer
    fix = closest(payer, here) or f"one of {', '.join(here)}"
    raise InputError([Problem("--payer", f"'{payer}' has no members in this network", fix)])
