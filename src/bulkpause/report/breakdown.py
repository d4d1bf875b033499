"""Break the ids of a report down by status and by cause."""

from collections import Counter
from collections.abc import Sequence

from bulkpause._text import label, on_one_line, sanitize
from bulkpause._value import value
from bulkpause.report.group import LogGroup
from bulkpause.report.totals import NOT_ATTEMPTED, NOT_ON_RECORD
from bulkpause.vocabulary import Status


#: The statuses, what may still be running first.
STATUSES = (
    *(Status.UNKNOWN.value, Status.FAILED.value, Status.REJECTED.value, NOT_ATTEMPTED),
    *(NOT_ON_RECORD, Status.INVALID.value),
    *(Status.NOT_PAUSABLE.value, Status.NOT_RESUMABLE.value),
    *(Status.ALREADY_PAUSED.value, Status.ALREADY_RUNNING.value),
    *(Status.PAUSED.value, Status.RESUMED.value),
)


@value(kw_only=False)
class StatusCount:
    """A status, and how many rows have it."""

    status: str
    count: int

    @property
    def label(self) -> str:
        """The status in words."""
        return self.status.replace("_", " ")


@value
class CauseCount:
    """Why ids are not simply paused, how many they are, and some as examples.

    Attributes:
        status: Their status.
        count: Their number.
        text: The cause in words.
        examples: Some of them, by id and name.
        trace_ids: Under which the server logged some of their requests.
        group: The group of logs; empty if there is one alone.
    """

    status: str
    count: int
    text: str
    examples: Sequence[str]
    trace_ids: Sequence[str]
    group: str

    @property
    def label(self) -> str:
        """The status in words."""
        return self.status.replace("_", " ")


def count_by_status(groups: Sequence[LogGroup]) -> list[StatusCount]:
    """Count the rows by status, an id of pauses and of their undo once."""
    counts: Counter[str] = Counter()
    for group in groups:
        totals = group.status.totals
        counts.update({status.value: n for status, n in totals.by_status.items()})
        counts[NOT_ATTEMPTED] += totals.not_attempted - totals.not_on_record
        counts[NOT_ON_RECORD] += totals.not_on_record
        counts.subtract(group.left_to_pauses)
    return [StatusCount(one, counts[one]) for one in STATUSES if counts[one]]


def count_by_cause(groups: Sequence[LogGroup]) -> list[CauseCount]:
    """Count the ids that are not simply paused by cause, the most first."""
    found = [
        CauseCount(
            status=cause.status.value,
            count=group.count,
            text=on_one_line(str(cause)),
            examples=list(map(label, group.ids, group.names)),
            trace_ids=[sanitize(one) for one in group.trace_ids],
            group=of_logs.label if len(groups) > 1 else "",
        )
        for of_logs in groups
        for cause, group in of_logs.status.totals.most_frequent_causes()
    ]
    return sorted(found, key=lambda one: -one.count)
