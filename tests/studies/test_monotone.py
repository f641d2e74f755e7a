"""Payments that fall as performance improves: what is found, where, and why."""

from __future__ import annotations

from typing import Any

import pytest

from critmass.catalog import load_catalog
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.programs import Component
from critmass.domain.walk import words_in
from critmass.studies.monotone import PayoutCheck, PayoutFall, Stretch, check_payouts
from plans import TINY

Words = dict[str, Any]

BCS: Words = {"kind": "rate", "measure": "BCS"}
MEMBERS: Words = {"kind": "members"}
SAVED: Words = {"kind": "savings_rate"}


def constant(pays: float) -> Words:
    """The same rate whatever happens."""
    return {"kind": "constant", "pays": pays}


def steps(*rows: tuple[float, float]) -> Words:
    """A step table."""
    return {"kind": "steps", "rows": [{"at_least": at, "pays": pays} for at, pays in rows]}


def gate(driver: Words, **comparison: Any) -> Words:
    """A gate on a driver."""
    return {"kind": "test", "driver": driver, **comparison}


def counted(kind: str, measure: str) -> Words:
    """A quantity that counts members of a measure."""
    return {"kind": kind, "measure": measure}


def component(name: str, quantity: Words, rate: Words, **more: Any) -> Words:
    """A component with what every one must have."""
    frame = {"id": name, "label": name, "clause": "x", "payment_stream": "p4p", "apm_category": "2C"}
    return {**frame, "quantity": quantity, "rate": rate, **more}


def checked(*components: Words) -> PayoutCheck:
    """What is found for one program of the components, without those of the tiny catalog."""
    program = {
        "id": "small", "label": "Small", "payer": "bcbsm", "performance_year": 2026,
        "lines_of_business": ["commercial"], "effective": {"from": "2026-01-01", "to": "2026-12-31"},
        "status": "complete", "components": list(components),
    }  # fmt: skip
    tree = {"cite": {"assumption": True, "reason": "made up for tests"}, "programs": [program]}
    file = CatalogFile.model_validate(tree)
    found = check_payouts(load_catalog([TINY], shipped=False, parsed=[("small.yaml", file)]))
    return PayoutCheck(
        found.components, found.looked_at,
        tuple(key for key in found.unpaid if key[0] == "small"),
        tuple(fall for fall in found.falls if fall.program == "small"),
    )  # fmt: skip


def falls(*components: Words) -> dict[tuple[str, str], PayoutFall]:
    """Falls of the components by component and way."""
    return {(fall.component, fall.way): fall for fall in checked(*components).falls}


def assert_stretch(found: Stretch, start: float, stop: float, before: float, after: float) -> None:
    """A stretch has these ends and amounts."""
    assert (found.start, found.stop) == pytest.approx((start, stop))
    assert (found.before_usd, found.after_usd) == pytest.approx((before, after))
    assert found.fall_usd == pytest.approx(before - after)


# A made-up catalog ------------------------------------------------------------------------------------


def test_a_bounty_per_gap_falls_from_year_to_year() -> None:
    """Whoever closes a third of fewer open gaps is paid for fewer; within the year every gap closed pays."""
    found = falls(component("bounty", counted("gaps_closed", "BCS"), constant(30)))
    assert set(found) == {("bounty", "year_to_year")}
    fall = found["bounty", "year_to_year"]
    assert (fall.driver, fall.reasons, fall.setting, fall.members) == ("BCS", ("open_gaps",), "typical", 1000)
    (stretch,) = fall.stretches
    assert_stretch(stretch, 0.0, 1.0, 30 * 200 / 3, 0.0)


def test_an_improvement_gate_falls_from_year_to_year_alone() -> None:
    """Past 85 % a third of what is left is less than five points, so that a good practice loses the payment."""
    gained = gate({"kind": "improvement", "measure": "BCS"}, at_least=0.05)
    found = falls(component("gained", counted("numerator", "BCS"), constant(10), gates=[gained]))
    assert set(found) == {("gained", "year_to_year")}
    fall = found["gained", "year_to_year"]
    assert fall.reasons == ("improvement",)
    (stretch,) = fall.stretches
    assert_stretch(stretch, 0.85, 0.855, 10 * 180, 0.0)


