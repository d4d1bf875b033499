"""Model of an account that other clients use too."""

from collections.abc import Iterable, Iterator
from itertools import chain, count, repeat
from math import inf
from random import Random

from tests.testkit.server_model import RateLimitDecision, ServerModel


class SharedAccount:
    """An account whose rate limits also count the requests of other clients.

    Args:
        model: The server.
        others_s: The arrivals of the other clients' requests, in order.

    Attributes:
        others_rate_limited: Number of their requests that were rate-limited.
    """

    def __init__(self, model: ServerModel, others_s: Iterable[float]) -> None:
        self.others_rate_limited = 0
        self._model = model
        self._others_s = chain(others_s, repeat(inf))
        self._next_s = next(self._others_s)

    def arrive(self, now_s: float) -> RateLimitDecision:
        while self._next_s <= now_s:
            decision = self._model.arrive(self._next_s)
            self.others_rate_limited += not decision.allowed
            self._next_s = next(self._others_s)
        return self._model.arrive(now_s)


def steady_arrivals(per_s: float, *, since_s: float) -> Iterator[float]:
    """Give the instants of requests at even intervals, without end."""
    return (since_s + index / per_s for index in count())


def poisson_arrivals(per_s: float, *, since_s: float, seed: str) -> Iterator[float]:
    """Give the instants of requests at random intervals, without end."""
    random = Random(seed)
    now_s = since_s
    while True:
        now_s += random.expovariate(per_s)
        yield now_s
