"""The user's network: read, template, check and sample."""

from critmass.network.read import load_network
from critmass.network.sample import sample_network
from critmass.network.write import write_network, write_template

__all__ = ["load_network", "sample_network", "write_network", "write_template"]
