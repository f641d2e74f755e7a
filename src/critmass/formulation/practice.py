"""The block of one practice: workflows, reach, staff, programs, payments and critical mass.

Money is USD a year. See `models/practice-block.md` for sets, variables and rows under the same names.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from critmass.domain.programs import Program
from critmass.domain.scenario import Lock
from critmass.formulation.block import Affine, Block, BlockBuilder, total
from critmass.formulation.bonus import practice_bonus
from critmass.formulation.curves import EQUAL, MARGIN
from critmass.formulation.levels import Level, Shared
from critmass.formulation.links import Links
from critmass.formulation.mass import critical_mass
from critmass.formulation.payments import payment
from critmass.formulation.shared_service import service_paid_once
from critmass.formulation.staffing import staff_covers_minutes
from critmass.formulation.thresholds import thresholds_need_workflows
from critmass.settlement.projection import RESPONSE_CHORDS, response_at, strength_for
from critmass.settlement.results import Populations
from critmass.settlement.terms import Clause


class PracticeLevel(Level):
    """The variables of one practice, as clauses see them."""

    def __init__(self, shared: Shared, practice: int, links: Links) -> None:
        super().__init__(shared, BlockBuilder(shared.model.network.practices[practice]), practice)
        self.index = practice
        self.links = links
        self.costs: list[Affine] = []
        self.margin_costs: list[Affine] = []
        self._drives: dict[str, Affine] = {}
        self._extra_reach: list[Affine] = []

    def staircase_name(self, measure: str, populations: Populations) -> str:
        """One staircase per measure: reach is practice-wide."""
        return measure

    def closed(self, measure: str, populations: Populations) -> Affine:
        """The practice's closed share of a measure; 0 when no workflow moves it."""
        name = f"closed[{measure}]"
        if not self.builder.has(name):
            return closed_gap_response(self, measure)
        return self.builder.get(name)

    def climb(self, measure: str, populations: Populations) -> tuple[Affine, Callable[[float], float]]:
        """The strength that closes the gap. It is tighter than the closed share: half of the strength that a
        threshold needs closes more than half of what it asks. Strength may go beyond what the ceiling needs."""
        drive = self.drive(measure)
        strongest = self.builder.bounds(drive)[1]
        ceiling = float(self.shared.model.ceilings[self.shared.model.measure_position[measure]])

        def strength(closed: float) -> float:
            needed = strength_for(closed)
            return min(needed + MARGIN, strongest) if closed >= ceiling - EQUAL else needed

        return drive, strength

    def drive(self, measure: str) -> Affine:
        """Total strength of the workflows that close a measure's gap."""
        if measure not in self._drives:
            strength = self.shared.model.strengths[:, self.shared.model.measure_position[measure]]
            extra = self.extra_reach()
            self._drives[measure] = total([extra[w] * float(strength[w]) for w in np.flatnonzero(strength > 0)])
        return self._drives[measure]

    def least_reach(self, place: int) -> float:
        """Least reach of a workflow that is adopted: never below today's."""
        model = self.shared.model
        return max(float(model.workflows[place].minimum_reach), float(model.reach_in_place[self.index, place]))

    def reach(self, place: int) -> Affine:
        """Share of eligible patients that a workflow serves, whoever delivers it."""
        workflow = self.shared.model.workflows[place].id
        return self._either(f"reach_own[{workflow}]", f"reach_hub[{workflow}]")

    def adopted(self, place: int) -> Affine:
        """1 when the workflow runs, whoever delivers it."""
        workflow = self.shared.model.workflows[place].id
        return self._either(f"own[{workflow}]", f"hub[{workflow}]")

    def _either(self, *names: str) -> Affine:
        return total([self.builder.get(name) for name in names if self.builder.has(name)])

    def savings_gain(self, populations: Populations) -> Affine:
        """Expenditure that workflows beyond today's save."""
        model = self.shared.model
        columns = model.arrays.columns(populations)
        spend = model.arrays.spending("expenditure_usd")[self.index, columns]
        each = model.saved_shares[:, columns] @ spend
        extra = self.extra_reach()
        return total([extra[place] * float(each[place]) for place in map(int, np.flatnonzero(each))])

    def extra_reach(self) -> list[Affine]:
        """Reach beyond what is in place today, by workflow."""
        if not self._extra_reach:
            today = self.shared.model.reach_in_place[self.index]
            self._extra_reach = [self.reach(place) + (-float(today[place])) for place in range(len(today))]
        return self._extra_reach

    def events(self, service: str, populations: Populations) -> Affine:
        """Events in proportion to reach."""
        volumes = self.shared.events(service, populations)[:, self.index]
        return total([self.reach(place) * float(volumes[place]) for place in map(int, np.flatnonzero(volumes))])

    def runs_workflow(self, workflow: str, populations: Populations = ()) -> Affine:
        """1 when the workflow runs."""
        return self.adopted(self.shared.model.workflow_position[workflow])

    def joined(self, program: str) -> Affine:
        """1 when the program is joined; a copy of the organization's decision where that one decides."""
        name = f"join[{program}]"
        if self.builder.has(name):
            return self.builder.get(name)
        if program in self.links.organization_programs and self.shared.reaches_id(program, self.index):
            return self.links.copy_condition(self, self.links.condition((program,), 1))
        return Affine()

    def enough_joined(self, programs: tuple[str, ...], at_least: int) -> Affine | None:
        """1 when the organization joins at least so many; None when practices decide any of them."""
        if not set(programs) <= self.links.organization_programs:
            return None
        touching = tuple(program for program in programs if self.shared.reaches_id(program, self.index))
        if len(touching) < at_least:
            return Affine()
        return self.links.copy_condition(self, self.links.condition(touching, at_least))


