"""One payer's side of a network: what is left when everything of other payers, and the organization's own, is gone.

Settlement of an own side cannot depend on what was taken away, so a view made from it needs no further rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from critmass.catalog.overrides import with_overrides
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog, ValueProvenance
from critmass.domain.confidentiality import SHEET_CLASSES, DataClass, columns_for
from critmass.domain.network import ORGANIZATION, SHEETS, Network
from critmass.domain.programs import Program, ReportingBurden
from critmass.domain.scenario import Scenario
from critmass.domain.scores import Benchmark, Score
from critmass.domain.walk import words_in


@dataclass(frozen=True)
class OwnSide:
    """A payer's own terms and members, with the public facts and the practices' own answers that they look at.

    `own_side` is the only maker. `catalog` holds the payer's programs alone, with the scenario's overrides of them.
    """

    payer: str
    network: Network
    catalog: Catalog
    scenario: Scenario


def own_side(network: Network, catalog: Catalog, scenario: Scenario, payer: str) -> OwnSide:
    """The payer's side of a network, of a catalog as its files have it (no overrides yet), and of a scenario.

    Of the scenario the year, the rule for years and the level of effects stay, and overrides of the payer's own
    programs; locks and exclusions are the organization's. Of practices those with members of the payer stay, with
    their workflows in place and their answers to what the payer's programs ask. A program in which the payer's payment
    looks at what another payer pays is left out, and others' programs count as not joined.
    """
    programs = _own_programs(catalog, payer)
    own_paths = {item.path for item in catalog.provenance if item.owner in programs and _is_kept(item, programs, payer)}
    own = Scenario(
        performance_year=scenario.performance_year,
        terms=scenario.terms,
        effects=scenario.effects,
        overrides=tuple(item for item in scenario.overrides if item.path in own_paths),
    )
    kept = with_overrides(_own_catalog(catalog, programs, payer), own.overrides)
    return OwnSide(payer, _own_network(network, kept, payer), kept, own)


# Catalog ----------------------------------------------------------------------------------------------


def _own_programs(catalog: Catalog, payer: str) -> Mapping[str, Program]:
    """Programs as written, with the components that the payer pays alone; reporting is its owner's."""
    found = {}
    for name, program in catalog.written_programs.items():
        own = tuple(item for item in program.components if program.payer_of(item) == payer)
        alone = all(item in own or not _is_asked_for(item.id, own) for item in program.components)
        if own and alone:
            reporting = program.reporting if program.payer == payer else ReportingBurden()
            found[name] = program.model_copy(update={"components": own, "reporting": reporting})
    return found


def _is_asked_for(component: str, asking: tuple[object, ...]) -> bool:
    return any(isinstance(word, v.PaidBy) and word.component == component for word in words_in(asking))


def _own_catalog(catalog: Catalog, programs: Mapping[str, Program], payer: str) -> Catalog:
    """The catalog without the programs, scores and benchmark tables of others, and without its hash, which names
    all of its content."""
    payers = {program.payer for program in programs.values()}
    scores, benchmarks = _looked_at(catalog, programs)
    kept = {*programs, *scores, *benchmarks, *_care(catalog)}
    return replace(
        catalog,
        hash="",
        payers={name: item for name, item in catalog.payers.items() if name in payers},
        programs={name: _resolved_alike(catalog.programs[name], item) for name, item in programs.items()},
        written_programs=programs,
        scores=scores,
        benchmarks=benchmarks,
        crosswalk=tuple(row for row in catalog.crosswalk if row.payer in payers),
        sources={},
        provenance=tuple(item for item in catalog.provenance if item.owner in kept and _is_kept(item, programs, payer)),
    )


def _is_kept(item: ValueProvenance, programs: Mapping[str, Program], payer: str) -> bool:
    """Whether a value stands in a component that is left, or else in no program of somebody else."""
    if item.owner not in programs:
        return True
    beginning = f"{item.owner}.components["
    if not item.path.startswith(beginning):
        return programs[item.owner].payer == payer
    name = item.path.removeprefix(beginning).partition("]")[0]
    return any(component.id == name for component in programs[item.owner].components)


