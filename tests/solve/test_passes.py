"""Passes over all practices of a network."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from critmass.solve import passes
from critmass.solve.candidates import Judge, Pricer
from critmass.solve.columns import Pool, Stage
from critmass.solve.executor import solve_pool
from critmass.solve.highs import SolveLimits
from critmass.solve.masters import Masters
from critmass.solve.nodes import Node
from critmass.solve.pricing import no_prices
from formulated import formulated

STAGE = Stage("mass_and_margin", {"margin": 1.0, "members_at_mass": 60.0})


def test_a_short_pass_does_not_make_the_next_one_seem_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there is time for another pass is judged by the last one over everyone, for passes get shorter as more
    plans are known to start from; a pass over few practices is no measure."""
    model = formulated(2)
    pool, prices = Pool(len(model.blocks)), no_prices(model, STAGE)
    clock = iter([0.0, 10.0, 20.0, 21.0, 30.0, 34.0])
    monkeypatch.setattr(passes, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    with solve_pool(1) as executor:
        masters = Masters(model, pool, 1)
        found = passes.Passes(
            model, masters, Judge(model, Pricer(model.shared.model, model.shared.terms)), pool, executor, 1
        )
        found.begin(STAGE)
        bounds = [found.over_all(prices, Node({}, np.inf, 0), SolveLimits(heuristics=False)) for _ in range(2)]
        assert bounds[0] == pytest.approx(bounds[1])
        assert found.seconds == 10.0
        found.over_all(replace(prices, links=prices.links + 1.0), Node({}, np.inf, 0), SolveLimits(heuristics=False))
    assert found.seconds == 4.0


def test_a_node_is_closed_by_no_more_practices_than_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound comes down to what is enough with some practices at their relaxations; asked for less than there is, it
    is the bound of a whole pass. What is known exactly is not relaxed."""
    monkeypatch.setattr(passes, "FEWEST_AT_A_TIME", 1)
    model = formulated(7)
    pool, prices, limits = Pool(len(model.blocks)), no_prices(model, STAGE), SolveLimits(heuristics=False)
    with solve_pool(2) as executor:
        judge = Judge(model, Pricer(model.shared.model, model.shared.terms))
        found = passes.Passes(model, Masters(model, pool, 1), judge, pool, executor, 1)
        found.begin(STAGE)
        quick = found.relaxed(prices, Node({}, np.inf, 0), limits)
        exact = found.over_all(prices, Node({}, np.inf, 0), limits)
        assert exact < quick - 1.0
        solved = found.kept.counts.solved
        assert found.closing(prices, Node({}, np.inf, 0), limits, quick) == pytest.approx(exact)
        assert found.kept.counts.solved == solved
        for enough in (0.5 * (quick + exact), quick + 1.0, exact - 1e6):
            found.kept.forget()
            before = found.kept.counts.solved
            bound = found.closing(prices, Node({}, np.inf, 0), limits, enough)
            priced = found.kept.counts.solved - before - len(model.practices)
            if enough < exact:
                assert bound == pytest.approx(exact, rel=1e-6)
                assert priced == len(model.practices)
            else:
                assert exact - 1.0 <= bound <= enough
                assert priced == 0 if enough > quick else 0 < priced < len(model.practices)


def test_only_bounds_of_a_library_count_as_its_own() -> None:
    """What the search found itself is used again without a word; what came from a library is counted and
    checked."""
    model = formulated(3)
    limits, node = SolveLimits(heuristics=False), Node({}, np.inf, 0)
    with solve_pool(1) as executor:
        judge, pool = Judge(model, Pricer(model.shared.model, model.shared.terms)), Pool(len(model.blocks))
        found = passes.Passes(model, Masters(model, pool, 1), judge, pool, executor, 1)
        found.begin(STAGE)
        bound = found.over_all(no_prices(model, STAGE), node, limits)
        again = found.over_all(no_prices(model, STAGE), node, limits)
        counts = found.kept.counts
        assert (counts.solved, counts.kept, counts.checked) == (3, 0, 0)
        found.kept.foreign = frozenset(found.kept.found)
        as_stored = found.over_all(no_prices(model, STAGE), node, limits)
    assert (counts.solved, counts.kept, counts.checked) == (3, 3, 1)
    assert again == pytest.approx(bound)
    assert as_stored == pytest.approx(bound)
