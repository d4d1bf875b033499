"""The way between client and server: delays and connections, on the loop's clock."""

from dataclasses import dataclass
from math import inf
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """What the way is like.

    `one_way_s` is what each way takes at least, and `jitter_s` the mean of what is
    added to it. A connection that was idle for `keep_alive_s` is closed. Setting one
    up happens before the request is written, unless `setup_is_hidden`: then nobody
    on this side sees that the request is only on its way so much later. The server
    answers `service_s` after it has counted the request.
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
    """The connections of one client: the one last used is used again first."""

    def __init__(self, network: Network, random: Random) -> None:
        self._network = network
        self._random = random
        self._idle_since_s: list[float] = []

    def open(self, now_s: float) -> tuple[bool, float, float]:
        """Take a connection.

        Returns:
            Whether it is a new one, seconds until the request is written, and from
            then until it arrives.
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
        """Draw how long it takes from the arrival to the answer."""
        return self._network.service_s + self.way_s()

    def way_s(self) -> float:
        """Draw how long one way takes."""
        jitter_s = self._network.jitter_s
        added_s = self._random.expovariate(1 / jitter_s) if jitter_s else 0.0
        return self._network.one_way_s + added_s

    def _has_warm(self, now_s: float) -> bool:
        if not self._idle_since_s:
            return False
        # The one used last: if it has gone cold, so have all others.
        if self._idle_since_s.pop() + self._network.keep_alive_s >= now_s:
            return True
        self._idle_since_s.clear()
        return False
