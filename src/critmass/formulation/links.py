"""The organization's coupling: rows that more than one block takes part in.

Every link reads ``sum of the blocks' contributions >= 0`` (or ``= 0``). There are few of them whatever
the number of practices, except those that tie one practice to one decision of the organization.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from critmass.formulation.block import Affine, BlockBuilder, total
from critmass.settlement.amounts import distribution, passed_share
from critmass.settlement.terms import Clause

if TYPE_CHECKING:
    from critmass.formulation.levels import Shared
    from critmass.formulation.practice import PracticeLevel

PREFIX = "link:"
"""Block expressions with this prefix are contributions to links."""

OF_ONE_PRACTICE = ("condition_copy_link", "passed_through_link", "hub_open_link")
"""Families of links that tie one practice to one decision of the organization."""

HELD_BY_CAPS = "passed_through_link"
"""The family that a search holds by caps on claims, and never by prices."""


@dataclass(frozen=True)
class PooledRequest:
    """Something that the organization's clauses need from every practice, as a link of its own."""

    name: str
    contribution: Callable[[PracticeLevel], Affine]

    def practice_side(self, level: PracticeLevel) -> None:
        """Name the practice's contribution."""
        level.builder.express(PREFIX + self.name, self.contribution(level))


@dataclass
class Asked:
    """What practices ask of the organization while they are formulated: its contributions to links that tie one
    practice, conditions on what it joins, and, by practice and payer, shares of pooled payments."""

    organization_side: dict[str, Affine] = field(default_factory=dict)
    equal: set[str] = field(default_factory=set)
    conditions: dict[tuple[tuple[str, ...], int], str] = field(default_factory=dict)
    claim_shares: dict[int, dict[str, dict[str, float]]] = field(default_factory=dict)

    def update(self, later: Asked) -> None:
        """Adds what later practices ask."""
        self.organization_side |= later.organization_side
        self.equal |= later.equal
        self.conditions |= later.conditions
        self.claim_shares |= later.claim_shares


def condition_name(programs: tuple[str, ...], at_least: int) -> str:
    """Name of a condition on what the organization joins; the same whichever practice asks for it first."""
    digest = hashlib.sha256(repr((programs, at_least)).encode()).hexdigest()[:8]
    more = f"+{len(programs) - 1}" if len(programs) > 1 else ""
    return f"condition[{digest}:{programs[0]}{more}]"


class Links:
    """Link rows as they are asked for, with the organization's own contribution to each."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        self.organization_programs = shared.organization_programs
        self.requests: list[PooledRequest] = []
        self.organization_side: dict[str, Affine] = {}
        self.asked = Asked()
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

    def condition(self, programs: tuple[str, ...], at_least: int) -> str:
        """Name of a condition on what the organization joins, which practices' clauses look at."""
        key = (tuple(sorted(programs)), at_least)
        return self.asked.conditions.setdefault(key, condition_name(*key))

    def copy_condition(self, level: PracticeLevel, name: str) -> Affine:
        """A practice's copy of a condition, tied to the organization's by a link. Family
        `condition_copy_link`."""
        if not level.builder.has(name):
            copy = level.builder.binary(name, decision=True)
            link = f"condition_copy_link[{self._practice(level.index)},{name}]"
            self.asked.equal.add(link)
            self.asked.organization_side[link] = Affine()
            level.builder.express(PREFIX + link, copy)
        return level.builder.get(name)

    def organization_conditions(self, builder: BlockBuilder) -> None:
        """The conditions themselves, once all practices have asked. Families `condition_needs_joins`,
        `condition_follows_joins`."""
        for (programs, at_least), name in self.asked.conditions.items():
            condition = builder.binary(name)
            joined = total([self.joins[program] for program in programs])
            builder.at_most(f"condition_needs_joins[{name}]", condition * at_least, joined)
            most = len(programs) - at_least + 1
            builder.at_most(f"condition_follows_joins[{name}]", joined, condition * most + (at_least - 1))
            for link in self.asked.equal:
                if link.endswith(f",{name}]"):
                    self.asked.organization_side[link] = -condition

    def claims(self, level: PracticeLevel) -> dict[str, Affine]:
        """What the practice may count from pooled payments, by payer. Family `passed_through_link`."""
        parts: dict[str, list[tuple[Affine, tuple[float, float]]]] = {}
        for clause, paid, (low, high) in self.pooled_paid:
            share = self._split(clause)[level.index] * passed_share(clause.component)
            if share > 0:
                shares = self.asked.claim_shares.setdefault(level.index, {}).setdefault(clause.payer, {})
                shares[f"paid[{clause.program.id}.{clause.component.id}]"] = float(share)
                parts.setdefault(clause.payer, []).append((paid * share, (low * share, high * share)))
        claims = {}
        for payer, items in parts.items():
            low, high = (sum(bounds[end] for _, bounds in items) for end in (0, 1))
            claims[payer] = level.builder.variable(f"claim[{payer}]", min(low, 0.0), max(high, 0.0))
            self.asked.organization_side[self._claim_name(level.index, payer)] = total([paid for paid, _ in items])
        return claims

    def _split(self, clause: Clause) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        baseline = self.shared.baseline
        taking_part = baseline.members(clause.populations, "all") > 0
        return np.asarray(distribution(clause, baseline, taking_part)[0])

    def _practice(self, practice: int) -> str:
        return self.shared.model.network.practices[practice]

    def _claim_name(self, practice: int, payer: str) -> str:
        return f"passed_through_link[{self._practice(practice)},{payer}]"

    def practice_links(self, level: PracticeLevel) -> None:
        """Name the practice's contributions to every link that it takes part in."""
        name = self._practice(level.index)
        for payer in sorted({clause.payer for clause, _, _ in self.pooled_paid}):
            if level.builder.has(f"claim[{payer}]"):
                level.builder.express(
                    PREFIX + self._claim_name(level.index, payer), -level.builder.get(f"claim[{payer}]")
                )
        self._hub_links(level, name)
        if self.has_budget:
            level.builder.express(f"{PREFIX}organization_startup_link[cash]", -level.builder.get("startup_help"))

    def _hub_links(self, level: PracticeLevel, name: str) -> None:
        """Families `hub_open_link` and `hub_staff_link`."""
        for workflow, opened in self.hub_open.items():
            if level.builder.has(f"hub[{workflow}]"):
                link = f"hub_open_link[{name},{workflow}]"
                self.asked.organization_side[link] = opened
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
