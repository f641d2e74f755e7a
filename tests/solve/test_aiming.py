"""What plans of many practices aim at, and what practices may claim of it."""

from __future__ import annotations

import numpy as np
import pytest

from critmass.formulation.network_model import NetworkModel
from critmass.solve.aiming import Aims
from critmass.solve.columns import Pool, Stage
from critmass.solve.masters import Masters
from critmass.solve.nodes import Node
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})
AS_MUCH = 0.4
"""Part of the most that a payment can be."""


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Five practices, with the links that all of them share."""
    return formulated(5).with_shared_links_only()


def _paid(model: NetworkModel, part: float) -> dict[str, float]:
    return {name: part * model.organization.bounds(name)[1] for name in model.pooled_payments}


def test_claims_stay_below_what_is_paid(model: NetworkModel) -> None:
    """A practice that claims all it may is at mass when the payment is settled; what is certain is claimed whole."""
    aims = Aims(model, Masters(model, Pool(len(model.blocks)), 0), 0)
    aims._paid = _paid(model, AS_MUCH)
    below = 0
    for place, caps in enumerate(aims.at(Node({}, np.inf, 0), 1.0).caps or []):
        block = model.blocks[place]
        for payer, parts in model.claim_shares[place].items():
            paid = sum(share * aims._paid[name] for name, share in parts.items())
            high, most = caps[f"claim[{payer}]"][1], block.upper[block.position[f"claim[{payer}]"]]
            assert high == most or paid - 2.0 <= high <= paid - 0.5
            below += high < most
    assert below


def test_a_plan_that_claims_nothing_keeps_every_cap(model: NetworkModel) -> None:
    """Also where a payment pays nothing: else no plan would be left to choose."""
    aims = Aims(model, Masters(model, Pool(len(model.blocks)), 0), 0)
    aims._paid = dict.fromkeys(model.pooled_payments, 0.0)
    caps = aims.at(Node({}, np.inf, 0), 1.0).caps or []
    assert any(caps)
    assert all(low <= 0.0 <= high for each in caps for low, high in each.values())


def test_the_better_aim_is_kept(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Practices are priced to claim what is aimed at, so that an aim stays until another one is worth more: by whole
    decisions where with mixed ones they are near. Other contracts have aims of their own."""
    aims = Aims(model, Masters(model, Pool(len(model.blocks)), 0), 0)
    mixed, whole = {0.2: 10.0, 0.3: 9.95, 0.4: 10.5, 0.5: 9.9, 0.6: 9.0}, {0.2: 8.5, 0.3: 9.0, 0.4: 8.6, 0.5: 8.9}
    parts = {tuple(_paid(model, part).values()): part for part in mixed}

    def worth(_stage: Stage, aimed: Node, *, whole_: bool = False) -> float:
        return (whole if whole_ else mixed)[parts[tuple(aimed.paid.values())]]

    monkeypatch.setattr(aims, "_worth", lambda stage, aimed, whole=False: worth(stage, aimed, whole_=whole))
    node, other = Node({"gate[b]": (1.0, 1.0)}, np.inf, 0), Node({"join[a]": (1.0, 1.0)}, np.inf, 1)
    kept = []
    for part in mixed:
        found = aims.better(STAGE, node, aims._node(node, _paid(model, part)))
        kept.append(parts[tuple(found.paid.values())])
        assert aims.best(STAGE, node).paid == found.paid
    assert kept == [0.2, 0.3, 0.3, 0.3, 0.3]
    whole |= {0.3: -1e6, 0.4: -1e6}
    assert aims.better(STAGE, node, aims._node(node, _paid(model, 0.4))).paid == _paid(model, 0.4)
    monkeypatch.setattr(aims, "_whole", lambda *_: _paid(model, 0.5))
    monkeypatch.setattr(aims, "_worth", lambda *_, **_whole: 1.0)
    assert aims.best(STAGE, other).paid == _paid(model, 0.5)


def test_a_node_aims_within_its_part_of_a_payment(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """At what can be made there, or anywhere where nothing can be made there. Steps and gates are free."""
    aims = Aims(model, Masters(model, Pool(len(model.blocks)), 0), 0)
    name = next(item for item in model.pooled_payments if model.organization.bounds(item)[1] > 0.0)
    cap = _paid(model, AS_MUCH)[name]
    asked: list[Node] = []

    def within(_stage: Stage, node: Node, _seconds: float) -> dict[str, float]:
        asked.append(node)
        return {name: cap} if name in node.fixed else {name: 0.5 * cap}

    monkeypatch.setattr(aims.masters, "whole_payments", within)
    monkeypatch.setattr(aims, "_worth", lambda *_, **_whole: 0.0)
    node = Node({name: (0.0, cap), "join[a]": (1.0, 1.0), "gate[b]": (1.0, 1.0)}, np.inf, 0)
    assert aims._whole(STAGE, node) == {name: cap}
    assert list(asked[-1].fixed) == [name, "join[a]"]
    assert aims._whole(STAGE, Node({"join[a]": (1.0, 1.0)}, np.inf, 0)) == {name: 0.5 * cap}
    monkeypatch.setattr(aims.masters, "whole_payments", lambda _, node, __: {} if name in node.fixed else {name: 0.5})
    assert aims._whole(STAGE, node) == {name: 0.5}
