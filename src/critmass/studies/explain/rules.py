"""Whether decisions keep every rule of a question: eligibility, exclusions, prerequisites, locks, reach and cash."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Lock, Scenario
from critmass.formulation.levels import Shared
from critmass.settlement.outcome import Pricer, broken_rules, reached_practices
from critmass.settlement.projection import HUB, OWN, Decisions, Model
from critmass.settlement.results import BoolArray
from critmass.settlement.terms import terms_in_force

_ROUNDING = 1e-6


class Rules:
    """The rules of one question. What they allow, the planner's model allows too."""

    def __init__(self, network: Network, catalog: Catalog, scenario: Scenario) -> None:
        self.model = Model(network, catalog, scenario)
        self.terms = terms_in_force(catalog, network, scenario)
        self.shared = Shared(self.model, self.terms)
        self.pricer = Pricer(self.model, self.terms)
        self._reached = reached_practices(self.model, self.terms)[0]
        self._place = {name: place for place, name in enumerate(self.shared.program_ids)}

    def keeps(self, decisions: Decisions) -> bool:
        """Whether decisions of a single scenario keep every rule."""
        joined = decisions.joined[0] & self._reached
        practices = range(len(joined))
        return (
            self._organization(joined)
            and all(self._programs(place, joined[place]) for place in practices)
            and all(self._workflows(place, decisions) for place in practices)
            and self._affordable(decisions)
        )

    def aligned(self, decisions: Decisions, program_ids: tuple[str, ...]) -> Decisions:
        """Decisions about other programs as decisions about these; programs that those do not know are not joined."""
        if program_ids == self.shared.program_ids:
            return decisions
        joined = np.zeros((*decisions.joined.shape[:2], len(self.shared.programs)), dtype=np.bool_)
        for column, name in enumerate(self.shared.program_ids):
            if name in program_ids:
                joined[:, :, column] = decisions.joined[:, :, program_ids.index(name)]
        return replace(decisions, joined=joined)

    def may_join(self, program: Program, decisions: Decisions) -> BoolArray:
        """Practices that can join one more program beside all they do, by every rule on programs, shape (practice,).

        A program that the organization joins as a whole can be joined by all of its practices or by none.
        """
        column = self.shared.program_ids.index(program.id)
        before = decisions.joined[0] & self._reached
        new = self._reached[:, column] & ~before[:, column]
        joined = before.copy()
        joined[:, column] |= new
        kept = np.array([self._programs(place, joined[place]) for place in range(len(joined))], dtype=np.bool_)
        if program.join_level == "practice":
            return np.asarray(new & kept)
        return np.asarray(new & bool(self._organization(joined) and kept.all()))

    # Programs ---------------------------------------------------------------------------------------

    def _organization(self, joined: BoolArray) -> bool:
        """Programs that the organization joins as a whole: all of their practices or none, by the rules."""
        held: list[Program] = []
        for column, program in enumerate(self.shared.programs):
            if program.join_level != "organization":
                continue
            mine = joined[self._reached[:, column], column]
            if (mine.any() and not mine.all()) or not self._allowed(program, bool(mine.any()), None, self.shared.locks):
                return False
            held += [program] if mine.any() else []
        names = {program.id for program in held}
        return not _clash(held) and all(set(program.requires) <= names for program in held)

    def _programs(self, place: int, joined: BoolArray) -> bool:
        locks = self._locks(place)
        for column in np.flatnonzero(self._reached[place]):
            program = self.shared.programs[column]
            decides = program.join_level == "practice"
            if decides and not self._allowed(program, bool(joined[column]), place, locks):
                return False
        held = [self.shared.programs[column] for column in np.flatnonzero(joined)]
        names = {program.id for program in held}
        own = [program for program in held if program.join_level == "practice"]
        return not _clash(held) and all(set(program.requires) <= names for program in own)

    def _allowed(self, program: Program, joined: bool, place: int | None, locks: tuple[Lock, ...]) -> bool:
        """Whether one decision fits the program's own facts and the locks on it."""
        mine = [lock for lock in locks if lock.program == program.id]
        if any((lock.decision == "joined") != joined for lock in mine):
            return False
        return joined if not program.voluntary else not joined or self.shared.eligible(program, place)

    def _locks(self, place: int) -> tuple[Lock, ...]:
        name = self.model.network.practices[place]
        return tuple(lock for lock in self.shared.locks if lock.practice in (None, name))

    # Workflows and cash -----------------------------------------------------------------------------

    def _workflows(self, place: int, decisions: Decisions) -> bool:
        delivery, reach = decisions.delivery[0, place], decisions.reach[0, place]
        position = self.model.workflow_position
        for column, workflow in enumerate(self.model.workflows):
            runs = delivery[column] > 0
            if not self._delivered(place, column, int(delivery[column]), float(reach[column])):
                return False
            if runs and any(not delivery[position[needed]] for needed in workflow.requires):
                return False
        return all(
            (delivery[position[lock.workflow]] > 0) == (lock.decision == "in_place")
            for lock in self._locks(place)
            if lock.workflow is not None
        )

    def _delivered(self, place: int, column: int, how: int, reach: float) -> bool:
        """Whether a workflow may be delivered so, to so many."""
        workflow, today = self.model.workflows[column], float(self.model.reach_in_place[place, column])
        hub = self.model.scenario.hub
        if how == 0:
            return today <= 0 and reach == 0.0
        if how == OWN and not (workflow.delivery != "hub" or today > 0 or not hub):
            return False
        if how == HUB and not (workflow.delivery != "practice" and hub):
            return False
        return max(float(workflow.minimum_reach), today) - _ROUNDING <= reach <= 1.0 + _ROUNDING

    def _affordable(self, decisions: Decisions) -> bool:
        costs = self.pricer.price(decisions).costs
        return not broken_rules(self.model, self.terms, costs, self.shared.organization_budget)


def _clash(held: list[Program]) -> bool:
    """Whether two of some programs cannot be held together."""
    for at, one in enumerate(held):
        for other in held[at + 1 :]:
            level = one.join_level == other.join_level
            group = level and one.exclusive_group is not None and one.exclusive_group == other.exclusive_group
            if group or other.id in one.excludes or one.id in other.excludes:
                return True
    return False
