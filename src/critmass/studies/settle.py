"""What a network's contracts pay for given decisions, without any optimisation."""

from __future__ import annotations

import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.settlement.ledger import ledger
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.plan import Plan, today


def settle_network(
    network: Network, catalog: Catalog, scenario: Scenario | None = None, decisions: Decisions | None = None
) -> tuple[Outcome, pd.DataFrame]:
    """The outcome of decisions of a single scenario, and its ledger.

    Without decisions, things as they stand: workflows in place at today's reach, contracts that are signed
    or locked as joined, nothing new.
    """
    scenario = scenario or Scenario()
    model = Model(network, catalog, scenario)
    terms = terms_in_force(catalog, network, scenario)
    pricer = Pricer(model, terms)
    outcome = pricer.price(decisions or today(Shared(model, terms)))
    return outcome, ledger(pricer, outcome)


def plan_ledger(plan: Plan) -> pd.DataFrame:
    """The ledger of a plan."""
    model = Model(plan.network, plan.catalog, plan.scenario)
    return ledger(Pricer(model, plan.terms), plan.outcome)
