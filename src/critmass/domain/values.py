"""Numbers that carry where they came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Confidence = Literal["quoted", "secondary", "paraphrase", "computed", "unverified"]


class Frozen(BaseModel):
    """Base of every catalog object: immutable, and unknown keys are refused, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, which forgets what was worked out from the old ones."""
        copied = super().model_copy(update=update, deep=deep)
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Window(Frozen):
    """Days on which something holds, both ends included; an open end is None."""

    start: date | None = Field(default=None, alias="from")
    end: date | None = Field(default=None, alias="to")

    @model_validator(mode="after")
    def _ordered(self) -> Window:
        if self.start and self.end and self.end < self.start:
            raise ValueError(f"'to' {self.end} lies before 'from' {self.start}; swap the two dates")
        return self

    def touches(self, year: int) -> bool:
        """True when any day of the calendar year lies inside the window."""
        starts_in_time = self.start is None or self.start.year <= year
        return starts_in_time and (self.end is None or self.end.year >= year)


class Source(Frozen):
    """A public document: its title, its address, and the day it was read."""

    title: str
    url: str
    seen: date


class Cite(Frozen):
    """Why a value may be believed: a source with a confidence, or an assumption with a reason."""

    source: str | None = None
    confidence: Confidence | None = None
    assumption: bool = False
    reason: str | None = None
    effective: Window | None = None

    @model_validator(mode="after")
    def _complete(self) -> Cite:
        if self.assumption and not self.reason:
            raise ValueError("an assumption needs a 'reason'")
        if not self.assumption and not (self.source and self.confidence):
            raise ValueError("a cite needs 'source' and 'confidence', or 'assumption: true' with a 'reason'")
        return self

    @property
    def grade(self) -> str:
        """The confidence word used in coverage reports: 'assumption' or the source's confidence."""
        return "assumption" if self.assumption else str(self.confidence)


class Cited(Frozen):
    """One number of a catalog. Written as a bare number it takes the cite of what encloses it."""

    value: float
    cite: Cite | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_number_or_flat_mapping(cls, data: Any) -> Any:
        if isinstance(data, bool):
            raise ValueError("a number is expected, not true or false")
        if isinstance(data, int | float):
            return {"value": data}
        if isinstance(data, dict) and "cite" not in data and set(data) - {"value"}:
            rest = {key: item for key, item in data.items() if key != "value"}
            return {"value": data.get("value"), "cite": rest}
        return data

    def __float__(self) -> float:
        return self.value


def cited_values(node: object, path: str, inherited: Cite | None) -> Iterator[tuple[str, Cited, Cite | None]]:
    """Every Cited number written below a catalog object, with its dotted path and the cite that covers it.

    Defaults of the schema (such as 'otherwise: 0') state no fact and are left out.
    """
    if isinstance(node, Cited):
        yield path, node, node.cite or inherited
    elif isinstance(node, BaseModel):
        own = getattr(node, "cite", None) or inherited
        for name in type(node).model_fields:
            if name != "cite" and name in node.model_fields_set:
                yield from cited_values(getattr(node, name), f"{path}.{name}", own)
    elif isinstance(node, tuple | list):
        for index, item in enumerate(node):
            label = getattr(item, "id", index)
            yield from cited_values(item, f"{path}[{label}]", inherited)
    elif isinstance(node, dict):
        for key, item in node.items():
            yield from cited_values(item, f"{path}.{key}", inherited)
