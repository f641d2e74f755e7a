"""Other solvers and files through PuLP: the same answers, and no claim taken on a solver's word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import highspy
import numpy as np
import pulp
import pytest
from scipy import sparse

from critmass.catalog import load_catalog
from critmass.domain.errors import InputError
from critmass.domain.scenario import Scenario
from critmass.formulation.levels import Shared
from critmass.formulation.network_model import NetworkModel, formulate
from critmass.network import sample_network
from critmass.settlement.projection import Model
from critmass.settlement.terms import terms_in_force
from critmass.solve import pulp_bridge
from critmass.solve.highs import Problem, SolveLimits, solve, violation
from critmass.solve.lp_names import readable_names
from critmass.solve.monolith import assemble
from critmass.solve.pulp_bridge import Names, available_solvers, network_names, solve_with, to_pulp

TINY_CATALOG = Path(__file__).parents[1] / "data" / "tiny_catalog"
OTHERS = ("HiGHS", "PULP_CBC_CMD")


def small_network(practices: int, seed: int) -> NetworkModel:
    """The formulated tiny catalog over a sample network."""
    catalog, scenario = load_catalog((TINY_CATALOG,), shipped=False), Scenario()
    network = sample_network(practices, seed, catalog)
    terms = terms_in_force(catalog, network, scenario)
    return formulate(Shared(Model(network, catalog, scenario), terms))


def problem_of(
    objective: list[float], rows: list[tuple[list[float], float, float]], *, offset: float = 0.0,
    integer: list[bool] | None = None, upper: float = 10.0,
) -> Problem:  # fmt: skip
    """A problem over variables from 0 to `upper`; a row is its coefficients, its least and its most."""
    count = len(objective)
    return Problem(
        objective=np.array(objective), offset=offset, lower=np.zeros(count), upper=np.full(count, upper),
        integer=np.array(integer or [False] * count),
        matrix=sparse.csr_array(np.array([row for row, _, _ in rows]).reshape(len(rows), count)),
        row_lower=np.array([low for _, low, _ in rows]), row_upper=np.array([high for _, _, high in rows]),
    )  # fmt: skip


def names_of(problem: Problem) -> Names:
    """x0, x1, ... and row0, row1, ..."""
    rows, columns = problem.matrix.shape
    return Names("small", [f"x{place}" for place in range(columns)], [f"row{place}" for place in range(rows)])


ONE_WHOLE_UNIT = problem_of([3.0, 2.0], [([1.0, 1.0], -np.inf, 1.5)], offset=100.0, integer=[True, False])
"""Worth 100 + 3 + 1 = 104: one whole unit of x0 and half of x1."""


@pytest.mark.parametrize("seed", [1, 3])
@pytest.mark.parametrize("solver", OTHERS)
def test_solvers_agree_on_tiny_networks(solver: str, seed: int) -> None:
    """HiGHS through PuLP, CBC through PuLP and our own adapter find the same best margin, to the cent."""
    model = small_network(2, seed)
    problem = assemble(model, {"margin": 1.0})
    own = solve(problem, SolveLimits(time_seconds=30))
    other = solve_with(problem, network_names(model), solver, time_limit_seconds=30)
    assert own.termination == other.termination == "solved"
    assert other.objective == pytest.approx(own.objective, abs=0.01)
    assert own.objective - 0.01 <= other.bound <= own.objective + 0.01
    assert other.x is not None
    assert violation(problem, other.x) <= 1e-4


@pytest.mark.parametrize("write", [pulp_bridge.write_lp, pulp_bridge.write_mps])
def test_files_say_the_same_to_another_reader(write: Callable[..., None], tmp_path: Path) -> None:
    """A written file, read by a solver that never saw our arrays, has our optimum, constant included."""
    model = small_network(2, 3)
    floors = {"members_at_mass": 1.0}
    problem = assemble(model, {"margin": 1.0}, floors)
    path = tmp_path / f"model{'.lp' if write is pulp_bridge.write_lp else '.mps'}"
    write(problem, network_names(model, floors), path)
    reader = highspy.Highs()
    reader.setOptionValue("output_flag", False)
    reader.setOptionValue("mip_rel_gap", 0.0)
    assert reader.readModel(str(path)) == highspy.HighsStatus.kOk
    reader.run()
    assert reader.getObjectiveValue() == pytest.approx(solve(problem, SolveLimits()).objective, abs=0.01)


def test_names_stay_readable_and_differ() -> None:
    """Brackets turn round, foreign signs become underscores, and equal names are told apart."""
    found = readable_names(["A 1.join[x]", "A-1.join[x]", "e5", "free", "7up", "", "café[a:b,c+1]", "x" * 300])
    assert found[:2] == ["A_1.join(x)", "A_1.join(x)_2"]
    assert found[2:6] == ["n_e5", "n_free", "n_7up", "n_"]
    assert found[6] == "caf_(a_b,c_1)"
    assert len(found[7]) == 90
    assert len(set(found)) == len(found)


def test_rows_keep_their_sides() -> None:
    """A row without sides disappears, one with two becomes two, and an equation stays one."""
    rows = [
        ([1.0, 0.0], -np.inf, np.inf),
        ([1.0, 1.0], 1.0, 2.0),
        ([0.0, 1.0], 1.0, 1.0),
        ([1.0, 0.0], -np.inf, 4.0),
    ]
    problem = problem_of([1.0, 1.0], rows)
    model = to_pulp(problem, ["a", "b"], ["free_row", "range", "equal", "cap"], "rows")
    assert [item.name for item in model.constraints()] == ["range.low", "range.high", "equal", "cap"]


def test_a_contradiction_without_variables_stays_one() -> None:
    """A row that holds no variable and cannot be met makes the written model infeasible too."""
    problem = problem_of([1.0], [([0.0], 1.0, np.inf)])
    bare = Problem(**{**vars(problem), "matrix": sparse.csr_array((1, 1))})
    for solver in OTHERS:
        answer = solve_with(bare, names_of(bare), solver)
        assert (answer.termination, answer.x, answer.bound) == ("infeasible", None, -np.inf)


def test_constant_and_whole_numbers_are_kept() -> None:
    """A constant in the objective counts, and whole numbers come back whole."""
    for solver in OTHERS:
        answer = solve_with(ONE_WHOLE_UNIT, names_of(ONE_WHOLE_UNIT), solver)
        assert answer.objective == pytest.approx(104.0)
        assert answer.x is not None
        assert answer.x.tolist() == pytest.approx([1.0, 0.5])


def test_variables_that_nothing_mentions_have_a_value() -> None:
    """A variable in no row and no objective takes the value nearest to zero that its bounds allow."""
    problem = problem_of([1.0, 0.0], [([1.0, 0.0], -np.inf, 2.0)])
    problem.lower[1] = 3.0
    answer = solve_with(problem, names_of(problem), "HiGHS")
    assert answer.x is not None
    assert answer.x.tolist() == pytest.approx([2.0, 3.0])


def test_an_unknown_solver_is_refused_with_those_that_exist() -> None:
    """Asking for a solver that is not there names those that are."""
    with pytest.raises(InputError) as caught:
        solve_with(ONE_WHOLE_UNIT, names_of(ONE_WHOLE_UNIT), "ABACUS")
    assert "no solver 'ABACUS' is available here" in str(caught.value)
    assert all(name in str(caught.value) for name in available_solvers())


def test_solver_names_ignore_case() -> None:
    """'highs' is HiGHS."""
    assert solve_with(ONE_WHOLE_UNIT, names_of(ONE_WHOLE_UNIT), "highs").termination == "solved"


class Liar(pulp.LpSolver):  # type: ignore[misc]
    """A solver that says what it is told to say."""

    def __init__(self, status: int, sol_status: int, values: Mapping[str, float]) -> None:
        super().__init__(msg=False)
        self.claims, self.values = (status, sol_status), values

    def actualSolve(self, lp: Any, **options: Any) -> int:  # noqa: N802
        """Leave the values and the claim."""
        for variable in lp.variables():
            variable.varValue = self.values.get(variable.name, 1.0)
        lp.assignStatus(*self.claims)
        return self.claims[0]


GOOD, BAD, FRACTION = {"x0": 1.0, "x1": 0.5}, {"x0": 1.0, "x1": 9.0}, {"x0": 0.5, "x1": 1.0}


@pytest.mark.parametrize(
    ("status", "sol_status", "values", "expected"),
    [
        (1, 1, GOOD, ("solved", 104.0, True)),
        (1, 2, GOOD, ("limit", 104.0, False)),
        (1, 1, FRACTION, ("failed", None, False)),
        (0, 0, FRACTION, ("limit", None, False)),
        (-1, -1, FRACTION, ("infeasible", None, True)),
        (-1, -1, GOOD, ("failed", 104.0, False)),
        (-2, -2, FRACTION, ("unbounded", None, False)),
        (-3, 0, GOOD, ("failed", None, False)),
    ],
)
def test_claims_are_checked(
    monkeypatch: pytest.MonkeyPatch, status: int, sol_status: int, values: Mapping[str, float],
    expected: tuple[str, float | None, bool],
) -> None:  # fmt: skip
    """Optimal after a time limit is no proof; a point that breaks a row is none; a claim may be refuted."""
    monkeypatch.setattr(pulp_bridge, "_solver", lambda *args: (Liar(status, sol_status, values), 0.0))
    answer = solve_with(ONE_WHOLE_UNIT, names_of(ONE_WHOLE_UNIT), "any")
    found = None if answer.x is None else answer.objective
    assert (answer.termination, found, bool(np.isfinite(answer.bound) or answer.bound < 0)) == expected


def test_whole_decisions_are_kept_and_the_rest_is_computed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """A point with good whole numbers and a spoilt fraction is completed, not thrown away."""
    monkeypatch.setattr(pulp_bridge, "_solver", lambda *args: (Liar(1, 1, BAD), 0.0))
    answer = solve_with(ONE_WHOLE_UNIT, names_of(ONE_WHOLE_UNIT), "any")
    assert answer.x is not None
    assert answer.x.tolist() == pytest.approx([1.0, 0.5])
    assert answer.bound >= answer.objective == pytest.approx(104.0)


@pytest.mark.parametrize("solver", OTHERS)
def test_no_bound_is_claimed_after_a_time_limit(solver: str) -> None:
    """A hard split of equal sums, stopped at once: nothing is proved, so the bound is infinite."""
    random = np.random.default_rng(1)
    rows = random.integers(1, 100, size=(4, 40)).astype(float)
    problem = problem_of(
        [1.0] * 40, [(row.tolist(), float(row.sum() // 2), float(row.sum() // 2)) for row in rows],
        integer=[True] * 40, upper=1.0,
    )  # fmt: skip
    answer = solve_with(problem, names_of(problem), solver, time_limit_seconds=0.5)
    assert answer.termination == "limit"
    assert answer.bound == np.inf
