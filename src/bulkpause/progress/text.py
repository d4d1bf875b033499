"""Snapshots and records as lines of text for people."""

from bulkpause._text import format_duration, label, shorten
from bulkpause.model import Record
from bulkpause.progress.snapshot import Snapshot
from bulkpause.report.totals import Cause


#: A longer reason of a failure is cut to this many characters.
_LONGEST_REASON = 120


def counts_line(snapshot: Snapshot) -> str:
    """Say how many ids have which status, and how many are not finished."""
    parts = [f"{count} {status}" for status, count in snapshot.by_status.items()]
    if snapshot.accepted:
        parts.append(f"{snapshot.accepted} accepted")
    parts.append(f"{snapshot.in_flight} in flight")
    if snapshot.to_retry:
        parts.append(f"{snapshot.to_retry} to retry")
    if snapshot.to_read_back:
        parts.append(f"{snapshot.to_read_back} to read back")
    return " · ".join(parts)


def rate_line(snapshot: Snapshot) -> str:
    """Say the request rate, what the limits allow, the time left, and if it is real."""
    allowed = snapshot.allowed_per_s
    of_allowed = "" if allowed is None else f" of {allowed:.1f}"
    parts = [f"{snapshot.rate_per_s:.1f}{of_allowed} requests/s"]
    is_sending = snapshot.finished < snapshot.total and snapshot.stopping is None
    if is_sending and snapshot.left_s is not None:
        parts.append(f"about {format_duration(snapshot.left_s)} left")
    if snapshot.simulated:
        parts.append("simulated")
    return " · ".join(parts)


def state_line(snapshot: Snapshot) -> str:
    """Say why the run stops, or what the next request waits for; else give ""."""
    if snapshot.stopping is not None:
        return f"stopping: {snapshot.stopping}"
    if snapshot.waits_for is None:
        return ""
    until = "" if snapshot.waits_s is None else f": {format_duration(snapshot.waits_s)}"
    return f"waiting for {snapshot.waits_for}{until}"


def sharing_line(snapshot: Snapshot) -> str:
    """Say how many runs use the account, and which goes first; "" if it is one."""
    sharing = snapshot.sharing
    if sharing is None or not sharing.companions:
        return ""
    line = f"{len(sharing.companions) + 1} runs share this account"
    first = sharing.goes_first
    return line if first is None else f"{line}; {first} goes first"


def failure_line(record: Record) -> str:
    """Say why an id is not as wanted, with the trace id that the API's support needs."""
    reason = shorten(str(Cause.of(record)), _LONGEST_REASON)
    trace = f", trace_id {record.trace_id}" if record.trace_id else ""
    campaign = label(record.id, record.name) + ("," if record.name else "")
    return f"{campaign} {record.status}: {reason}{trace}"
