"""How fragmented the payers' measure sets and money are, by published definitions.

Sources of the definitions and their anchors: Bazinsky and Bailit 2013 (48 measure sets), Boone 2024 (JAMA Health
Forum); models/coverage.md has the formulas. Shares of distinct measures fall by themselves as sets are added, so
indices are compared only at a fixed number of payers.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from critmass.settlement.results import BoolArray, FloatArray
from critmass.settlement.terms import Terms

MOST_SUBSETS = 924
"""Subsets of one size that are all looked at: as many as 12 payers have of size 6."""


@dataclass(frozen=True)
class MeasureSet:
    """The measures of one program; `modified` when its payer changes at least one of them."""

    payer: str
    program: str
    measures: frozenset[str]
    modified: bool = False


@dataclass(frozen=True)
class AtFixedNumber:
    """Means over all groups of a fixed number of payers; comparable between networks."""

    payers: int
    groups: int
    unique_share: float
    mean_reuse: float
    solo_share: float


@dataclass(frozen=True)
class Fragmentation:
    """Indices of some measure sets and of the money behind them. `payers` is the number that they are true at.

    Indices of measures are None without any measure, those of money without any money, `overlap` with fewer than
    two payers that pay.
    """

    payers: int
    sets: int
    distinct_measures: int
    slots: int
    unique_share: float | None
    mean_reuse: float | None
    solo_share: float | None
    largest_adoption: float | None
    modified_share: float | None
    effective_payers: float | None
    overlap: float | None
    at_fixed_number: tuple[AtFixedNumber, ...]


def measure_sets(terms: Terms) -> tuple[MeasureSet, ...]:
    """The measures of each program in force; programs without measures, and parts of other payers, stand apart."""
    changed = {(row.payer, row.measure) for row in terms.catalog.crosswalk if row.relation != "same"}
    found: dict[tuple[str, str], set[str]] = {}
    for clause in terms.clauses:
        found.setdefault((clause.payer, clause.program.id), set()).update(clause.component.measures)
    return tuple(
        MeasureSet(payer, program, frozenset(names), any((payer, name) in changed for name in names))
        for (payer, program), names in sorted(found.items())
        if names
    )


def fragmentation(sets: Sequence[MeasureSet], paid_usd: Mapping[str, float]) -> Fragmentation:
    """All indices of some measure sets; `paid_usd` is what each payer pays, of which only positive amounts weigh."""
    uses = Counter(name for item in sets for name in item.measures)
    slots = uses.total()
    weights = _weights(paid_usd)
    return Fragmentation(
        payers=len({item.payer for item in sets}),
        sets=len(sets),
        distinct_measures=len(uses),
        slots=slots,
        unique_share=unique_share(len(uses), slots),
        mean_reuse=mean_reuse(len(uses), slots),
        solo_share=solo_share(sum(times > 1 for times in uses.values()), len(uses)),
        largest_adoption=max(uses.values()) / len(sets) if uses else None,
        modified_share=sum(item.modified for item in sets) / len(sets) if sets else None,
        effective_payers=effective_payers(weights),
        overlap=weighted_overlap(_by_payer(sets), weights),
        at_fixed_number=fixed_numbers(sets),
    )


# The indices ------------------------------------------------------------------------------------------


def unique_share(distinct: float, slots: float) -> float | None:
    """F_unique: distinct measures over all places in measure sets."""
    return distinct / slots if slots else None


def mean_reuse(distinct: float, slots: float) -> float | None:
    """How many sets a measure stands in, on average."""
    return slots / distinct if distinct else None


def solo_share(shared: float, distinct: float) -> float | None:
    """F_solo: one less the share of measures that more than one program uses."""
    return 1.0 - shared / distinct if distinct else None


def effective_payers(weights: Mapping[str, float]) -> float | None:
    """1/HHI of incentive dollars; `weights` are shares of dollars."""
    return 1.0 / sum(weight**2 for weight in weights.values()) if weights else None


def weighted_overlap(sets: Mapping[str, frozenset[str]], weights: Mapping[str, float]) -> float | None:
    """Mean Jaccard overlap of pairs of payers' measures, weighted by the product of their shares of dollars.

    Normalised: the weights of the pairs are divided by their sum, so that identical sets give 1. Payers without
    measures share nothing with anybody.
    """
    pairs = list(itertools.combinations(sorted(weights), 2))
    total = sum(weights[one] * weights[other] for one, other in pairs)
    if total <= 0:
        return None
    nothing = frozenset[str]()
    parts = (
        weights[one] * weights[other] * jaccard(sets.get(one, nothing), sets.get(other, nothing))
        for one, other in pairs
    )
    return sum(parts) / total


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Measures in both over measures in either; 0 when there is none."""
    return len(one & other) / len(one | other) if one or other else 0.0


def _weights(paid_usd: Mapping[str, float]) -> dict[str, float]:
    positive = {payer: usd for payer, usd in paid_usd.items() if usd > 0}
    return {payer: usd / sum(positive.values()) for payer, usd in positive.items()}


def _by_payer(sets: Sequence[MeasureSet]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for item in sets:
        found[item.payer] = found.get(item.payer, frozenset()) | item.measures
    return found


# At a fixed number of payers --------------------------------------------------------------------------


def fixed_numbers(sets: Sequence[MeasureSet]) -> tuple[AtFixedNumber, ...]:
    """Indices at every number of payers whose groups can all be looked at: always up to 12 payers."""
    payers = len({item.payer for item in sets})
    return tuple(at_fixed_number(sets, n) for n in range(1, payers + 1) if math.comb(payers, n) <= MOST_SUBSETS)


def at_fixed_number(sets: Sequence[MeasureSet], payers: int) -> AtFixedNumber:
    """Means of the indices over all groups of so many payers, each group with all of its payers' sets.

    Raises:
        ValueError: for fewer than one payer, more than there are, or too many groups to look at them all.
    """
    names = sorted({item.payer for item in sets})
    groups = math.comb(len(names), payers) if payers > 0 else 0
    if not 1 <= groups <= MOST_SUBSETS:
        raise ValueError(
            f"{payers} of {len(names)} payers make {groups:,} groups; 1 to {MOST_SUBSETS} can be looked at"
        )
    uses = _uses(sets, names)
    chosen = _groups(len(names), payers)
    together = chosen @ uses
    slots, distinct = together.sum(axis=1), (together > 0).sum(axis=1)
    solo = (together == 1).sum(axis=1)
    return AtFixedNumber(
        payers=payers,
        groups=groups,
        unique_share=float((distinct / slots).mean()),
        mean_reuse=float((slots / distinct).mean()),
        solo_share=float((solo / distinct).mean()),
    )


def _uses(sets: Sequence[MeasureSet], names: Sequence[str]) -> FloatArray:
    """How many of a payer's sets hold a measure, shape (payer, measure)."""
    measures = sorted({name for item in sets for name in item.measures})
    table = np.zeros((len(names), len(measures)))
    for item in sets:
        for name in item.measures:
            table[names.index(item.payer), measures.index(name)] += 1
    return table


def _groups(payers: int, size: int) -> BoolArray:
    """All groups of a size, shape (group, payer)."""
    members = np.array(list(itertools.combinations(range(payers), size)))
    table = np.zeros((len(members), payers), dtype=np.bool_)
    np.put_along_axis(table, members, True, axis=1)
    return table