def _looked_at(catalog: Catalog, programs: Mapping[str, Program]) -> tuple[dict[str, Score], dict[str, Benchmark]]:
    """Named scores and benchmark tables that programs, or scores that they name, look at."""
    scores: dict[str, Score] = {}
    benchmarks: dict[str, Benchmark] = {}
    open_words = list(words_in(list(programs.values())))
    while open_words:
        word = open_words.pop()
        name = str(getattr(word, "benchmark", ""))
        if name in catalog.benchmarks:
            benchmarks[name] = catalog.benchmarks[name]
        if isinstance(word, v.NamedScore) and word.score not in scores:
            scores[word.score] = catalog.scores[word.score]
            open_words += words_in(scores[word.score])
    return scores, benchmarks


def _resolved_alike(resolved: Program, written: Program) -> Program:
    names = {item.id for item in written.components}
    components = tuple(item for item in resolved.components if item.id in names)
    return resolved.model_copy(update={"components": components, "reporting": written.reporting})


def _care(catalog: Catalog) -> frozenset[str]:
    """Owners of values that belong to no payer."""
    families = (catalog.measures, catalog.roles, catalog.workflows, catalog.services, catalog.code_sets, catalog.facts)
    return frozenset(name for family in families for name in family)


# Network ----------------------------------------------------------------------------------------------

_SEEN = (DataClass.PUBLIC, DataClass.OWN_PAYER)
"""Classes of columns that a payer sees in its own rows."""
_NEUTRAL: Mapping[str, float] = {"clinicians": 1.0, "startup_budget_usd": np.inf}
"""What stands in columns that are not the payer's business."""


def _practices_of(network: Network, payer: str) -> tuple[str, ...]:
    panel = network.table("Panel")
    having = set(panel.loc[panel["payer"] == payer, "practice"])
    return tuple(name for name in network.practices if name in having)


def _own_network(network: Network, catalog: Catalog, payer: str) -> Network:
    practices = _practices_of(network, payer)
    keep = _rows_kept(practices, catalog, payer)
    tables = {sheet.name: _own_table(sheet.name, network.table(sheet.name), keep) for sheet in SHEETS}
    populations = tuple(pair for pair in network.populations if pair[0] == payer)
    return replace(
        network,
        startup_budget_usd=float("inf"),
        practices=practices,
        populations=populations,
        tables=tables,
        hash="",
    )


Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]


def _rows_kept(practices: tuple[str, ...], catalog: Catalog, payer: str) -> Mapping[str, Rule]:
    """Which rows of each sheet are the payer's, or answers that its own programs look at; Staff has none."""
    asked = {word.name for word in words_in(list(catalog.programs.values())) if isinstance(word, v.Fact | v.FactAmount)}
    places = {*practices, ORGANIZATION}
    own: Rule = lambda table: table["payer"] == payer  # noqa: E731
    return {
        "Organization": lambda table: table["name"].notna(),
        "Practices": lambda table: table["practice"].isin(practices),
        **dict.fromkeys(("Panel", "Baseline", "Charges", "Spending"), own),
        "Workflows": lambda table: table["practice"].isin(practices),
        "Facts": lambda table: table["practice"].isin(places) & table["fact"].isin(asked),
        "Contracts": lambda table: table["practice"].isin(places) & table["program"].isin(catalog.programs),
        "Staff": lambda table: pd.Series(False, index=table.index),
    }


def _own_table(sheet: str, table: pd.DataFrame, keep: Mapping[str, Rule]) -> pd.DataFrame:
    rows = table[keep[sheet](table)].reset_index(drop=True)
    seen = columns_for(SHEET_CLASSES[sheet], *_SEEN)
    return rows.assign(**{name: value for name, value in _NEUTRAL.items() if name in rows and name not in seen})
