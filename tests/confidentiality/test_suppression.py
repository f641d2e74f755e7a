"""Hidden numbers withstand an attack that is written here, not taken from the product."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp

from critmass.domain.errors import CritmassError
from critmass.studies.confidentiality.layout import Layout, hierarchy, two_way
from critmass.studies.confidentiality.policies import POLICIES
from critmass.studies.confidentiality.suppression import Protection, protect

FLOOR = POLICIES["floor_5_25"]
Floats = NDArray[np.float64]
ROUNDING = 1e-4
TABLES = 6
SEEDS = [*range(TABLES), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(TABLES, 60))]


def random_parts(seed: int, cells: int) -> Floats:
    """Counts that 8 payers and 9 practices bring to cells: some cells thin, some just enough, some with one giant."""
    random = np.random.default_rng(seed)
    typical = random.choice([0.05, 0.4, 0.8, 3.0], size=cells)
    parts = random.poisson(typical, size=(8, 9, cells)).astype(float)
    if seed % 3 == 0:
        parts[0, 0, random.integers(cells)] += 500
    return parts


def interval(sums: NDArray[np.bool_], values: Floats, shown: NDArray[np.bool_], target: int) -> float:
    """Largest less smallest value of one entry that fits all shown ones, cells not negative; inf without limit."""
    known = {"A_eq": sums[shown].astype(float), "b_eq": values[shown]} if shown.any() else {}
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * sums[target], bounds=(0, None), method="highs-ds", **known)
        if found.status == 3:
            return float("inf")
        assert found.status == 0
        ends.append(sign * found.fun)
    return ends[1] - ends[0]


def readers(parts: Floats, seed: int) -> list[Floats]:
    """Parts that are unknown to a reader without own data, to each payer, and to some practices."""
    some = np.random.default_rng(seed).choice(parts.shape[1], 3, replace=False)
    payers = [np.delete(parts, place, axis=0) for place in range(parts.shape[0])]
    return [parts, *payers, *(np.delete(parts, int(place), axis=1) for place in some)]


def narrowest(layout: Layout, parts: Floats, hidden: NDArray[np.bool_], seed: int) -> float:
    """The narrowest interval of any hidden entry for any reader."""
    found = [float("inf")]
    for unknown in readers(parts, seed):
        values = layout.sums.astype(float) @ unknown.sum(axis=(0, 1))
        found += [interval(layout.sums, values, ~hidden, int(at)) for at in np.flatnonzero(hidden)]
    return min(found)


def below_floor(brought: Floats) -> bool:
    """The floor in plain words for one sum: parts of shape (payer, practice)."""
    if 1 <= brought.sum() <= 10:
        return True
    by_payer, by_practice = brought.sum(axis=1), brought.sum(axis=0)
    few = min((by_payer > 0).sum(), (by_practice > 0).sum()) < 5
    return bool(few or max(by_payer.max(), by_practice.max()) > 0.25 * brought.sum() + 1e-9)


def shown_are_above_floor(layout: Layout, parts: Floats, proof: Protection) -> bool:
    """Whether every shown entry passes, whole and without any one payer or practice."""
    for at in np.flatnonzero(~proof.hidden):
        brought = parts[:, :, layout.sums[at]].sum(axis=2)
        rests = [np.delete(brought, place, axis=axis) for axis in (0, 1) for place in range(brought.shape[axis])]
        if any(below_floor(rest) for rest in [brought, *rests]):
            return False
    return True


@pytest.mark.parametrize("seed", SEEDS)
def test_tables_with_two_ways_of_totals_withstand(seed: int) -> None:
    """Row, column and grand totals, signs and one's own part leave every hidden number 10 wide or more."""
    layout = two_way(("row", "column"), ["a", "b", "c", "d"], ["x", "y", "z"])
    parts = random_parts(seed, layout.cells)
    proof = protect(layout, parts, FLOOR, counts=True)
    assert shown_are_above_floor(layout, parts, proof)
    assert narrowest(layout, parts, proof.hidden, seed) >= 10 - ROUNDING
    assert proof.attacks == 1 + sum(parts.shape[:2])


@pytest.mark.parametrize("seed", SEEDS)
def test_totals_within_totals_withstand(seed: int) -> None:
    """Totals of groups and of all do; and no total less what is shown of it is below the floor."""
    layout = hierarchy(("group", "leaf"), [(f"g{at // 3}", f"l{at}") for at in range(10)])
    parts = random_parts(100 + seed, layout.cells)
    proof = protect(layout, parts, FLOOR, counts=True)
    assert shown_are_above_floor(layout, parts, proof)
    assert narrowest(layout, parts, proof.hidden, seed) >= 10 - ROUNDING
    shown_cells = ~proof.hidden[: layout.cells]
    for at in np.flatnonzero(~proof.hidden & (layout.sums.sum(axis=1) > 1)):
        groups = [g for g in range(layout.cells, len(layout.sums)) if not proof.hidden[g] and g != at
                  and not (layout.sums[g] & ~layout.sums[at]).any()]  # fmt: skip
        left = layout.sums[at] & ~shown_cells & ~layout.sums[groups].any(axis=0)
        assert not left.any() or not below_floor(parts[:, :, left].sum(axis=2))


