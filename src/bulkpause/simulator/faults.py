"""Ways to misbehave, what each one means, and which request meets which."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """One way to misbehave; "after" means after the campaign was paused."""

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
    """How an answer leaves the server, or fails to."""

    WHOLE = "whole"
    SLOW = "slow"
    CUT = "cut"
    RESET = "reset"
    HANG_UP = "hang-up"
    NEVER = "never"


class Form(StrEnum):
    """What the body of a faulty answer looks like."""

    JSON = "json"
    HTML = "html"
    GARBLED = "garbled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a fault does: acts or not, which status, in which form, how delivered.

    A status of None leaves the answer that a well-behaved server gives.
    """

    acts: bool = False
    status: int | None = None
    form: Form = Form.JSON
    delivery: Delivery = Delivery.WHOLE


WELL_BEHAVED = Effect(acts=True)

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
    Fault.NOT_JSON: Effect(status=500, form=Form.GARBLED),
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
    """Which fault each request for an id meets; holds how far each id has come.

    An id with a script follows it, and behaves when it has ended. Every other id
    draws by `rates`. What it draws hangs on the seed, the id and the number of the
    request, so the order in which different ids arrive changes nothing.
    """

    __slots__ = ("_come_so_far", "_rates", "_scripts", "_seed")

    def __init__(
        self, scripts: Mapping[str, Script], rates: Mapping[Fault, float], seed: str
    ) -> None:
        self._scripts = scripts
        self._rates = rates
        self._seed = seed
        self._come_so_far: Counter[str] = Counter()

    def next(self, campaign_id: str) -> Fault | None:
        """Take the fault of the next request for this id; None to behave."""
        position = self._come_so_far[campaign_id]
        self._come_so_far[campaign_id] += 1
        script = self._scripts.get(campaign_id)
        if script is not None:
            return script[position] if position < len(script) else None
        if not self._rates:
            return None
        source = random.Random(f"{self._seed}/{campaign_id}/{position}")
        return draw(self._rates, source)


def draw(rates: Mapping[Fault, float], source: random.Random) -> Fault | None:
    """Draw a fault with the probabilities given; None with what they leave."""
    point = source.random()
    for fault in sorted(rates):
        if point < rates[fault]:
            return fault
        point -= rates[fault]
    return None


def parse_fault(text: str) -> tuple[Fault, float]:
    """Read a fault and its probability from a text such as `lost=0.3`.

    Raises:
        ValueError: the text has no such form, names no fault, or the number is not
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
    return _named(name), rate


def parse_script(text: str) -> tuple[str, Script]:
    """Read an id and its faults from a text such as `1000248=500,ok,lost`.

    `ok` stands for a request that is well treated.

    Raises:
        ValueError: the text has no such form, or names no fault.
    """
    campaign_id, equals, names = text.partition("=")
    if not (campaign_id and equals):
        raise ValueError(f"{text!r} is not of the form ID=FAULT,FAULT,...")
    return campaign_id, tuple(
        None if name == "ok" else _named(name) for name in names.split(",")
    )


def _named(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        known = ", ".join(Fault)
        raise ValueError(f"{name!r} is no fault; the faults are {known}") from None
