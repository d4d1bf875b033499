"""Circuit breaker: detects an outage, schedules probes and decides when to give up.

After consecutive failures of the server the breaker opens. While it is open, one
probe at a time is sent, at growing intervals: a read-back of a campaign, and if that
gets a usable response, the pause of another id. A request that fails while it is open
does not count as an attempt for its id. The first usable response to a pause closes it.
If the server answers, but no other id is left, the failures belong to their ids, and
count no more. It reads no clock: times come in with the replies.

The pattern: https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
"""

from bulkpause.model import Reply, StopReason
from bulkpause.vocabulary import StopCause


#: Consecutive failures that open the breaker.
OPENS_AFTER = 10
#: Seconds until the first probe. The interval doubles after each failed probe, up to
#: the maximum, so that a run continues soon after the end of an outage.
PROBE_INITIAL_S, PROBE_MAX_S = 1.0, 5.0


class CircuitBreaker:
    """Counts consecutive failures over all ids of a run.

    Args:
        give_up_after_s: Seconds without a usable response after which the run stops.

    Attributes:
        is_open: Whether the server is considered out of service.
        answers_reads: While it is open, whether the last read-back that was sent as a
            probe got a usable response.
        probe_at: While it is open, when the next probe is due (loop's clock).
        last_error: The last transport error or 5xx status, as text.
    """

    def __init__(self, give_up_after_s: float) -> None:
        self.is_open = False
        self.answers_reads = False
        self.probe_at = 0.0
        self.last_error = ""
        self._give_up_after_s = give_up_after_s
        self._consecutive_failures = 0
        self._failing_ids: set[str] = set()
        self._ids_at_fault: set[str] = set()
        self._unusable_since: float | None = None
        self._probe_interval_s = PROBE_INITIAL_S

    @property
    def is_untroubled(self) -> bool:
        """Whether there is no failure that a usable response would end or excuse."""
        return (
            self._unusable_since is None
            and not self.is_open
            and not self._failing_ids
            and not self._ids_at_fault
        )

    def record(self, id_: str, reply: Reply) -> StopReason | None:
        """Count a reply; return a reason if the run has to stop."""
        if is_usable(reply):
            self._ids_at_fault.discard(id_)
            self.close()
            return None
        if is_server_failure(reply):
            self.last_error = reply.error or f"HTTP {reply.http_status}"
            self._record_failure(id_, reply.received_at)
        return self._stop_reason(reply)

    def record_probe(self, reply: Reply) -> StopReason | None:
        """Note the reply to a read-back that was sent as a probe."""
        self.answers_reads = is_usable(reply)
        if self.answers_reads:
            return None
        if is_server_failure(reply):
            self.last_error = reply.error or f"HTTP {reply.http_status}"
        self._schedule_next_probe(reply.received_at)
        return self._stop_reason(reply)

    def close(self) -> None:
        """End the outage."""
        self._failing_ids = set()
        self._consecutive_failures = 0
        self._unusable_since = None
        self._probe_interval_s = PROBE_INITIAL_S
        self.is_open = self.answers_reads = False

    def blame_ids(self) -> None:
        """End the outage: the failures belong to their ids, and count no more."""
        self._ids_at_fault |= self._failing_ids
        self.close()

    def _record_failure(self, id_: str, now: float) -> None:
        if self.is_open:
            # Requests that were in flight when the breaker opened are not probes.
            if now >= self.probe_at:
                self._schedule_next_probe(now)
            self._failing_ids.add(id_)
        elif id_ not in self._ids_at_fault:
            self._failing_ids.add(id_)
            self._consecutive_failures += 1
            if self._consecutive_failures >= OPENS_AFTER:
                self.is_open = True
                self.probe_at = now + self._probe_interval_s

    def _schedule_next_probe(self, now: float) -> None:
        self._probe_interval_s = min(2 * self._probe_interval_s, PROBE_MAX_S)
        self.probe_at = now + self._probe_interval_s
        # The last probe comes when it is time to give up, and not after that.
        if self._unusable_since is not None:
            ends_at = self._unusable_since + self._give_up_after_s
            if now < ends_at:
                self.probe_at = min(self.probe_at, ends_at)

    def _stop_reason(self, reply: Reply) -> StopReason | None:
        """Give up after too long, or if the server asks to wait for longer than that."""
        if self._unusable_since is None:
            self._unusable_since = reply.received_at
        passed_s = reply.received_at - self._unusable_since
        wait_s = retry_after_s(reply)
        if wait_s and passed_s + wait_s > self._give_up_after_s:
            detail = (
                f"HTTP {reply.http_status} asks to wait {wait_s:.0f} s (Retry-After), "
                "longer than --give-up-after allows"
            )
            return StopReason(StopCause.OUTAGE, f"{detail}{reply.trace_suffix}")
        may_end = self.is_open or reply.is_rate_limited
        if may_end and passed_s >= self._give_up_after_s:
            last = reply.error or f"HTTP {reply.http_status}"
            detail = f"no valid response for {passed_s:.0f} s, the last error: {last}"
            return StopReason(StopCause.OUTAGE, f"{detail}{reply.trace_suffix}")
        return None


def is_server_failure(reply: Reply) -> bool:
    """Tell whether a reply is a transport error or a 5xx, not a valid response."""
    return reply.http_status is None or reply.http_status >= 500


def is_usable(reply: Reply) -> bool:
    """Tell whether a response says something about its id: no failure, and no 429."""
    return not is_server_failure(reply) and not reply.is_rate_limited


def retry_after_s(reply: Reply) -> float:
    """Give the seconds in which the server wants no request at all; 0 for none."""
    if reply.http_status not in {429, 503}:
        return 0.0
    return max(0.0, reply.retry_after_s or 0.0)
