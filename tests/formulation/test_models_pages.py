"""The pages for referees and the code speak of the same rows and variables."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from golden import CATALOG, EXAMPLES, FOLDER, FROM_ABOVE, code_families, families, golden_model, variable_families

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.network import sample_network
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force

PAGES = FOLDER.parent
HEADING = re.compile(r"^### `([a-z_]+)`$", re.MULTILINE)
MENTION = re.compile(r"`([a-z_]+)\[[^`]*\]`")
LEAST_WORDS = 8


@cache
def paragraphs() -> dict[str, list[str]]:
    """The text under each family's heading, over all pages; a family described twice has two."""
    found: dict[str, list[str]] = {}
    for page in sorted(PAGES.glob("*.md")):
        parts = HEADING.split(page.read_text())
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            found.setdefault(name, []).append(re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0].strip())
    return found


def formulated(catalog: Catalog, practices: int, seed: int) -> NetworkModel:
    """The model of a sample network."""
    network, scenario = sample_network(practices, seed, catalog), Scenario(terms="carry_forward")
    terms = terms_in_force(catalog, network, scenario)
    return formulate(Shared(Model(network, catalog, scenario), terms))


@cache
def models() -> tuple[NetworkModel, ...]:
    """Every golden example, and sample networks under the tiny and the shipped catalog."""
    tiny = load_catalog((CATALOG.parent / "tiny_catalog",), shipped=False)
    samples = [formulated(tiny, 3, 1), formulated(tiny, 2, 2), formulated(load_catalog(), 2, 1)]
    return (*[golden_model(example) for example in (*EXAMPLES.values(), FROM_ABOVE)], *samples)


def emitted() -> set[str]:
    """Families that some model really holds."""
    floors = {"members_at_mass": 0.0}
    return {family for model in models() for family in families(model, floors)}


def test_the_code_writes_only_families_it_names() -> None:
    """Every row of every model belongs to a family that can be read from the code's text, and the reverse."""
    assert emitted() == code_families()


def test_every_family_has_one_paragraph() -> None:
    """Each family is described once, in words and with its inequality."""
    found = paragraphs()
    assert set(found) == code_families()
    for family, texts in found.items():
        assert len(texts) == 1, family
        assert len(texts[0].split()) >= LEAST_WORDS, family
        assert "$" in texts[0], family


def test_every_family_has_a_golden_model() -> None:
    """Each family's smallest model is on file, and no file is left over."""
    assert {path.stem for path in FOLDER.glob("*.lp")} == code_families()


@pytest.mark.parametrize("page", sorted(path.name for path in PAGES.glob("*.md")))
def test_pages_name_only_what_exists(page: str) -> None:
    """A row or variable that a page writes with an index exists in some model."""
    known = code_families() | {name for model in models() for name in variable_families(model)} | {"family", "name"}
    assert set(MENTION.findall((PAGES / page).read_text())) <= known


def test_every_variable_is_described() -> None:
    """Each kind of variable that has a name of its own stands in some page."""
    text = "".join(path.read_text() for path in PAGES.glob("*.md"))
    variables = {name for model in models() for name in variable_families(model) if "," not in name}
    missing = {name for name in variables if f"`{name}[" not in text and f"`{name}`" not in text}
    assert missing == set()


def test_pages_hold_no_code() -> None:
    """Referees read mathematics, not Python."""
    for path in PAGES.glob("*.md"):
        assert "```" not in path.read_text(), path.name
        assert not re.search(r"\bself\.|\bdef \b|\.py\b", path.read_text()), path.name


def test_folder_holds_no_python() -> None:
    """The folder of mathematics has no program in it."""
    assert not list(Path(PAGES).rglob("*.py"))
