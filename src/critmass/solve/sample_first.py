"""Searches that a sample of the network goes before: it tells contracts apart and finds prices before everyone is
priced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from critmass.solve.bounding import PART_OF_A_PASS
from critmass.solve.candidates import Found
from critmass.solve.columns import Stage
from critmass.solve.decomposition import Search
from critmass.solve.interrupt import SearchStopped
from critmass.solve.nodes import Node, StageResult
from critmass.solve.progress import of_sample
from critmass.solve.relaxation import Relaxation
from critmass.solve.sampling import Estimate, SampleJudge, carried_over, loosened, renamed, sample_of, with_tokens

SAMPLE_TIME = 0.25
"""Part of the time left that telling contracts apart on a sample may take."""

HOPEFUL = 0.9
"""From this part of the best plan on, an estimate is too good for bounds of linear relaxations, loose by a tenth."""

TUNING_PASSES = 3
"""Passes over a sample at the most, after the first, for the prices of one choice of contracts."""


class Trial(Search[Estimate]):
    """A search over a sample, for prices: what it proves holds for the sample alone.

    All prices move from the start. With those of pooled links moved first, the others are not tuned in the passes that
    there are, and the first plan of 10,000 practices was worth a tenth less.
    """

    moves_pooled_first, converged = False, -np.inf

    def choices(self, stage: Stage, share_of_time: float) -> list[Node]:
        """Choices of contracts, the most promising first: relaxations split them, passes over the sample tell how good
        they are, until the best one's prices are tuned."""
        self._begin(stage, share_of_time)
        self._result = result = StageResult[Estimate](stage, None, np.inf)
        self._nodes = [Node(regime, np.inf, place) for place, regime in enumerate(self._regimes)]
        self._nodes = self._first_nodes(result)
        while self._nodes and not self._out_of_time():
            node = self._next_node(result)
            children = [] if node.centre is None else self._split_contracts(node, result, len(self._nodes))
            if children:
                self._nodes = [item for item in self._nodes if item is not node] + children
            elif not self._tuned_further(node):
                break
        return sorted(self._nodes, key=lambda node: (-node.bound, node.order))

    def tune(self, node: Node, least: float = -np.inf) -> None:
        """Passes over the sample until the node's prices are as good as a few of them make, or it is worth less than
        the `least`."""
        self._until = self.clock.limit_seconds
        while node.bound >= least and not self._out_of_time() and self._tuned_further(node):
            pass

    def under(self, node: Node) -> Node | None:
        """A node of the sample under the decisions of one of the network, not priced yet; None where the sample cannot
        keep them."""
        assert self._relaxation is not None
        relaxed = self._relaxation.solve(node.fixed)
        usable = relaxed is not None and np.isfinite(relaxed.value)
        return Node(node.fixed, np.inf, node.order, relaxed=relaxed) if usable else None

    def _tuned_further(self, node: Node) -> bool:
        """Another pass for a node's prices; False where it has seen enough of them."""
        if node.relaxed is None or node.leaf_passes >= TUNING_PASSES:
            return False
        if node.centre is None:
            self._pass_at_relaxed(node, self._result)
        else:
            self._pass_again(node, self._result)
        self._say(self._result, f"choice {node.order + 1}, pass {node.leaf_passes + 1}")
        return True

    def _relaxed(self, stage: Stage) -> Relaxation:
        return Relaxation(self.model, stage, of_sample=True)


