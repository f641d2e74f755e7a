"""Known decisions as answers: only those that keep every rule, and never a worse one than is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from critmass import Plan, SolveOptions, sample_network
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.settlement.projection import HUB, Decisions
from critmass.studies.explain.questions import Asker, Question
from critmass.studies.explain.resolve import Answer, Resolver
from critmass.studies.explain.rules import Rules
from critmass.studies.explain.worth import ask, worth_of
from enumeration import Enumeration
from explaining import CENT, OPTIONS, case_of, random_case
from plans import plan_by_hand, tiny_catalog
from random_instances import Instance, random_instance

DRAWN = 200
"""Decisions drawn at random for each instance."""


def key(decisions: Decisions, reached: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bytes:
    """Equal for decisions that decide the same where programs reach anybody."""
    return decisions.delivery[0].tobytes() + (decisions.joined[0] & reached).tobytes()


def check_rules(instance: Instance) -> int:
    """Decisions keep the rules exactly when they are among the enumerated ones; how many of those drawn do."""
    everything = Enumeration(instance)
    rules = Rules(instance.network, instance.catalog, instance.scenario)
    reached = rules._reached
    allowed: set[bytes] = set()
    random = np.random.default_rng(instance.seed)
    for batch in everything.batches():
        cash = everything.affordable(everything.pricer.price(batch).costs)
        found = [batch.one(int(place)) for place in np.flatnonzero(cash)]
        allowed |= {key(item, reached) for item in found}
        picked = random.permutation(len(found))[:20]
        assert all(rules.keeps(found[int(place)]) for place in picked), instance.seed
    kept = 0
    for item in drawn(random, allowed, reached, rules):
        expected = key(item, reached) in allowed
        assert rules.keeps(item) == expected, (instance.seed, item)
        kept += expected
    return kept


def drawn(
    random: np.random.Generator, allowed: set[bytes], reached: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    rules: Rules,
) -> Iterable[Decisions]:  # fmt: skip
    """Decisions at random, most of them near ones that are allowed."""
    practices, programs = reached.shape
    workflows = len(rules.model.workflows)
    near = sorted(allowed)
    for _ in range(DRAWN):
        if near:
            text = near[int(random.integers(len(near)))]
            delivery = np.frombuffer(text[: practices * workflows], dtype=np.int8).reshape(1, practices, workflows)
            joined = np.frombuffer(text[practices * workflows :], dtype=np.bool_).reshape(1, practices, programs)
        else:
            delivery = random.integers(0, 3, (1, practices, workflows)).astype(np.int8)
            joined = random.random((1, practices, programs)) < 0.5
        delivery, joined = delivery.copy(), joined.copy()
        if random.random() < 0.6:
            delivery[0, random.integers(practices), random.integers(workflows)] = random.integers(0, HUB + 1)
        if random.random() < 0.6 and programs:
            joined[0, random.integers(practices), random.integers(programs)] ^= True
        yield Decisions(delivery, (delivery > 0).astype(np.float64), joined)


def test_rules_are_those_of_the_enumeration() -> None:
    """On random instances a decision keeps the rules exactly when the enumeration has it."""
    assert sum(check_rules(random_instance(seed)) for seed in (3, 6, 13, 170)) >= 60


@pytest.mark.long
@pytest.mark.parametrize("first", range(0, 80, 20))
def test_rules_are_those_of_the_enumeration_on_many(first: int) -> None:
    """The same on eighty instances, with locks, budgets and programs that nobody can decline."""
    for seed in range(first, first + 20):
        check_rules(random_instance(seed))


@pytest.mark.parametrize("seed", [7, 12])
def test_an_answer_is_never_worse_than_what_is_known(seed: int) -> None:
    """Where the planner finds little, the plan's own decisions with the change made answer instead, limits kept."""
    found = random_case(seed)
    assert found is not None
    _, case = found
    program = next(p for p in case.plan.terms.programs if p.voluntary and case.plan.outcome.decisions.joined.any())
    asked = case.asker.without_programs([program], "without it")
    assert isinstance(asked, Question)
    good = ask(asked, case.resolver).plan
    poor = Poor(case.plan.network, case.plan.catalog, case.plan.scenario, OPTIONS)
    poor.answer = good
    poor.keep(case.plan)
    answered = ask(asked, poor).plan
    assert answered is not None and good is not None
    assert answered.levels[0].bound == good.levels[0].bound
    assert answered.levels[0].value > -1e6
    assert Rules(asked.network, case.plan.catalog, asked.scenario).keeps(answered.outcome.decisions)


class Poor(Resolver):
    """A resolver whose planner finds only very poor plans, with the right limits."""

    answer: Plan | None = None

    def _solve(self, network: Network, catalog: object, scenario: Scenario, options: SolveOptions) -> Answer:
        assert self.answer is not None
        levels = tuple(replace(level, value=-1e9) for level in self.answer.levels)
        return Answer(replace(self.answer, scenario=scenario, levels=levels))


class Late(Resolver):
    """A resolver whose planner never finds anything in time."""

    def _solve(self, network: Network, catalog: object, scenario: Scenario, options: SolveOptions) -> Answer:
        return Answer(None)


def test_without_any_plan_in_time_little_is_claimed() -> None:
    """When no plan is found in time, known decisions answer, and nothing is said to be proved but that forbidding
    does not help."""
    catalog = tiny_catalog()
    case = case_of(sample_network(2, 1, catalog), catalog)
    late = Late(case.plan.network, catalog, case.plan.scenario, OPTIONS)
    late.keep(case.plan)
    found = worth_of("program", "tiny_steps_2026", case.plan, case.asker, late)
    assert found.comparison is not None
    assert found.comparison.first.least == 0.0
    true = worth_of("program", "tiny_steps_2026", case.plan, case.asker, case.resolver)
    assert true.comparison is not None and found.comparison.first.most is not None
    assert true.comparison.first.value <= found.comparison.first.most + CENT


def test_a_better_plan_among_the_answers_is_found() -> None:
    """Plans made for one question answer another one that they fit, the plan's own question too."""
    catalog = tiny_catalog()
    network = sample_network(2, 1, catalog)
    case = case_of(network, catalog)
    poor = plan_by_hand(network, catalog, Scenario())
    levels = case.plan.levels
    poor = replace(poor, levels=(replace(levels[0], value=float(poor.outcome.margin[0]), bound=np.inf, gap=np.inf),))
    late = Late(network, catalog, Scenario(), OPTIONS)
    late.keep(poor)
    assert late.best_known(poor) is None
    late.keep(case.plan)
    better = late.best_known(poor)
    assert better is not None and better.objective == pytest.approx(case.plan.objective, abs=CENT)
    asked = Asker(poor).with_program(catalog.programs["tiny_pmpm_2026"], [0], "with it")
    assert ask(asked, late).plan is not None
