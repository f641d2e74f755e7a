"""Reads catalog files: the only reader of them."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from critmass.catalog.references import reference_problems
from critmass.catalog.resolve import resolved
from critmass.catalog.schema_words import schema_problems
from critmass.catalog.soundness import soundness_problems
from critmass.domain.catalog import Catalog, CatalogFile, ValueProvenance
from critmass.domain.errors import InputError, Problem
from critmass.domain.values import Cite, cited_values

MAX_FILE_BYTES = 5_000_000
FAMILIES = (
    "measures", "roles", "workflows", "services", "code_sets", "facts", "benchmarks", "scores", "payers",
    "payer_values", "programs",
)  # fmt: skip


def shipped_catalog_dir() -> Path:
    """The catalog that comes with the product: inside the wheel, or in the checkout's data folder."""
    return data_dir() / "catalogs"


def data_dir() -> Path:
    """The product's data folder: inside the wheel, or the checkout's."""
    packaged = Path(__file__).resolve().parents[1] / "_data"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "data"


def load_catalog(
    extra: Sequence[Path] = (), *, shipped: bool = True, parsed: Sequence[tuple[str, CatalogFile]] = ()
) -> Catalog:
    """The shipped catalog together with the user's own folders or files, and files that are `parsed` already.

    Raises:
        InputError: with every problem of every file: unknown keys, unsourced values, dangling references.
    """
    roots = ([shipped_catalog_dir()] if shipped else []) + list(extra)
    problems: list[Problem] = []
    files: list[tuple[str, CatalogFile]] = []
    digest = hashlib.sha256()
    for root in roots:
        for path in _yaml_files(root, problems):
            name = path.name if path == root else f"{root.name}/{path.relative_to(root).as_posix()}"
            found = _read_file(path, name, digest, problems)
            if found is not None:
                files.append((name, found))
    for name, item in parsed:
        digest.update(name.encode() + b"\0" + item.model_dump_json().encode() + b"\0")
        files.append((name, item))
    catalog = _assemble(files, digest.hexdigest(), problems)
    problems += _with_files(reference_problems(catalog), files)
    if problems:
        raise InputError(problems)
    return _sound(catalog, files)


def _sound(catalog: Catalog, files: Sequence[tuple[str, CatalogFile]]) -> Catalog:
    """The catalog with names looked up, once nothing in it can never happen."""
    try:
        whole = resolved(catalog)
    except InputError as error:
        raise InputError(_with_files(error.problems, files)) from None
    problems = _with_files(soundness_problems(whole), files)
    if problems:
        raise InputError(problems)
    return whole


def _with_files(problems: Sequence[Problem], files: Sequence[tuple[str, CatalogFile]]) -> list[Problem]:
    """Problems of a program, a score or another object, each with the file that defines it."""
    homes = {
        f"{family[:-1]} {item.id}": name
        for name, parsed in files
        for family in FAMILIES
        for item in getattr(parsed, family)
    }
    found = []
    for problem in problems:
        home = homes.get(problem.place.split(":")[0])
        found.append(problem if home is None else replace(problem, place=f"{home}: {problem.place}"))
    return found


def _yaml_files(root: Path, problems: list[Problem]) -> list[Path]:
    if root.is_file():
        return [root]
    if not root.is_dir():
        problems.append(
            Problem(str(root), "no such catalog folder or file", "name an existing YAML file, or a folder of them")
        )
        return []
    found = sorted(path for path in root.rglob("*") if path.suffix in {".yaml", ".yml"})
    if not found:
        problems.append(Problem(str(root), "the folder holds no .yaml file", "add at least one catalog file"))
    return found


def _read_file(path: Path, name: str, digest: Any, problems: list[Problem]) -> CatalogFile | None:
    if path.stat().st_size > MAX_FILE_BYTES:
        problems.append(Problem(name, f"larger than {MAX_FILE_BYTES:,} bytes", "split the file"))
        return None
    content = path.read_bytes()
    digest.update(name.encode() + b"\0" + content + b"\0")
    try:
        raw = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        return CatalogFile.model_validate(raw or {})
    except yaml.YAMLError as error:
        problems.append(Problem(name, f"is not valid YAML: {error}".replace("\n", " "), "mend the line named"))
    except RecursionError:
        problems.append(Problem(name, "is nested too deeply", "write it flat"))
    except ValidationError as error:
        problems += schema_problems(error, name, raw)
    return None


def read_catalog_file(path: Path) -> CatalogFile:
    """One file of a catalog by itself, without a look at what it names elsewhere.

    Raises:
        InputError: when it cannot be read, or is not as a catalog file is.
    """
    problems: list[Problem] = []
    found = _read_file(path, path.name, hashlib.sha256(), problems)
    if found is None:
        raise InputError(problems)
    return found


def _assemble(files: list[tuple[str, CatalogFile]], digest: str, problems: list[Problem]) -> Catalog:
    families: dict[str, dict[str, Any]] = {family: {} for family in FAMILIES}
    provenance: list[ValueProvenance] = []
    sources: dict[str, Any] = {}
    for name, parsed in files:
        sources.update({f"{name}#{key}": source for key, source in parsed.sources.items()})
        for family in FAMILIES:
            _add_unique(families[family], getattr(parsed, family), f"{name}: {family}", problems)
        provenance += _file_provenance(name, parsed, problems)
    crosswalk = tuple(row for _, parsed in files for row in parsed.crosswalk)
    return Catalog(
        hash=digest, crosswalk=crosswalk, sources=sources, provenance=tuple(provenance),
        written_programs=families["programs"], **families,
    )  # fmt: skip


def _add_unique(target: dict[str, Any], items: Iterable[Any], place: str, problems: list[Problem]) -> None:
    items = tuple(items)
    repeated = [key for key, count in Counter(item.id for item in items).items() if count > 1]
    repeated += [item.id for item in items if item.id in target]
    problems += [Problem(place, f"id {key!r} is defined twice", "give each its own id") for key in repeated]
    target.update({item.id: item for item in items})


def _file_provenance(name: str, parsed: CatalogFile, problems: list[Problem]) -> list[ValueProvenance]:
    found: list[ValueProvenance] = []
    for family in FAMILIES:
        for item in getattr(parsed, family):
            inherited = getattr(item, "cite", None) or parsed.cite
            for path, number, cite in cited_values(item, item.id, inherited):
                problem = _cite_problem(f"{name}: {path}", cite, parsed)
                if problem:
                    problems.append(problem)
                elif cite is not None:
                    found.append(ValueProvenance(name, item.id, path, float(number), cite))
    return found


def _cite_problem(place: str, cite: Cite | None, parsed: CatalogFile) -> Problem | None:
    if cite is None:
        return Problem(
            place,
            "the value has no source",
            "add 'cite' with a source and a confidence, or mark it 'assumption: true' with a reason",
        )
    if cite.source is not None and cite.source not in parsed.sources:
        return Problem(place, f"unknown source {cite.source!r}", "list it under 'sources' in the same file")
    return None


def catalog_dirs_from_environment() -> tuple[Path, ...]:
    """Folders named in CRITMASS_CATALOGS, separated as in PATH."""
    value = os.environ.get("CRITMASS_CATALOGS", "")
    return tuple(Path(part) for part in value.split(os.pathsep) if part)
