"""The document of a shared cost or value. Money is USD and cents, shares are fractions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.values import Frozen
from critmass.report.schema import SCHEMA_VERSION
from critmass.studies.sharing.game import Kind
from critmass.studies.sharing.rules import Rule


class PlayerLine(Frozen):
    """A player's part. Members are null where they are not given."""

    player: str
    members: float | None
    alone_usd: float = Field(description="What it costs, or makes, without the others.")
    share_usd: float
    share_of_total: float | None = Field(description="Null where there is nothing to share.")
    gain_usd: float = Field(description="Better off than alone by this; negative: worse off.")


class RuleLine(Frozen):
    """Shares by one rule, in the order of the players; null where the rule cannot be used, with the reason."""

    rule: Rule
    label: str
    shares_usd: tuple[float, ...] | None
    in_core: bool | None
    worse_off: tuple[str, ...] = Field(description="Players that do better alone.")
    largest_excess_usd: float | None = Field(description="Of coalitions other than everyone; null for one player.")
    reason: str


class ExcessLine(Frozen):
    """A coalition and what it could gain by leaving: above 0 it has a reason to object."""

    coalition: tuple[str, ...]
    alone_usd: float
    allocated_usd: float
    excess_usd: float


class GameLine(Frozen):
    """What kind of game it is. For costs, superadditive means subadditive and convex means concave."""

    superadditive: bool = Field(description="Two coalitions never do better apart.")
    clash: tuple[tuple[str, ...], tuple[str, ...]] | None = Field(description="Two coalitions that do.")
    convex: bool = Field(description="The larger a coalition, the more it gains by one more player.")
    core_empty: bool
    least_core_excess_usd: float | None = Field(description="The least worst excess; null for one player.")


class SharingDocument(Frozen):
    """A joint cost or value, shared by a rule, and by all other rules for comparison."""

    kind: Literal["sharing"] = "sharing"
    schema_version: str = SCHEMA_VERSION
    title: str
    amounts: Kind = Field(description="Whether amounts are costs or values.")
    total_usd: float
    rule: Rule
    players: tuple[PlayerLine, ...]
    in_core: bool
    individually_rational: bool
    excesses: tuple[ExcessLine, ...] = Field(description="Of the chosen rule, worst first; at most 20.")
    rules: tuple[RuleLine, ...]
    benefits_are_alone: bool = Field(description="No benefits are given: rule benefit goes by amounts alone.")
    game: GameLine
    warnings: tuple[str, ...]
    versions: dict[str, str]
