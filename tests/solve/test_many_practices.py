"""Networks of more practices than the whole relaxation takes: sampled prices, links of one practice left out."""

from __future__ import annotations

import numpy as np
import pytest

from critmass.catalog import load_catalog
from critmass.domain.scenario import SolveOptions
from critmass.formulation.network_model import NetworkModel
from critmass.network import sample_network
from critmass.solve import relaxation
from critmass.solve.columns import Stage
from critmass.solve.monolith import assemble
from critmass.solve.relaxation import Relaxation, sampled
from critmass.studies.plan import plan_network
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})


@pytest.fixture(scope="module")
def model() -> NetworkModel:
    """Five practices."""
    return formulated(5)


def test_leaving_out_links_of_one_practice_only_loosens(model: NetworkModel) -> None:
    """The relaxation without them is worth no less, and the links that stay are those of all practices."""
    lean = model.with_shared_links_only()
    assert 0 < len(lean.links) < len(model.links)
    values = [Relaxation(item, STAGE).solve({}) for item in (model, lean)]
    assert values[0] is not None
    assert values[1] is not None
    assert values[1].value >= values[0].value - 1e-3


def test_a_block_may_stand_for_many(model: NetworkModel) -> None:
    """Objective and links count a block as often as it stands for practices; its own rows count once."""
    lean = model.with_shared_links_only()
    once, twice = (assemble(lean, STAGE.weights, None, [count] * 5 + [1.0]) for count in (1.0, 2.0))
    own = len(lean.practices) and sum(len(block.variables) for block in lean.practices)
    assert np.allclose(twice.objective[:own], 2.0 * once.objective[:own])
    assert np.allclose(twice.objective[own:], once.objective[own:])
    rows = sum(len(block.rows) for block in lean.blocks)
    assert np.allclose(twice.matrix[:rows].toarray(), once.matrix[:rows].toarray())
    assert np.allclose(twice.matrix[rows:, :own].toarray(), 2.0 * once.matrix[rows:, :own].toarray())


def test_the_sample_stands_for_all_members(model: NetworkModel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Practices of the sample, each counted as often as it stands for, hold the members of all."""
    monkeypatch.setattr(relaxation, "SAMPLE", 3)
    part, stands_for = sampled(model)
    members = dict(
        zip(model.shared.model.network.practices, model.shared.model.arrays.members().sum(axis=1), strict=True)
    )
    found = sum(count * members[block.name] for block, count in zip(part.practices, stands_for[:-1], strict=True))
    assert found == pytest.approx(sum(members.values()))
    assert stands_for[-1] == 1.0


def test_what_a_sample_cannot_keep_is_not_called_impossible(
    model: NetworkModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where all practices take part there is no plan; where a sample stands for them nothing is known."""
    impossible = {"join[mssp_enhanced_2026]": (1.0, 1.0)}
    assert Relaxation(model, STAGE).solve(impossible) is None
    monkeypatch.setattr(relaxation, "MANY", 3)
    monkeypatch.setattr(relaxation, "SAMPLE", 3)
    found = Relaxation(model, STAGE).solve(impossible)
    assert found is not None
    assert found.value == np.inf
    assert not found.prices.links.any()


@pytest.mark.long
def test_a_plan_for_many_practices() -> None:
    """A plan comes, is worth no more than its bound, and beats doing nothing new."""
    catalog = load_catalog()
    found = plan_network(
        sample_network(160, 1, catalog), catalog, options=SolveOptions(time_limit_seconds=240, gap=0.05)
    )
    assert np.isfinite(found.bound)
    assert found.objective <= found.bound + 1e-6
    assert found.objective > float(found.today.margin[0])
