"""How explanations name things and numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from critmass.domain.catalog import Catalog
from critmass.domain.network import ORGANIZATION, Network
from critmass.domain.scenario import Lock
from critmass.report.words import count, dollars, level_value
from critmass.studies.explain.conflict import Term
from critmass.studies.explain.contract_numbers import ContractNumber
from critmass.studies.explain.difference import Changed, Comparison
from critmass.studies.explain.facts import HardFact

UNITS = {
    "member_months": "PMPM",
    "members": "a member and year",
    "events": "a service",
    "numerator": "a compliant member",
    "gaps_closed": "a gap closed",
    "denominator": "an eligible member",
    "lump": "a year",
    "limit": "at most a year",
    "fixed_usd": "a practice and year",
    "per_measure_usd": "a measure and year",
    "allowed_charges": "of allowed charges",
    "savings": "of savings",
    "expenditure": "of expenditure",
    "benchmark_expenditure": "of the benchmark",
    "paid_by": "of another payment",
    "combination": "of the amount counted",
    "fact": "of the amount reported",
    "pool_share": "of a pool's share",
    "product": "a unit",
}
"""What an amount is paid for, by the kind of quantity."""

DRIVERS = {
    "rate": "rate",
    "improvement": "improvement",
    "percentile": "percentile",
    "points": "points",
    "composite": "score",
    "measures_met": "measures met",
    "savings_rate": "savings rate",
    "ratio": "ratio",
    "members": "members",
    "denominator": "eligible members",
    "fact": "reported number",
    "sum": "sum",
    "largest": "largest",
    "gain": "gain",
    "last_year": "last year's result",
    "score": "score",
    "peer_percentile": "percentile among peers",
}
"""What is looked at, by the kind of driver."""

QUANTITIES = {
    "member_months": "member-months",
    "members": "members",
    "events": "services",
    "numerator": "compliant members",
    "gaps_closed": "gaps closed",
    "denominator": "eligible members",
    "lump": "payment",
    "allowed_charges": "allowed charges",
    "savings": "savings",
    "expenditure": "expenditure",
    "benchmark_expenditure": "benchmark expenditure",
    "paid_by": "paid by another part",
    "fact": "reported",
    "pool_share": "share of the pool",
    "combination": "amount counted",
    "product": "units",
}
"""What is counted, by the kind of quantity."""
IN_USD = (
    "allowed_charges", "savings", "expenditure", "benchmark_expenditure", "paid_by", "pool_share", "combination",
)  # fmt: skip
"""Quantities that are USD themselves."""

COMPARED = {"at_least": "at least", "above": "above", "at_most": "at most", "below": "below"}


def label_of(kind: str, name: str, catalog: Catalog, network: Network) -> str:
    """What people call a program, a workflow, a payer or a practice."""
    if kind == "practice" and name != ORGANIZATION:
        names = network.table("Practices").set_index("practice")["name"]
        return str(names.get(name, name))
    labels = {
        "program": {item.id: item.label for item in catalog.programs.values()},
        "workflow": {item.id: item.label for item in catalog.workflows.values()},
        "payer": {item.id: item.label for item in catalog.payers.values()},
    }
    return labels.get(kind, {}).get(name, name or "the plan")


# Numbers of contracts ---------------------------------------------------------------------------------


def number_label(number: ContractNumber, catalog: Catalog) -> str:
    """Which number of a contract it is, such as 'Monthly fee' or 'Bonus by points, row 2: target'."""
    if number.role == "all_amounts":
        return "All its payments together"
    if number.role == "reporting":
        return "Cost of reporting" + (", each measure" if number.quantity == "per_measure_usd" else "")
    program = catalog.programs[number.program]
    component = next(item for item in program.components if item.id == number.component)
    row = re.search(r"rate\.(?:rows|points|bands)\[(\d+)\]", number.paths[0])
    stratum = re.search(r"rates\.(\w+)$", number.paths[0])
    label = component.label + (f", row {int(row[1]) + 1}" if row else "")
    label += f", {stratum[1].replace('_', ' ')}" if stratum else ""
    if number.role == "target":
        return f"{label}: {number.measure + ' ' if number.measure else ''}{DRIVERS.get(number.driver, number.driver)}"
    return f"{label}: limit" if number.quantity == "limit" else label


def number_value(number: ContractNumber, value: float) -> str:
    """A number of a contract with its unit, such as '$2.35 PMPM', '81%' or '1.8 times as much'."""
    if number.role == "all_amounts":
        return f"{value:,.4g} times"
    if number.role == "target":
        return _share(value) if number.is_share else f"{value:,.6g}"
    if number.is_share:
        return f"{_share(value)} {UNITS.get(number.quantity, '')}".strip()
    return f"{money(value)} {UNITS.get(number.quantity, '')}".strip()


def _share(value: float) -> str:
    return f"{value * 100:.6g}%"


def money(value: float) -> str:
    """Dollars with cents where there are any, such as $2.35 or $1,200."""
    sign, size = ("-" if value < 0 else ""), abs(value)
    return f"{sign}${size:,.0f}" if abs(size - round(size)) < 0.005 else f"{sign}${size:,.2f}"


# Differences ------------------------------------------------------------------------------------------


def difference_words(comparison: Comparison) -> str:
    """A difference level by level, the most important first, such as '$1,234' or '615 members, then -$20'."""
    return ", then ".join(level_words(level.level, level.value) for level in comparison.levels)


def level_words(name: str, value: float | None) -> str:
    """A number of a level of the objective with its unit; 'not known' for nothing."""
    if value is None:
        return "not known"
    units = {"members_at_mass": " members", "at_mass": " practices"}
    return level_value(name, value) + units.get(name, "")


def certain_words(comparison: Comparison) -> str:
    """How certain the first level's difference is, in words that are true."""
    first = comparison.first
    if first.least is None and first.most is None:
        return "nothing is proved of it"
    if first.least is None:
        return f"certain to be at most {level_words(first.level, first.most)}"
    if first.most is None:
        return f"certain to be at least {level_words(first.level, first.least)}"
    low, high = level_words(first.level, first.least), level_words(first.level, first.most)
    return "which is certain" if low == high else f"certain to be at least {low} and at most {high}"


