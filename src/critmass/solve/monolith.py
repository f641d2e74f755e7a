"""The whole network as one model: for tiny networks, cross-checks, other solvers and `.lp` files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import sparse

from critmass.formulation.block import FloatArray
from critmass.formulation.network_model import NetworkModel
from critmass.solve.highs import Problem


def assemble(model: NetworkModel, weights: Mapping[str, float], floors: Mapping[str, float] | None = None) -> Problem:
    """One model of all blocks and links.

    `weights` are the coefficients of the named block expressions in the objective; `floors` are least
    values of the sum of a named expression over all blocks (rows `floor[name]`).
    """
    blocks = model.blocks
    objective, offset = _combine(model, weights)
    links = model.all_links()
    below = [links.matrix]
    lows = [*(block.row_lower for block in blocks), -links.constant]
    highs = [*(block.row_upper for block in blocks), np.where(model.equal, -links.constant, np.inf)]
    for name, least in (floors or {}).items():
        row, part = _combine(model, {name: 1.0})
        below.append(sparse.csr_array(row[None, :]))
        lows.append(np.array([least - part]))
        highs.append(np.array([np.inf]))
    return Problem(
        objective=objective,
        offset=offset,
        lower=np.concatenate([block.lower for block in blocks]),
        upper=np.concatenate([block.upper for block in blocks]),
        integer=np.concatenate([block.integer for block in blocks]),
        matrix=_joined([block.matrix for block in blocks], below),
        row_lower=np.concatenate(lows),
        row_upper=np.concatenate(highs),
    )


def _joined(parts: Sequence[sparse.csr_array], below: Sequence[sparse.csr_array]) -> sparse.csr_array:
    """Matrices along the diagonal, and others below them, all at once: SciPy's own way goes through coordinates."""
    every = [*parts, *below]
    starts = np.cumsum([0, *(part.shape[1] for part in parts)])
    firsts = [*starts[:-1].tolist(), *[0] * len(below)]
    indices = np.concatenate([part.indices + np.int32(first) for part, first in zip(every, firsts, strict=True)])
    lengths = np.concatenate([np.diff(part.indptr) for part in every])
    ends = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    data = np.concatenate([part.data for part in every])
    return sparse.csr_array((data, indices, ends), shape=(len(lengths), starts[-1]))


def _combine(model: NetworkModel, weights: Mapping[str, float]) -> tuple[FloatArray, float]:
    starts = np.cumsum([0, *(len(block.variables) for block in model.blocks)])
    found, offset = np.zeros(starts[-1]), 0.0
    for name, weight in weights.items():
        for block, start in zip(model.blocks, starts.tolist(), strict=False):
            places, values = block.expressions.terms(name)
            found[start + places] += weight * values
        offset += weight * sum(block.expressions.constant(name) for block in model.blocks)
    return found, offset


def split(model: NetworkModel, x: FloatArray) -> list[FloatArray]:
    """A solution of the whole, cut into the blocks' parts."""
    return np.split(x, np.cumsum([len(block.variables) for block in model.blocks])[:-1])


def variable_names(model: NetworkModel) -> list[str]:
    """Readable names of all variables, `block.variable[index]`."""
    return [f"{block.name}.{name}" for block in model.blocks for name in block.variables]


def row_names(model: NetworkModel, floors: Mapping[str, float] | None = None) -> list[str]:
    """Readable names of all rows in the order of `assemble`."""
    own = [f"{block.name}.{name}" for block in model.blocks for name in block.rows]
    return own + list(model.links) + [f"floor[{name}]" for name in (floors or {})]
