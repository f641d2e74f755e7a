"""How numbers and names are written for people."""

from __future__ import annotations

from critmass.report.schema import LevelProof

LEVELS = {
    "members_at_mass": "members at critical mass",
    "at_mass": "practices at critical mass",
    "practices_at_mass": "practices at critical mass",
    "margin": "net margin",
    "mass_and_margin": "margin plus members at mass",
}
_DOLLAR_LEVELS = ("margin", "mass_and_margin")

_LARGEST_GAP_SHOWN = 10.0

GROUNDS = {
    "quoted": "quoted from a document",
    "secondary": "reported by another source",
    "computed": "computed from documents",
    "paraphrase": "a document in other words",
    "unverified": "not verified",
    "assumption": "assumed",
}


def dollars(amount: float) -> str:
    """Whole dollars with thousands separators, such as -$1,234."""
    whole = round(amount)
    return f"-${-whole:,}" if whole < 0 else f"${whole:,}"


def short_dollars(amount: float) -> str:
    """Dollars in at most six characters, such as -$534k or $1.2M."""
    sign, size = ("-" if round(amount) < 0 else ""), abs(amount)
    for limit, scale, unit in ((1e3, 1.0, ""), (1e6, 1e3, "k"), (1e9, 1e6, "M")):
        if size < limit - scale / 2:
            return f"{sign}${size / scale:.1f}{unit}" if 1e6 <= size < 1e7 else f"{sign}${size / scale:.0f}{unit}"
    return f"{sign}${size / 1e9:.1f}B"


def percent(share: float | None) -> str:
    """A fraction as a percentage with one decimal below ten, such as 4.2%; a dash for nothing known."""
    if share is None:
        return "-"
    return f"{share:.1%}" if 0 < abs(share) < 0.0995 else f"{share:.0%}"


def ratio(value: float | None) -> str:
    """A mass ratio with two decimals; a dash without cost."""
    return "-" if value is None else f"{value:.2f}"


def level_value(level: str, value: float) -> str:
    """What a level of the objective reaches, in its unit."""
    return dollars(value) if level in _DOLLAR_LEVELS else f"{value:,.0f}"


def shown_gap(level: LevelProof) -> float | None:
    """A level's gap while it says something: beside a value near zero, a relative gap does not."""
    return level.gap if level.gap is not None and level.gap < _LARGEST_GAP_SHOWN else None


def count(number: int, noun: str) -> str:
    """A number with its noun, such as '1 practice' or '3 practices'."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def seconds(spent: float) -> str:
    """A time in seconds, or in minutes from a hundred seconds on."""
    return f"{spent:.1f} s" if spent < 100 else f"{spent / 60:.1f} min"
