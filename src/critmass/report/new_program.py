"""A program file to fill in, built from the fragments of component types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from critmass.catalog.component_types import ComponentType, as_written
from critmass.catalog.load import load_catalog
from critmass.domain.catalog import Catalog, CatalogFile
from critmass.domain.errors import InputError, Problem
from critmass.domain.programs import Program
from critmass.domain.suggest import closest
from critmass.domain.values import Cited
from critmass.report.program_comments import commented
from critmass.report.write import make_folder
from critmass.report.yaml_text import plain_number, yaml_text

SUFFIXES = (".yaml", ".yml")
DEFINED = ("measures", "services", "code_sets", "facts", "benchmarks", "scores", "payers")
"""What a fragment may bring along beside its program."""

MEANINGS = {
    "pays": "what is paid",
    "rates": "what is paid",
    "otherwise": "what is paid below the first row",
    "at_least": "the threshold",
    "above": "the threshold",
    "at_most": "the threshold",
    "below": "the threshold",
    "at": "a corner of the schedule",
    "up_to": "the end of the band",
    "target": "the target",
    "weight": "the weight",
    "default": "what a blank answer means",
    "rate": "the rate",
    "usd": "the limit",
    "max_per_member": "the limit for a member",
    "cash_lag_months": "months until the money arrives",
    "percentile": "a row of the table",
    "points": "a row of the table",
}
"""What a number is, by the key under which it stands."""

KEPT = "kept: part of the formula (1 is the whole, or yes)"
"""Why a number need not be filled in."""


@dataclass(frozen=True)
class Wanted:
    """What a user asks for: the types, whose program it is, its id, and its year."""

    types: tuple[ComponentType, ...]
    payer: str
    program: str
    year: int


def check_new_program(file: Path, wanted: Wanted, catalog: Catalog) -> None:
    """Refuses a file or an id that a new program cannot have.

    Raises:
        InputError: with everything that is wrong.
    """
    problems = [*_file_problems(file)]
    problems += _id_problems("--id", wanted.program, "ridge_quality_2026")
    problems += _id_problems("--payer", wanted.payer, "ridge")
    if wanted.program in catalog.programs:
        label = catalog.programs[wanted.program].label
        problems.append(Problem(f"--id {wanted.program}", f"is taken by {label!r}", "give the new program its own id"))
    if problems:
        raise InputError(problems)


def _file_problems(file: Path) -> Iterator[Problem]:
    if file.suffix not in SUFFIXES:
        yield Problem(str(file), "is not a catalog file's name", "let it end in .yaml")
    elif file.exists():
        fix = "name another file; a program file is never overwritten"
        yield Problem(str(file), "exists already", fix)


def _id_problems(place: str, name: str, example: str) -> Iterator[Problem]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        nearest = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_0123456789" if name[:1].isdigit() else "_")
        message = "an id has small letters, digits and underscores only, and begins with a letter"
        yield Problem(f"{place} {name}".strip(), message, f"write {nearest or example!r}, for instance")


def program_file(wanted: Wanted, catalog: Catalog) -> str:
    """The file's text. It loads beside the catalog it was made for; every number waits to be filled in."""
    new_payer = wanted.payer not in catalog.payers
    return commented(yaml_text(_file(wanted, catalog)), wanted.types, new_payer=new_payer)


def write_program(file: Path, text: str, folders: Sequence[Path]) -> None:
    """Writes the file once it is known to load beside the shipped catalog and the user's folders.

    Raises:
        InputError: when it does not load, exists already, or cannot be written.
    """
    load_catalog(folders, parsed=[(file.name, CatalogFile.model_validate(yaml.safe_load(text)))])
    make_folder(file.parent)
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        message = f"cannot be written ({error.strerror or error})"
        raise InputError([Problem(str(file), message, "name a file that you may write")]) from None


def payer_note(payer: str, catalog: Catalog) -> str:
    """What to say of a payer that the catalog does not know; empty for a known one."""
    if payer in catalog.payers:
        return ""
    near = closest(payer, catalog.payers)
    return f"Payer {payer!r} is new to the catalog, and the file defines it. {near.capitalize()}".strip()


# What stands in the file ------------------------------------------------------------------------------


