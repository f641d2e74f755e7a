"""The user's network: read, template, check and sample."""

from critmass.network.fill import complete_network
from critmass.network.read import checked_tables, load_network, load_tables
from critmass.network.sample import sample_network
from critmass.network.write import write_network, write_template

__all__ = [
    "checked_tables",
    "complete_network",
    "load_network",
    "load_tables",
    "sample_network",
    "write_network",
    "write_template",
]