@pytest.mark.parametrize("quantity", [MEMBERS, {"kind": "member_months"}, counted("numerator", "BCS")])
def test_a_plain_step_bonus_never_falls(quantity: Words) -> None:
    """Steps that rise with a rate pay more for more, and are seen to pay."""
    found = checked(component("bonus", quantity, steps((0.6, 1), (0.8, 3)), driver=BCS))
    assert (found.falls, found.unpaid) == ((), ())


def test_an_inverse_count_falls() -> None:
    """Money for each readmission shrinks as readmissions do, in both ways."""
    found = falls(component("stays", counted("numerator", "PCR"), constant(5)))
    assert set(found) == {("stays", "within_year"), ("stays", "year_to_year")}
    assert all(fall.reasons == ("inverse_count",) for fall in found.values())
    assert_stretch(found["stays", "within_year"].largest, 1.0, 0.0, 1000.0, 0.0)
    assert_stretch(found["stays", "year_to_year"].largest, 1.0, 0.0, 1000.0 * 2 / 3, 0.0)


def test_a_step_table_for_an_inverse_rate_does_not_fall() -> None:
    """Descending thresholds reward a lower rate: a rise."""
    table = {**steps((0.2, 1), (0.1, 3)), "descending": True}
    found = checked(component("fewer", MEMBERS, table, driver={"kind": "rate", "measure": "PCR"}))
    assert (found.falls, found.unpaid) == ((), ())


def test_a_good_table_is_not_blamed_for_an_inverse_count() -> None:
    """Where stays are counted and the rate per stay rises as they shrink, the count is the reason, not the table."""
    table = {**steps((0.2, 5), (0.1, 6)), "descending": True, "otherwise": 4}
    stays = component("stays", counted("numerator", "PCR"), table, driver={"kind": "rate", "measure": "PCR"})
    assert falls(stays)["stays", "within_year"].reasons == ("inverse_count",)


def test_a_table_that_pays_for_more_stays_falls() -> None:
    """Steps that rise with an inverse rate pay the best performance least."""
    table = steps((0.1, 1), (0.2, 3))
    found = falls(component("wrong", MEMBERS, table, driver={"kind": "rate", "measure": "PCR"}))
    assert found["wrong", "within_year"].reasons == ("falling_schedule",)
    assert_stretch(found["wrong", "within_year"].stretches[0], 0.2, 0.195, 3000.0, 1000.0)


def test_a_loss_that_grows_with_quality_is_found() -> None:
    """What is owed is looked at with a tenth overspent, where there is something to owe."""
    losing = gate(SAVED, at_most=-0.02)
    owed = component("owed", {"kind": "savings"}, constant(0.3), multipliers=[{"driver": BCS}], gates=[losing])
    fall = falls(owed)["owed", "within_year"]
    assert (fall.setting, fall.reasons) == ("costly", ("penalty",))
    assert_stretch(fall.largest, 0.0, 1.0, 0.0, -30_000.0)


def test_shared_savings_and_losses_never_fall_with_the_savings_rate() -> None:
    """Savings shared above a threshold rise, and losses owed below one shrink."""
    shared = component("shared", {"kind": "savings"}, constant(0.5), gates=[gate(SAVED, at_least=0.02)])
    owed = component("owed", {"kind": "savings"}, constant(0.3), gates=[gate(SAVED, at_most=-0.02)])
    found = checked(shared, owed)
    assert (found.falls, found.unpaid) == ((), ())


def test_a_falling_step_table_is_found_with_its_place() -> None:
    """The one step down of a table, between its grid points, with what is lost for 1,000 members."""
    found = falls(component("odd", MEMBERS, steps((0.5, 2), (0.8, 3), (0.9, 1)), driver=BCS))
    fall = found["odd", "within_year"]
    assert fall.reasons == ("falling_schedule",)
    (stretch,) = fall.stretches
    assert_stretch(stretch, 0.895, 0.9, 3000.0, 1000.0)


