"""Settles a results table under a program file: one row of results, one row of money."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import ValidationError

from critmass.catalog.load import load_catalog
from critmass.catalog.schema_words import schema_problems
from critmass.catalog.yaml_file import read_yaml
from critmass.domain import vocabulary as v
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.programs import Program
from critmass.domain.results_map import ResultsMap
from critmass.domain.scores import Score
from critmass.domain.suggest import closest
from critmass.domain.walk import words_in
from critmass.network.mapped import MappedTable, map_table
from critmass.settlement import evaluate
from critmass.settlement.amounts import Settled, measure_directions, settle
from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.table import TableResults, with_counts
from critmass.settlement.terms import Clause, Terms, year_share
from critmass.settlement.view import View


@dataclass(frozen=True)
class Book:
    """A program file ready to settle: its programs and scores, with the catalog that they are read against."""

    catalog: Catalog
    programs: tuple[Program, ...]
    scores: tuple[Score, ...]

    @property
    def terms(self) -> Terms:
        """Every component of the programs, in force for its part of the program's year."""
        return Terms(self.catalog, self.programs, tuple(clause for item in self.programs for clause in _clauses(item)))


@dataclass(frozen=True)
class EntitySettlement:
    """Entities settled one by one: `settled` has their money, `scores` their scores by id, NaN where unknown."""

    book: Book
    table: MappedTable
    settled: Settled
    scores: Mapping[str, FloatArray]
    defaults: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """One row for each entity: programs joined, scores, USD by component in whole cents, and their sum."""
        columns: dict[str, object] = {"entity": list(self.table.names), "programs": self._programs()}
        columns |= {f"score.{name}": score for name, score in self.scores.items()}
        amounts = np.round(self.settled.paid[:, 0, :], 2)
        for place, clause in enumerate(self.settled.terms.clauses):
            columns[f"{clause.program.id}.{clause.component.id}"] = amounts[place]
        return pd.DataFrame({**columns, "total_usd": np.round(amounts.sum(axis=0), 2)})

    def totals(self) -> FloatArray:
        """Everything paid to each entity, shape (entity,), USD, not rounded."""
        return np.asarray(self.settled.paid[:, 0, :].sum(axis=0))

    def _programs(self) -> list[str]:
        joined = _joined(self.book, self.table)
        return [
            ", ".join(name for name, mask in joined.items() if mask[0, place]) for place in range(len(self.table.names))
        ]


def read_book(files: Sequence[Path], catalogs: Sequence[Path] = ()) -> Book:
    """The programs and scores that program files define, read against the shipped catalog.

    Raises:
        InputError: with every problem of the files, or when they define nothing to settle.
    """
    return book_of(load_catalog((*catalogs, *files)), load_catalog(catalogs), files)


def book_of(whole: Catalog, without: Catalog, files: Sequence[Path] = ()) -> Book:
    """What one catalog has beyond another."""
    programs = tuple(item for name, item in whole.programs.items() if name not in without.programs)
    scores = tuple(item for name, item in whole.scores.items() if name not in without.scores)
    if not programs and not scores:
        place = ", ".join(file.name for file in files)
        raise InputError([Problem(place, "defines no program and no score", "name the file of a program")])
    return Book(whole, programs, scores)


def load_map(path: Path) -> ResultsMap:
    """The map of a results table.

    Raises:
        InputError: with every unknown key and every value that does not fit.
    """
    try:
        return ResultsMap.model_validate(read_yaml(path))
    except ValidationError as error:
        raise InputError(schema_problems(error, path.name)) from None


def settle_file(book: Book, results: Path, results_map: ResultsMap, place: str = "map") -> EntitySettlement:
    """Settles a results table; `place` names the map in errors.

    Raises:
        InputError: as `map_table` does, and when a program looks at something that the map does not give.
    """
    return settle_table(book, _mapped(book, results, results_map, place))


def _mapped(book: Book, results: Path, results_map: ResultsMap, place: str) -> MappedTable:
    """The mapped table, or all problems of the map and of the table together."""
    problems = map_problems(book, results_map, place)
    try:
        table = map_table(results, results_map, place)
    except InputError as error:
        raise InputError([*problems, *error.problems]) from None
    if problems:
        raise InputError(problems)
    return table


