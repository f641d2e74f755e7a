"""Practices formulated in several processes: the model is the one that a single process makes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from executor_tasks import Knapsack, best_value, note_start, starts_of

from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.formulation.block import Block
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import Formulation, NetworkModel, formulate
from critmass.network import sample_network
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve import formulating
from critmass.solve.executor import run_all
from critmass.solve.formulating import formulate_many
from critmass.solve.lost_work import LostWorkError
from critmass.solve.processes import process_pool

PRACTICES = 8


def shared(catalog: Catalog) -> Shared:
    """A network of some practices and all its contracts, nothing formulated yet."""
    network = sample_network(PRACTICES, 1, catalog)
    return Shared(Model(network, catalog, Scenario()), terms_in_force(catalog, network, Scenario()))


def assert_same_block(one: Block, other: Block) -> None:
    """The same variables, rows, numbers and expressions, in the same order."""
    assert (one.name, one.variables, one.rows) == (other.name, other.variables, other.rows)
    for name in ("lower", "upper", "integer", "row_lower", "row_upper"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (one.matrix != other.matrix).nnz == 0
    assert list(one.expressions) == list(other.expressions)
    assert all(one.expressions.affine(name) == other.expressions.affine(name) for name in one.expressions)


def assert_same_model(one: NetworkModel, other: NetworkModel) -> None:
    """The same blocks, links, conditions and claims."""
    assert one.links == other.links
    assert np.array_equal(one.equal, other.equal)
    assert list(one.conditions.items()) == list(other.conditions.items())
    assert one.claim_shares == other.claim_shares
    assert one.shared.inexact == other.shared.inexact
    for mine, theirs in zip(one.blocks, other.blocks, strict=True):
        assert_same_block(mine, theirs)


@pytest.mark.parametrize("processes", [1, 2])
def test_the_model_is_the_same(processes: int, shipped_catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever formulates, and how far it is gets told."""
    monkeypatch.setattr(formulating, "TOGETHER", 3)
    told = list[str]()
    found = formulate_many(shared(shipped_catalog), processes, told.append)
    assert told == [f"{done} of 8 practices formulated" for done in (3, 6, 8)]
    assert found.conditions
    assert found.shared.inexact
    assert_same_model(found, formulate(shared(shipped_catalog)))


@pytest.mark.parametrize("error", [OSError("no room"), LostWorkError("it ended before it could start")], ids=str)
def test_without_processes_it_is_done_here(
    error: Exception, shipped_catalog: Catalog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A machine that starts no processes formulates all the same, and says why it takes longer."""

    def refused(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr(formulating, "process_pool", refused)
    found = formulate_many(shared(shipped_catalog), 2, print)
    assert str(error) in caplog.text
    assert_same_model(found, formulate(shared(shipped_catalog)))


def test_conditions_have_names_of_their_own(shipped_catalog: Catalog) -> None:
    """A condition is called the same whichever practice asks for it first, and no two are called the same."""
    formulation = Formulation(shared(shipped_catalog))
    forwards = formulation.practices(range(PRACTICES)).asked.conditions
    backwards = formulation.practices(reversed(range(PRACTICES))).asked.conditions
    assert forwards == backwards
    assert len(set(forwards.values())) == len(forwards) > 1


def test_a_process_that_ends_begins_anew(tmp_path: Path) -> None:
    """What is done before tasks is done in the process that takes the place of a killed one too."""
    first, task = Knapsack(1, tmp_path), Knapsack(2, tmp_path, deaths=1)
    with process_pool(1, partial(note_start, first)) as pool:
        found = run_all(pool, best_value, [task])
    assert found == [best_value(replace(task, deaths=0))]
    assert starts_of(first) == 2
