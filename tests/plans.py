"""Plans made by hand, so that reports are tested without a search."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.formulation.levels import Shared
from critmass.network import sample_network
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import HUB, OWN, Decisions, Model
from critmass.settlement.terms import Terms, terms_in_force
from critmass.studies.plan import Level, Plan, today

TINY = Path(__file__).parent / "data" / "tiny_catalog"
_RANDOM_SHARE_OF_PROGRAMS = 0.6


def tiny_catalog() -> Catalog:
    """Four measures, four workflows, three payers and four programs."""
    return load_catalog([TINY], shipped=False)


def random_decisions(model: Model, terms: Terms, seed: int) -> Decisions:
    """Any workflows, by practice or hub where it may, any reach, any programs."""
    random = np.random.default_rng(seed)
    practices, workflows = model.reach_in_place.shape
    delivery = random.integers(0, 3, (1, practices, workflows))
    own_only = np.array([workflow.delivery == "practice" for workflow in model.workflows])
    delivery = np.where((delivery == HUB) & own_only, OWN, delivery).astype(np.int8)
    reach = np.where(delivery > 0, random.uniform(0.5, 1.0, delivery.shape), 0.0)
    joined = random.random((1, practices, len(terms.programs))) < _RANDOM_SHARE_OF_PROGRAMS
    for place, program in enumerate(terms.programs):
        if program.join_level == "organization":
            joined[:, :, place] = True
    return Decisions(delivery, reach, joined)


def plan_by_hand(network: Network, catalog: Catalog, scenario: Scenario | None = None, seed: int = 1) -> Plan:
    """A plan of random decisions, its first level unproved and its second within the gap."""
    scenario = scenario or Scenario()
    model, terms = Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)
    pricer = Pricer(model, terms)
    outcome = pricer.price(random_decisions(model, terms, seed))
    margin = float(outcome.margin[0])
    members = float(outcome.members_at_mass[0])
    levels = (
        Level("members_at_mass", members, float("inf"), float("inf")),
        Level("margin", margin, margin + 1.0, 1.0 / max(abs(margin), 1.0)),
    )
    return Plan(
        network=network,
        catalog=catalog,
        scenario=scenario,
        options=SolveOptions(),
        terms=terms,
        outcome=outcome,
        today=pricer.price(today(Shared(model, terms))),
        levels=levels,
        wall_seconds=1.5,
        first_plan_seconds=0.5,
        settlement_checks=(),
    )


def small_plan(practices: int = 3, seed: int = 1) -> Plan:
    """A plan by hand for a synthetic network under the tiny catalog."""
    catalog = tiny_catalog()
    return plan_by_hand(sample_network(practices, seed, catalog), catalog, seed=seed)
