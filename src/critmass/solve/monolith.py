"""The whole network as one model: for tiny networks, cross-checks, other solvers and `.lp` files."""

from __future__ import annotations

from collections.abc import Mapping

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
    objective, offset = _combine(model, weights)
    matrices = [sparse.block_diag([block.matrix for block in model.blocks], format="csr")]
    lows = [block.row_lower for block in model.blocks]
    highs = [block.row_upper for block in model.blocks]
    constant = sum((part.constant for part in model.link_matrices), start=np.zeros(len(model.links)))
    matrices.append(sparse.hstack([part.matrix for part in model.link_matrices], format="csr"))
    lows.append(-constant)
    highs.append(np.where(model.equal, -constant, np.inf))
    for name, least in (floors or {}).items():
        row, part = _combine(model, {name: 1.0})
        matrices.append(sparse.csr_array(row[None, :]))
        lows.append(np.array([least - part]))
        highs.append(np.array([np.inf]))
    return Problem(
        objective=objective,
        offset=offset,
        lower=np.concatenate([block.lower for block in model.blocks]),
        upper=np.concatenate([block.upper for block in model.blocks]),
        integer=np.concatenate([block.integer for block in model.blocks]),
        matrix=sparse.csr_array(sparse.vstack(matrices, format="csr")),
        row_lower=np.concatenate(lows),
        row_upper=np.concatenate(highs),
    )


def _combine(model: NetworkModel, weights: Mapping[str, float]) -> tuple[FloatArray, float]:
    parts, offset = [], 0.0
    for block in model.blocks:
        coefficients = np.zeros(len(block.variables))
        for name, weight in weights.items():
            constant, dense = block.expressions[name]
            coefficients += weight * dense
            offset += weight * constant
        parts.append(coefficients)
    return np.concatenate(parts), offset


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
