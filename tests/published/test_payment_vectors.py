"""Payment vectors: four models of contract as programs, paid in cents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from published_files import refused

from critmass.published.payment_vectors import read_payment_vectors
from critmass.studies.verify import verify

HIGHER = {"id": "adherence", "lower_is_better": False, "threshold": 0.7, "pmpm_cents": 1000}
LOWER = {"id": "readmission", "lower_is_better": True, "threshold": 0.2, "pmpm_cents": 500}


def bonus(name: str, adherence: float, readmission: float, cents: int) -> dict[str, Any]:
    """A threshold bonus of two measures for ten members."""
    values = {"adherence": adherence, "readmission": readmission}
    return {
        "model": "threshold_bonus", "name": name, "members": 10, "measures": [HIGHER, LOWER], "values": values,
        "expected_cents": cents,
    }  # fmt: skip


def shared(name: str, spend: int, cents: int, cap: int | None = None) -> dict[str, Any]:
    """Half of savings and of losses against a target of 1,000 dollars for each of ten members."""
    return {
        "model": "shared_savings", "name": name, "members": 10, "target_cents_pmpy": 100_000, "spend_cents": spend,
        "savings_rate": 0.5, "loss_rate": 0.5, "loss_cap_cents": cap, "expected_settlement_cents": cents,
    }  # fmt: skip


VECTORS = [
    # 10 members x 12 months x 1,000 cents, and x 500
    bonus("both", 0.8, 0.1, 180_000),
    bonus("both at the threshold", 0.7, 0.2, 180_000),
    bonus("one", 0.69, 0.1, 60_000),
    bonus("none", 0.5, 0.3, 0),
    # half of 200,000 cents
    shared("savings", 800_000, 100_000),
    shared("on target", 1_000_000, 0),
    shared("losses", 1_200_000, -100_000),
    shared("losses up to a cap", 1_200_000, -30_000, cap=-30_000),
    {"model": "pmpm", "name": "fee", "members": 10, "pmpm_cents": 450, "expected_cents": 54_000},
    {"model": "ffs", "name": "services", "spend_cents": 10_000, "rate": 0.8, "expected_cents": 8_000},
]


def written(folder: Path, vectors: object) -> Path:
    """A file of vectors where `verify` looks for it."""
    path = folder / "valuequest/vectors.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(vectors))
    return path


def test_every_model_is_paid_to_the_cent(tmp_path: Path) -> None:
    """Thresholds included, losses and their cap, fees by member and by service."""
    written(tmp_path, VECTORS)
    [found] = verify(tmp_path, only=["payment_vectors"]).outcomes
    assert (found.tried, found.matched) == (len(VECTORS), len(VECTORS))


def test_a_wrong_number_of_cents_is_missed(tmp_path: Path) -> None:
    """One cent more is a miss, named by model and vector."""
    written(tmp_path, [bonus("both", 0.8, 0.1, 180_001)])
    [found] = verify(tmp_path, only=["payment_vectors"]).outcomes
    [miss] = found.misses
    assert (miss.entity, miss.computed, miss.published) == ("threshold_bonus: both", 180_000.0, 180_001.0)


def test_what_a_vector_holds(tmp_path: Path) -> None:
    """Model, name, expectation, and inputs by the names of a results table."""
    [vector] = read_payment_vectors(written(tmp_path, [shared("savings", 800_000, 100_000)]))
    assert (vector.model, vector.name, vector.expected_cents) == ("shared_savings", "savings", 100_000.0)
    assert vector.values == {"members": 10.0, "benchmark_usd": 10_000.0, "expenditure_usd": 8_000.0}


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param([{**VECTORS[8], "model": "capitation"}], id="unknown model"),
        pytest.param([{"name": "nameless"}], id="no model"),
        pytest.param([{**VECTORS[8], "members": "ten"}], id="members in words"),
        pytest.param([{key: value for key, value in VECTORS[8].items() if key != "expected_cents"}], id="no answer"),
        pytest.param([{**VECTORS[0], "values": [0.8, 0.1]}], id="values without names"),
        pytest.param([{**VECTORS[0], "measures": {"id": "adherence"}}], id="measures that are no list"),
        pytest.param([{**VECTORS[8], "pmpm_cents": None}], id="no fee"),
        pytest.param([8], id="a number"),
        pytest.param({"vectors": []}, id="no list"),
    ],
)
def test_what_is_no_vector_is_refused(spoiled: object, tmp_path: Path) -> None:
    """The message names the file and what it is not."""
    [problem] = refused(read_payment_vectors, written(tmp_path, spoiled))
    assert (problem.place, "is not a list of payment vectors" in problem.message) == ("vectors.json", True)


def test_the_unknown_model_is_named(tmp_path: Path) -> None:
    """The model that is not known stands in the message."""
    [problem] = refused(read_payment_vectors, written(tmp_path, [{**VECTORS[8], "model": "capitation"}]))
    assert "capitation" in problem.message


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    """Damaged files and missing ones are named."""
    (tmp_path / "vectors.json").write_text("[")
    assert refused(read_payment_vectors, tmp_path / "vectors.json")[0].place == "vectors.json"
    assert refused(read_payment_vectors, tmp_path / "none.json")[0].place == "none.json"
