"""Why a plan is what it is. Every statement is confirmed by planning or settling again, none is read off a dual."""

from critmass.studies.explain.conflict import Conflict, conflict_of
from critmass.studies.explain.whole import Explanation, explain

__all__ = ["Conflict", "Explanation", "conflict_of", "explain"]
