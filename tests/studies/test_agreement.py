"""Where plans, the model and the enumeration once disagreed, each cause as the smallest instance that shows it."""

from __future__ import annotations

from agreement import check_plan, check_whole_model
from critmass import SolveOptions, plan
from random_instances import Instance
from small_instances import component, effect, program, small_instance, workflow


def agrees(instance: Instance) -> None:
    """Plan, whole model and enumeration give the same."""
    check_plan(instance)
    check_whole_model(instance)


def test_a_bonus_and_what_takes_it_back_are_audited_apart() -> None:
    """What takes back more than was paid is worth most where the rows leave the bonus at nothing."""
    advance = {"kind": "fact", "name": "advance"}
    bonus = component("bonus", quantity={"kind": "numerator", "measure": "M"}, limits=[{"kind": "floor", "usd": 0}])
    back = component(
        "back", quantity={"kind": "paid_by", "component": "bonus"}, rate={"kind": "constant", "pays": -2},
        limits=[{"kind": "floor", "rate": -1, "of": advance}],
    )  # fmt: skip
    programs = program("taken_back", bonus, back, component("fee"))
    instance = small_instance(programs, workflows=(workflow("one", effects=[effect(0.5)]),))
    agrees(instance)
    found = plan(instance.network, instance.catalog, instance.scenario, SolveOptions(workers=1))
    assert found.outcome.settled.paid[:, 0, 0].tolist() == [44.0, -88.0, 100.0]
    assert not any("bonus" in check for check in found.settlement_checks)


def test_what_a_forced_program_requires_is_kept() -> None:
    """The greedy start once dropped a program that did not pay, and with it the one that must be held."""
    asked = program("asked", component(), cost_usd=500)
    forced = program("forced", component(), cost_usd=500, voluntary=False, requires=["asked"])
    agrees(small_instance(asked, forced))
