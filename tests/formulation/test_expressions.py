"""Named expressions of a block: the same numbers one by one, several at once, at a point and multiplied."""

from __future__ import annotations

import numpy as np

from critmass.formulation.block import Affine, Expressions

PARTS = {
    "margin": Affine(3.0, {2: 1.5, 0: -2.0}),
    "nothing": Affine(7.0),
    "members": Affine(0.0, {1: 4.0}),
}
EXPRESSIONS = Expressions(PARTS, 3)


def test_one_by_one() -> None:
    """A constant and dense coefficients, or the terms that were given, in their order."""
    constant, dense = EXPRESSIONS["margin"]
    assert (constant, dense.tolist()) == (3.0, [-2.0, 0.0, 1.5])
    assert {name: EXPRESSIONS.affine(name) for name in EXPRESSIONS} == PARTS
    assert list(EXPRESSIONS.affine("margin").terms) == [2, 0]
    places, values = EXPRESSIONS.terms("margin")
    assert (places.tolist(), values.tolist()) == ([2, 0], [1.5, -2.0])
    assert list(EXPRESSIONS) == list(PARTS)


def test_several_at_once() -> None:
    """In the order in which they are asked for; one without terms has none."""
    found = EXPRESSIONS.some(["members", "nothing", "margin"])
    assert found.constants.tolist() == [0.0, 7.0, 3.0]
    assert found.lengths.tolist() == [1, 0, 2]
    assert found.places.tolist() == [1, 2, 0]
    assert found.values.tolist() == [4.0, 1.5, -2.0]
    assert not len(EXPRESSIONS.some([]).places)


def test_at_a_point() -> None:
    """Constant and terms together."""
    x = np.array([1.0, 10.0, 100.0])
    assert {name: EXPRESSIONS.value(name, x) for name in EXPRESSIONS} == {
        "margin": 151.0, "nothing": 7.0, "members": 40.0,
    }  # fmt: skip


def test_multiplied() -> None:
    """Each by its own factor; the first ones stay as they are."""
    twice = EXPRESSIONS.times({"margin": 2.0, "nothing": 0.5, "members": -1.0})
    assert twice.affine("margin") == Affine(6.0, {2: 3.0, 0: -4.0})
    assert twice.affine("nothing") == Affine(3.5)
    assert twice.affine("members") == Affine(0.0, {1: -4.0})
    assert EXPRESSIONS.affine("margin") == PARTS["margin"]
