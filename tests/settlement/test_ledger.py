"""The ledger: every dollar once, to the cent, with the workflow that earned it and its ground."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.ledger import LEDGER_COLUMNS
from critmass.domain.network import ORGANIZATION
from critmass.domain.scenario import Scenario
from critmass.domain.values import Cite
from critmass.network import sample_network
from critmass.settlement.ledger import ledger
from critmass.settlement.ledger_rows import split_cents
from critmass.settlement.outcome import Outcome, Pricer
from critmass.settlement.projection import HUB, OWN, Decisions, Model
from critmass.settlement.terms import terms_in_force
from critmass.settlement.timing import cash_month

TINY = Path(__file__).parents[1] / "data" / "tiny_catalog"
HALF_CENT = 0.005 + 1e-9


@dataclass
class Priced:
    """Decisions with their outcome and ledger."""

    pricer: Pricer
    outcome: Outcome
    rows: pd.DataFrame

    def sums(self, rows: pd.DataFrame, *keys: str) -> pd.Series:
        """Sums of amounts by columns."""
        return rows.groupby(list(keys), observed=True)["amount_usd"].sum()

    @property
    def accrual(self) -> pd.DataFrame:
        """Accrual rows."""
        return self.rows[self.rows["kind"] == "accrual"]

    @property
    def cost(self) -> pd.DataFrame:
        """Cost rows."""
        return self.rows[self.rows["kind"] == "cost"]


@pytest.fixture(scope="module")
def tiny() -> Catalog:
    """The catalog with round numbers."""
    return load_catalog([TINY], shipped=False)


def pricer_of(catalog: Catalog, practices: int = 3, seed: int = 1) -> Pricer:
    """A pricer for a synthetic network."""
    network, scenario = sample_network(practices, seed, catalog), Scenario()
    return Pricer(Model(network, catalog, scenario), terms_in_force(catalog, network, scenario))


def priced(pricer: Pricer, decisions: Decisions) -> Priced:
    """Decisions priced, and their ledger."""
    outcome = pricer.price(decisions)
    return Priced(pricer, outcome, ledger(pricer, outcome))


def random_case(catalog: Catalog, practices: int, seed: int) -> Priced:
    """Random decisions, hub and organization programs among them."""
    pricer, random = pricer_of(catalog, practices, seed), np.random.default_rng(seed)
    shape = (1, *pricer.model.reach_in_place.shape)
    own_only = np.array([workflow.delivery == "practice" for workflow in pricer.model.workflows])
    delivery = random.integers(0, 3, shape)
    delivery = np.where((delivery == HUB) & own_only, OWN, delivery).astype(np.int8)
    reach = np.where(delivery > 0, random.uniform(0.5, 1.0, shape), 0.0)
    joined = random.random((*shape[:2], len(pricer.terms.programs))) < 0.6
    whole = np.array([program.join_level == "organization" for program in pricer.terms.programs])
    return priced(pricer, Decisions(delivery, reach, joined | whole))


def everything(pricer: Pricer, reach: float = 1.0) -> Decisions:
    """Every workflow by every practice itself, every program joined."""
    shape = (1, *pricer.model.reach_in_place.shape)
    joined = np.ones((*shape[:2], len(pricer.terms.programs)), dtype=np.bool_)
    return Decisions(np.full(shape, OWN, dtype=np.int8), np.full(shape, reach), joined)


@pytest.fixture(scope="module", params=["tiny", "shipped"])
def case(request: pytest.FixtureRequest) -> Priced:
    """Random decisions under the tiny and under the shipped catalog."""
    catalog = load_catalog([TINY], shipped=False) if request.param == "tiny" else load_catalog()
    return random_case(catalog, practices=4, seed=7)


# Reconciliation ---------------------------------------------------------------------------------------


def test_columns(case: Priced) -> None:
    """The ledger has exactly the agreed columns, and no row is worth nothing."""
    assert tuple(case.rows.columns) == LEDGER_COLUMNS
    assert (case.rows["amount_usd"] != 0).all()
    assert np.allclose(case.rows["amount_usd"] * 100, np.rint(case.rows["amount_usd"] * 100))


def test_clause_totals_are_the_settled_amounts_rounded(case: Priced) -> None:
    """What a clause pays to a practice is, over its workflows, the settled amount rounded to the cent."""
    sums = case.sums(case.accrual, "program", "component", "practice")
    names = case.pricer.model.network.practices
    for place, clause in enumerate(case.outcome.settled.terms.clauses):
        paid = case.outcome.settled.practice[place, 0]
        for practice, amount in zip(names, paid, strict=True):
            assert sums.get((*clause.key, practice), 0.0) == pytest.approx(round(amount, 2), abs=1e-6)
        kept = case.outcome.settled.organization[place, 0]
        assert sums.get((*clause.key, ORGANIZATION), 0.0) == pytest.approx(round(kept, 2), abs=1e-6)


def test_reimbursement_by_practice_and_payer(case: Priced) -> None:
    """New and withheld accruals add up to the outcome's reimbursement, half a cent of rounding a clause."""
    counted = case.accrual[case.accrual["status"] != "credited"]
    sums = case.sums(counted, "practice", "payer")
    allowed = HALF_CENT * len(case.pricer.terms.clauses)
    for row, practice in enumerate(case.pricer.model.network.practices):
        for column, payer in enumerate(case.outcome.payers):
            found = sums.get((practice, payer), 0.0)
            assert found == pytest.approx(case.outcome.reimbursement[0, row, column], abs=allowed)


