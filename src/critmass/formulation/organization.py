"""The organization's block: programs it joins as a whole, pooled tiers and savings, and the hub.

See `models/organization-block.md` for sets, variables and rows under the same names.
"""

from __future__ import annotations

import numpy as np

from critmass.formulation.block import Affine, BlockBuilder, total
from critmass.formulation.bonus import organization_bonus
from critmass.formulation.levels import Level, Shared
from critmass.formulation.links import Links
from critmass.formulation.payments import payment
from critmass.formulation.practice import PracticeLevel, participation
from critmass.settlement.costs import reporting_usd
from critmass.settlement.results import Populations


def populations_name(populations: Populations) -> str:
    """A short, stable name of a set of populations."""
    return "+".join(f"{payer}:{line}" for payer, line in populations)


class OrganizationLevel(Level):
    """The pooled variables, as clauses see them. Each is covered by the practices through a link."""

    def __init__(self, shared: Shared, links: Links) -> None:
        super().__init__(shared, BlockBuilder("organization"), None)
        self.links = links

    def staircase_name(self, measure: str, populations: Populations) -> str:
        """Pooled rates differ by population, so each has its own staircase."""
        return f"{measure},{populations_name(populations)}"

    def closed(self, measure: str, populations: Populations) -> Affine:
        """Pooled closed share: the gap-weighted mean of the practices' closed shares."""
        name = f"pooled_closed[{measure},{populations_name(populations)}]"
        if self.builder.has(name):
            return self.builder.get(name)
        gaps = self.shared.gaps(measure, populations)
        whole = float(gaps.sum())
        top = float(gaps @ self.shared.most_closed(measure)) / whole if whole else 0.0
        variable = self.builder.variable(name, 0.0, top)
        if top > 0:
            self.links.ask(
                f"pooled_gap_link[{measure},{populations_name(populations)}]",
                variable,
                lambda level: (
                    level.closed(measure, populations) * float(gaps[level.index] / whole)
                    if gaps[level.index]
                    else Affine()
                ),
            )
        return variable

    def savings_gain(self, populations: Populations) -> Affine:
        """Pooled savings that workflows beyond today's add, USD."""
        name = f"pooled_savings[{populations_name(populations)}]"
        if self.builder.has(name):
            return self.builder.get(name)
        model = self.shared.model
        columns = model.arrays.columns(populations)
        spend = model.arrays.spending("expenditure_usd")[:, columns]
        room = 1.0 - model.reach_in_place
        each = room * (spend @ model.saved_shares[:, columns].T)
        variable = self.builder.variable(name, float(np.minimum(each, 0).sum()), float(np.maximum(each, 0).sum()))
        self.links.ask(
            f"pooled_savings_link[{populations_name(populations)}]",
            variable,
            lambda level: level.savings_gain(populations),
        )
        return variable

    def events(self, service: str, populations: Populations) -> Affine:
        """Pooled events of a service."""
        name = f"pooled_events[{service},{populations_name(populations)}]"
        if not self.builder.has(name):
            most = float(self.shared.events(service, populations).sum())
            variable = self.builder.variable(name, 0.0, most)
            self.links.ask(
                f"pooled_events_link[{service},{populations_name(populations)}]",
                variable,
                lambda level: level.events(service, populations),
            )
        return self.builder.get(name)

    def runs_workflow(self, workflow: str, populations: Populations = ()) -> Affine:
        """1 when every practice with members in the populations runs the workflow."""
        index = f"{workflow},{populations_name(populations)}"
        if not self.builder.has(f"all_run[{index}]"):
            practices = range(len(self.shared.model.network.practices))
            asked = [place for place in practices if self.shared.has_members(populations, place)]
            variable = self.builder.binary(f"all_run[{index}]")
            self.links.ask(
                f"all_run_link[{index}]",
                variable * len(asked),
                lambda level: level.runs_workflow(workflow) if level.index in asked else Affine(),
            )
        return self.builder.get(f"all_run[{index}]")

    def joined(self, program: str) -> Affine:
        """1 when the organization joins; programs that practices join one by one count as not joined."""
        return self.links.joins.get(program, Affine())


def organization_level(shared: Shared, links: Links) -> OrganizationLevel:
    """The organization's block, still open: practices may add their sides of links to it."""
    level = OrganizationLevel(shared, links)
    organization_programs(level)
    paid = pooled_payments(level)
    hub_costs = hub_capacity(level)
    level.finish_staircases()
    reporting = [
        links.joins[program.id] * (reporting_usd(program) * shared.practices_reached(program))
        for program in shared.programs
        if program.id in links.joins
    ]
    margin = total(paid) - total(hub_costs) - total(reporting)
    level.builder.express("margin", margin)
    organization_bonus(level, margin)
    level.builder.express("members_at_mass", Affine())
    level.builder.express("at_mass", Affine())
    return level


