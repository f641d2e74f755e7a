"""`critmass new-program`: a file to fill in from component types, and the mistakes on the way to it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from critmass.catalog import load_catalog
from critmass.catalog.component_types import component_types
from critmass.cli import app
from critmass.domain.catalog import Catalog
from critmass.report.new_program import Wanted, program_file


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    words: str


def run(*arguments: str | Path) -> Ended:
    """Runs a command in this process; what it says on stderr comes as one line."""
    result = CliRunner().invoke(app, [str(item) for item in arguments], env={"COLUMNS": "100"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ended(result.exit_code, result.stdout, " ".join(result.stderr.split()))


def new(file: Path, *types: str, payer: str = "ridge", program: str = "ridge_2027", year: str = "2027") -> Ended:
    """Asks for a new program of some types."""
    named = [word for name in types for word in ("--type", name)]
    return run("new-program", file, *named, "--payer", payer, "--id", program, "--year", year)


def loaded(file: Path) -> Any:
    """A written file as plain data."""
    return yaml.safe_load(file.read_text(encoding="utf-8"))


# What is written --------------------------------------------------------------------------------------


def test_every_type_loads_at_once(shipped_catalog: Catalog, tmp_path: Path) -> None:
    """A file for each type loads beside the shipped catalog and the others, under the user's payer and year."""
    for item in component_types():
        name = f"own_{item.number}"
        text = program_file(Wanted((item,), f"payer_of_{name}", name, 2027), shipped_catalog)
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    programs = load_catalog([tmp_path]).programs
    for item in component_types():
        program = programs[f"own_{item.number}"]
        assert [component.id for component in program.components] == [component.id for component in item.components]
        assert (program.payer, program.performance_year) == (f"payer_of_own_{item.number}", 2027)


def test_all_types_together_load(shipped_catalog: Catalog, tmp_path: Path) -> None:
    """One program can be built from all 25 types."""
    text = program_file(Wanted(component_types(), "ridge", "ridge_2027", 2027), shipped_catalog)
    (tmp_path / "ridge.yaml").write_text(text, encoding="utf-8")
    program = load_catalog([tmp_path]).programs["ridge_2027"]
    assert len(program.components) == sum(len(item.components) for item in component_types())


def test_a_new_program_passes_check_catalog(tmp_path: Path) -> None:
    """What the command writes for two types by number and by name passes `check catalog` as it stands."""
    file = tmp_path / "mine" / "ridge.yaml"
    ended = new(file, "2", "Shared savings, one-sided")
    assert (ended.code, "Written:" in ended.words) == (0, True)
    assert "Payer 'ridge' is new to the catalog" in ended.words
    assert run("check", "catalog", "--catalog", file).code == 0
    assert "# Type 16, shared savings, one-sided." in file.read_text(encoding="utf-8")


def numbers_of(node: Any) -> list[dict[str, Any]]:
    """Every number of plain data that stands with a ground."""
    if isinstance(node, dict):
        found = [node] if "value" in node else []
        return found + [item for value in node.values() for item in numbers_of(value)]
    return [item for value in node for item in numbers_of(value)] if isinstance(node, list) else []


def test_every_number_waits_to_be_filled_in(shipped_catalog: Catalog) -> None:
    """Each number is an assumption to fill in, or says that it is part of the formula; no example's source is left."""
    text = program_file(Wanted(component_types(), "ridge", "ridge_2027", 2027), shipped_catalog)
    raw = yaml.safe_load(text)
    numbers = numbers_of(raw)
    assert "sources" not in raw
    assert all(item["assumption"] and item["reason"].startswith(("fill in: ", "kept: ")) for item in numbers)
    assert all(abs(item["value"]) == 1 for item in numbers if item["reason"].startswith("kept"))
    (written,) = raw["programs"]
    assert all(component["clause"].startswith("fill in: ") for component in written["components"])


def test_what_the_catalog_has_is_used_and_the_rest_is_the_programs_own(tmp_path: Path) -> None:
    """Known measures and facts keep their ids; the others carry the program's id, so two programs never clash."""
    one, other = tmp_path / "one.yaml", tmp_path / "other.yaml"
    assert new(one, "mlr-target", payer="horizon", program="one_2027").code == 0
    assert new(other, "mlr-target", payer="horizon", program="other_2027").code == 0
    raw = loaded(one)
    assert {fact["id"] for fact in raw["facts"]} == {"one_2027_premium_usd", "one_2027_star_lump_usd"}
    assert not {"measures", "payers"} & set(raw)
    assert run("check", "catalog", "--catalog", tmp_path).code == 0