def test_every_stretch_is_kept_and_the_costliest_named() -> None:
    """Two steps down are two stretches."""
    found = falls(component("odd", MEMBERS, steps((0.5, 2), (0.6, 1), (0.7, 5), (0.8, 1)), driver=BCS))
    fall = found["odd", "within_year"]
    assert [round(stretch.fall_usd) for stretch in fall.stretches] == [1000, 4000]
    assert fall.largest.stop == pytest.approx(0.8)


def test_a_gate_that_closes_to_the_best() -> None:
    """A payment for rates below a threshold ends there."""
    found = falls(component("help", MEMBERS, constant(2), gates=[gate(BCS, below=0.6)]))
    fall = found["help", "within_year"]
    assert fall.reasons == ("closing_gate",)
    assert_stretch(fall.largest, 0.595, 0.6, 2000.0, 0.0)


def test_a_penalty_for_each_compliant_member() -> None:
    """A charge that grows with good results is called a penalty where its words say nothing else."""
    found = falls(component("charge", counted("numerator", "BCS"), constant(-1)))
    assert found["charge", "within_year"].reasons == ("penalty",)
    assert_stretch(found["charge", "within_year"].largest, 0.0, 1.0, 0.0, -200.0)


def test_a_constant_withhold_is_no_fall() -> None:
    """Money kept back whatever the results costs the same everywhere; returned by quality, its cost shrinks."""
    kept = component("kept", MEMBERS, constant(-5), money="withheld")
    returned = {"kind": "piecewise_linear", "points": [{"at": 0, "pays": 1}, {"at": 1, "pays": 0}]}
    by_quality = component("by_quality", MEMBERS, constant(-5), multipliers=[{"driver": BCS, "schedule": returned}])
    assert checked(kept, by_quality).falls == ()


def test_money_taken_back_falls_as_what_it_comes_from_rises() -> None:
    """An advance recouped from a bonus costs more where the bonus is paid."""
    bonus = component("bonus", MEMBERS, steps((0.8, 3)), driver=BCS)
    back = component("back", {"kind": "paid_by", "component": "bonus"}, constant(-0.5))
    found = falls(bonus, back)
    assert set(found) == {("back", "within_year"), ("back", "year_to_year")}
    assert found["back", "within_year"].reasons == ("taken_back",)
    assert_stretch(found["back", "within_year"].largest, 0.795, 0.8, 0.0, -1500.0)


def test_money_on_spending_falls_as_savings_grow() -> None:
    """A share of expenditure shrinks with it, from a fifth overspent to a fifth saved."""
    found = falls(component("share", {"kind": "expenditure"}, constant(0.01)))
    fall = found["share", "savings"]
    assert (fall.driver, fall.reasons) == ("savings_rate", ("expenditure",))
    assert_stretch(fall.largest, -0.2, 0.2, 12_000.0, 8_000.0)


def test_as_many_members_as_a_gate_asks_for() -> None:
    """A contract for 5,000 members is looked at with 5,000."""
    size = gate({"kind": "members"}, at_least=5000)
    found = falls(component("large", counted("gaps_closed", "BCS"), constant(30), gates=[size]))
    assert found["large", "year_to_year"].members == 5000


def test_everything_else_is_good_where_typical_values_pay_nothing() -> None:
    """A falling table behind another measure's high threshold is still found."""
    high = gate({"kind": "rate", "measure": "CBP"}, at_least=0.9)
    found = falls(component("odd", MEMBERS, steps((0.5, 2), (0.8, 1)), driver=BCS, gates=[high]))
    assert found["odd", "within_year"].setting == "good"
    assert_stretch(found["odd", "within_year"].largest, 0.795, 0.8, 2000.0, 1000.0)


def test_what_never_pays_is_said() -> None:
    """A component whose gate stays shut at every value is named, for nothing is known of it."""
    shut = gate({"kind": "denominator", "measure": "CBP"}, at_least=10_000)
    found = checked(component("shut", counted("gaps_closed", "BCS"), constant(30), gates=[shut]))
    assert (found.falls, found.unpaid) == ((), (("small", "shut"),))


