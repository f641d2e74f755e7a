"""What the workers of test_executor.py do: small functions that a new process can import."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from critmass.domain.errors import InfeasibleError
from critmass.solve.highs import Problem, SolveLimits, solve


@dataclass(frozen=True)
class Knapsack:
    """A knapsack that `seed` draws, solved after `seconds`. `diary` is where each start is noted, by name."""

    seed: int
    diary: Path
    seconds: float = 0.0
    deaths: int = 0
    """How often the worker of this task is killed by it before it is solved."""


def best_value(task: Knapsack) -> float:
    """The knapsack's optimum."""
    starts = note_start(task)
    if starts <= task.deaths:
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(task.seconds)
    draw, size = np.random.default_rng(task.seed), 12
    problem = Problem(
        objective=draw.integers(1, 50, size).astype(float),
        offset=0.0,
        lower=np.zeros(size),
        upper=np.ones(size),
        integer=np.ones(size, dtype=np.bool_),
        matrix=sparse.csr_array(draw.integers(1, 50, (1, size)).astype(float)),
        row_lower=np.array([-np.inf]),
        row_upper=np.array([100.0]),
    )
    return solve(problem, SolveLimits(time_seconds=10)).objective


def note_start(task: Knapsack) -> int:
    """How often the task has been started now."""
    page = task.diary / str(task.seed)
    with page.open("a") as file:
        file.write(f"{os.getpid()}\n")
    return starts_of(task)


def starts_of(task: Knapsack) -> int:
    """How often a task has been started."""
    page = task.diary / str(task.seed)
    return len(page.read_text().splitlines()) if page.exists() else 0


def refuses(task: Knapsack) -> float:
    """Raises an error of the package."""
    note_start(task)
    raise InfeasibleError([f"task {task.seed} cannot be done"])
