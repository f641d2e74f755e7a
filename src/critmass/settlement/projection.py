"""From decisions to expected results: which workflows run at which reach, and what that does.

The response of a measure is a share of its residual gap: each workflow alone closes `closed_share` of it
at full reach, and workflows side by side compound on what is left, so that a reminder worth much alone
is worth less beside others. With s = sum over workflows of -ln(1 - closed_share) * (reach - reach in
place), the closed share is the chord approximation, on fixed corners, of 1 - exp(-s), cut at the
measure's ceiling. Source of the compounding rule: the incremental effects that the Community Preventive
Services Task Force reports beside the stand-alone ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from critmass.domain.care import Effect, SavingsEffect
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.domain.vocabulary import Stratum
from critmass.settlement.arrays import NetworkArrays
from critmass.settlement.results import BoolArray, FloatArray, IntArray, Populations

RESPONSE_CORNERS = (0.0, 0.1, 0.25, 0.5, 0.8, 1.2, 2.0, 4.0)
"""Where the chords of 1 - exp(-s) meet."""

OWN, HUB = 1, 2
"""Codes of `Decisions.delivery`: by the practice itself, by the organization's hub; 0 is not at all."""


def response(strength: FloatArray) -> FloatArray:
    """Closed share of the residual gap for a total strength s, before the ceiling."""
    corners = np.array(RESPONSE_CORNERS)
    return np.asarray(np.interp(strength, corners, 1.0 - np.exp(-corners)))


def effect_size(effect: Effect | SavingsEffect, level: str) -> float:
    """An effect at the scenario's level: low, mid or high."""
    middle = effect.closed_share if isinstance(effect, Effect) else effect.saved_share
    return float({"low": effect.low, "mid": middle, "high": effect.high}[level])


@dataclass(frozen=True)
class Decisions:
    """What practices do. Axes: (scenario, practice, workflow) and (scenario, practice, program).

    `delivery` holds 0, OWN or HUB; `reach` is the share of eligible patients served, 0 where not delivered.
    """

    delivery: np.ndarray[tuple[int, int, int], np.dtype[np.int8]]
    reach: FloatArray
    joined: BoolArray

    def one(self, scenario: int) -> Decisions:
        """A single scenario of many, its axis kept."""
        pick = slice(scenario, scenario + 1)
        return replace(self, delivery=self.delivery[pick], reach=self.reach[pick], joined=self.joined[pick])


class Model:
    """A network and a catalog under a scenario: what both the settlement and the formulation look up."""

    def __init__(self, network: Network, catalog: Catalog, scenario: Scenario) -> None:
        self.network, self.catalog, self.scenario = network, catalog, scenario
        self.arrays = NetworkArrays(network, catalog)
        self.workflows = tuple(catalog.workflows.values())
        self.measures = tuple(catalog.measures.values())
        self.workflow_position = {workflow.id: place for place, workflow in enumerate(self.workflows)}
        self.measure_position = {measure.id: place for place, measure in enumerate(self.measures)}
        self.reach_in_place = self.arrays.reach_in_place()

    @cached_property
    def strengths(self) -> FloatArray:
        """-ln(1 - closed share) of each workflow on each measure, shape (workflow, measure)."""
        table = np.zeros((len(self.workflows), len(self.measures)))
        for place, workflow in enumerate(self.workflows):
            for effect in workflow.effects:
                share = effect_size(effect, self.scenario.effects)
                table[place, self.measure_position[effect.measure]] = -np.log1p(-share)
        return table

    @cached_property
    def ceilings(self) -> FloatArray:
        """Largest closable share of the residual gap, shape (measure,)."""
        return np.array([float(measure.ceiling) for measure in self.measures])

    def gap(self, measure: str) -> FloatArray:
        """Residual gap in members, signed in the numerator's direction, shape (practice, population)."""
        denominator, numerator = (self.arrays.baseline(measure, name) for name in ("denominator", "numerator"))
        better = self.catalog.measures[measure].higher_is_better
        return denominator - numerator if better else -numerator

    @cached_property
    def saved_shares(self) -> FloatArray:
        """Share of expenditure each workflow saves at full reach, shape (workflow, population)."""
        table = np.zeros((len(self.workflows), len(self.network.populations)))
        for place, workflow in enumerate(self.workflows):
            for effect in workflow.savings:
                lines = [line in effect.lines_of_business for _, line in self.network.populations]
                table[place, lines] += effect_size(effect, self.scenario.effects)
        return table

    def events_at_full_reach(self, service: str) -> FloatArray:
        """Events of a service by workflow, shape (workflow, practice, population)."""
        table = np.zeros((len(self.workflows), *self.arrays.members().shape))
        for place, workflow in enumerate(self.workflows):
            for volume in workflow.services:
                if volume.service == service:
                    table[place] += float(volume.per_member) * self.arrays.members(volume.stratum)
        return table

    def eligible_patients(self) -> FloatArray:
        """Patients a workflow serves at full reach, shape (practice, workflow)."""
        columns = [
            sum(float(part.share) * self.arrays.members(part.stratum).sum(axis=1) for part in workflow.eligible)
            for workflow in self.workflows
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.network.practices), 0))


