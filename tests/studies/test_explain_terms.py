"""Terms at which a declined program is joined, confirmed by plans made afresh and by enumeration."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from critmass import Scenario, sample_network
from critmass.domain.scenario import Lock, RateOverride
from critmass.studies.explain.changed_terms import ChangedTerms
from critmass.studies.explain.contract_numbers import ContractNumber, contract_numbers
from critmass.studies.explain.flips import Flip, terms_that_flip
from critmass.studies.explain.number_line import NumberLine
from critmass.studies.explain.why_not import declined, why_not
from enumeration import Enumeration
from explaining import OPTIONS, Case, case_of, changed, locked, random_case, replan, slack
from plans import tiny_catalog
from random_instances import Instance


@pytest.fixture(scope="module")
def case() -> Case:
    """Two practices under the tiny catalog."""
    catalog = tiny_catalog()
    return case_of(sample_network(2, 1, catalog), catalog, Scenario())


def flips_of(case: Case) -> Iterator[Flip]:
    """Every flip of every declined program."""
    for program in declined(case.plan, case.asker):
        reason = why_not(program, case.plan, case.asker, case.resolver)
        forced = [item.plan for item in (reason.alone, reason.everywhere) if item is not None and item.plan is not None]
        known = [found.outcome.decisions for found in forced]
        yield from terms_that_flip(program, known, case.plan, case.asker, case.resolver).flips


def overrides_of(case: Case, flip: Flip, value: float) -> tuple[RateOverride, ...]:
    """A number of the contract as the user would write it in a scenario."""
    return ChangedTerms(case.plan, flip.number.program).overrides(flip.number, value)


# Terms that flip --------------------------------------------------------------------------------------


def test_a_flip_is_confirmed_by_a_plan(case: Case) -> None:
    """At the stated number a plan made afresh joins the program, a notch before it does not."""
    found = [flip for flip in flips_of(case) if flip.at is not None]
    assert found
    for flip in found:
        assert flip.at is not None
        assert flip.smallest and abs(flip.at - flip.not_at) <= flip.number.notch * 1.001
        for value, joins in ((flip.at, True), (flip.not_at, False)):
            again = replan(case, case.plan.scenario, overrides_of(case, flip, value))
            column = [program.id for program in again.terms.programs].index(flip.number.program)
            assert bool(again.outcome.decisions.joined[0, :, column].any()) == joins


def best_with(instance: Instance, flip: Flip, overrides: tuple[RateOverride, ...], decision: str) -> float | None:
    """The best enumerated objective with the program joined somewhere, or declined everywhere."""
    program = instance.catalog.programs[flip.number.program]
    places: list[str | None] = [None] if program.join_level == "organization" else [*instance.network.practices]
    places = [None] if decision == "declined" else places
    found = []
    for practice in places:
        lock = Lock(practice=practice, program=program.id, decision="joined" if decision == "joined" else "declined")
        best = Enumeration(changed(instance, lock, overrides=overrides)).best()
        found += [] if best is None else [best.values[0]]
    return max(found, default=None)


def check_flip(instance: Instance, case: Case, flip: Flip) -> None:
    """Joining is as good as declining at the stated number, and where nothing flips it is not at the last one tried."""
    text = f"random_instance({instance.seed}) {flip}"
    at = flip.tried if flip.at is None else flip.at
    overrides = overrides_of(case, flip, at)
    joined, left = (best_with(instance, flip, overrides, decision) for decision in ("joined", "declined"))
    assert joined is not None and left is not None, text
    if flip.at is not None:
        assert joined >= left - slack(left), text
    elif len(case.plan.levels) == 1 and case.plan.gap <= OPTIONS.gap:
        assert joined <= left + slack(left), text


def flips_checked(seeds: range) -> int:
    """Checks all flips on some instances against enumeration; how many there were."""
    checked = 0
    for seed in seeds:
        found = random_case(seed)
        if found is not None and not found[0].scenario.locks:
            for flip in flips_of(found[1]):
                check_flip(*found, flip)
                checked += 1
    return checked


def test_flips_hold_against_every_decision() -> None:
    """Of all decisions under the stated number, one that joins is as good as any that does not."""
    assert flips_checked(range(6, 7)) >= 3


@pytest.mark.long
@pytest.mark.parametrize("first", range(200, 230, 10))
def test_flips_hold_against_every_decision_on_many(first: int) -> None:
    """The same on thirty further instances."""
    assert flips_checked(range(first, first + 10)) >= 10


def test_a_lock_is_said_to_be_the_reason() -> None:
    """A program that the plan joins as soon as its lock is lifted needs no other terms."""
    catalog = tiny_catalog()
    scenario = locked(Scenario(), Lock(program="tiny_pmpm_2026", decision="declined"))
    case = case_of(sample_network(2, 1, catalog), catalog, scenario)
    program = catalog.programs["tiny_pmpm_2026"]
    found = terms_that_flip(program, [], case.plan, case.asker, case.resolver)
    assert found.joins_then and not found.flips
    assert found.lifted == ("a lock of the scenario is lifted for this question",)


def test_numbers_have_the_paths_of_the_catalog(case: Case) -> None:
    """Every number that could be negotiated is a number of the catalog, may be overridden, and is not zero."""
    catalog = case.plan.catalog
    known = {item.path: item.value for item in catalog.provenance}
    for program in catalog.written_programs.values():
        for number in contract_numbers(program, catalog):
            assert set(number.paths) <= set(known)
            assert number.low <= number.value <= number.high
            if number.role != "all_amounts":
                assert known[number.paths[0]] == number.value != 0


@pytest.mark.parametrize(
    ("value", "end", "notch", "first", "last"),
    [
        (3.0, 30.0, 0.01, 3.01, 2700),
        (0.7, 0.0, 0.01, 0.69, 70),
        (2.345, 23.45, 0.01, 2.35, 2111),
        (1.0, 0.99, 0.01, 0.99, 1),
    ],
)
def test_a_number_moves_in_notches(value: float, end: float, notch: float, first: float, last: int) -> None:
    """From today's value in whole notches to the end, which is the last place."""
    number = ContractNumber("p", "c", "amount", ("p.c",), value, min(value, end), max(value, end), notch)
    line = NumberLine(number, end)
    assert (line.value(0), line.value(1), line.last, line.value(line.last)) == (value, first, last, end)
