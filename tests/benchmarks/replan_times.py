"""How long a changed rate, lock or budget takes from the plan library, and what is certified after a few seconds.

    .venv/bin/python tests/benchmarks/replan_times.py --gap 0.0075 --first-seconds 180 --seconds 120 --short 5

The protocol is in README.md beside this file. The network is planned once with a library; every changed question
then starts from a copy of that library, in a process of its own.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import bench_tools as tools
from plan_times import ROOT

from critmass.catalog.overrides import with_overrides
from critmass.domain.errors import NoPlanInTimeError
from critmass.domain.scenario import Lock, RateOverride, Scenario, SolveOptions
from critmass.network import load_network
from critmass.studies.plan import Plan, plan_network

NETWORK = ROOT / "data" / "networks" / "pho60.xlsx"


def _rate(path: str, value: float) -> Scenario:
    return Scenario(overrides=(RateOverride(path=path, value=value),))


QUESTIONS: Mapping[str, Scenario] = {
    "rate: MSSP ENHANCED shares 70 %, not 75 %": _rate("mssp_enhanced_2026.components[shared_savings].rate.pays", 0.70),
    "rate: APCM level 2 pays 5 % less": _rate("medicare_apcm_2025.components[level_2].rate.pays", 46.40),
    "rate: BCBSM G9001 pays $120, not $113": _rate("bcbsm_pdcm_codes_2024.components[bcbsm_g9001].rate.pays", 120.0),
    "lock: P001 leaves care management out": Scenario(
        locks=(Lock(practice="P001", workflow="care_management", decision="left_out"),)
    ),
    "lock: P002 declines APCM": Scenario(
        locks=(Lock(practice="P002", program="medicare_apcm_2025", decision="declined"),)
    ),
    "lock: MSSP ENHANCED is signed": Scenario(locks=(Lock(program="mssp_enhanced_2026", decision="joined"),)),
    "budget: the organization has $600,000": Scenario(organization_budget_usd=600_000.0),
    "budget: the organization has $25,000": Scenario(organization_budget_usd=25_000.0),
    "budget: practices need not keep theirs": Scenario(practice_budgets=False),
}
"""Changed questions to the 60-practice sample."""


@dataclass(frozen=True)
class Asked:
    """How a question is put: the gap at which the search may stop, and its time limit."""

    gap: float
    seconds: float


@dataclass(frozen=True)
class Run:
    """What came out: seconds and processor seconds of planning, the certified gap, and the number of practices' pricing
    problems that were solved, and taken from the library."""

    seconds: float
    processor_seconds: float
    gap: float | None
    priced_anew: int
    priced_before: int


def plan_here(question: str | None, library: Path, asked: Asked) -> Run:
    """Plan in this process; without a question, the scenario as it comes."""
    catalog = tools.shipped_catalog()
    network, scenario = load_network(NETWORK, catalog), Scenario() if question is None else QUESTIONS[question]
    catalog = with_overrides(catalog, scenario.overrides)
    options = SolveOptions(gap=asked.gap, time_limit_seconds=asked.seconds, seed=tools.SEED)
    before = time.process_time()
    try:
        found = plan_network(network, catalog, scenario, options, library=library)
    except NoPlanInTimeError:
        return Run(asked.seconds, time.process_time() - before, None, 0, 0)
    return _run(found, time.process_time() - before)


def _run(found: Plan, processor_seconds: float) -> Run:
    gap = found.gap if found.gap < float("inf") else None
    pricing = found.pricing
    return Run(found.wall_seconds, processor_seconds, gap, pricing.solved, pricing.kept)


def in_own_process(question: str | None, library: Path, asked: Asked) -> Run:
    """The same in a fresh process, from a copy of the library that is thrown away afterwards."""
    with tempfile.TemporaryDirectory() as copied:
        folder = library
        if question is not None:
            folder = Path(copied) / "library"
            shutil.copytree(library, folder)
        ask = ["--one", question or "", "--library", folder, "--gap", asked.gap, "--seconds", asked.seconds]
        found = tools.in_fresh_process(__file__, ask)
    assert found is not None
    return Run(**found)


HEADER = ("question", "seconds", "processor", "gap", "priced anew", "from the library", "gap in time")


def gap_text(gap: float | None) -> str:
    """A certified gap, or that there is none."""
    return tools.UNKNOWN if gap is None else f"{gap:.2%}"


def row(name: str, full: Run, short: Run | None) -> list[str]:
    """A line of the table."""
    return [
        name, tools.seconds_text(full.seconds), tools.seconds_text(full.processor_seconds), gap_text(full.gap),
        f"{full.priced_anew:,}", f"{full.priced_before:,}",
        tools.UNKNOWN if short is None else f"{gap_text(short.gap)} ({tools.seconds_text(short.seconds)})",
    ]  # fmt: skip


def medians(runs: list[tuple[Run, Run]]) -> list[str]:
    """The last line: medians of all questions. A gap that is not known counts as infinite."""

    def middle(gaps: list[float | None]) -> float | None:
        found = statistics.median(float("inf") if gap is None else gap for gap in gaps)
        return found if found < float("inf") else None

    full, short = [one for one, _ in runs], [other for _, other in runs]
    return [
        "median",
        tools.seconds_text(statistics.median(item.seconds for item in full)),
        tools.seconds_text(statistics.median(item.processor_seconds for item in full)),
        gap_text(middle([item.gap for item in full])),
        f"{statistics.median(item.priced_anew for item in full):,.0f}",
        f"{statistics.median(item.priced_before for item in full):,.0f}",
        f"{gap_text(middle([item.gap for item in short]))} "
        f"({tools.seconds_text(statistics.median(item.seconds for item in short))})",
    ]


def measure(gap: float, first_seconds: float, seconds: float, short: float) -> None:
    """The first plan, then every changed question with a long and a short time limit."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "library"
        lines = [row("first plan", in_own_process(None, library, Asked(gap, first_seconds)), None)]
        runs = []
        for name in QUESTIONS:
            runs.append(
                (
                    in_own_process(name, library, Asked(gap, seconds)),
                    in_own_process(name, library, Asked(gap, short)),
                )
            )
            lines.append(row(name, *runs[-1]))
            tools.say(", ".join(lines[-1]))
    tools.say(tools.table(HEADER, [*lines, medians(runs)]))


def main() -> None:
    """Measure every question in turn, or with --one a single process's part, printed as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gap", type=float, default=0.0075)
    parser.add_argument("--first-seconds", type=float, default=180.0)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--short", type=float, default=5.0)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--library", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        found = plan_here(asked.one or None, asked.library, Asked(asked.gap, asked.seconds))
        tools.say_as_json(asdict(found))
        return
    tools.say(tools.versions("critmass", "highspy", "numpy", "scipy"))
    tools.say(f"{NETWORK.name}, gap {asked.gap:.2%}; gap in time: what is certified with {asked.short:g} s")
    measure(asked.gap, asked.first_seconds, asked.seconds, asked.short)


if __name__ == "__main__":
    main()
