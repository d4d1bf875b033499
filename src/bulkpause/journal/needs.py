"""What a reader of a log needs of the ids that it settles."""

from array import array
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from bulkpause._text import timestamp
from bulkpause._value import value
from bulkpause.vocabulary import Status


if TYPE_CHECKING:
    from bulkpause.model import Record


class Tally(Protocol):
    """Counts records, such as `report.totals.Totals`."""

    def add(self, record: "Record") -> None:
        """Count a record."""

    def add_paused_at_once(self, latencies_ms: "array[float]", read_backs: int) -> None:
        """Count records of ids that their first attempts paused, without their times.

        Args:
            latencies_ms: The latency of each.
            read_backs: How many of them were read back.
        """

    def add_times(self, first: str, last: str) -> None:
        """Take in the first and the last time of records that were counted so."""


@value
class Needs:
    """What a reader of a log needs of settled ids besides their status.

    Attributes:
        whole: Statuses whose records are kept whole, so that they can be reopened.
        since: The time from which requests are kept, since rate limits count them:
            RFC 3339 in UTC to the millisecond. None to keep none.
        recent_s: How many seconds these are.
        tally: Counts each record that is kept in brief.
        is_for_long: Whether records are kept for long, and so in little memory.
    """

    whole: frozenset[Status] = frozenset()
    since: str | None = None
    recent_s: float = 0.0
    tally: Tally | None = None
    is_for_long: bool = True

    @property
    def is_whole(self) -> bool:
        """Whether every record is needed."""
        return self.whole.issuperset(Status)

    @classmethod
    def of_run(
        cls, reopened: Iterable[Status], recent_s: float, now: datetime
    ) -> "Needs":
        """Give the needs of a run.

        Args:
            reopened: The statuses that it reopens.
            recent_s: How many seconds of requests its rate limits count.
            now: The wall clock.
        """
        since = timestamp(now - timedelta(seconds=recent_s)) if recent_s else None
        return cls(whole=frozenset(reopened), since=since, recent_s=recent_s)


#: The status and the run of settled ids are enough.
BRIEF = Needs()
#: Every record is needed.
WHOLE = Needs(whole=frozenset(Status))
#: Every record is needed, and let go soon.
WHOLE_AT_ONCE = Needs(whole=frozenset(Status), is_for_long=False)
