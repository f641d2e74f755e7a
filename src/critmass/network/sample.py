"""Synthetic networks of any size: invented practices whose sizes and payer mix look like Michigan's.

Nothing here describes a real practice. `sample_shape` gives the shape, the catalog the measures, typical
rates and ids, and a seed makes the same network every time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError, Problem
from critmass.domain.network import ORGANIZATION, SHEETS, Network, Population
from critmass.network import sample_shape as shape
from critmass.network.defaults import panel_defaults
from critmass.network.fill import complete_network

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Random = np.random.Generator

MAX_PRACTICES = 100_000


@dataclass(frozen=True)
class _Cells:
    """The practices, and one entry for each cell of the panel: practice, population, members."""

    practices: npt.NDArray[np.object_]
    clinicians: Floats
    populations: tuple[Population, ...]
    practice: Ints
    population: Ints
    members: Ints

    def names(self, rows: Ints | slice = slice(None)) -> dict[str, Any]:
        """The key columns of the given panel cells."""
        payers = np.array([payer for payer, _ in self.populations], dtype=object)
        lines = np.array([line for _, line in self.populations], dtype=object)
        population = self.population[rows]
        return {
            "practice": self.practices[self.practice[rows]],
            "payer": payers[population],
            "line_of_business": lines[population],
        }

    def per_member(self, usd: Mapping[str, float]) -> Floats:
        """A value for each panel cell by its line of business, 0 where the line is not named."""
        by_population = np.array([usd.get(line, 0.0) for _, line in self.populations])
        return by_population[self.population]


def sample_network(practices: int, seed: int, catalog: Catalog) -> Network:
    """A synthetic network with the given number of practices, marked as synthetic.

    The same arguments give the same network. Each sheet draws from its own random stream, so a change to
    one leaves the others alone.

    Raises:
        InputError: when `practices` is not between 1 and MAX_PRACTICES, or the catalog has no payers.
    """
    if not 1 <= practices <= MAX_PRACTICES:
        fix = f"ask for 1 to {MAX_PRACTICES:,} practices"
        raise InputError([Problem("sample network", f"{practices:,} practices were asked for", fix)])
    streams = np.random.default_rng(seed).spawn(9)
    cells = _draw_cells(practices, catalog, streams[0])
    drawn: dict[str, pd.DataFrame] = {
        "Organization": _organization(practices, seed),
        "Practices": _practice_rows(cells, streams[1]),
        "Panel": _panel(cells, streams[2]),
        "Baseline": _baseline(cells, catalog, streams[3]),
        "Staff": _staff(cells, catalog, streams[4]),
        "Workflows": _workflows(cells, catalog, streams[5]),
        "Charges": _charges(cells, catalog, streams[6]),
        "Spending": _spending(cells, streams[7]),
        "Facts": _facts(cells, catalog, streams[8]),
    }
    return complete_network({sheet.name: _with_all_columns(sheet.name, drawn) for sheet in SHEETS})


def _with_all_columns(name: str, drawn: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The drawn table with every column of its sheet; what was not drawn is blank."""
    sheet = next(sheet for sheet in SHEETS if sheet.name == name)
    table = drawn.get(name, pd.DataFrame())
    blanks = {
        column.name: "" if column.kind in ("text", "choice") else np.nan
        for column in sheet.columns
        if column.name not in table
    }
    return table.assign(**blanks)[[column.name for column in sheet.columns]]


# Practices and panel ----------------------------------------------------------------------------------


