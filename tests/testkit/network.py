"""Networks and connections of the simulations, on the clock of the event loop."""

from dataclasses import dataclass
from math import inf
from random import Random

from bulkpause.simulator import network


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(network.Network):
    """The delays of a network, in seconds. The defaults are the network `target`.

    Attributes:
        one_way_s: The minimum delay of each way.
        jitter_s: The mean of the exponential delay that each way adds to it.
        setup_s: The time to set up a new connection.
        keep_alive_s: A connection that was idle for longer is closed.
        setup_is_hidden: Whether a connection is set up after the request was written.
            The client then cannot see that the request is delayed by the setup.
        service_s: The time from counting a request to its response.
    """

    one_way_s: float = 0.05
    jitter_s: float = 0.05
    setup_s: float = 0.3
    keep_alive_s: float = inf
    setup_is_hidden: bool = False
    service_s: float = 0.0


NETWORKS = {
    "calm": Network(jitter_s=0.0),
    "target": Network(),
    "rough": Network(jitter_s=0.2),
    "hidden": Network(keep_alive_s=15.0, setup_is_hidden=True),
    "slow": Network(service_s=5.0),
}


class Connections:
    """The connections of one client. The one used last is reused first."""

    def __init__(self, network: Network, random: Random) -> None:
        self._network = network
        self._random = random
        self._idle_since_s: list[float] = []

    def open(self, now_s: float) -> tuple[bool, float, float]:
        """Take a connection.

        Returns:
            Whether it is new, the seconds until the request is written, and the
            seconds from then until it arrives.
        """
        is_cold = not self._has_warm(now_s)
        setup_s = self._network.setup_s if is_cold else 0.0
        if self._network.setup_is_hidden:
            return is_cold, 0.0, setup_s + self.way_s()
        return is_cold, setup_s, self.way_s()

    def release(self, now_s: float) -> None:
        """Keep a connection for the next request."""
        self._idle_since_s.append(now_s)

    def back_s(self) -> float:
        """Draw the seconds from the arrival of a request to its response."""
        return self._network.service_s + self.way_s()

    def way_s(self) -> float:
        """Draw the delay of one way."""
        return self._network.draw_one_way_s(self._random)

    def _has_warm(self, now_s: float) -> bool:
        if not self._idle_since_s:
            return False
        # If the connection used last is too old, all others are.
        if self._idle_since_s.pop() + self._network.keep_alive_s >= now_s:
            return True
        self._idle_since_s.clear()
        return False
