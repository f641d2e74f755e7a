"""critmass: payer programs, workflows and payer coordination that reach critical reimbursement mass."""

from critmass.catalog import load_catalog
from critmass.domain.errors import CritmassError, InfeasibleError, InputError
from critmass.domain.scenario import Scenario, SolveOptions
from critmass.network import load_network, sample_network
from critmass.studies.coordinate.propose import coordinate
from critmass.studies.coordinate.sharing import share_coordination
from critmass.studies.coordinate.target import parse_target
from critmass.studies.entities import load_map, read_book, settle_file
from critmass.studies.explain import conflict_of, explain
from critmass.studies.gaps import gaps
from critmass.studies.organizing import organizing
from critmass.studies.plan import Plan
from critmass.studies.plan import plan_network as plan
from critmass.studies.shared_costs import Downside, HubCosts
from critmass.studies.sharing import Game, read_game, share_game
from critmass.studies.sharing.shapley import sampled_shapley
from critmass.studies.sweep import parse_sweep, payout_curve
from critmass.studies.verify import verify

__version__ = "0.1.0"

__all__ = [
    "CritmassError",
    "Downside",
    "Game",
    "HubCosts",
    "InfeasibleError",
    "InputError",
    "Plan",
    "Scenario",
    "SolveOptions",
    "conflict_of",
    "coordinate",
    "explain",
    "gaps",
    "load_catalog",
    "load_map",
    "load_network",
    "organizing",
    "parse_sweep",
    "parse_target",
    "payout_curve",
    "plan",
    "read_book",
    "read_game",
    "sample_network",
    "sampled_shapley",
    "settle_file",
    "share_coordination",
    "share_game",
    "verify",
]
