"""Simulate the Ocamba Hood API on loopback, for tests, trials and measurements.

The simulator follows the public documentation, injects faults on request, and records
every request in a ledger. It may import nothing else of `bulkpause`.
"""

from typing import TYPE_CHECKING

from bulkpause.simulator.behaviour import Behaviour
from bulkpause.simulator.campaign import Campaign, make_campaigns
from bulkpause.simulator.faults import Fault, Storm, parse_fault, parse_script
from bulkpause.simulator.ledger import Entry, Ledger
from bulkpause.simulator.limits import Window
from bulkpause.simulator.listing import Lists


if TYPE_CHECKING:
    from bulkpause.simulator.server import Simulator, serve


__all__ = [
    "Behaviour",
    "Campaign",
    "Entry",
    "Fault",
    "Ledger",
    "Lists",
    "Simulator",
    "Storm",
    "Window",
    "make_campaigns",
    "parse_fault",
    "parse_script",
    "serve",
]


def __getattr__(name: str) -> object:
    """Import the server, and with it aiohttp, on first use."""
    if name not in {"Simulator", "serve"}:
        raise AttributeError(name)
    from bulkpause.simulator import server  # noqa: PLC0415

    return getattr(server, name)
