"""One program of a catalog with another number in it: for settling, and for planning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from critmass.catalog.overrides import with_overrides
from critmass.domain.catalog import Catalog
from critmass.domain.errors import InputError
from critmass.domain.programs import Program
from critmass.domain.scenario import RateOverride, Scenario
from critmass.settlement.outcome import Pricer
from critmass.settlement.projection import Decisions
from critmass.studies.explain.contract_numbers import ContractNumber, contract_numbers
from critmass.studies.explain.settled import Settler, Values, at_least
from critmass.studies.plan import Plan


class ChangedTerms:
    """Settles and restates a plan's question under another number of one program."""

    def __init__(self, plan: Plan, program: str, settler: Settler | None = None) -> None:
        self.plan, self.program = plan, program
        self.settler = settler or Settler(plan)
        mine = tuple(item for item in plan.catalog.provenance if item.owner == program)
        written = {program: plan.catalog.written_programs[program]}
        self._alone = replace(plan.catalog, programs=written, written_programs=written, provenance=mine)
        self._today = {item.path: item.value for item in mine}
        self._pricers: dict[tuple[RateOverride, ...], Pricer | None] = {}

    def numbers(self) -> list[ContractNumber]:
        """The program's numbers that could be negotiated."""
        return contract_numbers(self._alone.written_programs[self.program], self.plan.catalog)

    def fits(self, number: ContractNumber, value: float) -> bool:
        """Whether the catalog allows the value: rows of a table stay in their order."""
        return self._pricer(number, value) is not None

    def changed(self, number: ContractNumber, value: float) -> Program | None:
        """The program with the value in it; None where the catalog does not allow it."""
        return self._changed(self.overrides(number, value))

    def margin(self, number: ContractNumber, value: float, decisions: Decisions) -> float:
        """Net margin of decisions at a value, settled, USD."""
        return float(self._priced(number, value).price(decisions).margin[0])

    def best(self, number: ContractNumber, value: float, decisions: Sequence[Decisions]) -> Values:
        """What the best of some decisions reaches at the objective's levels, settled."""
        pricer = self._priced(number, value)
        found = [self.settler.values(pricer.price(item))[0] for item in decisions]
        best = found[0]
        for other in found[1:]:
            best = best if at_least(best, other) else other
        return best

    def question(self, number: ContractNumber, value: float) -> tuple[Scenario, Catalog]:
        """The plan's scenario with the value as an override, and the catalog with it."""
        overrides = self.overrides(number, value)
        paths = {item.path for item in overrides}
        kept = tuple(item for item in self.plan.scenario.overrides if item.path not in paths)
        scenario = self.plan.scenario.model_copy(update={"overrides": (*kept, *overrides)})
        return scenario, with_overrides(self.plan.catalog, overrides)

    def overrides(self, number: ContractNumber, value: float) -> tuple[RateOverride, ...]:
        """The overrides that the value stands for."""
        found = number.values(value, self._today)
        return tuple(RateOverride(path=path, value=changed) for path, changed in found.items())

    def _priced(self, number: ContractNumber, value: float) -> Pricer:
        pricer = self._pricer(number, value)
        assert pricer is not None, f"{number.paths} does not take {value}"
        return pricer

    def _pricer(self, number: ContractNumber, value: float) -> Pricer | None:
        overrides = self.overrides(number, value)
        if overrides not in self._pricers:
            self._pricers[overrides] = self._new_pricer(overrides)
        return self._pricers[overrides]

    def _new_pricer(self, overrides: tuple[RateOverride, ...]) -> Pricer | None:
        changed = self._changed(overrides)
        if changed is None:
            return None
        return self.settler.under(
            replace(self.plan.catalog, programs={**self.plan.catalog.programs, changed.id: changed})
        )

    def _changed(self, overrides: tuple[RateOverride, ...]) -> Program | None:
        try:
            return with_overrides(self._alone, overrides).programs[self.program]
        except InputError:
            return None
