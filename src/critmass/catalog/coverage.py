"""How much of a catalog is quoted, computed, assumed or unverified."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from critmass.domain.catalog import Catalog, ValueProvenance

GRADES = ("quoted", "secondary", "computed", "paraphrase", "unverified", "assumption")
"""From the strongest ground for believing a value to the weakest."""

WEAK_GRADES = ("unverified", "assumption")
"""Grades that no document seen supports."""


@dataclass(frozen=True)
class Coverage:
    """How many values of one catalog object stand on which grade."""

    owner: str
    label: str
    payer: str
    status: str
    values: Mapping[str, int]

    @property
    def total(self) -> int:
        """Number of values."""
        return sum(self.values.values())

    @property
    def supported_share(self) -> float:
        """Share of values that a document supports; 1 where there are none."""
        weak = sum(self.values[grade] for grade in WEAK_GRADES)
        return 1.0 - weak / self.total if self.total else 1.0


def program_coverage(catalog: Catalog) -> tuple[Coverage, ...]:
    """Coverage of every program, by id."""
    by_owner = _grades_by_owner(catalog)
    return tuple(
        Coverage(program.id, program.label, program.payer, program.status, by_owner.get(program.id, _none()))
        for program in sorted(catalog.programs.values(), key=lambda item: item.id)
    )


def family_coverage(catalog: Catalog) -> tuple[Coverage, ...]:
    """Coverage of the measures, the roles, the workflows, the facts and the payer values, each family as a whole."""
    by_owner = _grades_by_owner(catalog)
    families = {"measures": catalog.measures, "roles": catalog.roles, "workflows": catalog.workflows,
                "facts": catalog.facts, "payer values": catalog.payer_values}  # fmt: skip
    return tuple(
        Coverage(name, name, "", "", _sum(by_owner.get(owner, _none()) for owner in items))
        for name, items in families.items()
    )


def weakest(grades: Iterable[str]) -> str:
    """The weakest of some grades; 'assumption' when there are none."""
    return max(grades, key=GRADES.index, default=GRADES[-1])


def grades_by_part(catalog: Catalog) -> dict[tuple[str, str], list[ValueProvenance]]:
    """Values by their owner and the part of it they belong to, such as ('outreach', 'fixed_usd') or
    ('a_program', 'components[fee]')."""
    parts: dict[tuple[str, str], list[ValueProvenance]] = {}
    for item in catalog.provenance:
        parts.setdefault((item.owner, _part(item)), []).append(item)
    return parts


def _part(item: ValueProvenance) -> str:
    rest = item.path[len(item.owner) + 1 :]
    closing = rest.find("]")
    opening = rest.find("[")
    dot = rest.find(".")
    if opening >= 0 and (dot < 0 or opening < dot):
        return rest[: closing + 1]
    return rest if dot < 0 else rest[:dot]


def _grades_by_owner(catalog: Catalog) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for item in catalog.provenance:
        counts = found.setdefault(item.owner, _none())
        counts[item.cite.grade] += 1
    return found


def _none() -> dict[str, int]:
    return dict.fromkeys(GRADES, 0)


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter(_none())
    for item in counts:
        total.update(item)
    return dict(total)
