"""A plan library beside the planner: what is read before a search, and what is left after it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from critmass.domain.catalog import Catalog
from critmass.domain.network import Network
from critmass.domain.scenario import Scenario
from critmass.settlement.projection import HUB, OWN, Decisions
from critmass.solve.candidates import Candidate, Judge, best_of
from critmass.solve.columns import Stage
from critmass.solve.kept import Counts
from critmass.solve.library import Entry, Library
from critmass.solve.warm import WarmSearch

_log = logging.getLogger(__name__)


class Memory:
    """The library of one question; without a folder it is empty and keeps nothing."""

    def __init__(self, folder: Path | None, network: Network, scenario: Scenario) -> None:
        self._library = None if folder is None else Library(folder, network, scenario)
        self.entries: Sequence[Entry] = self._library.entries() if self._library is not None else ()
        self.search: WarmSearch | None = None

    @property
    def pricing(self) -> Counts:
        """How many pricing problems were solved, and how many taken from the library."""
        return Counts() if self.search is None else self.search.passes.kept.counts

    @property
    def ran_out_of_time(self) -> bool:
        """Whether the search stopped because there was no time for another pass."""
        return self.search is not None and self.search.ran_out_of_time

    def first_plan(self, judge: Judge, known: Candidate | None, catalog: Catalog, stage: Stage) -> Candidate | None:
        """The better of a known plan and the library's best decisions that keep every rule, settled anew."""
        if not self.entries:
            return known
        from critmass.studies.explain.rules import Rules  # explanations plan themselves

        model = judge.model.shared.model
        rules, found = Rules(model.network, catalog, model.scenario), [known]
        workflows = tuple(item.id for item in model.workflows)
        for entry in self.entries:
            if entry.decisions is not None and _well_formed(entry, workflows, len(model.network.practices)):
                decisions = rules.aligned(entry.decisions, entry.programs)
                found += [judge.candidate(decisions)] if rules.keeps(decisions) else []
        return best_of(found, stage)

    def keep(self, decisions: Decisions) -> None:
        """Writes what the search left. A library that cannot be written is logged: the plan is worth more."""
        if self._library is None or self.search is None:
            return
        try:
            self._library.add(self.search.left(decisions))
        except OSError as error:
            _log.warning("plan library: nothing was kept (%s)", error.strerror or type(error).__name__)


def _well_formed(entry: Entry, workflows: tuple[str, ...], practices: int) -> bool:
    """Whether stored decisions have the shape of this network and only known values."""
    found = entry.decisions
    if found is None or entry.workflows != workflows:
        return False
    shape = (1, practices, len(entry.workflows))
    right = found.delivery.shape == found.reach.shape == shape
    right = right and found.joined.shape == (1, practices, len(entry.programs)) and found.joined.dtype == np.bool_
    return bool(right and np.isin(found.delivery, (0, OWN, HUB)).all() and np.isfinite(found.reach).all())
