"""The organization's coupling: rows that more than one block takes part in.

Every link reads ``sum of the blocks' contributions >= 0`` (or ``= 0``). There are few of them whatever
the number of practices, except those that tie one practice to one decision of the organization.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from critmass.formulation.block import Affine, total
from critmass.settlement.amounts import distribution
from critmass.settlement.terms import Clause

if TYPE_CHECKING:
    from critmass.formulation.levels import Shared
    from critmass.formulation.practice import PracticeLevel

PREFIX = "link:"
"""Block expressions with this prefix are contributions to links."""


@dataclass(frozen=True)
class PooledRequest:
    """Something that the organization's clauses need from every practice, as a link of its own."""

    name: str
    contribution: Callable[[PracticeLevel], Affine]

    def practice_side(self, level: PracticeLevel) -> None:
        """Name the practice's contribution."""
        level.builder.express(PREFIX + self.name, self.contribution(level))


class Links:
    """Link rows as they are asked for, with the organization's own contribution to each."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.organization_programs = frozenset(
            program.id for program in shared.programs if program.join_level == "organization"
        )
        self.requests: list[PooledRequest] = []
        self.organization_side: dict[str, Affine] = {}
        self.equal: set[str] = set()
        self.joins: dict[str, Affine] = {}
        self.pooled_paid: list[tuple[Clause, Affine, tuple[float, float]]] = []
        self.hub_open: dict[str, Affine] = {}
        self.hub_roles: list[str] = []
        self.has_budget = bool(np.isfinite(shared.organization_budget))

    def ask(self, name: str, variable: Affine, contribution: Callable[[PracticeLevel], Affine]) -> None:
        """Link: the practices' contributions together cover an organization variable. Families
        `pooled_gap_link`, `pooled_savings_link`, `pooled_events_link`, `all_run_link`."""
        self.requests.append(PooledRequest(name, contribution))
        self.organization_side[name] = -variable

    def copy_program(self, practice: int, program: str, copy: Affine) -> None:
        """Link: a practice's copy of an organization decision equals it. Family `program_copy_link`."""
        name = f"program_copy_link[{self._practice(practice)},{program}]"
        self.organization_side[name] = -self.joins[program]
        self.equal.add(name)

    def claims(self, level: PracticeLevel) -> dict[str, Affine]:
        """What the practice may count from pooled payments, by payer. Family `passed_through_link`."""
        parts: dict[str, list[tuple[Affine, tuple[float, float]]]] = {}
        for clause, paid, (low, high) in self.pooled_paid:
            share = self._split(clause)[level.index] * self._passed(clause)
            if share > 0:
                parts.setdefault(clause.payer, []).append((paid * share, (low * share, high * share)))
        claims = {}
        for payer, items in parts.items():
            low, high = (sum(bounds[end] for _, bounds in items) for end in (0, 1))
            claims[payer] = level.builder.variable(f"claim[{payer}]", min(low, 0.0), max(high, 0.0))
            self.organization_side[self._claim_name(level.index, payer)] = total([paid for paid, _ in items])
        return claims

    def _split(self, clause: Clause) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        baseline = self.shared.baseline
        taking_part = baseline.members(clause.populations, "all") > 0
        return np.asarray(distribution(clause, baseline, taking_part)[0])

    @staticmethod
    def _passed(clause: Clause) -> float:
        return 1.0 if clause.component.pass_through is None else float(clause.component.pass_through)

    def _practice(self, practice: int) -> str:
        return self.shared.model.network.practices[practice]

    def _claim_name(self, practice: int, payer: str) -> str:
        return f"passed_through_link[{self._practice(practice)},{payer}]"

    def practice_links(self, level: PracticeLevel) -> None:
        """Name the practice's contributions to every link that it takes part in."""
        name = self._practice(level.index)
        for program in self.organization_programs:
            if level.builder.has(f"join[{program}]"):
                level.builder.express(f"{PREFIX}program_copy_link[{name},{program}]", level.builder.get(f"join[{program}]"))
        for payer in {clause.payer for clause, _, _ in self.pooled_paid}:
            if level.builder.has(f"claim[{payer}]"):
                level.builder.express(PREFIX + self._claim_name(level.index, payer), -level.builder.get(f"claim[{payer}]"))
        self._hub_links(level, name)
        if self.has_budget:
            level.builder.express(f"{PREFIX}organization_startup_link[cash]", -level.builder.get("startup_help"))

    def _hub_links(self, level: PracticeLevel, name: str) -> None:
        """Families `hub_open_link` and `hub_staff_link`."""
        for workflow, opened in self.hub_open.items():
            if level.builder.has(f"hub[{workflow}]"):
                link = f"hub_open_link[{name},{workflow}]"
                self.organization_side[link] = opened
                level.builder.express(PREFIX + link, -level.builder.get(f"hub[{workflow}]"))
        model, rates = self.shared.model, self.shared.rates
        roles = list(model.catalog.roles)
        for role in self.hub_roles:
            minutes = rates.minutes[level.index, :, roles.index(role)]
            used = [
                level.builder.get(f"reach_hub[{workflow.id}]") * -float(minutes[place])
                for place, workflow in enumerate(model.workflows)
                if minutes[place] and level.builder.has(f"reach_hub[{workflow.id}]")
            ]
            step_minutes = rates.minutes_per_fte[roles.index(role)]
            level.builder.express(f"{PREFIX}hub_staff_link[{role}]", total(used) * (1.0 / float(step_minutes)))