def practice_block(shared: Shared, practice: int, links: Links) -> Block:
    """The complete block of one practice with its objectives `margin`, `members_at_mass`, `at_mass`."""
    level = PracticeLevel(shared, practice, links)
    workflow_variables(level)
    workflow_prerequisites(level)
    staff_covers_minutes(level)
    startup_within_budget(level)
    program_variables(level)
    program_rules(level)
    reporting_shared_by_specification(level)
    _payments(level)
    for request in links.requests:
        request.practice_side(level)
    service_paid_once(level)
    critical_mass(level)
    level.finish_staircases()
    thresholds_need_workflows(level)
    _objectives(level)
    links.practice_links(level)
    return level.builder.finish()


def workflow_variables(level: PracticeLevel) -> None:
    """Adoption and reach of every workflow. Families `reach_needs_adoption`, `adoption_means_service`,
    `delivered_once`, `workflow_kept`."""
    model, rates, builder = level.shared.model, level.shared.rates, level.builder
    for place, workflow in enumerate(model.workflows):
        today = float(model.reach_in_place[level.index, place])
        modes = [("own", workflow.delivery != "hub" or today > 0 or not model.scenario.hub)]
        modes.append(("hub", workflow.delivery != "practice" and model.scenario.hub))
        for mode, possible in modes:
            if possible:
                _delivery(level, mode, workflow.id, level.least_reach(place))
        builder.at_most(f"delivered_once[{workflow.id}]", level.adopted(place), 1.0)
        if today > 0:
            builder.at_least(f"workflow_kept[{workflow.id}]", level.adopted(place), 1.0)
        _workflow_costs(level, place, rates.own_fixed_usd[level.index, place])
    _workflow_locks(level)


def _delivery(level: PracticeLevel, mode: str, workflow: str, least: float) -> None:
    chosen = level.builder.binary(f"{mode}[{workflow}]", decision=True)
    reach = level.builder.variable(f"reach_{mode}[{workflow}]", 0.0, 1.0, decision=True)
    level.builder.at_most(f"reach_needs_adoption[{mode},{workflow}]", reach, chosen)
    level.builder.at_least(f"adoption_means_service[{mode},{workflow}]", reach, chosen * least)