def test_a_pool_is_shared_with_peers() -> None:
    """A pool of $1 for each member of ten practices, split by stays, pays a practice less the fewer it has."""
    pool = {"kind": "pool_share", "pool_usd": MEMBERS, "weight": {"of": counted("numerator", "PCR")}}
    fall = falls(component("pool", pool, constant(1)))["pool", "within_year"]
    ten_practices, nine_peers = 10 * 1000.0, 9 * 0.15
    assert_stretch(fall.largest, 1.0, 0.0, ten_practices / (1.0 + nine_peers), 0.0)


def test_a_component_for_those_outside_pays() -> None:
    """What is owed by practices that did not join is settled as such."""
    found = falls(component("outside", counted("gaps_closed", "BCS"), constant(30), applies="not_joined"))
    assert set(found) == {("outside", "year_to_year")}


def test_progress_counts_components() -> None:
    """Every component is reported once, in order, out of all."""
    said: list[tuple[int, int]] = []
    found = check_payouts(load_catalog([TINY], shipped=False), lambda done, of: said.append((done, of)))
    assert said == [(place + 1, found.components) for place in range(found.components)]
    assert 0 < found.looked_at <= found.components


# The shipped catalog ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped(shipped_catalog: Catalog) -> PayoutCheck:
    """What is found in the catalog that comes with the product."""
    return check_payouts(shipped_catalog)


def test_improvement_gated_bounties_pay_the_better_practice_less(
    shipped: PayoutCheck, shipped_catalog: Catalog
) -> None:
    """Every improvement-gated bounty of MVP falls from year to year, to nothing past 85 %, and not within it."""
    gated = {
        item.id
        for item in shipped_catalog.programs["mvp_qip_2024"].components
        if any(isinstance(word, v.Improvement) for word in words_in(item))
    }
    mine = [fall for fall in shipped.falls if fall.program == "mvp_qip_2024" and fall.component in gated]
    assert gated
    assert {fall.component for fall in mine} == gated
    for fall in mine:
        assert (fall.way, fall.reasons) == ("year_to_year", ("improvement", "open_gaps"))
        assert fall.largest.stop == pytest.approx(0.855)
        assert fall.largest.after_usd == 0.0


def is_plain_step_bonus(item: Component) -> bool:
    """Whether a component pays by a rising step table, and asks neither for gains nor for open gaps."""
    words = tuple(words_in(item))
    gains = any(isinstance(word, v.Improvement | v.Gain | v.GapsClosed) for word in words)
    scored = any(word.improvement is not None for word in words if isinstance(word, v.ScoredMeasure))
    looks = any(isinstance(word, v.Rate | v.MeasuresMet | v.ScoredMeasure) for word in words)
    return isinstance(item.rate, v.Steps) and looks and not gains and not scored


def test_no_plain_step_bonus_is_listed(shipped: PayoutCheck, shipped_catalog: Catalog) -> None:
    """A step table that looks at results, and neither at gains nor at open gaps, is never among the falls."""
    plain = {
        (program.id, item.id)
        for program in shipped_catalog.programs.values()
        for item in program.components
        if is_plain_step_bonus(item)
    }
    assert len(plain) > 5
    assert not plain & {(fall.program, fall.component) for fall in shipped.falls}


def test_no_shipped_contract_pays_less_for_more_savings(shipped: PayoutCheck) -> None:
    """Neither savings nor this year's results alone are ever paid less for: falls are from year to year."""
    assert {fall.way for fall in shipped.falls} == {"year_to_year"}


def test_every_shipped_fall_is_explained(shipped: PayoutCheck) -> None:
    """The words of each component tell why it falls."""
    assert all(fall.reasons for fall in shipped.falls)
    assert {reason for fall in shipped.falls for reason in fall.reasons} == {"improvement", "open_gaps"}


def test_points_for_improvement_are_lost_before_those_for_attainment(shipped: PayoutCheck) -> None:
    """Where a good rate is too high to gain a tenth and too low for the top step, points fall."""
    (fall,) = [item for item in shipped.falls if item.component == "points" and item.driver == "CBP"]
    assert (fall.program, fall.setting) == ("uhc_ma_pcpi_points_2025", "good")
    assert_stretch(fall.largest, 0.685, 0.69, 200_000.0, 125_000.0)
