"""All blocks of a network with the links between them, and the way back from numbers to decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from critmass.domain.errors import InputError, Problem
from critmass.formulation.block import Block, FloatArray, Terms
from critmass.formulation.levels import Shared
from critmass.formulation.links import HELD_BY_CAPS, OF_ONE_PRACTICE, PREFIX, Asked, Links
from critmass.formulation.organization import organization_level
from critmass.formulation.practice import practice_block
from critmass.settlement.projection import HUB, OWN, Decisions

ADOPTED = 0.5
"""A 0/1 variable above this is taken as 1."""


@dataclass(frozen=True)
class LinkMatrix:
    """A block's contributions to all links: constant + matrix @ x, one row per link."""

    constant: FloatArray
    matrix: sparse.csr_array


@dataclass(frozen=True)
class NetworkModel:
    """One block per practice, the organization's block last, and the links.

    Link rows read: sum over blocks of (constant + matrix @ x) >= 0, or = 0 where `equal`.
    """

    shared: Shared
    blocks: tuple[Block, ...]
    links: tuple[str, ...]
    equal: NDArray[np.bool_]
    conditions: Mapping[tuple[tuple[str, ...], int], str]
    claim_shares: tuple[Mapping[str, Mapping[str, float]], ...] = ()
    """By practice and payer: the share of each pooled payment (an organization expression) it may claim."""
    with_all_links: NetworkModel | None = None
    """Of a model with shared links only, the same with all of them."""

    @cached_property
    def pooled_payments(self) -> tuple[str, ...]:
        """Names of the pooled payments that any practice may claim a share of."""
        return tuple(
            dict.fromkeys(name for by_payer in self.claim_shares for parts in by_payer.values() for name in parts)
        )

    @cached_property
    def held_by_caps(self) -> NDArray[np.bool_]:
        """Links of claims on pooled payments, shape (link,): their prices stay 0, caps on the claims take their place.

        A practice needs its claim whole or not at all to be at mass; a price for it only makes it half.
        """
        return np.array([name.startswith(HELD_BY_CAPS) for name in self.links], dtype=np.bool_)

    def with_shared_links_only(self) -> NetworkModel:
        """The same blocks without the links that tie one practice to one decision of the organization.

        What is left out only loosens the model: bounds stay bounds, and plans are settled in any case. The number
        of links no longer grows with the number of practices.
        """
        kept = [not name.startswith(OF_ONE_PRACTICE) for name in self.links]
        links = tuple(name for name, keep in zip(self.links, kept, strict=True) if keep)
        return replace(self, links=links, equal=self.equal[kept], with_all_links=self)

    @cached_property
    def claims_untied(self) -> bool:
        """Whether no link ties the practices' claims to the pooled payments."""
        return bool(self.pooled_payments) and not self.held_by_caps.any()

    @property
    def practices(self) -> tuple[Block, ...]:
        """The practices' blocks, in network order."""
        return self.blocks[:-1]

    @property
    def organization(self) -> Block:
        """The organization's block."""
        return self.blocks[-1]

    @cached_property
    def link_matrices(self) -> tuple[LinkMatrix, ...]:
        """One for each block."""
        return tuple(_link_matrix([block], self.links) for block in self.blocks)

    def all_links(self) -> LinkMatrix:
        """The same of all blocks side by side."""
        return _link_matrix(self.blocks, self.links)

    def decisions(self, solutions: Sequence[FloatArray]) -> Decisions:
        """Plan decisions from the blocks' solution vectors (the organization's last)."""
        parts = [self.practice_decisions(place, x) for place, x in enumerate(solutions[:-1])]
        joined = np.stack([part.joined[0, 0] for part in parts])[None]
        joined = joined | self.organization_joined(solutions[-1])[None, None, :]
        return Decisions(
            delivery=np.stack([part.delivery[0, 0] for part in parts])[None],
            reach=np.stack([part.reach[0, 0] for part in parts])[None],
            joined=joined,
        )

    def practice_decisions(self, place: int, x: FloatArray) -> Decisions:
        """One practice's decisions, shape (1, 1, ...), organization programs left out."""
        block, shared = self.blocks[place], self.shared
        delivery = np.zeros((1, 1, len(shared.model.workflows)), dtype=np.int8)
        reach = np.zeros((1, 1, len(shared.model.workflows)))
        for column, workflow in enumerate(shared.model.workflows):
            for mode, code in (("own", OWN), ("hub", HUB)):
                if _value(block, x, f"{mode}[{workflow.id}]") > ADOPTED:
                    delivery[0, 0, column] = code
                    reach[0, 0, column] = _clean_reach(_value(block, x, f"reach_{mode}[{workflow.id}]"))
        joined = [
            program.join_level == "practice" and _value(block, x, f"join[{program.id}]") > ADOPTED
            for program in shared.programs
        ]
        return Decisions(delivery, reach, np.array(joined, dtype=np.bool_)[None, None])

    def organization_joined(self, x: FloatArray) -> NDArray[np.bool_]:
        """Programs that the organization joins, shape (program,)."""
        return np.array(
            [_value(self.organization, x, f"join[{program.id}]") > ADOPTED
             if program.join_level == "organization" else False for program in self.shared.programs],
            dtype=np.bool_,
        )  # fmt: skip


