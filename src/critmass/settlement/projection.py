"""From decisions to expected results: which workflows run at which reach, and what that does.

The response of a measure is a share of its residual gap: each workflow alone closes `closed_share` of it
at full reach, and workflows side by side compound on what is left, so that a reminder worth much alone
is worth less beside others. With s = sum over workflows of -ln(1 - closed_share) * (reach - reach in
place), the closed share is the chord approximation, on fixed corners, of 1 - exp(-s), cut at the
measure's ceiling. Source of the compounding rule: the incremental effects that the Community Preventive
Services Task Force reports beside the stand-alone ones.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from critmass.domain.care import Effect, SavingsEffect
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.domain.vocabulary import Stratum
from critmass.settlement.arrays import NetworkArrays
from critmass.settlement.results import BoolArray, FloatArray, IntArray, Populations
from critmass.settlement.rooms import Rooms

RESPONSE_CORNERS = (0.0, 0.1, 0.25, 0.5, 0.8, 1.2, 2.0, 4.0)
"""Where the chords of 1 - exp(-s) meet."""

_Cell = TypeVar("_Cell", bound=np.generic)

OWN, HUB = 1, 2
"""Codes of `Decisions.delivery`: by the practice itself, by the organization's hub; 0 is not at all."""


def _chords() -> list[tuple[float, float, float]]:
    """Where each chord begins, its slope and its height at 0; beyond the last corner the response is flat."""
    corners = np.array(RESPONSE_CORNERS)
    heights = 1.0 - np.exp(-corners)
    slopes = np.append(np.diff(heights) / np.diff(corners), 0.0)
    return list(zip(corners.tolist(), slopes.tolist(), (heights - slopes * corners).tolist(), strict=True))


RESPONSE_CHORDS = _chords()
"""Where each chord of the response begins, its slope, and its height at strength 0; the last one is flat."""


def response(strength: FloatArray, room: FloatArray | None = None) -> FloatArray:
    """Closed share of the residual gap for a total strength s >= 0, before the ceiling; in `room` where given.

    The response is concave, so it is the least of its chords; this takes a quarter of the time of a search
    for the corner, and chords that begin above the largest strength are left out.
    """
    (_, slope, _), *others = RESPONSE_CHORDS
    closed = np.multiply(strength, slope, out=room)
    chord, largest = np.empty_like(closed), strength.max(initial=0.0)
    for begins, slope, height in others:
        if begins < largest:
            np.multiply(strength, slope, out=chord)
            np.add(chord, height, out=chord)
            np.minimum(closed, chord, out=closed)
    return closed


def response_at(strength: float) -> float:
    """The response of one strength s >= 0: the same as `response`, without arrays."""
    return min(slope * strength + height for _, slope, height in RESPONSE_CHORDS)


def strength_for(closed: float) -> float:
    """The least strength whose response is a closed share, before the ceiling; the last corner beyond the largest."""
    return min(max((closed - height) / slope for _, slope, height in RESPONSE_CHORDS[:-1]), RESPONSE_CORNERS[-1])


def weighted_sum(parts: FloatArray, weights: FloatArray) -> FloatArray | None:
    """Sum over the first axis of (workflow, scenario, practice) times weights, shape (scenario, practice).

    Weights have shape (workflow,) or (workflow, practice). Workflows without weight are skipped, for a
    measure or a service is touched by few; None when there is none.
    """
    chosen = np.flatnonzero(weights.reshape(len(weights), -1).any(axis=1)).tolist()
    if not chosen:
        return None
    total = np.asarray(parts[chosen[0]] * weights[chosen[0]])
    part = np.empty_like(total)
    for place in chosen[1:]:
        np.multiply(parts[place], weights[place], out=part)
        np.add(total, part, out=total)
    return total


def by_last_axis(table: NDArray[_Cell]) -> NDArray[_Cell]:
    """A table of (scenario, practice, thing) as (thing, scenario, practice), so that one thing is read in one go.

    In memory the scenarios of a practice lie side by side, and so they do in all that is worked out from it:
    a number of the practice then meets a thousand scenarios in one loop, not sixty practices in a thousand.
    """
    return np.ascontiguousarray(table.T).transpose(0, 2, 1)


