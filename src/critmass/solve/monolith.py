"""The whole network as one model: for tiny networks, cross-checks, other solvers and `.lp` files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from critmass.formulation.block import FloatArray, coefficients
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
        matrix=_stacked([_diagonal([block.matrix for block in blocks]), *below]),
        row_lower=np.concatenate(lows),
        row_upper=np.concatenate(highs),
    )


def _diagonal(parts: Sequence[sparse.csr_array]) -> sparse.csr_array:
    """Blocks along the diagonal, coefficients in the order of columns; SciPy's own goes through coordinates."""
    starts = np.cumsum([0, *(part.shape[1] for part in parts)], dtype=np.int32)
    indices = np.concatenate([part.indices + start for part, start in zip(parts, starts, strict=False)])
    rows = sum(part.shape[0] for part in parts)
    found = sparse.csr_array((_data(parts), indices, _row_starts(parts)), shape=(rows, starts[-1]))
    found.sort_indices()
    return found


def _stacked(parts: Sequence[sparse.csr_array]) -> sparse.csr_array:
    """Blocks below each other."""
    indices = np.concatenate([part.indices for part in parts])
    rows = sum(part.shape[0] for part in parts)
    return sparse.csr_array((_data(parts), indices, _row_starts(parts)), shape=(rows, parts[0].shape[1]))


def _data(parts: Sequence[sparse.csr_array]) -> FloatArray:
    return np.concatenate([part.data for part in parts])


def _row_starts(parts: Sequence[sparse.csr_array]) -> NDArray[np.int32]:
    lengths = np.concatenate([np.diff(part.indptr) for part in parts])
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def _combine(model: NetworkModel, weights: Mapping[str, float]) -> tuple[FloatArray, float]:
    starts = np.cumsum([0, *(len(block.variables) for block in model.blocks)])
    found, offset = np.zeros(starts[-1]), 0.0
    for name, weight in weights.items():
        parts = [block.expressions.affine(name) for block in model.blocks]
        lengths, places, values = coefficients(parts)
        found[places + np.repeat(starts[:-1], lengths)] += weight * values
        offset += weight * sum(part.constant for part in parts)
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