# Decisions --------------------------------------------------------------------------------------------

_MOVES = {
    "joined": "joins", "left": "leaves", "started": "starts", "dropped": "drops", "to_hub": "hands to the hub",
    "to_practice": "takes back from the hub",
}  # fmt: skip


def changed_words(changed: Sequence[Changed], most: int = 6) -> str:
    """What another plan decides otherwise, such as 'P001 joins A, B; P001, P002 drop C'."""
    where: dict[tuple[str, str], list[str]] = {}
    for item in changed:
        where.setdefault((item.move, item.program or item.workflow), []).append(item.practice)
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (move, what), practices in where.items():
        groups.setdefault((move, tuple(practices)), []).append(what)
    parts = [
        f"{_names(practices)} {_verb(move, len(practices))} {', '.join(things)}"
        for (move, practices), things in groups.items()
    ]
    rest = f"; and {count(len(parts) - most, 'more change')}" if len(parts) > most else ""
    return "; ".join(parts[:most]) + rest


def _verb(move: str, number: int) -> str:
    verb = _MOVES[move]
    if number == 1:
        return verb
    first, _, rest = verb.partition(" ")
    return " ".join(filter(None, [first.removesuffix("s"), rest]))


def _names(practices: Sequence[str]) -> str:
    return ", ".join(practices) if len(practices) <= 3 else count(len(practices), "practice")


# Conflicts --------------------------------------------------------------------------------------------


def term_words(term: Term) -> str:
    """A negotiable term, such as 'lock: P001 has outreach in place'."""
    if term.kind == "organization_budget":
        return f"start-up budget of the organization, {dollars(term.usd or 0.0)}"
    if term.kind == "practice_budgets":
        return "start-up budgets of the practices"
    if term.kind == "hub":
        return "no use of the hub"
    what = term.program or term.workflow
    where = "every practice" if term.practice is None else term.practice
    source = "contract" if term.kind == "contract" else "lock"
    return f"{source}: {what} {term.decision.replace('_', ' ')} at {where}"


def lock_words(lock: Lock) -> str:
    """A lock or a contract, such as 'outreach is left out'."""
    return f"{lock.program or lock.workflow} is {lock.decision.replace('_', ' ')}"


def fact_words(fact: HardFact) -> str:
    """A fact behind a conflict."""
    at = f" at {fact.practice}" if fact.practice else ""
    return {
        "not_eligible": f"{fact.subject}: its eligibility facts do not hold{at}",
        "requires_program": f"{fact.subject} requires {fact.other}",
        "excludes": f"{fact.subject} and {fact.other} exclude each other",
        "not_voluntary": f"{fact.subject} is not voluntary",
        "requires_workflow": f"{fact.subject} needs {fact.other}",
        "already_runs": f"{fact.subject} already runs today{at}",
        "hub_only": f"{fact.subject} can only be delivered by the hub",
        "startup_cost": f"starting {fact.subject}{at} takes {dollars(fact.usd or 0.0)}",
    }[fact.kind]
