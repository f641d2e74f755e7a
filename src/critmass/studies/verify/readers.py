"""Sets that are built from what a public file itself says: cut points, thresholds, fees, payment vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd

from critmass.catalog.load import load_catalog
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.results_map import Cell, ResultsMap, Spread
from critmass.domain.verification import PublishedCheck, VerificationSet
from critmass.network.mapped import MappedTable, map_table
from critmass.published.fee_schedule import read_geographic_indices, read_relative_values
from critmass.published.hospital_value import hospital_catalog, hospital_map, read_hospital_measures
from critmass.published.payment_vectors import read_payment_vectors
from critmass.published.star_cut_points import CutPoints, fact_id, read_star_cut_points, score_id, star_catalog
from critmass.settlement.results import FloatArray
from critmass.studies.entities import Book, book_of, settle_table
from critmass.studies.verify.outcome import CheckOutcome, Comparison, outcome
from critmass.studies.verify.tables import check_table

CENT = Decimal("0.01")
EXACT = 1e-9


@dataclass(frozen=True)
class Given:
    """The files of one year of a set."""

    year: str
    file: Path
    needed: tuple[Path, ...]
    law: Path | None


@cache
def shipped_catalog() -> Catalog:
    """The shipped catalog, read once."""
    return load_catalog()


# Hospital value-based purchasing ----------------------------------------------------------------------


def hospital_value(item: VerificationSet, given: Given) -> list[CheckOutcome]:
    """Attainment, improvement and score of every measure, by the thresholds that the file itself publishes."""
    measures = read_hospital_measures(given.file)
    parsed = [(given.file.name, hospital_catalog(measures, item.publication))]
    book = book_of(load_catalog(parsed=parsed), shipped_catalog(), (given.file,))
    table = map_table(given.file, hospital_map(measures), "hospital value map")
    columns = (("attainment", "Achievement Points"), ("improvement", "Improvement Points"), ("score", "Measure Score"))
    checks = [
        PublishedCheck(
            id=f"{measure.id}_{part}", label=f"{measure.name}, {column.lower()}",
            computes=f"score.{measure.id}_{part}", published=f"{measure.name} {column}",
        )
        for measure in measures
        for part, column in columns
    ]  # fmt: skip
    return check_table(item.id, given.year, book, table, checks)


# Stars ------------------------------------------------------------------------------------------------


def star_cut_points(item: VerificationSet, given: Given) -> list[CheckOutcome]:
    """The stars of every measure, by type of contract."""
    points = read_star_cut_points(given.needed[0])
    parsed = [(given.needed[0].name, star_catalog(points, item.publication))]
    book = book_of(load_catalog(parsed=parsed), shipped_catalog(), (given.file,))
    found: list[CheckOutcome] = []
    for kind in sorted({point.contract_type for point in points}):
        of_kind = [point for point in points if point.contract_type == kind]
        table = map_table(given.file, _star_map(kind, of_kind), "star map")
        checks = [_star_check(point) for point in of_kind if f"{point.measure} stars" in table.frame.columns]
        found += check_table(item.id, given.year, book, table, checks)
    return [check for check in found if check.tried]


def _star_map(kind: str, points: Sequence[CutPoints]) -> ResultsMap:
    return ResultsMap(
        entity="contract_id",
        only={"cut_point_type": (kind,)},
        spread=Spread(row=("contract_id", "cut_point_type"), column="measure_id", values=("value", "stars")),
        facts={fact_id(point.measure): Cell(column=(point.measure,)) for point in points},
    )


def _star_check(point: CutPoints) -> PublishedCheck:
    return PublishedCheck(
        id=score_id(point.contract_type, point.measure), label=f"{point.contract_type}, {point.measure}",
        computes=f"score.{score_id(point.contract_type, point.measure)}", published=f"{point.measure} stars",
    )  # fmt: skip


# Fee schedule -----------------------------------------------------------------------------------------


def fee_schedule(item: VerificationSet, given: Given) -> list[CheckOutcome]:
    """Amounts of every code: national against the published total, at every place against decimal arithmetic."""
    assert given.law is not None
    catalog = shipped_catalog()
    book = book_of(load_catalog((given.law,)), catalog, (given.law,))
    codes, places = read_relative_values(given.file), read_geographic_indices(given.needed[0])
    found = []
    for setting in ("nonfacility", "facility"):
        published = _rounded(codes[f"{setting}_total_rvu"] * codes["conversion_factor_usd"])
        national, everywhere = _national(codes, setting), _everywhere(codes, places, setting)
        pairs = (
            (f"national_{setting}", national, published),
            (f"by_place_{setting}", everywhere, _by_decimals(everywhere)),
        )
        found += [
            _cents(item, given.year, check, rows["name"], _amounts(book, rows), wanted) for check, rows, wanted in pairs
        ]
    if item.fees_of:
        found.append(_catalog_fees(item, given.year, codes, catalog))
    return found


def _national(codes: pd.DataFrame, setting: str) -> pd.DataFrame:
    indices = {"work_gpci": 1.0, "pe_gpci": 1.0, "mp_gpci": 1.0}
    return codes.assign(name=codes["code"], pe_rvu=codes[f"{setting}_pe_rvu"], **indices)


def _everywhere(codes: pd.DataFrame, places: pd.DataFrame, setting: str) -> pd.DataFrame:
    both = codes.assign(pe_rvu=codes[f"{setting}_pe_rvu"]).merge(places, how="cross")
    names = both["code"] + " in " + both["state"] + " " + both["locality"] + " row " + both.index.astype(str)
    return both.assign(name=names)


_FACTS = ("work_rvu", "pe_rvu", "mp_rvu", "work_gpci", "pe_gpci", "mp_gpci", "conversion_factor_usd")


def _amounts(book: Book, rows: pd.DataFrame) -> FloatArray:
    values = {f"facts.{name}": rows[name].to_numpy(dtype=np.float64) for name in _FACTS}
    names = tuple(rows["name"])
    table = MappedTable(names, {"members": np.ones(len(names)), **values}, None, names, rows)
    return settle_table(book, table).totals()


def _by_decimals(rows: pd.DataFrame) -> FloatArray:
    """The same formula in decimal arithmetic, rounded to the cent, halves up."""
    numbers = [[Decimal(str(cell)) for cell in rows[name]] for name in _FACTS]
    return np.array([
        float(((work * at_work + pe * at_pe + mp * at_mp) * factor).quantize(CENT, ROUND_HALF_UP))
        for work, pe, mp, at_work, at_pe, at_mp, factor in zip(*numbers, strict=True)
    ])  # fmt: skip


def _rounded(amounts: Sequence[float] | pd.Series) -> FloatArray:
    exact = (Decimal(f"{amount:.8f}").quantize(CENT, ROUND_HALF_UP) for amount in amounts)
    return np.array([float(amount) for amount in exact])


_FEE_LABELS = {
    "national_nonfacility": "National amounts outside facilities, to the cent",
    "national_facility": "National amounts in facilities, to the cent",
    "by_place_nonfacility": "Amounts at every place outside facilities, to the cent",
    "by_place_facility": "Amounts at every place in facilities, to the cent",
    "catalog_fees": "Fees of the shipped catalog, to the cent",
}


def _cents(
    item: VerificationSet, year: str, check: str, names: Iterable[str], computed: FloatArray, published: FloatArray
) -> CheckOutcome:
    compared = Comparison(tuple(names), _rounded(list(computed)), published, EXACT)
    return outcome(item.id, year, check, _FEE_LABELS[check], compared)


def _catalog_fees(item: VerificationSet, year: str, codes: pd.DataFrame, catalog: Catalog) -> CheckOutcome:
    """Fees for single codes in programs of the catalog, against the published relative values."""
    whole = codes[codes["modifier"] == ""] if "modifier" in codes else codes
    amounts = dict(zip(whole["code"], whole["nonfacility_total_rvu"] * whole["conversion_factor_usd"], strict=True))
    fees = {code: fee for name in item.fees_of for code, fee in _single_code_fees(catalog, name) if code in amounts}
    published = _rounded([amounts[code] for code in fees])
    return _cents(item, year, "catalog_fees", fees, np.array(list(fees.values())), published)


def _single_code_fees(catalog: Catalog, program: str) -> Iterator[tuple[str, float]]:
    for component in catalog.programs[program].components if program in catalog.programs else ():
        if isinstance(component.quantity, v.Events) and isinstance(component.rate, v.Constant):
            billed = catalog.services[component.quantity.service].codes
            if len(billed) == 1:
                yield billed[0], float(component.rate.pays)


# Payment vectors --------------------------------------------------------------------------------------


def payment_vectors(item: VerificationSet, given: Given) -> list[CheckOutcome]:
    """Every vector as a program of its own, in cents."""
    names, computed, published = [], [], []
    nothing = load_catalog(shipped=False)
    for vector in read_payment_vectors(given.file):
        whole = load_catalog(shipped=False, parsed=[(vector.name, vector.catalog)])
        table = MappedTable((vector.name,), _as_arrays(vector.values), None, (vector.name,), pd.DataFrame())
        settled = settle_table(book_of(whole, nothing), table)
        names.append(f"{vector.model}: {vector.name}")
        computed.append(float(np.round(settled.totals()[0] * 100.0, 6)))
        published.append(vector.expected_cents)
    compared = Comparison(names, np.array(computed), np.array(published), EXACT)
    return [outcome(item.id, given.year, "cents", "Payments, cents", compared)]


def _as_arrays(values: Mapping[str, float]) -> dict[str, FloatArray]:
    return {key: np.array([number]) for key, number in values.items()}


READERS: dict[str | None, Callable[[VerificationSet, Given], list[CheckOutcome]]] = {
    "hospital_value": hospital_value,
    "star_cut_points": star_cut_points,
    "fee_schedule": fee_schedule,
    "payment_vectors": payment_vectors,
}
"""Builders by the reader that a set names."""

__all__ = ["READERS"]
