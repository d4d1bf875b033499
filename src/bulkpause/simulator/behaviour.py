"""Options of the simulator; the documented behaviour is the default."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Self

from bulkpause.simulator.campaign import Campaign
from bulkpause.simulator.faults import Fault, Script, Storm
from bulkpause.simulator.limits import HEADER_WINDOWS, ROUNDINGS, Window
from bulkpause.simulator.listing import Lists
from bulkpause.simulator.network import Network
from bulkpause.simulator.resume import RESUME_BODIES


REPEATS = ("400", "204", "409")
#: Fields that are seconds, and at least zero.
_TIMES = (
    "latency_s",
    "jitter_s",
    "cold_s",
    "slow_byte_interval_s",
    "read_lag_s",
    "late_s",
)
TRACES = ("body", "header", "both", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Options of the simulator; the documented behaviour is the default.

    Each point that the public documentation leaves open is an option.

    Attributes:
        windows: The rate limits, on the clock of the event loop.
        parallel_limit: Maximum of requests in flight, each counted from its arrival
            until its response leaves; None for no such limit.
        token: The bearer token that is accepted; None accepts any that is not empty.
        accounts: Company by token: each of these tokens then is an account of its own,
            with its own windows, campaigns and faults, and no other token is accepted.
            Empty for one account.
        account_per_token: Whether each accepted token is an account of its own, as at
            the API, once it is seen.
        campaigns: The campaigns that lists show. Those of `statuses` and those that a
            request has changed follow them.
        default_status: The status of a campaign that neither of the two names.
        statuses: Status by id; `unknown` means that the campaign does not exist.
        lists: Options of lists.
        resume_bodies: The bodies that a resume may have, of `RESUME_BODIES`. Others get
            a 400.
        view_words: The words that read-backs show for a status, by the status. Those
            that it does not list are shown as they are.
        read_lag_s: A read-back shows the status of so many seconds ago.
        late_s: Seconds from a request with a "late" fault to its effect.
        storms: Faults that all requests meet for a time; the first that holds counts.
        repeat: The response to a pause of a paused campaign, and to a resume of one
            that runs or is scheduled, one of `REPEATS`.
        trace: Where the trace id of an error goes, one of `TRACES`.
        trace_header: The header that carries it.
        rate_headers: The window that `X-RateLimit-*` describes, one of
            `HEADER_WINDOWS`.
        reset_rounding: How `X-RateLimit-Reset` and `Retry-After` are rounded to whole
            seconds, one of `ROUNDINGS`.
        count_rate_limited: Whether a request that gets a 429 is counted too.
        latency_s: Round trip; half of it passes before the request is counted, and
            half after.
        jitter_s: Mean of an exponential delay added to a round trip. Each way draws
            its own, with half the mean.
        cold_s: Added before the first request of a connection is counted.
        scripts: Faults by id for its first, second, ... pause. None means no fault,
            as does the end of the script. A script moves on only with requests that
            the rate limits allow and whose token is accepted.
        read_back_scripts: The same for read-backs.
        resume_scripts: The same for resumes.
        check_script: The same for token checks, which have no id.
        fault_rates: Probability of each fault for pauses of ids without a script.
        read_back_fault_rates: The same for read-backs.
        resume_fault_rates: The same for resumes.
        counts_checks: Whether token checks count in the windows, and get a 429 there.
        seed: Random seed.
        always: One fault for every request, whatever its route and token.
        unavailable_retry_after: `Retry-After` of the faults 503; None for no header.
        rate_limited_retry_after: `Retry-After` of the fault 429, in any form.
        slow_byte_interval_s: Pause before each byte of a slow response.

    Raises:
        ValueError: A value that its field does not allow.
    """

    windows: tuple[Window, ...] = (
        Window(limit=10, period_s=1.0),
        Window(limit=150, period_s=60.0),
    )
    parallel_limit: int | None = None
    token: str | None = field(default=None, repr=False)
    accounts: Mapping[str, str] = field(default_factory=dict, repr=False)
    account_per_token: bool = False
    campaigns: tuple[Campaign, ...] = ()
    default_status: str = "running"
    statuses: Mapping[str, str] = field(default_factory=dict)
    lists: Lists = field(default_factory=Lists)
    resume_bodies: frozenset[str] = frozenset({"none", "now", "time"})
    view_words: Mapping[str, str] = field(default_factory=dict)
    read_lag_s: float = 0.0
    late_s: float = 12.0
    storms: tuple[Storm, ...] = ()
    repeat: str = "400"
    trace: str = "body"
    trace_header: str = "X-Trace-Id"
    rate_headers: str = "longest"
    reset_rounding: str = "up"
    count_rate_limited: bool = False
    latency_s: float = 0.0
    jitter_s: float = 0.0
    cold_s: float = 0.0
    scripts: Mapping[str, Script] = field(default_factory=dict)
    read_back_scripts: Mapping[str, Script] = field(default_factory=dict)
    resume_scripts: Mapping[str, Script] = field(default_factory=dict)
    check_script: Script = ()
    fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    read_back_fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    resume_fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    counts_checks: bool = True
    seed: int = 0
    always: Fault | None = None
    unavailable_retry_after: int | str | None = None
    rate_limited_retry_after: int | str | None = 1
    slow_byte_interval_s: float = 0.01

    def __post_init__(self) -> None:
        _check_choice("repeat", self.repeat, REPEATS)
        _check_choice("trace", self.trace, TRACES)
        _check_choice("rate_headers", self.rate_headers, HEADER_WINDOWS)
        _check_choice("reset_rounding", self.reset_rounding, ROUNDINGS)
        for name in _TIMES:
            _check_not_negative(name, getattr(self, name))
        _check_not_negative("parallel_limit", self.parallel_limit or 0)
        _check_rates("fault_rates", self.fault_rates)
        for body in self.resume_bodies:
            _check_choice("resume_bodies", body, RESUME_BODIES)
        _check_rates("read_back_fault_rates", self.read_back_fault_rates)
        _check_rates("resume_fault_rates", self.resume_fault_rates)
        _check_rates("lists.fault_rates", self.lists.fault_rates)

    @property
    def network(self) -> Network:
        """The delays of each way; jitter and latency are halved."""
        return Network(
            one_way_s=self.latency_s / 2,
            jitter_s=self.jitter_s / 2,
            setup_s=self.cold_s,
        )

    def with_random_phases(self, source: Random) -> Self:
        """Draw the phase of each window, which a client of the real API cannot know."""
        windows = tuple(window.at_random_phase(source) for window in self.windows)
        return replace(self, windows=windows)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(choices)}, not {value!r}")


def _check_not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name} must be at least zero, not {value}")


def _check_rates(name: str, rates: Mapping[Fault, float]) -> None:
    for fault, rate in rates.items():
        _check_not_negative(f"{name}[{fault}]", rate)
    # The sum of decimal fractions such as ten times 0.1 may exceed one slightly.
    if sum(rates.values()) > 1 + 1e-9:
        raise ValueError(f"the probabilities of {name} add up to more than 1")