def _draw_cells(count: int, catalog: Catalog, random: Random) -> _Cells:
    """Sizes of practices, and their patients spread over the payers by a Dirichlet draw around the mix."""
    shares = _population_shares(catalog)
    sizes = np.arange(1, len(shape.CLINICIAN_COUNT_SHARES) + 1)
    clinicians = random.choice(sizes, size=count, p=shape.CLINICIAN_COUNT_SHARES).astype(np.float64)
    spread = shape.MEMBERS_PER_CLINICIAN_SPREAD
    load = random.normal(shape.MEMBERS_PER_CLINICIAN, spread, count)
    patients = clinicians * load.clip(shape.MEMBERS_PER_CLINICIAN - 2 * spread, None)
    outside = max(1.0 - sum(shares.values()), 0.0)
    weights = np.array([*shares.values(), outside + 1e-9]) * shape.MIX_CONCENTRATION
    drawn = random.standard_gamma(weights, size=(count, len(weights)))
    mix = drawn[:, :-1] / drawn.sum(axis=1, keepdims=True)
    members = np.floor(patients[:, None] * mix).astype(np.int64)
    members[members.sum(axis=1) == 0, 0] = 1
    practice, population = np.nonzero(members)
    width = max(len(str(count)), 3)
    names = np.array([f"P{number:0{width}d}" for number in range(1, count + 1)], dtype=object)
    return _Cells(names, clinicians, tuple(shares), practice, population, members[practice, population])


def _population_shares(catalog: Catalog) -> dict[Population, float]:
    """The part of the mix that the catalog's payers offer, or an even mix of all they offer."""
    offered: list[Population] = [
        (payer.id, line) for payer in catalog.payers.values() for line in sorted(payer.lines_of_business)
    ]
    known = {key: share for key, share in shape.POPULATION_SHARES.items() if key in offered}
    if not offered:
        raise InputError([Problem("sample network", "the catalog has no payers", "name another catalog")])
    return known or dict.fromkeys(sorted(offered), 1.0 / len(offered))


def _organization(count: int, seed: int) -> pd.DataFrame:
    budget = count * shape.ORGANIZATION_STARTUP_PER_PRACTICE_USD
    name = f"Synthetic organization of {count:,} {'practice' if count == 1 else 'practices'} (seed {seed})"
    return pd.DataFrame({"name": [name], "startup_budget_usd": [budget], "synthetic": [1.0]})


def _practice_rows(cells: _Cells, random: Random) -> pd.DataFrame:
    first = random.choice(np.array(shape.FIRST_NAMES, dtype=object), len(cells.practices))
    last = random.choice(np.array(shape.LAST_NAMES, dtype=object), len(cells.practices))
    return pd.DataFrame(
        {
            "practice": cells.practices,
            "name": first + " " + last + " " + cells.practices,
            "clinicians": cells.clinicians,
            "tin": "",
            "startup_budget_usd": cells.clinicians * shape.PRACTICE_STARTUP_PER_CLINICIAN_USD,
        }
    )


def _panel(cells: _Cells, random: Random) -> pd.DataFrame:
    """Members with strata drawn around the typical shares; 'rising' from those who are not at high risk."""
    members = cells.members

    def drawn(stratum: str, among: Ints) -> Ints:
        share = cells.per_member(panel_defaults().shares(stratum))
        return random.binomial(among, share)

    high = drawn("risk_high", members)
    chronic = drawn("chronic_2_plus", members)
    months = random.uniform(shape.MEMBER_MONTHS_LOW, 12.0, len(members))
    return pd.DataFrame(
        {
            **cells.names(),
            "members": members,
            "member_months": np.round(members * months),
            "under_21": drawn("under_21", members),
            "risk_rising": drawn("risk_rising", members - high),
            "risk_high": high,
            "chronic_2_plus": chronic,
            "chronic_2_plus_qmb": np.minimum(drawn("chronic_2_plus_qmb", members), chronic),
            "members_low": np.floor(members * shape.ATTRIBUTION_LOW),
            "members_high": np.ceil(members * shape.ATTRIBUTION_HIGH),
        }
    )


# Baseline ---------------------------------------------------------------------------------------------


