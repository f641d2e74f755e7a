"""A network's tables as dense arrays over (practice, population)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.vocabulary import Stratum
from critmass.settlement.results import FloatArray, IntArray, Populations

_COMPLEMENTS: dict[str, tuple[str, ...]] = {
    "age_21_plus": ("under_21",),
    "risk_low": ("risk_rising", "risk_high"),
    "chronic_0_1": ("chronic_2_plus",),
}


class NetworkArrays:
    """Counts of a network, shape (practice, population) unless said otherwise, in the network's orders."""

    def __init__(self, network: Network, catalog: Catalog) -> None:
        self.network, self.catalog = network, catalog
        self._cache: dict[tuple[str, str], FloatArray] = {}
        self._practice = pd.Index(network.practices)
        self._population = pd.MultiIndex.from_tuples(network.populations)

    def columns(self, populations: Populations) -> list[int]:
        """Positions of populations on the population axis."""
        return [self.network.populations.index(pair) for pair in populations]

    def _spread(self, table: pd.DataFrame, column: str) -> FloatArray:
        return self._spread_all(table, (column,))[column]

    def _spread_all(self, table: pd.DataFrame, columns: Sequence[str]) -> dict[str, FloatArray]:
        """Columns of a table by practice and population."""
        found = {column: np.zeros((len(self._practice), len(self._population))) for column in columns}
        if len(table):
            rows = self._practice.get_indexer(pd.Index(table["practice"]))
            pairs = pd.MultiIndex.from_frame(table[["payer", "line_of_business"]])
            places = self._population.get_indexer(pairs)
            known = (rows >= 0) & (places >= 0)
            for column, dense in found.items():
                dense[rows[known], places[known]] = table[column].to_numpy(dtype=np.float64)[known]
        return found

    @cached_property
    def _panel(self) -> dict[str, FloatArray]:
        table = self.network.table("Panel")
        names = ("members", "member_months", "under_21", "risk_rising", "risk_high", "chronic_2_plus",
                 "chronic_2_plus_qmb")  # fmt: skip
        return self._spread_all(table, names)

    def members(self, stratum: Stratum = "all") -> FloatArray:
        """Members of a stratum. The sheet counts QMB members among those with 2+ conditions; the strata do not."""
        if stratum == "all":
            return self._panel["members"]
        if stratum in _COMPLEMENTS:
            return np.asarray(self._panel["members"] - sum(self._panel[name] for name in _COMPLEMENTS[stratum]))
        if stratum == "chronic_2_plus":
            return np.asarray(self._panel["chronic_2_plus"] - self._panel["chronic_2_plus_qmb"])
        return self._panel[stratum]

    def member_months(self, stratum: Stratum = "all") -> FloatArray:
        """Member-months of a stratum: its members' share of the panel row's member-months."""
        panel = self._panel
        months_each = np.divide(
            panel["member_months"],
            panel["members"],
            out=np.zeros_like(panel["members"]),
            where=panel["members"] > 0,
        )
        return self.members(stratum) * months_each

    @cached_property
    def _baseline(self) -> dict[str, dict[str, FloatArray]]:
        names = ("denominator", "numerator", "prior_denominator", "prior_numerator", "carried_numerator")
        groups = dict(iter(self.network.table("Baseline").groupby("measure", sort=False)))
        empty = self.network.table("Baseline").iloc[:0]
        return {measure: self._spread_all(groups.get(measure, empty), names) for measure in self.catalog.measures}

    def baseline(self, measure: str, column: str) -> FloatArray:
        """A count of the Baseline sheet."""
        return self._baseline[measure][column]

    def allowed_usd(self, code_set: str) -> FloatArray:
        """Allowed charges of a code set, USD a year."""
        key = ("allowed", code_set)
        if key not in self._cache:
            table = self.network.table("Charges")
            self._cache[key] = self._spread(table[table["code_set"] == code_set], "allowed_usd")
        return self._cache[key]

    def spending(self, column: str) -> FloatArray:
        """Benchmark or expected expenditure, USD a year."""
        key = ("spending", column)
        if key not in self._cache:
            self._cache[key] = self._spread(self.network.table("Spending"), column)
        return self._cache[key]

    @cached_property
    def _facts(self) -> dict[str, FloatArray]:
        answers = {
            name: np.full(len(self._practice), float(question.default)) for name, question in self.catalog.facts.items()
        }
        table = self.network.table("Facts")
        for everywhere in (True, False):
            chosen = table[(table["practice"] == ORGANIZATION) == everywhere]
            for practice, fact, value in zip(chosen["practice"], chosen["fact"], chosen["value"], strict=True):
                place = slice(None) if everywhere else self._practice.get_loc(practice)
                answers[fact][place] = float(value)
        return answers

    def fact(self, name: str) -> FloatArray:
        """Answers to a fact, shape (practice,): the user's, else the catalog's default."""
        return self._facts[name]

    @cached_property
    def tins(self) -> IntArray:
        """Number of the TIN that each practice bills under, shape (practice,); a practice without one bills alone."""
        table = self.network.table("Practices")
        known = dict(zip(table["practice"].astype(str), table["tin"].astype(str), strict=True))
        names = [known.get(practice, practice) for practice in self.network.practices]
        return np.array([names.index(name) for name in names], dtype=np.int64)

    def reach_in_place(self) -> FloatArray:
        """Share of eligible patients each workflow serves today, shape (practice, workflow)."""
        order = pd.Index(list(self.catalog.workflows))
        return self._by_practice(self.network.table("Workflows"), "workflow", "reach", order)

    @cached_property
    def staff_in_place(self) -> FloatArray:
        """FTE already paid for, shape (practice, role)."""
        order = pd.Index(list(self.catalog.roles))
        return self._by_practice(self.network.table("Staff"), "role", "fte", order)

    @cached_property
    def hub_staff_in_place(self) -> FloatArray:
        """FTE the hub already pays for, shape (role,)."""
        table = self.network.table("Staff")
        hub = table[table["practice"] == ORGANIZATION].groupby("role")["fte"].sum()
        return np.array([float(hub.get(role, 0.0)) for role in self.catalog.roles])

    def _by_practice(self, table: pd.DataFrame, key: str, column: str, order: pd.Index) -> FloatArray:
        dense = np.zeros((len(self._practice), len(order)))
        table = table[table["practice"] != ORGANIZATION]
        if len(table):
            rows = self._practice.get_indexer(pd.Index(table["practice"]))
            dense[rows, order.get_indexer(pd.Index(table[key]))] = table[column].to_numpy(dtype=np.float64)
        return dense

    @cached_property
    def startup_budgets_usd(self) -> FloatArray:
        """Cash each practice can spend up front, shape (practice,), USD; infinite where blank."""
        table = self.network.table("Practices").set_index("practice")
        return table.loc[list(self.network.practices), "startup_budget_usd"].to_numpy(dtype=np.float64)
