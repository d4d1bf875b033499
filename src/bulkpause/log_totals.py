"""Count the rows of a plan and the ids of a log, with what earlier runs left open."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from bulkpause.journal.needs import WHOLE_AT_ONCE, Needs
from bulkpause.journal.reader import LoadedLog, read_log, records_in_brief
from bulkpause.journal.recovery import Recovery
from bulkpause.operation import PAUSE, Operation, operation_of
from bulkpause.report.totals import NOT_ATTEMPTED, NOT_ON_RECORD, Totals, add_all
from bulkpause.vocabulary import Status


if TYPE_CHECKING:
    from bulkpause.plan import Plan


def totals_of_log(
    log: Path, *, needs_records: bool = False
) -> tuple[LoadedLog, Totals]:
    """Read a log, and count all its ids and those that it should hold.

    Args:
        log: The log.
        needs_records: Whether all records are needed at once. If not, settled ids are
            read in brief: in less memory, and in less time if their records are not
            read after that.

    Raises:
        LogError: The log cannot be read or is damaged.
    """
    totals = Totals()
    loaded = read_log(log, WHOLE_AT_ONCE if needs_records else Needs(tally=totals))
    recovery = loaded.recovery
    if recovery.brief.discarded:
        # Records were counted that are not the last ones of their ids.
        totals = add_all(records_in_brief(log, loaded), Totals())
    return loaded, complete_totals(totals, recovery)


def complete_totals(totals: Totals, recovery: Recovery) -> Totals:
    """Complete the totals of the ids in brief by all others of their log.

    Args:
        totals: The totals of the ids in brief; empty if no id is.
        recovery: What was read of the log.

    Raises:
        ValueError: The totals are not those of the ids in brief.
    """
    if totals.by_status.total() != len(recovery.brief.ids):
        raise ValueError("ids in brief are not counted, or counted twice")
    totals.operation = operation_of(recovery.action)
    totals.not_on_record = recovery.not_on_record
    totals.is_plan_known = recovery.is_plan_known
    totals.undone_by = recovery.undone_by
    add_all((*recovery.latest.values(), *recovery.invalid.values()), totals)
    recorded = totals.by_status.total()
    totals.rows = recorded + len(recovery.not_attempted) + totals.not_on_record
    return totals


def totals_of_plan(
    plan: "Plan", recovery: Recovery, *, is_retry: bool, operation: Operation = PAUSE
) -> Totals:
    """Begin the totals of a run: its rows, and what earlier runs left open beside it.

    The list of a retry is its log: ids that the log does not hold are in its rows. The
    rows of an input are its own: ids that the log is meant to hold and the input does not
    are beside it. If the log does not say how many there are, that is not known.

    Args:
        plan: The plan, without the ids that the log settles.
        recovery: What earlier runs left.
        is_retry: Whether the plan was made of the log.
        operation: What the run does.
    """
    missing = recovery.not_on_record if is_retry else 0
    beside = 0 if is_retry else recovery.count_not_on_record(plan)
    sent = {item.id for item in plan.items}
    others = Counter(
        record.status for id_, record in recovery.latest.items() if id_ not in sent
    )
    # Ids in brief are settled: none of them is sent.
    others.update(recovery.brief.count_by_status())
    left = sum(item.id not in sent for item in recovery.not_attempted)
    open_before = _count_open(others)
    open_before.update({NOT_ATTEMPTED: left, NOT_ON_RECORD: beside})
    # An input is read again with its invalid rows; a log to retry records them.
    invalid = len(recovery.invalid) if is_retry else 0
    return Totals(
        operation=operation,
        rows=plan.rows + missing,
        duplicate=plan.duplicate,
        already_done=plan.already_done,
        not_done_before=invalid + _count_not_done(others),
        not_on_record=missing,
        is_plan_known=recovery.is_plan_known or (recovery.is_empty and not is_retry),
        open_before=+open_before,
    )


def _count_open(others: Counter[Status]) -> Counter[str]:
    """Count the ids that are not sent and that may still be running, by status."""
    counted = (
        status for status in Status if status is Status.REJECTED or status.is_retryable
    )
    return Counter({status.value: others[status] for status in counted})


def _count_not_done(others: Counter[Status]) -> int:
    return sum(
        count
        for status, count in others.items()
        if status.is_settled and not status.is_done
    )
