"""Contradictions among locks, signed contracts and the catalog's rules, found before any solve."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from critmass.domain.programs import Program
from critmass.formulation.levels import Shared

Held = dict[tuple[str, str], set[str]]


def lock_conflicts(shared: Shared) -> list[str]:
    """Every contradiction in plain words; empty when the locks can hold together."""
    found: list[str] = []
    for practice in range(len(shared.model.network.practices)):
        found += _of_practice(shared, practice)
    return list(dict.fromkeys(found))


def _of_practice(shared: Shared, practice: int) -> Iterator[str]:
    name = shared.model.network.practices[practice]
    wanted: dict[str, set[str]] = {}
    for lock in shared.locks:
        if lock.practice in (None, name):
            wanted.setdefault(lock.program or lock.workflow or "", set()).add(lock.decision)
    for what, decisions in wanted.items():
        if len(decisions) > 1:
            yield f"{name}: {what} is locked both as {' and as '.join(sorted(decisions))}"
    joined = [p for p in shared.programs if "joined" in wanted.get(p.id, ())]
    yield from (text for program in joined for text in _joining(shared, practice, program, wanted))
    for one, other in combinations(joined, 2):
        same_group = one.exclusive_group is not None and one.exclusive_group == other.exclusive_group
        if same_group or other.id in one.excludes or one.id in other.excludes:
            yield f"{name}: {one.id} and {other.id} are both locked as joined, but exclude each other"
    yield from _workflows(shared, practice, wanted)


def _joining(shared: Shared, practice: int, program: Program, wanted: dict[str, set[str]]) -> Iterator[str]:
    name = shared.model.network.practices[practice]
    level = practice if program.join_level == "practice" else None
    if shared.reaches(program, practice) and not shared.eligible(program, level):
        yield f"{name}: {program.id} is locked as joined, but its eligibility facts do not hold"
    for needed in program.requires:
        if "declined" in wanted.get(needed, ()):
            yield f"{name}: {program.id} is locked as joined, but needs {needed}, which is locked as declined"


def _workflows(shared: Shared, practice: int, wanted: dict[str, set[str]]) -> Iterator[str]:
    name = shared.model.network.practices[practice]
    for place, workflow in enumerate(shared.model.workflows):
        running = shared.model.reach_in_place[practice, place] > 0
        if running and "left_out" in wanted.get(workflow.id, ()):
            yield f"{name}: {workflow.id} already runs (Workflows sheet), but is locked as left_out"
        for needed in workflow.requires:
            in_place = running or "in_place" in wanted.get(workflow.id, ())
            if in_place and "left_out" in wanted.get(needed, ()):
                yield f"{name}: {workflow.id} must run, but needs {needed}, which is locked as left_out"
