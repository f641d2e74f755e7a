"""Memory for many arrays of the same shape."""

from __future__ import annotations

import numpy as np

from critmass.settlement.results import FloatArray

ROOMS_OF_A_BLOCK = 16


def empty_table(things: int, shape: tuple[int, int]) -> FloatArray:
    """Room for numbers of things, shape (thing, scenario, practice), scenarios side by side in memory.

    It is one block, because the system hands out memory in large pages only to large blocks, and getting a
    thousand scenarios' arrays in small pages takes longer than the arithmetic on them. What is never written
    takes no memory.
    """
    return np.empty((things, *shape[::-1])).transpose(0, 2, 1)


class Rooms:
    """Hands out empty arrays of one shape (scenario, practice), several from each block of memory."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._shape = shape
        self._free: list[FloatArray] = []

    def one(self) -> FloatArray:
        """An array that nobody else has."""
        if not self._free:
            self._free = list(empty_table(ROOMS_OF_A_BLOCK, self._shape))
        return self._free.pop()
