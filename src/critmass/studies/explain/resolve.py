"""Asks the planner again: the one place where explanations solve."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InfeasibleError, NoPlanInTimeError, SettlementMismatchError
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.settlement.outcome import CENT
from critmass.settlement.projection import Decisions
from critmass.solve.progress import Reporter, relative_gap, silent
from critmass.solve.whole import TINY
from critmass.studies.explain.known import Known, beats, better_known
from critmass.studies.explain.rules import Rules
from critmass.studies.plan import Level, Plan, plan_network

WHOLE_GAP = 1e-5
"""Gap that is asked for where a network is small enough to be solved whole."""

MOST_KEPT = 30
"""Plans found earlier that are tried as answers to a new question, beside the first."""

Started = Callable[[str], None]
"""Takes the name of a question that is about to be solved."""


def not_told(question: str) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Answer:
    """What came of a question: a certified plan, or why there is none.

    `reasons` say why no plan can exist. `failure` says what the planner stumbled over where it stopped with an error;
    both are empty when the time limit came before any plan.
    """

    plan: Plan | None
    reasons: tuple[str, ...] = ()
    failure: str = ""

    @property
    def infeasible(self) -> bool:
        """True when no plan exists, which the planner has proved."""
        return self.plan is None and bool(self.reasons)

    @property
    def unknown(self) -> bool:
        """True when it is not known whether a plan exists."""
        return self.plan is None and not self.reasons

    @property
    def why(self) -> tuple[str, ...]:
        """Why there is no plan, as far as is known."""
        return self.reasons or ((f"not known: {self.failure}",) if self.failure else ())


class Resolver:
    """Solves changed questions about a network, each of them once.

    `network`, `catalog` and `scenario` are those of the question that was asked first. `asked` counts the
    questions, `solved` those that were not answered before. Every answer has its own certified
    bound. `library` is the folder of a plan library to start from and add to, if there is one.
    """

    def __init__(
        self, network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions,
        report: Reporter = silent, started: Started = not_told, library: Path | None = None,
    ) -> None:  # fmt: skip
        self.network, self.catalog, self.scenario, self.options = network, catalog, scenario, options
        self.asked = self.solved = 0
        self._report, self._started, self._library = report, started, library
        self._answers: dict[str, Answer] = {}
        self._pool: list[Known] = []
        self._ids: tuple[str, ...] = ()

    def remember(self, plan: Plan) -> None:
        """Takes a plan as the answer to its own question."""
        self._answers[_key(plan.network, plan.catalog, plan.scenario, self.options)] = Answer(plan)
        self.keep(plan)

    def solve(
        self, scenario: Scenario | None = None, *, network: Network | None = None, catalog: Catalog | None = None,
        name: str = "", options: SolveOptions | None = None, hints: Sequence[Decisions] = (),
    ) -> Answer:  # fmt: skip
        """The answer to a changed question; what is not given is as it was.

        `catalog` must have the scenario's overrides in it already. `name` says in a few words what is asked. `hints`
        are decisions that may answer it too, about the programs of the first question: where one of them, or a plan
        found earlier, keeps the question's rules and settles better than what the planner found, it is the answer,
        with the planner's limit.
        """
        network, catalog, scenario = network or self.network, catalog or self.catalog, scenario or self.scenario
        options = options or self.options
        key = _key(network, catalog, scenario, options)
        self.asked += 1
        if key not in self._answers:
            self._started(name)
            self.solved += 1
            answer = self._solve(network, catalog, scenario, options)
            known = [(self._ids, item) for item in hints] if self._ids else []
            best = better_known([*known, *self._pool], answer.plan, Rules(network, catalog, scenario), options)
            self._answers[key] = answer if best is None else Answer(best)
            if self._answers[key].plan is not None:
                self.keep(self._answers[key].plan)
        return self._answers[key]

    def best_known(self, plan: Plan) -> Plan | None:
        """A plan that answers the same question better, out of all that were found; None without one."""
        return better_known(self._pool, plan, Rules(plan.network, plan.catalog, plan.scenario), plan.options)

    def keep(self, plan: Plan | None) -> None:
        """Keeps a plan's decisions for later questions."""
        if plan is not None:
            ids = tuple(program.id for program in plan.terms.programs)
            self._ids = self._ids or ids
            self._pool = [*self._pool[:1], *self._pool[1:][-MOST_KEPT:], (ids, plan.outcome.decisions)]

    def _solve(self, network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions) -> Answer:
        try:
            return Answer(plan_network(network, catalog, scenario, options, self._report, self._library))
        except InfeasibleError as error:
            return Answer(None, error.reasons)
        except NoPlanInTimeError:
            return Answer(None)
        except SettlementMismatchError as error:
            return Answer(None, failure=str(error).replace("\n", " "))


def _key(network: Network, catalog: Catalog, scenario: Scenario, options: SolveOptions) -> str:
    """Names a question by its content."""
    parts = (network.hash, catalog.hash, scenario.model_dump_json(exclude={"name"}), options.model_dump_json())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def resolver_of(
    plan: Plan, options: SolveOptions | None = None, report: Reporter = silent, started: Started = not_told
) -> Resolver:
    """A resolver for questions about a plan, which it knows already.

    Without options the plan's own, with a gap of `WHOLE_GAP` where the network is solved whole.
    """
    options = options or default_options(plan)
    resolver = Resolver(plan.network, plan.catalog, plan.scenario, options, report, started, plan.library)
    if plan.options.gap <= options.gap or plan.gap <= options.gap:
        resolver.remember(plan)
    else:
        resolver.keep(plan)
    return resolver


def default_options(plan: Plan) -> SolveOptions:
    """The plan's options in this process, with a smaller gap where that costs next to nothing."""
    gap = WHOLE_GAP if len(plan.network.practices) <= TINY else plan.options.gap
    here = {"solver": None, "executor": "threads", "scheduler": None}
    return plan.options.model_copy(update={"gap": min(gap, plan.options.gap), **here})


@dataclass(frozen=True)
class Reference:
    """What differences are measured from: the plan with the tightest limits that are known, its decisions kept.

    `better` is a plan for the same question that beats it, where one came up.
    """

    plan: Plan
    better: Plan | None = None


def reference(plan: Plan, resolver: Resolver) -> Reference:
    """The plan's question solved once more where its gap is wider than what the resolver asks for."""
    again = resolver.solve(name="the plan itself").plan
    if again is None or again is plan:
        return Reference(plan)
    first = plan.levels[0]
    levels = [_tighter(first, again.levels[0])]
    same_floor = abs(first.value - again.levels[0].value) <= CENT
    for mine, other in zip(plan.levels[1:], again.levels[1:], strict=True):
        levels.append(_tighter(mine, other) if same_floor else mine)
    found = replace(plan, levels=tuple(levels))
    return Reference(found, again if beats(again, plan) else None)


def _tighter(mine: Level, other: Level) -> Level:
    bound = max(min(mine.bound, other.bound), mine.value)
    return replace(mine, bound=bound, gap=relative_gap(mine.value, bound))
