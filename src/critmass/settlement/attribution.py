"""Which workflows earned a clause's dollars.

A contract that names its workflows is taken at its word. Money for events belongs to the workflows that
produce them, money behind the gate of one workflow to that workflow, and everything else to the workflows
that moved what the clause looks at, by their share of the improvement. Money that no workflow earned
belongs to none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from critmass.domain import vocabulary as v
from critmass.domain.programs import Component
from critmass.domain.walk import words_in
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Clause


class Attribution:
    """Shares of workflows in the dollars of clauses, under the decisions of one scenario."""

    def __init__(self, model: Model, decisions: Decisions) -> None:
        self.model = model
        self.reach: FloatArray = decisions.reach[0]
        self.extra_reach = np.maximum(self.reach - model.reach_in_place, 0.0)

    def shares(self, clause: Clause) -> FloatArray:
        """Shares by practice, shape (practice, workflow and none); every row sums to one."""
        shares = np.zeros((self.reach.shape[0], len(self.model.workflows) + 1))
        open_rows = np.ones(len(shares), dtype=np.bool_)
        for weights in self._weights(clause):
            total = weights.sum(axis=1)
            found = open_rows & (total > 0)
            shares[found, :-1] = weights[found] / total[found, None]
            open_rows &= ~found
        shares[open_rows, -1] = 1.0
        return shares

    def _weights(self, clause: Clause) -> Iterator[FloatArray]:
        """Ways to weigh workflows, each (practice, workflow); at a practice the first that applies counts."""
        component = clause.component
        if component.workflows:
            yield self._stated(component)
            return
        if isinstance(component.quantity, v.Events):
            yield self._events(component.quantity.service, clause)
        gates = gating_workflows(component)
        if len(gates) == 1:
            yield self._only(gates[0])
        if looks_at_savings(component):
            yield self._savings(clause)
        yield self._improvement(component.measures)

    def _stated(self, component: Component) -> FloatArray:
        row = np.zeros(len(self.model.workflows))
        for part in component.workflows:
            row[self.model.workflow_position[part.workflow]] += float(part.share)
        return np.broadcast_to(row, self.reach.shape)

    def _only(self, workflow: str) -> FloatArray:
        weights = np.zeros(self.reach.shape)
        weights[:, self.model.workflow_position[workflow]] = 1.0
        return weights

    def _events(self, service: str, clause: Clause) -> FloatArray:
        columns = self.model.arrays.columns(clause.populations)
        volumes = self.model.events_at_full_reach(service)[:, :, columns].sum(axis=2)
        return np.asarray(self.reach * volumes.T)

    def _savings(self, clause: Clause) -> FloatArray:
        columns = self.model.arrays.columns(clause.populations)
        spend = self.model.arrays.spending("expenditure_usd")[:, columns]
        return np.asarray(np.maximum(self.extra_reach * (spend @ self.model.saved_shares[:, columns].T), 0.0))

    def _improvement(self, measures: tuple[str, ...]) -> FloatArray:
        places = [self.model.measure_position[name] for name in measures]
        return np.asarray(self.extra_reach * self._strengths[:, places].sum(axis=1))

    @cached_property
    def _strengths(self) -> FloatArray:
        return np.maximum(self.model.strengths, 0.0)


def gating_workflows(component: Component) -> tuple[str, ...]:
    """Workflows that the component's gates ask for, each once."""
    words = (word for gate in component.gates for word in words_in(gate))
    return tuple(dict.fromkeys(word.workflow for word in words if isinstance(word, v.WorkflowInPlace)))


def looks_at_savings(component: Component) -> bool:
    """True when savings are paid for, or decide what is paid."""
    return any(isinstance(word, v.Savings | v.SavingsRate) for word in words_in(component))
