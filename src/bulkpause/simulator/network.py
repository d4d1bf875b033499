"""The delays on the way to the server and back."""

import random


class Network:
    """Draws the delays of requests, in seconds."""

    __slots__ = ("_cold_s", "_jitter_s", "_latency_s", "_source")

    def __init__(
        self, *, latency_s: float, jitter_s: float, cold_s: float, source: random.Random
    ) -> None:
        self._latency_s = latency_s
        self._jitter_s = jitter_s
        self._cold_s = cold_s
        self._source = source

    def way_in_s(self, *, is_cold: bool) -> float:
        """Draw the delay of a request; the first one of a connection is cold."""
        return self._one_way_s() + (self._cold_s if is_cold else 0.0)

    def way_out_s(self) -> float:
        """Draw the delay of an answer."""
        return self._one_way_s()

    def _one_way_s(self) -> float:
        if not self._jitter_s:
            return self._latency_s / 2
        return self._latency_s / 2 + self._source.expovariate(2 / self._jitter_s)
