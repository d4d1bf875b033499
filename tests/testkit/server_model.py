"""What a server says to one request, and the face of the models that decide it.

The models hold no clock. The instant of each arrival is passed in, in seconds, and
is never earlier than the one before.
"""

from dataclasses import dataclass
from typing import Protocol

from bulkpause.model import RateLimitHeaders


#: Less than this share of a token is an error of floating point.
CRUMB = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the server says to one request."""

    allowed: bool
    rate_limit: RateLimitHeaders | None = None
    retry_after_s: float | None = None


class ServerModel(Protocol):
    """Decides on each request at the instant of its arrival."""

    def arrive(self, now_s: float) -> Verdict: ...
