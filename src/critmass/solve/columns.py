"""Columns: complete plans of one block, with what they are worth and what they bring to each link."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from critmass.formulation.block import FloatArray
from critmass.formulation.bonus import COUNTED, NEED, OUTCOMES, OWN_VALUE
from critmass.formulation.network_model import NetworkModel
from critmass.solve.highs import Problem

WORTHS = ("margin", "members_at_mass", "at_mass")
"""Block expressions that objectives and floors are made of."""

ROUNDED = 1e-6
"""By how much a plan may miss a bound and still be taken to keep it."""

BONUS_WORTHS = (NEED, COUNTED, OWN_VALUE, OUTCOMES)
"""The same where payers may add a bundle bonus."""


@dataclass(frozen=True)
class Column:
    """One plan of one block. `links` has the length of the model's links."""

    block: int
    x: FloatArray
    worth: Mapping[str, float]
    links: FloatArray

    def key(self) -> bytes:
        """Equal for columns that decide the same."""
        return np.round(self.x, 6).tobytes()


def worths(model: NetworkModel) -> tuple[str, ...]:
    """Names of the worths that the model's blocks express."""
    return WORTHS if model.shared.bonus is None else WORTHS + BONUS_WORTHS


def column(model: NetworkModel, block: int, x: FloatArray, worth: Mapping[str, float] | None = None) -> Column:
    """A column from a block's solution; `worth` replaces the block's own expressions when settled."""
    part = model.link_matrices[block]
    found = dict(worth or {})
    names = worths(model)
    found |= {name: model.blocks[block].value(name, x) for name in names if name not in found}
    return Column(block, x, found, part.constant + part.matrix @ x)


def without_mass(model: NetworkModel, found: Column) -> Column:
    """The same plan of a practice when it is not counted as at mass, for which it needs no claims."""
    block, x = model.blocks[found.block], found.x.copy()
    for name in ("at_mass", *(f"claim[{payer}]" for payer in model.claim_shares[found.block])):
        x[block.position[name]] = max(0.0, block.lower[block.position[name]])
    return column(model, found.block, x, {**found.worth, "at_mass": 0.0, "members_at_mass": 0.0})


