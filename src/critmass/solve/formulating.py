"""Formulating many practices, in processes of this machine where that is asked for: rows are made in Python, of which a
process runs on one core only."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from critmass.formulation.levels import Shared
from critmass.formulation.network_model import Formulation, NetworkModel, PracticeBlocks
from critmass.solve.executor import run_all
from critmass.solve.lost_work import LostWorkError
from critmass.solve.processes import process_pool

TOGETHER = 25
"""Practices of one task."""

ALONE = 150
"""So many practices one process formulates as fast as several, which have to start."""

_log = logging.getLogger(__name__)

_formulations: list[Formulation] = []
"""In a process that formulates: what it formulates practices of."""


def formulate_many(shared: Shared, processes: int, report: Callable[[str], object]) -> NetworkModel:
    """Blocks and links of a whole network, its practices formulated in so many processes; in this one if it is one.

    Each other process imports the main module anew, so that a script needs its `if __name__ == "__main__":`. Where
    processes cannot start, or do not last, that is logged, and this one does the work.

    Raises:
        InputError: where practices share a TIN that a payment settles for.
    """
    formulation, count = Formulation(shared), len(shared.model.network.practices)
    tasks = [range(start, min(start + TOGETHER, count)) for start in range(0, count, TOGETHER)]

    def tell(done: int) -> None:
        report(f"{min(done * TOGETHER, count):,} of {count:,} practices formulated")

    if processes > 1:
        try:
            with process_pool(processes, partial(_begin, shared)) as pool:
                return formulation.together(run_all(pool, _practices, tasks, tell))
        except (LostWorkError, OSError, ImportError, RuntimeError) as error:
            _log.warning("practices are formulated in one process: %s", error)
    return formulation.together(_here(formulation, tasks, tell))


def _here(formulation: Formulation, tasks: Iterable[range], tell: Callable[[int], object]) -> Iterator[PracticeBlocks]:
    for done, places in enumerate(tasks, start=1):
        yield formulation.practices(places)
        tell(done)


def _begin(shared: Shared) -> None:
    _formulations[:] = [Formulation(shared)]


def _practices(places: range) -> PracticeBlocks:
    return _formulations[0].practices(places)
