"""Earliest arrivals at each server model, for a client that knows all of the model.

In every model here, a request that is counted earlier weighs no more later on. So no
client is faster than one whose every request arrives at the first instant at which it
is allowed. The `..._arrivals` functions give exactly those instants.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice, repeat
from math import inf

from bulkpause.model import Limit
from bulkpause.simulator import Window
from tests.testkit.fixed_window import windows_of
from tests.testkit.sliding_counter import SlidingCounter
from tests.testkit.token_bucket import Bucket


def fixed_window_arrivals(
    limits: Sequence[Limit],
    phases_s: Sequence[float],
    first_s: float,
    others_s: Iterable[float] = (),
) -> Iterator[float]:
    """Give the earliest arrivals at fixed windows, in what other clients leave.

    The others come first: a window leaves what they will not use between its start
    and its end. (A client that uses all it can may displace some of them.)
    """
    windows = [(window, Counter[int]()) for window in windows_of(limits, phases_s)]
    coming_s = chain(others_s, repeat(inf))
    other_s = next(coming_s)
    now_s = first_s
    while True:
        ends_s = [window.end(now_s) for window, _ in windows]
        while other_s < max(ends_s):
            _count(windows, other_s)
            other_s = next(coming_s)
        full_until_s = [
            end_s
            for end_s, (window, used) in zip(ends_s, windows, strict=True)
            if used[window.index(now_s)] >= window.limit
        ]
        if full_until_s:
            now_s = max(full_until_s)
        else:
            _count(windows, now_s)
            yield now_s


def _count(windows: Iterable[tuple[Window, Counter[int]]], now_s: float) -> None:
    for window, used in windows:
        used[window.index(now_s)] += 1


def sliding_log_arrivals(limits: Sequence[Limit], first_s: float) -> Iterator[float]:
    """Give the earliest arrivals at an exact sliding log."""
    logs = [(limit, deque[float](maxlen=limit.requests)) for limit in limits]
    now_s = first_s
    while True:
        for limit, log in logs:
            if len(log) == limit.requests:
                now_s = max(now_s, log[0] + limit.period_s)
        for _, log in logs:
            log.append(now_s)
        yield now_s


def token_bucket_arrivals(buckets: Sequence[Bucket], first_s: float) -> Iterator[float]:
    """Give the earliest arrivals at token buckets.

    No bucket is full again before it is the one that limits, since a larger bucket
    is refilled more slowly. So no token is ever lost.
    """
    for index in count(1):
        waits_s = [(index - bucket.capacity) / bucket.per_s for bucket in buckets]
        yield first_s + max(0.0, *waits_s)


def sliding_counter_arrivals(
    limits: Sequence[Limit], phases_s: Sequence[float], first_s: float
) -> Iterator[float]:
    """Give the earliest arrivals at a sliding counter."""
    counter = SlidingCounter(limits, phases_s)
    now_s = first_s
    while True:
        while (fits_at_s := counter.fits_at_s(now_s)) > now_s:
            now_s = fits_at_s
        counter.arrive(now_s)
        yield now_s


def shortest_time_s(arrivals_s: Iterator[float], ids: int) -> float:
    """Give the seconds from the first to the last of the earliest arrivals."""
    first_s = next(arrivals_s)
    return next(islice(arrivals_s, ids - 2, None)) - first_s if ids > 1 else 0.0