def _workflow_costs(level: PracticeLevel, place: int, own_fixed: float) -> None:
    rates, builder, i = level.shared.rates, level.builder, level.index
    name = level.shared.model.workflows[place].id
    if builder.has(f"own[{name}]"):
        own = builder.get(f"own[{name}]") * float(own_fixed)
        own = own + builder.get(f"reach_own[{name}]") * float(rates.own_unit_usd[i, place])
        level.costs.append(own)
        level.margin_costs.append(own)
    if builder.has(f"hub[{name}]"):
        hub, reach = builder.get(f"hub[{name}]"), builder.get(f"reach_hub[{name}]")
        local = hub * float(rates.hub_local_usd[i, place])
        tariff = hub * float(rates.tariff_fixed_usd[i, place]) + reach * float(rates.tariff_reach_usd[i, place])
        level.costs.append(local + tariff)
        level.margin_costs.append(local + reach * float(rates.hub_unit_usd[i, place]))


def _workflow_locks(level: PracticeLevel) -> None:
    """Family `workflow_locked`."""
    for lock in locks_of(level):
        if lock.workflow is not None:
            wanted = 1.0 if lock.decision == "in_place" else 0.0
            adopted = level.runs_workflow(lock.workflow)
            level.builder.at_least(f"workflow_locked[{lock.workflow},low]", adopted, wanted)
            level.builder.at_most(f"workflow_locked[{lock.workflow},high]", adopted, wanted)


def locks_of(level: PracticeLevel) -> list[Lock]:
    """Locks that speak to this practice."""
    name = level.shared.model.network.practices[level.index]
    return [lock for lock in level.shared.locks if lock.practice in (None, name)]


def workflow_prerequisites(level: PracticeLevel) -> None:
    """Crawl before walk. Family `workflow_prerequisite`."""
    model = level.shared.model
    for place, workflow in enumerate(model.workflows):
        for needed in workflow.requires:
            level.builder.at_most(
                f"workflow_prerequisite[{workflow.id},{needed}]",
                level.adopted(place),
                level.runs_workflow(needed),
            )


def startup_within_budget(level: PracticeLevel) -> None:
    """Cash to start new workflows: the practice's own, and the organization's help beyond it. Family
    `startup_within_budget`."""
    model, rates = level.shared.model, level.shared.rates
    parts = [
        level.builder.get(f"own[{workflow.id}]") * float(rates.startup_usd[level.index, place])
        for place, workflow in enumerate(model.workflows)
        if rates.startup_usd[level.index, place] and level.builder.has(f"own[{workflow.id}]")
    ]
    budget = float(level.shared.startup_budgets[level.index])
    wanted = total(parts)
    if level.links.has_budget:
        most = max(level.builder.bounds(wanted)[1] - budget, 0.0) if np.isfinite(budget) else 0.0
        help_usd = level.builder.variable("startup_help", 0.0, most)
        wanted = wanted - help_usd
    if model.scenario.practice_budgets and np.isfinite(budget):
        level.builder.at_most("startup_within_budget[cash]", wanted, budget)


def program_variables(level: PracticeLevel) -> None:
    """One join decision for each voluntary program that can reach this practice's members."""
    shared = level.shared
    for program in shared.programs:
        if program.join_level != "practice" or not shared.reaches(program, level.index):
            continue
        join = level.builder.binary(f"join[{program.id}]", decision=True)
        if not program.voluntary:
            level.builder.fix(f"join[{program.id}]", 1.0)
        elif not shared.eligible(program, level.index):
            level.builder.fix(f"join[{program.id}]", 0.0)
        for lock in locks_of(level):
            if lock.program == program.id:
                wanted = 1.0 if lock.decision == "joined" else 0.0
                level.builder.at_least(f"program_locked[{program.id},low]", join, wanted)
                level.builder.at_most(f"program_locked[{program.id},high]", join, wanted)


def program_rules(level: PracticeLevel) -> None:
    """Exclusive groups, exclusions and prerequisites. Families `program_exclusive_group`,
    `program_excludes`, `program_requires`."""
    groups: dict[str, list[Affine]] = {}
    for program in level.shared.programs:
        if not level.builder.has(f"join[{program.id}]") or program.join_level != "practice":
            continue
        join = level.joined(program.id)
        if program.exclusive_group:
            groups.setdefault(program.exclusive_group, []).append(join)
        for other in _excluded(level, program):
            level.builder.at_most(f"program_excludes[{program.id},{other}]", join + level.joined(other), 1.0)
        for other in program.requires:
            level.builder.at_most(f"program_requires[{program.id},{other}]", join, level.joined(other))
    for group, joins in groups.items():
        level.builder.at_most(f"program_exclusive_group[{group}]", total(joins), 1.0)


