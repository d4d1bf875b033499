"""Others that use the same account."""

from collections.abc import Iterable, Iterator
from itertools import chain, count, repeat
from math import inf
from random import Random

from tests.testkit.server_model import ServerModel, Verdict


class Shared:
    """An account of which others use a part: their requests spend allowance, too.

    Args:
        model: The server.
        others_s: When the others' requests arrive, in order.
    """

    def __init__(self, model: ServerModel, others_s: Iterable[float]) -> None:
        self.others_refused = 0
        self._model = model
        self._others_s = chain(others_s, repeat(inf))
        self._next_s = next(self._others_s)

    def arrive(self, now_s: float) -> Verdict:
        while self._next_s <= now_s:
            verdict = self._model.arrive(self._next_s)
            self.others_refused += not verdict.allowed
            self._next_s = next(self._others_s)
        return self._model.arrive(now_s)


def steady_arrivals(per_s: float, *, since_s: float) -> Iterator[float]:
    """Make the instants of requests that come evenly, for ever."""
    return (since_s + index / per_s for index in count())


def poisson_arrivals(per_s: float, *, since_s: float, seed: str) -> Iterator[float]:
    """Make the instants of requests that come at random, for ever."""
    random = Random(seed)
    now_s = since_s
    while True:
        now_s += random.expovariate(per_s)
        yield now_s
