"""The bundle bonus as payers would write it: one program for each payer, its amount by practice as a fact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from critmass.domain.care import FactQuestion
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.network import Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Scenario
from critmass.domain.values import Cite, Cited
from critmass.settlement.results import FloatArray
from critmass.studies.overlay import Overlaid, one_payment_program, overlaid

PREFIX = "bundle_bonus_"
"""Program ids of the bonus begin so; its fact is called like the program with `_usd`."""


@dataclass(frozen=True)
class Offers:
    """What payers offer for a year: `usd` has shape (practice, payer), whole cents, paid to a practice that runs every
    core workflow."""

    practices: tuple[str, ...]
    payers: tuple[str, ...]
    usd: FloatArray

    @property
    def total_usd(self) -> float:
        """All offers together: the most that payers can come to spend."""
        return float(self.usd.sum())

    @classmethod
    def of(cls, practices: tuple[str, ...], payers: tuple[str, ...], usd: FloatArray) -> Offers:
        """The offers, each amount rounded up to the cent."""
        return cls(practices, payers, np.ceil(np.maximum(usd, 0.0) * 100.0 - 1e-6) / 100.0)

    def raised(self, by_usd: FloatArray) -> Offers:
        """The same with more added, shape (practice, payer)."""
        return Offers.of(self.practices, self.payers, self.usd + by_usd)


def on_offer(network: Network, catalog: Catalog, scenario: Scenario, offers: Offers) -> Overlaid:
    """The network and catalog with the bonus on offer."""
    file = offers_file(offers, catalog, scenario)
    answers = {
        fact_of(payer): {
            practice: float(usd)
            for practice, usd in zip(offers.practices, offers.usd[:, at].tolist(), strict=True)
            if usd > 0
        }
        for at, payer in enumerate(offers.payers)
        if offers.usd[:, at].any()
    }
    return overlaid(network, catalog, file.programs, file.facts, answers)


def offers_file(offers: Offers, catalog: Catalog, scenario: Scenario) -> CatalogFile:
    """The bonus as a catalog file: for each payer that offers anything a program, and the fact that holds its amounts
    by practice."""
    paying = [payer for at, payer in enumerate(offers.payers) if offers.usd[:, at].any()]
    return CatalogFile(
        cite=Cite(assumption=True, reason="offered by payers that coordinate; no contract yet"),
        facts=tuple(_question(payer) for payer in paying),
        programs=tuple(bonus_program(payer, catalog, scenario) for payer in paying),
    )


def fact_of(payer: str) -> str:
    """The fact that holds what a payer offers each practice, USD a year."""
    return f"{PREFIX}{payer}_usd"


def _question(payer: str) -> FactQuestion:
    return FactQuestion(
        id=fact_of(payer), label=f"Bundle bonus of {payer}, USD a year", kind="number", default=Cited(value=0.0)
    )


def bonus_program(payer: str, catalog: Catalog, scenario: Scenario) -> Program:
    """The program by which a payer pays the bonus: a yearly amount for a practice with every core workflow in place."""
    component = {
        "id": "bonus",
        "label": "Paid when the end-to-end bundle runs",
        "clause": "proposed by the coordination of payers",
        "applies": "always",
        "quantity": {"kind": "fact", "name": fact_of(payer)},
        "rate": {"kind": "constant", "pays": 1.0},
        "gates": list(_core_gates(catalog)),
    }
    return one_payment_program(PREFIX + payer, "Bundle bonus", payer, catalog, scenario, component)


def _core_gates(catalog: Catalog) -> Iterator[dict[str, str]]:
    for workflow in catalog.workflows.values():
        if workflow.core:
            yield {"kind": "workflow", "workflow": workflow.id}
