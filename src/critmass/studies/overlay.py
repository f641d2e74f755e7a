"""Programs that are not in a catalog, put beside it as data: what payers could offer, without a change of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from critmass.domain.care import FactQuestion
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Scenario
from critmass.network.fill import network_hash

Answers = Mapping[str, Mapping[str, float]]
"""Answers of practices to facts: by fact, then by practice."""


@dataclass(frozen=True)
class Overlaid:
    """A network and a catalog with programs on offer beside those of the files."""

    network: Network
    catalog: Catalog


def overlaid(
    network: Network, catalog: Catalog, programs: Sequence[Program], questions: Sequence[FactQuestion], answers: Answers
) -> Overlaid:
    """The catalog with further programs and facts, and the network with practices' answers to those facts."""
    rows = pd.DataFrame(
        [(practice, fact, value) for fact, by_practice in answers.items() for practice, value in by_practice.items()],
        columns=["practice", "fact", "value"],
    )
    facts = network.table("Facts")
    both = [table for table in (facts, rows) if len(table)]
    tables = {**network.tables, "Facts": pd.concat(both, ignore_index=True) if both else facts}
    changed = replace(network, tables=tables, hash=network_hash(tables))
    return Overlaid(changed, with_programs(catalog, programs, questions))


def with_programs(catalog: Catalog, programs: Sequence[Program], questions: Sequence[FactQuestion]) -> Catalog:
    """The catalog with further programs, and the facts that they ask for."""
    new = {program.id: program for program in programs}
    text = catalog.hash + "".join(program.model_dump_json() for program in programs)
    return replace(
        catalog,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        programs={**catalog.programs, **new},
        written_programs={**catalog.written_programs, **new},
        facts={**catalog.facts, **{item.id: item for item in questions}},
    )


def one_payment_program(
    program_id: str, label: str, payer: str, catalog: Catalog, scenario: Scenario, component: Mapping[str, Any],
    **more: Any,
) -> Program:  # fmt: skip
    """A program of the scenario's year on all of a payer's lines of business that pays in one way.

    `component` is what is said of the payment beyond how its money is classed; `more` what is said of the program.
    """
    year = scenario.performance_year
    return Program.model_validate(
        {
            "id": program_id,
            "label": label,
            "payer": payer,
            "performance_year": year,
            "lines_of_business": catalog.payers[payer].lines_of_business,
            "effective": {"from": f"{year}-01-01", "to": f"{year}-12-31"},
            "status": "complete",
            "components": [{"payment_stream": "ccf", "apm_category": "2A", **component}],
            **more,
        }
    )
