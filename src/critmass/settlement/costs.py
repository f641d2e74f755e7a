"""What the workflows of a plan cost, to practices and to the hub.

A practice pays fixed and unit costs, start-up spread over its life, staff in whole steps, the reporting
of joined programs, and the hub's tariff for what the hub delivers. The tariff recovers the hub's staff
time with an overhead, its unit cost, and a member-weighted share of its fixed cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from critmass.domain.programs import Program
from critmass.settlement.projection import HUB, OWN, Decisions, Model
from critmass.settlement.results import FloatArray

HUB_OVERHEAD_RATE = 0.10
"""Load on hub staff time in the tariff, for idle time between whole staff steps (an assumption)."""

ROUNDING = 1e-5
"""Steps by which a need may exceed a whole number through floating-point error."""


@dataclass(frozen=True)
class CostRates:
    """Cost coefficients of a network, USD a year. Axes in the order of the names."""

    own_fixed_usd: FloatArray
    """(practice, workflow): fixed cost and yearly share of start-up when the practice delivers."""
    own_unit_usd: FloatArray
    """(practice, workflow): unit cost at full reach when the practice delivers, without staff."""
    hub_local_usd: FloatArray
    """(practice, workflow): what stays at the practice when the hub delivers, paid by the practice."""
    hub_unit_usd: FloatArray
    """(practice, workflow): the hub's unit cost at full reach."""
    tariff_fixed_usd: FloatArray
    """(practice, workflow): fixed part of the tariff."""
    tariff_reach_usd: FloatArray
    """(practice, workflow): tariff at full reach beyond the fixed part."""
    startup_usd: FloatArray
    """(practice, workflow): cash needed up front when the practice starts the workflow."""
    minutes: FloatArray
    """(practice, workflow, role): staff minutes at full reach."""
    hub_fixed_usd: FloatArray
    """(workflow,): hub fixed cost and yearly share of its start-up once the hub offers the workflow."""
    hub_startup_usd: FloatArray
    """(workflow,): cash the hub needs up front."""
    step_fte: FloatArray
    """(role,): staff step at a practice, FTE."""
    hub_step_fte: FloatArray
    """(role,)"""
    minutes_per_fte: FloatArray
    """(role,)"""
    fte_usd: FloatArray
    """(role,): loaded cost of one FTE, USD a year."""


def cost_rates(model: Model) -> CostRates:
    """All cost coefficients of a network under a catalog."""
    workflows, roles = model.workflows, tuple(model.catalog.roles.values())
    eligible = model.eligible_patients()
    started = model.reach_in_place > 0

    def per_workflow(name: str) -> FloatArray:
        return np.array([float(getattr(workflow, name) or 0.0) for workflow in workflows])

    startup = per_workflow("startup_usd")
    yearly = startup / per_workflow("startup_years")
    minutes_each = np.zeros((len(workflows), len(roles)))
    for place, workflow in enumerate(workflows):
        for need in workflow.staff:
            minutes_each[place, list(model.catalog.roles).index(need.role)] += float(need.minutes_per_patient)
    minutes_per_fte = np.array([float(role.minutes_per_year) for role in roles])
    fte_usd = np.array([role.cost_per_fte_usd for role in roles])
    unit = eligible * per_workflow("unit_usd")
    members = model.arrays.members().sum(axis=1)
    member_share = members / max(members.sum(), 1.0)
    minutes = eligible[:, :, None] * minutes_each[None]
    hub_fixed = per_workflow("hub_fixed_usd") + yearly
    staff_usd = (minutes * (fte_usd / minutes_per_fte)).sum(axis=2) if len(roles) else np.zeros_like(unit)
    return CostRates(
        own_fixed_usd=per_workflow("fixed_usd") + np.where(started, 0.0, yearly),
        own_unit_usd=unit,
        hub_local_usd=np.broadcast_to(per_workflow("hub_practice_fixed_usd"), unit.shape),
        hub_unit_usd=unit,
        tariff_fixed_usd=member_share[:, None] * hub_fixed[None],
        tariff_reach_usd=unit + (1.0 + HUB_OVERHEAD_RATE) * staff_usd,
        startup_usd=np.where(started, 0.0, startup),
        minutes=minutes,
        hub_fixed_usd=hub_fixed,
        hub_startup_usd=startup,
        step_fte=np.array([float(role.practice_step_fte) for role in roles]),
        hub_step_fte=np.array([float(role.hub_step_fte) for role in roles]),
        minutes_per_fte=minutes_per_fte,
        fte_usd=fte_usd,
    )


def whole_steps(fte: FloatArray, step_fte: FloatArray, in_place_fte: FloatArray) -> FloatArray:
    """FTE to employ: what is already employed, plus whole steps for the need beyond it."""
    beyond = np.maximum(fte - in_place_fte, 0.0)
    return np.asarray(in_place_fte + np.ceil(beyond / step_fte - ROUNDING) * step_fte)


