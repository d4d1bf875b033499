"""What many replies together say: that the server is out, or the token has no rights.

While the server is out, one request at a time probes it, at growing intervals, and
what it brings is not held against the id. Time is passed in.
"""

from bulkpause.model import Reply, StopCause, StopReason


#: So many replies in a row without a usable answer mean that the server is out.
OPENS_AFTER = 10
#: So many ids in a row that are forbidden mean that the token has no rights.
FORBIDDEN_STOPS = 5
#: Seconds until the first probe; each next one comes twice as late, up to the last.
PROBE_INITIAL_S, PROBE_MAX_S = 1.0, 30.0


class CircuitBreaker:
    """Counts what comes in a row.

    Args:
        give_up_after_s: Seconds without any usable answer that end the run.

    Attributes:
        is_open: Whether the server seems to be out.
        probe_at: When it may be probed next.
        last_error: What the last reply was that was no usable answer.
    """

    def __init__(self, give_up_after_s: float) -> None:
        self.is_open = False
        self.probe_at = 0.0
        self.last_error = ""
        self._give_up_after_s = give_up_after_s
        self._broken = 0
        self._failing_since = 0.0
        self._probe_wait_s = PROBE_INITIAL_S
        self._forbidden: set[str] = set()

    def learn(self, id_: str, reply: Reply) -> StopReason | None:
        """Take a reply into account; say whether the run shall stop."""
        if reply.http_status == 403:
            self._forbidden.add(id_)
        else:
            self._forbidden.clear()
        if is_broken(reply):
            self.last_error = reply.error or f"HTTP {reply.http_status}"
            self._suffer(reply.received_at)
        else:
            self._broken = 0
            self.is_open = False
        return self._verdict(reply)

    def _suffer(self, now: float) -> None:
        if self.is_open:
            self._probed(now)
        else:
            self._count(now)

    def _count(self, now: float) -> None:
        if self._broken == 0:
            self._failing_since = now
        self._broken += 1
        if self._broken >= OPENS_AFTER:
            self.is_open = True
            self._probe_wait_s = PROBE_INITIAL_S
            self.probe_at = now + self._probe_wait_s

    def _probed(self, now: float) -> None:
        # Replies to what was in flight when the server went out are no probes.
        if now >= self.probe_at:
            self._probe_wait_s = min(2 * self._probe_wait_s, PROBE_MAX_S)
            self.probe_at = now + self._probe_wait_s

    def _verdict(self, reply: Reply) -> StopReason | None:
        if len(self._forbidden) >= FORBIDDEN_STOPS:
            trace = f" (trace_id {reply.trace_id})" if reply.trace_id else ""
            count = f"{FORBIDDEN_STOPS} campaigns in a row"
            return StopReason(
                StopCause.TOKEN, f"the API forbade to pause {count}{trace}"
            )
        out_s = reply.received_at - self._failing_since
        if self.is_open and out_s >= self._give_up_after_s:
            reason = f"no usable answer for {out_s:.0f} s, the last: {self.last_error}"
            return StopReason(StopCause.OUTAGE, reason)
        return None


def is_broken(reply: Reply) -> bool:
    """Tell whether a reply is no answer to what was asked."""
    return reply.http_status is None or reply.http_status >= 500