def once_if_same(flags: BoolArray) -> BoolArray:
    """Flags of shape (scenario, practice), with one scenario only when all scenarios say the same."""
    return flags[:1] if (flags == flags[:1]).all() else flags


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

    @staticmethod
    def side_by_side(parts: Sequence[Decisions]) -> Decisions:
        """The scenarios of several decisions of the same practices, one after the other."""
        return Decisions(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Decisions)))


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
        self._kept: dict[Hashable, Any] = {}

    def kept(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Something that does not depend on decisions, made once for the life of the model."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def summed(self, name: Hashable, table: Callable[[], FloatArray], populations: Populations) -> FloatArray:
        """A table of (practice, population) summed over populations, shape (1, practice), read-only."""

        def make() -> FloatArray:
            found = table()[:, self.arrays.columns(populations)].sum(axis=1)[None, :]
            found.setflags(write=False)
            return np.asarray(found)

        return np.asarray(self.kept((name, populations), make))

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

    def eligible_by_population(self) -> FloatArray:
        """Patients a workflow serves at full reach, shape (practice, workflow, population)."""
        table = np.zeros((len(self.network.practices), len(self.workflows), len(self.network.populations)))
        for place, workflow in enumerate(self.workflows):
            for part in workflow.eligible:
                table[:, place] += float(part.share) * self.arrays.members(part.stratum)
        return table

    def eligible_patients(self) -> FloatArray:
        """Patients a workflow serves at full reach, shape (practice, workflow)."""
        columns = [
            sum(float(part.share) * self.arrays.members(part.stratum).sum(axis=1) for part in workflow.eligible)
            for workflow in self.workflows
        ]
        return np.stack(columns, axis=1) if columns else np.zeros((len(self.network.practices), 0))


class ProjectedResults:
    """Expected results of decisions; implements `critmass.settlement.results.Results`.

    Answers that no decision changes have one scenario, the others all of them. What several clauses ask for
    is worked out once.
    """

    def __init__(self, model: Model, programs: tuple[str, ...], decisions: Decisions) -> None:
        self.model, self.decisions = model, decisions
        self._program_position = {program: place for place, program in enumerate(programs)}
        self._found: dict[Hashable, Any] = {}
        self._rooms = Rooms(self.shape)

    def _once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self._found:
            self._found[key] = make()
        return self._found[key]

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

    @property
    def organizations(self) -> IntArray:
        """All practices are one organization's."""
        return np.zeros(self.shape[1], dtype=np.int64)

    @cached_property
    def _reach(self) -> FloatArray:
        """Reach, shape (workflow, scenario, practice)."""
        return by_last_axis(self.decisions.reach)

    @cached_property
    def _extra_reach(self) -> FloatArray:
        """Reach beyond today's, shape (workflow, scenario, practice)."""
        extra = self._reach - self.model.reach_in_place.T[:, None, :]
        return np.asarray(np.maximum(extra, 0.0, out=extra))

    def closed(self, measure: str) -> FloatArray:
        """Closed share of a measure's residual gap, shape (scenario or 1, practice)."""
        return np.asarray(self._once(("closed", measure), lambda: self._closed(measure)))

    def _closed(self, measure: str) -> FloatArray:
        place = self.model.measure_position[measure]
        strength = weighted_sum(self._extra_reach, self.model.strengths[:, place])
        if strength is None:
            return np.zeros((1, self.shape[1]))
        share, ceiling = response(strength, self._rooms.one()), self.model.ceilings[place]
        return share if share.max(initial=0.0) <= ceiling else np.asarray(np.minimum(share, ceiling, out=share))

    def _baseline(self, measure: str, column: str, populations: Populations) -> FloatArray:
        """A count of the Baseline sheet, shape (1, practice)."""

        def table() -> FloatArray:
            return self.model.arrays.baseline(measure, column)

        return self.model.summed(("baseline", measure, column), table, populations)

    def members(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed members."""
        return self.model.summed(("members", stratum), lambda: self.model.arrays.members(stratum), populations)

    def member_months(self, populations: Populations, stratum: Stratum) -> FloatArray:
        """Attributed member-months."""
        return self.model.summed(("months", stratum), lambda: self.model.arrays.member_months(stratum), populations)

    def denominator(self, measure: str, populations: Populations) -> FloatArray:
        """Eligible members; workflows do not change them."""
        return self._baseline(measure, "denominator", populations)

    def numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Baseline numerator plus the closed share of the residual gap."""
        key = ("numerator", measure, populations)
        return np.asarray(self._once(key, lambda: self._numerator(measure, populations)))

    def _numerator(self, measure: str, populations: Populations) -> FloatArray:
        gap = self.model.summed(("gap", measure), lambda: self.model.gap(measure), populations)
        base, closed = self._baseline(measure, "numerator", populations), self.closed(measure)
        if len(closed) != self.shape[0]:
            return base + gap * closed
        met = np.multiply(gap, closed, out=self._rooms.one())
        return np.add(met, base, out=met)

    def prior_rate(self, measure: str, populations: Populations) -> tuple[FloatArray, FloatArray]:
        """Last year's numerator and denominator."""
        top, bottom = (self._baseline(measure, f"prior_{name}", populations) for name in ("numerator", "denominator"))
        return top, bottom

    def carried_numerator(self, measure: str, populations: Populations) -> FloatArray:
        """Members compliant on day one."""
        return self._baseline(measure, "carried_numerator", populations)

    def events(self, service: str, populations: Populations) -> FloatArray:
        """Events in proportion to the reach of the workflows that produce them."""
        return np.asarray(self._once(("events", service, populations), lambda: self._events(service, populations)))

    def _events(self, service: str, populations: Populations) -> FloatArray:
        columns = self.model.arrays.columns(populations)
        volumes = self.model.kept(
            ("events", service, populations),
            lambda: self.model.events_at_full_reach(service)[:, :, columns].sum(axis=2),
        )
        events = weighted_sum(self._reach, volumes)
        return np.zeros((1, self.shape[1])) if events is None else events

    def allowed_usd(self, code_set: str, populations: Populations) -> FloatArray:
        """Allowed charges, USD a year; workflows do not change them."""
        return self.model.summed(("allowed", code_set), lambda: self.model.arrays.allowed_usd(code_set), populations)

    def _spending(self, column: str, populations: Populations) -> FloatArray:
        return self.model.summed(column, lambda: self.model.arrays.spending(column), populations)

    def benchmark_usd(self, populations: Populations) -> FloatArray:
        """Benchmark expenditure, USD a year."""
        return self._spending("benchmark_usd", populations)

    def expenditure_usd(self, populations: Populations) -> FloatArray:
        """Expected expenditure less what workflows beyond today's save, USD a year."""
        return np.asarray(self._once(("expenditure", populations), lambda: self._expenditure_usd(populations)))

    def _expenditure_usd(self, populations: Populations) -> FloatArray:
        columns = self.model.arrays.columns(populations)
        expected = self.model.arrays.spending("expenditure_usd")[:, columns]
        saved = weighted_sum(self._extra_reach, self.model.saved_shares[:, columns] @ expected.T)
        spent = self._spending("expenditure_usd", populations)
        return spent if saved is None else np.subtract(spent, saved, out=saved)

    def fact(self, name: str) -> FloatArray:
        """A user-supplied answer."""
        return self.model.arrays.fact(name)[None, :]

    def runs_workflow(self, workflow: str) -> BoolArray:
        """Whether the practice runs the workflow."""
        place = self.model.workflow_position[workflow]
        return np.asarray(self._once(("runs", workflow), lambda: once_if_same(self._delivery[place] > 0)))

    @cached_property
    def _delivery(self) -> NDArray[np.int8]:
        """Who delivers, shape (workflow, scenario, practice)."""
        return by_last_axis(self.decisions.delivery)

    def joined(self, program: str) -> BoolArray:
        """Whether the practice takes part; programs outside the terms are not joined."""
        return np.asarray(self._once(("joined", program), lambda: self._joined(program)))

    def _joined(self, program: str) -> BoolArray:
        place = self._program_position.get(program)
        if place is None:
            return np.zeros((1, self.shape[1]), dtype=np.bool_)
        return once_if_same(self._joins[place])

    @cached_property
    def _joins(self) -> BoolArray:
        """Who takes part, shape (program, scenario, practice)."""
        return by_last_axis(self.decisions.joined)
