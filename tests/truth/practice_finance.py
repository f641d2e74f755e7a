"""Published results of practice finance: how a case is written, and what the product's engine makes of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import numpy as np
import pandas as pd
import yaml
from pydantic import Field, model_validator

from critmass.catalog import load_catalog
from critmass.domain.catalog import Catalog
from critmass.domain.values import Frozen, Source
from critmass.network.mapped import MappedTable
from critmass.studies.entities import Book, settle_table
from critmass.studies.sweep import parse_sweep, payout_curve

MODELS = Path(__file__).resolve().parents[2] / "models"
FOLDER = MODELS / "practice_finance"
ROUNDING = 1e-9
"""Slack for a figure that lies exactly half a printed digit away."""

Words = dict[str, Any]
Answer = Literal["break_even", "together", "payout", "net", "ratio", "cost"]
"""What is asked: where a sweep pays the cost (one program, or all together), dollars paid, paid less cost, paid over
cost, or the cost itself."""
Tag = Literal["reproduced", "interval", "bound", "consistent", "calibrated", "derived", "other_question"]
TAGS: dict[Tag, str] = {
    "reproduced": "the published number, from published inputs alone",
    "interval": "inside the published interval; the published model has more in it than the contract and the cost",
    "bound": "the published model has more in it, or other months; only the side on which its number lies is held",
    "consistent": "published numbers agree with each other, where need be through an input that was calibrated to one",
    "calibrated": "an input that was not seen is set so that the published number comes out; shows only the chain",
    "derived": "follows from published numbers, but was not published itself, or rests on an assumption too",
    "other_question": "the published number answers another question, and must not come out here",
}
"""How a figure may be tested, and so what it shows."""


class CostLine(Frozen):
    """A stated cost: how many, at how many dollars each."""

    label: str
    count: float = 1.0
    usd: float


class Figure(Frozen):
    """One number: what is asked of the engine, what was published, and how the two must compare.

    `by_hand` is what the arithmetic lines come to where that is not the published number itself. The computed
    number is within `tolerance` of it (or else of the published one), `inside` the interval where one is
    given, and on the stated `side` of the published number.
    """

    name: str
    answer: Answer
    unit: str
    programs: tuple[str, ...] = ()
    at: dict[str, float] = Field(default_factory=dict)
    sweep: str | None = None
    cost: str | None = None
    published: float | None = None
    by_hand: float | None = None
    tolerance: float = Field(gt=0)
    inside: tuple[float, float] | None = None
    side: Literal["at_most_published", "at_least_published"] | None = None
    digits: int = 0
    tag: Tag
    note: str = ""

    @model_validator(mode="after")
    def _can_be_held(self) -> Figure:
        if self.published is None and (self.by_hand is None or self.side is not None):
            raise ValueError("without 'published' a figure needs 'by_hand' and has no 'side'")
        if (self.answer in ("break_even", "together")) != (self.sweep is not None):
            raise ValueError("'sweep' goes with 'break_even' and 'together', and only with them")
        if (self.cost is None) != (self.answer == "payout"):
            raise ValueError("every answer but 'payout' needs a 'cost'")
        return self

    @property
    def expected(self) -> float:
        """The number that the computed one must be close to."""
        found = self.published if self.by_hand is None else self.by_hand
        assert found is not None
        return found

    def holds(self, computed: float) -> bool:
        """Whether a computed number compares as it must."""
        low, high = self.inside or (-np.inf, np.inf)
        close = abs(computed - self.expected) <= self.tolerance + ROUNDING
        return close and low <= computed <= high and self._on_its_side(computed)

    def _on_its_side(self, computed: float) -> bool:
        if self.side is None or self.published is None:
            return True
        return computed <= self.published if self.side == "at_most_published" else computed >= self.published


class Case(Frozen):
    """A publication, the contract and the costs that it speaks of, and its figures."""

    title: str
    sources: dict[str, Source] = Field(min_length=1)
    claim: str
    not_tested: str = ""
    arithmetic: tuple[str, ...] = Field(min_length=1)
    catalog: str | Words = Field(description="A catalog fragment, or the name of a hand-worked case that has it.")
    costs: dict[str, tuple[CostLine, ...]] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = Field(min_length=1)

    @property
    def fragment(self) -> Words:
        """The catalog with the publication among its sources."""
        if isinstance(self.catalog, str):
            found: Words = yaml.safe_load((MODELS / "cases" / f"{self.catalog}.yaml").read_text())["catalog"]
            return found
        return {"sources": {key: source.model_dump() for key, source in self.sources.items()}, **self.catalog}

    def cost_usd(self, figure: Figure) -> float:
        """The stated cost that a figure is compared with."""
        return sum(line.count * line.usd for line in self.costs[figure.cost or ""])


@cache
def cases() -> dict[str, Case]:
    """Every case by the name of its file."""
    return {path.stem: Case.model_validate(yaml.safe_load(path.read_text())) for path in sorted(FOLDER.glob("*.yaml"))}


def load_fragment(fragment: Words) -> Catalog:
    """A catalog fragment as a user's file would be read."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "catalog.yaml").write_text(yaml.safe_dump(fragment))
        return load_catalog((Path(folder),), shipped=False)


def compute(case: Case, figure: Figure, catalog: Catalog) -> float:
    """What the engine makes of a figure under a catalog; NaN where a cost is never paid."""
    book = Book(catalog, tuple(catalog.programs[name] for name in figure.programs), ())
    match figure.answer:
        case "cost":
            return case.cost_usd(figure)
        case "break_even" | "together":
            return _paid_from(book, case, figure)
        case "payout":
            return _payout(book, figure)
        case "net":
            return _payout(book, figure) - case.cost_usd(figure)
        case "ratio":
            return _payout(book, figure) / case.cost_usd(figure)


def _paid_from(book: Book, case: Case, figure: Figure) -> float:
    curve = payout_curve(book, parse_sweep(figure.sweep or ""), figure.at, case.cost_usd(figure))
    if figure.answer == "together":
        return np.nan if curve.together is None else curve.together
    [program] = figure.programs
    return curve.break_even.get(program, np.nan)


def _payout(book: Book, figure: Figure) -> float:
    values = {"members": np.ones(1), **{key: np.array([value]) for key, value in figure.at.items()}}
    table = MappedTable(("practice",), values, None, ("practice",), pd.DataFrame())
    return float(settle_table(book, table).totals()[0])
