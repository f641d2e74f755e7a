"""The repository's own rules: what may import what, where names belong, and how long things may get."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from critmass.domain.catalog import Catalog

ROOT = Path(__file__).parents[1]
SOURCES = sorted([*(ROOT / "src").rglob("*.py"), *(ROOT / "api").rglob("*.py")])
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

LONGEST_FUNCTION = 50
LONGEST_MODULE = 400
ENGINE = ("settlement", "formulation", "solve")

LABEL_WORDS = {"medicare", "bcbsm", "mssp", "uhc", "humana", "mipct", "pgip", "apcm", "mips", "meridian"}
"""Names of payers and programs that an engine must not know, beside the catalog's ids."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree_of(path: Path) -> ast.Module:
    """A module's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def public_parts(tree: ast.Module) -> Iterator[Function | ast.ClassDef]:
    """Public functions and classes of a module, and the public methods of those classes."""
    for node in tree.body:
        if isinstance(node, Function | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                methods = (item for item in node.body if isinstance(item, Function))
                yield from (item for item in methods if not item.name.startswith("_"))


def short(path: Path) -> str:
    """A path as a reader of the repository knows it."""
    return path.relative_to(ROOT).as_posix()


def test_imports_go_one_way() -> None:
    """The layers of pyproject.toml hold: no lower layer imports a higher one."""
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command is not None
    done = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_engines_know_no_payer_and_no_program(shipped_catalog: Catalog) -> None:
    """A new program is data: settlement, formulation and solve name none of the catalog's."""
    names = {*shipped_catalog.payers, *shipped_catalog.programs} | LABEL_WORDS
    words = "|".join(sorted(re.escape(name) for name in names))
    pattern = re.compile(rf"(?<![a-z0-9])({words})(?![a-z0-9])", re.IGNORECASE)
    engine = [path for name in ENGINE for path in (ROOT / "src" / "critmass" / name).rglob("*.py")]
    found = {short(path): pattern.findall(path.read_text(encoding="utf-8")) for path in engine}
    assert engine
    assert not {path: names for path, names in found.items() if names}


def test_functions_stay_short() -> None:
    """No function is longer than 50 lines."""
    long = [
        f"{short(path)}: {function.name} has {length} lines"
        for path in SOURCES
        for function in functions(tree_of(path))
        if (length := (function.end_lineno or 0) - function.lineno + 1) > LONGEST_FUNCTION
    ]
    assert not long


def test_modules_stay_short() -> None:
    """No module is longer than 400 lines."""
    lengths = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert not {path: lines for path, lines in lengths.items() if lines > LONGEST_MODULE}


def test_public_parts_say_what_they_mean() -> None:
    """Every public function, method and class has a docstring."""
    silent = [
        f"{short(path)}: {part.name}"
        for path in SOURCES
        for part in public_parts(tree_of(path))
        if not ast.get_docstring(part)
    ]
    assert not silent


def test_tests_say_what_they_claim() -> None:
    """Every test has a docstring that states its claim."""
    silent = [
        f"{short(path)}: {function.name}"
        for path in TESTS
        for function in functions(tree_of(path))
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert TESTS
    assert not silent


@pytest.mark.parametrize("folder", ["data", "models"])
def test_facts_and_mathematics_hold_no_code(folder: str) -> None:
    """Catalogs, networks and models are for readers who do not program."""
    assert not list((ROOT / folder).rglob("*.py"))


def test_the_lock_names_no_host_and_no_path() -> None:
    """requirements.lock installs from whatever index a machine uses, and every package has a hash."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.findall(r"://|^-|/(?:opt|home|work|tmp)/", text, re.MULTILINE)
    packages = re.findall(r"^\S+==\S+ \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
    assert {"hatchling", "editables"} <= set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
