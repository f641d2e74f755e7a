"""Published results of practice finance come out of settlement and the payout curve, as far as they can."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from practice_finance import TAGS, Figure, Words, cases, compute, load_fragment
from practice_finance_page import PAGE, page

from critmass.domain.catalog import Catalog

FIGURES = [
    pytest.param(name, figure, id=f"{name}: {figure.name}") for name, case in cases().items() for figure in case.figures
]
PAYMENTS = ("pays", "per_unit")


@cache
def catalog_of(name: str) -> Catalog:
    """A case's catalog, loaded once."""
    return load_fragment(cases()[name].fragment)


def with_more_pay(node: Any) -> Any:
    """A catalog fragment in which every rate pays 5 % more."""
    if isinstance(node, dict):
        return {key: more(item) if key in PAYMENTS else with_more_pay(item) for key, item in node.items()}
    return [with_more_pay(item) for item in node] if isinstance(node, list) else node


def more(rate: float | Words) -> float | Words:
    """A rate that is 5 % higher, written as a number or with its cite."""
    return {**rate, "value": 1.05 * rate["value"]} if isinstance(rate, dict) else 1.05 * rate


@pytest.mark.parametrize(("name", "figure"), FIGURES)
def test_figure_compares_as_it_must(name: str, figure: Figure) -> None:
    """The engine's number is as close to the published or hand-worked one, and on the side of it, as the case says."""
    computed = compute(cases()[name], figure, catalog_of(name))
    assert figure.holds(computed), f"computed {computed}"


@pytest.mark.parametrize("name", sorted(cases()))
def test_wrong_payments_are_noticed(name: str) -> None:
    """With every rate 5 % higher, some figure of each case no longer holds."""
    case = cases()[name]
    catalog = load_fragment(with_more_pay(case.fragment))
    assert any(not figure.holds(compute(case, figure, catalog)) for figure in case.figures)


@pytest.mark.parametrize("name", sorted(cases()))
def test_nothing_in_a_case_is_idle(name: str) -> None:
    """Every stated cost, and every program of a case's own catalog, is behind some figure."""
    case = cases()[name]
    assert {figure.cost for figure in case.figures} - {None} == set(case.costs)
    if not isinstance(case.catalog, str):
        assert {program for figure in case.figures for program in figure.programs} == set(catalog_of(name).programs)


def test_a_threshold_of_many_practices_is_not_the_average_break_even() -> None:
    """63 % of capitation, where 95 % of practices gain, lies far above the break-even of the average practice."""
    case = cases()["capitation-threshold"]
    average = next(figure for figure in case.figures if figure.tag == "derived")
    threshold = next(figure for figure in case.figures if figure.published == 0.63)
    computed = compute(case, average, catalog_of("capitation-threshold"))
    assert computed == pytest.approx(42_398 / 169_528)
    assert not threshold.model_copy(update={"by_hand": None}).holds(computed)


def test_two_ends_of_published_revenue_speak_of_the_same_patients() -> None:
    """Revenue of year one over revenue of a patient gives about 209 patients at both ends, within 1 %."""
    name = "chronic-care-management"
    low, high = (
        compute(cases()[name], figure, catalog_of(name))
        for figure in cases()[name].figures
        if figure.tag == "consistent"
    )
    assert low == pytest.approx(high, rel=0.01)


def test_a_cost_that_is_never_paid_holds_nowhere() -> None:
    """A break-even beyond the sweep is no number, and no figure takes it for one."""
    name = "team-documentation"
    figure = cases()[name].figures[0].model_copy(update={"sweep": "members=0:50:3"})
    assert not figure.holds(compute(cases()[name], figure, catalog_of(name)))


def test_a_number_on_the_wrong_side_does_not_hold() -> None:
    """Closeness, interval and side are each enough to refuse a number."""
    figure = Figure(name="x", answer="payout", unit="USD", published=10, tolerance=2, inside=(9, 11), tag="bound")
    assert [figure.holds(value) for value in (7.9, 8.5, 10.5, 11.5)] == [False, False, True, False]
    sided = figure.model_copy(update={"side": "at_most_published"})
    assert [sided.holds(value) for value in (9.5, 10.5)] == [True, False]
    assert not figure.model_copy(update={"side": "at_least_published"}).holds(9.5)


def test_every_tag_is_used() -> None:
    """The page explains no tag that no figure has."""
    assert {figure.tag for case in cases().values() for figure in case.figures} == set(TAGS)


def test_the_page_on_disk_is_fresh() -> None:
    """models/practice-finance.md shows what the cases say and what the engine computes now."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"
