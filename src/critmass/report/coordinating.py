"""Turns a coordination of payers into the document that leaves the program."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from critmass.domain.network import ORGANIZATION
from critmass.report.case import usd
from critmass.report.coordinating_schema import (
    CoordinatingDocument,
    OfferLine,
    PayerLine,
    PlayDocument,
    PracticePlayLine,
    ProposalDocument,
    ReachLine,
    SchemeLine,
)
from critmass.report.document import level_proof, versions
from critmass.settlement.projection import Model
from critmass.studies.coordinate.benefit import gains_usd
from critmass.studies.coordinate.bundle import member_months
from critmass.studies.coordinate.play import play
from critmass.studies.coordinate.propose import Coordination, Proposal
from critmass.studies.coordinate.schemes import Scheme
from critmass.studies.plan import Plan

NOT_ADVICE = "this is no legal advice: payers that set prices together need counsel before they meet"
ON_LIBRARY = "simpler ways to pay are priced on the plans that the search met; they are not proposals"
NOT_PROVED = "the organization's planner found no better plan without the target; there may be one that is {better}"


def coordinating_document(found: Coordination) -> CoordinatingDocument:
    """The document of a coordination."""
    plan, proposal = found.today, found.proposal
    least = None if proposal is None else proposal.spend_usd
    return CoordinatingDocument(
        organization=plan.network.name or ORGANIZATION,
        scenario=plan.scenario,
        options=found.options,
        network_hash=plan.network.hash,
        catalog_hash=plan.catalog.hash,
        versions=versions(),
        target=found.target.words,
        today=_reach(plan),
        reached_today=found.reached_today,
        proposal=None if proposal is None else _proposal(found, proposal),
        alone=None if proposal is None else _alone(found, proposal),
        bound_usd=usd(found.bound_usd) if math.isfinite(found.bound_usd) else None,
        most_pmpm_usd=dict(found.most_pmpm_usd),
        schemes=tuple(_scheme(item, least) for item in found.schemes),
        notes=tuple(_notes(found)),
        wall_seconds=round(found.wall_seconds, 3),
    )


def _notes(found: Coordination) -> Iterator[str]:
    if found.proposal is not None and not found.proposal.proved:
        level = found.proposal.plan.levels[-1]
        better = math.ceil(max(level.bound - level.value, 1.0)) if math.isfinite(level.bound) else None
        yield NOT_PROVED.format(better="better" if better is None else f"better by ${better:,} or less")
    if found.schemes:
        yield ON_LIBRARY
    if not found.reached_today:
        yield NOT_ADVICE


def _reach(plan: Plan) -> ReachLine:
    outcome = plan.outcome
    return ReachLine(
        levels=tuple(level_proof(level, plan.options.gap) for level in plan.levels),
        margin_usd=usd(float(outcome.margin[0])), members_at_mass=float(outcome.members_at_mass[0]),
        practices_at_mass=int(outcome.practices_at_mass[0]), reimbursement_usd=usd(float(outcome.reimbursement.sum())),
    )  # fmt: skip


def _proposal(found: Coordination, proposal: Proposal) -> ProposalDocument:
    at_mass = proposal.plan.outcome.at_mass[0]
    return ProposalDocument(
        verified=proposal.verified, proved=proposal.proved, rounds=proposal.rounds,
        offered_usd=usd(proposal.offers.total_usd), spend_usd=usd(proposal.spend_usd),
        other_payments_change_usd=usd(proposal.change_usd), reached=_reach(proposal.plan),
        practices_at_mass=tuple(
            name for name, there in zip(found.network.practices, at_mass, strict=True) if there
        ),
        offers=tuple(_offers(found, proposal)), payers=tuple(_payers(found, proposal)),
        plan_hash=proposal.plan.plan_hash,
    )  # fmt: skip


def _offers(found: Coordination, proposal: Proposal) -> Iterator[OfferLine]:
    offers = proposal.offers
    months = member_months(Model(found.network, found.today.catalog, found.scenario), offers.payers)
    for row, column in np.argwhere(offers.usd > 0).tolist():
        amount = float(offers.usd[row, column])
        yield OfferLine(
            practice=offers.practices[row], payer=offers.payers[column], usd=usd(amount),
            pmpm_usd=round(amount / float(months[row, column]), 4),
        )  # fmt: skip


def _payers(found: Coordination, proposal: Proposal) -> Iterator[PayerLine]:
    model, outcome, payers = (
        Model(found.network, found.today.catalog, found.scenario),
        proposal.plan.outcome,
        proposal.offers.payers,
    )
    drawn = proposal.offers.usd[outcome.core_in_place[0]].sum(axis=0)
    by_practice = gains_usd(model, found.today.terms, payers, outcome.decisions, found.today.outcome.decisions)
    gains = {level: gain.sum(axis=0) for level, gain in by_practice.items()}
    months = member_months(model, payers).sum(axis=0)
    for at, payer in enumerate(payers):
        yield PayerLine(
            payer=payer, label=found.today.catalog.payers[payer].label, members=round(float(months[at]) / 12.0, 2),
            offered_usd=usd(float(proposal.offers.usd[:, at].sum())), spent_usd=usd(float(drawn[at])),
            benefit_low_usd=usd(min(float(gain[at]) for gain in gains.values())),
            benefit_usd=usd(float(gains["mid"][at])),
            benefit_high_usd=usd(max(float(gain[at]) for gain in gains.values())),
        )  # fmt: skip


def _alone(found: Coordination, proposal: Proposal) -> PlayDocument:
    """Payers that act alone, at the offers' needs and the plan's outcomes."""
    model, terms, payers = (
        Model(found.network, found.today.catalog, found.scenario),
        found.today.terms,
        proposal.offers.payers,
    )
    gains = gains_usd(model, terms, payers, proposal.plan.outcome.decisions, found.today.outcome.decisions)
    played = play(found.network.practices, payers, proposal.offers.usd.sum(axis=1), gains["mid"])
    return PlayDocument(
        worst_usd=usd(played.worst_usd), best_usd=usd(played.best_usd), together_usd=usd(played.together_usd),
        price_of_fragmentation=played.price_of_fragmentation, stuck=sum(item.stuck for item in played.practices),
        jump_start_usd=usd(played.jump_start_usd),
        practices=tuple(
            PracticePlayLine(
                practice=item.practice, need_usd=usd(item.need_usd), benefit_usd=usd(item.benefit_usd),
                worst_usd=usd(item.worst_usd), best_usd=usd(item.best_usd), together_usd=usd(item.together_usd),
                stuck=item.stuck, jump_start_usd=usd(item.jump_start_usd), critical=item.critical,
            )
            for item in played.practices
        ),
    )  # fmt: skip


def _scheme(item: Scheme, least_usd: float | None) -> SchemeLine:
    known = item.spend_usd is not None and least_usd is not None and least_usd > 0
    return SchemeLine(
        name=item.name, payers=item.payers, spend_usd=None if item.spend_usd is None else usd(item.spend_usd),
        pmpm_usd=None if item.pmpm_usd is None else round(item.pmpm_usd, 4),
        times_the_least=round(float(item.spend_usd or 0.0) / float(least_usd or 1.0), 3) if known else None,
    )  # fmt: skip