def settle_table(book: Book, table: MappedTable) -> EntitySettlement:
    """Settles a table that is mapped already."""
    _check_joined(book, table)
    joined = _joined(book, table)
    given = with_counts({key: array[None, :] for key, array in table.values.items()})
    groups = (book.catalog, table.tins, table.organizations)
    settled = settle(book.terms, TableResults(table.names, _asked(book, given, joined), joined, *groups))
    scores = _scores(book, TableResults(table.names, given, joined, *groups))
    return EntitySettlement(book, table, settled, scores, _defaults(book, table.values))


def _asked(book: Book, values: Mapping[str, FloatArray], joined: Mapping[str, BoolArray]) -> dict[str, FloatArray]:
    """Values in which nobody is asked for a fact that is not known of it and that nothing it is paid by looks at."""
    return {
        key: np.where(_looked_at(book, key, joined), array, np.nan_to_num(array)) if key.startswith("facts.") else array
        for key, array in values.items()
    }


def _looked_at(book: Book, key: str, joined: Mapping[str, BoolArray]) -> BoolArray:
    """Of which entities some component looks at a fact, shape (1, entity) or (1, 1)."""
    found = np.zeros((1, 1), dtype=np.bool_)
    for program in book.programs:
        for component in program.components:
            if any(key in _keys(word) for word in words_in(component)):
                nobody = np.zeros((1, 1), dtype=np.bool_)
                found = found | (joined.get(program.id, nobody) if component.applies == "joined" else True)
    return found


def _check_joined(book: Book, table: MappedTable) -> None:
    """A map may name programs of other years; those that a row takes part in must be in the file."""
    known = [program.id for program in book.programs]
    fix = f"the file defines {', '.join(known)}"
    problems = [
        Problem("map: joined", f"rows take part in {name!r}, which the program file does not define", fix)
        for name, mask in (table.joined or {}).items()
        if mask.any() and name not in known
    ]
    if problems:
        raise InputError(problems)


def _joined(book: Book, table: MappedTable) -> dict[str, BoolArray]:
    if table.joined is None:
        return {program.id: np.ones((1, len(table.names)), dtype=np.bool_) for program in book.programs}
    return {name: mask[None, :] for name, mask in table.joined.items()}


class _PartlyKnown(View):
    """Entities of which not every fact is known, as scores may look at them."""

    def fact(self, name: str) -> FloatArray:
        """A fact, NaN where it is not known."""
        return self.answer(self.results.fact(name))


def _scores(book: Book, results: TableResults) -> dict[str, FloatArray]:
    view = _PartlyKnown(results, (), measure_directions(book.terms))
    found = {}
    for score in book.scores:
        known = evaluate.known(score.driver, view)
        value = np.where(known, evaluate.driver(score.driver, view), np.nan)
        found[score.id] = np.broadcast_to(value, results.shape)[0]
    return found


def _clauses(program: Program) -> Iterator[Clause]:
    for component in program.components:
        payer = program.payer_of(component)
        share = year_share(component.effective, program.performance_year)
        if share > 0:
            populations = tuple((payer, line) for line in program.lines_of(component))
            yield Clause(program, component, payer, populations, share, carried_forward=False)


# What a map must give ---------------------------------------------------------------------------------


def map_problems(book: Book, results_map: ResultsMap, place: str) -> list[Problem]:
    """What the programs look at and the map does not give, and what the map names and nobody knows."""
    given = {key for key, _ in results_map.cells()}
    if "members" not in results_map.model_fields_set:
        given.discard("members")
    problems = []
    for key, why in needed_keys(book).items():
        if not key.startswith("facts.") and not is_given(key, given):
            fix = f"add {key!r} with its column"
            problems.append(Problem(place, f"{why} looks at {key}, and the map does not give it", fix))
    return problems + list(_strangers(book, results_map, place))


def needed_keys(book: Book) -> dict[str, str]:
    """Keys of a map that the programs and scores look at, with the first that does. Facts have defaults."""
    found: dict[str, str] = {}
    owners: list[Program | Score] = [*book.programs, *book.scores]
    for owner in owners:
        for word in words_in(owner):
            for key in _keys(word):
                found.setdefault(key, owner.id)
    return found


def is_given(key: str, given: Collection[str]) -> bool:
    """Whether what a program looks at is among given keys: itself, a part of it, or what stands for it."""
    if key == "member_months" and "members" in given:
        return True
    if key.endswith(".prior_rate"):
        return key in given or key.replace("prior_rate", "prior_numerator") in given
    return key in given or any(name.startswith(f"{key}.") for name in given)