def test_cost_by_practice(case: Priced) -> None:
    """Cost rows add up to what each practice pays, tariff included, within half a cent of rounding a cost."""
    sums, counts = -case.sums(case.cost, "practice"), case.cost["practice"].value_counts()
    for row, practice in enumerate(case.pricer.model.network.practices):
        allowed = HALF_CENT * counts[practice]
        assert sums[practice] == pytest.approx(case.outcome.cost[0, row], abs=allowed)


def test_hub_cost_and_tariff(case: Priced) -> None:
    """The organization's cost rows are hub and reporting less the tariff, which practices pay to the cent."""
    own = case.cost[case.cost["practice"] == ORGANIZATION]
    costs = case.outcome.costs
    expected = costs.organization_total()[0] - costs.tariff_total()[0]
    assert -own["amount_usd"].sum() == pytest.approx(expected, abs=HALF_CENT * len(case.cost))
    tariff = case.cost[case.cost["component"] == "tariff"]
    assert tariff["amount_usd"].sum() == pytest.approx(0.0, abs=1e-6)
    assert (own.loc[own["component"] == "tariff", "amount_usd"] > 0).all()


def test_margin(case: Priced) -> None:
    """New and withheld money plus costs is the network's margin."""
    counted = case.accrual[case.accrual["status"] != "credited"]
    total = counted["amount_usd"].sum() + case.cost["amount_usd"].sum()
    assert total == pytest.approx(case.outcome.margin[0], abs=HALF_CENT * len(case.rows))


@pytest.mark.parametrize("key", ["practice", "payer", "program", "status", "workflow"])
def test_cash_is_accrual_at_another_time(case: Priced, key: str) -> None:
    """Whatever is summed, cash and accrual agree to the cent."""
    cash = case.rows[case.rows["kind"] == "cash"]
    one, other = case.sums(case.accrual, key), case.sums(cash, key)
    pd.testing.assert_series_equal(one, other, atol=1e-6, rtol=0)


def test_costs_are_negative_but_for_the_tariff(case: Priced) -> None:
    """Costs are negative amounts; only the hub's tariff income is positive."""
    positive = case.cost[case.cost["amount_usd"] > 0]
    assert set(positive["component"].astype(str)) <= {"tariff"}
    assert set(positive["practice"].astype(str)) <= {ORGANIZATION}


# Workflows --------------------------------------------------------------------------------------------


