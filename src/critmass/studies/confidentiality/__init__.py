"""Who sees what of a plan: the one place where rows and sums are let through, before any surface sees them.

It stands among the studies because a payer's own view is a settlement of its own: of what is left of network and
catalog once everything of other payers is taken away.
"""

from critmass.studies.confidentiality.consents import ConsentLedger, load_consents
from critmass.studies.confidentiality.own_side import OwnSide, own_side
from critmass.studies.confidentiality.policies import POLICIES, FloorPolicy, policy_named
from critmass.studies.confidentiality.releases import ReleaseLog
from critmass.studies.confidentiality.roles import Role, parse_role
from critmass.studies.confidentiality.view import Book, View, ViewRequest, view_of

__all__ = [
    "POLICIES",
    "Book",
    "ConsentLedger",
    "FloorPolicy",
    "OwnSide",
    "ReleaseLog",
    "Role",
    "View",
    "ViewRequest",
    "load_consents",
    "own_side",
    "parse_role",
    "policy_named",
    "view_of",
]
