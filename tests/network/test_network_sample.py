"""Synthetic networks: repeatable, consistent, of the promised shape, and quick at scale."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError
from critmass.network import load_network, sample_network, write_network


def test_same_seed_same_network(catalog: Catalog) -> None:
    """A seed names one network; another seed, or another size, names another."""
    assert sample_network(5, 7, catalog).hash == sample_network(5, 7, catalog).hash
    assert sample_network(5, 8, catalog).hash != sample_network(5, 7, catalog).hash
    assert sample_network(6, 7, catalog).hash != sample_network(5, 7, catalog).hash


@pytest.mark.parametrize("practices", [1, 12, 60])
def test_sample_passes_every_check(catalog: Catalog, tmp_path: Path, practices: int) -> None:
    """What is generated reads back without a problem and unchanged, and says that it is synthetic."""
    network = sample_network(practices, 1, catalog)
    write_network(tmp_path / "sample.parquet", network)
    again = load_network(tmp_path / "sample.parquet", catalog)
    assert again.hash == network.hash
    assert again.synthetic
    assert again.practices == network.practices
    assert len(network.practices) == practices


def test_sizes_follow_published_panels(catalog: Catalog) -> None:
    """Practices have 1 to 12 clinicians, most 2 to 5; payers cover part of 1,700 patients for each."""
    network = sample_network(2_000, 1, catalog)
    clinicians = network.table("Practices")["clinicians"]
    assert clinicians.between(1, 12).all()
    assert clinicians.between(2, 5).mean() > 0.55
    assert clinicians.median() in (3.0, 4.0)
    members = network.table("Panel")["members"].sum() / clinicians.sum()
    covered = 0.35 + 0.06 + 0.14 + 0.06  # bcbsm commercial and MA, medicare, meridian
    assert members == pytest.approx(1_700 * covered, rel=0.03)


def test_rates_scatter_around_the_typical_one(catalog: Catalog) -> None:
    """Rates average the catalog's typical rate, differ between practices, and were worse last year."""
    baseline = sample_network(2_000, 1, catalog).table("Baseline")
    for measure, rows in baseline.groupby("measure"):
        item = catalog.measures[str(measure)]
        rate = rows["numerator"].sum() / rows["denominator"].sum()
        prior = rows["prior_numerator"].sum() / rows["prior_denominator"].sum()
        assert rate == pytest.approx(float(item.typical_rate), abs=0.02)
        assert bool(rate > prior) is item.higher_is_better
        assert (rows["numerator"] / rows["denominator"]).std() > 0.04


def test_workflows_in_place_have_their_prerequisites(catalog: Catalog) -> None:
    """No practice runs a workflow without those that it requires, and none below the minimum reach."""
    workflows = sample_network(500, 1, catalog).table("Workflows")
    running = workflows.groupby("practice")["workflow"].agg(set)
    for names in running:
        for name in names:
            assert set(catalog.workflows[name].requires) <= names
    assert workflows["reach"].between(0.5, 1.0).all()


def test_budgets_and_spending_are_plausible(catalog: Catalog) -> None:
    """Start-up cash follows clinicians and practices; spending stays within 3 % of the benchmark."""
    network = sample_network(50, 1, catalog)
    practices, spending = network.table("Practices"), network.table("Spending")
    assert network.startup_budget_usd == 50 * 20_000
    assert np.allclose(practices["startup_budget_usd"], 15_000 * practices["clinicians"])
    assert (spending["expenditure_usd"] / spending["benchmark_usd"]).between(0.9699, 1.0301).all()


def test_asking_for_nothing_is_refused(catalog: Catalog) -> None:
    """A network has at least one practice."""
    with pytest.raises(InputError, match="0 practices were asked for"):
        sample_network(0, 1, catalog)


@pytest.mark.long
def test_ten_thousand_practices_in_a_minute(catalog: Catalog, tmp_path: Path) -> None:
    """10,000 practices are generated, written to Parquet and read back within 30 seconds each."""
    start = time.perf_counter()
    network = sample_network(10_000, 1, catalog)
    generated = time.perf_counter()
    write_network(tmp_path / "large.parquet", network)
    written = time.perf_counter()
    assert load_network(tmp_path / "large.parquet", catalog).hash == network.hash
    assert generated - start < 30
    assert time.perf_counter() - written < 30
