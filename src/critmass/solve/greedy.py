"""A spreadsheet user's best: workflows by dollars per effort, one practice at a time, priced by settlement.

The planner starts from it and is never below it.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from critmass.formulation.block import FloatArray
from critmass.formulation.levels import Shared
from critmass.settlement.outcome import Outcome
from critmass.settlement.projection import OWN, Decisions
from critmass.settlement.results import BoolArray
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.nodes import organization_choices
from critmass.solve.pricing import Range


def greedy_plan(judge: Judge, stage: Stage) -> Candidate | None:
    """The greedy plan, or None when locks or budgets rule it out.

    Every practice delivers by itself and starts the bundle (a workflow with what it needs) that adds most
    per dollar of cost, until none adds anything; then drops programs that do not pay, and the organization
    joins the one choice of contracts that pays most.
    """
    shared = judge.model.shared
    if shared.locks:
        return None
    state = _start(judge)
    if not _keeps_what_is_not_voluntary(shared, state.joined[0]):
        return None
    state = _add_workflows(judge, stage, state)
    state = _drop_programs(judge, stage, state)
    return _best(judge, stage, _with_contracts(judge, state))


def _best(judge: Judge, stage: Stage, plans: list[Decisions]) -> Candidate | None:
    """The plan worth most of those that keep cash limits."""
    if not plans:
        return None
    outcome = judge.pricer.price(Decisions.side_by_side(plans))
    worth = {"margin": outcome.margin, "members_at_mass": outcome.members_at_mass, "at_mass": outcome.practices_at_mass}
    values = sum(weight * worth[name] for name, weight in stage.weights.items())
    candidates = (judge.candidate(plans[place]) for place in np.argsort(-np.asarray(values), kind="stable"))
    return next((found for found in candidates if found is not None), None)


def _start(judge: Judge) -> Decisions:
    """Today's workflows; every program that a practice may join, the better paid ones of those that clash."""
    shared, place = judge.model.shared, judge.model.shared.model.reach_in_place
    everything = Decisions(
        delivery=np.full((1, *place.shape), OWN, dtype=np.int8),
        reach=np.ones((1, *place.shape)),
        joined=_admissible(shared)[None],
    )
    paid = judge.pricer.price(everything).settled.paid[:, 0]
    worth = np.zeros(everything.joined.shape[1:])
    for row, clause in enumerate(judge.pricer.terms.clauses):
        worth[:, shared.program_ids.index(clause.program.id)] += paid[row]
    worth[:, [not program.voluntary for program in shared.programs]] = np.inf
    least = np.array([float(workflow.minimum_reach) for workflow in shared.model.workflows])
    running = _with_needs(shared, place > 0)
    reach = np.where(running, np.maximum(place, least), 0.0)
    delivery = np.where(running, OWN, 0).astype(np.int8)
    return Decisions(delivery[None], reach[None], _without_clashes(shared, everything.joined[0], worth)[None])


def _with_needs(shared: Shared, running: BoolArray) -> BoolArray:
    """Workflows that run, with everything they need, shape (practice, workflow)."""
    position, running = shared.model.workflow_position, running.copy()
    for _ in shared.model.workflows:
        for workflow in shared.model.workflows:
            for needed in workflow.requires:
                running[:, position[needed]] |= running[:, position[workflow.id]]
    return running


def _keeps_what_is_not_voluntary(shared: Shared, joined: BoolArray) -> bool:
    """Whether every practice holds the programs that it cannot decline."""
    forced = np.array([not p.voluntary and p.join_level == "practice" for p in shared.programs], dtype=np.bool_)
    return bool((joined | ~(_admissible(shared) & forced)).all())


def _admissible(shared: Shared) -> BoolArray:
    """Programs that each practice may join on its own facts, shape (practice, program)."""
    table = np.zeros((len(shared.model.network.practices), len(shared.programs)), dtype=np.bool_)
    for column, program in enumerate(shared.programs):
        if program.join_level == "practice":
            for row in range(len(table)):
                joins = shared.eligible(program, row) or not program.voluntary
                table[row, column] = joins and shared.reaches(program, row)
    return table


def _without_clashes(shared: Shared, wanted: BoolArray, worth: FloatArray) -> BoolArray:
    """Of programs that exclude each other, the one worth most; none without what it requires."""
    kept, clashing = np.zeros_like(wanted), _clashing(shared)
    for row in range(len(wanted)):
        for column in np.argsort(-worth[row], kind="stable"):
            if wanted[row, column] and not (clashing[column] & kept[row]).any():
                kept[row, column] = True
    for _ in shared.programs:
        for column, program in enumerate(shared.programs):
            if program.requires:
                needed = [shared.program_ids.index(name) for name in program.requires if name in shared.program_ids]
                kept[:, column] &= kept[:, needed].all(axis=1) & (len(needed) == len(program.requires))
    return kept


def _clashing(shared: Shared) -> BoolArray:
    """Which programs no practice may hold together, shape (program, program)."""
    count = len(shared.programs)
    held = np.eye(count, dtype=np.bool_)
    return np.array([[_clashes(shared, one, held[other]) for other in range(count)] for one in range(count)])


def _clashes(shared: Shared, column: int, kept: BoolArray) -> bool:
    program = shared.programs[column]
    for place in np.flatnonzero(kept):
        other = shared.programs[place]
        same_group = program.exclusive_group is not None and program.exclusive_group == other.exclusive_group
        if same_group or other.id in program.excludes or program.id in other.excludes:
            return True
    return False


def _gains(judge: Judge, stage: Stage, outcome: Outcome) -> FloatArray:
    """What each scenario adds to the first one's objective, by scenario after it and practice."""
    values = _values(judge, stage, outcome)
    return np.asarray(values[1:] - values[0])


