"""What a word of a contract is in the rows of a block. The modules beside this one answer for each word."""

from __future__ import annotations

from functools import singledispatch

from critmass.formulation.block import Affine
from critmass.formulation.reading import Reading
from critmass.settlement import evaluate


@singledispatch
def quantity(word: object, reading: Reading) -> Affine:
    """A quantity as an expression of the block; quantities that no decision changes are constants."""
    return Affine(reading.number(evaluate.quantity, word))


@singledispatch
def driver(word: object, reading: Reading) -> Affine:
    """A driver as an expression of the block; drivers that no decision changes are constants."""
    return Affine(reading.number(evaluate.driver, word))
