"""What the stand-in was asked to be, with the documented behaviour as default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bulkpause.simulator.faults import Fault, Script
from bulkpause.simulator.limits import REPORTS, ROUNDINGS, Window


REPEATS = ("400", "204", "409")
TRACES = ("body", "header", "both", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Everything the stand-in can be asked for; the documentation is the default.

    Where the public documentation is silent, the field is an option.

    Attributes:
        windows: the rate limits, on the clock of the event loop.
        parallel_limit: most requests at a time, counted from their arrival until
            their answer leaves; None for no such limit.
        token: the bearer token that is taken; None takes any that is not empty.
        default_status: the status of a campaign that `statuses` does not name.
        statuses: status by id; `unknown` means that there is no such campaign.
        repeat: how a pause of a paused campaign is answered, one of `REPEATS`.
        trace: where an error's trace id stands, one of `TRACES`.
        trace_header: the header that carries it.
        rate_headers: the window that `X-RateLimit-*` speaks of, one of `REPORTS`.
        reset_rounding: how seconds become whole ones in `X-RateLimit-Reset` and
            `Retry-After`, one of `ROUNDINGS`.
        count_refused: whether a request refused with 429 is counted too.
        latency_s: round trip, half of it on the way in (before the request is
            counted) and half on the way out.
        jitter_s: mean of an exponential delay added to a round trip, drawn for
            each way on its own with half the mean.
        cold_s: added on the way in to the first request of a connection.
        scripts: faults by id for its first, second, ... pause; None behaves, and so
            does everything after the end. Only requests that the limits let
            through and whose token is good move a script on.
        view_scripts: the same for read-backs.
        fault_rates: probability of each fault for pauses of ids without a script.
        view_fault_rates: the same for read-backs.
        seed: of everything that is drawn.
        always: one fault for every request, whatever its route and token.
        unavailable_retry_after: `Retry-After` of the fault 503; None for no header.
        rate_limited_retry_after: `Retry-After` of the fault 429, in any form.
        slow_byte_interval_s: pause before each byte of a slow answer.

    Raises:
        ValueError: a value that its field does not allow.
    """

    windows: tuple[Window, ...] = (
        Window(limit=10, period_s=1.0),
        Window(limit=150, period_s=60.0),
    )
    parallel_limit: int | None = None
    token: str | None = field(default=None, repr=False)
    default_status: str = "running"
    statuses: Mapping[str, str] = field(default_factory=dict)
    repeat: str = "400"
    trace: str = "body"
    trace_header: str = "X-Trace-Id"
    rate_headers: str = "longest"
    reset_rounding: str = "up"
    count_refused: bool = False
    latency_s: float = 0.0
    jitter_s: float = 0.0
    cold_s: float = 0.0
    scripts: Mapping[str, Script] = field(default_factory=dict)
    view_scripts: Mapping[str, Script] = field(default_factory=dict)
    fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    view_fault_rates: Mapping[Fault, float] = field(default_factory=dict)
    seed: int = 0
    always: Fault | None = None
    unavailable_retry_after: int | str | None = None
    rate_limited_retry_after: int | str | None = 1
    slow_byte_interval_s: float = 0.01

    def __post_init__(self) -> None:
        _check_choice("repeat", self.repeat, REPEATS)
        _check_choice("trace", self.trace, TRACES)
        _check_choice("rate_headers", self.rate_headers, REPORTS)
        _check_choice("reset_rounding", self.reset_rounding, ROUNDINGS)
        for name in ("latency_s", "jitter_s", "cold_s", "slow_byte_interval_s"):
            _check_not_negative(name, getattr(self, name))
        _check_not_negative("parallel_limit", self.parallel_limit or 0)
        _check_rates("fault_rates", self.fault_rates)
        _check_rates("view_fault_rates", self.view_fault_rates)


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ValueError(f"{name} is one of {', '.join(choices)}, not {value!r}")


def _check_not_negative(name: str, value: float) -> None:
    if not value >= 0:
        raise ValueError(f"{name} must not be below zero, as {value} is")


def _check_rates(name: str, rates: Mapping[Fault, float]) -> None:
    for fault, rate in rates.items():
        _check_not_negative(f"{name}[{fault}]", rate)
    # Decimal fractions such as ten times 0.1 may add up to a little more than one.
    if sum(rates.values()) > 1 + 1e-9:
        raise ValueError(f"the probabilities of {name} add up to more than 1")
