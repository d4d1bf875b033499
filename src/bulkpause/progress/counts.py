"""Count the records of a run while it is running."""

from collections import Counter, deque

from bulkpause.model import Record
from bulkpause.progress.text import failure_line
from bulkpause.vocabulary import Status


#: This many of the latest failures are kept.
FAILURES_SHOWN = 3


class RecordCounts:
    """Counts records by status, and keeps the latest failures as lines of text."""

    def __init__(self) -> None:
        self._by_status: Counter[Status] = Counter()
        self._failures: deque[str] = deque(maxlen=FAILURES_SHOWN)

    def add(self, record: Record) -> None:
        """Count a record."""
        self._by_status[record.status] += 1
        if not record.status.is_done:
            self._failures.append(failure_line(record))

    @property
    def by_status(self) -> dict[str, int]:
        """The counts above 0, always in the order of `Status`."""
        counts = self._by_status
        return {status.value: counts[status] for status in Status if counts[status]}

    @property
    def failures(self) -> tuple[str, ...]:
        """The latest failures, oldest first."""
        return tuple(self._failures)
