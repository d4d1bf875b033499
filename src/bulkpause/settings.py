"""What a run was asked to do, checked once."""

import re
from dataclasses import dataclass, field
from typing import NoReturn

from bulkpause._text import quote
from bulkpause.api.endpoint import DEFAULT_BASE_URL, Endpoint, parse_endpoint
from bulkpause.api.proxy import Proxy, parse_proxy, proxy_of_environment
from bulkpause.engine.policy import RetryPolicy
from bulkpause.errors import SettingsError
from bulkpause.model import Limit


#: The documented limits of the campaign endpoints (tier C), in fixed windows.
#: https://docs.ocamba.com/guides/core/core-platform-settings/rate-limits
BURST = Limit(10, 1.0)
STEADY = Limit(150, 60.0)

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)").fullmatch
_LIMIT = re.compile(r"([0-9]{1,9})/(.+)").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where to, how fast, how patiently.

    Args:
        base_url: The API's address.
        reason: Told to the API with every pause.
        limits: The windows that hold; none lifts them all.
        max_in_flight: Unanswered requests at a time; None means as many as the
            smallest window holds, or 10 without a window.
        timeout_s: Seconds for one attempt, connecting included.
        retry_policy: How often to try, and what to read back.
        name: What logs call the endpoint; None means its base URL.
        proxy: The address of a proxy, perhaps with a user and a password.
        trust_env: Whether the environment may name a proxy, and a file for the keys
            of TLS connections (`SSLKEYLOGFILE`). It is never asked for credentials.

    Raises:
        SettingsError: A value cannot be used.
    """

    base_url: str = DEFAULT_BASE_URL
    reason: str | None = None
    limits: tuple[Limit, ...] = (BURST, STEADY)
    max_in_flight: int | None = None
    timeout_s: float = 30.0
    retry_policy: RetryPolicy = field(default_factory=RetryPolicy)
    name: str | None = None
    proxy: str | None = field(default=None, repr=False)
    trust_env: bool = False

    def __post_init__(self) -> None:
        parse_endpoint(self.base_url)
        if self.reason is not None and len(self.reason) > 1000:
            raise SettingsError("the reason is longer than 1,000 characters")
        if self.reason is not None and not _is_unicode(self.reason):
            raise SettingsError("the reason holds bytes that are no UTF-8 text")
        if self.max_in_flight is not None and self.max_in_flight < 1:
            raise SettingsError("at least one request must be allowed in flight")
        if not 0 < self.timeout_s <= 3600:
            raise SettingsError("a timeout is more than 0 s and at most an hour")
        if self.retry_policy.max_attempts < 1:
            raise SettingsError("at least one attempt must be allowed")
        if self.proxy is not None:
            parse_proxy(self.proxy)
            if not self.endpoint.is_secure:
                raise SettingsError(
                    "a proxy would see the token on its way to an http:// address; "
                    "leave --proxy out, or give an https:// base URL"
                )

    @property
    def endpoint(self) -> Endpoint:
        return parse_endpoint(self.base_url)

    def find_proxy(self) -> Proxy | None:
        """Give the proxy that was named, else the environment's, if it is asked for.

        Raises:
            SettingsError: What the environment names cannot be used.
        """
        if self.proxy is not None:
            return parse_proxy(self.proxy)
        if self.trust_env and self.endpoint.is_secure:
            return proxy_of_environment(self.endpoint.host)
        return None

    @property
    def endpoint_name(self) -> str:
        """What logs call the endpoint."""
        return self.name or self.endpoint.base_url

    @property
    def in_flight(self) -> int:
        """How many requests may be unanswered at a time."""
        smallest = min((limit.requests for limit in self.limits), default=10)
        return smallest if self.max_in_flight is None else self.max_in_flight


def parse_duration(text: str) -> float:
    """Read `500ms`, `1.5s`, `2m` or `1h` as seconds.

    Raises:
        SettingsError: It is none of these.
    """
    if (match := _DURATION(text)) is None or float(match[1]) == 0:
        _refuse(text, "a duration", "500ms, 30s, 5m or 1h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_limit(text: str) -> Limit | None:
    """Read `10/1s` or `150/1m`; `none` means that there is no such limit.

    Raises:
        SettingsError: It is neither.
    """
    if text == "none":
        return None
    match = _LIMIT(text)
    if match is None or int(match[1]) == 0:
        _refuse(text, "a limit", "10/1s, 150/1m or none")
    return Limit(int(match[1]), parse_duration(match[2]))


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _refuse(text: str, what: str, examples: str) -> NoReturn:
    raise SettingsError(f"{quote(text)} is not {what}; write {examples}")