@dataclass(frozen=True)
class Costs:
    """Costs of decisions, positive USD a year.

    `fixed`, `unit`, `local`, `tariff` have shape (scenario, practice, workflow); `staff` (scenario,
    practice, role); `reporting` (scenario, practice, program). `hub_fixed` is (scenario, workflow),
    `hub_unit` (scenario, workflow), `hub_staff` (scenario, role), `organization_reporting` (scenario,
    program): what the organization pays to report for the programs that it joins as a whole.
    """

    fixed: FloatArray
    unit: FloatArray
    local: FloatArray
    tariff: FloatArray
    staff: FloatArray
    staff_fte: FloatArray
    reporting: FloatArray
    hub_fixed: FloatArray
    hub_unit: FloatArray
    hub_staff: FloatArray
    hub_fte: FloatArray
    startup: FloatArray
    hub_startup: FloatArray
    organization_reporting: FloatArray

    def practice_total(self) -> FloatArray:
        """C_j: what each practice pays, tariff included, shape (scenario, practice), USD."""
        by_workflow = (self.fixed + self.unit + self.local + self.tariff).sum(axis=2)
        return np.asarray(by_workflow + self.staff.sum(axis=2) + self.reporting.sum(axis=2))

    def hub_total(self) -> FloatArray:
        """What the hub pays, shape (scenario,), USD."""
        return np.asarray(self.hub_fixed.sum(axis=1) + self.hub_unit.sum(axis=1) + self.hub_staff.sum(axis=1))

    def organization_total(self) -> FloatArray:
        """Hub and organization-level reporting, shape (scenario,), USD."""
        return np.asarray(self.hub_total() + self.organization_reporting.sum(axis=1))

    def tariff_total(self) -> FloatArray:
        """What practices pay to the hub, shape (scenario,), USD."""
        return np.asarray(self.tariff.sum(axis=(1, 2)))


def decision_costs(model: Model, rates: CostRates, programs: tuple[Program, ...], decisions: Decisions) -> Costs:
    """Exact yearly costs of decisions, lumps included."""
    own, hub = decisions.delivery == OWN, decisions.delivery == HUB
    own_reach, hub_reach = np.where(own, decisions.reach, 0.0), np.where(hub, decisions.reach, 0.0)
    need = np.einsum("siw,iwr->sir", own_reach, rates.minutes) / rates.minutes_per_fte
    fte = whole_steps(need, rates.step_fte, model.arrays.staff_in_place[None])
    hub_need = np.einsum("siw,iwr->sr", hub_reach, rates.minutes) / rates.minutes_per_fte
    hub_fte = whole_steps(hub_need, rates.hub_step_fte, model.arrays.hub_staff_in_place[None])
    open_at_hub = hub.any(axis=1)
    return Costs(
        fixed=np.where(own, rates.own_fixed_usd, 0.0),
        unit=own_reach * rates.own_unit_usd,
        local=np.where(hub, rates.hub_local_usd, 0.0),
        tariff=np.where(hub, rates.tariff_fixed_usd, 0.0) + hub_reach * rates.tariff_reach_usd,
        staff=fte * rates.fte_usd,
        staff_fte=fte,
        reporting=reporting_costs(programs, decisions),
        hub_fixed=np.where(open_at_hub, rates.hub_fixed_usd, 0.0),
        hub_unit=(hub_reach * rates.hub_unit_usd).sum(axis=1),
        hub_staff=hub_fte * rates.fte_usd,
        hub_fte=hub_fte,
        startup=np.where(own, rates.startup_usd, 0.0),
        hub_startup=np.where(open_at_hub, rates.hub_startup_usd, 0.0),
        organization_reporting=organization_reporting(programs, decisions),
    )


def reporting_costs(programs: tuple[Program, ...], decisions: Decisions) -> FloatArray:
    """Reporting of joined programs, shape (scenario, practice, program), USD a year.

    The per-measure part is paid once for each distinct specification of a measure, at the highest price of
    the joined programs that need it; each program is booked what it adds, in program order.
    """
    costs = np.zeros(decisions.joined.shape)
    paid: dict[tuple[str, str], FloatArray] = {}
    for place, program in enumerate(programs):
        if program.join_level == "organization":
            continue
        joined = decisions.joined[:, :, place]
        costs[:, :, place] += joined * float(program.reporting.fixed_usd)
        for measure in program.measures:
            key = (measure, program.reporting.specification)
            before = paid.get(key, np.zeros(joined.shape))
            paid[key] = np.maximum(before, joined * float(program.reporting.per_measure_usd))
            costs[:, :, place] += paid[key] - before
    return costs


def organization_reporting(programs: tuple[Program, ...], decisions: Decisions) -> FloatArray:
    """Reporting that the organization does for its practices, shape (scenario, program), USD a year."""
    costs = np.zeros((decisions.joined.shape[0], len(programs)))
    for place, program in enumerate(programs):
        if program.join_level == "organization":
            costs[:, place] = decisions.joined[:, :, place].sum(axis=1) * reporting_usd(program)
    return costs


def reporting_usd(program: Program) -> float:
    """Reporting of one program for one practice when no other program shares it, USD a year."""
    burden = program.reporting
    return float(burden.fixed_usd) + float(burden.per_measure_usd) * len(program.measures)