def share_of(case: Priced, component: str, practice: str) -> dict[str, float]:
    """Shares of workflows in one component's accrual at a practice."""
    rows = case.accrual[(case.accrual["component"] == component) & (case.accrual["practice"] == practice)]
    sums = case.sums(rows, "workflow")
    return {str(name): float(amount / sums.sum()) for name, amount in sums.items()}


def first_paid(case: Priced, component: str) -> str:
    """A practice to which the component pays."""
    rows = case.accrual[case.accrual["component"] == component]
    return str(rows["practice"].iloc[0])


def test_events_belong_to_the_workflows_that_produce_them(tiny: Catalog) -> None:
    """Visit fees belong to the visits."""
    pricer = pricer_of(tiny)
    case = priced(pricer, everything(pricer))
    assert share_of(case, "visit", first_paid(case, "visit")) == {"wellness_visits": 1.0}


def test_a_gate_of_one_workflow_earns_it_all(tiny: Catalog) -> None:
    """A PMPM that asks for care management belongs to care management."""
    pricer = pricer_of(tiny)
    case = priced(pricer, everything(pricer))
    assert share_of(case, "risk", first_paid(case, "risk")) == {"care_management": 1.0}


def test_improvement_is_shared_by_strength_and_extra_reach(tiny: Catalog) -> None:
    """At full reach beyond none, breast screening is shared in the ratio ln(0.8) to ln(0.98)."""
    pricer = pricer_of(tiny)
    pricer.model.reach_in_place[:] = 0.0
    case = priced(pricer, everything(pricer))
    strengths = {"outreach": -np.log(0.8), "registry": -np.log(0.98)}
    total = sum(strengths.values())
    shares = share_of(case, "bcs", first_paid(case, "bcs"))
    assert shares == pytest.approx({name: part / total for name, part in strengths.items()}, abs=1e-4)


def test_money_without_improvement_has_no_workflow(tiny: Catalog) -> None:
    """When nothing runs beyond today, bounties for gaps that close by themselves belong to no workflow."""
    pricer = pricer_of(tiny)
    nothing = everything(pricer)
    shape = nothing.reach.shape
    nothing = Decisions(np.zeros(shape, dtype=np.int8), np.zeros(shape), nothing.joined)
    case = priced(pricer, nothing)
    assert share_of(case, "bcs", first_paid(case, "bcs")) == {"": 1.0}


def test_savings_belong_to_the_workflows_that_save(tiny: Catalog) -> None:
    """Only care management saves Medicare spending in the tiny catalog, so savings are its own."""
    pricer = pricer_of(tiny, practices=6, seed=3)
    spending = pricer.model.arrays.spending("expenditure_usd")
    spending *= 0.9
    case = priced(pricer, everything(pricer))
    assert share_of(case, "savings", first_paid(case, "savings")) == {"care_management": 1.0}
    assert share_of(case, "savings", ORGANIZATION) == {"care_management": 1.0}


def test_what_is_not_passed_on_stays_with_the_organization(tiny: Catalog) -> None:
    """Of shared savings 80 % reach the practices and 20 % stay."""
    pricer = pricer_of(tiny, practices=6, seed=3)
    spending = pricer.model.arrays.spending("expenditure_usd")
    spending *= 0.9
    case = priced(pricer, everything(pricer))
    rows = case.accrual[case.accrual["component"] == "savings"]
    kept = rows.loc[rows["practice"] == ORGANIZATION, "amount_usd"].sum()
    assert kept / rows["amount_usd"].sum() == pytest.approx(0.2, abs=1e-4)


def test_stated_shares_are_taken_at_their_word() -> None:
    """A component that names its workflows pays them by the stated shares."""
    catalog = load_catalog()
    pricer = pricer_of(catalog)
    case = priced(pricer, everything(pricer))
    named = {clause.component.id: clause for clause in pricer.terms.clauses if clause.component.workflows}
    rows = case.accrual[case.accrual["component"].isin(list(named))]
    assert len(rows)
    for (program, component), group in rows.groupby(["program", "component"], observed=True):
        clause = next(item for item in pricer.terms.clauses if item.key == (program, component))
        stated = {part.workflow for part in clause.component.workflows}
        assert set(group["workflow"].astype(str)) == stated


