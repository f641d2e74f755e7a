"""The page of component types is made from their files, and is fresh."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from critmass.catalog.component_types import component_types
from critmass.report.component_types import page

PAGE = Path(__file__).parents[2] / "docs" / "component-types.md"


def test_the_page_on_disk_is_fresh() -> None:
    """docs/component-types.md is what `make docs` would write."""
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make docs`"


def test_the_page_shows_every_type_in_order() -> None:
    """Contents and sections name all types by number, and every line of the contents leads to its section."""
    text = page()
    titles = re.findall(r"^## (\d+) (.*)$", text, re.MULTILINE)
    contents = re.findall(r"^(\d+)\. \[(.*)\]\(#(.*)\)$", text, re.MULTILINE)
    assert titles == [(str(item.number), item.name) for item in component_types()]
    assert [(number, name) for number, name, _ in contents] == titles
    anchors = [re.sub(r"[^a-z0-9 -]", "", f"{number} {name}".lower()).replace(" ", "-") for number, name in titles]
    assert [anchor for _, _, anchor in contents] == anchors


def test_the_page_shows_components_as_yaml() -> None:
    """Each section's YAML holds its type's components with their numbers, and nothing else of the program."""
    shown = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", page(), re.DOTALL)]
    assert [set(block) for block in shown] == [{"components"}] * len(component_types())
    names = [[component["id"] for component in block["components"]] for block in shown]
    assert names == [[component.id for component in item.components] for item in component_types()]
    assert shown[0]["components"][0]["rate"] == {"kind": "constant", "pays": 1.25}