_QUANTITIES: dict[type, tuple[str, ...]] = {
    v.Savings: ("benchmark_usd", "expenditure_usd"),
    v.SavingsRate: ("benchmark_usd", "expenditure_usd"),
    v.BenchmarkExpenditure: ("benchmark_usd",),
    v.Expenditure: ("expenditure_usd",),
}


def _keys(word: object) -> tuple[str, ...]:
    """The keys of a map that a single word of a contract looks at."""
    if isinstance(word, v.Events):
        return (f"events.{word.service}", *(_panel("members", word.stratum) if word.max_per_member else ()))
    if isinstance(word, v.AllowedCharges):
        return (f"allowed_usd.{word.code_set}",)
    if isinstance(word, v.WorkflowInPlace):
        return (f"workflows.{word.workflow}",)
    if isinstance(word, v.MemberMonths | v.Members):
        return _panel("member_months", word.stratum)
    if isinstance(word, v.MembersCount):
        return _panel("members", word.stratum)
    if isinstance(word, v.ByStratum):
        return tuple(key for stratum in word.rates for key in _panel("member_months", stratum))
    return _QUANTITIES.get(type(word)) or _fact_keys(word) or _measure_keys(word)


def _panel(key: str, stratum: str) -> tuple[str, ...]:
    return (key,) if stratum == "all" else (f"strata.{stratum}",)


def _fact_keys(word: object) -> tuple[str, ...]:
    if isinstance(word, v.Fact | v.FactAmount | v.ScoredFact):
        return (f"facts.{word.name}",)
    if isinstance(word, v.CreditAgainst):
        return (f"facts.{word.fact}",)
    if isinstance(word, v.PoolShare) and word.outside_weight is not None:
        return (f"facts.{word.outside_weight}",)
    return ()


def _measure_keys(word: object) -> tuple[str, ...]:
    """A measure, and which of its counts a rate alone cannot stand for."""
    measure = getattr(word, "measure", None)
    if measure is None:
        return ()
    counted = isinstance(word, v.Numerator | v.GapsClosed | v.EligibleMembers | v.Denominator)
    gains = isinstance(word, v.Improvement) or getattr(word, "improvement", None) is not None
    more = [("denominator", counted), ("prior_rate", gains), ("carried_numerator", isinstance(word, v.GapsClosed))]
    return (f"measures.{measure}", *(f"measures.{measure}.{part}" for part, asked in more if asked))


def _strangers(book: Book, results_map: ResultsMap, place: str) -> Iterator[Problem]:
    catalog = book.catalog
    named: dict[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
        "facts": (results_map.facts, catalog.facts),
        "measures": (results_map.measures, catalog.measures),
        "events": (results_map.events, catalog.services),
        "allowed_usd": (results_map.allowed_usd, catalog.code_sets),
        "workflows": (results_map.workflows, catalog.workflows),
    }
    for family, (mentioned, known) in named.items():
        for name in mentioned:
            if name not in known:
                fix = closest(name, known) or "check its spelling"
                yield Problem(f"{place}: {family}", f"{name!r} is not in the catalog or the program file", fix)


def _defaults(book: Book, values: Mapping[str, FloatArray]) -> tuple[str, ...]:
    """Facts that the programs look at and the map does not give: they took the catalog's default."""
    asked = (key for key in needed_keys(book) if key.startswith("facts."))
    return tuple(key.removeprefix("facts.") for key in asked if key not in values)


def one_row(book: Book, results: Path, results_map: ResultsMap, place: str, entity: str | None) -> dict[str, float]:
    """What a results table says of one entity, by the keys of the map that the programs look at; unknown numbers
    are left out.

    Raises:
        InputError: as `map_table` does, and when the entity is not in the table.
    """
    table = _mapped(book, results, results_map, place)
    if entity is None or entity not in table.names:
        said = "which row a sweep starts from is not said" if entity is None else f"no row is named {entity!r}"
        fix = closest(entity or "", table.names) or f"name one with --entity, such as {table.names[0]!r}"
        raise InputError([Problem(results.name, said, fix)])
    row, wanted = table.names.index(entity), {"members", "member_months", *needed_keys(book)}
    return {
        key: float(array[row])
        for key, array in table.values.items()
        if not np.isnan(array[row])
        and (key in wanted or (key.startswith("measures.") and key.rpartition(".")[0] in wanted))
    }
