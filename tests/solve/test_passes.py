"""Passes over all practices of a network."""

from __future__ import annotations

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
    """Whether there is time for another pass is judged by the longest one: a pass over few practices is no measure."""
    model = formulated(2)
    pool, prices = Pool(len(model.blocks)), no_prices(model, STAGE)
    clock = iter([0.0, 10.0, 20.0, 21.0])
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