def _baseline(cells: _Cells, catalog: Catalog, random: Random) -> pd.DataFrame:
    """Each measure that programs of the line of business look at; a practice has one rate for all payers."""
    names = sorted(catalog.measures)
    measures = [catalog.measures[name] for name in names]
    row, measure = _measured_cells(cells, catalog, names)
    eligible = np.array([float(item.eligible_share) for item in measures])
    denominator = random.binomial(cells.members[row], eligible[measure])
    seen = denominator > 0
    row, measure, denominator = row[seen], measure[seen], denominator[seen]
    typical = np.array([float(item.typical_rate) for item in measures]).clip(0.02, 0.98)
    spread = shape.RATE_CONCENTRATION
    size = (len(cells.practices), len(names))
    rate = random.beta(typical * spread, (1 - typical) * spread, size=size)[cells.practice[row], measure]
    better = np.array([1.0 if item.higher_is_better else -1.0 for item in measures])[measure]
    earlier = (rate - better * shape.PRIOR_YEAR_GAP).clip(0.0, 1.0)
    numerator = random.binomial(denominator, rate)
    before = np.round(denominator * random.uniform(0.93, 1.03, len(row))).astype(np.int64)
    carried = np.array([shape.CARRIED_SHARES.get(name, 0.0) for name in names])[measure]
    return pd.DataFrame(
        {
            **cells.names(row),
            "measure": np.array(names, dtype=object)[measure],
            "denominator": denominator,
            "numerator": numerator,
            "prior_denominator": before,
            "prior_numerator": random.binomial(before, earlier),
            "carried_numerator": np.floor(numerator * carried),
        }
    )


def _measured_cells(cells: _Cells, catalog: Catalog, names: list[str]) -> tuple[Ints, Ints]:
    """Panel cell and measure of every baseline row, both as positions."""
    used = _measures_by_line(catalog)
    lists = [
        [position for position, name in enumerate(names) if name in used.get(line, ())] for _, line in cells.populations
    ]
    lengths = np.array([len(item) for item in lists], dtype=np.int64)
    starts = np.concatenate([[0], lengths.cumsum()[:-1]])
    flat = np.array([position for item in lists for position in item], dtype=np.int64)
    counts = lengths[cells.population]
    row = np.repeat(np.arange(len(cells.population)), counts)
    within = np.arange(len(row)) - np.repeat(counts.cumsum() - counts, counts)
    return row, flat[np.repeat(starts[cells.population], counts) + within]


def _measures_by_line(catalog: Catalog) -> dict[str, set[str]]:
    """Measures that any program's component looks at, by line of business."""
    used: dict[str, set[str]] = {}
    for program in catalog.programs.values():
        for component in program.components:
            for line in program.lines_of(component):
                used.setdefault(line, set()).update(component.measures)
    return used


# What is in place -------------------------------------------------------------------------------------


def _staff(cells: _Cells, catalog: Catalog, random: Random) -> pd.DataFrame:
    """Population health staff of some practices, in quarter FTE."""
    roles = [role for role in shape.STAFF_IN_PLACE if role in catalog.roles]
    share = np.array([shape.STAFF_IN_PLACE[role][0] for role in roles])
    per_clinician = np.array([shape.STAFF_IN_PLACE[role][1] for role in roles])
    present = random.random((len(cells.practices), len(roles))) < share
    fte = _to_step(cells.clinicians[:, None] * per_clinician, shape.STAFF_STEP_FTE)
    practice, role = np.nonzero(present)
    named = np.array(roles, dtype=object)[role]
    return pd.DataFrame({"practice": cells.practices[practice], "role": named, "fte": fte[practice, role]})


def _to_step(values: Floats, step: float) -> Floats:
    """Values rounded to whole steps, at least one."""
    return np.maximum(np.round(values / step), 1.0) * step


