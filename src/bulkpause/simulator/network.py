"""Draw the delays between client and server."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The delays of a network, in seconds.

    Attributes:
        one_way_s: The minimum delay of each way.
        jitter_s: The mean of the exponential delay that each way adds to it.
        setup_s: The time to set up a new connection.
    """

    one_way_s: float = 0.0
    jitter_s: float = 0.0
    setup_s: float = 0.0

    def draw_one_way_s(self, source: Random) -> float:
        """Draw the delay of one way."""
        if not self.jitter_s:
            return self.one_way_s
        return self.one_way_s + source.expovariate(1 / self.jitter_s)
