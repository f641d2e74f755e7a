"""Every word of the vocabulary stands in the pages that explain it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from critmass.domain import vocabulary as v

ROOT = Path(__file__).parents[2]
FAMILIES = {"quantity": v.Quantity, "driver": v.Driver, "schedule": v.Schedule, "gate": v.Gate, "limit": v.Limit}


def kinds(family: Any) -> set[str]:
    """The `kind` of every word of a family."""
    return {str(member.model_fields["kind"].annotation.__args__[0]) for member in family.__origin__.__args__}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_mathematics_says_what_each_word_is(family: str) -> None:
    """models/settlement.md has a row for each word."""
    rows = re.findall(r"^\| ((?:`[a-z_]+`(?:, )?)+) \|", (ROOT / "models" / "settlement.md").read_text(), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}
    assert kinds(FAMILIES[family]) <= named


@pytest.mark.parametrize("family", FAMILIES)
def test_the_list_of_words_is_whole(family: str) -> None:
    """data/README.md names each word where it teaches how to add a program."""
    table = (ROOT / "data" / "README.md").read_text().split("| part | kinds |")[1]
    assert kinds(FAMILIES[family]) <= set(re.findall(r"[a-z_]+", table))
