"""The shares that stand in for panel strata a user left blank, read from data/networks/defaults.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from critmass.domain.programs import LineOfBusiness
from critmass.domain.values import Cited, Frozen, Source


class PanelDefaults(Frozen):
    """Shares of members by stratum and line of business, fractions."""

    sources: dict[str, Source] = Field(default_factory=dict)
    under_21: dict[LineOfBusiness, Cited]
    risk_rising: dict[LineOfBusiness, Cited]
    risk_high: dict[LineOfBusiness, Cited]
    chronic_2_plus: dict[LineOfBusiness, Cited]
    chronic_2_plus_qmb: dict[LineOfBusiness, Cited]

    def shares(self, stratum: str) -> Mapping[str, float]:
        """Share of members in the stratum by line of business; a line that is not named has none."""
        table: Mapping[str, Cited] = getattr(self, stratum)
        return {line: float(share) for line, share in table.items()}


@cache
def panel_defaults() -> PanelDefaults:
    """The shipped defaults."""
    path = _data_dir() / "networks" / "defaults.yaml"
    return PanelDefaults.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


def _data_dir() -> Path:
    """The product's data folder: inside the wheel, or the checkout's."""
    packaged = Path(__file__).resolve().parents[1] / "_data"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "data"
