"""Critical mass of one practice as rows of its block."""

from __future__ import annotations

from typing import TYPE_CHECKING

from critmass.formulation.block import Affine, BlockBuilder, total
from critmass.formulation.bonus import bonus_variables
from critmass.settlement.amounts import passed_share

if TYPE_CHECKING:
    from critmass.formulation.practice import PracticeLevel


def critical_mass(level: PracticeLevel) -> None:
    """When the practice is at mass. Families `mass_ratio_reached`, `mass_needs_core_workflow`,
    `payer_brings_share`, `mass_needs_payers`."""
    rule, builder = level.shared.model.scenario.critical_mass, level.builder
    at_mass = builder.binary("at_mass")
    by_payer, cost = _reimbursement_by_payer(level), total(level.costs)
    needed = cost * rule.ratio
    for payer, added in bonus_variables(level, at_mass).items():
        by_payer[payer] = by_payer.get(payer, Affine()) + added
    for place, workflow in enumerate(level.shared.model.workflows):
        if workflow.core:
            builder.at_most(f"mass_needs_core_workflow[{workflow.id}]", at_mass, level.adopted(place))
    _when(builder, "mass_ratio_reached[ratio]", at_mass, total(list(by_payer.values())) - needed)
    if rule.payers > 0 and rule.payer_share > 0:
        brings = []
        for payer, paid in by_payer.items():
            enough = builder.binary(f"payer_brings_share[{payer}]")
            _when(builder, f"payer_brings_share[{payer}]", enough, paid - needed * rule.payer_share)
            brings.append(enough)
        builder.at_least("mass_needs_payers[count]", total(brings), at_mass * rule.payers)


def _when(builder: BlockBuilder, name: str, switch: Affine, value: Affine) -> None:
    """value >= 0 when the switch is 1, with the least valid constant when it is 0."""
    low = min(builder.bounds(value)[0], 0.0)
    builder.at_least(name, value, (-switch + 1.0) * low)


def _reimbursement_by_payer(level: PracticeLevel) -> dict[str, Affine]:
    """Money that reaches the practice by payer: its own clauses, and its claim on pooled ones."""
    rule = level.shared.model.scenario.critical_mass
    parts: dict[str, list[Affine]] = {}
    for clause in level.shared.terms.clauses:
        counts = rule.count_credited or clause.component.money != "credited"
        if clause.key in level.paid and counts:
            parts.setdefault(clause.payer, []).append(level.paid[clause.key] * passed_share(clause.component))
    for payer, claim in level.links.claims(level).items():
        parts.setdefault(payer, []).append(claim)
    return {payer: total(items) for payer, items in sorted(parts.items())}
