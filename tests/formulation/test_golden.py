"""Golden models: the rows that each family makes on hand-sized inputs, line by line.

Set CRITMASS_WRITE_GOLDEN=1, or run `python -m tests.formulation.golden`, to write them anew.
"""

from __future__ import annotations

import os

import highspy
import pytest
from golden import EXAMPLES, FOLDER, families, golden_lp, golden_model


@pytest.mark.parametrize("family", EXAMPLES)
def test_family_makes_the_golden_rows(family: str) -> None:
    """The family's rows, variables and bounds are those on file."""
    path = FOLDER / f"{family}.lp"
    if os.environ.get("CRITMASS_WRITE_GOLDEN"):
        path.write_text(golden_lp(family))
    assert golden_lp(family) == path.read_text()


@pytest.mark.parametrize("family", EXAMPLES)
def test_golden_file_is_a_model(family: str) -> None:
    """A solver reads each file without complaint and counts the rows that the family made."""
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    assert reader.readModel(str(FOLDER / f"{family}.lp")) == highspy.HighsStatus.kOk
    example = EXAMPLES[family]
    assert reader.getNumRow() == families(golden_model(example), example.floors).count(family)


def test_no_golden_file_is_left_over() -> None:
    """Every file belongs to a family."""
    assert {path.stem for path in FOLDER.glob("*.lp")} == set(EXAMPLES)
