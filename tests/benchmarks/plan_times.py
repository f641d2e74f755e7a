"""Plans the sample networks through the command line and prints rows for docs/results.md."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
RUNS = (("solo", 60), ("pho12", 60), ("pho60", 300))
"""Networks, and the seconds that each may take."""

WITH_A_PLAN = (0, 5)
"""Exit codes of a run that found a plan."""


def machine() -> str:
    """The machine in a few words: cores, architecture, Python."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}"


def run(network: str, seconds: int) -> tuple[str, dict[str, Any]]:
    """The command as a user would type it, and the plan it printed."""
    command = ["critmass", "plan", f"data/networks/{network}.xlsx", "--time-limit", str(seconds)]
    program = str(Path(sys.executable).with_name(command[0]))
    done = subprocess.run([program, *command[1:], "--json"], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in WITH_A_PLAN:
        raise SystemExit(f"{' '.join(command)} ended with exit code {done.returncode}")
    return " ".join(command), json.loads(done.stdout)


def row(command: str, plan: dict[str, Any]) -> str:
    """One row of the table."""
    cells = [
        date.today().isoformat(),
        machine(),
        f"`{command}`",
        str(len(plan["practices"])),
        plan["status"],
        str(plan["practices_at_mass"]),
        f"{plan['members_at_mass']:,.0f} of {plan['members']:,.0f}",
        f"${plan['money']['margin_usd']:,.0f}",
        f"{plan['gap']:.1%}",
        f"{plan['first_plan_seconds']:.1f} s",
        f"{plan['wall_seconds']:.1f} s",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Measure every network in turn."""
    for network, seconds in RUNS:
        sys.stdout.write(row(*run(network, seconds)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
