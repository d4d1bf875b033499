"""Server profiles by name: a server model, and the earliest arrivals that it allows."""

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
from tests.testkit.shared_account import (
    SharedAccount,
    poisson_arrivals,
    steady_arrivals,
)
from tests.testkit.sliding_counter import SlidingCounter
from tests.testkit.sliding_log import SlidingLog
from tests.testkit.token_bucket import Bucket, OneBucket, TwoTokenBuckets, buckets_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """The rate limits of a server, the phases of their windows, and a random seed."""

    limits: tuple[Limit, ...]
    phases_s: tuple[float, ...]
    seed: str

    @property
    def steady_per_s(self) -> float:
        return min(limit.requests / limit.period_s for limit in self.limits)

    @property
    def bucket(self) -> Bucket:
        """A bucket with the capacity of a burst, refilled at the steady rate."""
        capacity = min(limit.requests for limit in self.limits)
        return Bucket(capacity=capacity, per_s=self.steady_per_s)

    @property
    def even_others_s(self) -> Iterator[float]:
        """Requests of others at even intervals, half of the steady rate."""
        return steady_arrivals(self.steady_per_s / 2, since_s=self._others_since_s)

    @property
    def others_s(self) -> Iterator[float]:
        """Requests of others at random intervals, half of the steady rate."""
        half_per_s = self.steady_per_s / 2
        return poisson_arrivals(
            half_per_s, since_s=self._others_since_s, seed=self.seed
        )

    @property
    def _others_since_s(self) -> float:
        return -2 * max(limit.period_s for limit in self.limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProfile:
    """A kind of server.

    Attributes:
        make_model: Makes the server model.
        earliest_arrivals: Gives the earliest arrivals from an instant on.
        reset_error_s: How much later than in fact the reset of the longest window may
            be by the headers. They are rounded, and do not say in which direction.
    """

    make_model: Callable[[ServerConfig], ServerModel]
    earliest_arrivals: Callable[[ServerConfig, float], Iterator[float]]
    reset_error_s: float = 0.0


#: How late a reset may be by headers that are rounded in this direction.
RESET_ERROR_S: Mapping[Rounding, float] = {"up": 1.0, "nearest": 0.5, "down": 0.0}


def fixed(
    header_window: HeaderWindow = "longest",
    reset_rounding: Rounding = "up",
    *,
    counts_rate_limited: bool = False,
) -> ServerProfile:
    """Describe a server with fixed windows."""
    return ServerProfile(
        make_model=lambda config: FixedWindows(
            config.limits,
            config.phases_s,
            header_window=header_window,
            reset_rounding=reset_rounding,
            counts_rate_limited=counts_rate_limited,
        ),
        earliest_arrivals=lambda config, first_s: fixed_window_arrivals(
            config.limits, config.phases_s, first_s
        ),
        reset_error_s=RESET_ERROR_S[reset_rounding],
    )


def sliding_log(
    *, counts_rate_limited: bool = False, has_headers: bool = False
) -> ServerProfile:
    """Describe a server with a sliding log."""
    return ServerProfile(
        make_model=lambda config: SlidingLog(
            config.limits,
            counts_rate_limited=counts_rate_limited,
            has_headers=has_headers,
        ),
        earliest_arrivals=lambda config, first_s: sliding_log_arrivals(
            config.limits, first_s
        ),
    )


def shared(others: Callable[[ServerConfig], Iterator[float]]) -> ServerProfile:
    """Describe the documented server with other clients on the account."""
    return ServerProfile(
        make_model=lambda config: SharedAccount(
            FixedWindows(config.limits, config.phases_s), others(config)
        ),
        earliest_arrivals=lambda config, first_s: fixed_window_arrivals(
            config.limits, config.phases_s, first_s, others(config)
        ),
    )


SERVERS: Mapping[str, ServerProfile] = {
    "fixed": fixed(),
    "fixed-down": fixed(reset_rounding="down"),
    "fixed-nearest": fixed(reset_rounding="nearest"),
    "fixed-shortest": fixed("shortest"),
    "fixed-tightest": fixed("tightest"),
    "fixed-silent": fixed("none"),
    "fixed-counts": fixed(counts_rate_limited=True),
    "sliding-log": sliding_log(),
    "sliding-log-counts": sliding_log(counts_rate_limited=True),
    "sliding-log-headers": sliding_log(has_headers=True),
    "two-buckets": ServerProfile(
        make_model=lambda config: TwoTokenBuckets(config.limits),
        earliest_arrivals=lambda config, first_s: token_bucket_arrivals(
            buckets_of(config.limits), first_s
        ),
    ),
    "one-bucket": ServerProfile(
        make_model=lambda config: OneBucket(
            capacity=config.bucket.capacity, per_s=config.bucket.per_s
        ),
        earliest_arrivals=lambda config, first_s: token_bucket_arrivals(
            [config.bucket], first_s
        ),
    ),
    "sliding-counter": ServerProfile(
        make_model=lambda config: SlidingCounter(config.limits, config.phases_s),
        earliest_arrivals=lambda config, first_s: sliding_counter_arrivals(
            config.limits, config.phases_s, first_s
        ),
    ),
    "shared": shared(lambda config: config.others_s),
    "shared-evenly": shared(lambda config: config.even_others_s),
}


#: Servers that never rate-limit a client that is alone and keeps the limits.
STRICT = frozenset(
    name for name in SERVERS if name.startswith(("fixed", "sliding-log", "two-"))
)
#: Servers whose headers give the reset of the longest fixed window.
WITH_RESET_HEADERS = frozenset({"fixed", "fixed-down", "fixed-nearest", "fixed-counts"})
#: Servers with fixed windows, without other clients.
FIXED_WINDOW_SERVERS = frozenset(name for name in SERVERS if name.startswith("fixed"))
