"""The fastest way through each server model, for a client that knows all of it.

In every model here a request that is counted earlier weighs no more later on. So a
client that has each request arrive at the first instant at which it is allowed is
the fastest there can be; the `..._arrivals` functions give exactly those instants.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice, repeat
from math import inf

from bulkpause.model import Limit
from tests.testkit.fixed_window import window_end_s, window_index
from tests.testkit.sliding_counter import SlidingCounter
from tests.testkit.token_bucket import Bucket


def fixed_window_arrivals(
    limits: Sequence[Limit],
    phases_s: Sequence[float],
    first_s: float,
    others_s: Iterable[float] = (),
) -> Iterator[float]:
    """Make the best arrivals at fixed windows, in what others leave of each.

    The others come first: a window holds what they do not ask of it, from its
    beginning to its end. (A client that takes all it can may push them out.)
    """
    windows = [
        (limit, phase_s, Counter[int]())
        for limit, phase_s in zip(limits, phases_s, strict=True)
    ]
    coming_s = chain(others_s, repeat(inf))
    other_s = next(coming_s)
    now_s = first_s
    while True:
        ends_s = [window_end_s(limit, phase_s, now_s) for limit, phase_s, _ in windows]
        while other_s < max(ends_s):
            _spend(windows, other_s)
            other_s = next(coming_s)
        full_until_s = [
            end_s
            for end_s, (limit, phase_s, spent) in zip(ends_s, windows, strict=True)
            if spent[window_index(limit, phase_s, now_s)] >= limit.requests
        ]
        if full_until_s:
            now_s = max(full_until_s)
        else:
            _spend(windows, now_s)
            yield now_s


def _spend(windows: Iterable[tuple[Limit, float, Counter[int]]], now_s: float) -> None:
    for limit, phase_s, spent in windows:
        spent[window_index(limit, phase_s, now_s)] += 1


def sliding_log_arrivals(limits: Sequence[Limit], first_s: float) -> Iterator[float]:
    """Make the best arrivals at an exact sliding log."""
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
    """Make the best arrivals at token buckets.

    No bucket is full again before it is the one that limits, since a larger bucket
    is refilled more slowly. So no token is ever lost.
    """
    for index in count(1):
        waits_s = [(index - bucket.capacity) / bucket.per_s for bucket in buckets]
        yield first_s + max(0.0, *waits_s)


def sliding_counter_arrivals(
    limits: Sequence[Limit], phases_s: Sequence[float], first_s: float
) -> Iterator[float]:
    """Make the best arrivals at a sliding counter."""
    counter = SlidingCounter(limits, phases_s)
    now_s = first_s
    while True:
        while (opens_at_s := counter.opens_at_s(now_s)) > now_s:
            now_s = opens_at_s
        counter.arrive(now_s)
        yield now_s


def best_time_s(arrivals_s: Iterator[float], ids: int) -> float:
    """Say how long the best client takes from its first arrival to its last."""
    first_s = next(arrivals_s)
    return next(islice(arrivals_s, ids - 2, None)) - first_s if ids > 1 else 0.0
