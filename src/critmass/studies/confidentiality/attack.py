"""What a reader can work out about hidden entries of a table from everything that is shown, by linear programming."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from critmass.domain.errors import CritmassError
from critmass.settlement.results import BoolArray, FloatArray
from critmass.studies.confidentiality.layout import Layout

_FAR = 1_000.0
_LARGEST = 1e7
"""Numbers are scaled to at most this, where their own rounding is far below the solver's tolerance."""


def widths(layout: Layout, values: FloatArray, hidden: BoolArray, least: float) -> FloatArray:
    """How far apart the smallest and largest possible values of each hidden entry are, shape (hidden entry,).

    `values` are all entries, `hidden` a mask of them. The reader knows every shown entry exactly, and that cells are
    not negative unless some are. An entry without limit is as wide as `least` and the table's sum make it. Cells are
    whole numbers in tables of counts, and since entries form at most two families, the extremes are whole as well.
    """
    targets, unknown = np.flatnonzero(hidden), np.flatnonzero(hidden[: layout.cells])
    if not len(targets):
        return np.zeros(0)
    if not len(unknown):
        return np.zeros(len(targets))
    cells = values[: layout.cells]
    rows = np.flatnonzero(~hidden & layout.sums[:, unknown].any(axis=1))
    far = 2.0 * float(np.abs(cells).sum()) + _FAR * least
    unit = max(far / _LARGEST, 1.0)
    low = -far if (cells < 0).any() else 0.0
    wanted = layout.sums[np.ix_(targets, unknown)].astype(np.float64)
    equal = layout.sums[np.ix_(rows, unknown)].astype(np.float64)
    return _spans(equal, equal @ (cells[unknown] / unit), wanted, (low / unit, far / unit)) * unit


def _spans(equal: FloatArray, left: FloatArray, wanted: FloatArray, bounds: tuple[float, float]) -> FloatArray:
    """Largest less smallest of each wanted sum of unknowns; all are solved as one program of independent blocks."""
    from scipy.optimize import linprog  # slow to load, and no other command needs it

    goals = np.vstack([wanted, -wanted])
    blocks = sparse.identity(len(goals), format="csr")
    constraints = sparse.kron(blocks, sparse.csr_matrix(equal), format="csr") if len(equal) else None
    right = np.tile(left, len(goals)) if len(equal) else None
    found = linprog(goals.ravel(), A_eq=constraints, b_eq=right, bounds=bounds, method="highs")
    if not found.success:
        raise CritmassError(f"Nothing was released: the check of hidden numbers failed ({found.message})")
    reached = (goals * found.x.reshape(goals.shape)).sum(axis=1)
    return np.asarray(-reached[len(wanted) :] - reached[: len(wanted)])