def _excluded(level: PracticeLevel, program: Program) -> tuple[str, ...]:
    """Programs that cannot be held beside this one, whichever of the two says so."""
    by_organization = (
        other.id
        for other in level.shared.programs
        if other.join_level == "organization" and program.id in other.excludes
    )
    return tuple(dict.fromkeys((*program.excludes, *by_organization)))


def reporting_shared_by_specification(level: PracticeLevel) -> None:
    """Reporting of joined programs; a specification is reported once. Family `specification_reported`."""
    builder = level.builder
    users: dict[tuple[str, str], list[tuple[str, Affine, float]]] = {}
    for program in level.shared.programs:
        if program.join_level != "practice" or not builder.has(f"join[{program.id}]"):
            continue
        join, burden = builder.get(f"join[{program.id}]"), program.reporting
        level.costs.append(join * float(burden.fixed_usd))
        level.margin_costs.append(level.costs[-1])
        if float(burden.per_measure_usd) > 0:
            for measure in level.shared.measures_by_program[program.id]:
                usd = float(burden.per_measure_usd)
                users.setdefault((measure, burden.specification), []).append((program.id, join, usd))
    for (measure, specification), joins in users.items():
        level.costs.append(_reported(builder, f"{measure},{specification}", joins))
        level.margin_costs.append(level.costs[-1])


def _reported(builder: BlockBuilder, name: str, joins: list[tuple[str, Affine, float]]) -> Affine:
    """Cost of one specification: the dearest of the joined programs that need it, once."""
    if len(joins) == 1:
        return joins[0][1] * joins[0][2]
    reported = builder.variable(f"reported_usd[{name}]", 0.0, max(usd for _, _, usd in joins))
    for program, join, usd in joins:
        builder.at_least(f"specification_reported[{name},{program}]", reported, join * usd)
    return reported


def _payments(level: PracticeLevel) -> None:
    for clause in level.shared.terms.in_order_of_money:
        if clause.pooled or not level.shared.has_members(clause.populations, level.index):
            continue
        level.paid[clause.key], exact = payment(level, clause, participation(level, clause))
        if not exact:
            level.shared.inexact.add(clause.key)


def participation(level: Level, clause: Clause) -> Affine:
    """1 when the clause speaks to the unit."""
    if clause.component.applies == "always":
        return Affine(1.0)
    joined = level.joined(clause.program.id)
    return joined if clause.component.applies == "joined" else -joined + 1.0


def _objectives(level: PracticeLevel) -> None:
    new = [
        level.paid[clause.key]
        for clause in level.shared.terms.clauses
        if clause.key in level.paid and clause.component.money != "credited"
    ]
    members = float(level.shared.model.arrays.members()[level.index].sum())
    at_mass = level.builder.get("at_mass")
    margin = total(new) - total(level.margin_costs)
    level.builder.express("margin", margin)
    level.builder.express("members_at_mass", at_mass * members)
    level.builder.express("at_mass", at_mass)
    practice_bonus(level, margin, at_mass * members)
    for (program, component), paid in level.paid.items():
        level.builder.express(f"paid[{program}.{component}]", paid)


def closed_gap_response(level: PracticeLevel, measure: str) -> Affine:
    """A measure's closed share as a concave function of reach. Family `closed_gap_response`."""
    shared, builder = level.shared, level.builder
    drive, most = level.drive(measure), float(shared.most_strength(measure)[level.index])
    high = min(max(builder.bounds(drive)[1], 0.0), most)
    top = min(response_at(high), float(shared.model.ceilings[shared.model.measure_position[measure]]))
    closed = builder.variable(f"closed[{measure}]", 0.0, top)
    for place, (corner, slope, height) in enumerate(RESPONSE_CHORDS):
        if corner < high and height + slope * corner < top:
            builder.at_most(f"closed_gap_response[{measure},{place}]", closed, drive * slope + height)
    return closed