def organization_programs(level: OrganizationLevel) -> None:
    """Join decisions of the organization. Families `organization_exclusive_group`,
    `organization_excludes`, `organization_requires`, `organization_locked`."""
    shared, builder, joins = level.shared, level.builder, level.links.joins
    chosen = [program for program in shared.programs if program.id in level.links.organization_programs]
    for program in chosen:
        joins[program.id] = builder.binary(f"join[{program.id}]", decision=True)
        if not program.voluntary:
            builder.fix(f"join[{program.id}]", 1.0)
        elif not shared.eligible(program, None):
            builder.fix(f"join[{program.id}]", 0.0)
        for lock in shared.locks:
            if lock.program == program.id:
                wanted = 1.0 if lock.decision == "joined" else 0.0
                builder.at_least(f"organization_locked[{program.id},low]", joins[program.id], wanted)
                builder.at_most(f"organization_locked[{program.id},high]", joins[program.id], wanted)
    groups = {program.exclusive_group for program in chosen if program.exclusive_group}
    for group in sorted(groups):
        members = [joins[program.id] for program in chosen if program.exclusive_group == group]
        builder.at_most(f"organization_exclusive_group[{group}]", total(members), 1.0)
    for program in chosen:
        for other in sorted(set(program.excludes) & set(joins)):
            builder.at_most(f"organization_excludes[{program.id},{other}]", joins[program.id] + joins[other], 1.0)
        for other in sorted(set(program.requires) & set(joins)):
            builder.at_most(f"organization_requires[{program.id},{other}]", joins[program.id], joins[other])


def pooled_payments(level: OrganizationLevel) -> list[Affine]:
    """Payments on pooled results. Those already paid by others ('credited') stay out of the margin."""
    margin = []
    for clause in level.shared.terms.in_order_of_money:
        if not clause.pooled:
            continue
        paid, exact = payment(level, clause, participation(level, clause))
        level.paid[clause.key] = paid
        if not exact:
            level.shared.inexact.add(clause.key)
        level.builder.express(f"paid[{clause.program.id}.{clause.component.id}]", paid)
        counted = level.shared.model.scenario.critical_mass.count_credited
        if clause.component.money != "credited":
            margin.append(paid)
        if clause.component.money != "credited" or counted:
            level.links.pooled_paid.append((clause, paid, level.builder.bounds(paid)))
    return margin


def hub_capacity(level: OrganizationLevel) -> list[Affine]:
    """What the hub offers and employs. Links `hub_open_link`, `hub_staff_link`,
    `organization_startup_link`."""
    shared, builder, links = level.shared, level.builder, level.links
    model, rates = shared.model, shared.rates
    in_place = model.arrays.hub_staff_in_place
    costs = [Affine(float(in_place @ rates.fte_usd))]
    startup: list[Affine] = []
    if model.scenario.hub:
        for place, workflow in enumerate(model.workflows):
            if workflow.delivery != "practice":
                links.hub_open[workflow.id] = builder.binary(f"hub_open[{workflow.id}]")
                costs.append(links.hub_open[workflow.id] * float(rates.hub_fixed_usd[place]))
                startup.append(links.hub_open[workflow.id] * float(rates.hub_startup_usd[place]))
        costs += _hub_staff(level, in_place)
    if links.has_budget:
        links.organization_side["organization_startup_link[cash]"] = -total(startup) + shared.organization_budget
    return costs


def _hub_staff(level: OrganizationLevel, in_place: np.ndarray[tuple[int], np.dtype[np.float64]]) -> list[Affine]:
    rates, model = level.shared.rates, level.shared.model
    hub_able = np.array([workflow.delivery != "practice" for workflow in model.workflows])
    costs = []
    for place, role in enumerate(model.catalog.roles):
        most_fte = float(rates.minutes[:, hub_able, place].sum() / rates.minutes_per_fte[place])
        if most_fte <= 0:
            continue
        step = float(rates.hub_step_fte[place])
        most = max(np.ceil((most_fte - in_place[place]) / step - 1e-7), 0.0)
        steps = level.builder.variable(f"hub_staff_steps[{role}]", 0.0, float(most), integer=True)
        level.links.hub_roles.append(role)
        level.links.organization_side[f"hub_staff_link[{role}]"] = steps * step + float(in_place[place])
        costs.append(steps * (step * float(rates.fte_usd[place])))
    return costs


__all__ = ["OrganizationLevel", "PracticeLevel", "organization_level"]
