"""The model of a synthetic network under the shipped catalog."""

from __future__ import annotations

from critmass.catalog import load_catalog
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.network import sample_network
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force


def formulated(practices: int, scenario: Scenario | None = None) -> NetworkModel:
    """So many practices, seed 1, by default under the default scenario."""
    catalog, scenario = load_catalog(), scenario or Scenario()
    network = sample_network(practices, 1, catalog)
    return formulate(Shared(Model(network, catalog, scenario), terms_in_force(catalog, network, scenario)))