def test_lines_of_business_are_those_that_the_payer_has(tmp_path: Path) -> None:
    """Of the example's lines those that the payer has; all of the payer's where it has none of them."""
    shared, none = tmp_path / "shared.yaml", tmp_path / "none.yaml"
    assert new(shared, "bounty-on-improvement", payer="bcbs_nc", program="a_2027").code == 0
    assert new(none, "shared-savings", payer="meridian", program="b_2027").code == 0
    assert loaded(shared)["programs"][0]["lines_of_business"] == ["dsnp"]
    assert loaded(none)["programs"][0]["lines_of_business"] == ["medicaid", "dsnp"]


def test_both_forms_of_a_type_are_offered(tmp_path: Path) -> None:
    """A type with two forms brings both, each with a comment that one is to be kept."""
    assert new(tmp_path / "p.yaml", "prepaid").code == 0
    text = (tmp_path / "p.yaml").read_text(encoding="utf-8")
    assert "Form 1 of 2: keep the form of your contract." in text
    assert "Form 2 of 2: keep the form of your contract." in text


def test_list_shows_all_types() -> None:
    """--list prints the 25 numbers and names, and needs nothing else."""
    ended = run("new-program", "--list")
    assert ended.code == 0
    assert all(item.key in ended.out for item in component_types())


# Mistakes ---------------------------------------------------------------------------------------------


def test_a_misspelt_type(tmp_path: Path) -> None:
    """An unknown type comes with the nearest one and the list of all 25, and nothing is written."""
    ended = new(tmp_path / "p.yaml", "shared-saving", "26")
    assert ended.code == 2
    assert "--type shared-saving is not a component type" in ended.words
    assert "did you mean 'shared-savings'?" in ended.words
    assert "--type 26 is not a component type Fix: choose one of the list above" in ended.words
    assert all(f"{item.number} {item.key}" in ended.words for item in component_types())
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_already(tmp_path: Path) -> None:
    """A file is never overwritten, filled in or not."""
    file = tmp_path / "p.yaml"
    file.write_text("programs: []\n", encoding="utf-8")
    ended = new(file, "credit")
    assert ended.code == 2
    assert "exists already Fix: name another file; a program file is never overwritten" in ended.words
    assert file.read_text(encoding="utf-8") == "programs: []\n"


@pytest.mark.parametrize("name", ["ridge.xlsx", "ridge", "ridge.yaml.txt"])
def test_a_file_of_another_kind(name: str, tmp_path: Path) -> None:
    """A program is a YAML file; another suffix would never be read."""
    ended = new(tmp_path / name, "credit")
    assert ended.code == 2
    assert "Fix: let it end in .yaml" in ended.words


def test_an_id_written_as_a_name(tmp_path: Path) -> None:
    """A name with capitals and spaces is refused with the id it could be; so is the payer's, in the same pass."""
    ended = new(tmp_path / "p.yaml", "credit", program="Ridge Quality 2027", payer="Ridge Health")
    assert ended.code == 2
    assert "write 'ridge_quality_2027', for instance" in ended.words
    assert "write 'ridge_health', for instance" in ended.words


def test_an_id_that_is_taken(tmp_path: Path) -> None:
    """The id of a program of the catalog is not given twice."""
    ended = new(tmp_path / "p.yaml", "credit", payer="medicare", program="mips_2025")
    assert ended.code == 2
    assert "--id mips_2025 is taken by" in ended.words


def test_a_misspelt_payer(tmp_path: Path) -> None:
    """An unknown payer becomes a new one, and the nearest known one is named in case it was meant."""
    ended = new(tmp_path / "p.yaml", "credit", payer="bcbms")
    assert ended.code == 0
    assert "Payer 'bcbms' is new to the catalog, and the file defines it. Did you mean 'bcbsm'?" in ended.words


def test_options_left_out(tmp_path: Path) -> None:
    """Everything that is missing is said at once, with an example of each."""
    ended = run("new-program", tmp_path / "p.yaml", "--payer", "ridge")
    assert ended.code == 2
    for words in ("--type is missing", "--id is missing", "--year is missing", "such as --year 2026"):
        assert words in ended.words
    assert run("new-program").code == 2


def test_a_type_named_twice(tmp_path: Path) -> None:
    """The same type by number and by name is refused, as its components would be there twice."""
    ended = new(tmp_path / "p.yaml", "23", "credit")
    assert ended.code == 2
    assert "--type credit is named more than once Fix: name each type once" in ended.words


def test_a_year_in_two_digits(tmp_path: Path) -> None:
    """A year is written in full."""
    assert new(tmp_path / "p.yaml", "credit", year="27").code == 2


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is a file is named, without a traceback."""
    (tmp_path / "mine").write_text("", encoding="utf-8")
    ended = new(tmp_path / "mine" / "p.yaml", "credit")
    assert ended.code == 2
    assert "cannot be written to" in ended.words
