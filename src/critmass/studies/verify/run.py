"""Finds the published files that are there, and runs every set on every year of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from critmass.catalog.load import data_dir, load_catalog
from critmass.catalog.schema_words import schema_problems
from critmass.catalog.yaml_file import read_yaml
from critmass.domain.catalog import CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.results_map import ResultsMap
from critmass.domain.verification import VerificationManifest, VerificationSet
from critmass.network.table_file import read_table_file
from critmass.published.quality_benchmarks import read_quality_benchmarks
from critmass.studies.entities import Book, book_of, load_map
from critmass.studies.verify import readers
from critmass.studies.verify.outcome import CheckOutcome
from critmass.studies.verify.tables import check_table, first_fitting


@dataclass(frozen=True)
class Skipped:
    """A set, or a year of one, that could not be tried, and why."""

    set_id: str
    label: str
    reason: str


@dataclass(frozen=True)
class VerificationReport:
    """What was tried and how it came out."""

    outcomes: tuple[CheckOutcome, ...]
    skipped: tuple[Skipped, ...]
    labels: dict[str, str]

    @property
    def unexplained(self) -> int:
        """Rows that did not match without a known cause."""
        return sum(item.unexplained for item in self.outcomes)


def verify(
    data: Path, laws: Sequence[Path] = (), only: Sequence[str] = (), say: Callable[[str], None] = lambda text: None
) -> VerificationReport:
    """Settles every published file below `data` that a set knows, under the law of its year.

    `laws` are folders looked into before the shipped one, for years and sets of one's own; `only` names sets.
    `say` hears what is being settled.

    Raises:
        InputError: when the folder, a law, a map or a published file cannot be used.
    """
    if not data.is_dir():
        raise InputError([Problem(str(data), "no such folder", "name the folder with the published files (--data)")])
    folders = (*laws, data_dir() / "verification")
    sets = _sets(folders)
    unknown = [
        Problem("--only", f"unknown set {name!r}", f"one of {', '.join(sets)}") for name in only if name not in sets
    ]
    if unknown:
        raise InputError(unknown)
    chosen = [item for item in sets.values() if not only or item.id in only]
    runs = [_Run(item, data, folders, say) for item in chosen]
    outcomes = tuple(found for run in runs for found in run.outcomes())
    skipped = tuple(found for run in runs for found in run.skipped)
    return VerificationReport(outcomes, skipped, {item.id: item.label for item in chosen})


def _sets(folders: Sequence[Path]) -> dict[str, VerificationSet]:
    found: dict[str, VerificationSet] = {}
    for folder in folders:
        manifest = folder / "sets.yaml"
        if manifest.is_file():
            try:
                read = VerificationManifest.model_validate(read_yaml(manifest))
            except ValidationError as error:
                raise InputError(schema_problems(error, str(manifest))) from None
            for item in read.sets:
                found.setdefault(item.id, item)
    return found


def readable_pattern(pattern: str) -> str:
    """A pattern of file names as people write one: YEAR for the year, * for anything, without what may be absent."""
    plain = re.sub(r"\(\?:[^()]*\)\?", "", pattern).replace(r"(\d{4})", "YEAR")
    return re.sub(r"\\w\*|(?<!\\)\.\*", "*", plain).replace("\\.", ".").replace("(", "").replace(")", "")


class _Run:
    """One set on all years of its files."""

    def __init__(self, item: VerificationSet, data: Path, folders: Sequence[Path], say: Callable[[str], None]) -> None:
        self.item, self.data, self.folders, self.say = item, data, folders, say
        self.skipped: list[Skipped] = []

    def outcomes(self) -> Iterator[CheckOutcome]:
        """The checks of every year that can be tried."""
        files = self._files()
        if not files:
            self._skip(f"no file named {readable_pattern(self.item.results)}; public file: {self.item.publication}")
        for year, file in files:
            missing = [name for name in self._needed(year) if not (self.data / name).is_file()]
            law = self._law(year)
            if missing:
                self._skip(f"{year}: {', '.join(missing)} is absent; public file: {self.item.publication}")
            elif self.item.law is not None and law is None:
                wanted = _filled(self.item.law, year)
                self._skip(f"{year}: no law file {wanted}; write it, and name its folder with --law")
            else:
                self.say(f"{self.item.label}, {year}")
                found = self._year(year, file, law)
                if not found:
                    self._skip(f"{year}: {file.name} publishes nothing that the set compares")
                yield from found

    def _files(self) -> list[tuple[str, Path]]:
        """Years with their files, in order."""
        found = []
        for path in sorted(self.data.rglob("*")):
            match = re.fullmatch(self.item.results, path.relative_to(self.data).as_posix())
            if match and path.is_file():
                found += [(year, path) for year in self._years(path, match[1])]
        return sorted(found)

    def _years(self, path: Path, in_name: str) -> list[str]:
        if self.item.year_column is None:
            return [in_name]
        frame = read_table_file(path)
        if self.item.year_column not in frame.columns:
            fix = f"name the file as published: {self.item.publication}"
            raise InputError([Problem(path.name, f"has no column {self.item.year_column!r} for the year", fix)])
        return sorted({str(cell).strip() for cell in frame[self.item.year_column]})

    def _needed(self, year: str) -> tuple[str, ...]:
        return tuple(_filled(name, year) for name in self.item.needs)

    def _law(self, year: str) -> Path | None:
        return None if self.item.law is None else self._first(_filled(self.item.law, year))

    def _skip(self, reason: str) -> None:
        self.skipped.append(Skipped(self.item.id, self.item.label, reason))

    def _year(self, year: str, file: Path, law: Path | None) -> list[CheckOutcome]:
        needed = tuple(self.data / name for name in self._needed(year))
        if self.item.reader in readers.READERS:
            return readers.READERS[self.item.reader](self.item, readers.Given(year, file, needed, law))
        assert law is not None
        parsed = [(path.name, read_quality_benchmarks(path)) for path in needed]
        book = _book(law, parsed)
        maps = [(name, self._map(name, year)) for name in self.item.maps]
        return check_table(self.item.id, year, book, first_fitting(file, maps, book), self.item.checks)

    def _map(self, name: str, year: str) -> ResultsMap:
        path = self._first(name)
        if path is None:
            fix = "write it into a folder that is named with --law"
            raise InputError([Problem(f"sets.yaml: {self.item.id}: maps", f"there is no file {name}", fix)])
        return ResultsMap.model_validate(_with_year(load_map(path).model_dump(), year))

    def _first(self, name: str) -> Path | None:
        """A file by its name below the first folder that has it."""
        return next((folder / name for folder in self.folders if (folder / name).is_file()), None)


def _book(law: Path, parsed: Sequence[tuple[str, CatalogFile]]) -> Book:
    return book_of(load_catalog((law,), parsed=parsed), readers.shipped_catalog(), (law,))


def _filled(text: str, year: str) -> str:
    last = str(int(year) - 1) if year.isdigit() else year
    return text.replace("{year}", year).replace("{last_year}", last)


def _with_year(node: Any, year: str) -> Any:
    """A map with the years in the places that ask for them."""
    if isinstance(node, str):
        return _filled(node, year)
    if isinstance(node, dict):
        return {key: _with_year(item, year) for key, item in node.items()}
    if isinstance(node, tuple | list):
        return type(node)(_with_year(item, year) for item in node)
    return node
