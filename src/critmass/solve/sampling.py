"""A sample that stands for a large network: a network model of its own, on which the search is tried first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import lsq_linear

from critmass.formulation.block import Block, FloatArray
from critmass.formulation.links import OF_ONE_PRACTICE, PREFIX
from critmass.formulation.network_model import NetworkModel
from critmass.solve.candidates import Judging, Valued
from critmass.solve.columns import Column, Pool, Stage, column, worths
from critmass.solve.highs import SolveLimits
from critmass.solve.masters import POOLED_RATES, Masters
from critmass.solve.nodes import Node, organization_choices
from critmass.solve.pricing import Prices, PricingFromBases, no_prices, price_practices
from critmass.solve.relaxation import Relaxation, Relaxed

FLOOR = 0.98
"""Part of a floor that is asked of a sample."""

MANY = 80
"""Beyond so many practices a sample of them is searched first: passes over everyone take too long to find out which
contracts to look at."""

TIED = 150
"""Up to so many practices each one has links of its own to the organization's decisions, and plans are chosen practice
by practice."""

SAMPLE = 60
"""Practices in a sample."""

FACTORS = (0.2, 5.0)
"""Least and most of what a practice of a sample may stand for, as parts of the mean."""

TOTALS_MISSED = 1e-3
"""A total that is missed by this part weighs as much as a practice that stands for twice the mean."""

TOKEN = 5e-5
"""What practices get at least for all that they can bring to a pooled rate, as a part of what plans are worth."""

_OWN_LINKS = tuple(PREFIX + family for family in OF_ONE_PRACTICE)


@dataclass(frozen=True)
class Sample:
    """Practices spread evenly over what they are worth, each standing for some number of practices, shape (practice of
    the sample,), in objective and shared links.

    `places` are the sample's practices in the network. What ties one practice to the organization (copies of
    conditions, claims) counts once: the organization's payments are those of the whole network.
    """

    model: NetworkModel
    places: tuple[int, ...]
    stands_for: FloatArray


def sample_of(
    model: NetworkModel, lean: NetworkModel, stage: Stage, pricing: PricingFromBases, seed: int
) -> Sample:  # fmt: skip
    """The sample of a network, by what practices are worth.

    A first sample, by size, prices the links; linear relaxations of all practices at those prices, under the
    organization's choice that looks best, are the worths that the sample is spread over. Sizes alone miss the total
    by a fifth, worths by a few hundredths. `lean` is the network with shared links only.
    """
    first = evenly(model, model.shared.model.arrays.members().sum(axis=1))
    relaxation = Relaxation(first.model, stage)
    found = [(item, relaxed) for item in organization_choices(lean) if (relaxed := relaxation.solve(item))]
    if not found:
        return first
    regime, relaxed = max(found, key=lambda pair: pair[1].value)
    node, masters = Node(regime, np.inf, 0), Masters(lean, Pool(len(lean.blocks)), seed)
    prices = renamed(relaxed.prices, first.model, lean)
    priced = price_practices(
        lean, stage, prices, node.conditions, masters.claim_caps(node), SolveLimits(), pricing.run, relaxed=True
    )  # fmt: skip
    return evenly(model, np.array([item.bound for item in priced]))


def evenly(model: NetworkModel, sizes: FloatArray) -> Sample:
    """A sample spread evenly over some size of the practices, shape (practice,): the middle one of every stratum.

    How many practices each stands for is calibrated, so that the sample brings about what the network does in all.
    """
    count = min(SAMPLE, len(sizes))
    middles = ((np.arange(count) + 0.5) * len(sizes) / count).astype(int)
    chosen = np.argsort(sizes, kind="stable")[middles]
    stands_for = calibrated(np.column_stack([sizes, totals(model)]), chosen)
    practices = [_standing_for(model.blocks[place], share) for place, share in zip(chosen, stands_for, strict=True)]
    kept = [_concerns(name, practices) for name in model.links]
    claim_shares = tuple(model.claim_shares[place] for place in chosen)
    links = tuple(name for name, keep in zip(model.links, kept, strict=True) if keep)
    blocks = (*practices, model.organization)
    found = replace(model, blocks=blocks, links=links, equal=model.equal[kept], claim_shares=claim_shares)
    return Sample(found, tuple(int(place) for place in chosen), stands_for)


def totals(model: NetworkModel) -> FloatArray:
    """What has to add up to the same in a sample as in the network, shape (practice, total): practices, members, and
    the least and the most of what practices can bring to every shared link, within the bounds of their variables."""
    members = model.shared.model.arrays.members().sum(axis=1)
    links = [PREFIX + name for name in model.links if not name.startswith(OF_ONE_PRACTICE)]
    reached = [[side for name in links for side in block.bounds(name)] for block in model.practices]
    return np.column_stack([np.ones_like(members), members, np.array(reached).reshape(len(members), -1)])


def calibrated(parts: FloatArray, chosen: NDArray[np.intp]) -> FloatArray:
    """How many of all practices each chosen one stands for, shape (chosen,), from what each has part in, shape
    (practice, total): equally many but for what makes the totals agree. By bounded least squares; survey statisticians
    call it calibration (Deville and Särndal 1992)."""
    share = len(parts) / len(chosen)
    whole, most = parts.sum(axis=0), np.abs(parts).sum(axis=0)
    counts = most > 0
    rows = share * parts[chosen][:, counts] / most[counts] / TOTALS_MISSED
    sides = whole[counts] / most[counts] / TOTALS_MISSED
    matrix = np.vstack([rows.T, np.eye(len(chosen))])
    found = lsq_linear(matrix, np.concatenate([sides, np.ones(len(chosen))]), FACTORS)
    return np.asarray(share * found.x, dtype=np.float64)


def _standing_for(block: Block, share: float) -> Block:
    factors = {name: 1.0 if name.startswith(_OWN_LINKS) else share for name in block.expressions}
    return replace(block, expressions=block.expressions.times(factors))


def _concerns(link: str, practices: Sequence[Block]) -> bool:
    """Whether a link is one of all practices or of one of these; what a hub costs to open is left out."""
    if link.startswith("hub_open_link"):
        return False
    return not link.startswith(OF_ONE_PRACTICE) or any(PREFIX + link in block.expressions for block in practices)


def loosened(stage: Stage) -> Stage:
    """The stage with floors that a sample is sure to be able to keep."""
    return replace(stage, floors={name: FLOOR * floor for name, floor in stage.floors.items()})


def carried_over(frontier: Sequence[Node], part: NetworkModel, whole: NetworkModel, stage: Stage) -> list[Node]:
    """Nodes of the network at which a search over its sample ended, each with the best prices that were found for it.

    A node's bound there is an estimate here: it only says in which order to look. Where the sample has no prices, those
    of its best node are taken: every price gives a bound.
    """
    ordered = sorted(frontier, key=lambda node: (-node.bound, node.order))
    priced = [prices for node in ordered if (prices := _prices(node)) is not None]
    nodes = []
    for order, node in enumerate(ordered):
        known = _prices(node) or next(iter(priced), None)
        prices = no_prices(whole, stage) if known is None else renamed(known, part, whole)
        estimate = Relaxed(node.bound, prices, np.zeros(len(whole.organization.variables)))
        nodes.append(Node(node.fixed, np.inf, order, relaxed=estimate, paid=node.paid, contracts_tried=True))
    return nodes


def renamed(prices: Prices, part: NetworkModel, whole: NetworkModel) -> Prices:
    """Prices of a sample's links as those of the network's; links of practices that it does not hold have none."""
    by_name = dict(zip(part.links, prices.links, strict=True))
    return Prices(np.array([by_name.get(name, 0.0) for name in whole.links]), prices.floors)


def with_tokens(prices: Prices, model: NetworkModel, worth: float) -> Prices:
    """Prices at which no pooled rate is for nothing: all that practices can bring to one gets at least a small part of
    what plans are worth, in the objective's unit.

    Where a linear master mixes plans at no loss, the rate that a gate asks for has no price, and of practices for which
    it makes next to no difference none brings it. A bound at these prices is higher by no more than the tokens.
    """
    links, token = prices.links.copy(), TOKEN * abs(worth)
    for place, name in enumerate(model.links):
        if name.startswith(POOLED_RATES):
            reach = sum(block.bounds(PREFIX + name)[1] for block in model.practices)
            links[place] = max(links[place], token / reach if reach > 0.0 else 0.0)
    return replace(prices, links=links)


def _prices(node: Node) -> Prices | None:
    return node.centre or (None if node.relaxed is None else node.relaxed.prices)


@dataclass(frozen=True)
class Estimate:
    """What a plan of the sample stands for."""

    worth: Mapping[str, float]


class SampleJudge:
    """Settles columns of the sample as the network's judge does; a plan of the sample is only an estimate."""

    def __init__(self, sample: Sample, judge: Judging[Valued]) -> None:
        self.sample, self.judge = sample, judge
        self.model = sample.model

    def columns(self, solutions: Sequence[tuple[int, FloatArray]]) -> list[Column]:
        """Columns of the sample's practices, with settled worth for all that each stands for."""
        places, stands_for = self.sample.places, self.sample.stands_for
        found = self.judge.columns([(places[at], x) for at, x in solutions])
        return [
            column(self.model, at, item.x, {name: stands_for[at] * value for name, value in item.worth.items()})
            for (at, _), item in zip(solutions, found, strict=True)
        ]

    def choice(self, picked: Sequence[Column], organization: FloatArray) -> Estimate:
        """What a column for each practice is worth beside a plan of the organization, by the model."""
        own = {name: self.model.organization.value(name, organization) for name in worths(self.model)}
        return Estimate({name: value + sum(item.worth[name] for item in picked) for name, value in own.items()})