def _value(block: Block, x: FloatArray, name: str) -> float:
    place = block.position.get(name)
    return 0.0 if place is None else float(x[place])


def _clean_reach(value: float) -> float:
    """Reach rounded up within solver tolerance, so that a threshold that was met stays met."""
    return float(min(np.ceil(value * 1e7 - 1e-2) / 1e7, 1.0))


def _link_matrix(blocks: Sequence[Block], links: Sequence[str]) -> LinkMatrix:
    """Contributions of blocks side by side."""
    position = {PREFIX + name: row for row, name in enumerate(links)}
    rows, starts, found, start = list[int](), list[int](), list[Terms](), 0
    for block in blocks:
        names = [name for name in block.expressions if name in position]
        rows += [position[name] for name in names]
        found.append(block.expressions.some(names))
        starts += [start] * len(names)
        start += len(block.variables)
    lengths = np.concatenate([part.lengths for part in found])
    places = np.array([rows, starts], dtype=np.int32).repeat(lengths, axis=1)
    columns = np.concatenate([part.places for part in found]) + places[1]
    data = np.concatenate([part.values for part in found])
    matrix = sparse.csr_array((data, (places[0], columns)), shape=(len(links), start))
    matrix.eliminate_zeros()
    constant = np.zeros(len(links))
    np.add.at(constant, rows, np.concatenate([part.constants for part in found]))
    return LinkMatrix(constant, matrix)


def shared_tins(shared: Shared) -> Iterator[Problem]:
    """TINs of several practices that a payment judges together: one block cannot see the other practices."""
    tins = shared.model.arrays.tins
    together: dict[int, dict[str, set[int]]] = {}
    for clause in shared.terms.clauses:
        if clause.component.level == "tin":
            touched = [at for at in range(len(tins)) if shared.has_members(clause.populations, at)]
            for at in touched:
                practices = [other for other in touched if tins[other] == tins[at]]
                if len(practices) > 1:
                    together.setdefault(int(tins[at]), {}).setdefault(".".join(clause.key), set()).update(practices)
    for tin, components in together.items():
        yield _shared_tin(shared, tin, components)


def _shared_tin(shared: Shared, tin: int, components: dict[str, set[int]]) -> Problem:
    table, names = shared.model.network.table("Practices"), shared.model.network.practices
    written = dict(zip(table["practice"], table["tin"], strict=True))
    practices = [names[at] for at in sorted(set().union(*components.values()))]
    message = (
        f"{', '.join(practices)} share TIN {written[names[tin]]}, for which {', '.join(components)} settles as one"
    )
    return Problem("Practices: tin", message, "to plan, enter the TIN as one practice")


@dataclass(frozen=True)
class PracticeBlocks:
    """Blocks of some practices, what these ask of the organization, and payments that rows hold only from above."""

    blocks: list[Block]
    asked: Asked
    inexact: set[tuple[str, str]]


class Formulation:
    """Blocks of one network in the making. Practices may be formulated anywhere, and are put together in their order.

    Raises:
        InputError: where practices share a TIN that a payment settles for.
    """

    def __init__(self, shared: Shared) -> None:
        problems = list(shared_tins(shared))
        if problems:
            raise InputError(problems)
        self._shared, self._links = shared, Links(shared)
        self._organization = organization_level(shared, self._links)

    def practices(self, places: Iterable[int]) -> PracticeBlocks:
        """Practices' blocks, by their places in the network."""
        self._links.asked = Asked()
        blocks = [practice_block(self._shared, place, self._links) for place in places]
        return PracticeBlocks(blocks, self._links.asked, self._shared.inexact)

    def together(self, parts: Iterable[PracticeBlocks]) -> NetworkModel:
        """The whole network's model, from all practices' blocks in network order."""
        links, builder = self._links, self._organization.builder
        practices, asked = list[Block](), Asked()
        for part in parts:
            practices += part.blocks
            asked.update(part.asked)
            self._shared.inexact |= part.inexact
        links.asked = asked
        links.organization_conditions(builder)
        sides = {**links.organization_side, **asked.organization_side}
        for name, side in sides.items():
            builder.express(PREFIX + name, side)
        equal = np.array([name in asked.equal for name in sides], dtype=np.bool_)
        claims = tuple(asked.claim_shares.get(place, {}) for place in range(len(practices)))
        blocks = (*practices, builder.finish())
        return NetworkModel(self._shared, blocks, tuple(sides), equal, asked.conditions, claims)


def formulate(shared: Shared) -> NetworkModel:
    """Blocks and links of a whole network.

    Raises:
        InputError: where practices share a TIN that a payment settles for.
    """
    formulation = Formulation(shared)
    return formulation.together([formulation.practices(range(len(shared.model.network.practices)))])
