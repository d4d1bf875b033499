"""Validated settings of a run, and the parsers of their text forms."""

import re
from dataclasses import field
from functools import lru_cache, partial

from bulkpause._text import quote
from bulkpause._value import value
from bulkpause.api.endpoint import DEFAULT_BASE_URL, Endpoint, parse_endpoint
from bulkpause.api.proxy import Proxy, parse_proxy, proxy_of_environment
from bulkpause.engine.policy import RetryPolicy
from bulkpause.errors import SettingsError
from bulkpause.model import Limit
from bulkpause.ratelimit.budget.place import NO_SHARE, check_share
from bulkpause.vocabulary import Priority


#: The documented rate limits of the campaign endpoints (tier C), in fixed windows.
#: https://docs.ocamba.com/guides/core/core-platform-settings/rate-limits
BURST = Limit(10, 1.0)
STEADY = Limit(150, 60.0)

#: A limit with more requests, or with a window of another length, is a slip of the
#: keyboard. Each request takes memory in the rate limiter.
_MOST_REQUESTS = 10_000
_SHORTEST_S = 0.01
_DAY_S = 86_400.0

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = partial(re.fullmatch, r"([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)")
_LIMIT = partial(re.fullmatch, r"([0-9]{1,9})/(.+)")


@value(frozen=True)
class Settings:
    """The endpoint, the rate limits and the retry policy of a run.

    Args:
        base_url: The URL of the API.
        reason: Sent with every pause request.
        limits: The rate limits to keep; an empty tuple disables rate limiting.
        max_in_flight: The maximum number of requests in flight; None means as many
            as the smallest rate limit allows, or 10 without a rate limit.
        timeout_s: Seconds for one attempt, from the look-up of the host's name to the end
            of the response.
        retry_policy: When to retry and read back, and how long an outage is tolerated.
        name: The endpoint's name in result logs; None means its base URL.
        proxy: The URL of a proxy, which may contain a user and a password.
        trust_env: Whether the environment may name a proxy, and a file for the keys
            of TLS connections (`SSLKEYLOGFILE`). It is never used for credentials.
        share: Where runs that use the same account share its rate limits: `none`,
            `auto` (a database of this user on this host), the path of a database, or
            a URL such as `valkey://host:6379/0`.
        priority: Which of these runs go first.

    Raises:
        SettingsError: A value is not valid.
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
    share: str = field(default=NO_SHARE, repr=False)
    priority: Priority = Priority.NORMAL

    def __post_init__(self) -> None:
        parse_endpoint(self.base_url)
        if self.reason is not None and len(self.reason) > 1000:
            raise SettingsError(
                "the reason is longer than 1,000 characters; shorten it"
            )
        if self.reason is not None and not _is_unicode(self.reason):
            raise SettingsError("the reason is not valid UTF-8 text; type it again")
        if self.max_in_flight is not None and self.max_in_flight < 1:
            raise SettingsError(
                "the maximum number of requests in flight is less than 1"
            )
        if not 0 < self.timeout_s <= 3600:
            raise SettingsError("the timeout must be more than 0 s and at most an hour")
        if self.retry_policy.max_attempts < 1:
            raise SettingsError("the maximum number of attempts is less than 1")
        check_share(self.share)
        if self.proxy is not None:
            parse_proxy(self.proxy)
            if not endpoint_of(self).is_secure:
                raise SettingsError(
                    "a proxy would see the token, because the base URL begins with "
                    "http://; omit --proxy, or use an https:// base URL"
                )

    @property
    def longest_period_s(self) -> float:
        """The longest period of a rate limit in seconds; 0 without one."""
        return max((limit.period_s for limit in self.limits), default=0.0)

    @property
    def endpoint_name(self) -> str:
        """The endpoint's name in result logs."""
        return self.name or endpoint_of(self).base_url

    @property
    def in_flight(self) -> int:
        """The maximum number of requests in flight."""
        smallest = min((limit.requests for limit in self.limits), default=10)
        return smallest if self.max_in_flight is None else self.max_in_flight


def endpoint_of(settings: Settings) -> Endpoint:
    """Parse the base URL of settings."""
    return _parsed(settings.base_url)


@lru_cache(maxsize=64)
def _parsed(base_url: str) -> Endpoint:
    """Parse a base URL once: each account asks for it several times."""
    return parse_endpoint(base_url)


def find_proxy(settings: Settings) -> Proxy | None:
    """Find the proxy of settings, or that of the environment if it may name one.

    Raises:
        SettingsError: The proxy that the environment names cannot be used.
    """
    if settings.proxy is not None:
        return parse_proxy(settings.proxy)
    endpoint = endpoint_of(settings)
    if settings.trust_env and endpoint.is_secure:
        return proxy_of_environment(endpoint.host)
    return None


def parse_duration(text: str) -> float:
    """Read `500ms`, `1.5s`, `2m` or `1h` as seconds.

    Raises:
        SettingsError: It is not a valid duration.
    """
    if (match := _DURATION(text)) is None or float(match[1]) == 0:
        raise _invalid(text, "duration", "500ms, 30s, 5m or 1h")
    return float(match[1]) * _SECONDS[match[2]]


def parse_limit(text: str) -> Limit | None:
    """Read a rate limit such as `10/1s` or `150/1m`; `none` disables it.

    Raises:
        SettingsError: It is not a valid rate limit.
    """
    if text == "none":
        return None
    match = _LIMIT(text)
    if match is None or int(match[1]) == 0:
        raise _invalid(text, "rate limit", "10/1s, 150/1m or none")
    limit = Limit(int(match[1]), parse_duration(match[2]))
    if limit.requests > _MOST_REQUESTS or not _SHORTEST_S <= limit.period_s <= _DAY_S:
        raise SettingsError(
            f"{quote(text)} is not a valid rate limit; write up to "
            f"{_MOST_REQUESTS:,} requests in 10ms to 24h, such as 150/1m, or none"
        )
    return limit


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _invalid(text: str, kind: str, examples: str) -> SettingsError:
    return SettingsError(f"{quote(text)} is not a valid {kind}; write {examples}")
