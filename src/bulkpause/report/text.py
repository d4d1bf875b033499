"""Write totals as text for people and as an object for programs."""

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause.model import Limit, Status, StopReason
from bulkpause.report.totals import Totals


#: Causes that are shown in full. The number of the others is shown.
MAX_CAUSES_SHOWN = 10


def summary_lines(totals: Totals, limits: Sequence[Limit]) -> Iterator[str]:
    """Summarise a run: the rows by status, what is open, the speed, the causes."""
    yield totals.counts_as_sum()
    if totals.may_be_running:
        yield _may_be_running(totals)
    if totals.by_status[Status.UNKNOWN]:
        yield _unknown(totals)
    if before := totals.not_paused_before:
        yield f"{format_count(before, 'row')} of earlier runs cannot be paused"
    if totals.requests:
        yield from _speed_lines(totals, limits)
        yield from cause_lines(totals)


def _speed_lines(totals: Totals, limits: Sequence[Limit]) -> Iterator[str]:
    share = share_of_limits(totals, limits)
    of_limits = "" if share is None else f", {share:.0%} of what the limits allow"
    yield (
        f"{totals.wall_s:.1f} s, {format_count(totals.requests, 'request')}, "
        f"{rate_per_s(totals):.2f}/s{of_limits}"
    )
    yield (
        f"{totals.rate_limited} rate-limited, {totals.retries} retried, "
        f"{totals.read_backs} read back"
    )
    if totals.latencies_ms:
        latencies = (f"p{p} {totals.latency_ms(p):.0f} ms" for p in (50, 95, 99))
        yield f"latency {', '.join(latencies)}"


def as_object(totals: Totals, limits: Sequence[Limit]) -> dict[str, object]:
    """Give the summary as a JSON object. Its keys are frozen."""
    share = share_of_limits(totals, limits)
    return totals.as_dict() | {
        "rate_per_s": round(rate_per_s(totals), 3),
        "limits": [str(limit) for limit in limits],
        "share_of_limits": None if share is None else round(share, 3),
    }


def outcome_lines(
    totals: Totals, stopped: StopReason | None, log: Path, command: str | None
) -> Iterator[str]:
    """Say why a run stopped and what is left, where its log is, and how to resume."""
    if stopped is not None:
        yield f"stopped: {sanitize(stopped.detail)}; left: {_left(totals)}"
    yield f"log: {log}"
    if command is not None:
        yield f"retry with: {command}"


def _left(totals: Totals) -> str:
    left = {
        status.value: totals.by_status[status]
        for status in Status
        if status.is_retryable
    }
    left["not_attempted"] = totals.not_attempted
    return ", ".join(f"{count} {name}" for name, count in left.items() if count) or (
        "nothing"
    )


def cause_lines(totals: Totals) -> Iterator[str]:
    """List the causes of ids that are not simply paused, with ids and trace ids."""
    causes = totals.most_frequent_causes()
    for cause, group in causes[:MAX_CAUSES_SHOWN]:
        yield f"{group.count} {cause.status}: {cause}"
        if group.ids:
            yield f"    such as {sanitize(', '.join(group.ids))}"
        if group.trace_ids:
            yield f"    trace_id {sanitize(', '.join(group.trace_ids))}"
    if (hidden := len(causes) - MAX_CAUSES_SHOWN) > 0:
        yield f"and {format_count(hidden, 'more cause')}"


def status_lines(totals: Totals) -> Iterator[str]:
    """Say what is paused and what may still be running, for `status`."""
    counts = totals.by_status
    yield f"{sum(n for status, n in counts.items() if status.is_paused)} paused"
    if counts[Status.NOT_PAUSABLE]:
        yield f"{counts[Status.NOT_PAUSABLE]} not pausable (see their status below)"
    yield _may_be_running(totals)
    yield _unknown(totals)
    if invalid := counts[Status.INVALID]:
        yield f"{format_count(invalid, 'invalid row')}: never sent"
    yield from cause_lines(totals)


def _may_be_running(totals: Totals) -> str:
    missing = totals.not_attempted
    count = "all" if missing == totals.may_be_running else missing
    not_attempted = f", {count} of them not attempted" if missing else ""
    return f"{totals.may_be_running} may still be running{not_attempted}"


def _unknown(totals: Totals) -> str:
    count = totals.by_status[Status.UNKNOWN]
    return f"{count} unknown: may be paused or may be running"


def rate_per_s(totals: Totals) -> float:
    """Get the mean requests per second of the run; 0 without any."""
    return totals.requests / totals.wall_s if totals.wall_s else 0.0


def share_of_limits(totals: Totals, limits: Sequence[Limit]) -> float | None:
    """Divide the requests by the most that the rate limits can let through.

    The most is counted for the best moment to begin, just before a window reset, so
    that a run touches one window more than fit into its time. None without limits,
    or if the run took no time.
    """
    if not limits or not totals.wall_s:
        return None
    most = min(
        limit.requests * (1 + ceil(totals.wall_s / limit.period_s)) for limit in limits
    )
    return totals.requests / most
