"""Record the arrivals of a simulation, and which of them its responses confirm."""

import asyncio


class ArrivalLedger:
    """The arrivals of a simulation in order. Times are seconds on the loop's clock.

    Attributes:
        arrivals_s: When each request arrived.
        allowed_s: When each allowed request arrived.
        confirmed_s: Item k is when a response first confirmed k + 1 arrivals. A
            response confirms its own request and all that were counted before it.
        changed: Set at each arrival and each response.
    """

    def __init__(self) -> None:
        self.arrivals_s: list[float] = []
        self.allowed_s: list[float] = []
        self.confirmed_s: list[float] = []
        self.changed = asyncio.Event()

    def record_arrival(self, now_s: float, *, allowed: bool) -> int:
        """Record an arrival.

        Returns:
            The number of arrivals so far.
        """
        self.arrivals_s.append(now_s)
        if allowed:
            self.allowed_s.append(now_s)
        self.changed.set()
        return len(self.arrivals_s)

    def record_response(self, now_s: float, arrivals: int) -> None:
        """Record the response to the request with this number of arrivals."""
        self.confirmed_s += [now_s] * (arrivals - len(self.confirmed_s))
        self.changed.set()
