"""Define the injected faults, their effects, and the requests that meet them."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf


class Fault(StrEnum):
    """One injected fault.

    The name of most is the HTTP status of the response. With "after", the campaign is
    paused (or resumed, as the request asks) first; with "late", some time after the
    response, or after the time at which a response is due.
    """

    INTERNAL_ERROR = "500"
    INTERNAL_ERROR_AFTER = "500-after"
    INTERNAL_ERROR_LATE = "500-late"
    BAD_GATEWAY = "502"
    BAD_GATEWAY_AFTER = "502-after"
    BAD_GATEWAY_LATE = "502-late"
    UNAVAILABLE = "503"
    UNAVAILABLE_AFTER = "503-after"
    UNAVAILABLE_LATE = "503-late"
    GATEWAY_TIMEOUT = "504"
    GATEWAY_TIMEOUT_AFTER = "504-after"
    GATEWAY_TIMEOUT_LATE = "504-late"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    LOST = "lost"
    LOST_LATE = "lost-late"
    HANG = "hang"
    HANG_AFTER = "hang-after"
    HANG_LATE = "hang-late"
    SLOW = "slow"
    CUT = "cut"
    CUT_AFTER = "cut-after"
    NOT_JSON = "not-json"
    OK_200 = "200"
    OK_200_AFTER = "200-after"
    CREATED = "201"
    CREATED_AFTER = "201-after"
    ACCEPTED = "202"
    ACCEPTED_AFTER = "202-after"
    ACCEPTED_LATE = "202-late"
    RESET_CONTENT = "205"
    RESET_CONTENT_AFTER = "205-after"
    PARTIAL_CONTENT = "206"
    PARTIAL_CONTENT_AFTER = "206-after"
    MOVED = "301"
    MOVED_AFTER = "301-after"
    REDIRECT = "302"
    REDIRECT_AFTER = "302-after"
    SEE_OTHER = "303"
    SEE_OTHER_AFTER = "303-after"
    TEMPORARY_REDIRECT = "307"
    TEMPORARY_REDIRECT_AFTER = "307-after"
    BAD_REQUEST = "400"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    FORBIDDEN_AFTER = "403-after"
    NOT_FOUND = "404"
    NOT_FOUND_AFTER = "404-after"
    NOT_FOUND_LATE = "404-late"
    REQUEST_TIMEOUT = "408"
    REQUEST_TIMEOUT_AFTER = "408-after"
    CONFLICT = "409"
    CONFLICT_AFTER = "409-after"
    UNPROCESSABLE = "422"
    UNPROCESSABLE_AFTER = "422-after"
    TOO_EARLY = "425"
    TOO_EARLY_AFTER = "425-after"
    RATE_LIMITED = "429"


class Delivery(StrEnum):
    """How a response leaves the server, or fails to."""

    WHOLE = "whole"
    SLOW = "slow"
    CUT = "cut"
    RESET = "reset"
    HANG_UP = "hang-up"
    NEVER = "never"


class Form(StrEnum):
    """The kind of body that a faulty response has."""

    JSON = "json"
    HTML = "html"
    MALFORMED = "malformed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The effect of a fault.

    Attributes:
        acts: Whether the request is carried out before the response.
        is_late: Whether it is carried out some time after that.
        status: The HTTP status; None keeps the regular response.
        form: The kind of body.
        delivery: How the response leaves the server.
    """

    acts: bool = False
    is_late: bool = False
    status: int | None = None
    form: Form = Form.JSON
    delivery: Delivery = Delivery.WHOLE


NO_FAULT = Effect(acts=True)

#: The effects of the faults whose name is not an HTTP status.
_NAMED: Mapping[str, Effect] = {
    "reset-before": Effect(delivery=Delivery.RESET),
    "reset": Effect(delivery=Delivery.RESET),
    "lost": Effect(acts=True, delivery=Delivery.HANG_UP),
    "hang": Effect(delivery=Delivery.NEVER),
    "slow": Effect(acts=True, delivery=Delivery.SLOW),
    "cut": Effect(status=400, delivery=Delivery.CUT),
    "cut-after": Effect(acts=True, status=500, delivery=Delivery.CUT),
    "not-json": Effect(status=500, form=Form.MALFORMED),
}
#: These come from a gateway in front of the service, with a page of its own.
_GATEWAY_STATUSES = frozenset({502, 504})


