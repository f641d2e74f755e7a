"""A coordination's folder: it reads back as the same plans, and its offers are a catalog like any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from critmass.catalog import load_catalog
from critmass.catalog.load import read_catalog_file
from critmass.domain.errors import InputError
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.network import load_network
from critmass.report.coordinating import coordinating_document
from critmass.report.coordination_files import read_book, write_coordination
from critmass.studies.coordinate.offers import Offers, offers_file, on_offer
from critmass.studies.coordinate.propose import Coordination, Proposal, payers_of
from critmass.studies.coordinate.target import parse_target
from plans import TINY, plan_by_hand, small_plan, tiny_catalog


@pytest.fixture(autouse=True)
def tiny_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny catalog stands for the shipped one."""
    monkeypatch.setattr("critmass.report.plan_inputs.load_catalog", lambda dirs: tiny_catalog())


def offers() -> Offers:
    """Every payer offers something at the first two practices."""
    plan = small_plan()
    payers = payers_of(plan.network)
    usd = np.zeros((len(plan.network.practices), len(payers)))
    usd[:2] = 1_234.56
    return Offers.of(plan.network.practices, payers, usd)


def by_hand() -> Coordination:
    """A coordination with plans by hand."""
    plan = small_plan()
    offered = on_offer(plan.network, plan.catalog, plan.scenario, offers())
    together = plan_by_hand(offered.network, offered.catalog)
    proposal = Proposal(offers(), together, verified=True, proved=False, rounds=1, spend_usd=0.0, change_usd=0.0)
    return Coordination(
        network=plan.network, scenario=plan.scenario, target=parse_target("1", plan.network), options=SolveOptions(),
        today=plan, reached_today=False, proposal=proposal, bound_usd=0.0, schemes=(), most_pmpm_usd={},
        wall_seconds=1.0,
    )  # fmt: skip


def written(found: Coordination, out: Path) -> Path:
    """The folder of a coordination."""
    write_coordination(found, coordinating_document(found), out)
    return out


def test_both_plans_read_back(tmp_path: Path) -> None:
    """The plan under the offers with its offers, and the one without."""
    found = by_hand()
    assert found.proposal is not None
    book = read_book(written(found, tmp_path / "out"))
    assert book.without is not None
    assert book.plan.plan_hash == found.proposal.plan.plan_hash
    assert book.without.plan_hash == found.today.plan_hash
    assert book.catalog.hash == found.today.catalog.hash
    assert float(book.plan.outcome.reimbursement.sum()) == pytest.approx(
        float(found.proposal.plan.outcome.reimbursement.sum())
    )


def test_without_a_proposal_there_is_todays_plan(tmp_path: Path) -> None:
    """No folder of a plan that nobody proposes."""
    out = written(replace(by_hand(), proposal=None), tmp_path / "out")
    assert sorted(path.name for path in out.iterdir()) == ["coordination.json", "today"]


def test_offers_are_a_catalog_file(tmp_path: Path) -> None:
    """The file says what is offered, loads beside a catalog, and the network's workbook answers its facts."""
    out = written(by_hand(), tmp_path / "out") / "together"
    plan = small_plan()
    file = out / "offers.yaml"
    assert read_catalog_file(file) == offers_file(offers(), plan.catalog, Scenario())
    catalog = load_catalog([TINY, file], shipped=False)
    network = load_network(out / "network.xlsx", catalog)
    facts = network.table("Facts")
    offered = facts[facts["fact"].str.startswith("bundle_bonus_")]["value"]
    assert float(offered.sum()) == pytest.approx(offers().total_usd)


def test_changed_offers_are_noticed(tmp_path: Path) -> None:
    """The plan was not made with them."""
    out = written(by_hand(), tmp_path / "out")
    file = out / "together" / "offers.yaml"
    file.write_text(file.read_text().replace("pays: 1.0", "pays: 2.0"))
    with pytest.raises(InputError, match="was made with another catalog"):
        read_book(out)
