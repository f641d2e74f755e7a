"""Columns of decisions that are known, though no search over this model has met them."""

from __future__ import annotations

from collections.abc import Mapping

from critmass.formulation.network_model import NetworkModel
from critmass.settlement.projection import HUB, OWN, Decisions
from critmass.solve.candidates import Judging, Valued
from critmass.solve.columns import Column
from critmass.solve.highs import Problem, SolveLimits, solve
from critmass.solve.pricing import Range, block_problem, under
from critmass.solve.repair import WORTH_OF_MASS

SECONDS = 2.0
"""Time for what follows from one practice's decisions."""

SIDE_WORTHS = {"closed[": 100.0, "claim[": -1e-3, "bonus[": -1.0}
"""What a closed gap is worth at least, and what a claimed dollar and one of a bonus cost, while amounts are worked out,
USD; by the beginning of a variable's name."""

NEAR = 1e-6
"""How near reach is held to what was decided."""


def decided_columns(
    model: NetworkModel, judge: Judging[Valued], decisions: Decisions, choice: Mapping[str, Range], seed: int
) -> list[Column]:  # fmt: skip
    """A column for each practice whose decisions fit the model under a choice of the organization's contracts; amounts
    that follow from them are worked out, mass is worth having. `decisions` has one scenario."""
    limits = SolveLimits(time_seconds=SECONDS, gap_relative=0.01, seed=seed, heuristics=False)
    found = [(place, solve(_held(model, place, decisions, choice), limits).x) for place in range(len(model.practices))]
    return judge.columns([(place, x) for place, x in found if x is not None])


def _held(model: NetworkModel, place: int, decisions: Decisions, choice: Mapping[str, Range]) -> Problem:
    """The practice's block with its decisions held. It counts what it closes in full and claims no more than it needs:
    the organization lives on that, though the practice itself may be paid for neither."""
    block = model.blocks[place]
    constant, margin = block.expressions["margin"]
    objective = margin.copy()
    for beginning, usd in SIDE_WORTHS.items():
        objective[[name.startswith(beginning) for name in block.variables]] += usd
    objective[block.position["at_mass"]] += WORTH_OF_MASS
    conditions = {name: part for name, part in choice.items() if name.startswith("condition[")}
    return under(model, place, block_problem(block, objective, constant), conditions | _ranges(model, place, decisions))


def _ranges(model: NetworkModel, place: int, decisions: Decisions) -> dict[str, Range]:
    """What each variable of a decision may be, by its name."""
    delivery, reach = decisions.delivery[0, place], decisions.reach[0, place]
    held = dict[str, Range]()
    for at, workflow in enumerate(model.shared.model.workflows):
        for mode, code in (("own", OWN), ("hub", HUB)):
            on = float(delivery[at] == code)
            held[f"{mode}[{workflow.id}]"] = (on, on)
            held[f"reach_{mode}[{workflow.id}]"] = (on * float(reach[at]) - NEAR, on * float(reach[at]) + NEAR)
    joined = zip(model.shared.programs, decisions.joined[0, place].tolist(), strict=True)
    return held | {f"join[{item.id}]": (float(on), float(on)) for item, on in joined if item.join_level == "practice"}
