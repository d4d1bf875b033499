"""Count the rows of a plan and the ids of a log, with what earlier runs left open."""

from collections import Counter
from collections.abc import Sequence

from bulkpause.journal.recovery import Recovery
from bulkpause.model import Record, Status
from bulkpause.plan import Plan
from bulkpause.report.totals import NOT_ATTEMPTED, NOT_ON_RECORD, Totals, add_all


def totals_of_log(recovery: Recovery) -> Totals:
    """Count all ids of a log, and those that it should hold."""
    records = [*recovery.latest.values(), *recovery.invalid.values()]
    not_on_record = recovery.not_on_record
    totals = Totals(
        rows=len(records) + len(recovery.not_attempted) + not_on_record,
        not_on_record=not_on_record,
        is_plan_known=recovery.is_plan_known,
    )
    return add_all(records, totals)


def totals_of_plan(plan: Plan, recovery: Recovery, *, is_retry: bool) -> Totals:
    """Begin the totals of a run: its rows, and what earlier runs left open beside it.

    The list of a retry is its log: ids that the log does not hold are in its rows, and
    so is not known how many there are if the log does not say it. The rows of an input
    are its own: ids that the log is meant to hold and the input does not are beside it.

    Args:
        plan: The plan, without the ids that the log settles.
        recovery: What earlier runs left.
        is_retry: Whether the plan was made of the log.
    """
    missing = recovery.not_on_record if is_retry else 0
    beside = 0 if is_retry else recovery.count_not_on_record(plan)
    sent = {item.id for item in plan.items}
    others = [record for id_, record in recovery.latest.items() if id_ not in sent]
    left = sum(item.id not in sent for item in recovery.not_attempted)
    open_before = _count_open(others)
    open_before.update({NOT_ATTEMPTED: left, NOT_ON_RECORD: beside})
    # An input is read again with its invalid rows; a log to retry records them.
    invalid = len(recovery.invalid) if is_retry else 0
    return Totals(
        rows=plan.rows + missing,
        duplicate=plan.duplicate,
        already_done=plan.already_done,
        not_done_before=invalid + _count_not_done(others),
        not_on_record=missing,
        is_plan_known=recovery.is_plan_known or not is_retry,
        open_before=+open_before,
    )


def _count_open(others: Sequence[Record]) -> Counter[str]:
    """Count the ids that are not sent and that may still be running, by status."""
    found = Counter(record.status for record in others)
    counted = (
        status for status in Status if status is Status.REJECTED or status.is_retryable
    )
    return Counter({status.value: found[status] for status in counted})


def _count_not_done(others: Sequence[Record]) -> int:
    return sum(
        record.status.is_settled and not record.status.is_done for record in others
    )
