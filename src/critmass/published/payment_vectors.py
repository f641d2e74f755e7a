"""Payment vectors of the valuequest project (MIT): small contracts with inputs and expected cents."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem

_PAYER = "vector_payer"
_GROUND = {"assumption": True, "reason": "part of a payment vector"}


@dataclass(frozen=True)
class PaymentVector:
    """A contract as a catalog file, its inputs by the names of a results table, and what it must pay, cents."""

    model: str
    name: str
    catalog: CatalogFile
    values: dict[str, float]
    expected_cents: float


def read_payment_vectors(path: Path) -> tuple[PaymentVector, ...]:
    """All vectors of a file.

    Raises:
        InputError: when the file is not a list of vectors of the four known models.
    """
    try:
        rows = json.loads(path.read_bytes())
        return tuple(_vector(row) for row in rows)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = Problem(path.name, f"is not a list of payment vectors ({error!r})", "name vectors.json")
        raise InputError([problem]) from None


def _vector(row: dict[str, Any]) -> PaymentVector:
    facts, components, values = _MODELS[row["model"]](row)
    written = {
        "cite": _GROUND,
        "facts": [{"id": name, "label": name, "kind": "number", "default": 0} for name in facts],
        "payers": [{"id": _PAYER, "label": "Payer", "lines_of_business": ["commercial"]}],
        "code_sets": [{"id": "vector_services", "label": "All services", "codes": []}],
        "programs": [_program(components)],
    }
    expected = row.get("expected_cents", row.get("expected_settlement_cents"))
    catalog = CatalogFile.model_validate(written)
    return PaymentVector(row["model"], row["name"], catalog, values, float(expected))  # type: ignore[arg-type]


def _program(components: list[dict[str, Any]]) -> dict[str, Any]:
    common = {"label": "Payment", "clause": "the vector", "payment_stream": "p4p", "apm_category": "2C"}
    return {
        "id": "vector", "label": "Vector", "payer": _PAYER, "performance_year": 2026,
        "lines_of_business": ["commercial"], "effective": {}, "status": "complete",
        "components": [{**common, **component} for component in components],
    }  # fmt: skip


Parts = tuple[list[str], list[dict[str, Any]], dict[str, float]]


def _threshold_bonus(row: dict[str, Any]) -> Parts:
    components = []
    for measure in row["measures"]:
        side = "at_most" if measure["lower_is_better"] else "at_least"
        reached = {"kind": "test", "driver": {"kind": "fact", "name": measure["id"]}, side: measure["threshold"]}
        pays = {"kind": "constant", "pays": measure["pmpm_cents"] / 100}
        quantity = {"kind": "member_months"}
        components.append({"id": measure["id"], "quantity": quantity, "rate": pays, "gates": [reached]})
    facts = {f"facts.{name}": float(value) for name, value in row["values"].items()}
    return list(row["values"]), components, {"members": float(row["members"]), **facts}


def _shared_savings(row: dict[str, Any]) -> Parts:
    def part(name: str, rate: float, **side: float) -> dict[str, Any]:
        gate = {"kind": "test", "driver": {"kind": "savings_rate"}, **side}
        pays = {"kind": "constant", "pays": rate}
        return {"id": name, "quantity": {"kind": "savings"}, "rate": pays, "gates": [gate]}

    losses = part("losses", row["loss_rate"], below=0)
    if row["loss_cap_cents"] is not None:
        losses["limits"] = [{"kind": "floor", "usd": row["loss_cap_cents"] / 100}]
    values = {
        "members": float(row["members"]),
        "benchmark_usd": row["members"] * row["target_cents_pmpy"] / 100,
        "expenditure_usd": row["spend_cents"] / 100,
    }
    return [], [part("savings", row["savings_rate"], above=0), losses], values


def _pmpm(row: dict[str, Any]) -> Parts:
    pays = {"kind": "constant", "pays": row["pmpm_cents"] / 100}
    component = {"id": "fee", "quantity": {"kind": "member_months"}, "rate": pays}
    return [], [component], {"members": float(row["members"])}


def _fee_for_service(row: dict[str, Any]) -> Parts:
    quantity = {"kind": "allowed_charges", "code_set": "vector_services"}
    component = {"id": "fees", "quantity": quantity, "rate": {"kind": "constant", "pays": row["rate"]}}
    return [], [component], {"members": 1.0, "allowed_usd.vector_services": row["spend_cents"] / 100}


_MODELS = {
    "threshold_bonus": _threshold_bonus,
    "shared_savings": _shared_savings,
    "pmpm": _pmpm,
    "ffs": _fee_for_service,
}
