"""Interface of the server models, which decide requests without a clock.

The instant of each arrival is passed in, in seconds. It is never earlier than the
one before.
"""

from dataclasses import dataclass
from typing import Protocol

from bulkpause.model import RateLimitHeaders


#: A smaller share of a token is a floating-point error.
FLOAT_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitDecision:
    """The response of a server to one request, as far as rate limits go."""

    allowed: bool
    rate_limit: RateLimitHeaders | None = None
    retry_after_s: float | None = None


class ServerModel(Protocol):
    """Decides each request at the instant of its arrival."""

    def arrive(self, now_s: float) -> RateLimitDecision: ...
