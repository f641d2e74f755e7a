"""What a payer sees of a coordination of payers: nothing of it by default, and with consents its own part alone."""

from __future__ import annotations

import datetime
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.report.view import view_document
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.studies.confidentiality import Book, ConsentLedger, ReleaseLog, View, ViewRequest, view_of
from critmass.studies.confidentiality.consents import ConsentError
from critmass.studies.coordinate.benefit import Benefits
from critmass.studies.coordinate.offers import Offers, on_offer
from critmass.studies.plan import Plan
from many_payers import PAYERS, catalog_of_many, consents_of_all, network_of_many, plan_of_many
from plans import plan_by_hand

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
PURPOSE = "joint bonus"
GIVEN = consents_of_all(PURPOSE)
OWN = ("own_offers", "own_outcomes", "part_without_offers", "part_of_plan")


def coordinated(seed: int = 1, catalog: Catalog | None = None) -> Book:
    """Offers of random size of every payer to every practice, which all run everything."""
    catalog = catalog or catalog_of_many()
    network, random = network_of_many(), np.random.default_rng(seed)
    offers = Offers.of(network.practices, PAYERS, random.uniform(1_000, 1_400, (len(network.practices), len(PAYERS))))
    offered = on_offer(network, catalog, Scenario(), offers)
    return Book(_all_done(plan_by_hand(offered.network, offered.catalog)), catalog, plan_of_many(catalog))


def _all_done(plan: Plan) -> Plan:
    made = plan.outcome.decisions
    every = replace(
        made, delivery=np.ones_like(made.delivery), reach=np.ones_like(made.reach), joined=np.ones_like(made.joined)
    )
    terms = terms_in_force(plan.catalog, plan.network, plan.scenario)
    return replace(
        plan, terms=terms, outcome=Pricer(Model(plan.network, plan.catalog, plan.scenario), terms).price(every)
    )


@cache
def book() -> Book:
    """One coordination, made once."""
    return coordinated()


@pytest.fixture
def log(tmp_path: Path) -> ReleaseLog:
    """An empty log."""
    return ReleaseLog(tmp_path / "releases.jsonl")


def view(found: Book, log: ReleaseLog, consents: ConsentLedger | None = None, purpose: str = "") -> View:
    """What payer_2 sees."""
    return view_of(found, ViewRequest("payer:payer_2", "floor_5_25", NOW, purpose), consents, log)


def own_offers(found: Book) -> dict[str, float]:
    """What payer_2 offers by practice, from the network itself."""
    facts = found.plan.network.table("Facts")
    rows = facts[facts["fact"] == "bundle_bonus_payer_2_usd"]
    return dict(zip(rows["practice"], rows["value"], strict=True))


def test_by_default_nothing_of_it_is_seen(log: ReleaseLog) -> None:
    """The default view is that of the plan without offers: what payers offer rests on the terms of all."""
    found = view(book(), log)
    without = view(Book(plan_of_many(), catalog_of_many()), log)
    assert view_document(found).tables == view_document(without).tables
    assert found.release.fed_by == without.release.fed_by
    assert "bundle_bonus" not in view_document(found).model_dump_json()


@pytest.mark.parametrize("seed", range(2, 6))
def test_default_views_are_the_same_under_all_offers(seed: int, log: ReleaseLog) -> None:
    """Whatever a coordination comes to, no default view tells."""
    one, other = view(book(), log), view(coordinated(seed), log)
    assert view_document(one).tables == view_document(other).tables


def test_with_consents_its_own_part_is_seen(log: ReleaseLog) -> None:
    """Its offers, what is drawn of them, what outcomes are worth to it, and sums of others; no other payer by name."""
    found = view(book(), log, GIVEN, PURPOSE)
    offers = found.table("own_offers").frame
    assert dict(zip(offers["practice"], offers["offered_usd"], strict=True)) == own_offers(book())
    part = found.table("part_of_plan").frame
    bonus = part[(part["program"] == "bundle_bonus_payer_2") & (part["kind"] == "accrual")]
    assert offers["drawn_usd"].sum() == pytest.approx(bonus["amount_usd"].sum(), abs=0.005)
    assert offers["drawn_usd"].sum() == pytest.approx(sum(own_offers(book()).values()), abs=0.005)
    others = [name for name in PAYERS if name != "payer_2"]
    assert not [name for name in others if name in view_document(found).model_dump_json()]
    assert {row.payer for row in found.release.consents} == set(others)
    assert "plan_without_offers" in found.release.fed_by


def test_outcomes_are_those_of_its_members(log: ReleaseLog) -> None:
    """By level of the intervals, in all, and not by practice."""
    shown = view(book(), log, GIVEN, PURPOSE).table("own_outcomes").frame
    assert list(shown.columns) == ["level", "outcomes_usd"]
    without = book().without
    assert without is not None
    model = Model(without.network, without.catalog, without.scenario)
    for level, worth in shown.itertuples(index=False):
        priced = Benefits(model, without.terms, PAYERS, level)
        gain = priced.usd(book().plan.outcome.decisions) - priced.usd(without.outcome.decisions)
        assert worth == pytest.approx(float(gain[0, :, PAYERS.index("payer_2")].sum()), abs=0.01)


def test_nothing_else_gets_through(log: ReleaseLog) -> None:
    """Other terms of another payer, and other offers of it, move sums that are shown and nothing else."""
    catalog = catalog_of_many(payer_5=21.0)
    changed = coordinated(catalog=catalog)
    facts = changed.plan.network.table("Facts")
    moved = facts["value"].where(facts["fact"] != "bundle_bonus_payer_5_usd", facts["value"] + 7.0)
    network = replace(changed.plan.network, tables={**changed.plan.network.tables, "Facts": facts.assign(value=moved)})
    other = replace(changed, plan=_all_done(replace(changed.plan, network=network)))
    before, after = (view(item, log, GIVEN, PURPOSE) for item in (book(), other))
    for one, two in zip(before.tables, after.tables, strict=True):
        if one.name != "sums_of_money":
            pd.testing.assert_frame_equal(one.frame, two.frame)
    assert {table.name for table in before.tables if table.basis == "own_part_of_plan"} == set(OWN)


def test_a_missing_consent_refuses_it_whole(log: ReleaseLog) -> None:
    """As with a plan: nothing is shown, nothing is logged."""
    with pytest.raises(ConsentError, match="payer_8, aggregates"):
        view(book(), log, ConsentLedger(GIVEN.rows[:-1]), PURPOSE)
    assert log.read() == ()
