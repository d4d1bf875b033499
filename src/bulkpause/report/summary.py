"""The summary of a run or of a log for programs."""

from collections.abc import Mapping

from bulkpause._value import value
from bulkpause.report.text import open_lines
from bulkpause.report.totals import Totals
from bulkpause.vocabulary import Status


@value(frozen=True)
class Summary:
    """The rows of a run or of a log, each counted once.

    Attributes:
        rows: All rows. They are the sum of all counts here but the last two.
        by_status: The number of rows with each status.
        duplicate: Rows that repeat an id.
        already_done: Rows whose id an earlier run has settled.
        not_attempted: Ids that nothing was sent for, or of which nothing is on record.
        not_on_record: How many of these a log should hold and does not.
        may_be_running: Ids whose campaign is not known to have stopped sending; None
            if it is not known how many ids there are, of a log of resumes, and of
            one that was undone. Only 0 is an all-clear. After a
            resumed run, ids that its log leaves open beside the rows count too.
        is_all_done: Whether the campaign of each of these is known to be paused, or to
            be running after a resume.
        is_all_paused: Whether the campaign of each of these is known to be paused.
        text: The same in words, in lines.
    """

    rows: int
    by_status: Mapping[Status, int]
    duplicate: int
    already_done: int
    not_attempted: int
    not_on_record: int
    may_be_running: int | None
    is_all_done: bool
    is_all_paused: bool
    text: str

    def __str__(self) -> str:
        return self.text


def summary_of(totals: Totals) -> Summary:
    """Take the summary from totals as they are now."""
    first = () if totals.is_empty else (totals.counts_as_sum(),)
    return Summary(
        rows=totals.rows,
        by_status={status: totals.by_status[status] for status in Status},
        duplicate=totals.duplicate,
        already_done=totals.already_done,
        not_attempted=totals.not_attempted,
        not_on_record=totals.not_on_record,
        may_be_running=totals.may_run,
        is_all_done=totals.is_all_done,
        is_all_paused=totals.is_all_done and totals.operation.stops,
        text="\n".join((*first, *open_lines(totals))),
    )
