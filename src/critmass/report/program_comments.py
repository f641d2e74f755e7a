"""The comments of a program file to fill in: what each part means, once, where it first appears."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from critmass.catalog.component_types import ComponentType

HEADER = """\
# A program to fill in, begun from component types by `critmass new-program`.
#
# 1. Every number is an example's and waits for your contract's: look for "fill in". Once you have read a number in
#    a document, name the document instead of the assumption:
#      pays: {value: 3.00, source: guide, confidence: quoted}
#    and list it at the top of this file:
#      sources:
#        guide: {title: Provider incentive guide, url: "https://example.org/guide", seen: 2026-01-15}
# 2. Remove what your contract does not have, and write labels and clauses in your own words.
# 3. Check it as often as you like:  critmass check catalog --catalog THIS_FILE
"""

HINTS = {
    "measures": "Measures that the catalog does not have yet. To plan with them, add ceiling, typical_rate and "
    "eligible_share.",
    "services": "Billable services that the catalog does not have yet, with bare codes.",
    "code_sets": "Code sets that the catalog does not have yet. List the codes.",
    "facts": "Questions that only you can answer. Each becomes a line of the Facts sheet; a blank takes the default.",
    "benchmarks": "Tables from a rate to a percentile and to points. Put the published rows in their place.",
    "scores": "Scores that components look at by name.",
    "programs": "The program itself.",
    "lines_of_business": "Which of the payer's members count: commercial, medicare_advantage, medicaid, medicare_ffs, "
    "dsnp, exchange.",
    "effective": "The days on which these terms hold.",
    "status": "complete once nothing is left to fill in.",
    "join_level": "Who signs: practice or organization.",
    "eligibility": "What must hold for joining at all.",
    "reporting": "What joining costs a practice in reporting.",
    "components": "One entry for each way in which the program pays.",
    "clause": "Where the contract says it.",
    "payment_stream": "Da Vinci code: ccf fee, p4p performance, p4r reporting, ssp or ssl savings, pcpcp capitation.",
    "apm_category": "HCP-LAN category: 2A to 2C on top of fees, 3A one-sided, 3B two-sided, 4A capitation.",
    "applies": "joined, not_joined or always.",
    "level": "Whose results count: practice, tin or organization.",
    "quantity": "What is counted.",
    "driver": "What the rate depends on.",
    "rate": "What is paid for one of what is counted. Shares are fractions: 0.05 is 5 %.",
    "multipliers": "What the amount is multiplied by.",
    "gates": "What must hold before anything is paid.",
    "limits": "What is taken off or capped, in this order.",
    "money": "new, credited (paid already) or withheld.",
    "prepaid": "What is paid ahead, and whether it is clawed back.",
    "cash_lag_months": "Months from the end of the year until the money arrives.",
}


def commented(text: str, types: Sequence[ComponentType], *, new_payer: bool) -> str:
    """The file's text with its heading and comments."""
    payers = "The payer is new to the catalog: use" if new_payer else "Further payers: use"
    hints = {**HINTS, "payers": f"{payers} the same ids in the Panel sheet."}
    return "\n".join([HEADER.rstrip(), *_lines(text.splitlines(), hints, _titles(types)), ""])


def _titles(types: Sequence[ComponentType]) -> dict[str, str]:
    """What is said above each component, by its id."""
    found = {}
    for item in types:
        forms = len(item.catalog.programs)
        for place, program in enumerate(item.catalog.programs, start=1):
            form = f" Form {place} of {forms}: keep the form of your contract." if forms > 1 else ""
            for component in program.components:
                found[component.id] = f"Type {item.number}, {item.name.lower()}.{form}"
    return found


def _lines(lines: Sequence[str], hints: dict[str, str], titles: dict[str, str]) -> Iterator[str]:
    waiting, in_programs = dict(hints), False
    for line in lines:
        indent, written = line[: len(line) - len(line.lstrip())], line.strip()
        key = written.partition(":")[0]
        in_programs = in_programs or line == "programs:"
        hint = waiting.pop(key, None) if in_programs or not indent else None
        said = titles.get(written.removeprefix("- id: ")) or hint
        if said:
            yield f"{indent}# {said}" if indent else f"\n# {said}"
        yield line
