"""Laws with one rule changed: what would have to be noticed if somebody wrote the law down wrongly.

Each rule edits the parsed YAML of a law file, or of the catalog that a reader makes of a published file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from critmass.catalog import data_dir
from critmass.domain.catalog import CatalogFile
from critmass.published.write import catalog_text

Law = dict[str, Any]
LAWS = data_dir() / "verification"
MSSP = ("mssp/2017.yaml", "mssp/2022.yaml")
SAVINGS, LOSSES = "shared_savings", "shared_losses"
MSR = {"kind": "fact", "name": "mssp_msr_rate"}
FULLY_OPEN = -9.0
"""A savings rate below all that can be."""


@dataclass(frozen=True)
class WrongRule:
    """A rule written down wrongly: the set that must notice, the files it is edited in, and the edit.

    `built_by` names the function that makes the catalog where no law file does. `unseen` says why the published
    rows cannot notice; hand-worked ones must then.
    """

    name: str
    set_id: str
    edit: Callable[[Law], None]
    files: tuple[str, ...] = ()
    built_by: str = ""
    unseen: str = ""

    def write(self, folder: Path) -> None:
        """The wrong law files in a folder of one's own."""
        for name in self.files:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(yaml.safe_dump(self.spoiled(yaml.safe_load((LAWS / name).read_text())), sort_keys=False))

    def wrapped(self, build: Callable[..., CatalogFile]) -> Callable[..., CatalogFile]:
        """The builder with the rule changed in what it makes."""

        def wrong(*arguments: Any) -> CatalogFile:
            text = catalog_text(build(*arguments), "a wrong law")
            return CatalogFile.model_validate(self.spoiled(yaml.safe_load(text)))

        return wrong

    def spoiled(self, law: Law) -> Law:
        """The law after the edit, which must have changed something."""
        wrong = deepcopy(law)
        self.edit(wrong)
        assert wrong != law, f"{self.name} changes nothing"
        return wrong


def components(law: Law, start: str = "") -> Iterator[Law]:
    """Components whose id starts so, of every program."""
    for program in law["programs"]:
        yield from (part for part in program["components"] if part["id"].startswith(start))


def nodes(tree: Any, kind: str) -> Iterator[Law]:
    """Every mapping of a kind, wherever it stands."""
    if isinstance(tree, dict):
        if tree.get("kind") == kind:
            yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from nodes(item, kind)


# Shared Savings Program -------------------------------------------------------------------------------


def no_sequester(law: Law) -> None:
    """Savings are paid whole."""
    for part in components(law, SAVINGS):
        part["limits"] = [limit for limit in part["limits"] if limit["kind"] != "sequester"]


def cap_before_sequester(law: Law) -> None:
    """The cap first, then two percent off."""
    for part in components(law, SAVINGS):
        part["limits"] = part["limits"][::-1]


def only_above_msr(law: Law) -> None:
    """Only what savings exceed the minimum savings rate by is shared."""
    hurdle = {"kind": "product", "of": [{"kind": "benchmark_expenditure"}, MSR]}
    beyond = [{"rate": 1, "of": {"kind": "savings"}}, {"rate": -1, "of": hurdle}]
    for part in components(law, SAVINGS):
        part["quantity"] = {"kind": "combination", "parts": beyond}


def no_loss_floor(law: Law) -> None:
    """Good quality lowers the loss rate without an end."""
    for part in components(law, LOSSES):
        for multiplier in part.get("multipliers", ()):
            del multiplier["schedule"]["at_least"]


def no_loss_ceiling(law: Law) -> None:
    """Losses are owed whole, whatever their share of the benchmark."""
    for part in components(law, LOSSES):
        part["limits"] = []


def no_quality_multiplier(law: Law) -> None:
    """Any quality earns the maximum rate."""
    for part in components(law, SAVINGS):
        part.pop("multipliers", None)


def sequestered_losses(law: Law) -> None:
    """Two percent off losses as well."""
    for part in components(law, LOSSES):
        part["limits"] = [{"kind": "sequester", "rate": 0.02, "losses_too": True}, *part.get("limits", ())]


def no_minimum_rate(law: Law) -> None:
    """Every dollar of savings or losses counts, however small."""
    for part in (*components(law, SAVINGS), *components(law, LOSSES)):
        for gate in part["gates"]:
            for side in ("at_least", "at_most"):
                if isinstance(gate.get(side), dict):
                    gate[side] = 0


def no_disaster_relief(law: Law) -> None:
    """Losses are owed whole after a disaster."""
    for program in law["programs"]:
        program["components"] = [part for part in program["components"] if part["id"] != "disaster_relief"]


def one_sided_tracks_owe(law: Law) -> None:
    """Every track shares losses as the two-sided ones do."""
    owed = next(components(law, LOSSES))
    for program in law["programs"]:
        if len(program["components"]) == 1:
            program["components"].append(deepcopy(owed))


