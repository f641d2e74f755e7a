"""What published results the engine is held against, and how: the manifest of `critmass verify`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from critmass.domain.values import Frozen

Reader = Literal["quality_benchmarks", "hospital_value", "star_cut_points", "fee_schedule", "payment_vectors"]
"""Readers of public files, by what they read."""


class Cause(Frozen):
    """Why a row may not match although the rule is right: an input that is not published.

    It explains rows that take part in one of `programs` (any when empty), whose published number lies on the
    named side of the computed one, and whose computed number has the named sign.
    """

    text: str
    programs: tuple[str, ...] = ()
    computed: Literal["negative", "zero", "positive", "any"] = "any"
    published: Literal["above", "below", "either"] = "either"


class PublishedCheck(Frozen):
    """A computed number against a published column.

    `computes` is 'total_usd', 'component.<id>' of whatever program a row takes part in, or 'score.<id>'. The
    published number is multiplied by `times`. A row matches `within` that much, or, with `rounding`, when the
    published number lies between what the inputs give at both ends of their rounding. `at_least: true` asks
    only that the published number is not below the computed one. `known` and `unknown` name a score that a
    row must have, or lack, to be tried.
    """

    id: str
    label: str
    computes: str
    published: str
    times: float = 1.0
    within: float = 1e-9
    rounding: dict[str, float] = Field(default_factory=dict)
    at_least: bool = False
    known: str | None = None
    unknown: str | None = None
    causes: tuple[Cause, ...] = ()


class VerificationSet(Frozen):
    """Published results of a program, year by year.

    `results` is a pattern of file names below the data folder with the year as its group; with `year_column`
    a file holds several years. `law` is the program file of a year, `maps` the maps to try in turn, `needs`
    further published files, read by `reader`. `{year}` and `{last_year}` stand for the years.
    """

    id: str
    label: str
    publication: str = Field(description="The public file, by name.")
    results: str
    year_column: str | None = None
    law: str | None = None
    maps: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    reader: Reader | None = None
    fees_of: tuple[str, ...] = Field(default=(), description="Programs of the catalog whose fees are compared too.")
    checks: tuple[PublishedCheck, ...] = ()


class VerificationManifest(Frozen):
    """All sets."""

    sets: tuple[VerificationSet, ...] = Field(min_length=1)
