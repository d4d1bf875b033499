"""The servers by name: how each counts, and the best arrivals at it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bulkpause.model import Limit
from tests.testkit.fixed_window import FixedWindows, HeaderWindow, Rounding
from tests.testkit.lower_bounds import (
    fixed_window_arrivals,
    sliding_counter_arrivals,
    sliding_log_arrivals,
    token_bucket_arrivals,
)
from tests.testkit.server_model import ServerModel
from tests.testkit.shared_account import Shared, poisson_arrivals, steady_arrivals
from tests.testkit.sliding_counter import SlidingCounter
from tests.testkit.sliding_log import SlidingLog
from tests.testkit.token_bucket import Bucket, OneBucket, TwoTokenBuckets, buckets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What a server is made of: its limits, when their windows begin, its chance."""

    limits: tuple[Limit, ...]
    phases_s: tuple[float, ...]
    seed: str

    @property
    def steady_per_s(self) -> float:
        return min(limit.requests / limit.period_s for limit in self.limits)

    @property
    def bucket(self) -> Bucket:
        """One that holds a burst, and is refilled at the steady rate."""
        capacity = min(limit.requests for limit in self.limits)
        return Bucket(capacity=capacity, per_s=self.steady_per_s)

    @property
    def even_others_s(self) -> Iterator[float]:
        """Others that use half of the account, evenly."""
        return steady_arrivals(self.steady_per_s / 2, since_s=self._long_ago_s)

    @property
    def others_s(self) -> Iterator[float]:
        """Others that use half of the account, at random."""
        half_per_s = self.steady_per_s / 2
        return poisson_arrivals(half_per_s, since_s=self._long_ago_s, seed=self.seed)

    @property
    def _long_ago_s(self) -> float:
        return -2 * max(limit.period_s for limit in self.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """How to make a server model, and the best arrivals at it from an instant on.

    `late_s` is how much later than it does the longest window may end by what the
    answers say, whose seconds are rounded nobody knows which way.
    """

    make: Callable[[Setting], ServerModel]
    best: Callable[[Setting, float], Iterator[float]]
    late_s: float = 0.0


#: A whole number of seconds may have been rounded down, so it is late by so much.
LATE_S: Mapping[Rounding, float] = {"up": 1.0, "nearest": 0.5, "down": 0.0}


def fixed(
    header_window: HeaderWindow = "longest",
    reset_rounding: Rounding = "up",
    *,
    counts_refused: bool = False,
) -> Server:
    """Describe a server with fixed windows."""
    return Server(
        make=lambda setting: FixedWindows(
            setting.limits,
            setting.phases_s,
            header_window=header_window,
            reset_rounding=reset_rounding,
            counts_refused=counts_refused,
        ),
        best=lambda setting, first_s: fixed_window_arrivals(
            setting.limits, setting.phases_s, first_s
        ),
        late_s=LATE_S[reset_rounding],
    )


def sliding_log(*, counts_refused: bool = False, has_headers: bool = False) -> Server:
    """Describe a server with a sliding log."""
    return Server(
        make=lambda setting: SlidingLog(
            setting.limits, counts_refused=counts_refused, has_headers=has_headers
        ),
        best=lambda setting, first_s: sliding_log_arrivals(setting.limits, first_s),
    )


def shared(others: Callable[[Setting], Iterator[float]]) -> Server:
    """Describe the documented server when others use the account, too."""
    return Server(
        make=lambda setting: Shared(
            FixedWindows(setting.limits, setting.phases_s), others(setting)
        ),
        best=lambda setting, first_s: fixed_window_arrivals(
            setting.limits, setting.phases_s, first_s, others(setting)
        ),
    )


SERVERS: Mapping[str, Server] = {
    "fixed": fixed(),
    "fixed-down": fixed(reset_rounding="down"),
    "fixed-nearest": fixed(reset_rounding="nearest"),
    "fixed-shortest": fixed("shortest"),
    "fixed-tightest": fixed("tightest"),
    "fixed-silent": fixed("none"),
    "fixed-counts": fixed(counts_refused=True),
    "sliding-log": sliding_log(),
    "sliding-log-counts": sliding_log(counts_refused=True),
    "sliding-log-headers": sliding_log(has_headers=True),
    "two-buckets": Server(
        make=lambda setting: TwoTokenBuckets(setting.limits),
        best=lambda setting, first_s: token_bucket_arrivals(
            buckets_of(setting.limits), first_s
        ),
    ),
    "one-bucket": Server(
        make=lambda setting: OneBucket(
            capacity=setting.bucket.capacity, per_s=setting.bucket.per_s
        ),
        best=lambda setting, first_s: token_bucket_arrivals([setting.bucket], first_s),
    ),
    "sliding-counter": Server(
        make=lambda setting: SlidingCounter(setting.limits, setting.phases_s),
        best=lambda setting, first_s: sliding_counter_arrivals(
            setting.limits, setting.phases_s, first_s
        ),
    ),
    "shared": shared(lambda setting: setting.others_s),
    "shared-evenly": shared(lambda setting: setting.even_others_s),
}


#: Servers that never refuse a client that keeps the limits and is alone.
STRICT = frozenset(
    name for name in SERVERS if name.startswith(("fixed", "sliding-log", "two-"))
)


#: Servers that tell when the longest fixed window ends.
TELLING = frozenset({"fixed", "fixed-down", "fixed-nearest", "fixed-counts"})
#: Servers with fixed windows of which nobody else uses a part.
ALONE_AT_FIXED = frozenset(name for name in SERVERS if name.startswith("fixed"))
