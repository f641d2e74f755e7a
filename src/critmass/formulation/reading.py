"""One clause while it is being turned into rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from critmass.formulation.levels import Level
from critmass.settlement.results import Populations


class Reading:
    """One clause being turned into rows: its level, its populations, and whether it stayed exact."""

    def __init__(self, level: Level, populations: Populations, program: str, component: str) -> None:
        self.level, self.populations, self.program = level, populations, program
        self.name = f"{program}.{component}"
        self.exact = True
        self._count = 0

    def fresh(self, what: str) -> str:
        """A name for another helper variable of this clause."""
        self._count += 1
        return f"{self.name},{what}{self._count}"

    def approximate(self, exact: bool) -> None:
        """Note that a part was modelled from above only."""
        self.exact = self.exact and exact

    def number(self, evaluator: Callable[..., NDArray[Any]], word: object) -> float:
        """A word that no decision changes."""
        return self.level.shared.number(evaluator, word, self.populations, self.level.practice)

    def numbers(self, evaluator: Callable[..., NDArray[Any]], word: object) -> list[float]:
        """The same for every practice with members in the populations."""
        shared = self.level.shared
        places = [at for at in range(len(shared.model.network.practices)) if shared.has_members(self.populations, at)]
        return [shared.number(evaluator, word, self.populations, place) for place in places]

    def pooled_number(self, evaluator: Callable[..., NDArray[Any]], word: object) -> float:
        """The same with all practices pooled, whatever the level."""
        return self.level.shared.number(evaluator, word, self.populations, None)
