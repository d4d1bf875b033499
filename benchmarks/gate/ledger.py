"""What happened in a run, and what its answers have told of it so far."""

import asyncio
from collections.abc import Sequence

from bulkpause.model import Limit


class Ledger:
    """The arrivals of a run in order. Times are seconds on the loop's clock.

    Attributes:
        arrivals_s: When each request arrived.
        allowed_s: When each arrived that was allowed.
        told_s: Item k is when an answer first told that k + 1 requests had arrived:
            an answer tells of its own request and of all that were counted before.
        news: Set at each arrival and each answer.
    """

    def __init__(self) -> None:
        self.arrivals_s: list[float] = []
        self.allowed_s: list[float] = []
        self.told_s: list[float] = []
        self.news = asyncio.Event()

    def arrived(self, now_s: float, *, allowed: bool) -> int:
        """Note an arrival.

        Returns:
            How many have arrived.
        """
        self.arrivals_s.append(now_s)
        if allowed:
            self.allowed_s.append(now_s)
        self.news.set()
        return len(self.arrivals_s)

    def answered(self, now_s: float, arrived: int) -> None:
        """Note an answer to the request that was the so-many-th to arrive."""
        self.told_s += [now_s] * (arrived - len(self.told_s))
        self.news.set()


def most_in_any_window(arrivals_s: Sequence[float], limit: Limit) -> int:
    """Count the arrivals in the fullest period. They must be in order."""
    most = start = 0
    for index, now_s in enumerate(arrivals_s):
        while arrivals_s[start] + limit.period_s <= now_s:
            start += 1
        most = max(most, index - start + 1)
    return most
