"""Nothing that is confidential to other payers changes what a payer sees by default."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from critmass.catalog.overrides import with_overrides
from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Lock, RateOverride, Scenario
from critmass.report.view import view_document
from critmass.studies.confidentiality import Book, ReleaseLog, View, ViewRequest, view_of
from critmass.studies.confidentiality.own_side import own_side
from critmass.studies.plan import Plan
from plans import small_plan, tiny_catalog

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.UTC)
PAYERS = ("bcbsm", "medicare", "meridian")
PERTURBATIONS = 1_000
BATCHES = 10
COUNTED = {
    "Panel": ("members", "member_months", "under_21", "risk_rising", "risk_high", "chronic_2_plus"),
    "Baseline": ("denominator", "numerator", "prior_numerator", "prior_denominator"),
    "Charges": ("allowed_usd",),
    "Spending": ("benchmark_usd", "expenditure_usd"),
}


@cache
def catalog() -> Catalog:
    """The tiny catalog."""
    return tiny_catalog()


@cache
def plan() -> Plan:
    """A plan for two practices, with a scenario that overrides one rate of every payer."""
    return small_plan(2)


@dataclass
class Perturbed:
    """A plan's inputs with everything of other payers than `payer` at random."""

    payer: str
    random: np.random.Generator

    def book(self) -> Book:
        """Other payers' rates, programs, members, counts, dollars, contracts, overrides and locks, all changed."""
        files = replace(self._catalog(), hash=self._word())
        network, scenario = self._network(), self._scenario(files)
        overridden = with_overrides(files, scenario.overrides)
        return Book(replace(plan(), network=network, scenario=scenario, catalog=overridden), files)

    def _word(self) -> str:
        return self.random.bytes(16).hex()

    def _theirs(self, owned: Catalog) -> list[str]:
        return [name for name, program in owned.written_programs.items() if program.payer != self.payer]

    def _catalog(self) -> Catalog:
        """Other rates in the files of others, and sometimes one of their programs gone."""
        changed = with_overrides(catalog(), self._overrides(catalog()))
        theirs = self._theirs(changed)
        gone = self.random.choice(theirs) if self.random.random() < 0.3 else ""
        return replace(
            changed,
            programs={name: item for name, item in changed.programs.items() if name != gone},
            written_programs={name: item for name, item in changed.written_programs.items() if name != gone},
            provenance=tuple(item for item in changed.provenance if item.owner != gone),
        )

    def _overrides(self, files: Catalog) -> tuple[RateOverride, ...]:
        theirs = self._theirs(files)
        paths = [item for item in files.provenance if item.owner in theirs and item.path.endswith("rate.pays")]
        return tuple(RateOverride(path=item.path, value=item.value * self.random.uniform(0.1, 5)) for item in paths)

    def _scenario(self, files: Catalog) -> Scenario:
        """Overrides and locks of others' programs, a budget and a target that are the organization's."""
        theirs = self._theirs(files)
        locks = tuple(Lock(program=name, decision="joined") for name in theirs if self.random.random() < 0.5)
        return Scenario(
            overrides=self._overrides(files),
            locks=locks,
            organization_budget_usd=float(self.random.uniform(0, 1e6)),
            usd_per_member_at_mass=float(self.random.uniform(0, 100)),
        )

    def _network(self) -> Network:
        tables = dict(plan().network.tables)
        for sheet, columns in COUNTED.items():
            tables[sheet] = self._scaled(tables[sheet], columns)
        tables["Contracts"] = self._contracts(tables["Contracts"])
        practices = plan().network.practices
        if self.random.random() < 0.3:
            practices = (*practices, "NEW")
            tables["Practices"] = self._with_new(tables["Practices"], "practice", "NEW")
            theirs = tables["Panel"][tables["Panel"]["payer"] != self.payer]
            tables["Panel"] = pd.concat([tables["Panel"], theirs.head(1).assign(practice="NEW")], ignore_index=True)
        return replace(plan().network, tables=tables, practices=practices, hash=self._word())

    def _scaled(self, table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
        """Others' numbers at random, and one of their rows gone now and then."""
        table = table.copy()
        theirs = (table["payer"] != self.payer).to_numpy()
        for name in columns:
            factors = self.random.uniform(0.2, 3.0, theirs.sum())
            table.loc[theirs, name] = (table.loc[theirs, name] * factors).round().astype(table[name].dtype)
        gone = self.random.choice(np.flatnonzero(theirs)) if self.random.random() < 0.3 and theirs.sum() > 1 else None
        return table if gone is None else table.drop(index=gone).reset_index(drop=True)

    def _contracts(self, table: pd.DataFrame) -> pd.DataFrame:
        rows = [{"practice": name, "program": program, "status": self.random.choice(["joined", "declined"])}
                for name in plan().network.practices for program in self._theirs(catalog())
                if self.random.random() < 0.5]  # fmt: skip
        return pd.concat([table, pd.DataFrame(rows, columns=table.columns)], ignore_index=True).astype(str)

    @staticmethod
    def _with_new(table: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
        return pd.concat([table, table.head(1).assign(**{column: name})], ignore_index=True)


def seen(book: Book, payer: str, log: Path) -> str:
    """Everything that the payer is handed by default, and the hashes of what fed it, as text."""
    log.unlink(missing_ok=True)
    found: View = view_of(book, ViewRequest(f"payer:{payer}", "floor_5_25", NOW), None, ReleaseLog(log))
    return view_document(found).model_dump_json() + str(found.release.fed_by)


BATCH = PERTURBATIONS // BATCHES
STARTS = [0, *(pytest.param(start, marks=pytest.mark.long) for start in range(BATCH, PERTURBATIONS, BATCH))]
"""A thousand perturbations in ten pieces, the first of which is in the short run."""


@pytest.mark.parametrize("first", STARTS)
def test_nothing_of_others_changes_the_default_view(first: int, tmp_path: Path) -> None:
    """The view of each payer is the same to the byte over a thousand random changes of everything of others."""
    log = tmp_path / "log.jsonl"
    before = {payer: seen(Book(plan(), catalog()), payer, log) for payer in PAYERS}
    for seed in range(first, first + BATCH):
        payer = PAYERS[seed % len(PAYERS)]
        assert seen(Perturbed(payer, np.random.default_rng(seed)).book(), payer, log) == before[payer], seed


def test_perturbations_do_change_the_views_of_others(tmp_path: Path) -> None:
    """The random changes are no empty ones: the views of the payers that are changed differ."""
    log = tmp_path / "log.jsonl"
    before = {payer: seen(Book(plan(), catalog()), payer, log) for payer in PAYERS}
    book = Perturbed("meridian", np.random.default_rng(3)).book()
    assert seen(book, "bcbsm", log) != before["bcbsm"]
    assert seen(book, "medicare", log) != before["medicare"]


def test_a_payers_own_override_changes_its_view(tmp_path: Path) -> None:
    """What the payer itself offers in the scenario stands in its view."""
    path = "tiny_pmpm_2026.components[fee].rate.pays"
    scenario = Scenario(overrides=(RateOverride(path=path, value=4.25),))
    overridden = with_overrides(catalog(), scenario.overrides)
    book = Book(replace(plan(), scenario=scenario, catalog=overridden), catalog())
    text = seen(book, "meridian", tmp_path / "log.jsonl")
    assert f'["tiny_pmpm_2026","{path}",4.25,"assumption"]' in text


def test_an_own_side_holds_no_row_and_no_program_of_others() -> None:
    """After the projection nothing of other payers is there to leak."""
    side = own_side(plan().network, catalog(), plan().scenario, "meridian")
    assert {program.payer for program in side.catalog.programs.values()} == {"meridian"}
    assert set(side.catalog.written_programs) == set(side.catalog.programs)
    for sheet in COUNTED:
        assert set(side.network.table(sheet)["payer"]) <= {"meridian"}
    assert side.network.table("Staff").empty
    assert np.isinf(side.network.table("Practices")["startup_budget_usd"]).all()
    assert "tiny_bounty" not in repr(side.catalog.provenance)