def test_hiding_only_what_is_below_the_floor_would_not_do() -> None:
    """The attack here finds a hidden number where nothing more than the floor asks for is hidden."""
    layout = two_way(("row", "column"), ["a", "b", "c", "d"], ["x", "y", "z"])
    exposed = 0
    for seed in range(TABLES):
        parts = random_parts(seed, layout.cells)
        alone = np.array([below_floor(parts[:, :, cells].sum(axis=2)) for cells in layout.sums])
        values = layout.sums.astype(float) @ parts.sum(axis=(0, 1))
        exposed += any(interval(layout.sums, values, ~alone, int(at)) < 10 for at in np.flatnonzero(alone))
    assert exposed >= 2


def test_something_is_shown() -> None:
    """Hiding everything would pass the attack too: over the random tables a fair part of entries is shown."""
    layout = two_way(("row", "column"), ["a", "b", "c", "d"], ["x", "y", "z"])
    shown = [(~protect(layout, random_parts(seed, layout.cells), FLOOR, counts=True).hidden).mean()
             for seed in range(TABLES)]  # fmt: skip
    assert np.mean(shown) > 0.15


@pytest.mark.parametrize("seed", [1, 4])
def test_whole_numbers_make_no_difference(seed: int) -> None:
    """A reader who also knows that counts are whole finds no narrower interval than 10."""
    layout = two_way(("row", "column"), ["a", "b", "c"], ["x", "y", "z"])
    parts = random_parts(seed, layout.cells)
    hidden = protect(layout, parts, FLOOR, counts=True).hidden
    values = layout.sums.astype(float) @ parts.sum(axis=(0, 1))
    most = values[-1] * 3 + 1_000
    known = LinearConstraint(layout.sums[~hidden].astype(float), values[~hidden], values[~hidden])
    for at in np.flatnonzero(hidden):
        ends = [
            sign * milp(sign * layout.sums[at].astype(float), integrality=np.ones(layout.cells),
                        bounds=Bounds(0, most), constraints=[known] if (~hidden).any() else []).fun
            for sign in (1.0, -1.0)
        ]  # fmt: skip
        assert ends[1] - ends[0] >= 10 - ROUNDING


def test_one_payers_money_cannot_be_had_from_a_total() -> None:
    """Two cells of one payer alone: their total is hidden too, though neither cell could be told from it."""
    layout = hierarchy(("group", "leaf"), [("g", "a"), ("g", "b"), ("h", "c"), ("h", "d")])
    parts = np.full((8, 9, 4), 100.0)
    parts[1:, :, :2] = 0.0
    proof = protect(layout, parts, FLOOR, counts=False)
    hidden = {layout.names[at] for at in np.flatnonzero(proof.hidden)}
    assert {("g", "a"), ("g", "b"), ("g", "all")} <= hidden
    left = layout.sums[-1] & proof.hidden[:4]
    assert ("all", "all") in hidden or not below_floor(parts[:, :, left].sum(axis=2))


def test_negative_dollars_are_not_taken_for_impossible() -> None:
    """A table with a loss in it is protected without the assumption that cells are not negative."""
    layout = hierarchy(("group", "leaf"), [("g", "a"), ("g", "b"), ("h", "c")])
    parts = np.full((8, 9, 3), 50.0)
    parts[:, :, 0] = -40.0
    parts[2:, :, 2] = 0.0
    proof = protect(layout, parts, FLOOR, counts=False)
    assert proof.hidden[2]
    assert proof.least_width >= FLOOR.least_width


def test_nothing_is_hidden_where_all_is_large() -> None:
    """Many like contributors in every cell: everything is shown."""
    layout = two_way(("row", "column"), ["a", "b"], ["x", "y"])
    proof = protect(layout, np.full((8, 9, 4), 30.0), FLOOR, counts=True)
    assert not proof.hidden.any()
    assert proof.least_width == np.inf


@pytest.mark.parametrize("size", [1e-2, 1e3, 1e7])
def test_the_attack_holds_at_any_size(size: float) -> None:
    """Dollars of billions with their rounding are attacked as well as small ones."""
    layout = two_way(("row", "column"), ["a", "b", "c"], ["x", "y", "z"])
    parts = np.round(np.random.default_rng(5).uniform(1, 3, (8, 9, 9)) * size, 2)
    parts[2:, :, 0] = 0.0
    proof = protect(layout, parts, FLOOR, counts=False)
    assert proof.hidden.any()
    assert proof.least_width >= FLOOR.least_width


def test_a_failed_check_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the solver gives up, the error says that nothing was released."""
    failed = OptimizeResult(success=False, message="no luck")
    monkeypatch.setattr("scipy.optimize.linprog", lambda *_, **__: failed)
    layout = two_way(("row", "column"), ["a", "b"], ["x", "y"])
    parts = np.full((8, 9, 4), 30.0)
    parts[2:, :, 0] = 0.0
    with pytest.raises(CritmassError, match=r"Nothing was released: .* \(no luck\)"):
        protect(layout, parts, FLOOR, counts=True)