@dataclass
class Pool:
    """All columns found so far, by block, without repeats."""

    blocks: int
    columns: list[list[Column]] = field(default_factory=list)
    _known: list[set[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = [[] for _ in range(self.blocks)]
        self._known = [set() for _ in range(self.blocks)]

    def add(self, new: Column) -> bool:
        """True when the column was not there yet."""
        if new.key() in self._known[new.block]:
            return False
        self._known[new.block].add(new.key())
        self.columns[new.block].append(new)
        return True

    def best_point(self, problem: Problem, block: int, place: int, value: float) -> FloatArray | None:
        """The block's plan that is worth most in a problem, of those that hold one variable at some value: one that
        keeps the problem's bounds, or else one moved to them, which may not keep the rows."""
        held = [item.x for item in self.columns[block] if abs(item.x[place] - value) <= ROUNDED]
        if not held:
            return None
        points = np.array(held)
        kept = (points >= problem.lower - ROUNDED) & (points <= problem.upper + ROUNDED)
        if kept.all(axis=1).any():
            points = points[kept.all(axis=1)]
        points = np.clip(points, problem.lower, problem.upper)
        best: FloatArray = points[int(np.argmax(points @ problem.objective))]
        return best

    def flat(self, blocks: Sequence[int] | None = None) -> list[Column]:
        """Columns of some blocks, in order."""
        chosen = range(self.blocks) if blocks is None else blocks
        return [item for block in chosen for item in self.columns[block]]


@dataclass(frozen=True)
class Stage:
    """One objective of a lexicographic order: maximise a weighted worth, with floors on others.

    `gap_usd`-like tolerances are relative: see `critmass.domain.scenario.SolveOptions.gap`.
    """

    name: str
    weights: Mapping[str, float]
    floors: Mapping[str, float] = field(default_factory=dict)

    def value(self, worth: Mapping[str, float]) -> float:
        """The objective of a column's or plan's worth."""
        return sum(weight * worth[name] for name, weight in self.weights.items())


def restricted_master(
    model: NetworkModel, pool: Pool, stage: Stage, *, explicit_organization: bool, slack_costs: SlackCosts
) -> tuple[Problem, list[Column]]:
    """Choose one column per block so that all links hold.

    With `explicit_organization` the organization's block itself takes part instead of its columns, and
    choices are whole: the plan-finding problem. Otherwise it is the linear master whose duals are prices.
    Variables: columns, then link and floor slacks at their costs, then the organization's. Rows: links,
    floors, one row per block.
    """
    practices = range(len(model.blocks) - 1)
    chosen = pool.flat(practices if explicit_organization else None)
    floors = list(stage.floors.items())
    rows = len(model.links) + len(floors)
    links = np.array([item.links for item in chosen]).T if chosen else np.zeros((len(model.links), 0))
    floor_rows = np.array([[item.worth[name] for item in chosen] for name, _ in floors]).reshape(
        len(floors), len(chosen)
    )
    blocks = len(model.blocks) - int(explicit_organization)
    convexity = sparse.csr_array(
        (np.ones(len(chosen)), ([item.block for item in chosen], range(len(chosen)))),
        shape=(blocks, len(chosen)),
    )
    slack, slack_count = _slacks(rows), 2 * rows
    top = sparse.hstack([sparse.csr_array(np.vstack([links, floor_rows])), slack])
    bottom = sparse.hstack([convexity, sparse.csr_array((blocks, slack_count))])
    least = np.array([0.0] * len(model.links) + [floor for _, floor in floors])
    most = np.where(np.concatenate([model.equal, np.zeros(len(floors), dtype=bool)]), least, np.inf)
    problem = Problem(
        objective=np.concatenate([[stage.value(item.worth) for item in chosen], -slack_costs.short, slack_costs.spare]),
        offset=0.0,
        lower=np.zeros(len(chosen) + slack_count),
        upper=np.concatenate(
            [np.ones(len(chosen)), np.full(rows, np.inf), np.where(slack_costs.spare > 0, np.inf, 0.0)]
        ),
        integer=np.concatenate([np.full(len(chosen), explicit_organization), np.zeros(slack_count, dtype=bool)]),
        matrix=sparse.csr_array(sparse.vstack([top, bottom])),
        row_lower=np.concatenate([least, np.ones(blocks)]),
        row_upper=np.concatenate([most, np.ones(blocks)]),
    )
    return (_with_organization(model, problem, stage) if explicit_organization else problem), chosen


@dataclass(frozen=True)
class SlackCosts:
    """Per link and floor: what a unit short costs, and what a unit to spare earns. Together they keep the
    master's prices inside a box (zero earnings: no box from below)."""

    short: FloatArray
    spare: FloatArray


def penalty_costs(model: NetworkModel, stage: Stage, penalty: float) -> SlackCosts:
    """A plain penalty for falling short, nothing for sparing."""
    rows = len(model.links) + len(stage.floors)
    return SlackCosts(np.full(rows, penalty), np.zeros(rows))


def _slacks(rows: int) -> sparse.csr_array:
    up = sparse.eye_array(rows, format="csr")
    return sparse.csr_array(sparse.hstack([up, -up]))


def _with_organization(model: NetworkModel, problem: Problem, stage: Stage) -> Problem:
    block, part = model.organization, model.link_matrices[-1]
    floors = list(stage.floors.items())
    extra = [part.matrix]
    if floors:
        extra.append(sparse.csr_array(np.array([block.expressions[name][1] for name, _ in floors])))
    beside = sparse.vstack(extra)
    blocks = problem.matrix.shape[0] - beside.shape[0]
    matrix = sparse.vstack([
        sparse.hstack([problem.matrix, sparse.vstack([beside, sparse.csr_array((blocks, beside.shape[1]))])]),
        sparse.hstack([sparse.csr_array((block.matrix.shape[0], problem.matrix.shape[1])), block.matrix]),
    ])  # fmt: skip
    moved = np.concatenate([part.constant, [block.expressions[name][0] for name, _ in floors], np.zeros(blocks)])
    constant = sum(weight * block.expressions[name][0] for name, weight in stage.weights.items())
    costs = sum(
        (weight * block.expressions[name][1] for name, weight in stage.weights.items()),
        np.zeros(len(block.lower)),
    )
    return Problem(
        objective=np.concatenate([problem.objective, costs]),
        offset=problem.offset + constant,
        lower=np.concatenate([problem.lower, block.lower]),
        upper=np.concatenate([problem.upper, block.upper]),
        integer=np.concatenate([problem.integer, block.integer]),
        matrix=sparse.csr_array(matrix),
        row_lower=np.concatenate([problem.row_lower - moved, block.row_lower]),
        row_upper=np.concatenate([problem.row_upper - moved, block.row_upper]),
    )
