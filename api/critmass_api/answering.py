"""Every task by its name."""

from __future__ import annotations

from collections.abc import Callable

from critmass_api import payer_tasks, tasks
from critmass_api.payer_tasks import in_words_of_requests
from critmass_api.tasks import Bench

TASKS: dict[str, Callable[[bytes, Bench], bytes]] = {
    "check_network": tasks.check_network,
    "check_workbook": tasks.check_workbook,
    "settle": tasks.settle,
    "check_plan": tasks.check_plan,
    "plan": tasks.plan,
    "check_gaps": payer_tasks.check_gaps,
    "gaps": payer_tasks.gaps,
    "check_coordination": payer_tasks.check_coordination,
    "coordination": payer_tasks.coordination,
    "check_explanation": payer_tasks.check_explanation,
    "explanation": payer_tasks.explanation,
    "share_game": payer_tasks.share_game,
}


def answer(task: str, body: bytes, bench: Bench) -> bytes:
    """The JSON that a task answers a body with. Problems name keys of the body."""
    with in_words_of_requests():
        return TASKS[task](body, bench)
