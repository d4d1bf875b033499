"""Totals → the text a person reads, and the object a program reads."""

from collections.abc import Iterator, Sequence
from math import ceil
from pathlib import Path

from bulkpause._text import format_count, sanitize
from bulkpause.model import Limit, Status, StopReason
from bulkpause.report.totals import Totals


#: So many causes are shown; the others are counted.
MOST_REASONS = 10


def end_of_run(totals: Totals, limits: Sequence[Limit]) -> Iterator[str]:
    """Say what became of every row, how fast, and why not all are paused."""
    yield totals.identity()
    if totals.may_run:
        yield _running(totals)
    if totals.by_status[Status.UNKNOWN]:
        yield _unknown(totals)
    if before := totals.not_paused_before:
        yield f"{format_count(before, 'row')} of earlier runs cannot be paused"
    if not totals.requests:
        return
    share = share_of_limits(totals, limits)
    of_limits = "" if share is None else f", {share:.0%} of what the limits allow"
    yield (
        f"{totals.wall_s:.1f} s, {format_count(totals.requests, 'request')}, "
        f"{rate_per_s(totals):.2f}/s{of_limits}"
    )
    yield (
        f"{totals.refused_for_rate} refused for rate, "
        f"{totals.more_attempts} tried again, {totals.read_back} read back"
    )
    latencies = (f"p{p} {totals.latency_ms(p):.0f} ms" for p in (50, 95, 99))
    if totals.latencies_ms:
        yield f"latency {', '.join(latencies)}"
    yield from reasons(totals)


def as_object(totals: Totals, limits: Sequence[Limit]) -> dict[str, object]:
    """Give what `end_of_run` says under names that JSON can carry."""
    share = share_of_limits(totals, limits)
    return totals.as_dict() | {
        "rate_per_s": round(rate_per_s(totals), 3),
        "limits": [str(limit) for limit in limits],
        "share_of_limits": None if share is None else round(share, 3),
    }


def closing(
    totals: Totals, stopped: StopReason | None, log: Path, command: str | None
) -> Iterator[str]:
    """Say what stopped a run and what is left, where its log is, and what is next."""
    if stopped is not None:
        yield f"stopped: {sanitize(stopped.detail)}; left: {_left(totals)}"
    yield f"log: {log}"
    if command is not None:
        yield f"go on with: {command}"


def _left(totals: Totals) -> str:
    open_ids = {
        status.value: totals.by_status[status]
        for status in Status
        if status.is_retryable
    }
    open_ids["not_attempted"] = totals.not_attempted
    found = [f"{count} {name}" for name, count in open_ids.items() if count]
    return ", ".join(found) or "nothing"


def reasons(totals: Totals) -> Iterator[str]:
    """Group the ids that are not simply paused by the reason, with trace ids."""
    found = totals.by_weight()
    for reason, group in found[:MOST_REASONS]:
        yield f"{group.count} {reason.status}: {reason}"
        if group.ids:
            yield f"    such as {sanitize(', '.join(group.ids))}"
        if group.trace_ids:
            yield f"    trace_id {sanitize(', '.join(group.trace_ids))}"
    if (hidden := len(found) - MOST_REASONS) > 0:
        yield f"and {format_count(hidden, 'reason')} more"


def still_running(totals: Totals) -> Iterator[str]:
    """Answer the question of an incident: is anything still running?"""
    counts = totals.by_status
    yield f"{counts[Status.PAUSED] + counts[Status.ALREADY_PAUSED]} paused"
    if counts[Status.NOT_PAUSABLE]:
        yield f"{counts[Status.NOT_PAUSABLE]} not pausable (see their status below)"
    yield _running(totals)
    yield _unknown(totals)
    if invalid := counts[Status.INVALID]:
        yield f"{format_count(invalid, 'row')} without a usable id: never sent"
    yield from reasons(totals)


def _running(totals: Totals) -> str:
    missing = totals.not_attempted
    count = "all" if missing == totals.may_run else missing
    left = f", {count} of them not attempted" if missing else ""
    return f"{totals.may_run} may still run: not paused by us{left}"


def _unknown(totals: Totals) -> str:
    count = totals.by_status[Status.UNKNOWN]
    return f"{count} unknown: perhaps paused, perhaps still running"


def rate_per_s(totals: Totals) -> float:
    """Give the requests per second over the whole run."""
    return totals.requests / totals.wall_s if totals.wall_s else 0.0


def share_of_limits(totals: Totals, limits: Sequence[Limit]) -> float | None:
    """Give the requests over the most that the server's windows let through.

    That is for the luckiest moment to begin: so many windows can lie in the time
    that the run took. None without limits, or without a run.
    """
    if not limits or not totals.wall_s:
        return None
    windows = (
        one.requests * (1 + ceil(totals.wall_s / one.period_s)) for one in limits
    )
    return totals.requests / min(windows)
