"""A catalog: everything that is known about payers, programs, measures and workflows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from critmass.domain.care import CodeSet, CrosswalkRow, FactQuestion, Measure, PayerValue, Role, Service, Workflow
from critmass.domain.programs import Payer, Program
from critmass.domain.scores import Benchmark, Score
from critmass.domain.values import Cite, Frozen, Source


class CatalogFile(Frozen):
    """One YAML file of a catalog. Source ids are local to the file."""

    sources: dict[str, Source] = Field(default_factory=dict)
    cite: Cite | None = None
    measures: tuple[Measure, ...] = ()
    crosswalk: tuple[CrosswalkRow, ...] = ()
    roles: tuple[Role, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    services: tuple[Service, ...] = ()
    code_sets: tuple[CodeSet, ...] = ()
    facts: tuple[FactQuestion, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    scores: tuple[Score, ...] = ()
    payers: tuple[Payer, ...] = ()
    payer_values: tuple[PayerValue, ...] = ()
    programs: tuple[Program, ...] = ()


@dataclass(frozen=True)
class ValueProvenance:
    """Where one number of the catalog came from."""

    file: str
    owner: str
    path: str
    value: float
    cite: Cite


@dataclass(frozen=True)
class Catalog:
    """All files together, indexed by id; `hash` names this exact content.

    `programs` and `scores` have benchmark tables and named scores in their places; `written_programs` are as
    the files have them.
    """

    hash: str
    measures: Mapping[str, Measure]
    roles: Mapping[str, Role]
    workflows: Mapping[str, Workflow]
    services: Mapping[str, Service]
    code_sets: Mapping[str, CodeSet]
    facts: Mapping[str, FactQuestion]
    benchmarks: Mapping[str, Benchmark]
    scores: Mapping[str, Score]
    payers: Mapping[str, Payer]
    programs: Mapping[str, Program]
    written_programs: Mapping[str, Program] = field(default_factory=dict)
    payer_values: Mapping[str, PayerValue] = field(default_factory=dict)
    crosswalk: tuple[CrosswalkRow, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)
    provenance: tuple[ValueProvenance, ...] = ()