def _workflows(cells: _Cells, catalog: Catalog, random: Random) -> pd.DataFrame:
    """Workflows that some practices run; one is only in place where all that it requires are."""
    names = sorted(name for name in shape.WORKFLOWS_IN_PLACE if name in catalog.workflows)
    draws = random.random((len(cells.practices), len(names)))
    reach = random.uniform(shape.WORKFLOW_REACH_LOW, 1.0, draws.shape)
    wanted = {name: draws[:, at] < shape.WORKFLOWS_IN_PLACE[name] for at, name in enumerate(names)}
    nowhere = np.zeros(len(cells.practices), dtype=bool)

    def running(name: str, above: tuple[str, ...] = ()) -> npt.NDArray[np.bool_]:
        if name in above or name not in wanted:
            return nowhere
        needed = [running(earlier, (*above, name)) for earlier in catalog.workflows[name].requires]
        together: npt.NDArray[np.bool_] = np.logical_and.reduce([wanted[name], *needed])
        return together

    present = np.column_stack([running(name) for name in names]) if names else draws.astype(bool)
    lowest = np.array([float(catalog.workflows[name].minimum_reach) for name in names])
    stepped = np.round(_to_step(reach, shape.WORKFLOW_REACH_STEP), 2)
    practice, workflow = np.nonzero(present)
    return pd.DataFrame(
        {
            "practice": cells.practices[practice],
            "workflow": np.array(names, dtype=object)[workflow],
            "reach": np.maximum(stepped, lowest)[practice, workflow].clip(None, 1.0),
        }
    )


# Money and answers ------------------------------------------------------------------------------------


def _charges(cells: _Cells, catalog: Catalog, random: Random) -> pd.DataFrame:
    """Allowed charges of every code set that the line of business uses."""
    tables = [pd.DataFrame(columns=["practice", "payer", "line_of_business", "code_set", "allowed_usd"])]
    for code_set in sorted(catalog.code_sets):
        usd = cells.per_member(
            {line: usd for (name, line), usd in shape.CHARGES_PER_MEMBER.items() if name == code_set}
        )
        noise = random.lognormal(0.0, shape.CHARGES_SPREAD, len(usd))
        rows = np.nonzero(usd)[0]
        allowed = np.round((cells.members * usd * noise)[rows], 2)
        tables.append(pd.DataFrame({**cells.names(rows), "code_set": code_set, "allowed_usd": allowed}))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _spending(cells: _Cells, random: Random) -> pd.DataFrame:
    """Benchmarks where savings can be shared, and expenditure a little above or below."""
    usd = cells.per_member(shape.SPENDING_PER_MEMBER)
    risk = random.lognormal(0.0, shape.SPENDING_SPREAD, len(usd))
    stray = random.uniform(-shape.EXPENDITURE_STRAYS, shape.EXPENDITURE_STRAYS, len(usd))
    benchmark = np.round(cells.members * usd * risk, 2)
    rows = np.nonzero(usd)[0]
    return pd.DataFrame(
        {
            **cells.names(rows),
            "benchmark_usd": benchmark[rows],
            "expenditure_usd": np.round(benchmark * (1 + stray), 2)[rows],
        }
    )


def _facts(cells: _Cells, catalog: Catalog, random: Random) -> pd.DataFrame:
    """Answers of each practice, and of the organization, to the catalog's questions."""
    count = len(cells.practices)
    answers: dict[str, Callable[[], Floats]] = {
        **{name: _yes_no(share, count, random) for name, share in shape.ANSWERS.items()},
        **{name: _number(terms, count, random) for name, terms in shape.NUMBER_ANSWERS.items()},
    }
    tables = [
        pd.DataFrame({"practice": cells.practices, "fact": name, "value": draw()})
        for name, draw in answers.items()
        if name in catalog.facts
    ]
    own = {name: value for name, value in shape.ORGANIZATION_ANSWERS.items() if name in catalog.facts}
    whole = pd.DataFrame({"practice": ORGANIZATION, "fact": list(own), "value": list(own.values())})
    return pd.concat([*tables, whole], ignore_index=True)


def _yes_no(share: float, count: int, random: Random) -> Callable[[], Floats]:
    return lambda: (random.random(count) < share).astype(np.float64)


def _number(terms: tuple[float, float, float, float, int], count: int, random: Random) -> Callable[[], Floats]:
    mean, deviation, low, high, decimals = terms
    return lambda: np.round(random.normal(mean, deviation, count).clip(low, high), decimals)
