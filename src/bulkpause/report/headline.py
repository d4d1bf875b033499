"""Say in one line what is on record of the campaigns of a report, and no more."""

from collections.abc import Iterator, Sequence

from bulkpause._text import sanitize
from bulkpause.model import Status
from bulkpause.report.group import LogGroup
from bulkpause.report.log_status import age_in_words, dated
from bulkpause.report.text import NOTHING_ON_RECORD, SIMULATED, running_lines
from bulkpause.report.totals import Totals


def headline(groups: Sequence[LogGroup]) -> str:
    """Say how many campaigns may still be running, and as of when.

    The count is that of `status`. Since a report is read later than it was made, the
    line is always dated.
    """
    groups = _counted(groups)
    totals = [
        group.status.totals for group in groups if not group.status.totals.is_empty
    ]
    if not totals:
        return NOTHING_ON_RECORD
    ids, may_run = sum(map(ids_of, totals)), sum(one.may_be_running for one in totals)
    campaigns = f"{ids:,} campaign{'' if ids == 1 else 's'}"
    if len(totals) == len(groups) and all(one.is_plan_known for one in totals):
        return f"{may_run:,} of {campaigns} may still be running{_as_of(groups)}"
    return (
        f"{may_run:,} of {campaigns} on record may still be running{_as_of(groups)}; "
        "others may be too: how many were planned is not on record"
    )


def _counted(groups: Sequence[LogGroup]) -> Sequence[LogGroup]:
    """Leave simulated campaigns out where there are real ones."""
    return [group for group in groups if not group.status.is_simulated] or groups


def ids_of(totals: Totals) -> int:
    """Count the campaigns of totals: all rows but the invalid ones."""
    return totals.rows - totals.by_status[Status.INVALID]


def _as_of(groups: Sequence[LogGroup]) -> str:
    is_simulated = all(group.status.is_simulated for group in groups)
    ends = [
        moment
        for group in groups
        for moment in (group.status.oldest_end_at, group.status.last_at)
        if moment is not None
    ]
    where = " on the simulator" if is_simulated else ""
    return where + dated(min(ends, default=None), max(ends, default=None))


def note_lines(groups: Sequence[LogGroup]) -> Iterator[str]:
    """Say what to know about the headline, with the words of `status`."""
    for group in groups:
        name = f"{group.label}: " if len(groups) > 1 else ""
        if group not in _counted(groups):
            yield sanitize(f"{name}{headline([group])}: not counted above.")
        for line in _notes_of(group):
            sentence = line if name else f"{line[:1].upper()}{line[1:]}"
            yield sanitize(f"{name}{sentence}.")
    yield "Campaigns may have been started again since the times given here."


def _notes_of(group: LogGroup) -> Iterator[str]:
    status = group.status
    if status.totals.may_be_running or not status.totals.is_plan_known:
        yield from running_lines(status.totals)
    if unread := status.totals.unread:
        yield f"{unread:,} of the paused ids were accepted (204) and not read back"
    if status.is_simulated:
        yield SIMULATED
    if status.is_held:
        yield (
            "a run held this log when the report was made: its numbers were still "
            "changing"
        )
    if status.is_old:
        age = age_in_words(status.age_s or 0.0)
        yield f"the last record was {age} old when the report was made"
