"""The user's network: read, template, check and sample."""

from critmass.network.read import load_network

__all__ = ["load_network"]
