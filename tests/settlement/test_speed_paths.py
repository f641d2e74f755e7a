"""The shared settlement of many scenarios against the plain one, over the whole shipped catalog."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.domain.schedules import Point, Step
from critmass.domain.values import Cited
from critmass.network import load_network
from critmass.settlement import evaluate
from critmass.settlement.amounts import Settled, SettlementRun, passed_share, settle
from critmass.settlement.projection import (
    RESPONSE_CORNERS,
    Decisions,
    Model,
    ProjectedResults,
    response,
    response_at,
    strength_for,
)
from critmass.settlement.results import FloatArray
from critmass.settlement.terms import Terms, terms_in_force

NETWORK = Path(__file__).parents[2] / "data" / "networks" / "pho12.xlsx"
SCENARIOS = 40
CLOSE = {"rtol": 1e-9, "atol": 1e-6}
"""Relative, and a millionth of a dollar."""


@pytest.fixture(scope="module")
def model(shipped_catalog: Catalog) -> Model:
    """The sample network of twelve practices."""
    return Model(load_network(NETWORK, shipped_catalog), shipped_catalog, Scenario())


def at_level(terms: Terms, level: str | None) -> Terms:
    """The terms with every clause settled at another level, or as they are."""
    if level is None:
        return terms
    clauses = tuple(
        replace(clause, component=clause.component.model_copy(update={"level": level})) for clause in terms.clauses
    )
    return replace(terms, clauses=clauses)


def random_decisions(model: Model, programs: int, seed: int, *, same_joins: bool = False) -> Decisions:
    """Reach, delivery and joins at random in every scenario."""
    random = np.random.default_rng(seed)
    shape = (SCENARIOS, len(model.network.practices))
    delivery = random.integers(0, 3, (*shape, len(model.workflows))).astype(np.int8)
    reach = np.where(delivery > 0, random.random(delivery.shape), 0.0)
    joined = random.random((1 if same_joins else SCENARIOS, shape[1], programs)) < 0.5
    return Decisions(delivery, reach, np.repeat(joined, SCENARIOS, axis=0) if same_joins else joined)


def results_of(model: Model, terms: Terms, decisions: Decisions) -> ProjectedResults:
    """What the decisions are expected to bring."""
    return ProjectedResults(model, tuple(program.id for program in terms.programs), decisions)


def plain_amounts(model: Model, terms: Terms, decisions: Decisions) -> FloatArray:
    """Each clause on its own, nothing shared, shape (clause, scenario, practice)."""
    shape = decisions.reach.shape[:2]
    runs = [SettlementRun(terms, results_of(model, terms, decisions), remember=False) for _ in terms.clauses]
    amounts = [run.paid(clause, np.empty(shape)) for run, clause in zip(runs, terms.clauses, strict=True)]
    return np.stack([np.broadcast_to(amount, shape) for amount in amounts])


@pytest.mark.parametrize("same_joins", [False, True])
@pytest.mark.parametrize("rule", ["in_force", "carry_forward", "all"])
@pytest.mark.parametrize("level", [None, "practice", "tin", "organization"])
def test_sharing_changes_no_amount(model: Model, level: str | None, rule: str, same_joins: bool) -> None:
    """What clauses share is what each would have worked out alone, at every level, whatever the decisions."""
    terms = at_level(terms_in_force(model.catalog, model.network, Scenario(terms=rule)), level)
    decisions = random_decisions(model, len(terms.programs), seed=len(rule), same_joins=same_joins)
    settled = settle(terms, results_of(model, terms, decisions))
    np.testing.assert_allclose(settled.paid, plain_amounts(model, terms, decisions), **CLOSE)


def test_scenarios_do_not_touch_each_other(model: Model) -> None:
    """A scenario settled among many is worth what it is worth alone."""
    terms = terms_in_force(model.catalog, model.network, Scenario(terms="all"))
    decisions = random_decisions(model, len(terms.programs), seed=5)
    together = settle(terms, results_of(model, terms, decisions))
    for scenario in (0, SCENARIOS - 1):
        alone = settle(terms, results_of(model, terms, decisions.one(scenario)))
        np.testing.assert_allclose(together.paid[:, scenario], alone.paid[:, 0], **CLOSE)
        np.testing.assert_allclose(together.organization[:, scenario], alone.organization[:, 0], **CLOSE)


def test_sums_of_clauses_are_sums_of_their_amounts(model: Model) -> None:
    """Totals taken from the separate arrays are those of the whole table, before and after pass-through."""
    settled = settled_example(model)
    chosen = range(0, len(settled.parts), 3)
    paid = settled.sum_of(chosen, passed_through=False)
    np.testing.assert_allclose(paid, settled.paid[chosen].sum(axis=0), **CLOSE)
    passed = settled.sum_of(chosen, passed_through=True)
    np.testing.assert_allclose(passed, settled.practice[chosen].sum(axis=0), **CLOSE)
    np.testing.assert_allclose(settled.total(), settled.paid.sum(axis=2), **CLOSE)


def settled_example(model: Model) -> Settled:
    """All terms with half of every payment kept by the organization."""
    terms = terms_in_force(model.catalog, model.network, Scenario(terms="all"))
    half = {"pass_through": Cited(value=0.5)}
    clauses = tuple(replace(item, component=item.component.model_copy(update=half)) for item in terms.clauses)
    terms = replace(terms, clauses=clauses)
    assert {passed_share(clause.component) for clause in terms.clauses} == {0.5}
    return settle(terms, results_of(model, terms, random_decisions(model, len(terms.programs), seed=6)))


def test_the_response_is_the_chord_through_its_corners() -> None:
    """The least of the chords is the interpolation between the corners, flat beyond the last."""
    corners = np.array(RESPONSE_CORNERS)
    strength = np.append(np.random.default_rng(7).random(500) * 5, corners)
    wanted = np.interp(strength, corners, 1.0 - np.exp(-corners))
    np.testing.assert_allclose(response(strength[None, :])[0], wanted, rtol=0, atol=1e-15)
    np.testing.assert_allclose([response_at(item) for item in strength], wanted, rtol=0, atol=1e-15)


def test_a_closed_share_takes_the_strength_that_closes_it() -> None:
    """The way back from the response, up to its largest."""
    strength = np.append(np.random.default_rng(8).random(200) * RESPONSE_CORNERS[-1], RESPONSE_CORNERS)
    np.testing.assert_allclose([strength_for(response_at(item)) for item in strength], strength, rtol=0, atol=1e-12)
    assert strength_for(1.0) == RESPONSE_CORNERS[-1]


@pytest.mark.parametrize("rows", [1, 2, 7, 40])
@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize("descending", [True, False])
def test_counted_rows_pay_what_a_search_pays(rows: int, inclusive: bool, descending: bool) -> None:
    """A step table pays the last row that is reached, on its thresholds as well as between them."""
    at = np.linspace(0.1, 0.9, rows)[:: -1 if descending else 1]
    word = v.Steps(
        kind="steps", inclusive=inclusive, descending=descending, otherwise=Cited(value=-1.0),
        rows=tuple(Step(at_least=Cited(value=x), pays=Cited(value=i)) for i, x in enumerate(at.tolist())),
    )  # fmt: skip
    driver = np.append(np.random.default_rng(8).random(120), at)[None, :]
    sign = -1.0 if descending else 1.0
    reached = sign * (driver[..., None] - at) >= -1e-9 if inclusive else sign * (driver[..., None] - at) > 1e-9
    wanted = reached.sum(axis=-1) - 1.0
    np.testing.assert_array_equal(evaluate.schedule(word, driver), wanted)


@pytest.mark.parametrize("points", [2, 5, 30])
def test_many_cells_are_interpolated_as_few_are(points: int) -> None:
    """A piecewise linear schedule gives a large array what it gives its rows one by one."""
    random = np.random.default_rng(points)
    at, pays = np.sort(random.random(points)), random.random(points)
    word = v.PiecewiseLinear(
        kind="piecewise_linear",
        points=tuple(Point(at=Cited(value=x), pays=Cited(value=y)) for x, y in zip(at, pays, strict=True)),
    )
    driver = np.append(random.random(9_998) * 1.4 - 0.2, at[[0, -1]]).reshape(100, 100)
    wanted = np.vstack([evaluate.schedule(word, line[None, :]) for line in driver])
    np.testing.assert_allclose(evaluate.schedule(word, driver), wanted, rtol=0, atol=1e-15)


def test_what_practices_are_paid_by_themselves(model: Model) -> None:
    """Without pooled clauses the others pay what they do beside them, and pooled ones nothing."""
    terms = terms_in_force(model.catalog, model.network, model.scenario)
    decisions = random_decisions(model, len(terms.programs), 7)
    every, alone = (settle(terms, results_of(model, terms, decisions), pooled=pooled).paid for pooled in (True, False))
    pooled = np.array([clause.pooled for clause in terms.clauses])
    np.testing.assert_array_equal(alone[~pooled], every[~pooled])
    assert every[pooled].any()
    assert not alone[pooled].any()
