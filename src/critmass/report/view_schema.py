"""The document of a role's view of a plan."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.values import Frozen

Cell = str | int | float | None
"""A cell of a table; null is a number that is hidden."""


class PolicyWords(Frozen):
    """The floor that sums over several parties had to pass."""

    name: str
    contributors: int = Field(description="Fewest payers, and fewest practices, in a sum, whichever one is left out.")
    largest_share: float = Field(description="Largest part of a sum that one of them may have, a fraction.")
    small_count: int = Field(description="Counts from 1 to this are hidden.")
    least_width: float = Field(description="Each hidden number could be anything in an interval this wide.")


class TableDocument(Frozen):
    """One table. Columns that end in _usd are USD, members are counts."""

    name: str
    title: str
    basis: Literal["whole", "own", "own_part_of_plan", "sums"] = Field(
        description="whole: everything; own: the role's own, free of anything of others; own_part_of_plan: the "
        "payer's own rows of the plan, which others' terms have shaped; sums: over several parties, above the floor."
    )
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    hidden: int = Field(description="Numbers that are hidden.")


class ViewDocument(Frozen):
    """What a role may see of a plan, and under which policy."""

    kind: Literal["view"] = "view"
    schema_version: str = "1.0"
    role: str
    statement: str
    policy: PolicyWords
    messenger: bool
    purpose: str
    network: str
    synthetic: bool
    performance_year: int
    tables: tuple[TableDocument, ...]
    release_number: int = Field(description="Where this release stands in the release log.")
    release_hash: str | None = Field(description="Its hash there, for the organization and the auditor; else null.")
