"""Changed questions: the plan without something, or with something that it left aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Lock, Scenario
from critmass.formulation.levels import Shared
from critmass.network.fill import network_hash
from critmass.settlement.projection import Decisions, Model
from critmass.settlement.results import BoolArray
from critmass.studies.explain.nearby import switched, with_program, without_programs
from critmass.studies.plan import Plan


@dataclass(frozen=True)
class Question:
    """A changed scenario and network. `name` says in a few words what is asked.

    `restricts` is true while the change only forbids: then no answer can be better than the best plan. `notes` say
    what was lifted to ask it. `hints` are the plan's decisions with the change made and nothing else; they may break
    other rules.
    """

    name: str
    scenario: Scenario
    network: Network
    restricts: bool = True
    notes: tuple[str, ...] = ()
    hints: tuple[Decisions, ...] = ()


@dataclass(frozen=True)
class NotAsked:
    """Why a question makes no sense, in words that follow the name of what it is about."""

    reason: str


class Asker:
    """Changes the question that a plan answers."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.shared = Shared(Model(plan.network, plan.catalog, plan.scenario), plan.terms)
        self.decisions = plan.outcome.decisions
        self._everywhere = range(len(plan.network.practices))

    # Programs ---------------------------------------------------------------------------------------

    def program(self, program_id: str) -> Program | None:
        """A program in force here, or None."""
        return next((item for item in self.shared.programs if item.id == program_id), None)

    def available(self, program: Program) -> list[int]:
        """Places of the practices that the program reaches and whose facts allow joining."""
        whole = program.join_level == "organization"
        return [
            place
            for place in range(len(self.plan.network.practices))
            if self.shared.reaches(program, place) and self.shared.eligible(program, None if whole else place)
        ]

    def without_programs(self, programs: Sequence[Program], name: str) -> Question | NotAsked:
        """The plan with these programs declined everywhere. Signed contracts and locks on them are lifted."""
        chosen = [program for program in programs if program.voluntary]
        if not chosen:
            return NotAsked("cannot be declined: it is not voluntary")
        forced = [program.id for program in programs if not program.voluntary]
        question = self._lifted(name, {program.id for program in chosen}, "joined", None)
        locks = [Lock(program=program.id, decision="declined") for program in chosen]
        notes = [f"{name} is not voluntary and stays" for name in forced]
        hint = without_programs(self.decisions, {program.id for program in chosen}, self._everywhere, self.shared)
        return _with_locks(question, locks, hint, notes)

    def with_program(self, program: Program, places: Sequence[int], name: str) -> Question:
        """The plan with the program joined by these practices, or by the organization where it decides."""
        practices: list[str | None] = [self.plan.network.practices[place] for place in places]
        if program.join_level == "organization":
            practices = [None]
        question = self._lifted(name, {program.id}, "declined", practices)
        hint = with_program(self.decisions, program, places, self.shared)
        locks = [Lock(practice=at, program=program.id, decision="joined") for at in practices]
        return _with_locks(question, locks, hint)

    def without_program_at(self, program: Program, practice: str | None, name: str) -> Question:
        """The plan with the program declined at one practice, or by the organization where it decides (None)."""
        question = self._lifted(name, {program.id}, "joined", [practice])
        rows = self._everywhere if practice is None else [self.plan.network.practices.index(practice)]
        hint = without_programs(self.decisions, {program.id}, rows, self.shared)
        return _with_locks(question, [Lock(practice=practice, program=program.id, decision="declined")], hint)

    def offered(self, program: Program) -> Question:
        """The plan's question without what keeps the program out by name; nothing else is asked."""
        return self._lifted(f"{program.id} on offer", {program.id}, "declined", None)

    # Workflows --------------------------------------------------------------------------------------

    def startable(self, workflow: str) -> list[int]:
        """Places of the practices in which the workflow does not run today."""
        column = self.shared.model.workflow_position[workflow]
        return [place for place, reach in enumerate(self.shared.model.reach_in_place[:, column]) if reach <= 0]

    def without_workflow(self, workflow: str, name: str, places: Sequence[int] | None = None) -> Question | NotAsked:
        """The plan with the workflow left out in the given practices, or wherever it does not run today."""
        free = self.startable(workflow)
        chosen = [place for place in free if places is None or place in places]
        if not chosen:
            return NotAsked("already runs today and cannot be left out")
        everywhere = len(chosen) == len(self.plan.network.practices)
        practices: list[str | None] = [None] if everywhere else [self.plan.network.practices[at] for at in chosen]
        question = self._lifted(name, {workflow}, "in_place", practices)
        running = len(self.plan.network.practices) - len(free)
        notes = [f"it already runs today in {running:,} of the practices, where it stays"] if running else []
        locks = [Lock(practice=at, workflow=workflow, decision="left_out") for at in practices]
        hint = switched(self.decisions, chosen, workflow, self.shared, on=False)
        return _with_locks(question, locks, hint, notes if places is None else [])

    def without_workflows(self, workflows: Sequence[str], name: str) -> Question | NotAsked:
        """The plan with several workflows left out wherever they do not run today."""
        asked = [self.without_workflow(workflow, name) for workflow in workflows]
        questions = [item for item in asked if isinstance(item, Question)]
        if not questions:
            return NotAsked("already run today and cannot be left out")
        base = self._lifted(name, set(workflows), "in_place", None)
        locks = [lock for item in questions for lock in item.scenario.locks if lock.decision == "left_out"]
        hint = self.decisions
        for workflow in workflows:
            hint = switched(hint, self.startable(workflow), workflow, self.shared, on=False)
        return _with_locks(base, [lock for lock in locks if lock not in base.scenario.locks], hint)

    def with_workflow(self, workflow: str, practices: Sequence[str], name: str) -> Question:
        """The plan with one workflow in place at some practices; locks that leave it out there are lifted."""
        question = self._lifted(name, {workflow}, "left_out", practices)
        rows = [self.plan.network.practices.index(practice) for practice in practices]
        hint = switched(self.decisions, rows, workflow, self.shared, on=True)
        locks = [Lock(practice=at, workflow=workflow, decision="in_place") for at in practices]
        return _with_locks(question, locks, hint)

    def with_workflows(self, workflows: Iterable[str], practice: str, name: str) -> Question:
        """The plan with workflows in place at one practice; locks that leave them out there are lifted."""
        chosen = list(workflows)
        question = self._lifted(name, set(chosen), "left_out", [practice])
        hint, rows = self.decisions, [self.plan.network.practices.index(practice)]
        for item in chosen:
            hint = switched(hint, rows, item, self.shared, on=True)
        locks = [Lock(practice=practice, workflow=item, decision="in_place") for item in chosen]
        return _with_locks(question, locks, hint)

    # What stands in the way -------------------------------------------------------------------------

    def _lifted(self, name: str, ids: set[str], decision: str, practices: Sequence[str | None] | None) -> Question:
        """The question without locks and contracts that say the opposite, at the given practices or anywhere."""
        scenario, network = self.plan.scenario, self.plan.network
        against = [
            lock
            for lock in scenario.locks
            if (lock.program or lock.workflow) in ids and lock.decision == decision and _meets(lock.practice, practices)
        ]
        notes = ["a lock of the scenario is lifted for this question"] if against else []
        signed = network.table("Contracts")
        rows = signed["program"].isin(ids) & (signed["status"] == decision)
        rows &= signed["practice"].map(lambda at: _meets(None if at == ORGANIZATION else at, practices)).astype(bool)
        if rows.any():
            notes.append("a row of the Contracts sheet is lifted for this question")
            network = without_contracts(network, rows.to_numpy(dtype=np.bool_))
        kept = tuple(lock for lock in scenario.locks if lock not in against)
        return Question(
            name, scenario.model_copy(update={"locks": kept}), network, restricts=not notes, notes=tuple(notes)
        )


def without_contracts(network: Network, rows: BoolArray) -> Network:
    """The network without some rows of its Contracts sheet."""
    table = network.table("Contracts")
    tables = {**network.tables, "Contracts": table[~rows].reset_index(drop=True)}
    return replace(network, tables=tables, hash=network_hash(tables))


def _meets(practice: str | None, practices: Sequence[str | None] | None) -> bool:
    """Whether a lock of one practice, or of all, speaks to some of the given ones."""
    return practices is None or practice is None or None in practices or practice in practices


def _with_locks(question: Question, locks: Sequence[Lock], hint: Decisions, notes: Sequence[str] = ()) -> Question:
    scenario = question.scenario.model_copy(update={"locks": (*question.scenario.locks, *locks)})
    return replace(question, scenario=scenario, notes=(*question.notes, *notes), hints=(hint,))