# Quality score ----------------------------------------------------------------------------------------


def no_improvement(law: Law) -> None:
    """Nothing is added for a gain over last year."""
    for score in law["scores"]:
        for total in nodes(score["driver"], "sum"):
            total["parts"] = [part for part in total["parts"] if part["driver"]["kind"] != "gain"]


def floor_of_three(law: Law) -> None:
    """At least three points a measure, as the year before."""
    for table in nodes(law["scores"], "benchmark"):
        table["at_least"] = 3


def surveys_as_own_terms(law: Law) -> None:
    """Every survey measure counts as much as a clinical one."""
    for score in law["scores"]:
        if score["driver"]["kind"] == "composite":
            for part in score["driver"].pop("parts"):
                score["driver"]["items"] += part["driver"]["items"]


# REACH, hospitals, Stars ------------------------------------------------------------------------------


def bands_of_the_whole(law: Law) -> None:
    """All savings are shared at the rate of the band that they reach."""
    for part in components(law, "risk_corridors"):
        bands = part["rate"]["bands"]
        ends, rates = [band["up_to"] for band in bands[:-1]], [band["rate"] for band in bands]
        falling = [
            (start, rate) for start, rate in zip([FULLY_OPEN, *(-end for end in ends[::-1])], rates[::-1], strict=True)
        ]
        rising = list(zip(ends, rates[1:], strict=True))
        rows = [{"at_least": start, "pays": rate} for start, rate in falling + rising]
        part["quantity"], part["rate"] = {"kind": "savings"}, {"kind": "steps", "rows": rows}


def reach_losses_sequestered(law: Law) -> None:
    """Two percent off losses as well."""
    for part in components(law, "sequester"):
        del part["limits"]


def missing_domain_counts_nothing(results_map: Law) -> None:
    """A domain without a score counts as 0 at its full weight."""
    results_map["facts"] = {name: {"column": column, "missing": 0} for name, column in results_map["facts"].items()}


def not_rounded(law: Law) -> None:
    """Points keep their fractions."""
    for schedule in nodes(law["scores"], "piecewise_linear"):
        schedule.pop("rounded_to", None)


def halves_down(law: Law) -> None:
    """Half a point is rounded down."""
    for schedule in nodes(law["scores"], "piecewise_linear"):
        for point in schedule["points"]:
            point["pays"] -= 1e-6


def attainment_alone(law: Law) -> None:
    """No points for improvement."""
    for points in nodes(law["scores"], "points"):
        for item in points["items"]:
            item["improvement"] = {"kind": "constant", "pays": 0}


def upper_end_left_out(law: Law) -> None:
    """Where lower is better, a star holds from its lower end up to just before its upper end."""
    for schedule in nodes(law["scores"], "steps"):
        if schedule.get("descending"):
            schedule["inclusive"] = False


MSSP_EDITS = (
    (no_sequester, MSSP),
    (cap_before_sequester, MSSP),
    (only_above_msr, MSSP),
    (no_loss_floor, MSSP),
    (no_quality_multiplier, MSSP[:1]),
    (sequestered_losses, MSSP),
    (no_minimum_rate, MSSP),
    (no_disaster_relief, MSSP),
    (one_sided_tracks_owe, MSSP),
)
MSSP_RULES = (
    *(WrongRule(edit.__name__, "mssp_settlement", edit, files) for edit, files in MSSP_EDITS),
    WrongRule("no_loss_ceiling", "mssp_settlement", no_loss_ceiling, MSSP, unseen="no published loss is that large"),
)
QUALITY_RULES = tuple(
    WrongRule(edit.__name__, "mssp_quality", edit, ("mssp_quality/2023.yaml",))
    for edit in (no_improvement, floor_of_three, surveys_as_own_terms)
)
OTHER_RULES = (
    WrongRule("bands_of_the_whole", "reach", bands_of_the_whole, ("reach/2021.yaml", "reach/2022.yaml")),
    WrongRule("reach_losses_sequestered", "reach", reach_losses_sequestered, ("reach/2021.yaml", "reach/2022.yaml")),
    WrongRule("missing_domain", "hvbp_total", missing_domain_counts_nothing, ("maps/hvbp_total.yaml",)),
    WrongRule("not_rounded", "hvbp_clinical", not_rounded, built_by="hospital_catalog"),
    WrongRule(
        "halves_down",
        "hvbp_clinical",
        halves_down,
        built_by="hospital_catalog",
        unseen="no published rate lies exactly between two points",
    ),
    WrongRule("attainment_alone", "hvbp_clinical", attainment_alone, built_by="hospital_catalog"),
    WrongRule("upper_end_left_out", "stars", upper_end_left_out, built_by="star_catalog"),
)
