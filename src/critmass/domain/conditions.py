"""Gates, multipliers and limits: when a payment contract pays, and how much at most."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from critmass.domain.drivers import Driver
from critmass.domain.quantities import Quantity
from critmass.domain.schedules import DriverSchedule
from critmass.domain.values import Cited, Frozen

COMPARISONS = ("at_least", "above", "at_most", "below")

# Gates: what must hold before anything is paid -------------------------------------------------------


class DrivenValue(Frozen):
    """A threshold that itself depends on a driver, such as an MSR that falls with size.

    Without a schedule the driver is the threshold.
    """

    driver: Driver
    schedule: DriverSchedule | None = None


class Test(Frozen):
    """A driver compared with a threshold. Exactly one comparison is given."""

    __test__ = False  # not a pytest class
    kind: Literal["test"]
    driver: Driver
    at_least: Cited | DrivenValue | None = None
    above: Cited | DrivenValue | None = None
    at_most: Cited | DrivenValue | None = None
    below: Cited | DrivenValue | None = None

    @model_validator(mode="after")
    def _one_comparison(self) -> Test:
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(COMPARISONS)}; found {given or 'none'}")
        return self

    @property
    def comparison(self) -> str:
        """Which comparison is given."""
        return next(name for name in COMPARISONS if getattr(self, name) is not None)

    @property
    def threshold(self) -> Cited | DrivenValue:
        """What the driver is compared with."""
        found: Cited | DrivenValue = getattr(self, self.comparison)
        return found

    @property
    def opens_downward(self) -> bool:
        """True when low values open the gate."""
        return self.comparison in ("at_most", "below")

    @property
    def strict(self) -> bool:
        """True when the threshold itself does not open the gate."""
        return self.comparison in ("above", "below")


class WorkflowInPlace(Frozen):
    """The practice runs the workflow, itself or through the hub."""

    kind: Literal["workflow"]
    workflow: str


class ProgramJoined(Frozen):
    """The practice has joined (or, with `joined: false`, has not joined) another program."""

    kind: Literal["program"]
    program: str
    joined: bool = True


class AllOf(Frozen):
    """Every gate below is open."""

    kind: Literal["all"]
    of: tuple[Gate, ...] = Field(min_length=1)


class AnyOf(Frozen):
    """At least `at_least` of the gates below are open."""

    kind: Literal["any"]
    of: tuple[Gate, ...] = Field(min_length=1)
    at_least: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _can_open(self) -> AnyOf:
        if self.at_least > len(self.of):
            raise ValueError(f"asks for {self.at_least} open gates of {len(self.of)}, which can never be")
        return self


Gate = Annotated[
    Test | WorkflowInPlace | ProgramJoined | AllOf | AnyOf,
    Field(discriminator="kind"),
]


# Multipliers and limits ------------------------------------------------------------------------------


class Multiplier(Frozen):
    """A factor that depends on a driver, such as quality times savings; without a schedule the driver itself."""

    driver: Driver
    schedule: DriverSchedule | None = None


class Cap(Frozen):
    """At most `usd`, or at most `rate` times a quantity. Applies to losses too when `symmetric`."""

    kind: Literal["cap"]
    usd: Cited | None = None
    rate: Cited | None = None
    of: Quantity | None = None
    symmetric: bool = False

    @model_validator(mode="after")
    def _one_form(self) -> Cap:
        if (self.usd is None) == (self.rate is None) or (self.rate is None) != (self.of is None):
            raise ValueError("a cap is either 'usd', or 'rate' together with 'of'")
        return self


class Floor(Frozen):
    """At least `usd`, or at least `rate` times a quantity (a negative rate limits losses)."""

    kind: Literal["floor"]
    usd: Cited | None = None
    rate: Cited | None = None
    of: Quantity | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Floor:
        if (self.usd is None) == (self.rate is None) or (self.rate is None) != (self.of is None):
            raise ValueError("a floor is either 'usd', or 'rate' together with 'of'")
        return self


class Sequester(Frozen):
    """A share taken off what is earned; losses are left alone unless `losses_too`."""

    kind: Literal["sequester"]
    rate: Cited
    losses_too: bool = False


class LossRate(Frozen):
    """What share of a negative amount is owed, where it differs from the sharing rate."""

    kind: Literal["loss_rate"]
    rate: Cited


class CreditAgainst(Frozen):
    """Only what exceeds money that the payer already pays, a user-supplied USD amount a year."""

    kind: Literal["credit"]
    fact: str


Limit = Annotated[Cap | Floor | Sequester | LossRate | CreditAgainst, Field(discriminator="kind")]

for _model in (DrivenValue, Test, AllOf, AnyOf):
    _model.model_rebuild()