def test_staff_follows_its_minutes(tiny: Catalog) -> None:
    """Nurses work for care management only, so their cost is care management's."""
    pricer = pricer_of(tiny)
    case = priced(pricer, everything(pricer))
    nurses = case.cost[case.cost["component"] == "registered_nurse"]
    assert set(nurses["workflow"].astype(str)) == {"care_management"}


# Cents, months, grounds -------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=6),
    st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5),
)
def test_split_cents_loses_nothing(totals: list[int], weights: list[float]) -> None:
    """Parts add up to their total, and each is within a cent of its exact share."""
    shares = np.tile(np.array(weights) / sum(weights), (len(totals), 1))
    cents = np.array(totals, dtype=np.int64)
    parts = split_cents(cents, shares)
    assert (parts.sum(axis=1) == cents).all()
    assert (np.abs(parts - cents[:, None] * shares) <= 1 + 1e-6).all()


@pytest.mark.parametrize(
    ("lag", "month"), [(0, "2026-12"), (1, "2027-01"), (6, "2027-06"), (7.5, "2027-08"), (13, "2028-01")]
)
def test_cash_month(lag: float, month: str) -> None:
    """Cash comes the lag after December, counted in whole months."""
    assert cash_month(2026, lag) == month


def test_periods(case: Priced) -> None:
    """Accruals and costs carry the performance year, cash the month of payment."""
    periods = case.rows.groupby("kind", observed=True)["period"].agg(lambda cells: set(cells.astype(str)))
    assert periods["accrual"] == {"2026"}
    assert periods["cost"] == {"2026"}
    assert all(len(month) == 7 and month >= "2026-12" for month in periods["cash"])


def test_confidence_is_the_weakest_of_what_the_dollars_rest_on(tiny: Catalog) -> None:
    """A weak rate weakens its clause; a weak lag weakens only the month, that is the cash row."""
    quoted = Cite(source="s", confidence="quoted")
    secondary = Cite(source="s", confidence="secondary")

    def regraded(path: str, value: Cite) -> Cite:
        weak = path in ("tiny_bounty_2026.components[bcs].cash_lag_months",)
        return value if weak else secondary if path == "tiny_bounty_2026.components[bcs].rate.pays" else quoted

    provenance = tuple(replace(item, cite=regraded(item.path, item.cite)) for item in tiny.provenance)
    pricer = pricer_of(replace(tiny, provenance=provenance))
    case = priced(pricer, everything(pricer))
    rows = case.rows[case.rows["component"] == "bcs"]
    grounds = {str(kind): set(cells.astype(str)) for kind, cells in rows.groupby("kind", observed=True)["confidence"]}
    assert grounds == {"accrual": {"secondary"}, "cash": {"assumption"}}
    fees = case.rows[(case.rows["component"] == "fee") & (case.rows["kind"] == "accrual")]
    assert set(fees["confidence"].astype(str)) <= {"quoted"}


def test_one_scenario_only(tiny: Catalog) -> None:
    """A ledger of several scenarios at once is refused."""
    pricer = pricer_of(tiny)
    one = everything(pricer)
    two = Decisions(*(np.concatenate([part, part]) for part in (one.delivery, one.reach, one.joined)))
    outcome = pricer.price(two)
    with pytest.raises(ValueError, match="one scenario, found 2"):
        ledger(pricer, outcome)


@pytest.mark.long
def test_ten_thousand_practices() -> None:
    """The ledger of ten thousand practices still reconciles, half a cent of rounding a row."""
    case = random_case(load_catalog(), practices=10_000, seed=1)
    counted = case.rows[case.rows["kind"].isin(["accrual", "cost"]) & (case.rows["status"] != "credited")]
    allowed = HALF_CENT * len(counted)
    assert counted["amount_usd"].sum() == pytest.approx(case.outcome.margin[0], abs=allowed)
