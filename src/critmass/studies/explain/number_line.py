"""The values of one number of a contract, in whole steps from today's in one direction."""

from __future__ import annotations

import math
from dataclasses import dataclass

from critmass.studies.explain.contract_numbers import ContractNumber

_ROUNDING = 1e-9


@dataclass(frozen=True)
class NumberLine:
    """Places on the way from today's value (place 0) to `end` (the last place), one notch of the number apart."""

    number: ContractNumber
    end: float

    def value(self, place: int) -> float:
        """The number at a place: today's, then whole notches, then the end."""
        if place <= 0:
            return self.number.value
        if place >= self.last:
            return self.end
        return round((self._first + self._sign * (place - 1)) * self.number.notch, 10)

    @property
    def last(self) -> int:
        """Place of the end."""
        return max(math.ceil(abs(self.end / self.number.notch - self._first) - _ROUNDING), 0) + 1

    @property
    def _sign(self) -> int:
        return 1 if self.end > self.number.value else -1

    @property
    def _first(self) -> int:
        """The first whole notch beyond today's value."""
        notches = self.number.value / self.number.notch
        return math.floor(notches + _ROUNDING) + 1 if self._sign > 0 else math.ceil(notches - _ROUNDING) - 1
