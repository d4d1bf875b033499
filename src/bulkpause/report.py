"""Totals → the text a person reads, and the object a program reads."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from bulkpause.endpoint import DEFAULT_BASE_URL
from bulkpause.model import Limit, Status
from bulkpause.settings import Settings
from bulkpause.summary import Totals


#: So many causes are shown; the others are counted.
MOST_REASONS = 10
_STILL_RUNNING = (Status.FAILED, Status.REJECTED)


def retry_command(log: Path, settings: Settings, *, is_simulated: bool) -> str:
    """Give the command that goes on with what a log leaves open."""
    command = f"bulkpause retry {shlex.quote(str(log))}"
    if is_simulated:
        return f"{command} --simulate"
    base_url = settings.endpoint.base_url
    if base_url == DEFAULT_BASE_URL:
        return command
    return f"{command} --base-url {shlex.quote(base_url)}"


def end_of_run(totals: Totals, limits: Sequence[Limit]) -> Iterator[str]:
    """Say what became of every row, how fast, and why not all are paused."""
    yield totals.identity()
    if not totals.requests:
        return
    rate = totals.requests / totals.wall_s if totals.wall_s else 0.0
    yield (
        f"{totals.wall_s:.1f} s, {_counted(totals.requests, 'request')}, "
        f"{rate:.2f}/s{_share(rate, limits, totals.wall_s)}"
    )
    retries = totals.requests - len(totals.latencies_ms)
    yield (
        f"{totals.refused_for_rate} refused for rate, "
        f"{_counted(max(0, retries), 'more attempt')}, {totals.read_back} read back"
    )
    latencies = (f"p{p} {totals.latency_ms(p):.0f} ms" for p in (50, 95, 99))
    if totals.latencies_ms:
        yield f"latency {', '.join(latencies)}"
    yield from reasons(totals)


def reasons(totals: Totals) -> Iterator[str]:
    """Group the ids that are not simply paused by the reason, with trace ids."""
    found = totals.by_weight()
    for reason, group in found[:MOST_REASONS]:
        yield f"{group.count} {reason.status}: {reason}"
        yield f"    such as {', '.join(group.ids)}"
        if group.trace_ids:
            yield f"    trace_id {', '.join(group.trace_ids)}"
    if (hidden := len(found) - MOST_REASONS) > 0:
        yield f"and {_counted(hidden, 'reason')} more"


def still_running(totals: Totals, unattempted: int) -> Iterator[str]:
    """Answer the question of an incident: is anything still running?"""
    counts = totals.by_status
    paused = counts[Status.PAUSED] + counts[Status.ALREADY_PAUSED]
    running = sum(counts[status] for status in _STILL_RUNNING) + unattempted
    yield f"{paused} paused"
    if counts[Status.NOT_PAUSABLE]:
        yield f"{counts[Status.NOT_PAUSABLE]} not pausable (see their status below)"
    yield f"{running} may still run: not paused by us"
    yield f"{counts[Status.UNKNOWN]} unknown: perhaps paused, perhaps still running"
    if unattempted:
        yield f"{unattempted} of these were planned and not attempted"
    yield from reasons(totals)


def _share(rate: float, limits: Sequence[Limit], wall_s: float) -> str:
    """Compare with the limits: what they allow in the time that the run took."""
    if not limits or not wall_s:
        return ""
    allowed = min(one.requests * (1 + wall_s / one.period_s) for one in limits)
    return f", {rate * wall_s / allowed:.0%} of what the limits allow"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
