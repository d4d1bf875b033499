"""Ages of what earlier runs sent, so that rate limits count it after a restart."""

from datetime import datetime, timedelta

from bulkpause._text import timestamp
from bulkpause.journal.recovery import Recovery
from bulkpause.model import Record


def ages_s(
    recovery: Recovery, *, now: datetime, clock_s: float, boot_id: str, longest_s: float
) -> list[float]:
    """Give the ages in seconds of recent requests, so that rate limits count them.

    Args:
        recovery: The state that earlier runs left.
        now: The wall clock. It dates requests from an earlier boot.
        clock_s: The monotonic clock of this boot.
        boot_id: The id of this boot.
        longest_s: Older requests are left out. The state must have been read with
            requests of this age kept.
    """
    is_same_boot = bool(recovery.headers) and recovery.headers[-1].boot_id == boot_id
    ages = [
        clock_s - sent.clock_s if is_same_boot else _age_s(sent.at, now)
        for sent in recovery.sent
    ]
    in_write_ahead_log = {sent.request_id for sent in recovery.sent}
    cutoff = timestamp(now - timedelta(seconds=longest_s))
    for record in (*recovery.records.values(), *recovery.recent.values()):
        is_recent = record.finished_at is not None and record.finished_at >= cutoff
        if is_recent and record.request_id not in in_write_ahead_log:
            ages.extend(_age_s(at, now) for at in _request_times(record))
    return [max(0.0, age) for age in ages if age < longest_s]


def recent_runs(recovery: Recovery) -> tuple[str, ...]:
    """Name the runs whose requests `ages_s` gives, for those who count them too."""
    runs = [header.run for header in recovery.headers]
    last = recovery.last_run_id
    return tuple(dict.fromkeys([*runs, *([] if last is None else [last])]))


def _request_times(record: Record) -> list[str | None]:
    """List when a record's requests were sent.

    The last attempt and the read-back have no time of their own. `finished_at` is no
    earlier than either, so that their ages are not overestimated.
    """
    earlier = [attempt.get("at") for attempt in record.history]
    read_back = [] if record.campaign_status is None else [record.finished_at]
    return [*earlier, record.finished_at, *read_back]


def _age_s(at: str | None, now: datetime) -> float:
    return 0.0 if at is None else (now - datetime.fromisoformat(at)).total_seconds()
