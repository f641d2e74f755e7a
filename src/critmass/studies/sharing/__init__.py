"""Sharing a joint cost or value among payers: cooperative games, rules, and what acting alone loses."""

from critmass.studies.sharing.game import Game, SampledGame
from critmass.studies.sharing.read import read_game
from critmass.studies.sharing.rules import Weights
from critmass.studies.sharing.share import Sharing, share_game

__all__ = ["Game", "SampledGame", "Sharing", "Weights", "read_game", "share_game"]