def _file(wanted: Wanted, catalog: Catalog) -> dict[str, Any]:
    names = {item.id: f"{wanted.program}_{item.id}" for item in _definitions(wanted) if not _known(item.id, catalog)}
    found: dict[str, Any] = {}
    for family in DEFINED:
        items = [as_written(item, _number) for item in _family(wanted, family) if item.id in names]
        if items:
            found[family] = items
    found["programs"] = [_program(wanted, catalog)]
    renamed: dict[str, Any] = _renamed(found, names)
    if wanted.payer not in catalog.payers:
        payer = {"id": wanted.payer, "label": "fill in: name of the payer"}
        lines = renamed["programs"][0]["lines_of_business"]
        renamed["payers"] = [{**payer, "lines_of_business": lines}, *renamed.pop("payers", [])]
    return {**{key: renamed[key] for key in renamed if key != "programs"}, "programs": renamed["programs"]}


def _definitions(wanted: Wanted) -> list[Any]:
    return [item for family in DEFINED for item in _family(wanted, family)]


def _family(wanted: Wanted, family: str) -> list[Any]:
    """Definitions of one family, the first of each id; the payers of the examples give way to the user's."""
    examples = {program.payer for item in wanted.types for program in item.catalog.programs}
    found = [one for item in wanted.types for one in getattr(item.catalog, family)]
    return list({one.id: one for one in reversed(found) if family != "payers" or one.id not in examples}.values())[::-1]


def _known(name: str, catalog: Catalog) -> bool:
    return any(name in getattr(catalog, family) for family in DEFINED)


def _number(key: str, number: Cited) -> dict[str, Any]:
    value = plain_number(float(number))
    reason = KEPT if _is_form(key, number) else f"fill in: {MEANINGS.get(key, 'the number of your contract')}"
    return {"value": value, "assumption": True, "reason": reason}


def _is_form(key: str, number: Cited) -> bool:
    """Whether a number belongs to the formula and not to the example: a whole, a sign, or 'yes'."""
    calculated = number.cite is not None and number.cite.grade == "computed"
    return abs(float(number)) == 1 and (calculated or key == "at_least")


def _program(wanted: Wanted, catalog: Catalog) -> dict[str, Any]:
    programs = [program for item in wanted.types for program in item.catalog.programs]
    pooled = any(program.join_level == "organization" for program in programs)
    eligibility = [as_written(gate, _number) for program in programs for gate in program.eligibility]
    found: dict[str, Any] = {
        "id": wanted.program,
        "label": "fill in: name of the program",
        "payer": wanted.payer,
        "performance_year": wanted.year,
        "lines_of_business": _lines(programs, wanted.payer, catalog),
        "effective": {"from": date(wanted.year, 1, 1), "to": date(wanted.year, 12, 31)},
        "status": "partial",
        "join_level": "organization" if pooled else "practice",
        "eligibility": [gate for place, gate in enumerate(eligibility) if gate not in eligibility[:place]],
        "reporting": {
            "fixed_usd": {"value": 0, "assumption": True, "reason": "fill in: cost of reporting, USD a year"}
        },
        "components": [_component(component, program) for program in programs for component in program.components],
    }
    return {key: value for key, value in found.items() if value != []}


def _lines(programs: Sequence[Program], payer: str, catalog: Catalog) -> list[str]:
    """The lines of business of the examples that the payer has; all of the payer's where it has none of them."""
    lines = list(dict.fromkeys(line for program in programs for line in program.lines_of_business))
    if payer not in catalog.payers:
        return list(lines)
    own = catalog.payers[payer].lines_of_business
    return [line for line in lines if line in own] or list(own)


def _component(component: Any, program: Program) -> dict[str, Any]:
    found: dict[str, Any] = as_written(component, _number)
    if found.get("payer") == program.payer:
        del found["payer"]
    found["clause"] = f"fill in: section or page of your contract (example: {component.clause})"
    return found


def _renamed(node: Any, names: dict[str, str]) -> Any:
    """Plain data with every id that the file defines itself under the program's own name."""
    if isinstance(node, dict):
        return {key: _renamed(item, names) for key, item in node.items()}
    if isinstance(node, list):
        return [_renamed(item, names) for item in node]
    return names.get(node, node) if isinstance(node, str) else node
