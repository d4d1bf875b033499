"""Circuit breaker: detects an outage, schedules probes and decides when to give up.

After consecutive failures of the server the breaker opens. While it is open, one
probe at a time is sent, at growing intervals. A request that fails while it is open
does not count as an attempt for its id. The first valid response closes it. The
breaker also stops a run whose token is not allowed to pause campaigns. It reads no
clock: times come in with the replies.

The pattern: https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

from bulkpause.model import Reply, StopCause, StopReason


#: Consecutive failures that open the breaker.
OPENS_AFTER = 10
#: Consecutive ids with a 403 that mean that the token lacks the permission.
STOPS_AFTER_FORBIDDEN = 5
#: Seconds until the first probe. The interval doubles after each failed probe, up to
#: the maximum.
PROBE_INITIAL_S, PROBE_MAX_S = 1.0, 30.0


class CircuitBreaker:
    """Counts consecutive failures over all ids of a run.

    Args:
        give_up_after_s: Seconds without a valid response after which the run stops.

    Attributes:
        is_open: Whether the server is considered out of service.
        probe_at: While it is open, when the next probe is due (loop's clock).
        last_error: The last transport error or 5xx status, as text.
    """

    def __init__(self, give_up_after_s: float) -> None:
        self.is_open = False
        self.probe_at = 0.0
        self.last_error = ""
        self._give_up_after_s = give_up_after_s
        self._consecutive_failures = 0
        self._first_failure_at = 0.0
        self._probe_interval_s = PROBE_INITIAL_S
        self._forbidden_ids: set[str] = set()

    def record(self, id_: str, reply: Reply) -> StopReason | None:
        """Count a reply; return a reason if the run has to stop."""
        if reply.http_status == 403:
            self._forbidden_ids.add(id_)
        else:
            self._forbidden_ids.clear()
        if is_server_failure(reply):
            self.last_error = reply.error or f"HTTP {reply.http_status}"
            self._record_failure(reply.received_at)
        else:
            self._consecutive_failures = 0
            self.is_open = False
        return self._stop_reason(reply)

    def _record_failure(self, now: float) -> None:
        if not self.is_open:
            self._count_failure(now)
        # Requests that were in flight when the breaker opened are not probes.
        elif now >= self.probe_at:
            interval_s = min(2 * self._probe_interval_s, PROBE_MAX_S)
            self._schedule_probe(now, interval_s)

    def _count_failure(self, now: float) -> None:
        if self._consecutive_failures == 0:
            self._first_failure_at = now
        self._consecutive_failures += 1
        if self._consecutive_failures >= OPENS_AFTER:
            self.is_open = True
            self._schedule_probe(now, PROBE_INITIAL_S)

    def _schedule_probe(self, now: float, interval_s: float) -> None:
        self._probe_interval_s = interval_s
        self.probe_at = now + interval_s

    def _stop_reason(self, reply: Reply) -> StopReason | None:
        if len(self._forbidden_ids) >= STOPS_AFTER_FORBIDDEN:
            detail = (
                f"the API returned 403 (forbidden) for {STOPS_AFTER_FORBIDDEN} "
                f"campaigns in a row{reply.trace_suffix}"
            )
            return StopReason(StopCause.TOKEN, detail)
        outage_s = reply.received_at - self._first_failure_at
        if self.is_open and outage_s >= self._give_up_after_s:
            detail = (
                f"no valid response for {outage_s:.0f} s, "
                f"the last error: {self.last_error}"
            )
            return StopReason(StopCause.OUTAGE, detail)
        return None


def is_server_failure(reply: Reply) -> bool:
    """Tell whether a reply is a transport error or a 5xx, not a valid response."""
    return reply.http_status is None or reply.http_status >= 500
