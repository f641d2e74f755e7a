"""A settled outcome with its ledger, summed in the directions that reports need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from critmass.catalog.coverage import GRADES, WEAK_GRADES
from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.programs import Program
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.settlement import evaluate
from critmass.settlement.ledger_costs import REPORTING, TARIFF
from critmass.settlement.outcome import Outcome
from critmass.settlement.projection import Model
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import Terms

FREE_OF_WORKFLOWS = ""
"""The ledger's workflow where none earned the money."""


def usd(amount: float) -> float:
    """Dollars and cents; never minus zero."""
    return round(float(amount), 2) + 0.0


@dataclass(frozen=True)
class Case:
    """One outcome of a single scenario with its ledger. Sums are USD, from ledger rows only."""

    network: Network
    catalog: Catalog
    scenario: Scenario
    terms: Terms
    outcome: Outcome
    ledger: pd.DataFrame

    @cached_property
    def shared(self) -> Shared:
        """Lookups of the network under the terms."""
        return Shared(Model(self.network, self.catalog, self.scenario), self.terms)

    @cached_property
    def members(self) -> FloatArray:
        """Members by practice."""
        return np.asarray(self.shared.model.arrays.members().sum(axis=1))

    # The ledger's parts -----------------------------------------------------------------------------

    @cached_property
    def accrual(self) -> pd.DataFrame:
        """New, credited and withheld money as it accrues."""
        return self.ledger[self.ledger["kind"] == "accrual"]

    @cached_property
    def earned(self) -> pd.DataFrame:
        """New and withheld money as it accrues: what the margin counts."""
        return self.accrual[self.accrual["status"] != "credited"]

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Costs, negative."""
        return self.ledger[self.ledger["kind"] == "cost"]

    @cached_property
    def cash_in_year(self) -> pd.DataFrame:
        """New and withheld money paid within the performance year."""
        rows = self.ledger[(self.ledger["kind"] == "cash") & (self.ledger["status"] != "credited")]
        return rows[rows["period"].astype(str).str.startswith(f"{self.scenario.performance_year}-")]

    @cached_property
    def counted(self) -> pd.DataFrame:
        """Accruals that count towards critical mass."""
        return self.accrual if self.scenario.critical_mass.count_credited else self.earned

    # Sums -------------------------------------------------------------------------------------------

    def by_practice(self, rows: pd.DataFrame) -> FloatArray:
        """Sums by practice, in network order."""
        sums = rows.groupby("practice", observed=True)["amount_usd"].sum()
        return sums.reindex(list(self.network.practices), fill_value=0.0).to_numpy(dtype=np.float64)

    def by_practice_and_payer(self) -> tuple[list[str], FloatArray]:
        """What counts towards critical mass: payers, and a table of shape (practice, payer)."""
        sums = self.counted.groupby(["payer", "practice"], observed=True)["amount_usd"].sum()
        payers = sorted(set(sums.index.get_level_values(0)))
        columns = [
            sums.loc[payer].reindex(list(self.network.practices), fill_value=0.0).to_numpy(dtype=np.float64)
            for payer in payers
        ]
        return payers, np.stack(columns, axis=1) if columns else np.zeros((len(self.network.practices), 0))

    def of_organization(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of the organization itself."""
        return rows[rows["practice"] == ORGANIZATION]

    def by_confidence(self) -> dict[str, float]:
        """New money as absolute amounts, by the ground it stands on, strongest first."""
        new = self.accrual[self.accrual["status"] == "new"]
        sums = new["amount_usd"].abs().groupby(new["confidence"], observed=True).sum()
        return {grade: usd(sums[grade]) for grade in GRADES if grade in sums.index}

    def assumption_share(self) -> float:
        """Share of new money that stands on assumed or unverified values."""
        dollars = self.by_confidence()
        total = sum(dollars.values())
        return _share(sum(dollars.get(grade, 0.0) for grade in WEAK_GRADES), total)

    def carried_forward_share(self) -> float:
        """Share of new money that is paid under terms of an earlier year."""
        carried = {clause.key for clause in self.terms.clauses if clause.carried_forward}
        new = self.accrual[self.accrual["status"] == "new"]
        sums = new["amount_usd"].abs().groupby([new["program"], new["component"]], observed=True).sum()
        return _share(float(sum(amount for key, amount in sums.items() if key in carried)), float(sums.sum()))

    # Decisions --------------------------------------------------------------------------------------

    def reached(self, program: Program) -> BoolArray:
        """Practices with members that the program touches."""
        places = {pair for clause in self.terms.of(program.id) for pair in clause.populations}
        columns = self.shared.model.arrays.columns(tuple(places))
        return np.asarray(self.shared.model.arrays.members()[:, columns].sum(axis=1) > 0)

    def joined(self, program: Program) -> BoolArray:
        """Practices that take part with members."""
        place = self.terms.programs.index(program)
        return np.asarray(self.outcome.decisions.joined[0, :, place] & self.reached(program))

    def available(self, program: Program) -> BoolArray:
        """Practices that the program reaches and whose facts allow joining."""
        pooled = program.join_level == "organization"
        populations = tuple(dict.fromkeys(pair for clause in self.terms.of(program.id) for pair in clause.populations))
        view = self.shared.view(populations, pooled=pooled)
        found = self.reached(program)
        for word in program.eligibility:
            found = found & np.broadcast_to(evaluate.gate(word, view), (1, len(found)))[0]
        return found

    def locked(self, program: Program) -> bool:
        """Whether a signed contract or a lock decided the program somewhere."""
        return any(lock.program == program.id for lock in self.shared.locks)

    def lapsed_contracts(self) -> list[str]:
        """Programs of signed contracts that pay nothing to this network in the scenario's year."""
        in_force = {program.id for program in self.terms.programs}
        table = self.network.table("Contracts")
        signed = table.loc[table["status"] == "joined", "program"]
        return sorted(set(signed.astype(str)) - in_force)


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole > 0 else 0.0


def names_of(flags: NDArray[np.bool_], names: Sequence[str]) -> tuple[str, ...]:
    """The names whose flag is set."""
    return tuple(name for name, flag in zip(names, flags, strict=True) if flag)


def reporting_rows(costs: pd.DataFrame) -> pd.DataFrame:
    """What reporting for joined programs costs."""
    return costs[costs["component"] == REPORTING]


def tariff_rows(costs: pd.DataFrame) -> pd.DataFrame:
    """What passes between practices and the hub."""
    return costs[costs["component"] == TARIFF]
