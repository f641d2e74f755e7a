"""What parts of a plan are worth, and why others are left aside: every difference planned again, or enumerated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from critmass import Scenario, sample_network
from critmass.domain.scenario import Lock
from critmass.studies.explain.difference import Comparison, Difference, compare, decisions_changed, joined_table
from critmass.studies.explain.resolve import Resolver
from critmass.studies.explain.why_not import WhyNot, declined, why_not, why_not_workflow
from critmass.studies.explain.worth import Worth, held, worth_of
from critmass.studies.plan import Plan
from enumeration import Enumeration
from explaining import CENT, OPTIONS, Case, case_of, changed, locked, random_case, replan, slack, values
from plans import tiny_catalog
from random_instances import Instance


@pytest.fixture(scope="module")
def case() -> Case:
    """Two practices under the tiny catalog."""
    catalog = tiny_catalog()
    return case_of(sample_network(2, 1, catalog), catalog, Scenario())


def locks_of(worth: Worth, case: Case) -> list[Lock]:
    """The locks that say 'without it', written out independently."""
    if worth.kind == "workflow":
        return [Lock(workflow=worth.id, decision="left_out")]
    programs = [p for p in case.plan.terms.programs if worth.id in (p.id, p.payer) and p.voluntary]
    return [Lock(program=program.id, decision="declined") for program in programs]


def test_every_worth_is_a_plan_without_it(case: Case) -> None:
    """The worth of each joined program, started workflow and payer is the plan less one that is planned afresh."""
    found = [worth_of(kind, name, case.plan, case.asker, case.resolver) for kind, name in held(case.plan, case.asker)]
    assert {item.kind for item in found} == {"program", "payer"}
    for item in found:
        again = replan(case, locked(case.plan.scenario, *locks_of(item, case)))
        assert item.comparison is not None
        assert item.comparison.first.value == pytest.approx(case.plan.objective - again.objective, abs=CENT)
        assert item.comparison.margin_usd == pytest.approx(
            float(case.plan.outcome.margin[0] - again.outcome.margin[0]), abs=CENT
        )
        assert item.without is not None
        assert item.changed == decisions_changed(case.plan, item.without)


def test_every_loss_is_a_plan_with_it(case: Case) -> None:
    """What a declined program loses is the plan less one in which it is locked, everywhere and at the best practice."""
    for program in declined(case.plan, case.asker):
        found = why_not(program, case.plan, case.asker, case.resolver)
        again = replan(case, locked(case.plan.scenario, Lock(program=program.id, decision="joined")))
        assert found.everywhere is not None and found.everywhere.comparison is not None
        assert found.everywhere.comparison.first.value == pytest.approx(case.plan.objective - again.objective, abs=CENT)


def test_the_best_practice_is_the_best(case: Case) -> None:
    """A workflow that runs nowhere more is started at the practice where that costs least."""
    found = why_not_workflow("wellness_visits", case.plan, case.asker, case.resolver)
    losses = {}
    for practice in found.available:
        lock = Lock(practice=practice, workflow="wellness_visits", decision="in_place")
        losses[practice] = case.plan.objective - replan(case, locked(case.plan.scenario, lock)).objective
    assert found.alone is not None and found.alone.comparison is not None
    assert found.alone.comparison.first.value == pytest.approx(min(losses.values()), abs=CENT)


def test_what_runs_today_cannot_be_left_out(case: Case) -> None:
    """A workflow that runs today is left out only where it does not, and that is said."""
    network = case.plan.network
    place = case.asker.shared.model.workflow_position["registry"]
    running = case.asker.shared.model.reach_in_place[:, place] > 0
    assert running.any()
    found = worth_of("workflow", "registry", case.plan, case.asker, case.resolver)
    if running.all():
        assert found.comparison is None and "already runs today" in found.reasons[0]
    else:
        assert found.notes == (f"it already runs today in {running.sum():,} of the practices, where it stays",)
        assert len(network.practices) > running.sum()


def test_the_same_question_is_solved_once(case: Case) -> None:
    """A resolver answers by content: asking again solves nothing, and the plan itself is known."""
    resolver = Resolver(case.plan.network, case.plan.catalog, case.plan.scenario, OPTIONS)
    resolver.remember(case.plan)
    assert resolver.solve().plan is case.plan
    scenario = locked(case.plan.scenario, Lock(program="tiny_pmpm_2026", decision="declined"))
    first = resolver.solve(scenario)
    assert resolver.solve(scenario.model_copy(update={"name": "another name"})) is first
    assert (resolver.asked, resolver.solved) == (3, 1)


def with_level(plan: Plan, value: float, bound: float) -> Plan:
    """The plan as if its only level had these numbers."""
    return replace(plan, levels=(replace(plan.levels[0], value=value, bound=bound),))


@pytest.mark.parametrize(
    ("mine", "theirs", "restricts", "wanted"),
    [
        ((100, 104), (90, 95), True, (10, 5, 14)),
        ((100, 104), (90, 95), False, (10, 5, 14)),
        ((100, 104), (98, 103), True, (2, 0, 6)),
        ((100, 104), (98, 103), False, (2, -3, 6)),
        ((100, 104), (102, 110), True, (-2, 0, 2)),
        ((100, np.inf), (90, np.inf), True, (10, 0, None)),
        ((100, np.inf), (90, np.inf), False, (10, None, None)),
    ],
)
def test_differences_are_known_within_gaps(
    case: Case, mine: tuple[float, float], theirs: tuple[float, float], restricts: bool,
    wanted: tuple[float, float | None, float | None],
) -> None:  # fmt: skip
    """The best plans differ by something between value less limit and limit less value; forbidding never helps."""
    found = compare(with_level(case.plan, *mine), with_level(case.plan, *theirs), restricts=restricts)
    assert (found.first.value, found.first.least, found.first.most) == wanted
    assert found.better == (theirs[0] > mine[0])


# Random instances -------------------------------------------------------------------------------------


def contains(difference: Difference, true: float) -> bool:
    """Whether a stated interval holds the true difference."""
    low = -np.inf if difference.least is None else difference.least
    high = np.inf if difference.most is None else difference.most
    return low - slack(true) <= true <= high + slack(true)


def check_comparison(comparison: Comparison, instance: Instance, *locks: Lock) -> None:
    """The enumerated optima with and without the locks differ by what the comparison says it knows."""
    before, after = Enumeration(instance).best(), Enumeration(changed(instance, *locks)).best()
    assert before is not None and after is not None
    text = f"random_instance({instance.seed}) {locks} {comparison}"
    known = True
    for level, mine, theirs in zip(comparison.levels, before.values, after.values, strict=True):
        known = known and contains(level, mine - theirs)
    assert known, text


def check_parts(instance: Instance, case: Case) -> Iterator[Worth | WhyNot]:
    """Every part of a plan, its difference held against enumeration."""
    for kind, name in held(case.plan, case.asker):
        worth = worth_of(kind, name, case.plan, case.asker, case.resolver)
        if worth.comparison is not None and worth.restricts and not worth.notes:
            check_comparison(worth.comparison, instance, *locks_of(worth, case))
        yield worth
    for program in declined(case.plan, case.asker):
        reason = why_not(program, case.plan, case.asker, case.resolver)
        alone = reason.alone
        if alone is not None and alone.comparison is not None and alone.restricts:
            practice = None if program.join_level == "organization" else alone.practices[0]
            check_comparison(alone.comparison, instance, Lock(practice=practice, program=program.id, decision="joined"))
        yield reason


def questions_of(seeds: range) -> int:
    """Checks all parts of the plans of some instances; how many questions that were."""
    asked = 0
    for seed in seeds:
        found = random_case(seed)
        if found is not None:
            asked += sum(1 for _ in check_parts(*found))
    return asked


def test_differences_hold_the_enumerated_ones() -> None:
    """On random instances the true difference, of all decisions there are, lies where it is said to lie."""
    assert questions_of(range(4, 7)) >= 8


@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 200, 20))
def test_differences_hold_the_enumerated_ones_on_many(first: int) -> None:
    """The same for fifty questions and more, each time over twenty further instances."""
    assert questions_of(range(first, first + 20)) >= 50


@pytest.mark.parametrize("seed", [4])
def test_a_better_plan_is_handed_over(seed: int) -> None:
    """Where a question comes upon a plan that beats the plan, it is said so, and the difference begins at zero."""
    found = random_case(seed)
    assert found is not None
    _, case = found
    reason = why_not_workflow("outreach", case.plan, case.asker, case.resolver)
    assert reason.better is not None
    assert values(reason.better) > values(case.plan)
    assert reason.alone is not None and reason.alone.comparison is not None
    assert reason.alone.comparison.first.value < 0
    assert reason.alone.comparison.first.least == 0.0


def test_joined_table_has_every_program(case: Case) -> None:
    """Joins by program cover the programs in force."""
    assert set(joined_table(case.plan)) == {program.id for program in case.plan.terms.programs}
