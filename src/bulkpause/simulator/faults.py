"""Define the injected faults, their effects, and the requests that meet them."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One injected fault; "after" means after the campaign was paused."""

    INTERNAL_ERROR = "500"
    INTERNAL_ERROR_AFTER = "500-after"
    BAD_GATEWAY = "502"
    BAD_GATEWAY_AFTER = "502-after"
    UNAVAILABLE = "503"
    GATEWAY_TIMEOUT = "504"
    GATEWAY_TIMEOUT_AFTER = "504-after"
    RESET_BEFORE = "reset-before"
    RESET_AFTER = "reset-after"
    LOST = "lost"
    HANG = "hang"
    HANG_AFTER = "hang-after"
    SLOW = "slow"
    CUT = "cut"
    CUT_AFTER = "cut-after"
    NOT_JSON = "not-json"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    CONFLICT = "409"
    UNPROCESSABLE = "422"
    REDIRECT = "302"
    OK_200 = "200"
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
        acts: Whether the request is carried out.
        status: The HTTP status; None keeps the regular response.
        form: The kind of body.
        delivery: How the response leaves the server.
    """

    acts: bool = False
    status: int | None = None
    form: Form = Form.JSON
    delivery: Delivery = Delivery.WHOLE


NO_FAULT = Effect(acts=True)

EFFECTS: Mapping[Fault, Effect] = {
    Fault.INTERNAL_ERROR: Effect(status=500),
    Fault.INTERNAL_ERROR_AFTER: Effect(acts=True, status=500),
    Fault.BAD_GATEWAY: Effect(status=502, form=Form.HTML),
    Fault.BAD_GATEWAY_AFTER: Effect(acts=True, status=502, form=Form.HTML),
    Fault.UNAVAILABLE: Effect(status=503),
    Fault.GATEWAY_TIMEOUT: Effect(status=504, form=Form.HTML),
    Fault.GATEWAY_TIMEOUT_AFTER: Effect(acts=True, status=504, form=Form.HTML),
    Fault.RESET_BEFORE: Effect(delivery=Delivery.RESET),
    Fault.RESET_AFTER: Effect(acts=True, delivery=Delivery.RESET),
    Fault.LOST: Effect(acts=True, delivery=Delivery.HANG_UP),
    Fault.HANG: Effect(delivery=Delivery.NEVER),
    Fault.HANG_AFTER: Effect(acts=True, delivery=Delivery.NEVER),
    Fault.SLOW: Effect(acts=True, delivery=Delivery.SLOW),
    Fault.CUT: Effect(status=400, delivery=Delivery.CUT),
    Fault.CUT_AFTER: Effect(acts=True, status=500, delivery=Delivery.CUT),
    Fault.NOT_JSON: Effect(status=500, form=Form.MALFORMED),
    Fault.UNAUTHORIZED: Effect(status=401),
    Fault.FORBIDDEN: Effect(status=403),
    Fault.NOT_FOUND: Effect(status=404),
    Fault.CONFLICT: Effect(status=409),
    Fault.UNPROCESSABLE: Effect(status=422),
    Fault.REDIRECT: Effect(status=302),
    Fault.OK_200: Effect(status=200),
    Fault.RATE_LIMITED: Effect(status=429),
}

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
