"""The main job: which programs to join and which workflows to run so that practices reach critical mass."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InfeasibleError, NoPlanInTimeError
from critmass.domain.network import Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import OWN, Decisions, Model
from critmass.settlement.results import BoolArray
from critmass.settlement.terms import Terms, terms_in_force
from critmass.solve.audit import Difference, audit
from critmass.solve.candidates import Candidate, Judge
from critmass.solve.columns import Stage
from critmass.solve.executor import solve_pool
from critmass.solve.formulating import ALONE, formulate_many
from critmass.solve.greedy import greedy_plan
from critmass.solve.interrupt import StoppableExecutor, ended_when_overdue, stopped_by_ctrl_c
from critmass.solve.kept import Counts
from critmass.solve.nodes import StageResult
from critmass.solve.progress import Clock, Reporter, at_first, silent
from critmass.solve.sampling import MANY, TIED
from critmass.solve.warm import WarmSampledSearch, WarmSearch, WarmTiedSearch
from critmass.solve.whole import FEW, TINY, search_then_whole, solve_whole
from critmass.studies.locks import lock_conflicts
from critmass.studies.replan import Memory

Status = Literal["optimal", "feasible"]


@dataclass(frozen=True)
class Level:
    """One level of the objective: what it maximises, what the plan reaches, what is proved, and the gap."""

    name: str
    value: float
    bound: float
    gap: float


@dataclass(frozen=True)
class Plan:
    """A certified plan. `today` is the same network with nothing new joined or started.

    `levels` are the objective's levels in their order; `gap` is the largest of their gaps; `objective`
    and `bound` are the last level's (net margin, USD, by default). `stopped_after_seconds` is when Ctrl-C ended the
    search, None when it ended by itself.
    """

    network: Network
    catalog: Catalog
    scenario: Scenario
    options: SolveOptions
    terms: Terms
    outcome: Outcome
    today: Outcome
    levels: tuple[Level, ...]
    wall_seconds: float
    first_plan_seconds: float
    settlement_checks: tuple[str, ...]
    library: Path | None = None
    stopped_after_seconds: float | None = None
    pricing: Counts = field(default_factory=Counts)

    @property
    def objective(self) -> float:
        """Value of the last level of the objective."""
        return self.levels[-1].value

    @property
    def bound(self) -> float:
        """Proved bound on the last level, given what the levels before it reached."""
        return self.levels[-1].bound

    @property
    def gap(self) -> float:
        """Largest relative gap over the levels."""
        return max(level.gap for level in self.levels)

    @property
    def status(self) -> Status:
        """'optimal' when every level is proved within the asked gap, else 'feasible'."""
        return "optimal" if self.gap <= self.options.gap else "feasible"

    @property
    def plan_hash(self) -> str:
        """Names the decisions: equal hashes are equal plans."""
        decisions = self.outcome.decisions
        text = json.dumps(
            [
                decisions.delivery[0].tolist(),
                np.round(decisions.reach[0], 6).tolist(),
                decisions.joined[0].tolist(),
            ]
        )
        return hashlib.sha256(text.encode()).hexdigest()


def plan_network(
    network: Network,
    catalog: Catalog,
    scenario: Scenario | None = None,
    options: SolveOptions | None = None,
    report: Reporter = silent,
    library: Path | None = None,
    on_ctrl_c: Callable[[], object] | None = None,
    formulating_processes: int = 1,
) -> Plan:
    """The best plan found within the limits, with a certified gap.

    `library` is a folder of plans and prices that earlier searches left and that this one starts from and adds to.

    With two `formulating_processes` or more, over 150 practices are formulated in that many processes, and not in this
    one. Each imports the main module anew, so that a script needs its `if __name__ == "__main__":`.

    Ctrl-C, or a notebook's interrupt, is a KeyboardInterrupt as anywhere, so that it also ends the script or the cell
    around. With `on_ctrl_c`, a function that is called in another thread (`lambda: None` will do), the first one during
    the search ends it as the time limit does: the best plan so far comes back, with what is proved till then, and
    `stopped_after_seconds` says when. The second is a KeyboardInterrupt. This needs the main thread.

    Raises:
        InfeasibleError: when the locks contradict each other or no plan can keep them.
        NoPlanInTimeError: when the time limit passed before any plan was found.
    """
    scenario, options = scenario or Scenario(), options or SolveOptions()
    clock = Clock(options.time_limit_seconds)
    shared = Shared(Model(network, catalog, scenario), terms_in_force(catalog, network, scenario))
    first_stage, memory = Stage(*objective_stages(scenario)[0]), Memory(library, network, scenario)
    formulated = _formulated(shared, formulating_processes, at_first(report, first_stage.name, clock))
    pool = solve_pool(options.workers, options.executor, options.scheduler)
    with pool as executor, ended_when_overdue(clock, executor) as guarded:
        judge, as_things_stand = Judge(formulated, Pricer(shared.model, shared.terms)), today(shared)
        known = memory.first_plan(judge, greedy_plan(judge, first_stage), catalog, first_stage)
        with stopped_by_ctrl_c(clock, guarded, on_ctrl_c) as stoppable:
            results, first = _search(judge, known, scenario, options, clock, report, stoppable, memory)
            stopped_after, best = clock.stopped_after, results[-1].plan
            if best is None:
                raise _no_plan(results, clock, in_time=clock.left() > 0 and not memory.ran_out_of_time)
            memory.keep(best.outcome.decisions)
            differences = _audited(formulated, best.outcome, guarded)
    return Plan(
        network=network, catalog=catalog, scenario=scenario, options=options, terms=shared.terms,
        outcome=best.outcome, today=judge.pricer.price(as_things_stand),
        levels=tuple(_level(item, best) for item in results),
        wall_seconds=clock.spent(), first_plan_seconds=first,
        settlement_checks=tuple(map(_in_words, differences)),
        library=library, stopped_after_seconds=stopped_after, pricing=memory.pricing,
    )  # fmt: skip


def _formulated(shared: Shared, processes: int, report: Callable[[str], object]) -> NetworkModel:
    """The model, of very many practices with its shared links only."""
    conflicts = lock_conflicts(shared)
    if conflicts:
        raise InfeasibleError(conflicts)
    count = len(shared.model.network.practices)
    if count <= MANY:
        return formulate(shared)
    found = formulate_many(shared, processes if count > ALONE else 1, report)
    return found if count <= TIED else found.with_shared_links_only()


def _audited(formulated: NetworkModel, outcome: Outcome, executor: StoppableExecutor) -> tuple[Difference, ...]:
    with executor.free_pool() as free:
        return audit(formulated, outcome, free)


def _in_words(item: Difference) -> str:
    return (
        f"{item.practice}: {item.program}.{item.component} is modelled from above: "
        f"${item.model_usd:,.2f} against ${item.settled_usd:,.2f} settled"
    )


def _no_plan(results: list[StageResult[Candidate]], clock: Clock, *, in_time: bool) -> BaseException:
    if in_time or results[-1].bound == -np.inf:
        return InfeasibleError(["no plan keeps all locks, prerequisites and start-up budgets together"])
    if clock.stopped_after is not None:
        return KeyboardInterrupt()
    return NoPlanInTimeError("no plan was found within the time limit; raise --time-limit")


def _level(result: StageResult[Candidate], best: Candidate) -> Level:
    return Level(result.stage.name, result.stage.value(best.worth), result.bound, result.gap)


def _search(
    judge: Judge, known: Candidate | None, scenario: Scenario, options: SolveOptions, clock: Clock,
    report: Reporter, executor: Executor, memory: Memory,
) -> tuple[list[StageResult[Candidate]], float]:  # fmt: skip
    """Every level of the objective in turn; a later one keeps what the earlier ones reached."""
    results: list[StageResult[Candidate]] = []
    stages, floors = objective_stages(scenario), dict[str, float]()
    first = clock.spent() if known is not None else np.inf
    run = _stage_solver(judge, known, options, clock, report, executor, memory)
    for place, (name, weights) in enumerate(stages):
        share = 1.0 if place == len(stages) - 1 else FIRST_LEVEL_SHARE
        results.append(run(Stage(name, weights, dict(floors)), share))
        plan = results[-1].plan
        if plan is None:
            break
        first = min(first, clock.spent())
        floors |= {key: plan.worth[key] for key in weights if key == name}
    return results, first


def _stage_solver(
    judge: Judge, known: Candidate | None, options: SolveOptions, clock: Clock, report: Reporter,
    executor: Executor, memory: Memory,
) -> Callable[[Stage, float], StageResult[Candidate]]:  # fmt: skip
    """Tiny networks are solved whole, others by decomposition, and few practices whole after it; what one stage found,
    the next one knows."""
    if len(judge.model.practices) <= TINY:
        best: list[Candidate | None] = [known]

        def whole(stage: Stage, share: float) -> StageResult[Candidate]:
            result = solve_whole(
                judge.model,
                judge,
                stage,
                best[0],
                gap=options.gap,
                seed=options.seed,
                clock=clock,
                report=report,
            )
            best[0] = result.plan or best[0]
            return result

        return whole
    search = memory.search = _kind(judge.model)(
        memory.entries,
        judge,
        gap=options.gap,
        seed=options.seed,
        clock=clock,
        report=report,
        executor=executor,
        known=known,
    )
    if len(judge.model.practices) <= FEW:
        return partial(search_then_whole, search, clock=clock, report=report)
    return search.run


def _kind(model: NetworkModel) -> type[WarmSearch]:
    if len(model.practices) <= MANY:
        return WarmSearch
    return WarmTiedSearch if model.with_all_links is None else WarmSampledSearch


FIRST_LEVEL_SHARE = 0.4
"""Share of the time limit that the first level of a lexicographic objective may use."""


def objective_stages(scenario: Scenario) -> list[tuple[str, dict[str, float]]]:
    """The levels of the objective, most important first: a name and weights of a plan's worths."""
    margin = ("margin", {"margin": 1.0})
    if scenario.objective == "members_then_margin":
        return [("members_at_mass", {"members_at_mass": 1.0}), margin]
    if scenario.objective == "practices_then_margin":
        return [("at_mass", {"at_mass": 1.0}), margin]
    if scenario.objective == "mass_and_margin":
        weights = {"margin": 1.0, "members_at_mass": scenario.usd_per_member_at_mass}
        return [("mass_and_margin", weights)]
    return [margin]


def today(shared: Shared) -> Decisions:
    """Decisions as they stand: workflows in place at today's reach, signed contracts, nothing new."""
    place = shared.model.reach_in_place
    joined = np.zeros((1, len(place), len(shared.programs)), dtype=np.bool_)
    for column, program in enumerate(shared.programs):
        joined[0, :, column] = _signed(shared, program)
    return Decisions(delivery=np.where(place > 0, OWN, 0).astype(np.int8)[None], reach=place[None], joined=joined)


def _signed(shared: Shared, program: Program) -> BoolArray:
    """Practices that a signed contract, a lock or the lack of a choice puts into the program."""
    practices = shared.model.network.practices
    signed = {lock.practice for lock in shared.locks if lock.program == program.id and lock.decision == "joined"}
    everywhere = None in signed or not program.voluntary
    found = np.array([everywhere or practice in signed for practice in practices], dtype=np.bool_)
    if program.join_level == "organization":
        return found
    reached = {pair for clause in shared.terms.of(program.id) for pair in clause.populations}
    columns = shared.model.arrays.columns(tuple(reached))
    return np.asarray(found & (shared.model.arrays.members()[:, columns].sum(axis=1) > 0))