def _values(judge: Judge, stage: Stage, outcome: Outcome) -> FloatArray:
    """The stage's objective by scenario and practice, on local money."""
    rewards = stage.weights.get("members_at_mass", 0.0) * judge.pricer.members + stage.weights.get("at_mass", 0.0)
    return np.asarray(stage.weights.get("margin", 1.0) * judge.local_margins(outcome) + rewards * outcome.at_mass)


def _add_workflows(judge: Judge, stage: Stage, state: Decisions) -> Decisions:
    bundles = _bundles(judge.model.shared)
    budgets = judge.model.shared.startup_budgets
    for _ in range(len(bundles)):
        tried = _each_bundle(state, bundles)
        outcome = judge.pricer.price(Decisions.side_by_side([state, tried]))
        gain = _gains(judge, stage, outcome)
        effort = np.maximum(outcome.cost[1:] - outcome.cost[0], 1.0)
        affordable = outcome.costs.startup.sum(axis=2)[1:] <= budgets
        score = np.where(affordable & (gain > 1.0), gain / effort, -np.inf)
        best = np.argmax(score, axis=0)
        better = np.isfinite(score[best, np.arange(len(best))])
        if not better.any():
            break
        rows = np.flatnonzero(better)
        delivery, reach = state.delivery.copy(), state.reach.copy()
        delivery[0, rows], reach[0, rows] = tried.delivery[best[rows], rows], tried.reach[best[rows], rows]
        state = Decisions(delivery, reach, state.joined)
    return state


def _bundles(shared: Shared) -> BoolArray:
    """Each workflow that a practice can deliver, with everything it needs, shape (bundle, workflow)."""
    position, workflows = shared.model.workflow_position, shared.model.workflows
    table = np.eye(len(workflows), dtype=np.bool_)
    for _ in workflows:
        for workflow in workflows:
            for needed in workflow.requires:
                table[table[:, position[workflow.id]], position[needed]] = True
    by_hub = np.array([workflow.delivery == "hub" for workflow in workflows], dtype=np.bool_)
    return np.asarray(table[~(table & by_hub).any(axis=1)])


def _each_bundle(state: Decisions, bundles: BoolArray) -> Decisions:
    added = bundles[:, None, :]
    new = added & (state.delivery == 0)
    shape = new.shape
    return Decisions(
        delivery=np.where(new, OWN, np.broadcast_to(state.delivery, shape)).astype(np.int8),
        reach=np.where(added, 1.0, np.broadcast_to(state.reach, shape)),
        joined=np.broadcast_to(state.joined, (shape[0], *state.joined.shape[1:])),
    )


def _drop_programs(judge: Judge, stage: Stage, state: Decisions) -> Decisions:
    """Leave the programs that cost more than they pay, with those that need them; never one that must be held."""
    shared = judge.model.shared
    voluntary = np.array([program.voluntary for program in shared.programs], dtype=np.bool_)
    gone = np.eye(len(shared.programs), dtype=np.bool_)
    for column, program in enumerate(shared.programs):
        for needed in program.requires:
            if needed in shared.program_ids:
                gone[shared.program_ids.index(needed), column] = True
    count = len(shared.programs)
    tried = Decisions(
        delivery=np.broadcast_to(state.delivery, (count, *state.delivery.shape[1:])),
        reach=np.broadcast_to(state.reach, (count, *state.reach.shape[1:])),
        joined=state.joined & ~gone[:, None, :],
    )
    gain = _gains(judge, stage, judge.pricer.price(Decisions.side_by_side([state, tried])))
    leaves = np.all(voluntary | ~gone, axis=1)
    dropped = (gain > 1.0) & leaves[:, None]
    return Decisions(state.delivery, state.reach, state.joined & ~np.einsum("pi,pq->iq", dropped, gone)[None])


def _with_contracts(judge: Judge, state: Decisions) -> list[Decisions]:
    """The same practices under every choice of the organization's exclusive contracts, others joined."""
    shared, found = judge.model.shared, []
    whole = [column for column, program in enumerate(shared.programs) if program.join_level == "organization"]
    practices = range(state.joined.shape[1])
    reached = {column: [shared.reaches(shared.programs[column], row) for row in practices] for column in whole}
    joinable = {at: shared.eligible(shared.programs[at], None) or not shared.programs[at].voluntary for at in reached}
    forced = [p.join_level == "organization" and not p.voluntary for p in shared.programs]
    clashing = _clashing(shared)
    for choice in organization_choices(judge.model):
        joined = state.joined.copy()
        for column in reached:
            held = choice.get(f"join[{shared.program_ids[column]}]", (1.0, 1.0))[0] > 0
            joined[0, :, column] = np.array(reached[column]) & (held and joinable[column])
        if _holds(shared, choice, forced) and not _breaks_rules(shared, joined[0], clashing):
            found.append(Decisions(state.delivery, state.reach, joined))
    return found


def _holds(shared: Shared, choice: Mapping[str, Range], forced: list[bool]) -> bool:
    names = [program.id for program, must in zip(shared.programs, forced, strict=True) if must]
    return all(choice.get(f"join[{name}]", (1.0, 1.0))[0] > 0 for name in names)


def _breaks_rules(shared: Shared, joined: BoolArray, clashing: BoolArray) -> bool:
    """Whether any practice would hold two programs that exclude each other, or lack what one requires."""
    apart = clashing & ~np.eye(len(clashing), dtype=np.bool_)
    if (joined & (joined @ apart)).any():
        return True
    for column, program in enumerate(shared.programs):
        for name in program.requires:
            has = joined[:, shared.program_ids.index(name)] if name in shared.program_ids else False
            if (joined[:, column] & ~np.asarray(has)).any():
                return True
    return False
