"""A payer's own side: complete for the payer, empty of everybody else."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.scenario import RateOverride, Scenario
from critmass.network import sample_network
from critmass.studies.confidentiality.own_side import OwnSide, own_side
from critmass.studies.confidentiality.own_view import PAYER_SEES, own_rates, payer_tables
from critmass.studies.confidentiality.tables import own_money
from critmass.studies.settle import settle_network
from many_payers import LINE, network_of_many
from plans import TINY

PATH = "joint.components[own].rate.pays"


def payment(name: str, **more: Any) -> dict[str, Any]:
    """A dollar a member."""
    return {
        "id": name, "label": name, "clause": name, "payment_stream": "ccf", "apm_category": "2A",
        "quantity": {"kind": "members"}, "rate": {"kind": "constant", "pays": 1}, **more,
    }  # fmt: skip


def joint_catalog(*components: dict[str, Any]) -> Catalog:
    """One program of payer_1 with payments of its own and of payer_2."""
    file = CatalogFile.model_validate(
        {
            "cite": {"assumption": True, "reason": "made up for tests"},
            "payers": [{"id": f"payer_{at}", "label": "", "lines_of_business": [LINE]} for at in range(1, 9)],
            "programs": [
                {
                    "id": "joint", "label": "joint", "payer": "payer_1", "performance_year": 2026,
                    "lines_of_business": [LINE], "effective": {"from": "2026-01-01", "to": "2026-12-31"},
                    "status": "complete", "reporting": {"fixed_usd": 777}, "components": list(components),
                }
            ],
        }
    )  # fmt: skip
    return load_catalog([TINY / "care.yaml"], shipped=False, parsed=[("joint.yaml", file)])


def side(payer: str, *components: dict[str, Any], **scenario: Any) -> OwnSide:
    """A payer's side of the joint program."""
    return own_side(network_of_many(2), joint_catalog(*components), Scenario(**scenario), payer)


def terms(found: OwnSide) -> set[str]:
    """Paths of the numbers that the payer sees."""
    return set(own_rates(found)["term"])


def test_a_program_of_two_payers_is_divided() -> None:
    """Each payer sees its own payment; the reporting that the owner asks for is the owner's."""
    both = (payment("own"), payment("other", payer="payer_2"))
    assert terms(side("payer_1", *both)) == {PATH, "joint.reporting.fixed_usd"}
    other = side("payer_2", *both)
    assert terms(other) == {"joint.components[other].rate.pays"}
    assert "777" not in repr(other.catalog.programs) + repr(other.catalog.provenance)
    assert terms(side("payer_3", *both)) == set()


def test_a_program_that_looks_at_anothers_payment_is_left_out() -> None:
    """What payer_2 takes back of what payer_1 pays would tell payer_2 the amount."""
    share = payment("back", payer="payer_2", quantity={"kind": "paid_by", "component": "own"})
    both = (payment("own"), share)
    assert side("payer_2", *both).catalog.programs == {}
    assert terms(side("payer_1", *both)) == {PATH, "joint.reporting.fixed_usd"}


def test_overrides_of_others_are_dropped_and_own_ones_kept() -> None:
    """A rate that the scenario tries for one payer stays with that payer."""
    both = (payment("own"), payment("other", payer="payer_2"))
    tried = {"overrides": (RateOverride(path=PATH, value=9.0),)}
    assert own_rates(side("payer_1", *both, **tried)).set_index("term").loc[PATH, "value"] == 9.0
    assert side("payer_2", *both, **tried).scenario.overrides == ()


@pytest.mark.parametrize("payer", ["bcbsm", "humana", "medicare", "meridian", "priority_health", "uhc"])
def test_an_own_side_pays_what_the_whole_pays(payer: str, shipped_catalog: Catalog) -> None:
    """Under the shipped catalog each payer's money as things stand is that of the settlement of everybody."""
    network = sample_network(3, 5, shipped_catalog)
    _, ledger = settle_network(network, shipped_catalog)
    rows = ledger[(ledger["payer"] == payer) & (ledger["kind"] != "cost")]
    own = payer_tables(own_side(network, shipped_catalog, Scenario(), payer))[2].frame
    pd.testing.assert_frame_equal(own, own_money(rows, PAYER_SEES), atol=0.011)


def test_a_payer_without_members_sees_nothing() -> None:
    """No practice is left, and the view is empty instead of an error."""
    network = network_of_many(2)
    found = own_side(network, joint_catalog(payment("own")), Scenario(), "nobody")
    assert found.network.practices == ()
    assert [len(table.frame) for table in payer_tables(found)] == [0, 0, 0]
