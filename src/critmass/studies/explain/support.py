"""Money that payers could add at one practice: how much mass asks for, and the settlement with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from critmass.domain.care import FactQuestion
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Scenario
from critmass.domain.values import Cited
from critmass.settlement.outcome import CENT, Outcome, Pricer
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.overlay import Overlaid, one_payment_program, overlaid

FACT = "takes_support"
"""Fact that only the supported practice states."""
PREFIX = "support_"
"""Program ids of support begin so."""
_MOST_ROUNDS = 5


@dataclass(frozen=True)
class Support:
    """A PMPM that payers add on all their members at one practice. `usd` is what it comes to in a year."""

    practice: str
    pmpm: Mapping[str, float]
    usd: float


def gap_by_payer(
    outcome: Outcome, place: int, scenario: Scenario, payers: Mapping[str, float]
) -> dict[str, float] | None:
    """The least money by payer that brings the practice's mass ratio and payers' shares to what is asked, USD.

    `payers` are those that have members there, with their member-months. None when they are too few. What is
    missing for the payers' shares comes from those that are nearest, the rest from the payer with most members.
    """
    rule = scenario.critical_mass
    needed = rule.ratio * float(outcome.cost[0, place])
    paid = dict(zip(outcome.payers, outcome.reimbursement[0, place].tolist(), strict=True))
    total, share = sum(paid.values()), rule.payer_share * needed
    asked = rule.payers if rule.payer_share else 0
    if len(payers) < max(asked, 1):
        return None
    nearest = sorted(payers, key=lambda payer: -paid.get(payer, 0.0))[:asked]
    missing = {payer: max(share - paid.get(payer, 0.0), 0.0) for payer in nearest}
    largest = max(payers, key=lambda payer: payers[payer])
    missing[largest] = missing.get(largest, 0.0) + max(needed - total - sum(missing.values()), 0.0)
    return {payer: usd for payer, usd in missing.items() if usd > CENT / 2}


def payers_at(model: Model, place: int) -> dict[str, float]:
    """Member-months at a practice of every payer with members there."""
    months = model.arrays.member_months()[place]
    found: dict[str, float] = {}
    for (payer, _), count in zip(model.network.populations, months, strict=True):
        if count > 0:
            found[payer] = found.get(payer, 0.0) + float(count)
    return found


def support_of(practice: str, missing: Mapping[str, float], months: Mapping[str, float]) -> Support:
    """The support that brings the missing money, each PMPM rounded up to the cent."""
    pmpm = {payer: math.ceil(usd / months[payer] * 100 - 1e-6) / 100 for payer, usd in missing.items()}
    return Support(practice, pmpm, sum(rate * months[payer] for payer, rate in pmpm.items()))


def dearer(support: Support, months: Mapping[str, float], cents: int = 1) -> Support:
    """The same support with each PMPM some cents higher."""
    pmpm = {payer: round(rate + cents / 100, 2) for payer, rate in support.pmpm.items()}
    return Support(support.practice, pmpm, sum(rate * months[payer] for payer, rate in pmpm.items()))


def supported(network: Network, catalog: Catalog, scenario: Scenario, support: Support) -> Overlaid:
    """The network and catalog with the support on offer to the practice."""
    programs = [_program(payer, rate, catalog, scenario) for payer, rate in support.pmpm.items()]
    question = FactQuestion(id=FACT, label="Takes the support", kind="yes_no", default=Cited(value=0.0))
    return overlaid(network, catalog, programs, [question], {FACT: {support.practice: 1.0}})


def _program(payer: str, pmpm: float, catalog: Catalog, scenario: Scenario) -> Program:
    component = {
        "id": "pmpm",
        "label": "PMPM on all of the payer's members",
        "clause": "support that is asked for",
        "quantity": {"kind": "member_months"},
        "rate": {"kind": "constant", "pays": pmpm},
    }
    takes_it = {"kind": "test", "driver": {"kind": "fact", "name": FACT}, "at_least": 1.0}
    return one_payment_program(PREFIX + payer, "Support", payer, catalog, scenario, component, eligibility=[takes_it])


def settled_with(support: Support, decisions: Decisions, plan_ids: tuple[str, ...], question: Overlaid,
                 scenario: Scenario) -> Outcome:  # fmt: skip
    """Decisions of the plan's programs settled with the support joined at the practice."""
    terms = terms_in_force(question.catalog, question.network, scenario)
    pricer = Pricer(Model(question.network, question.catalog, scenario), terms)
    place = question.network.practices.index(support.practice)
    joined = np.zeros((1, len(question.network.practices), len(pricer.program_ids)), dtype=np.bool_)
    for column, program in enumerate(pricer.program_ids):
        if program in plan_ids:
            joined[:, :, column] = decisions.joined[:, :, plan_ids.index(program)]
        else:
            joined[0, place, column] = program.startswith(PREFIX)
    return pricer.price(replace(decisions, joined=joined))
