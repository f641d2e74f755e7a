"""Programs that are not in a catalog, put beside it as data: what payers could offer, without a change of files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from critmass.domain.care import FactQuestion
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.programs import Program
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
    new = {program.id: program for program in programs}
    text = catalog.hash + "".join(program.model_dump_json() for program in programs)
    changed = replace(
        catalog,
        hash=hashlib.sha256(text.encode()).hexdigest(),
        programs={**catalog.programs, **new},
        written_programs={**catalog.written_programs, **new},
        facts={**catalog.facts, **{item.id: item for item in questions}},
    )
    rows = pd.DataFrame(
        [(practice, fact, value) for fact, by_practice in answers.items() for practice, value in by_practice.items()],
        columns=["practice", "fact", "value"],
    )
    facts = network.table("Facts")
    both = [table for table in (facts, rows) if len(table)]
    tables = {**network.tables, "Facts": pd.concat(both, ignore_index=True) if both else facts}
    return Overlaid(replace(network, tables=tables, hash=network_hash(tables)), changed)
