"""What a plan is asked to do."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from critmass.domain.values import Frozen

ExecutorKind = Literal["threads", "processes", "dask"]
"""Where solves run: threads of this process, processes of this machine, or the workers of a dask cluster."""


class CriticalMass(Frozen):
    """When a practice is at critical reimbursement mass.

    Reimbursement over cost reaches `ratio`, and at least `payers` payers each bring `payer_share` of the
    reimbursement that the ratio asks for, and every core workflow is in place.
    """

    ratio: float = Field(default=1.0, gt=0, le=10)
    payers: int = Field(default=2, ge=1, le=50)
    payer_share: float = Field(default=0.1, ge=0, le=1)
    count_credited: bool = False


class Lock(Frozen):
    """A decision that is already made. Without a practice it holds for all of them."""

    practice: str | None = None
    program: str | None = None
    workflow: str | None = None
    decision: Literal["joined", "declined", "in_place", "left_out"]


class RateOverride(Frozen):
    """Another value for one number of the catalog, by its path (as `critmass check catalog --json` prints it)."""

    path: str
    value: float


class Scenario(Frozen):
    """One question to the planner. All fields have defaults, so an empty file is a valid scenario."""

    name: str = "default"
    performance_year: int = Field(default=2026, ge=2000, le=2100)
    terms: Literal["in_force", "carry_forward", "all"] = Field(
        default="carry_forward",
        description="in_force: only programs dated in the performance year; carry_forward: also the latest "
        "published terms of programs that have not ended; all: ended programs too.",
    )
    objective: Literal["mass_and_margin", "members_then_margin", "practices_then_margin", "margin"] = Field(
        default="mass_and_margin",
        description="mass_and_margin: net margin plus usd_per_member_at_mass for each member in a practice at "
        "mass; members_then_margin and practices_then_margin: first as much mass as possible at any price, "
        "then margin; margin: net margin alone.",
    )
    usd_per_member_at_mass: float = Field(
        default=60.0,
        ge=0,
        description="What a year of one member in a practice at critical mass is worth, USD; the default is "
        "about what the end-to-end work costs ($5 a member and month).",
    )
    critical_mass: CriticalMass = CriticalMass()
    organization_budget_usd: float | None = Field(default=None, ge=0)
    practice_budgets: bool = True
    hub: bool = True
    locks: tuple[Lock, ...] = ()
    overrides: tuple[RateOverride, ...] = ()
    exclude_programs: tuple[str, ...] = ()
    effects: Literal["low", "mid", "high"] = "mid"
    common_measures: bool = Field(
        default=False,
        description="true: payers agree on one specification of each measure, so that a practice reports it once for "
        "all its programs.",
    )


class SolveOptions(Frozen):
    """How hard to try, and where. `gap` is the certified relative gap at which the search stops.

    `workers` is the number of threads or processes, by default one for each core; a dask cluster, which
    `scheduler` is the address of, brings its own.
    """

    gap: float = Field(default=0.02, ge=0, le=1)
    time_limit_seconds: float = Field(default=300.0, gt=0, le=86_400)
    seed: int = Field(default=1, ge=0)
    workers: int | None = Field(default=None, ge=1, le=256)
    solver: str | None = None
    executor: ExecutorKind = "threads"
    scheduler: str | None = None

    @model_validator(mode="after")
    def _scheduler_with_dask(self) -> Self:
        if self.executor == "dask" and not self.scheduler:
            raise ValueError("dask needs the address of a running scheduler, such as tls://HOST:PORT")
        if self.scheduler is not None and self.executor != "dask":
            raise ValueError("a scheduler needs the executor dask; set that, or leave the scheduler out")
        return self