class ProjectedResults:
    """Expected results of decisions; implements `critmass.settlement.results.Results`."""

    def __init__(self, model: Model, programs: tuple[str, ...], decisions: Decisions) -> None:
        self.model, self.decisions = model, decisions
        self._program_position = {program: place for place, program in enumerate(programs)}
        self._extra_reach = np.maximum(decisions.reach - model.reach_in_place, 0.0)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of scenarios and of practices."""
        return self.decisions.reach.shape[0], self.decisions.reach.shape[1]

    @property
    def names(self) -> tuple[str, ...]:
        """Practice ids."""
        return self.model.network.practices

    @property
    def all_populations(self) -> Populations:
        """Every payer and line of business of the panel."""
        return self.model.network.populations

    @property
    def tins(self) -> IntArray:
        """Number of each practice's TIN."""
        return self.model.arrays.tins

    @cached_property
    def closed(self) -> FloatArray:
        """Closed share of each measure's residual gap, shape (scenario, practice, measure)."""
        return np.minimum(response(self._extra_reach @ self.model.strengths), self.model.ceilings)

    def _sum(self, table: FloatArray, populations: Populations) -> FloatArray:
        return np.asarray(table[:, self.model.arrays.columns(populations)].sum(axis=1)[None, :])

    def members(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed members."""
        return self._sum(self.model.arrays.members(stratum), populations)

    def member_months(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed member-months."""
        return self._sum(self.model.arrays.member_months(stratum), populations)

    def denominator(self, measure: str, populations: Populations) -> FloatArray:
        """Eligible members; workflows do not change them."""
        return self._sum(self.model.arrays.baseline(measure, "denominator"), populations)

    def numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Baseline numerator plus the closed share of the residual gap."""
        base = self._sum(self.model.arrays.baseline(measure, "numerator"), populations)
        gap = self._sum(self.model.gap(measure), populations)
        return base + gap * self.closed[:, :, self.model.measure_position[measure]]

    def prior_rate(self, measure: str, populations: Populations) -> tuple[FloatArray, FloatArray]:
        """Last year's numerator and denominator."""
        names = ("prior_numerator", "prior_denominator")
        top, bottom = (self._sum(self.model.arrays.baseline(measure, name), populations) for name in names)
        return top, bottom

    def carried_numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Members compliant on day one."""
        return self._sum(self.model.arrays.baseline(measure, "carried_numerator"), populations)

    def events(self, service: str, populations: Populations) -> FloatArray:
        """Events in proportion to the reach of the workflows that produce them."""
        columns = self.model.arrays.columns(populations)
        volumes = self.model.events_at_full_reach(service)[:, :, columns].sum(axis=2)
        return np.asarray(np.einsum("siw,wi->si", self.decisions.reach, volumes))

    def allowed_usd(self, code_set: str, populations: Populations) -> FloatArray:
        """Allowed charges, USD a year; workflows do not change them."""
        return self._sum(self.model.arrays.allowed_usd(code_set), populations)

    def benchmark_usd(self, populations: Populations) -> FloatArray:
        """Benchmark expenditure, USD a year."""
        return self._sum(self.model.arrays.spending("benchmark_usd"), populations)

    def expenditure_usd(self, populations: Populations) -> FloatArray:
        """Expected expenditure less what workflows beyond today's save, USD a year."""
        columns = self.model.arrays.columns(populations)
        expected = self.model.arrays.spending("expenditure_usd")[:, columns]
        saved = np.einsum("siw,wp,ip->si", self._extra_reach, self.model.saved_shares[:, columns], expected)
        return np.asarray(expected.sum(axis=1)[None, :] - saved)

    def fact(self, name: str) -> FloatArray:
        """A user-supplied answer."""
        return self.model.arrays.fact(name)[None, :]

    def runs_workflow(self, workflow: str) -> BoolArray:
        """Whether the practice runs the workflow."""
        return np.asarray(self.decisions.delivery[:, :, self.model.workflow_position[workflow]] > 0)

    def joined(self, program: str) -> BoolArray:
        """Whether the practice takes part; programs outside the terms are not joined."""
        place = self._program_position.get(program)
        if place is None:
            return np.zeros((1, self.shape[1]), dtype=np.bool_)
        return self.decisions.joined[:, :, place]
