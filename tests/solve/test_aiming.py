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


def test_what_was_aimed_at_before_is_tried_again(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Columns claim what was aimed at; when the master makes a little less next time, they still fit."""
    aims = Aims(model, Masters(model, Pool(len(model.blocks)), 0), 0)
    made = iter((0.4, 0.39, 0.41))
    monkeypatch.setattr(aims.masters, "whole_payments", lambda *_: _paid(model, next(made)))
    worth = {0.4: 10.0, 0.39: 5.0, 0.41: 12.0}
    values = {tuple(_paid(model, part).values()): value for part, value in worth.items()}
    monkeypatch.setattr(aims, "_worth", lambda _, aimed, **_whole: values.get(tuple(aimed.paid.values()), 0.0))
    found = [aims.best(STAGE, Node({}, np.inf, 0)).paid for _ in worth]
    assert found == [_paid(model, part) for part in (0.4, 0.4, 0.41)]


def test_a_node_aims_within_its_part_of_a_payment(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """At what can be made there, a little above the node's own cap, for practices were priced to claim up to that; and
    anywhere where nothing can be made there. Steps and gates are free."""
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
    assert aims._whole(STAGE, node) == {name: pytest.approx(1.0001 * cap, rel=1e-9)}
    assert list(asked[-1].fixed) == [name, "join[a]"]
    assert aims._whole(STAGE, Node({name: (0.0, 2.0 * cap)}, np.inf, 0)) == {name: cap}
    assert aims._whole(STAGE, Node({"join[a]": (1.0, 1.0)}, np.inf, 0)) == {name: 0.5 * cap}
    monkeypatch.setattr(aims.masters, "whole_payments", lambda _, node, __: {} if name in node.fixed else {name: 0.5})
    assert aims._whole(STAGE, node) == {name: 0.5}