def _effect_of(name: str) -> Effect:
    """Work out the effect of a fault from its name."""
    if name in _NAMED:
        return _NAMED[name]
    kind, _, moment = name.partition("-")
    effect = _NAMED.get(kind) or _effect_of_status(int(kind))
    return replace(effect, acts=moment == "after", is_late=moment == "late")


def _effect_of_status(status: int) -> Effect:
    form = Form.HTML if status in _GATEWAY_STATUSES else Form.JSON
    return Effect(status=status, form=form)


EFFECTS: Mapping[Fault, Effect] = {fault: _effect_of(fault) for fault in Fault}


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """A fault that all requests meet for a time.

    Attributes:
        fault: The fault.
        starts_s: Seconds from the first request of the account to its begin.
        ends_s: Seconds from the first request of the account to its end.
        action: The one action that it meets, such as `pause` or `list`; None for all
            requests.
    """

    fault: Fault
    starts_s: float = 0.0
    ends_s: float = inf
    action: str | None = None

    def meets(self, action: str | None, at_s: float) -> bool:
        """Tell whether a request meets it, so long after the first request."""
        is_meant = self.action is None or self.action == action
        return is_meant and self.starts_s <= at_s < self.ends_s


Script = tuple[Fault | None, ...]


class FaultPlan:
    """Chooses the fault of each request, and counts the requests of each id.

    An id with a script follows it, and meets no fault after its end. Every other id
    draws by `rates`. A draw depends on the seed, the id and the number of the request
    for that id, and not on the order in which different ids arrive.
    """

    __slots__ = ("_rates", "_requests", "_scripts", "_seed")

    def __init__(
        self, scripts: Mapping[str, Script], rates: Mapping[Fault, float], seed: str
    ) -> None:
        self._scripts = scripts
        self._rates = rates
        self._seed = seed
        self._requests: Counter[str] = Counter()

    def next(self, campaign_id: str) -> Fault | None:
        """Give the fault of the next request for an id; None for no fault."""
        position = self._requests[campaign_id]
        self._requests[campaign_id] += 1
        script = self._scripts.get(campaign_id)
        if script is not None:
            return script[position] if position < len(script) else None
        if not self._rates:
            return None
        source = random.Random(f"{self._seed}/{campaign_id}/{position}")
        return draw(self._rates, source)


def draw(rates: Mapping[Fault, float], source: random.Random) -> Fault | None:
    """Draw a fault by probability; None with the remaining probability."""
    point = source.random()
    for fault in sorted(rates):
        if point < rates[fault]:
            return fault
        point -= rates[fault]
    return None


def parse_fault(text: str) -> tuple[Fault, float]:
    """Parse a fault and its probability, such as `lost=0.3`.

    Raises:
        ValueError: The form is wrong, the fault does not exist, or the number is not
            a probability.
    """
    name, equals, number = text.partition("=")
    if not equals:
        raise ValueError(f"{text!r} is not of the form FAULT=PROBABILITY")
    try:
        rate = float(number)
    except ValueError:
        raise ValueError(f"{number!r} is not a number, in {text!r}") from None
    if not 0 <= rate <= 1:
        raise ValueError(f"{number!r} is not between 0 and 1, in {text!r}")
    return _fault_of(name), rate


def parse_script(text: str) -> tuple[str, Script]:
    """Parse an id and its faults, such as `1000248=500,ok,lost`.

    `ok` stands for a request without a fault.

    Raises:
        ValueError: The form is wrong, or a fault does not exist.
    """
    campaign_id, equals, names = text.partition("=")
    if not (campaign_id and equals):
        raise ValueError(f"{text!r} is not of the form ID=FAULT,FAULT,...")
    return campaign_id, tuple(
        None if name == "ok" else _fault_of(name) for name in names.split(",")
    )


def _fault_of(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        known = ", ".join(Fault)
        raise ValueError(f"{name!r} is not a fault; use one of {known}") from None