class SampleFirst(Search[Found]):
    """Contracts are told apart on a sample, which also finds the prices at which everyone is priced first."""

    _trial: Trial | None = None
    _untuned: Mapping[int, Node] = MappingProxyType({})
    """Nodes of the sample by the order of the network's."""

    def _first_nodes(self, result: StageResult[Found]) -> list[Node]:
        whole, stage = self.model.with_all_links or self.model, loosened(result.stage)
        lean = whole.with_shared_links_only() if whole is self.model else self.model
        sample = sample_of(whole, lean, stage, self.passes.pricing, self.seed)
        trial = Trial(
            sample.model, SampleJudge(sample, self.judge), gap=self.gap, seed=self.seed, clock=self.clock,
            report=of_sample(self.report, lambda: result.value), executor=self.executor,
        )  # fmt: skip
        share = SAMPLE_TIME * (self._until - self.clock.spent()) / max(self.clock.left(), 1e-3)
        found = trial.choices(stage, share)
        self._trial, self._untuned = trial, dict(enumerate(found))
        times = len(self.model.practices) / len(sample.places)
        self.passes.seconds = max(self.passes.seconds, times * trial.passes.seconds)
        return carried_over(found, sample.model, self.model, stage)

    def _price_once(self, node: Node, result: StageResult[Found]) -> None:
        """At prices that the sample tuned; then a plan is looked for at once. Not where these show that another node
        promises more."""
        if self._lowered_by_relaxed_pass(node, result):
            return
        self._needs_time()
        self._take_tuned_prices(node, result)
        if node.promise < self._other_promise(node):
            return
        if not self._bounded_to_close(node, result):
            self._start(node)
            self._pass_at_relaxed(node, result)
        if not self._hopeless(node, result):
            self._look_for_plan(node, result)
        self._say(result, f"choice {node.order + 1}")

    def _look_for_plan(self, node: Node, result: StageResult[Found]) -> None:
        """A plan under a node that everyone was priced at once."""
        self._improve(result, node)

    def _know_payments(self, node: Node, result: StageResult[Found]) -> None:
        if not node.paid:
            self.masters.dual_prices(result.stage, node, self._box(node))

    def _bring_what_lacks(self, node: Node, result: StageResult[Found]) -> None:
        """For a first plan: practices priced for what whole decisions of the organization lack."""
        lacking = self.improving.aims.lacking(result.stage, node)
        if lacking is not None:
            self._pass(lacking[1], lacking[0], result)

    def _needs_time(self, part_of_a_pass: float = PART_OF_A_PASS) -> None:
        """Whether there is time for such a part of a pass, once one over everyone was made.

        Raises:
            SearchStopped: when there is not.
        """
        if self.passes.exact and self._out_of_time(part_of_a_pass):
            raise SearchStopped

    def _lowered_by_relaxed_pass(self, node: Node, result: StageResult[Found]) -> bool:
        """A quick pass at nodes that it may close: not the first, nor those that the sample finds nearly as good; where
        there is no time for passes over all of these, a loose bound for each is better than none for some."""
        unbounded = self.passes.exact > 0 and node.bound == np.inf
        if node.pass_relaxed or node.relaxed is None or not unbounded:
            return False
        hopeful = [item for item in self._nodes if item.bound == np.inf and self._is_hopeful(item, result)]
        if node in hopeful and self._until - self.clock.spent() > len(hopeful) * self.passes.seconds:
            return False
        bound = self.passes.relaxed(node.relaxed.prices, node, self._limits(result, node))
        node.bound, node.pass_relaxed = min(node.bound, bound), True
        self._say(result, f"choice {node.order + 1}, relaxed")
        return True

    def _bounded_to_close(self, node: Node, result: StageResult[Found]) -> bool:
        """Bound a node that the sample finds hopeless, by no more practices than close it; False for other nodes."""
        enough = self._closed_bound(result)
        if node.relaxed is None or not node.promise <= enough < np.inf:
            return False
        prices = node.relaxed.prices
        bound = self.passes.closing(prices, node, self._limits(result, node), enough)
        node.bound, node.centre, node.centre_bound = min(node.bound, bound), prices, bound
        return True

    @staticmethod
    def _is_hopeful(node: Node, result: StageResult[Found]) -> bool:
        return result.value > 0.0 and node.promise > HOPEFUL * result.value

    def _take_tuned_prices(self, node: Node, result: StageResult[Found]) -> None:
        """The sample's best prices and what it makes of the node: tuned unless the node has only to be closed, or
        another one promises more. Of many practices no pooled rate is for nothing in the first pass over everyone."""
        mine = self._untuned.get(node.order)
        if mine is None or self._trial is None:
            return
        if not node.promise <= self._closed_bound(result):  # nor where there is no plan to compare with
            self._trial.tune(mine, self._other_promise(node))
        if mine.centre is not None and node.relaxed is not None:
            prices = renamed(mine.centre, self._trial.model, self.model)
            if self.many and not self.passes.exact:
                prices = with_tokens(prices, self.model, mine.bound)
            value = min(node.relaxed.value, mine.bound)
            node.relaxed, node.paid = replace(node.relaxed, prices=prices, value=value), mine.paid

    def _other_promise(self, node: Node) -> float:
        """What the most promising other node promises of those without a bound, where this one has none either."""
        others = [item.promise for item in self._nodes if item is not node and item.bound == node.bound == np.inf]
        return max(others, default=-np.inf)
