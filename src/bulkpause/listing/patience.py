"""Decide how long to wait after a failure, and when to give up."""

from bulkpause.model import Reply


#: Seconds before the first retry; each next wait is doubled, up to the maximum, so that
#: a list goes on soon after the end of an outage.
WAIT_INITIAL_S, WAIT_MAX_S = 1.0, 5.0


class Patience:
    """Counts the failures since the last usable answer. It reads no clock.

    Args:
        give_up_after_s: Seconds without a usable answer that end the patience.

    Attributes:
        last_error: The last failure, as text; None since a usable answer.
    """

    def __init__(self, give_up_after_s: float) -> None:
        self.last_error: str | None = None
        self._give_up_after_s = give_up_after_s
        self._failures = 0
        self._since: float | None = None

    def reset(self) -> None:
        """Note a usable answer."""
        self.last_error = None
        self._failures = 0
        self._since = None

    def failed(self, reply: Reply) -> str | None:
        """Note a failure; say why to give up, or None to try again."""
        self.last_error = reply.error or f"HTTP {reply.http_status}"
        self._failures += 1
        if self._since is None:
            self._since = reply.received_at
        passed_s = reply.received_at - self._since
        asked_s = max(0.0, reply.retry_after_s or 0.0)
        if passed_s + asked_s > self._give_up_after_s and asked_s:
            return (
                f"{self.last_error} asks to wait {asked_s:.0f} s (Retry-After), longer "
                f"than --give-up-after allows{reply.trace_suffix}"
            )
        if passed_s >= self._give_up_after_s:
            return (
                f"no valid response for {passed_s:.0f} s, the last error: "
                f"{self.last_error}{reply.trace_suffix}"
            )
        return None

    def wait_s(self, reply: Reply, jitter: float) -> float:
        """Give the seconds until the next attempt. Jitter cuts them by up to half.

        `Retry-After` is a lower bound, and the end of the patience an upper one.
        """
        doubled_s = WAIT_INITIAL_S * 2.0 ** min(self._failures - 1, 30)
        jittered_s = min(doubled_s, WAIT_MAX_S) * (0.5 + jitter / 2)
        since = reply.received_at if self._since is None else self._since
        left_s = since + self._give_up_after_s - reply.received_at
        return max(min(jittered_s, left_s), reply.retry_after_s or 0.0)
