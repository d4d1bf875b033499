"""Write totals as text for people and as an object for programs."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

from bulkpause._text import format_count, label, sanitize
from bulkpause.vocabulary import Status


if TYPE_CHECKING:
    from bulkpause.model import Companion, Limit, Sharing, StopReason
from bulkpause.operation import Operation
from bulkpause.report.totals import Totals


#: Causes that are shown in full. The number of the others is shown.
MAX_CAUSES_SHOWN = 10
#: Logs that are named in a line.
MAX_LOGS_SHOWN = 3


def nothing_line(operation: Operation) -> str:
    """Say that a log says nothing."""
    return f"nothing is on record: every campaign {operation.others_words}"


def simulated_line(operation: Operation) -> str:
    """Say that a run changed nothing but the simulator."""
    return f"simulated: no real campaign was {operation.participle}"


def summary_lines(
    totals: Totals, limits: "Sequence[Limit]", *, reads_back_all: bool = False
) -> Iterator[str]:
    """Summarise a run: the rows by status, what is open, the speed, the causes.

    Args:
        totals: The totals of the run.
        limits: Its rate limits.
        reads_back_all: Whether every id was to be read back (`--verify all`).
    """
    yield totals.counts_as_sum()
    if totals.open_ids or not totals.is_plan_known:
        yield from open_lines(totals)
    if reads_back_all and totals.unread:
        ids = format_count(totals.unread, f"{totals.operation.participle} id")
        yield f"{ids} accepted, but not read back"
    if before := totals.not_done_before:
        rows = format_count(before, "row")
        yield f"{rows} of earlier runs cannot be {totals.operation.participle}"
    if totals.requests:
        yield from _speed_lines(totals, limits)
        yield from cause_lines(totals)


def _speed_lines(totals: Totals, limits: "Sequence[Limit]") -> Iterator[str]:
    share = share_of_limits(totals, limits)
    of_limits = "" if share is None else f", {share:.0%} of what the limits allow"
    # A burst that takes less than a second is no rate.
    rate = f", {rate_per_s(totals):.2f}/s" if totals.wall_s >= 1 else ""
    requests = format_count(totals.requests, "request")
    yield f"{totals.wall_s:.1f} s, {requests}{rate}{of_limits}"
    yield (
        f"{totals.rate_limited} rate-limited, {totals.retries} retried, "
        f"{totals.read_backs} read back"
    )
    if totals.latencies_ms:
        latencies = (f"p{p} {totals.latency_ms(p):.0f} ms" for p in (50, 95, 99))
        yield f"latency {', '.join(latencies)}"


def sharing_lines(sharing: "Sharing") -> Iterator[str]:
    """Say who else used the account, and how much of it this run had."""
    if not sharing.met:
        return
    yield sanitize(f"shared the account with {companions_text(sharing.met)}")
    if sharing.share is not None:
        yield f"{sharing.share:.0%} of the account's requests were of this run"


def companions_text(companions: "Sequence[Companion]") -> str:
    """Count other runs on an account, and name each."""
    names = ", ".join(
        f"{one.run_id} ({one.priority}, since {_to_the_second(one.since)})"
        for one in companions
    )
    return f"{format_count(len(companions), 'other run')}: {names}"


def _to_the_second(moment: str) -> str:
    """Write a moment for people. Another program wrote it: it may be no moment."""
    return f"{moment[:19].replace('T', ' ')} UTC" if moment else "an unknown time"


def as_object(totals: Totals, limits: "Sequence[Limit]") -> dict[str, object]:
    """Give the summary as a JSON object. Its keys are frozen."""
    share = share_of_limits(totals, limits)
    return totals.as_dict() | {
        "rate_per_s": round(rate_per_s(totals), 3),
        "limits": [str(limit) for limit in limits],
        "share_of_limits": None if share is None else round(share, 3),
    }


def stopped_line(totals: Totals, stopped: "StopReason") -> str:
    """Say why a run stopped and what is left."""
    return f"stopped: {sanitize(stopped.detail)}; left: {_left(totals)}"


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
    """List the causes of ids that we did not simply change, with ids and trace ids."""
    causes = totals.most_frequent_causes()
    for cause, group in causes[:MAX_CAUSES_SHOWN]:
        yield f"{group.count} {cause.status}: {cause}"
        if group.ids:
            examples = map(label, group.ids, group.names)
            yield f"    such as {', '.join(examples)}"
        if group.trace_ids:
            yield f"    trace_id {sanitize(', '.join(group.trace_ids))}"
    if (hidden := len(causes) - MAX_CAUSES_SHOWN) > 0:
        yield f"and {format_count(hidden, 'more cause')}"


def open_lines(totals: Totals, as_of: str = "") -> Iterator[str]:
    """Say how many ids are not known to be done, and what is known of them.

    For a pause: how many campaigns may still be running, also that none is.

    Args:
        totals: The totals of a run or of a log.
        as_of: Follows the number, such as ", as of " and a time.
    """
    if totals.is_empty:
        yield nothing_line(totals.operation)
        return
    count, is_known = totals.open_ids, totals.is_plan_known
    operation = totals.operation
    if count or (is_known and totals.tells_what_runs):
        parts = ", ".join(f"{n} {name}" for name, n in totals.parts_open().items())
        on_record = "" if is_known and totals.undone_by is None else " on record"
        list_of_parts = f": {parts}" if parts else ""
        yield f"{count}{on_record} {operation.open_words}{as_of}{list_of_parts}"
    if totals.undone_by is not None:
        yield undone_line(totals.undone_by, totals.undone_logs, totals.logs)
    if not is_known:
        others = f"others {operation.others_words}"
        yield f"how many were planned is not on record: {others}"
    if unknown := totals.by_status[Status.UNKNOWN]:
        yield f"{unknown} unknown: {operation.doubt_words}"


def invalid_line(invalid: int, operation: Operation) -> str:
    """Say that rows without an id were not sent, whatever they mean."""
    rows = format_count(invalid, "invalid row")
    return f"{rows}: never sent; what they mean {operation.others_words}"


def undone_line(
    undone_by: str | None = None, undone_logs: Sequence[str] = (), logs: int = 1
) -> str:
    """Say that undos were begun, which is all that is known of them in these logs.

    Args:
        undone_by: The logs of the undos, in words; None does not name them.
        undone_logs: Of several logs, those that were undone.
        logs: How many logs there are.
    """
    which = "this log"
    if logs > 1:
        shown = ", ".join(undone_logs[:MAX_LOGS_SHOWN])
        hidden = len(undone_logs) - MAX_LOGS_SHOWN
        more = f" and {hidden} more" if hidden > 0 else ""
        which = f"{len(undone_logs)} of these {logs} logs ({shown}{more})"
    line = f"an undo of {which} was begun: campaigns may be running again"
    return sanitize(line if undone_by is None else f"{line}, see {undone_by}")


def rate_per_s(totals: Totals) -> float:
    """Get the mean requests per second of the run; 0 without any."""
    return totals.requests / totals.wall_s if totals.wall_s else 0.0


def share_of_limits(totals: Totals, limits: "Sequence[Limit]") -> float | None:
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
