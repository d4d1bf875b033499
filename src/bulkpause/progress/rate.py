"""The request rate of a run: measured, and allowed by the limits."""

from collections import deque
from collections.abc import Iterable, Sequence

from bulkpause.model import Limit


#: The rate is measured over this many seconds.
PERIOD_S = 10.0
#: The requests that start a run are spread over this many seconds.
START_S = 1.0


class RateMeter:
    """Measures the request rate over the last `PERIOD_S` seconds.

    Args:
        now: The loop's time at the start of the run.
    """

    def __init__(self, *, now: float) -> None:
        self._samples: deque[tuple[float, int]] = deque([(now, 0)])
        self._last_request_at = now

    def update(self, requests: int, now: float) -> None:
        """Take a sample: this many requests were sent until now."""
        if requests > self._samples[-1][1]:
            self._last_request_at = now
        self._samples.append((now, requests))
        while self._samples[1][0] <= now - PERIOD_S:
            self._samples.popleft()

    @property
    def per_s(self) -> float:
        """The requests per second."""
        (since, before), (now, requests) = self._samples[0], self._samples[-1]
        # A run starts with a burst, which is not its lasting rate.
        start_s = 0.0 if before else START_S
        return (requests - before) / max(START_S, now - since + start_s)

    @property
    def idle_s(self) -> float:
        """The seconds without a new request, up to the last sample."""
        return self._samples[-1][0] - self._last_request_at


def allowed_per_s_of_all(limits: Iterable[Sequence[Limit]]) -> float | None:
    """Add up the rates of several accounts; None if one of them has no limits."""
    rates = [allowed_per_s(of_account) for of_account in limits]
    known = [rate for rate in rates if rate is not None]
    return sum(known) if len(known) == len(rates) else None


def allowed_per_s(limits: Sequence[Limit]) -> float | None:
    """Give the highest rate over `PERIOD_S` that limits allow; None without limits."""
    rates = (limit.requests / min(limit.period_s, PERIOD_S) for limit in limits)
    return min(rates, default=None)
